"""Where the three worlds agree there is nothing to do: leaving it out of everything changes no plan.

The judge is the planner itself with every address in question. Worlds begin as everybody would have left them after an
apply; then some of what is declared, recorded or live of each line is another. Taking a condition out of
`drift._is_at_rest` makes this fail, but for those whose only trace is in the record that an apply would write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.engine import planner
from reconciler.engine.context import PlanningContext
from reconciler.engine.identities import Identities
from reconciler.engine.planner import Worlds, make_contexts, plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Declared, Desired, GuardSettings, Live, Plan, Record, Resource, State, Status
from tests.engine.given import read_case
from tests.tiers import scaled

CASES = Path(__file__).parents[1] / "cases"
PATHS = sorted([*(CASES / "plan").glob("*.yaml"), *(CASES / "drift").glob("*.yaml")])
TODAY = date(2026, 11, 22)
PAST, COMING = date(2026, 11, 1), date(2027, 1, 31)
KEY = "acme"


def everything(
    *, wanted: Mapping[Address, Declared], records: Mapping[Address, Record], live: Mapping[Address, Resource]
) -> tuple[Address, ...]:
    return tuple(dict.fromkeys((*wanted, *records, *live)))


def thought_through(worlds: Worlds, guards: GuardSettings) -> tuple[Plan, list[PlanningContext]]:
    contexts = make_contexts(worlds, guards)
    return plan(worlds, guards), contexts


def leaves_nothing_out(worlds: Worlds, guards: GuardSettings) -> None:
    made, contexts = thought_through(worlds, guards)
    with (
        mock.patch.object(planner, "find_in_question", everything),
        mock.patch.object(Identities, "keeps_all_names", return_value=False),
    ):
        whole, all_of_it = thought_through(worlds, guards)
    assert made == whole
    assert [(one.records, one.names) for one in contexts] == [(one.records, one.names) for one in all_of_it]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
@pytest.mark.full
def test_of_every_case_nothing_is_left_out(path: Path) -> None:
    case = read_case(path)
    leaves_nothing_out(case.worlds, case.settings)


MANIFEST: dict[str, Any] = {
    "people": {
        "ana": {"email": "ana@acme.example"},
        "bo": {"email": "bo@acme.example"},
        "cy": {"email": "cy@acme.example", "identities": {"business_center": "cy.bc@acme.example"}},
        "dee": {"email": "dee@acme.example", "ends": COMING},
    },
    "organizations": {
        KEY: {
            "system": "business_center",
            "id": "6900000000000000001",
            "members": {
                "x@north.example": {"role": "standard", "starts": PAST, "expires": COMING},
                "ana": "admin",
                "bo": {"role": "admin", "expires": COMING},
                "cy": {"role": "standard", "protect": True},
                "dee": {"role": "standard", "finance": "manager"},
            },
            "ad_accounts": {"us": {"id": "7100000000000000001", "access": {"cy": "operator", "dee": "analyst"}}},
            "tiktok_accounts": {
                "clips": {"handle": "@clips", "ownership": "client", "access": {"cy": ["post"]}, "ad_accounts": ["us"]}
            },
            "asset_groups": {"spring": {"ad_accounts": ["us"], "access": {"cy": "operator"}}},
            "partners": {"north": {"id": "6900000000000000002", "shares": {"us": "analyst"}}},
        },
    },
}


@cache
def desired(mode: str) -> Desired:
    organization = {**MANIFEST["organizations"][KEY], "mode": mode}
    text = json.dumps({"version": 1, **MANIFEST, "organizations": {KEY: organization}}, default=str).encode()
    loaded = load_manifests([SourceFile("a.yaml", text)], today=TODAY)
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


statuses = st.sampled_from(Status)
names = st.sampled_from(["", "role", "permissions", "presence"])
attributes = st.sampled_from(
    [{}, {"role": "admin"}, {"role": "standard"}, {"role": "operator"}, {"permissions": ("existing_posts", "post")}]
)
identities = st.sampled_from(
    [
        "",
        "ana@acme.example",
        "o*@acme.example",
        "a**@acme.example",
        "12345",
        "@clips",
        "@other",
        "cy@acme.example",
        "x@north.example",
    ]
)
numbers = st.sampled_from(["", "7200000000000000001"])
keys = st.sampled_from(["ana", "cy", "zoe", "zoe@acme.example", "cy.bc@acme.example", "us", "clips", "eu"])
days = st.sampled_from([None, PAST, TODAY, COMING])
ANOTHER = {
    "live": {
        "status": statuses,
        "attributes": attributes,
        "pending": attributes,
        "identity": identities,
        "platform_id": numbers,
        "name": st.sampled_from(["", "Ana", "@other"]),
        "implied_by": st.sampled_from(["", "the role Admin"]),
        "unread": names.map(lambda name: (name,) if name else ()),
        "since": days,
    },
    "recorded": {
        "status": statuses,
        "attributes": attributes,
        "granted": st.none() | attributes,
        "confirmed": attributes,
        "identity": identities,
        "platform_id": numbers,
        "implied_by": st.sampled_from(["", "the role Admin"]),
        "implied": attributes,
        "unread": names.map(lambda name: (name,) if name else ()),
        "asked": st.integers(0, 4),
        "asked_on": days,
        "since": days,
        "ends": days,
        "protect": st.booleans(),
    },
    "declared": {
        "attributes": attributes,
        "identity": identities,
        "protect": st.sampled_from([None, True, False]),
        "expires": days,
    },
}
"""World -> field -> what it may be instead."""


@st.composite
def alterations(draw: st.DrawFn) -> tuple[str, int, str, Any]:
    """World, line, field, value; without a field the line is not there, and with `KEY` it has another."""
    world = draw(st.sampled_from(sorted(ANOTHER)))
    field = draw(st.sampled_from([*ANOTHER[world], "", KEY]))
    if field == KEY:
        return world, draw(st.integers(0, 20)), field, draw(keys)
    return world, draw(st.integers(0, 20)), field, draw(ANOTHER[world][field]) if field else None


def worlds_of(mode: str, altered: list[tuple[str, int, str, Any]]) -> Worlds:
    """An organization that agrees in everything, but for that."""
    manifests = desired(mode)
    lines = manifests.resources[KEY]
    sides: dict[str, dict[Address, Any]] = {
        "declared": dict(lines),
        "live": {at: one.as_resource() for at, one in lines.items()},
        "recorded": {
            at: Record(
                address=at,
                attributes=one.attributes,
                granted=one.attributes,
                identity=one.identity,
                protect=bool(one.protect),
                ends=one.expires,
                since=PAST,
            )
            for at, one in lines.items()
        },
    }
    for world, number, field, value in altered:
        address, side = sorted(lines)[number % len(lines)], sides[world]
        if not field:
            side.pop(address, None)
        elif field == KEY and address in side:
            moved = address._replace(key="/".join([*address.parts[:-1], value]))
            side[moved] = replace(side.pop(address), address=moved)
        elif field != KEY and address in side:
            as_one_line: dict[str, Any] = {"joined": ()} if world == "declared" else {}
            side[address] = replace(side[address], **{field: value}, **as_one_line)
    return Worlds(
        desired=replace(manifests, resources={KEY: sides["declared"]}),
        recorded={KEY: State(organization=KEY, lineage="a", serial=1, records=sides["recorded"])},
        live={KEY: Live(organization=KEY, resources=sides["live"])},
        today=TODAY,
    )


@example("additive", [("recorded", 6, "", None), ("declared", 6, "identity", "x@north.example")])
@settings(max_examples=scaled(800), deadline=None)
@given(mode=st.sampled_from(["additive", "authoritative", "read_only"]), altered=st.lists(alterations(), max_size=3))
def test_leaving_out_what_agrees_changes_no_plan_and_no_record(mode: str, altered: list[Any]) -> None:
    leaves_nothing_out(worlds_of(mode, altered), GuardSettings())


def test_nothing_is_in_question_where_all_agrees_and_one_line_where_one_differs() -> None:
    for altered, count in ([], 0), ([("live", 1, "attributes", {"role": "admin"})], 1):
        (context,) = make_contexts(worlds_of("additive", altered), GuardSettings())
        assert len(context.in_question) == count
