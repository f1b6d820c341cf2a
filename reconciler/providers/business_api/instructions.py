"""For whom a change waits where the interface has no call; the steps are in the work orders that are handed out."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, Action
from reconciler.model.outcome import Outcome, Waits
from reconciler.model.ports import Scope
from reconciler.systems.drafting import draft_orders

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


def hand_out(outcome: Outcome, change: Change, scope: Scope) -> Outcome:
    """The same with the orders that tell people what to do, where the outcome is that one of ours has to act."""
    if not isinstance(outcome, Waits) or change.action not in _BY_AN_ADMIN:
        return outcome
    orders = draft_orders(change, scope)
    return replace(outcome, on=orders[0].actor or orders[0].actor_role, orders=orders) if orders else outcome


def ask_for_access(change: Change) -> Waits:
    """Somebody has to ask the owner of an asset."""
    return Waits(on="an admin", why=f"no call asks for access to this {KINDS[change.address.kind].title}")


def wait_for_contents(change: Change) -> Waits:
    """A group is not founded with nothing and nobody in it."""
    name = change.address.key
    return Waits(
        on="an ad account and a member",
        why=f"a group is only created together with its first ad account and its first member, and not both of {name} "
        "are there yet; a later run creates it",
    )


def change_access(why: str) -> Waits:
    """Somebody has to give or take away access to an asset, or a share of it."""
    return Waits(on="an admin", why=why)


def take_finance_role(person: str) -> Waits:
    """Somebody has to take a finance role away."""
    return Waits(on="an admin", why=f"no call takes the finance role of {person} away")


def scan_code(owner: str, *, is_shown: bool) -> Waits:
    """The owner of a TikTok account has to scan the code that was just shown."""
    end = "every further apply shows a new one" if is_shown else "what they allow stays unverified until somebody looks"
    return Waits(
        on=f"the owner of {owner}",
        why=f"scan the QR code that this run has shown with the TikTok app of {owner}, and allow what stands beside it "
        f"and nothing else; the code ends soon, and {end}",
        is_asked=True,
    )


def show_code_elsewhere(owner: str) -> Waits:
    """Nobody is there to see a code, and whoever read it in a log could link an account of theirs with it."""
    return Waits(
        on=f"the owner of {owner}",
        why="a QR code has to be scanned, and nobody sits at a terminal here; codes do not belong in logs: apply from "
        f"a terminal when the owner of {owner} is ready with the TikTok app; for somebody who sits elsewhere `apply "
        "--qr-to DIR` writes files",
    )


def cancel_invitation(shown: str) -> Waits:
    """An invitation is withdrawn by its whole address, which a masked one does not tell."""
    return Waits(on="an admin", why=f"the address of this invitation is only shown masked: {shown}")


def raise_share(why: str) -> Waits:
    """Somebody has to raise what a partner may do."""
    return Waits(on="an admin", why=why)


def agree_to_partnership(partner: str) -> Waits:
    """The other Business Center has to agree."""
    return Waits(
        on=f"partner {partner}",
        why="an admin of the partner's Business Center has to approve the partnership",
        is_asked=True,
    )


def give_up(person: str) -> Waits:
    """An admin has to step down."""
    return Waits(on=person, why="only the admins themselves can give up their rights")
