"""Everything a person who plays with the world wants to see at once."""

from __future__ import annotations

import dataclasses
from typing import Any

from reconciler.sandbox.codes import open_codes
from reconciler.sandbox.organizations import SandboxOrganization, list_organizations
from reconciler.sandbox.people import inbox
from reconciler.sandbox.world import World

_EVENTS = 20


def overview(world: World) -> dict[str, Any]:
    """As JSON has it: time, organizations with their people, what waits for whom, accounts, the latest events."""
    with world.transaction():
        return {
            "now": world.now().isoformat(),
            "people": [row["known_as"] for row in world.rows("SELECT known_as FROM known_person ORDER BY 1", {})],
            "organizations": [_organization(world, each) for each in list_organizations(world)],
            "inbox": [dataclasses.asdict(message) for message in inbox(world)],
            "codes": [dataclasses.asdict(code) for code in open_codes(world)],
            "accounts": _accounts(world),
            "events": [
                {"at": event.at.isoformat(), "actor": event.actor, "text": event.text}
                for event in reversed(world.events()[-_EVENTS:])
            ],
        }


def _organization(world: World, organization: SandboxOrganization) -> dict[str, Any]:
    rows = world.rows(
        "SELECT known_person.known_as, membership.identity, membership.role, membership.finance, membership.status"
        " FROM membership JOIN known_person ON known_person.id = membership.person"
        " WHERE membership.organization = :id ORDER BY membership.id",
        {"id": organization.id},
    )
    return {
        "id": organization.identity,
        "name": organization.name,
        "system": organization.system,
        "roles": list(organization.platform.invitable),
        "members": [
            {
                "person": row["known_as"],
                "address": row["identity"],
                "role": row["role"],
                "finance": row["finance"],
                "status": row["status"],
            }
            for row in rows
        ],
    }


def _accounts(world: World) -> list[dict[str, Any]]:
    """TikTok accounts that belong to a person, and where they are linked."""
    rows = world.rows(
        "SELECT asset.identity AS handle, known_person.known_as AS owner, organization.identity AS linked"
        " FROM asset JOIN known_person ON known_person.id = asset.owner_person"
        " LEFT JOIN holding ON holding.asset = asset.id AND holding.status = 'active'"
        " LEFT JOIN organization ON organization.id = holding.organization"
        " WHERE asset.kind = 'tiktok_account' ORDER BY asset.id",
        {},
    )
    accounts: dict[str, dict[str, Any]] = {}
    for row in rows:
        account = accounts.setdefault(row["handle"], {"handle": row["handle"], "owner": row["owner"], "linked": []})
        if row["linked"]:
            account["linked"].append(row["linked"])
    return list(accounts.values())
