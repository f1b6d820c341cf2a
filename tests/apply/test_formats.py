"""States of older formats, as they lie in stores out there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.apply.journal import hold
from reconciler.apply.states import load_state, save_state
from reconciler.model import (
    STATE_FORMAT,
    Action,
    Address,
    DriftSort,
    ReconcilerError,
    State,
    Status,
    StoreError,
    WorkOrder,
    state_from_json,
    state_to_json,
)
from reconciler.model.json import UPGRADES
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import EVE, INVITE, TODAY, terms

OLDEST = Path(__file__).parents[1] / "data" / "state-1.0.json"


def test_a_state_of_the_first_format_is_read_with_everything_in_it() -> None:
    state = state_from_json(OLDEST.read_bytes())
    content = json.loads(OLDEST.read_bytes())
    assert (state.organization, state.lineage, state.serial) == ("acme-bc", content["lineage"], content["serial"])
    assert {str(address) for address in state.records} == content["records"].keys()
    assert {record.identity for record in state.records.values()} == {
        record["identity"] for record in content["records"].values()
    }
    assert all(record.status is Status.ACTIVE for record in state.records.values())
    assert (state.in_doubt, state.deferred, len(state.removals)) == ({}, {}, len(content["removals"]))


def test_every_format_leads_to_the_present_one() -> None:
    steps = [*UPGRADES, STATE_FORMAT]
    assert [target for target, _ in UPGRADES.values()] == steps[1:]


def test_a_change_in_doubt_survives_the_upgrade() -> None:
    state = State(organization="bc", lineage="l1", serial=3, in_doubt={EVE: INVITE})
    early = state_to_json(state).replace(b'"format_version":"1.4"', b'"format_version":"1.0"')
    assert state_from_json(early) == state


def test_a_stored_state_is_written_in_the_present_format_with_its_next_change(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    with hold(store, "acme-bc", purpose="test", terms=terms()) as lease:
        store.write("acme-bc", OLDEST.read_bytes(), replacing=None, token=lease.token)
        loaded = load_state(store, "acme-bc")
        assert save_state(store, loaded, loaded.state, token=lease.token) == loaded
        save_state(store, loaded, replace(loaded.state, records={}), token=lease.token)
    snapshot = store.read("acme-bc").snapshot
    assert snapshot is not None
    assert json.loads(snapshot)["format_version"] == STATE_FORMAT
    assert store.read_past("acme-bc", store.history("acme-bc")[0].version) == OLDEST.read_bytes()


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_a_newer_format_is_refused_before_anything_is_lost(tmp_path: Path, version: str) -> None:
    store = LocalFileStore(tmp_path)
    content = {**json.loads(state_to_json(State(organization="bc"))), "format_version": version, "mood": "good"}
    with hold(store, "bc", purpose="test", terms=terms()) as lease:
        store.write("bc", json.dumps(content).encode(), replacing=None, token=lease.token)
    with pytest.raises(StoreError, match=f"format {version}") as caught:
        load_state(store, "bc")
    assert "newer" in caught.value.advice


def test_what_had_another_name_in_an_older_format_is_kept() -> None:
    """A field that nobody knows any more would be dropped without a word."""
    address, day = "acme-bc/member/eve", "2026-11-20"
    known = {"address": address, "first_seen": day, "live": "x"}
    used = {"allow": "invite", "address": address, "reason": "HR-9", "until": "2026-12-31", "used_on": day}
    early = {
        "format_version": "1.3",
        "organization": "acme-bc",
        "quarantined": {address: {"reason": "no account", "since": day, "tried": day}},
        "used_consents": [used],
        "drift": {address: {**known, "sort": "appeared"}},
    }
    state = state_from_json(json.dumps(early).encode())
    eve = Address.parse(address)
    assert state.deferred[eve].reason == "no account"
    assert (state.used_approvals[0].approve, str(state.used_approvals[0].expires)) == ("invite", "2026-12-31")
    assert state.drift[eve].sort is DriftSort.ADDED_OUTSIDE


@pytest.mark.parametrize(
    "damage", [{"used_consents": 7}, {"used_consents": [7]}, {"drift": {"bc/member/eve": {}}}, {"in_doubt": [1]}]
)
def test_an_older_state_that_is_damaged_is_said_to_be(damage: dict[str, object]) -> None:
    content = {"format_version": "1.3", "organization": "bc", **damage}
    with pytest.raises(ReconcilerError, match="the state is damaged"):
        state_from_json(json.dumps(content).encode())


def test_a_change_in_doubt_keeps_what_let_it_through() -> None:
    asked = replace(INVITE, approval="HR-9", approval_terms=("HR-9", TODAY))
    state = State(organization="bc", lineage="l1", serial=3, in_doubt={EVE: asked})
    early = state_to_json(state).replace(b'"format_version":"1.4"', b'"format_version":"1.3"')
    early = early.replace(b'"approval"', b'"consent"').replace(b'"approval_terms"', b'"consent_terms"')
    assert state_from_json(early) == state


def test_an_order_of_a_state_that_knows_no_due_days_is_due_when_it_ends() -> None:
    issued = datetime(2026, 11, 20, 9, tzinfo=UTC)
    order = WorkOrder(
        id="wo-1",
        operation="o",
        address=EVE,
        action=Action.INVITE,
        system="business_center",
        actor_role="an admin of bc",
        title="Invite eve",
        steps=("Do it",),
        reason="declared",
        issued=issued,
        expires=issued + timedelta(days=30),
    )
    state = State(organization="bc", lineage="l1", serial=3, orders={"wo-1": order})
    early = state_to_json(state).replace(b'"due":null,', b"")
    assert b"due" not in early
    assert state_from_json(early) == state
    assert order.deadline == order.expires
    dated = replace(state, orders={"wo-1": replace(order, due=TODAY)})
    assert state_from_json(state_to_json(dated)) == dated
