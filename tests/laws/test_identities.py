"""A key in a file is nothing but a name: what is planned depends on whom and what the systems know.

Each example is a world of people, accounts and groups that is written down twice. First under the names that it was
recorded under and under others: the plans must be the same, name for name. Then with another id under one key, and
with a new key for that id while the old one is gone: again the plans must be the same. Nothing here knows how records
are matched; the judge replaces names in the lines of one plan and compares them with those of the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply.planning import Scopes
from reconciler.engine.planner import Worlds, plan
from reconciler.features.review.review import review
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Address,
    Attributes,
    Desired,
    GuardSettings,
    Live,
    Record,
    Resource,
    Severity,
    State,
    Status,
)
from tests.engine.told import describe_plan
from tests.features.review.given import revision

TODAY = date(2026, 11, 28)
SETTINGS = GuardSettings(max_removal_ratio=1.0, required_admins=("p2@acme.example",))
PEOPLE = ("p1", "p2", "p3", "p4")
"""The first two are admins, so that there is always somebody who may act."""
ASSETS = {"a1": "ad_account", "a2": "ad_account", "x1": "pixel", "g1": "asset_group", "n1": "partner"}
ROLES = ("operator", "analyst")
IDS = {name: f"71000000000000{number:05}" for number, name in enumerate(ASSETS, start=11)}
OTHER_ID = "7199999999999999999"
GONE = (Status.LEFT, Status.DECLINED, Status.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing or one access, by the names of things in this file: whether it is declared, recorded and live."""

    kind: str
    parts: tuple[str, ...]
    role: str = ""
    is_declared: bool
    is_recorded: bool
    is_live: bool
    status: Status = Status.ACTIVE
    protect: bool = False

    @property
    def attributes(self) -> Attributes:
        return {"role": self.role} if self.role else {}


@dataclass(frozen=True, kw_only=True)
class Written:
    """A world as somebody wrote it down."""

    facts: tuple[Fact, ...]
    mode: str
    keys: Mapping[str, str]
    """Name in this file -> key in the manifests."""
    recorded_keys: Mapping[str, str]
    ids: Mapping[str, str] = field(default_factory=lambda: IDS)
    """Of the assets as the manifests have them."""
    recorded_ids: Mapping[str, str] = field(default_factory=lambda: IDS)


def email(person: str) -> str:
    return f"{person}@acme.example"


def manifest(written: Written) -> dict[str, Any]:
    """What is declared, under the keys of today."""
    keys = written.keys
    declared = [fact for fact in written.facts if fact.is_declared]
    sections: dict[str, dict[str, Any]] = {}
    for name in {part for fact in declared for part in fact.parts} & ASSETS.keys():
        sections.setdefault(f"{ASSETS[name]}s", {})[keys[name]] = {"id": written.ids[name]}
    members: dict[str, Any] = {}
    for fact in declared:
        protect = {"protect": True} if fact.protect else {}
        if fact.kind == "member":
            members[keys[fact.parts[0]]] = {"role": fact.role, **protect}
        elif fact.kind.endswith("_access"):
            asset, person = fact.parts
            entry = sections[f"{ASSETS[asset]}s"][keys[asset]]
            if fact.role:
                entry.setdefault("access", {})[keys[person]] = {"role": fact.role, **protect}
            else:
                entry.setdefault("access", []).append(keys[person])
        elif fact.kind in ("pixel_use", "asset_group_asset"):
            thing, ad_account = fact.parts
            sections[f"{ASSETS[thing]}s"][keys[thing]].setdefault("ad_accounts", []).append(keys[ad_account])
        elif fact.kind == "partner_share":
            partner, ad_account = fact.parts
            sections["partners"][keys[partner]].setdefault("shares", {})[keys[ad_account]] = fact.role
    center = {"system": "business_center", "id": "6900000000000000001", "mode": written.mode, "members": members}
    return {
        "version": 1,
        "people": {keys[person]: {"email": email(person)} for person in PEOPLE},
        "organizations": {"bc": {**center, **sections}},
    }


def load(document: Mapping[str, Any]) -> Desired:
    loaded = load_manifests([SourceFile("a.yaml", yaml.safe_dump(dict(document)).encode())], today=TODAY)
    errors = [finding.message for finding in loaded.findings if finding.severity is Severity.ERROR]
    assert loaded.desired is not None, errors
    return loaded.desired


