"""More of what people do by themselves: scanning codes, and the portal's clicks that have no endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.providers.sandbox.assets import grant, request_access, revoke
from reconciler.providers.sandbox.links import approve_link, refuse_link, request_link
from reconciler.providers.sandbox.members import change_role, get_active, get_membership
from reconciler.providers.sandbox.organizations import get_organization
from reconciler.providers.sandbox.people import address_of
from reconciler.providers.sandbox.refusal import Refusal
from reconciler.providers.sandbox.registry import get_person
from reconciler.providers.sandbox.world import Row, World

_OPEN_CODES = (
    "SELECT qr_code.*, organization.identity, organization.name FROM qr_code"
    " JOIN organization ON organization.id = qr_code.organization WHERE qr_code.expires > :now"
    " AND (:organization IS NULL OR organization.id = :organization) ORDER BY qr_code.rowid DESC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCode:
    """A QR code that can still be scanned; it says which Business Center asks, not whom."""

    code: str
    organization: str
    name: str
    expires: str


def open_codes(world: World) -> list[OpenCode]:
    """All codes that can be scanned now, latest first."""
    return [
        OpenCode(code=row["code"], organization=row["identity"], name=row["name"], expires=row["expires"])
        for row in world.rows(_OPEN_CODES, {"now": world.timestamp(), "organization": None})
    ]


def scan(world: World, handle: str, organization: str, permissions: Iterable[str] = (), *, agree: bool = True) -> None:
    """The owner of a TikTok account scans the latest code of a Business Center and agrees, or does not.

    The owner decides what for; existing posts only, when nothing is said. A code works once.
    """
    place = get_organization(world, organization)
    with world.transaction() as db:
        code = _get_code(world, place.id, place.name)
        wanted = tuple(permissions) or ("existing_posts",)
        request_link(world, place, actor=code["actor"], handle=handle, permissions=wanted)
        owner = _get_owner(world, handle)
        (approve_link if agree else refuse_link)(world, place, owner=owner, handle=handle)
        db.execute("DELETE FROM qr_code WHERE code = ?", (code["code"],))


def expire(world: World, person: str, organization: str) -> None:
    """Let an invitation run out now."""
    place = get_organization(world, organization)
    with world.transaction() as db:
        row = get_membership(world, place, address_of(world, person, place))
        if row["status"] != "invited":
            raise Refusal(row["status"], f"{person} has no open invitation to {place.name}")
        db.execute(
            "UPDATE membership SET status = 'expired', since = ?, expires = NULL WHERE id = ?",
            (world.timestamp(), row["id"]),
        )


def set_finance_by_hand(world: World, admin: str, person: str, organization: str, finance: str) -> None:
    """An admin sets somebody's finance role in the portal, or takes it away: `none`."""
    place = get_organization(world, organization)
    with world.transaction():
        address = address_of(world, person, place)
        role = get_active(world, place, address)["role"]
        wanted = "" if finance == "none" else finance
        change_role(world, place, actor=get_person(world, admin), address=address, role=role, finance=wanted)


def grant_by_hand(
    world: World, *, admin: str, person: str, organization: str, kind: str, asset: str, roles: str = ""
) -> None:
    """An admin gives access in the portal; several permissions are joined by commas, a pixel has none."""
    place = get_organization(world, organization)
    grant(
        world,
        place,
        actor=get_person(world, admin),
        kind=kind,
        identity=asset,
        address=address_of(world, person, place),
        roles=filter(None, roles.split(",")),
    )


def revoke_by_hand(world: World, *, admin: str, person: str, organization: str, kind: str, asset: str) -> None:
    """An admin takes access away in the portal."""
    place = get_organization(world, organization)
    address = address_of(world, person, place)
    revoke(world, place, actor=get_person(world, admin), kind=kind, identity=asset, address=address)


def request_access_by_hand(world: World, admin: str, organization: str, kind: str, asset: str) -> None:
    """An admin asks in the portal for somebody else's asset."""
    place = get_organization(world, organization)
    request_access(world, place, actor=get_person(world, admin), kind=kind, identity=asset)


def _get_code(world: World, organization: int, name: str) -> Row:
    row = world.find_row(_OPEN_CODES, {"now": world.timestamp(), "organization": organization})
    if row is None:
        raise Refusal("lapsed", f"{name} shows no code that could be scanned")
    return row


def _get_owner(world: World, handle: str) -> int:
    row = world.rows(
        "SELECT owner_person FROM asset WHERE kind = 'tiktok_account' AND identity = :handle", {"handle": handle}
    )[0]
    return int(row["owner_person"])
