"""What the interface can do by itself, and for whom a change waits where it offers no call.

The steps that people take are in the work orders that are handed out.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, Action
from reconciler.model.outcome import Outcome, Waits
from reconciler.model.ports import Ability, ByHand, Can, Cannot, Scope
from reconciler.providers.business_api.vocabulary import BY_ACCESS, SHARED_BY_CALL
from reconciler.systems.drafting import draft_orders

SYSTEM = "business_center"

_BY_HAND = {
    Action.REQUEST_ACCESS: "no call asks the owner of an asset for access",
    Action.LINK: "the owner of the TikTok account has to scan a QR code",
    Action.CHANGE_LINK: "the owner of the TikTok account has to scan a QR code",
    Action.GIVE_UP_ADMIN: "only the admins themselves can give up their rights",
}
_BY_AN_ADMIN = frozenset(
    {
        Action.REQUEST_ACCESS,
        Action.GRANT,
        Action.CHANGE_GRANT,
        Action.REVOKE,
        Action.CHANGE_ROLE,
        Action.REINVITE,
        Action.CANCEL_INVITATION,
        Action.REMOVE,
        Action.GIVE_UP_ADMIN,
        Action.SHARE,
        Action.CHANGE_SHARE,
        Action.UNSHARE,
    }
)
"""What a person does from beginning to end. A code that was shown is scanned now or never, and what the other side of
a partnership has to do is no admin's here: nobody is handed an order for these."""
_CANNOT = {
    Action.CREATE_ORGANIZATION: "its first admin creates a Business Center on the site",
    Action.DELETE_ORGANIZATION: "no way to delete a Business Center is documented",
    Action.TRANSFER_APP: "a Business Center has no apps",
}


def ability_of(system: str, action: Action) -> Ability:
    """Whether the interface carries out an action; single kinds of assets may be exceptions (see `obstacle`)."""
    if system != SYSTEM:
        return Cannot(f"the API for Business does not reach {system}")
    if action in _CANNOT:
        return Cannot(_CANNOT[action])
    return ByHand(_BY_HAND[action]) if action in _BY_HAND else Can()


def obstacle(change: Change) -> str:
    """Why a change of an otherwise possible action takes a person; empty when it does not."""
    kind, asset_type = change.address.kind, BY_ACCESS.get(change.address.kind)
    if KINDS[kind].is_share and kind not in SHARED_BY_CALL:
        return f"no call shares a {KINDS[KINDS[kind].parents[1]].title} with a partner"
    if asset_type is not None:
        return asset_type.unassign if change.action is Action.REVOKE else asset_type.assign
    if change.action is Action.UNLINK and kind != "tiktok_account":
        return "no call gives such an asset back"
    return ""


def takes_a_person(change: Change) -> bool:
    """Whether an admin at the site has to do it, because no call does."""
    return change.action in _BY_HAND or bool(obstacle(change))


def hand_out(outcome: Outcome, change: Change, scope: Scope) -> Outcome:
    """The same with the orders that tell people what to do, where the outcome is that one of ours has to act."""
    if not isinstance(outcome, Waits) or change.action not in _BY_AN_ADMIN:
        return outcome
    orders = draft_orders(change, scope)
    return replace(outcome, on=orders[0].actor or orders[0].actor_role, orders=orders) if orders else outcome
