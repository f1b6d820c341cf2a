"""Which lines stand behind what is declared; the JSON of `who` and `access` shows them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.engine.entitlements import change_days, days_of, declare, find_conflicts, on_day
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Declared, Entitlement, Place
from reconciler.systems.catalogue import get_system
from tests.manifests.given import the_long_way
from tests.tiers import scaled

MANIFEST = """\
version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin}
    ad_accounts: {us: {id: "7"}}
    pixels:
      web: {id: "8", access: [ana, ana], ad_accounts: [us, us]}
    asset_groups:
      group: {ad_accounts: [us], access: {ana: operator}}
    partners:
      north: {id: "9", shares: {us: analyst}}
"""


def test_what_gives_nobody_a_role_or_days_has_no_entitlements_and_access_has_one_for_each_line() -> None:
    manifests = load_manifests([SourceFile("access/all.yaml", MANIFEST.encode())])
    resources = manifests.require_desired().resources["bc"]
    behind = {
        address.kind: [one.place.column for one in declared.entitlements]
        for address, declared in resources.items()
        if len(address.parts) == 2
    }
    assert behind == {
        "pixel_access": [31, 36],
        "pixel_use": [],
        "asset_group_asset": [],
        "asset_group_access": [43],
        "partner_share": [33],
    }
    places = [one.place for address, one in resources.items() if address.kind == "pixel_use"]
    assert [(place.line, place.column) for place in places] == [(12, 56)]


def test_what_one_line_says_is_all_that_is_declared() -> None:
    """Field by field, whatever fields there are."""
    line = """{role: admin, finance: manager, starts: 2026-01-01, expires: 2026-01-08, reason: R, protect: true,
        break_glass: true, reviewed_by: bo, details: {answer: a}}"""
    text = MANIFEST.replace("ana: admin, bo: admin}", f"group:all: {line}, bo: admin}}") + "groups: {all: [ana]}\n"
    manifests = load_manifests([SourceFile("access/all.yaml", text.replace("[ana]}", "{members: [ana]}}").encode())])
    declared = manifests.readable.resources["bc"][Address("bc", "member", "ana")]
    (one,) = declared.entitlements
    for name in (field.name for field in fields(Entitlement)):
        assert getattr(declared, name) == getattr(one, name)
        assert getattr(one, name) not in ("", None, False, {}), name


TODAY = date(2026, 11, 29)
DAYS = st.none() | st.integers(-2, 6).map(lambda days: TODAY + timedelta(days))
LINES = st.lists(
    st.builds(
        lambda role, starts, expires: Entitlement(
            attributes={"role": role}, place=Place("a", 1, 1), starts=starts, expires=expires
        ),
        st.sampled_from(["admin", "standard", "analyst"]),
        DAYS,
        DAYS,
    ),
    max_size=9,
)


@given(LINES)
@settings(max_examples=scaled(1_000))
def test_a_line_is_in_conflict_where_an_earlier_one_gives_something_else_on_a_day(lines: list[Entitlement]) -> None:
    """Judged by looking at each two lines on each day; of several the one that holds on the first such day is named."""
    days = [TODAY + timedelta(offset) for offset in range(8)]
    wanted = {}
    for late, line in enumerate(lines):
        others = [(early, one) for early, one in enumerate(lines[:late]) if one.attributes != line.attributes]
        for day in days:
            found = [early for early, one in others if line.holds_on(day) and one.holds_on(day)]
            if found:
                wanted[late] = found[0]
                break
    assert find_conflicts(lines, TODAY) == wanted


FLAGGED = st.lists(
    st.builds(
        lambda given, starts, expires, protect, through, column: Entitlement(
            attributes=given,
            place=Place("a", 1, column),
            starts=starts,
            expires=expires,
            protect=protect,
            through=through,
        ),
        st.sampled_from(
            [
                {"role": "admin"},
                {"role": "standard"},
                {"role": "standard", "finance": "manager"},
                {"role": "admin", "finance": "analyst"},
            ]
        ),
        DAYS,
        DAYS,
        st.sampled_from([None, True, False]),
        st.sampled_from(["", "group:a", "group:b"]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=7,
)


def join_by_hand(declared: Declared, day: date) -> Declared | None:
    """What all lines give together on a day, looked up line by line and day by day."""
    lines = declared.lines
    holding = [one for one in lines if one.holds_on(day)]
    if not holding:
        return None
    weakest_first = {"role": ["standard", "admin"], "finance": ["analyst", "manager"]}
    given = {
        name: max(
            (one.attributes[name] for one in holding if name in one.attributes), key=lambda word: words.index(str(word))
        )
        for name, words in weakest_first.items()
        if any(name in one.attributes for one in holding)
    }
    first = min(
        holding,
        key=lambda one: (
            one.attributes["role"] != given["role"],
            one.attributes != given,
            one.through != "",
            date.max - (one.expires or date.max),
            one.starts or date.min,
            one.through,
        ),
    )
    before = after = day
    while before > TODAY - timedelta(9) and any(one.holds_on(before - timedelta(1)) for one in lines):
        before -= timedelta(1)
    while after < TODAY + timedelta(9) and any(one.holds_on(after) for one in lines):
        after += timedelta(1)
    said = [one for one in lines if one.protect is not None and (one.starts is None or one.starts <= day)]
    return replace(
        declared,
        attributes=given,
        place=first.place,
        through=first.through,
        starts=None if before == TODAY - timedelta(9) else before,
        expires=None if after == TODAY + timedelta(9) else after,
        protect=any(one.protect and one.holds_on(day) for one in said) if said else None,
    )


@given(FLAGGED)
@settings(max_examples=scaled(1_000))
def test_a_sweep_over_the_days_tells_what_is_on_each_of_them(lines: list[Entitlement]) -> None:
    system, address = get_system("business_center", ""), Address("bc", "member", "ana")
    declared = declare(address, lines, system=system, today=TODAY)
    swept = dict(days_of(declared, TODAY, system))
    assert list(swept) == [TODAY, *change_days((declared,), TODAY)]
    for day, item in swept.items():
        is_there = any(one.holds_on(day) for one in lines)
        assert item == (on_day(declared, day, system) if is_there else None)
        assert item == (join_by_hand(declared, day) if len(lines) > 1 else declared if is_there else None)


WHO = ["ana", "bo", "dee", "x@acme.example", "X@acme.example", "ana@acme.example", "y@new.example", "a/b@acme.example",
       "ü@acme.example", "group:all", "group:none", "cy", "a+b@acme.example", "@acme.example"]  # fmt: skip
VALUES = st.sampled_from(
    ["admin", "admin", "standard", "standard", "boss", "{role: admin}", "{role: standard, reason: R}"]
)
PEOPLE = """people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example, ends: 2026-12-01}
  dee: {name: Dee, identities: {tiktok: "@dee"}}
groups: {all: {members: [ana, bo, x@acme.example]}}
organizations:
"""


@given(st.lists(st.dictionaries(st.sampled_from(WHO), VALUES), min_size=1, max_size=3))
@settings(max_examples=scaled(500))
def test_usual_lines_give_what_they_give_the_long_way(organizations: list[dict[str, str]]) -> None:
    text = f"version: 1\n{PEOPLE}"
    for number, members in enumerate(organizations):
        lines = "".join(f'      "{who}": {value}\n' for who, value in members.items())
        text += f'  o{number}:\n    system: business_center\n    id: "{number}"\n    members:\n'
        text += f"{lines}      z@b.example: admin\n"
    file = SourceFile("access/all.yaml", text.encode())
    usual = load_manifests([file], today=TODAY)
    with the_long_way():
        long = load_manifests([file], today=TODAY)
    assert long == usual
    assert [list(found) for found in long.readable.resources.values()] == [
        list(found) for found in usual.readable.resources.values()
    ]
