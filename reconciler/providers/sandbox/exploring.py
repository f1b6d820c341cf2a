"""What there is in a world, besides what manifests name."""

from __future__ import annotations

from reconciler.model.address import Address
from reconciler.model.ports import FoundOrganization
from reconciler.providers.sandbox.view import View
from reconciler.sandbox.world import World


def list_found(world: World) -> tuple[FoundOrganization, ...]:
    """All organizations, in the order of founding."""
    rows = world.rows("SELECT system, variant, identity, name, key FROM organization ORDER BY id", {})
    return tuple(
        FoundOrganization(
            system=row["system"],
            variant=row["variant"],
            identity=row["identity"],
            name=row["name"],
            nickname=row["key"] or "",
        )
        for row in rows
    )


def read_names(view: View) -> dict[Address, str]:
    """Address -> name of the members, assets, apps and partners of one organization."""
    people = {row["id"]: row["name"] for row in view.world.rows("SELECT id, name FROM person", {})}
    named = {Address(view.key, "member", key): people[row["person"]] for key, row in view.seats.values()}
    assets = view.rows(
        "SELECT asset.kind, asset.identity, asset.name FROM asset JOIN holding ON holding.asset = asset.id"
        " WHERE holding.organization = :organization"
    )
    apps = view.rows(
        "SELECT 'app' AS kind, client_key AS identity, name FROM app WHERE owner_organization = :organization"
    )
    partners = view.rows(
        "SELECT 'partner' AS kind, organization.identity, organization.name FROM partnership"
        " JOIN organization ON organization.id = partnership.partner WHERE partnership.organization = :organization"
    )
    for row in (*assets, *apps, *partners):
        key = view.names.asset(row["kind"], row["identity"])
        named[Address(view.key, row["kind"], key)] = row["name"]
    return {address: name for address, name in named.items() if name}
