"""What the sandbox's pages show comes back as what is true there, in every system and every form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.apply.planning import Scopes
from reconciler.features.rosters.observe import Sighting, look
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Desired, Live, Observation, Resource, State
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.providers.sandbox.rosters import FORMS, LABELS, LAYOUTS, render_roster
from reconciler.sandbox.apps import add_manager, initiate_transfer
from reconciler.sandbox.members import invite
from reconciler.sandbox.people import decline
from reconciler.sandbox.registry import get_organization, get_person
from reconciler.sandbox.world import World
from tests.sandbox.stage import START, new_world

MANIFEST = """
version: 1
people:
  ana: {name: "Lopez, Ana", email: ana@acme.example, identities: {phone: "+34600111222"}}
  bo: {name: Bo Chen, email: bo@acme.example}
  dee: {name: Dee, email: dee@creator.example, identities: {phone: "+34600333444"}}
organizations:
  dev: {system: developers, name: Acme Inc., members: {}, apps: {shop: {client_key: awx-shop}}}
  owned: {system: developers, role_system: owner, name: Acme Labs, members: {}, apps: {lab: {client_key: awx-lab}}}
  research: {system: developers, kind: research, name: Acme Research, members: {}}
  brand: {system: organization_account, handle: "@acme", members: {}}
  studio: {system: business_account, handle: "@acme.studio", members: {}}
  bc: {system: business_center, id: "6900000000000000001", members: {}}
"""
SEED = """
version: 1
people:
  ana: {name: "Lopez,  Ana", email: ana@acme.example, identities: {phone: "+34600111222"}}
  bo: {name: "Bo\\tChen", email: bo@acme.example}
  cy: cy@acme.example
  dee: {name: Dee, email: dee@creator.example, identities: {phone: "+34600333444", tiktok: "@dee"}}
  gus: {name: "Gus \\"the\\nGreat\\"", email: gus@north.example}
