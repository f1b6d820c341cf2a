"""What the interface can do by itself, and what a person has to do because it offers no call for it."""

from __future__ import annotations

from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, Action
from reconciler.model.ports import Ability, ByHand, Can, Cannot
from reconciler.providers.business_api.bundles import GIVING
from reconciler.providers.business_api.vocabulary import BY_ACCESS

SYSTEM = "business_center"

_CAN = frozenset(
    {
        Action.INVITE,
        Action.REINVITE,
        Action.CANCEL_INVITATION,
        Action.CHANGE_ROLE,
        Action.REMOVE,
        Action.REMOVE_AND_INVITE,
        Action.UNLINK,
        Action.GRANT,
        Action.CHANGE_GRANT,
        Action.REVOKE,
        Action.CREATE_GROUP,
        Action.RENAME_GROUP,
        Action.DELETE_GROUP,
        Action.ADD_PARTNER,
        Action.REMOVE_PARTNER,
        Action.SHARE,
        Action.CHANGE_SHARE,
        Action.UNSHARE,
        Action.FORGET,
    }
)
_BY_HAND = {
    Action.REQUEST_ACCESS: "no call asks the owner of an asset for access",
    Action.LINK: "the owner of the TikTok account has to scan a QR code",
    Action.CHANGE_LINK: "the owner of the TikTok account has to scan a QR code",
    Action.GIVE_UP_ADMIN: "only the admins themselves can give up their rights",
}
_CANNOT = {
    Action.CREATE_ORGANIZATION: "its first admin creates a Business Center on the site",
    Action.DELETE_ORGANIZATION: "no way to delete a Business Center is documented",
    Action.TRANSFER_APP: "a Business Center has no apps",
}


def ability_of(system: str, action: Action) -> Ability:
    """Whether the interface carries out an action; single kinds of assets may be exceptions (see `obstacle`)."""
    if system != SYSTEM:
        return Cannot(f"the API for Business does not reach {system}")
    if action in _CAN:
        return Can()
    return ByHand(_BY_HAND[action]) if action in _BY_HAND else Cannot(_CANNOT[action])


def obstacle(change: Change) -> str:
    """Why a change of an otherwise possible action takes a person; empty when it does not."""
    kind, asset_type = change.address.kind, BY_ACCESS.get(change.address.kind)
    if KINDS[kind].is_share and kind not in GIVING:
        return f"no call shares a {KINDS[KINDS[kind].parents[1]].title} with a partner"
    if asset_type is not None:
        return asset_type.unassign if change.action is Action.REVOKE else asset_type.assign
    if change.action is Action.UNLINK and kind != "tiktok_account":
        return "no call gives such an asset back"
    return ""


def takes_a_person(change: Change) -> bool:
    """Whether an admin at the site has to do it, because no call does."""
    return change.action in _BY_HAND or bool(obstacle(change))
