"""What to click where the interface has no call, one sentence for each step."""

from __future__ import annotations

from reconciler.core.change import Change
from reconciler.core.kinds import KINDS, Action
from reconciler.core.outcome import Waits

_SITE = "at business.tiktok.com"

_PLACES = {
    "ad_account": "Assets > Advertiser accounts",
    "catalog": "Assets > Catalogs",
    "pixel": "Assets > Pixels",
    "shop": "Assets > TikTok Shops",
    "lead_library": "Assets > Lead libraries",
    "asset_group": "Assets > Asset groups",
}


def ask_for_access(change: Change, asset_id: str) -> Waits:
    """Somebody has to ask the owner of an asset."""
    kind = KINDS[change.address.kind]
    place = _PLACES[kind.name]
    steps = f"{_SITE} open {place}, choose to request access and enter the id {asset_id}; its owner then has to agree"
    return Waits(on="an admin", why=f"no call asks for access to this {kind.title}: {steps}")


def wait_for_contents(change: Change) -> Waits:
    """A group is not founded with nothing and nobody in it."""
    name = change.address.key
    return Waits(
        on="an ad account and a member",
        why=f"a group is only created together with its first ad account and its first member, and not both of {name} "
        "are there yet; a later run creates it",
    )


def change_access(change: Change, *, why: str, asset_id: str, person: str) -> Waits:
    """Somebody has to give or take away access to an asset."""
    asset = change.address.kind.removesuffix("_access")
    verb = "remove" if change.action is Action.REVOKE else "assign"
    steps = f"{_SITE} open {_PLACES[asset]}, choose {asset_id}, then Members, and {verb} {person}"
    return Waits(on="an admin", why=f"{why}: {steps}")


def take_finance_role(person: str) -> Waits:
    """Somebody has to take a finance role away."""
    steps = f"{_SITE} open Users > Members, choose {person} and set the finance role to none"
    return Waits(on="an admin", why=f"no call takes a finance role away: {steps}")


def scan_code(owner: str, *, is_blind: bool) -> Waits:
    """The owner of a TikTok account has to scan the code that was just shown."""
    end = (
        "nothing shows what they allow, so from now on it is taken to be as declared"
        if is_blind
        else "every further apply shows a new one"
    )
    return Waits(
        on=f"the owner of {owner}",
        why=f"scan the QR code that this run has shown with the TikTok app of {owner} and allow what it asks for; the "
        f"code ends soon, and {end}",
        is_blind=is_blind,
    )


def show_code_elsewhere(owner: str) -> Waits:
    """Nobody is there to see a code, and whoever read it in a log could link an account of theirs with it."""
    return Waits(
        on=f"the owner of {owner}",
        why="a QR code has to be scanned, and nobody sits at a terminal here; codes do not belong in logs: apply from "
        f"a terminal when the owner of {owner} is ready with the TikTok app",
    )


def cancel_invitation(shown: str) -> Waits:
    """An invitation is withdrawn by its whole address, which a masked one does not tell."""
    steps = f"{_SITE} open Users > Members, find the invitation to {shown} and cancel it"
    return Waits(on="an admin", why=f"the address of this invitation is only shown masked: {steps}")


def raise_share(partner: str, asset_id: str, role: str) -> Waits:
    """Somebody has to raise what a partner may do."""
    steps = f"{_SITE} open Users > Partners, choose {partner}, then ad account {asset_id}, and set the role to {role}"
    return Waits(on="an admin", why=f"the platform kept the partner's former role: {steps}")


def agree_to_partnership(partner: str) -> Waits:
    """The other Business Center has to agree."""
    return Waits(
        on=f"partner {partner}", why="an admin of the partner's Business Center has to approve the partnership"
    )


def give_up(person: str) -> Waits:
    """An admin has to step down."""
    return Waits(on=person, why="only the admins themselves can give up their rights")