organizations:
  dev: {system: developers, name: Acme Inc., members: {ana: admin, bo: member}, apps: {awx-shop: Shop login}}
  owned: {system: developers, role_system: owner, name: Acme Labs, members: {ana: owner, bo: admin, cy: member},
    apps: {awx-lab: Lab, awx-old: "Old; one"}}
  research: {system: developers, kind: research, name: Acme Research, members: {ana: admin}}
  brand: {system: organization_account, handle: "@acme", members: {ana: admin, bo: operator}}
  studio: {system: business_account, handle: "@acme.studio", members: {ana: administrator, bo: editor, cy: analyst}}
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: {role: admin, finance: manager}, bo: standard}
apps: {awx-game: bo}
"""
ORGANIZATIONS = ("dev", "owned", "research", "brand", "studio", "bc")
LOOKS = [
    {"form": form, "labels": labels, "layout": layout}
    for form, labels, layout in product(FORMS, LABELS, LAYOUTS)
    if form == "page" or layout == "table"
]


def desired() -> Desired:
    loaded = load_manifests([SourceFile("a.yaml", MANIFEST.encode())], today=date(2026, 11, 22))
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


DESIRED = desired()


@pytest.fixture
def world() -> Iterator[World]:
    """Everybody in every state, and an app on its way."""
    with new_world(SEED) as world:
        ana, bo = get_person(world, "ana"), get_person(world, "bo")
        for key in ORGANIZATIONS:
            role = "operator" if key == "brand" else "editor" if key == "studio" else "member"
            role = "standard" if key == "bc" else role
            phone = "+34600333444" if key == "brand" else "dee@creator.example"
            invite(get_organization(world, key), actor=ana, address=phone, role=role)
            invite(get_organization(world, key), actor=ana, address="gus@north.example", role=role)
            decline(world, "gus", key)
        owned = get_organization(world, "owned")
        add_manager(owned, actor=ana, client_key="awx-lab", address="cy@acme.example")
        add_manager(owned, actor=ana, client_key="awx-lab", address="bo@acme.example")
        initiate_transfer(world, "awx-game", to=owned, actor=bo)
        yield world


def truth(world: World, organization: str, kinds: tuple[str, ...]) -> dict[Address, Resource]:
    """What the platform knows, without what its pages do not show: since when somebody manages an app."""
    live = SandboxProvider(world).read(Scopes(DESIRED).scope_of(organization, State(organization=organization)))
    found = {address: one for address, one in live.resources.items() if address.kind in kinds}
    return {
        address: replace(one, name="", since=None if address.kind == "app_access" else one.since)
        for address, one in found.items()
    }


def read_back(world: World, organization: str, *, kind: str, **how: Any) -> Observation:
    text = render_roster(world, get_organization(world, organization), kind=kind, **how)
    files = (SourceFile(path="roster.txt", data=text.encode()),)
    sighting = Sighting(organization=organization, files=files, kind=kind, taken=START)
    return look(sighting, desired=DESIRED, state=State(organization=organization))


def shown(observation: Observation) -> dict[Address, Resource]:
    """Without names: not every page shows them."""
    return {one.address: replace(one, name="") for roster in observation.rosters for one in roster.resources}


def test_a_name_that_is_shown_is_kept(world: World) -> None:
    seen = read_back(world, "dev", kind="member", form="csv", labels="new", layout="table")
    names = {one.address.key: one.name for roster in seen.rosters for one in roster.resources}
    assert names["gus@north.example"] == 'Gus "the Great"'


@pytest.mark.parametrize("how", LOOKS, ids=lambda how: "-".join(how.values()))
@pytest.mark.parametrize("organization", ORGANIZATIONS)
def test_members_come_back_as_they_are(world: World, organization: str, how: dict[str, str]) -> None:
    seen = read_back(world, organization, kind="member", **how)
    assert seen.is_usable, seen.findings
    assert seen.findings == ()
    assert seen.unknown == {}
    assert shown(seen) == truth(world, organization, ("member",))


@pytest.mark.parametrize(
    "how", [how for how in LOOKS if how["layout"] == "table"], ids=lambda how: "-".join(how.values())
)
def test_apps_and_their_managers_come_back_as_they_are(world: World, how: dict[str, str]) -> None:
    seen = read_back(world, "owned", kind="app", **how)
    assert seen.findings == ()
    assert shown(seen) == truth(world, "owned", ("app", "app_access"))
    assert {roster.kind for roster in seen.rosters} == {"app", "app_access"}


def test_apps_of_an_organization_without_managers_come_back_as_they_are(world: World) -> None:
    assert shown(read_back(world, "dev", kind="app", form="page")) == truth(world, "dev", ("app",))


NAMES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "Admin",
            "Member",
            "Pending",
            "ana@acme.example",
            "bo@acme.example",
            "Lopez, Ana",
            "Bo Chen",
            "+34600111222",
            "Role",
            "Remove",
            "Active",
            "Accepted",
            "Finance Manager",
            "Standard",
            "2026-11-20",
            "Members (2)",
            "No members yet",
            "a***@acme.example",
            "x <ana@acme.example>",
            "Member\tRole",
            "Role: Admin",
            '"',
        ]
    ),
)
ADDRESSES = ["ana@acme.example", "bo@acme.example", "x1@evil.example", "x2@evil.example", "x3@evil.example"]
SYSTEMS: dict[str, tuple[dict[str, str], str]] = {
    "dev": ({"system": "developers", "name": "Acme Inc."}, "member"),
    "bc": ({"system": "business_center", "id": "6900000000000000001"}, "standard"),
}


def members() -> st.SearchStrategy[dict[str, tuple[str, bool, bool]]]:
    """Address -> chosen name, whether an admin, whether in already."""
    return st.dictionaries(st.sampled_from(ADDRESSES), st.tuples(NAMES, st.booleans(), st.booleans()), max_size=5)


@given(members=members(), how=st.sampled_from(LOOKS), key=st.sampled_from(sorted(SYSTEMS)))
@example(members={"x1@evil.example": ("ana@acme.example", True, True)}, how=LOOKS[-1], key="dev")
@example(
    members={"ana@acme.example": ("Role: Admin", False, False), "bo@acme.example": ("", False, False)},
    how=LOOKS[-1],
    key="dev",
)
def test_nobody_can_choose_a_name_that_makes_a_roster_lie(
    members: Mapping[str, tuple[str, bool, bool]], how: dict[str, str], key: str
) -> None:
    facts, low = SYSTEMS[key]
    people = {
        f"p{number}": {"name": made[0], "email": address} for number, (address, made) in enumerate(members.items())
    }
    people["boss"] = {"name": "Boss", "email": "boss@acme.example"}
    roles = {address: "admin" if is_admin else low for address, (_, is_admin, _) in members.items()}
    joined = {address: roles[address] for address, (*_, is_in) in members.items() if is_in}
    organizations = {key: {**facts, "members": {"boss": "admin", **joined}}}
    seed = yaml.safe_dump({"version": 1, "people": people, "organizations": organizations}, allow_unicode=True)
    with new_world(seed) as world:
        boss, organization = get_person(world, "boss"), get_organization(world, key)
        for address in roles.keys() - joined.keys():
            invite(organization, actor=boss, address=address, role=roles[address])
        true = truth(world, key, ("member",))
        seen = read_back(world, key, kind="member", **how)
    if seen.is_usable:
        # A day counts for nobody's access; everything else that is shown is true.
        lies = {address for address, one in shown(seen).items() if _without_day(true.get(address)) != _without_day(one)}
        assert lies == set()
        live = Live(organization=key, resources=shown(seen), unknown=seen.unknown)
        absent = [address for address in true if live.find(address) is None]
        assert absent == []


def _without_day(resource: Resource | None) -> Resource | None:
    return resource and replace(resource, since=None)
