"""A small world of all systems, the manifests somebody writes for it, and what is true in it.

Everything here is told in the test's own words: roles that administer, who is in, who may use what. It reads the
sandbox's tables directly and shares nothing with the planner, so that it can judge it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.manifests.load import Manifests, load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World

PEOPLE = tuple(f"p{number}" for number in range(7))
CROWD = tuple(f"q{number}" for number in range(6))
"""People whom nobody touches; they fill the developers organization up to two below its limit."""
LIMIT = 10
ADMIN = {"dev": "admin", "own": "admin", "brand": "admin", "studio": "administrator", "bc": "admin"}
"""Organization -> the role that administers and that can be given."""
OTHER = {
    "dev": ("member",),
    "own": ("member",),
    "brand": ("operator",),
    "studio": ("editor", "analyst"),
    "bc": ("standard",),
}
ADMINISTERS = {"admin", "administrator", "owner"}
AD_ACCOUNTS = ("us", "eu")
APP, APP_OWNER = "awxshop1", "p2"
PIXEL = "7300000000000000001"
HANDLE, HANDLE_OWNER = "@clips", "p6"
SYSTEMS: dict[str, dict[str, Any]] = {
    "dev": {"system": "developers", "name": "Dev"},
    "own": {"system": "developers", "role_system": "owner", "name": "Own"},
    "brand": {"system": "organization_account", "handle": "@brand"},
    "studio": {"system": "business_account", "handle": "@studio"},
    "bc": {"system": "business_center", "id": "6900000000000000001"},
}
FIRST = {
    "dev": {"p0": "admin", "p1": "admin", **dict.fromkeys(CROWD, "member")},
    "own": {"p0": "admin", "p1": "owner"},
    "brand": {"p0": "admin", "p1": "admin", "p2": "operator"},
    "studio": {"p0": "administrator", "p1": "administrator", "p2": "administrator", "p4": "editor"},
    "bc": {"p0": "admin", "p1": "admin", "p2": "admin", "p3": "standard", "p4": "standard"},
}
FOUNDERS = ("p0", "p1")


def make_world() -> World:
    """The neighbourhood before anybody declared anything."""
    world = World.in_memory(clock=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
    people = {p: {"email": f"{p}@acme.example"} for p in (*PEOPLE, *CROWD)}
    organizations: dict[str, Any] = {key: {**SYSTEMS[key], "members": dict(FIRST[key])} for key in SYSTEMS}
    organizations["bc"]["ad_accounts"] = {f"710000000000000000{n}": name for n, name in enumerate(AD_ACCOUNTS)}
    organizations["bc"]["pixels"] = {PIXEL: {"name": "web", "access": {"p3": ""}}}
    seed = {"version": 1, "people": people, "organizations": organizations}
    seed["apps"] = {APP: APP_OWNER}
    seed["tiktok_accounts"] = {HANDLE: {"owner": HANDLE_OWNER}}
    load_seed(world, seed)
    return world


_APPROVALS_FROM = 3
"""The line of their file on which approvals begin."""


@dataclass
class Wishes:
    """What the manifests say, as plain data that a random test can change."""

    members: dict[str, dict[str, str]] = field(default_factory=lambda: {key: dict(FIRST[key]) for key in SYSTEMS})
    grants: dict[tuple[str, str], str] = field(default_factory=lambda: {("web", "p3"): ""})
    """(ad account or pixel, person) -> role; pixels have none."""
    app: bool = False
    """Whether the app of `APP_OWNER` shall belong to the developers organization."""
    link: bool = False
    """Whether the TikTok account of `HANDLE_OWNER` shall be linked, and used by the first ad account."""
    gone: set[str] = field(default_factory=set)
    """People whose last day has passed."""
    approvals: list[str] = field(default_factory=list)
    mode: str = "authoritative"

    @property
    def text(self) -> str:
        """The manifests but for approvals, as a file."""
        people = {p: {"email": f"{p}@acme.example"} for p in (*PEOPLE, *CROWD)}
        for person in self.gone:
            people[person]["ends"] = "2026-01-01"
        organizations: dict[str, Any] = {
            key: {**SYSTEMS[key], "mode": self.mode, "members": dict(members)} for key, members in self.members.items()
        }
        organizations["bc"]["ad_accounts"] = {
            name: {
                "id": f"710000000000000000{n}",
                "access": {p: role for (asset, p), role in sorted(self.grants.items()) if asset == name},
            }
            for n, name in enumerate(AD_ACCOUNTS)
        }
        users = sorted(person for asset, person in self.grants if asset == "web")
        organizations["bc"]["pixels"] = {"web": {"id": PIXEL, "access": users}}
        if self.app:
            organizations["dev"]["apps"] = {"shop": {"client_key": APP}}
        if self.link:
            organizations["bc"]["tiktok_accounts"] = {
                "clips": {"handle": HANDLE, "ownership": "client", "ad_accounts": [AD_ACCOUNTS[0]]}
            }
        return json.dumps({"version": 1, "people": people, "organizations": organizations})

    def desired(self) -> Desired:
        """The manifests, read the way a user's files are read."""
        text = self.text
        loaded = self._load(text)
        pointless = {
            found.place.line - _APPROVALS_FROM
            for found in loaded.findings
            if found.id == "unknown-address" and found.place
        }
        if pointless:
            # An approval about something that is declared no more is an error, so whoever takes the one out takes both.
            self.approvals = [line for number, line in enumerate(self.approvals) if number not in pointless]
            loaded = self._load(text)
        assert loaded.desired is not None, loaded.findings
        return loaded.desired

    def _load(self, text: str) -> Manifests:
        files = [SourceFile("access/all.yaml", text.encode())]
        self.approvals = list(dict.fromkeys(self.approvals))
        if self.approvals:
            lines = "\n".join(self.approvals)
            files.append(SourceFile("access/approvals.yaml", f"version: 1\napprovals:\n{lines}\n".encode()))
        return load_manifests(files, today=datetime(2026, 11, 22, tzinfo=UTC).date())

    def wanted_members(self, key: str) -> dict[str, str]:
        """Who shall be in, without those who have left."""
        return {person: role for person, role in self.members[key].items() if person not in self.gone}

    def wanted_grants(self) -> dict[tuple[str, str], str]:
        """Who shall reach which ad account."""
        members = self.wanted_members("bc")
        return {(asset, person): role for (asset, person), role in self.grants.items() if person in members}