def recorded(written: Written) -> State:
    """What was remembered, under the keys and of the ids of that day."""
    records = {}
    for fact in written.facts:
        if fact.is_recorded:
            address = Address("bc", fact.kind, "/".join(written.recorded_keys[part] for part in fact.parts))
            identity = identity_of(fact, written.recorded_ids)
            records[address] = Record(
                address=address,
                attributes=fact.attributes,
                status=fact.status,
                identity=identity,
                protect=fact.protect,
                since=date(2026, 11, 1),
            )
    return State(organization="bc", lineage="x", serial=1, records=records)


def identity_of(fact: Fact, ids: Mapping[str, str]) -> str:
    if len(fact.parts) > 1:
        return ""
    return email(fact.parts[0]) if fact.kind == "member" else ids[fact.parts[0]]


def live(written: Written, desired: Desired, state: State) -> Live:
    """What the system shows: it knows addresses and ids, and whoever reads it looks their names up."""
    scope = Scopes(desired).scope_of("bc", state)
    names = {(kind, identity): key for (kind, key), identity in scope.assets.items()}

    def name(part: str) -> str:
        if part in PEOPLE:
            return scope.keys.get(email(part), email(part))
        identity = written.recorded_ids[part]
        return names.get((ASSETS[part], identity), identity)

    resources = [Resource(address=Address("bc", "organization", "bc"), identity="6900000000000000001")]
    for fact in written.facts:
        if fact.is_live:
            address = Address("bc", fact.kind, "/".join(map(name, fact.parts)))
            identity = identity_of(fact, written.recorded_ids)
            resources.append(Resource(address=address, attributes=fact.attributes, identity=identity))
    return Live(organization="bc", resources={one.address: one for one in resources})


def planned(written: Written) -> dict[str, list[str]]:
    desired, state = load(manifest(written)), recorded(written)
    worlds = Worlds(desired=desired, recorded={"bc": state}, live={"bc": live(written, desired, state)}, today=TODAY)
    told = describe_plan(plan(worlds, SETTINGS))
    # Which of two admins is asked goes by turns, in which keys and their order decide.
    told["changes"] = [re.sub(r"\bby (p1|p2)(-\w+)?\b", "by an admin", line) for line in told["changes"]]
    told["findings"] = [line for line in told["findings"] if " renamed: " not in line and "other-identity" not in line]
    return told


