"""More of what admins click by hand: what the portal can and no endpoint does."""

from __future__ import annotations

from reconciler.sandbox.assets import grant, request_access, revoke
from reconciler.sandbox.members import change_role, get_active, get_membership
from reconciler.sandbox.organizations import get_organization
from reconciler.sandbox.partners import share, unshare
from reconciler.sandbox.people import address_of
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.world import World


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


def share_by_hand(
    world: World, *, admin: str, organization: str, partner: str, kind: str, asset: str, role: str = ""
) -> None:
    """An admin shares something with a partner in the portal; only ad accounts and catalogs have a role."""
    place, actor = get_organization(world, organization), get_person(world, admin)
    share(world, place, actor=actor, partner=partner, kind=kind, identity=asset, role=role)


def unshare_by_hand(world: World, *, admin: str, organization: str, partner: str, kind: str, asset: str) -> None:
    """An admin takes something away from a partner in the portal."""
    place, actor = get_organization(world, organization), get_person(world, admin)
    unshare(world, place, actor=actor, partner=partner, kind=kind, identity=asset)


def request_access_by_hand(world: World, admin: str, organization: str, kind: str, asset: str) -> None:
    """An admin asks in the portal for somebody else's asset."""
    place = get_organization(world, organization)
    request_access(world, place, actor=get_person(world, admin), kind=kind, identity=asset)
