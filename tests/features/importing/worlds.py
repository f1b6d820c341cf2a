"""Small worlds of all systems with odd names in them, told by their own tables, and a workspace without files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.state_editor import StateEditor
from reconciler.editing.index import ManifestIndex
from reconciler.features.importing.import_ import Import, ImportRequest, draft_import, record_import
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired, GuardSettings, Organization, Place, Plan
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from reconciler.systems.catalogue import get_system

EMAILS = (
    "ana@acme.example",
    "ana@other.example",
    "ana.lopez+ads@acme.example",
    "no@acme.example",
    "123@acme.example",
    "null@other.example",
    "o'neil@acme.example",
    "team@acme.example",
)
PEOPLE = tuple(f"p{number}" for number in range(len(EMAILS)))
NAMES = ("", "Ana Lopez", "a: b # c", "*x* [y]", "no", "\u202eabc", "山田", 'say "hi"', "ghp_" + "a1B2" * 9)
ROLES = {
    "bc": ("standard", "admin"),
    "dev": ("admin",),
    "brand": ("operator", "admin"),
    "studio": ("analyst", "editor", "moderator", "administrator"),
}
HEADS: dict[str, dict[str, Any]] = {
    "bc": {"system": "business_center", "id": "6900000000000000001"},
    "dev": {"system": "developers", "role_system": "owner", "name": "Dev & Co: 1"},
    "brand": {"system": "organization_account", "handle": "@brand"},
    "studio": {"system": "business_account", "handle": "@studio.x"},
}
FIRST = {"bc": "admin", "dev": "owner", "brand": "admin", "studio": "administrator"}


@st.composite
def seeds(draw: st.DrawFn) -> dict[str, Any]:
    """What a world begins with; somebody manages each organization, and only members have access."""
    people = {
        key: {"name": draw(st.sampled_from(NAMES)), "email": email, "identities": {"phone": f"+3460011122{number}"}}
        for number, (key, email) in enumerate(zip(PEOPLE, EMAILS, strict=True))
    }
    organizations: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(HEADS)), min_size=1, unique=True)):
        others = draw(st.dictionaries(st.sampled_from(PEOPLE[1:]), st.sampled_from(ROLES[key])))
        organizations[key] = {**HEADS[key], "members": {PEOPLE[0]: FIRST[key], **others}}
        if key == "brand":
            for number, person in enumerate(PEOPLE[1:], start=1):
                if person in others and draw(st.booleans()):
                    others_phone = {"role": others[person], "as": f"+3460011122{number}"}
                    organizations[key]["members"][person] = others_phone
    if "bc" in organizations:
        members = sorted(organizations["bc"]["members"])
        access = st.dictionaries(st.sampled_from(members), st.sampled_from(["operator", "analyst"]))
        organizations["bc"]["ad_accounts"] = {
            f"710000000000000000{number}": {"name": draw(st.sampled_from(NAMES)), "access": draw(access)}
            for number in range(draw(st.integers(0, 3)))
        }
        users = draw(st.lists(st.sampled_from(members), unique=True))
        organizations["bc"]["pixels"] = {"7300000000000000001": {"access": dict.fromkeys(users, "")}}
    if "dev" in organizations:
        organizations["dev"]["apps"] = {"awx1": draw(st.sampled_from(NAMES))}
    return {"version": 1, "people": people, "organizations": organizations}


@dataclass
class Stage:
    """A world, the files that are written about it, and the state."""

    world: World
    folder: Path
    files: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> LocalFileStore:
        return LocalFileStore(self.folder)

    def provider_for(self, organization: Organization) -> SandboxProvider:
        assert organization.key
        return SandboxProvider(self.world)

    def sources(self) -> tuple[SourceFile, ...]:
        return tuple(SourceFile(path=path, data=text.encode()) for path, text in sorted(self.files.items()))

    def import_all(self) -> Import:
        found = SandboxProvider(self.world).find_organizations()
        organizations = tuple(
            Organization(
                key=one.nickname,
                system=get_system(one.system, one.variant),
                identity=one.identity,
                place=Place("", 1, 1),
            )
            for one in found
        )
        request = ImportRequest(
            organizations=organizations,
            files=ManifestIndex(self.sources()),
            folder="access",
            settings=GuardSettings(),
            today=self.world.now().date(),
        )
        made = draft_import(request, provider_for=self.provider_for)
        self.files |= made.edit.texts
        record_import(made, self.editor())
        return made

    def editor(self) -> StateEditor:
        terms = LeaseTerms(timer=SystemTimer())
        return StateEditor(store=self.store, terms=terms, clock=self.world)

    def desired(self) -> Desired:
        loaded = load_manifests(self.sources(), today=self.world.now().date())
        assert loaded.desired is not None, loaded.findings
        return loaded.desired

    def request(self) -> PlanRequest:
        return PlanRequest(desired=self.desired(), settings=GuardSettings(), today=self.world.now().date())

    def plan(self) -> Plan:
        return make_plan(self.request(), provider_for=self.provider_for, store=self.store)


@contextmanager
def staged(seed: dict[str, Any]) -> Iterator[Stage]:
    """A stage for one example."""
    world = World.in_memory(clock=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
    try:
        load_seed(world, seed)
        with tempfile.TemporaryDirectory() as folder:
            yield Stage(world=world, folder=Path(folder))
    finally:
        world.close()


def seats_in(world: World) -> set[tuple[str, str, str, str]]:
    """Organization, address, role and finance role of everybody who is in or invited, straight from the tables."""
    rows = world.rows(
        "SELECT organization.key, membership.identity, role, finance FROM membership"
        " JOIN organization ON organization.id = membership.organization WHERE status IN ('active', 'invited')",
        {},
    )
    return {(row["key"], row["identity"], row["role"], row["finance"]) for row in rows}


def grants_in(world: World) -> set[tuple[str, str, str]]:
    """Asset, address and role of all access, straight from the tables."""
    rows = world.rows(
        "SELECT asset.identity AS asset, membership.identity, asset_grant.roles FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership JOIN holding ON holding.id = asset_grant.holding"
        " JOIN asset ON asset.id = holding.asset",
        {},
    )
    return {(row["asset"], row["identity"], row["roles"]) for row in rows}


def declared_seats(desired: Desired) -> set[tuple[str, str, str, str]]:
    """The same as the manifests tell it."""
    return {
        (key, one.identity, str(one.attributes["role"]), str(one.attributes.get("finance", "")))
        for key, declared in desired.resources.items()
        for address, one in declared.items()
        if address.kind == "member"
    }


def declared_grants(desired: Desired) -> set[tuple[str, str, str]]:
    """The same as the manifests tell it."""
    known = {address: one.identity for declared in desired.resources.values() for address, one in declared.items()}
    found: set[tuple[str, str, str]] = set()
    for declared in desired.resources.values():
        for address, one in declared.items():
            if address.kind in ("ad_account_access", "pixel_access"):
                asset, person = address.parts
                thing = known[address._replace(kind=address.kind.removesuffix("_access"), key=asset)]
                who = known[address._replace(kind="member", key=person)]
                found.add((thing, who, str(one.attributes.get("role", ""))))
    return found