def fresh(approval: str, number: int) -> str:
    """The line that a plan prints, filled in so that it is another one each time: one approval is for one attempt."""
    return approval.replace("YYYY-MM-DD", "2099-12-31").replace("TICKET", f"SEC-{number}")


def seats(world: World, key: str) -> dict[str, tuple[str, str]]:
    """Person -> (status, role) of everybody an organization shows."""
    rows = world.rows(
        "SELECT membership.* FROM membership JOIN organization ON organization.id = membership.organization"
        " WHERE organization.key = :key ORDER BY membership.status = 'active'",
        {"key": key},
    )
    return {row["identity"].split("@")[0]: (row["status"], row["role"]) for row in rows}


def active(world: World, key: str) -> dict[str, str]:
    """Person -> role of everybody who is in."""
    return {person: role for person, (status, role) in seats(world, key).items() if status == "active"}


def admins(world: World, key: str) -> set[str]:
    """Everybody who can manage access in an organization right now."""
    return {person for person, role in active(world, key).items() if role in ADMINISTERS}


def grants(world: World) -> dict[tuple[str, str], str]:
    """(ad account, person) -> role, as the Business Center has it."""
    rows = world.rows(
        "SELECT asset.name, membership.identity, asset_grant.roles FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership"
        " JOIN holding ON holding.id = asset_grant.holding JOIN asset ON asset.id = holding.asset",
        {},
    )
    return {(row["name"], row["identity"].split("@")[0]): row["roles"] for row in rows}


def app_owner(world: World) -> str:
    """Who has the app: a person's key, or `dev`."""
    row = world.rows(
        "SELECT person.key AS person, organization.key AS organization FROM app LEFT JOIN person"
        " ON person.id = app.owner_person LEFT JOIN organization ON organization.id = app.owner_organization",
        {},
    )[0]
    return str(row["person"] or row["organization"])


def link_status(world: World) -> str:
    """How the TikTok account stands to the Business Center, and whether the ad account uses it."""
    rows = world.rows(
        "SELECT holding.status, (SELECT count(*) FROM asset_use WHERE asset_use.holding = holding.id) AS uses"
        " FROM holding JOIN asset ON asset.id = holding.asset WHERE asset.kind = 'tiktok_account'",
        {},
    )
    return f"{rows[0]['status']}, {rows[0]['uses']} uses" if rows else "absent"
