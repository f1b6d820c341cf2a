"""Plans and states survive being saved, and what this version cannot read is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import (
    KINDS,
    Action,
    Address,
    Blocked,
    Change,
    Deferral,
    Drift,
    Finding,
    Guard,
    LeftOut,
    Mode,
    OrganizationPlan,
    Place,
    Plan,
    ReconcilerError,
    Record,
    Resource,
    Severity,
    State,
    Status,
    Waiting,
    plan_from_json,
    plan_to_json,
    state_from_json,
    state_to_json,
)

NAMES = st.text(st.characters(exclude_categories=["C"], exclude_characters="/"), min_size=1, max_size=5)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
DAYS = st.dates()
ATTRIBUTES = st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3).map(tuple), max_size=3)
PLACES = st.builds(Place, TEXTS, st.integers(1, 99), st.integers(1, 99))
FINDINGS = st.builds(
    Finding,
    id=TEXTS,
    message=TEXTS,
    severity=st.sampled_from(Severity),
    place=st.none() | PLACES,
    related=st.lists(PLACES, max_size=2).map(tuple),
)


def addresses(organization: str) -> st.SearchStrategy[Address]:
    """Those an organization can have: as many keys as the kind names."""
    kinds = st.sampled_from(sorted(KINDS.values(), key=lambda kind: kind.name))
    return kinds.flatmap(
        lambda kind: st.lists(NAMES, min_size=max(1, len(kind.parents)), max_size=max(1, len(kind.parents))).map(
            lambda keys: Address(organization, kind.name, "/".join(keys))
        )
    )


def resources(address: Address) -> st.SearchStrategy[Resource]:
    return st.builds(
        Resource,
        address=st.just(address),
        attributes=ATTRIBUTES,
        status=st.sampled_from(Status),
        identity=TEXTS,
        since=st.none() | DAYS,
        pending=ATTRIBUTES,
    )


def changes(address: Address) -> st.SearchStrategy[Change]:
    return st.builds(
        Change,
        address=st.just(address),
        action=st.sampled_from(Action),
        before=st.none() | resources(address),
        after=st.none() | resources(address),
        fingerprint=TEXTS,
        why=TEXTS,
        place=st.none() | PLACES,
        needs=st.lists(addresses(address.organization), max_size=2).map(tuple),
        exempt=st.booleans(),
    )


def parts(organization: str) -> st.SearchStrategy[OrganizationPlan]:
    of = addresses(organization)
    made = of.flatmap(changes)
    actions = st.sampled_from(Action)
    return st.builds(
        OrganizationPlan,
        organization=st.just(organization),
        system=TEXTS,
        mode=st.sampled_from(Mode),
        lineage=TEXTS,
        serial=st.integers(0, 9),
        changes=st.lists(made, max_size=2, unique_by=lambda change: change.address).map(tuple),
        waiting=st.lists(
            st.builds(Waiting, address=of, action=actions, on=TEXTS, why=TEXTS, after=of.flatmap(resources)), max_size=1
        ).map(tuple),
        blocked=st.lists(st.builds(Blocked, change=made, guard=st.sampled_from(Guard), message=TEXTS), max_size=1).map(
            tuple
        ),
        left_out=st.lists(st.builds(LeftOut, address=of, reason=TEXTS, since=DAYS), max_size=1).map(tuple),
        drift=st.lists(st.builds(Drift, address=of, expected=of.flatmap(resources), live=st.none()), max_size=1).map(
            tuple
        ),
    )


def records(address: Address) -> st.SearchStrategy[Record]:
    return st.builds(Record, address=st.just(address), attributes=ATTRIBUTES, since=DAYS)


def states(organization: str) -> st.SearchStrategy[State]:
    of = addresses(organization)
    return st.builds(
        State,
        organization=st.just(organization),
        lineage=TEXTS,
        serial=st.integers(0, 10**12),
        records=st.lists(of.flatmap(records), max_size=3).map(lambda found: {one.address: one for one in found}),
        deferred=st.dictionaries(of, st.builds(Deferral, reason=TEXTS, since=DAYS, tried=DAYS), max_size=2),
        removals=st.dictionaries(DAYS, st.integers(0, 99), max_size=2),
        invitations=st.dictionaries(DAYS, st.integers(0, 99), max_size=2),
        in_doubt=st.lists(of.flatmap(changes), max_size=2).map(lambda found: {one.address: one for one in found}),
    )


PLANS = st.builds(
    Plan,
    today=DAYS,
    tool_version=TEXTS,
    manifests=TEXTS,
    organizations=st.lists(NAMES.flatmap(parts), max_size=2, unique_by=lambda part: part.organization).map(tuple),
    findings=st.lists(FINDINGS, max_size=2).map(tuple),
    targets=st.lists(TEXTS, max_size=2).map(tuple),
)
STATES = NAMES.flatmap(states)
STATE = State(
    organization="acme", records={Address("acme", "member", "ana"): Record(address=Address("acme", "member", "ana"))}
)


@given(PLANS)
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    text = plan_to_json(plan)
    assert plan_from_json(text) == plan
    assert plan_to_json(plan_from_json(text)) == text


@given(STATES)
def test_a_state_comes_back_as_it_was(state: State) -> None:
    data = state_to_json(state)
    assert state_from_json(data) == state
    assert state_to_json(state_from_json(data)) == data


def test_addresses_come_back_as_addresses() -> None:
    (address,) = state_from_json(state_to_json(STATE)).records
    assert address.kind == "member"


def test_a_state_has_one_canonical_form() -> None:
    want = (
        b'{"audit":null,"deferred":{},"drift":{},"format_version":"1.4","in_doubt":{},"invitations":{},"lineage":"",'
        b'"looked":{},"orders":{},"organization":"acme",'
        b'"records":{"acme/member/ana":{"address":"acme/member/ana","asked":0,"asked_on":null,"attributes":{},'
        b'"confirmed":{},"ends":null,"formerly":[],"granted":null,"identity":"","implied":{},"implied_by":"","platform_id":"","protect":false,"since":null,'
        b'"status":"active","unread":[]}},"removals":{},"rosters":{},"serial":0,"used_approvals":[],"waits":{}}\n'
    )
    assert state_to_json(STATE) == want
    records = {Address("acme", "member", key): Record(address=Address("acme", "member", key)) for key in "ba"}
    assert state_to_json(replace(STATE, records=records)) == state_to_json(
        replace(STATE, records=dict(reversed(records.items())))
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"format_version":"2.0"}', "the state has format 2.0, but this version reads 1.4"),
        (b'{"format_version":"10.0"}', "the state has format 10.0, but this version reads 1.4"),
        (b'{"format_version":"1.5"}', "the state has format 1.5, but this version reads 1.4"),
        (b'{"format_version":"1"}', "the state has format 1, but this version reads 1.4"),
        (b'{"format_version":1}', "this is no state: it has no format_version"),
        (b"{}", "this is no state: it has no format_version"),
        (b"[]", "this is no state: it has no format_version"),
        (b"{", "the state is not JSON at line 1 column 2"),
        (b'{"format_version":"1.0"}', "the state is damaged: organization must not be missing"),
    ],
)
def test_what_is_no_state_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ReconcilerError) as caught:
        state_from_json(data)
    assert caught.value.message == message


def test_a_plan_of_another_format_is_refused_with_advice() -> None:
    with pytest.raises(ReconcilerError, match="the plan has format 2") as caught:
        plan_from_json('{"format_version": "2.0"}')
    assert "newer" in caught.value.advice


@pytest.mark.parametrize("data", [b"\xff", b"[" * 100_000, b'"', b"nul"])
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    with pytest.raises(ReconcilerError, match="is not JSON"):
        state_from_json(data)


MEMBER = {
    "address": "acme/member/eve",
    "action": "remove",
    "before": None,
    "after": None,
    "fingerprint": "f",
    "why": "",
}


def part(*changes: object, organization: str = "acme") -> dict[str, object]:
    values = {"organization": organization, "system": "developers", "mode": "additive", "lineage": "", "serial": 0}
    return {**values, "changes": changes}


@pytest.mark.parametrize(
    ("parts", "damage"),
    [
        (
            [part({**MEMBER, "address": "acme/crown/eve"})],
            "acme/crown/eve is of a kind that this version does not know",
        ),
        (
            [part({**MEMBER, "address": "acme/ad_account_access/eve"})],
            "acme/ad_account_access/eve does not name one access to ad account",
        ),
        ([part({**MEMBER, "address": "other/member/eve"})], "other/member/eve does not belong to acme"),
        (
            [part({**MEMBER, "before": {"address": "acme/member/ana"}})],
            "acme/member/eve is said of acme/member/ana",
        ),
        ([part(MEMBER, MEMBER)], "acme/member/eve changes twice"),
        ([part(), part()], "acme is in it twice"),
    ],
)
def test_a_plan_whose_addresses_do_not_fit_is_refused(parts: list[object], damage: str) -> None:
    text = json.dumps({"format_version": "1.0", "today": "2026-11-22", "organizations": parts})
    with pytest.raises(ReconcilerError) as caught:
        plan_from_json(text)
    assert caught.value.message == f"the plan is damaged: {damage}"


@pytest.mark.parametrize(
    ("values", "damage"),
    [
        (
            {"records": {"acme/crown/eve": {"address": "acme/crown/eve"}}},
            "acme/crown/eve is of a kind that this version does not know",
        ),
        ({"records": {"acme/member/eve": {"address": "acme/member/bo"}}}, "acme/member/eve is said of acme/member/bo"),
        (
            {"records": {"other/member/eve": {"address": "other/member/eve"}}},
            "other/member/eve does not belong to acme",
        ),
        (
            {"quarantined": {"acme/pixel_access/eve": {"reason": "", "since": "2026-11-22", "tried": "2026-11-22"}}},
            "acme/pixel_access/eve does not name one access to pixel",
        ),
        ({"in_doubt": {"acme/member/bo": MEMBER}}, "acme/member/bo is said of acme/member/eve"),
        ({"removals": {"2026-11-22": -5}}, "it counts -5 of something"),
        ({"serial": -1}, "it counts -1 of something"),
    ],
)
def test_a_state_whose_addresses_do_not_fit_is_refused(values: dict[str, object], damage: str) -> None:
    with pytest.raises(ReconcilerError) as caught:
        state_from_json(json.dumps({"format_version": "1.0", "organization": "acme", **values}).encode())
    assert caught.value.message == f"the state is damaged: {damage}"


def test_half_a_character_in_a_plan_is_told_by_its_escape() -> None:
    finding = Finding(id="x-y", message="\\\ud800 \\ud800 \U0001f600", place=Place("a\udc80.yaml", 1, 1))
    text = plan_to_json(Plan(today=date(2026, 11, 22), findings=(finding,)))
    assert text.isascii()
    (read,) = plan_from_json(text).findings
    assert (read.message, read.place) == ("\\\\ud800 \\ud800 \U0001f600", Place("a\\udc80.yaml", 1, 1))
