"""Editing the state by hand, looking back at it, and moving it to another store."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply.journal import Lease, hold, intent_record, run_record
from reconciler.apply.states import load_state, read_history, read_state, read_state_as_of, save_state, verify_state
from reconciler.audit.log import AuditLog
from reconciler.cli.app import App
from reconciler.features.records import migrate
from reconciler.model import (
    Action,
    Address,
    Deferral,
    LeaseLost,
    OrderStatus,
    Record,
    State,
    StateConflict,
    StateLocked,
    StateStore,
    StoreError,
    WorkOrder,
    state_to_json,
)
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import EVE, INVITE, NOW, ORIGIN, TODAY, editor, state, terms

ANA, BO = Address("bc", "member", "ana"), Address("bc", "member", "bo")


def save(store: StateStore, given: State) -> State:
    with hold(store, given.organization, purpose="test", terms=terms()) as lease:
        return save_state(store, load_state(store, given.organization), given, token=lease.token).state


def leave_unfinished(store: StateStore) -> None:
    """An apply that died after its first intent."""
    with hold(store, "bc", purpose="test", terms=terms()) as lease:
        serial = read_state(store, "bc").serial
        begin = run_record(ORIGIN, lineage="l1", serial=serial + 1, at=NOW)
        store.append("bc", begin, token=lease.token)
        store.append("bc", intent_record(INVITE, serial=serial + 2), token=lease.token)


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    made = LocalFileStore(tmp_path / "state")
    save(made, state(ANA, BO))
    return made


def written_down(store: StateStore) -> list[tuple[str, str, str, str]]:
    return [
        (record.origin.operator, entry.action, entry.address, entry.detail)
        for record in AuditLog(store).records()
        for entry in record.entries
    ]


def test_what_is_forgotten_is_gone_and_written_down(store: LocalFileStore) -> None:
    editor(store).forget([ANA])
    assert set(read_state(store, "bc").records) == {BO}
    assert written_down(store) == [("ana", "state_rm", "bc/member/ana", "")]


def test_a_moved_record_keeps_everything_and_remembers_its_address(store: LocalFileStore) -> None:
    before = read_state(store, "bc").records[ANA]
    editor(store).move(ANA, EVE)
    assert read_state(store, "bc").records == {
        BO: read_state(store, "bc").records[BO],
        EVE: replace(before, address=EVE, formerly=("ana",)),
    }
    assert written_down(store) == [("ana", "state_mv", "bc/member/ana", "bc/member/eve")]


def an_order(name: str, address: Address, *, actor: str = "ana") -> WorkOrder:
    return WorkOrder(
        id=name,
        operation="organization_account.invite_by_email",
        address=address,
        action=Action.INVITE,
        system="organization_account",
        actor=actor,
        actor_role="an admin of bc",
        title="Invite",
        steps=("Do it",),
        reason="declared",
        issued=NOW,
    )


def test_what_people_were_asked_for_moves_along(store: LocalFileStore) -> None:
    orders = {"wo-1": an_order("wo-1", EVE), "wo-2": an_order("wo-2", BO, actor="eve")}
    save(store, replace(read_state(store, "bc"), orders=orders))
    eva = EVE._replace(key="eva")
    editor(store).move(EVE, eva)
    moved = read_state(store, "bc").orders
    assert (moved["wo-1"].address, moved["wo-2"].actor) == (eva, "eva")
    assert written_down(store) == [("ana", "state_mv", "bc/member/eve", "bc/member/eva")]


def test_a_whole_organization_is_forgotten_with_all_that_people_were_asked_for(store: LocalFileStore) -> None:
    whole = Address("bc", "organization", "bc")
    save(store, replace(read_state(store, "bc"), orders={"wo-1": an_order("wo-1", EVE)}))
    editor(store).forget([whole])
    left = read_state(store, "bc")
    assert (left.records, left.rosters, left.orders["wo-1"].status) == ({}, {}, OrderStatus.SUPERSEDED)
    assert written_down(store) == [("ana", "state_rm", "bc/organization/bc", "all of it; withdrawn: wo-1")]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda store: editor(store).forget([Address("no", "organization", "no")]), "nothing is recorded of no"),
        (lambda store: editor(store).forget([ANA, EVE]), "nothing is recorded of bc/member/eve"),
        (lambda store: editor(store).move(EVE, ANA), "nothing is recorded of bc/member/eve"),
        (lambda store: editor(store).move(ANA, BO), "bc/member/bo is there already"),
        (lambda store: editor(store).move(ANA, Address("dev", "member", "ana")), "stays in its organization"),
        (lambda store: editor(store).move(ANA, Address("bc", "app", "ana")), "of its kind"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    store: LocalFileStore, edit: Callable[[StateStore], None], why: str
) -> None:
    before = read_state(store, "bc")
    with pytest.raises(StoreError, match=why):
        edit(store)
    assert (read_state(store, "bc"), written_down(store)) == (before, [])


def test_a_pulled_state_that_was_edited_can_be_pushed(store: LocalFileStore) -> None:
    edited = replace(read_state(store, "bc"), records={})
    pushed = editor(store).push("bc", state_to_json(edited))
    assert (read_state(store, "bc"), pushed.records) == (pushed, {})
    assert [action for _, action, _, _ in written_down(store)] == ["state_push"]


@pytest.mark.parametrize(
    ("change", "why"), [({"lineage": "l2"}, "has lineage l2"), ({"serial": 7}, "has serial 7, but that of bc is at 8")]
)
def test_a_state_that_is_another_or_older_is_not_pushed(
    store: LocalFileStore, change: dict[str, str | int], why: str
) -> None:
    other = replace(read_state(store, "bc"), **change)  # type: ignore[arg-type]  # one of two fields, each of its type
    with pytest.raises(StateConflict, match=why):
        editor(store).push("bc", state_to_json(other))


def test_the_state_of_another_organization_is_not_pushed(store: LocalFileStore) -> None:
    with pytest.raises(StoreError, match="this is not the state of bc but that of dev"):
        editor(store).push("bc", state_to_json(State(organization="dev")))


@pytest.mark.parametrize(
    "edit",
    [
        {"records": {Address("dev", "member", "ana"): Record(address=Address("dev", "member", "ana"))}},
        {"records": {ANA: Record(address=BO)}},
        {"deferred": {Address("dev", "member", "ana"): Deferral(reason="403", since=TODAY, tried=TODAY)}},
        {"in_doubt": {ANA: INVITE}},
    ],
)
def test_a_state_that_speaks_of_what_is_not_its_own_is_not_pushed(store: LocalFileStore, edit: dict[str, Any]) -> None:
    before = read_state(store, "bc")
    with pytest.raises(StoreError, match="the state is damaged: "):
        editor(store).push("bc", state_to_json(replace(before, **edit)))
    assert read_state(store, "bc") == before


def test_a_state_of_a_newer_format_is_refused(store: LocalFileStore) -> None:
    newer = state_to_json(read_state(store, "bc")).replace(b'"format_version":"1.4"', b'"format_version":"2.0"')
    with pytest.raises(StoreError, match=r"format 2\.0"):
        editor(store).push("bc", newer)


def test_an_edit_keeps_what_an_unfinished_apply_left_in_doubt(store: LocalFileStore) -> None:
    leave_unfinished(store)
    editor(store).forget([ANA])
    loaded = load_state(store, "bc")
    assert (loaded.state.in_doubt, loaded.has_journal) == ({EVE: INVITE}, False)


def test_an_edit_waits_for_nobody_who_holds_the_organization(store: LocalFileStore) -> None:
    with hold(store, "bc", purpose="apply", terms=terms()), pytest.raises(StateLocked, match="apply"):
        editor(LocalFileStore(store._organizations.parent)).forget([ANA])  # noqa: SLF001  # a second instance


def test_a_lock_is_taken_away_by_its_id_and_written_down(store: LocalFileStore) -> None:
    store.acquire("bc", purpose="apply", ttl=terms().ttl)
    (lock,) = store.locks()
    editor(store).unlock(editor(store).get_lock(lock.id))
    assert store.locks() == []
    assert [(action, address) for _, action, address, _ in written_down(store)] == [
        ("state_unlock", "bc/organization/bc")
    ]
    with pytest.raises(StateConflict, match="there is no lock"):
        editor(store).get_lock(lock.id)


def check_until_lost(lease: Lease) -> None:
    """Until the next heartbeat."""
    while True:
        lease.check()
        time.sleep(0.05)


def test_a_holder_whose_lock_is_taken_away_stops_although_it_lives(store: LocalFileStore) -> None:
    with hold(store, "bc", purpose="apply", terms=terms(ttl=timedelta(seconds=1))) as lease:
        editor(store).unlock(editor(store).get_lock(lease.lock.id))
        with pytest.raises(LeaseLost):
            store.append("bc", b"late", token=lease.token)
        another = LocalFileStore(store._organizations.parent)  # noqa: SLF001  # a second instance
        with (
            hold(another, "bc", purpose="next", terms=terms()),
            pytest.raises(LeaseLost, match="the lock on bc is lost"),
        ):
            check_until_lost(lease)
    assert (store.locks(), load_state(store, "bc").has_journal) == ([], False)


def test_every_state_that_was_written_can_be_read_back(store: LocalFileStore) -> None:
    first = read_state(store, "bc")
    second = save(store, replace(first, records={}))
    assert [past.serial for past in read_history(store, "bc")] == [first.serial, second.serial]
    assert read_state_as_of(store, "bc", first.serial) == first
    assert read_state_as_of(store, "bc", second.serial) == read_state_as_of(store, "bc", 10**6) == second
    assert read_state_as_of(store, "bc", date(9999, 1, 1)) == second
    for too_early in (first.serial - 1, date(2000, 1, 1)):
        with pytest.raises(StoreError, match="nothing is kept of bc as of"):
            read_state_as_of(store, "bc", too_early)


def test_a_sound_store_has_nothing_to_complain_about(store: LocalFileStore) -> None:
    save(store, replace(read_state(store, "bc"), records={}))
    assert verify_state(store, "bc") == []


def test_a_damaged_state_is_found_wherever_it_lies(store: LocalFileStore, tmp_path: Path) -> None:
    save(store, replace(read_state(store, "bc"), records={}))
    older, newer = sorted((tmp_path / "state").rglob("0*.json"))
    good = older.read_bytes()
    older.write_bytes(good[:50])
    (problem,) = verify_state(store, "bc")
    assert older.stem in problem
    older.write_bytes(good.replace(b'"l1"', b'"l9"'))
    assert verify_state(store, "bc") == [f"bc: version {older.stem} has another lineage, l9"]
    newer.write_bytes(b"{}")
    assert "the state of bc cannot be read" in verify_state(store, "bc")[0]


def test_a_migration_carries_states_and_the_audit_log_and_can_be_repeated(
    store: LocalFileStore, tmp_path: Path
) -> None:
    save(store, State(organization="dev", lineage="l2"))
    editor(store).forget([ANA])
    target = App(root=tmp_path).open_store("sqlite:///moved/states.db")
    moved: list[tuple[str, int]] = []
    for _ in range(2):
        migrate(store, target, terms=terms(), on_moved=lambda key, records: moved.append((key, records)))
    assert moved == [("bc", 1), ("dev", 0)] * 2
    assert {key: read_state(target, key) for key in target.organizations()} == {
        key: read_state(store, key) for key in ("bc", "dev")
    }
    assert list(target.read_audit()) == list(store.read_audit())
    editor(target).forget([BO])
    assert AuditLog(target).verify().broken == ""
    with pytest.raises(StateConflict, match="the new store has"):
        migrate(store, target, terms=terms(), on_moved=lambda _key, _records: None)


def test_of_two_migrations_at_once_one_at_least_ends_well_and_nothing_is_doubled(
    store: LocalFileStore, tmp_path: Path
) -> None:
    for number in range(5):
        save(store, State(organization=f"org-{number}", lineage="l2"))
        editor(store).push(f"org-{number}", state_to_json(read_state(store, f"org-{number}")))

    def run(_number: int) -> bool:
        target = App(root=tmp_path).open_store("sqlite:///moved/states.db")
        try:
            migrate(LocalFileStore(tmp_path / "state"), target, terms=terms(), on_moved=lambda _key, _records: None)
        except (StateConflict, StateLocked):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert any(pool.map(run, range(2)))
    target = App(root=tmp_path).open_store("sqlite:///moved/states.db")
    assert list(target.read_audit()) == list(store.read_audit())
    assert target.organizations() == store.organizations()
    assert {len(target.history(key)) for key in target.organizations()} == {1}


def test_an_unfinished_apply_is_not_migrated(store: LocalFileStore, tmp_path: Path) -> None:
    leave_unfinished(store)
    with pytest.raises(StoreError, match="an apply of bc was cut off"):
        migrate(store, LocalFileStore(tmp_path / "new"), terms=terms(), on_moved=lambda _key, _records: None)
