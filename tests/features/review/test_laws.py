"""Who gains and who loses is judged by a model that knows nothing of claims: it looks at every single day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.features.review.model import Effect, Revision
from reconciler.features.review.review import review
from tests.features.review.given import revision

TODAY = date(2026, 11, 22)
DAYS = [TODAY + timedelta(days=number) for number in range(12)]
ROLES = ("analyst", "operator", "admin")
MEMBER_ROLES = ("standard", "admin")
FINANCE = ("analyst", "manager")
NAMED, GROUPED = ("p1", "p2"), ("p3", "p4")
ASSETS = ("us", "de")

Document = dict[str, Any]
Atom = tuple[str, str, date, str]
"""Who, on what, on which day, may do what."""

SPANS = st.sampled_from([(None, None), (None, 3), (None, 8), (3, None), (3, 8), (2, 5), (5, 9)])


def dated(value: Mapping[str, Any], span: tuple[int | None, int | None]) -> dict[str, Any]:
    starts, ends = span
    days = {"starts": starts, "expires": ends}
    return {**value, **{name: (TODAY + timedelta(days=day)) for name, day in days.items() if day is not None}}


@st.composite
def memberships(draw: st.DrawFn) -> dict[str, Any]:
    member = dated({"role": draw(st.sampled_from(MEMBER_ROLES))}, draw(SPANS))
    finance = draw(st.sampled_from([None, *FINANCE]))
    return {**member, "finance": finance} if finance else member


@st.composite
def grants(draw: st.DrawFn, members: Mapping[str, Any]) -> dict[str, Any]:
    who = draw(st.sets(st.sampled_from([*members, "group:g"]))) if members else set()
    return {name: dated({"role": draw(st.sampled_from(ROLES))}, draw(SPANS)) for name in sorted(who)}


@st.composite
def worlds(draw: st.DrawFn) -> Document:
    people = sorted(draw(st.sets(st.sampled_from(NAMED))) | set(GROUPED))
    members = {person: draw(memberships()) for person in people}
    named = {person: member for person, member in members.items() if person in NAMED}
    listed = draw(st.sets(st.sampled_from(GROUPED)))
    return {
        "people": {person: {"email": f"{person}@acme.example"} for person in (*NAMED, *GROUPED)},
        "groups": {"g": {"members": sorted(listed)}},
        "organizations": {
            "bc": {
                "system": "business_center",
                "id": "6900000000000000001",
                "members": members,
                "ad_accounts": {
                    key: {"id": f"710000000000000000{number}", "access": draw(grants(named))}
                    for number, key in enumerate(ASSETS)
                },
                "asset_groups": {
                    "all": {
                        "ad_accounts": sorted(draw(st.sets(st.sampled_from(ASSETS), min_size=1))),
                        "access": draw(grants(named)),
                    }
                },
            }
        },
    }


def holds(value: Mapping[str, Any], day: date) -> bool:
    return value.get("starts", day) <= day and (value.get("expires") is None or day < value["expires"])


def up_to(order: tuple[str, ...], role: str, name: str) -> list[str]:
    return [f"{name} {one}" for one in order[: order.index(role) + 1]]


def atoms(world: Document) -> set[Atom]:
    """Everything anybody may do on any day: whoever has a role has all lower ones."""
    return set(_atoms(world))


def _atoms(world: Document) -> Iterator[Atom]:
    center = world["organizations"]["bc"]
    for day in DAYS:
        for person, member in center["members"].items():
            if not holds(member, day):
                continue
            may = up_to(MEMBER_ROLES, member["role"], "role")
            may += up_to(FINANCE, member["finance"], "finance") if "finance" in member else []
            yield from ((person, "bc", day, one) for one in may)
            for on, role in _roles(world, person, day):
                yield from ((person, on, day, one) for one in up_to(ROLES, role, "role"))


def _roles(world: Document, person: str, day: date) -> Iterator[tuple[str, str]]:
    center = world["organizations"]["bc"]
    names = {person, *(["group:g"] if person in world["groups"]["g"]["members"] else [])}
    for key, account in center["ad_accounts"].items():
        yield from ((key, one["role"]) for who, one in account["access"].items() if who in names and holds(one, day))
    group = center["asset_groups"]["all"]
    for who, one in group["access"].items():
        if who in names and holds(one, day):
            yield "all", one["role"]
            yield from ((key, one["role"]) for key in group["ad_accounts"])


def as_revision(world: Document) -> Revision:
    return revision("r", {"a.yaml": yaml.safe_dump(world)})


def cell(atom: Atom) -> tuple[str, str]:
    return atom[0], atom[1]


@given(before=worlds(), after=worlds())
def test_whoever_may_do_more_on_any_day_gains_and_whoever_may_do_less_loses(before: Document, after: Document) -> None:
    made = review(as_revision(before), as_revision(after), today=TODAY)
    assert not made.head.problems
    assert not made.base.problems
    had, has = atoms(before), atoms(after)
    gaining, losing = set(map(cell, has - had)), set(map(cell, had - has))
    told = {(change.subject.key, change.on.key): change.effect for change in made.access}
    assert {one for one, effect in told.items() if effect in {Effect.GAIN, Effect.BOTH}} == gaining
    assert {one for one, effect in told.items() if effect in {Effect.LOSS, Effect.BOTH}} == losing


@given(world=worlds())
def test_nothing_differs_from_itself(world: Document) -> None:
    assert review(as_revision(world), as_revision(world), today=TODAY).is_empty


@given(before=worlds(), after=worlds())
def test_the_way_back_turns_gains_into_losses(before: Document, after: Document) -> None:
    there = review(as_revision(before), as_revision(after), today=TODAY)
    back = review(as_revision(after), as_revision(before), today=TODAY)
    turn = {Effect.GAIN: Effect.LOSS, Effect.LOSS: Effect.GAIN}
    assert {(one.subject, one.on, one.effect) for one in there.access} == {
        (one.subject, one.on, turn.get(one.effect, one.effect)) for one in back.access
    }