def under(names: Mapping[str, str], told: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The lines with names replaced; a name is no part of another one here."""

    def replaced(line: str) -> str:
        for number, name in enumerate(names):
            line = line.replace(name, f"<{number}>")
        for number, name in enumerate(names.values()):
            line = line.replace(f"<{number}>", name)
        return line

    return {section: sorted(map(replaced, lines)) for section, lines in told.items()}


FLAGS = st.tuples(st.booleans(), st.booleans(), st.booleans())


@st.composite
def facts(draw: st.DrawFn) -> tuple[Fact, ...]:
    """Anything may be declared, recorded or live without the others; access needs a member and a thing."""
    found = [
        Fact(kind="member", parts=(person,), role="admin", is_declared=True, is_recorded=True, is_live=True)
        for person in PEOPLE[:2]
    ]
    for person in PEOPLE[2:]:
        declared, known, there = draw(FLAGS)
        status = draw(st.sampled_from(GONE)) if known and not there else Status.ACTIVE
        protect = draw(st.booleans())
        found.append(
            Fact(
                kind="member",
                parts=(person,),
                role="standard",
                is_declared=declared,
                is_recorded=known,
                is_live=there,
                status=status,
                protect=protect,
            )
        )
    for name, kind in ASSETS.items():
        found.append(Fact(kind=kind, parts=(name,), is_declared=True, is_recorded=draw(st.booleans()), is_live=True))
        if kind == "partner":
            found += draw_edges(draw, "partner_share", [(name, "a1"), (name, "a2")], found)
            continue
        found += draw_edges(draw, f"{kind}_access", [(name, person) for person in PEOPLE], found)
        if kind in ("pixel", "asset_group"):
            edge = {"pixel": "pixel_use", "asset_group": "asset_group_asset"}[kind]
            found += draw_edges(draw, edge, [(name, "a1"), (name, "a2")], found)
    return tuple(found)


def draw_edges(draw: st.DrawFn, kind: str, ends: list[tuple[str, str]], facts: list[Fact]) -> list[Fact]:
    """Access is where both of its ends are; what is recorded of it was recorded of them."""
    known = {fact.parts[0]: fact for fact in facts if len(fact.parts) == 1}
    found = []
    for pair in ends:
        declared, is_recorded, there = draw(FLAGS)
        role = draw(st.sampled_from(ROLES)) if kind not in ("pixel_access", "pixel_use", "asset_group_asset") else ""
        thing, other = known[pair[0]], known[pair[1]]
        found.append(
            Fact(
                kind=kind,
                parts=pair,
                role=role,
                is_declared=declared and other.is_declared,
                is_recorded=is_recorded and thing.is_recorded and other.is_recorded,
                is_live=there and other.is_live,
                protect=bool(role) and kind != "partner_share" and draw(st.booleans()),
            )
        )
    return found


EXAMPLES = settings(max_examples=max(40, settings().max_examples // 4))
"""A world takes a tenth of a second to be written, read and planned twice."""
MODES = st.sampled_from(["additive", "authoritative"])
RECORDED = {name: f"{name}-old" for name in (*PEOPLE, *ASSETS)}


@EXAMPLES
@given(facts=facts(), mode=MODES, renamed=st.sets(st.sampled_from([*RECORDED])))
def test_another_key_changes_nothing_but_the_key(facts: tuple[Fact, ...], mode: str, renamed: set[str]) -> None:
    keys = {name: f"{name}-new" if name in renamed else key for name, key in RECORDED.items()}
    before = Written(facts=facts, mode=mode, keys=RECORDED, recorded_keys=RECORDED)
    after = replace(before, keys=keys)
    assert under({RECORDED[name]: keys[name] for name in RECORDED}, planned(before)) == under({}, planned(after))


@EXAMPLES
@given(facts=facts(), mode=MODES)
def test_keys_that_two_things_exchange_change_nothing_but_the_keys(facts: tuple[Fact, ...], mode: str) -> None:
    keys = {**RECORDED, "a1": RECORDED["a2"], "a2": RECORDED["a1"]}
    before = Written(facts=facts, mode=mode, keys=RECORDED, recorded_keys=RECORDED)
    after = replace(before, keys=keys)
    assert under({RECORDED[name]: keys[name] for name in RECORDED}, planned(before)) == under({}, planned(after))


@EXAMPLES
@given(facts=facts(), mode=MODES, name=st.sampled_from([*ASSETS]))
def test_another_id_under_a_key_is_the_old_thing_gone_and_a_new_one(
    facts: tuple[Fact, ...], mode: str, name: str
) -> None:
    facts = tuple(replace(one, is_recorded=True) if one.parts == (name,) else one for one in facts)
    same_key = Written(facts=facts, mode=mode, keys=RECORDED, recorded_keys=RECORDED, ids={**IDS, name: OTHER_ID})
    new_key = replace(same_key, keys={**RECORDED, name: "brand-new"})
    told, wanted = planned(same_key), planned(new_key)
    assert under({RECORDED[name]: "NEW", IDS[name]: "OLD"}, told) == under(
        {"brand-new": "NEW", RECORDED[name]: "OLD"}, wanted
    )


@EXAMPLES
@given(facts=facts(), renamed=st.sets(st.sampled_from([*RECORDED])))
def test_a_review_of_other_keys_tells_of_no_access_that_is_gained_or_lost(
    facts: tuple[Fact, ...], renamed: set[str]
) -> None:
    keys = {name: f"{name}-new" if name in renamed else key for name, key in RECORDED.items()}
    before = Written(facts=facts, mode="additive", keys=RECORDED, recorded_keys=RECORDED)
    base, head = manifest(before), manifest(replace(before, keys=keys))
    made = review(
        revision("base", {"a.yaml": yaml.safe_dump(base)}),
        revision("head", {"a.yaml": yaml.safe_dump(head)}),
        today=TODAY,
    )
    assert made.access == ()
    declared = {part for fact in facts if fact.is_declared for part in fact.parts}
    assert {(one.before.key, one.after.key) for one in made.renames} == {
        (RECORDED[name], keys[name]) for name in renamed & declared
    }
