"""Plans and states survive being saved, and what this version cannot read is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.address import Address
from reconciler.core.change import Blocked, Change, Drift, LeftOut, Unmanaged, Waiting
from reconciler.core.declared import Mode
from reconciler.core.errors import ReconcilerError
from reconciler.core.finding import Finding, Place, Severity
from reconciler.core.kinds import KINDS, Action
from reconciler.core.plan import OrganizationPlan, Plan
from reconciler.core.resource import Resource, Status
from reconciler.core.state import Quarantine, Record, State
from reconciler.manifests.saved import plan_from_json, plan_to_json, state_from_json, state_to_json

NAMES = st.text(st.characters(exclude_categories=["C"], exclude_characters="/"), min_size=1, max_size=5)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
DAYS = st.dates()
ADDRESSES = st.builds(Address, NAMES, st.sampled_from(sorted(KINDS)), NAMES)
ATTRIBUTES = st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3).map(tuple), max_size=3)
PLACES = st.builds(Place, TEXTS, st.integers(1, 99), st.integers(1, 99))
RESOURCES = st.builds(
    Resource,
    address=ADDRESSES,
    attributes=ATTRIBUTES,
    status=st.sampled_from(Status),
    identity=TEXTS,
    since=st.none() | DAYS,
    pending=ATTRIBUTES,
)
CHANGES = st.builds(
    Change,
    address=ADDRESSES,
    action=st.sampled_from(Action),
    before=st.none() | RESOURCES,
    after=st.none() | RESOURCES,
    fingerprint=TEXTS,
    why=TEXTS,
    place=st.none() | PLACES,
    needs=st.lists(ADDRESSES, max_size=2).map(tuple),
    exempt=st.booleans(),
)
FINDINGS = st.builds(
    Finding,
    id=TEXTS,
    message=TEXTS,
    severity=st.sampled_from(Severity),
    place=st.none() | PLACES,
    related=st.lists(PLACES, max_size=2).map(tuple),
)
PARTS = st.builds(
    OrganizationPlan,
    organization=NAMES,
    system=TEXTS,
    mode=st.sampled_from(Mode),
    lineage=TEXTS,
    serial=st.integers(0, 9),
    changes=st.lists(CHANGES, max_size=2).map(tuple),
    waiting=st.lists(
        st.builds(Waiting, address=ADDRESSES, action=st.sampled_from(Action), on=TEXTS, why=TEXTS, after=RESOURCES),
        max_size=1,
    ).map(tuple),
    blocked=st.lists(st.builds(Blocked, change=CHANGES, guard=TEXTS, message=TEXTS), max_size=1).map(tuple),
    left_out=st.lists(st.builds(LeftOut, address=ADDRESSES, reason=TEXTS, since=DAYS), max_size=1).map(tuple),
    unmanaged=st.lists(st.builds(Unmanaged, resource=RESOURCES), max_size=1).map(tuple),
    drift=st.lists(st.builds(Drift, address=ADDRESSES, recorded=RESOURCES, live=st.none()), max_size=1).map(tuple),
)
PLANS = st.builds(
    Plan,
    today=DAYS,
    tool_version=TEXTS,
    manifests=TEXTS,
    organizations=st.lists(PARTS, max_size=2).map(tuple),
    findings=st.lists(FINDINGS, max_size=2).map(tuple),
    targets=st.lists(TEXTS, max_size=2).map(tuple),
)
STATES = st.builds(
    State,
    organization=NAMES,
    lineage=TEXTS,
    serial=st.integers(0, 10**12),
    records=st.dictionaries(
        ADDRESSES, st.builds(Record, address=ADDRESSES, attributes=ATTRIBUTES, since=DAYS), max_size=3
    ),
    quarantined=st.dictionaries(ADDRESSES, st.builds(Quarantine, reason=TEXTS, since=DAYS, tried=DAYS), max_size=2),
    removals=st.dictionaries(DAYS, st.integers(0, 99), max_size=2),
    invitations=st.dictionaries(DAYS, st.integers(0, 99), max_size=2),
    in_doubt=st.dictionaries(ADDRESSES, CHANGES, max_size=2),
)
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
        b'{"format_version":"1.0","in_doubt":{},"invitations":{},"lineage":"","organization":"acme","quarantined":{},'
        b'"records":{"acme/member/ana":{"address":"acme/member/ana","asked":0,"asked_on":null,"attributes":{},'
        b'"identity":"","protect":false,"since":null,"status":"active"}},"removals":{},"serial":0}\n'
    )
    assert state_to_json(STATE) == want
    records = {Address("acme", "member", key): Record(address=Address("acme", "member", key)) for key in "ba"}
    assert state_to_json(replace(STATE, records=records)) == state_to_json(
        replace(STATE, records=dict(reversed(records.items())))
    )


def test_properties_of_a_later_minor_version_are_ignored() -> None:
    later = {**json.loads(state_to_json(STATE)), "format_version": "1.7", "mood": "good"}
    assert state_from_json(json.dumps(later).encode()) == STATE


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"format_version":"2.0"}', "the state has format 2.0, but this version reads 1.0"),
        (b'{"format_version":"10.0"}', "the state has format 10.0, but this version reads 1.0"),
        (b'{"format_version":1}', "this is no state: it has no format_version"),
        (b"{}", "this is no state: it has no format_version"),
        (b"[]", "this is no state: it has no format_version"),
        (b"{", "the state is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b'{"format_version":"1.0"}', "the state is damaged at organization: Field required"),
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
