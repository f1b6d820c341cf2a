"""The journal: what a snapshot lacks, told so that every fault is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.apply.journal import intent_record, join_records, outcome_record, replay, run_record
from reconciler.apply.states import StateBuilder
from reconciler.model import (
    Address,
    Applied,
    Change,
    Declared,
    Deferral,
    DriftSort,
    Failed,
    InDoubt,
    KnownDrift,
    Place,
    State,
    Status,
    StoredState,
    StoreError,
    Waits,
)
from reconciler.systems.catalogue import get_system
from tests.apply.given import EVE, INVITE, NOW, ORIGIN, REMOVE, TODAY, resource, state

SNAPSHOT = state()
INVITED = resource(status=Status.INVITED)


def ledger(snapshot: State = SNAPSHOT) -> StateBuilder:
    return StateBuilder(snapshot, system=get_system("business_center"), today=TODAY)


def moved_to(change: Change, address: Address, **values: Any) -> Change:
    assert change.after is not None
    return replace(change, address=address, after=replace(change.after, address=address), **values)


def begin(book: StateBuilder) -> bytes:
    return run_record(ORIGIN, lineage="l1", serial=book.next_serial(), at=NOW)


def written(book: StateBuilder, outcome: Applied | Failed | Waits | InDoubt = Applied(live=INVITED)) -> list[bytes]:  # noqa: B008  # a frozen value
    """What a run that invites eve leaves behind when it gets no further."""
    lines = [begin(book), intent_record(INVITE, serial=book.begin(INVITE))]
    book.take(INVITE, outcome)
    return [*lines, outcome_record(INVITE, outcome, part=book.part(EVE), at=NOW)]


@pytest.mark.parametrize(
    "outcome",
    [
        Applied(live=INVITED),
        Applied(),
        Failed(reason="no", code="40002"),
        Waits(on="bo", why="asks"),
        InDoubt(reason="?"),
    ],
)
def test_replaying_a_journal_leads_to_the_state_that_the_run_had(outcome: Applied | Failed | Waits | InDoubt) -> None:
    book = ledger()
    lines = written(book, outcome)
    replayed = replay(SNAPSHOT, StoredState(journal=tuple(lines)))
    assert replayed.state == book.state()
    assert replayed.state.serial == SNAPSHOT.serial + 3


def test_a_journal_tells_the_audit_log_what_was_done_and_by_whom() -> None:
    replayed = replay(SNAPSHOT, StoredState(journal=tuple(written(ledger()))))
    (entry,) = replayed.entries
    assert (entry.action, entry.address, entry.outcome, entry.serial, entry.time) == (
        "invite",
        "bc/member/eve",
        "requested",
        SNAPSHOT.serial + 3,
        NOW,
    )
    assert replayed.origin == ORIGIN


def test_an_intent_without_an_outcome_is_in_doubt_with_all_that_settling_needs() -> None:
    replayed = replay(SNAPSHOT, StoredState(journal=tuple(written(ledger())[:2])))
    assert replayed.state.in_doubt == {EVE: INVITE}
    assert replayed.entries == ()


def test_what_happened_to_one_address_twice_ends_with_the_last() -> None:
    book = ledger()
    lines = written(book)
    lines.append(intent_record(REMOVE, serial=book.begin(REMOVE)))
    book.take(REMOVE, Applied())
    lines.append(outcome_record(REMOVE, Applied(), part=book.part(EVE), at=NOW))
    replayed = replay(SNAPSHOT, StoredState(journal=tuple(lines)))
    assert replayed.state == book.state()
    assert replayed.state.records == {}


_OUTCOMES = st.sampled_from(
    [
        Applied(live=INVITED),
        Applied(),
        Failed(reason="no"),
        Waits(on="bo", why="asks", is_asked=True),
        InDoubt(reason="?"),
    ]
)
_STEPS = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True), _OUTCOMES, st.booleans()), max_size=6
)


@given(st.lists(_STEPS, max_size=2), st.booleans())
def test_replaying_leads_to_the_state_after_every_line_of_every_run(runs: list[list[Any]], is_cut: bool) -> None:
    """Whatever was done alone or together, twice to one address, and by a second run behind the first."""
    people = [Address("bc", "member", f"p{number}") for number in range(4)]
    known = {at: KnownDrift(address=at, sort=DriftSort.ADDED_OUTSIDE, first_seen=TODAY, live="x") for at in people}
    start = replace(SNAPSHOT, drift=known, waits={EVE: TODAY}, looked={"member": TODAY})
    lines: list[bytes] = []
    current = start
    for number, steps in enumerate(runs):
        book = ledger(replace(current, looked={"member": TODAY - timedelta(days=number)}, waits={}))
        told = False
        begun = [begin(book)]
        for who, outcome, is_approved in steps:
            terms = (f"HR-{who}", TODAY + timedelta(days=1)) if is_approved else None
            changes = [moved_to(INVITE, people[one], approval_terms=terms) for one in who]
            lines.append(join_records([*begun, *(intent_record(one, serial=book.begin(one)) for one in changes)]))
            begun, records = [], []
            for one in changes:
                what = Applied(live=one.after) if isinstance(outcome, Applied) and outcome.live else outcome
                book.take(one, what)
                records.append(outcome_record(one, what, part=book.part(one.address, alone=told), at=NOW))
                told = True
            in_doubt = replay(start, StoredState(journal=tuple(lines))).state.in_doubt
            assert in_doubt.keys() >= {one.address for one in changes}
            lines.append(join_records(records))
            cut_off = [lines[-1][:-1]] if is_cut else []
            assert replay(start, StoredState(journal=(*lines, *cut_off))).state == book.state()
        current = replay(start, StoredState(journal=tuple(lines))).state


def test_what_was_written_together_is_torn_together() -> None:
    book = ledger()
    others = [moved_to(INVITE, Address("bc", "member", f"p{number}")) for number in range(3)]
    line = join_records([begin(book), *(intent_record(one, serial=book.begin(one)) for one in others)])
    assert replay(SNAPSHOT, StoredState(journal=(line,))).unanswered == {one.address for one in others}
    for length in range(0, len(line), 50):
        torn = replay(SNAPSHOT, StoredState(journal=(line[:length],)))
        assert (torn.state, torn.is_torn) == (SNAPSHOT, True)


def test_a_failure_defers_across_a_crash() -> None:
    replayed = replay(SNAPSHOT, StoredState(journal=tuple(written(ledger(), Failed(reason="no")))))
    assert replayed.state.deferred == {
        EVE: Deferral(reason="no", since=TODAY, tried=TODAY, identity="eve@acme.example")
    }


def test_records_that_the_snapshot_contains_already_are_passed_over() -> None:
    lines = written(ledger())
    later = replace(SNAPSHOT, serial=SNAPSHOT.serial + 4)
    assert replay(later, StoredState(journal=tuple(lines))).state == later


@pytest.mark.parametrize("length", [0, 1, 8, 9, 40, -1])
def test_a_last_record_cut_anywhere_is_left_out_with_a_word(length: int) -> None:
    lines = written(ledger())
    whole = replay(SNAPSHOT, StoredState(journal=tuple(lines[:2])))
    torn = replay(SNAPSHOT, StoredState(journal=(*lines[:2], lines[2][:length])))
    assert (torn.state, torn.is_torn, whole.is_torn) == (whole.state, True, False)
    assert replay(SNAPSHOT, StoredState(journal=tuple(lines[:2]), torn=b"x")).is_torn


@pytest.mark.parametrize("position", [0, 5, 12, -2])
def test_one_flipped_bit_before_the_end_is_refused_with_where_and_what_to_do(position: int) -> None:
    lines = written(ledger())
    flipped = bytearray(lines[1])
    flipped[position] ^= 1
    with pytest.raises(StoreError, match="record 2 in the journal of bc cannot be used") as refusal:
        replay(SNAPSHOT, StoredState(journal=(lines[0], bytes(flipped), lines[2])))
    assert "reconciler state restore bc SERIAL" in refusal.value.advice


def test_a_missing_record_is_refused() -> None:
    lines = written(ledger())
    with pytest.raises(StoreError, match="it has serial 10 where 9 must come"):
        replay(SNAPSHOT, StoredState(journal=(lines[0], lines[2])))


def test_a_journal_of_a_newer_format_is_refused() -> None:
    newer = begin(ledger()).partition(b" ")[2].replace(b'"format_version":"1.2"', b'"format_version":"2.0"')
    with pytest.raises(StoreError, match=r"format 2\.0"):
        replay(SNAPSHOT, StoredState(journal=(b"%08x %s" % (crc32(newer), newer),)))


def test_a_new_record_knows_the_end_and_the_protection_that_are_declared() -> None:
    end = TODAY + timedelta(days=1)
    declared = Declared(address=EVE, place=Place("access.yaml", 1, 1), expires=end, protect=True)
    book = StateBuilder(SNAPSHOT, system=get_system("business_center"), today=TODAY, declared={EVE: declared})
    book.take(INVITE, Applied(live=INVITED))
    record = book.state().records[EVE]
    assert (record.ends, record.protect) == (end, True)


def test_a_journal_in_the_words_of_an_older_version_loses_nothing() -> None:
    """The run of an older version was killed, and the next run is that of the present one."""
    words = {
        b'"deferred"': b'"quarantined"',
        b'"used_approvals"': b'"used_consents"',
        b'"approve"': b'"allow"',
        b'"expires"': b'"until"',
        b'"approval"': b'"consent"',
        b'"approval_terms"': b'"consent_terms"',
        b'"added_outside"': b'"appeared"',
        b'"format_version":"1.2"': b'"format_version":"1.0"',
    }
    asked = replace(INVITE, approval="HR-9", approval_terms=("HR-9", TODAY))
    known = KnownDrift(address=EVE, sort=DriftSort.ADDED_OUTSIDE, first_seen=TODAY, live="x")
    snapshot = replace(SNAPSHOT, drift={EVE: known})
    book = ledger(snapshot)
    lines = [begin(book), intent_record(asked, serial=book.begin(asked))]
    failed = Failed(reason="no account", code="40002")
    book.take(asked, failed)
    lines = [*lines, outcome_record(asked, failed, part=book.part(EVE), at=NOW)]
    lines.append(intent_record(asked, serial=book.begin(asked)))
    bodies = [line.partition(b" ")[2] for line in lines]
    for now, then in words.items():
        bodies = [body.replace(now, then) for body in bodies]
    early = [b"%08x %s" % (crc32(body), body) for body in bodies]
    assert early != lines
    replayed = replay(snapshot, StoredState(journal=tuple(early)))
    assert replayed == replay(snapshot, StoredState(journal=tuple(lines)))
    assert replayed.state.deferred[EVE].reason == "no account"
    assert replayed.state.in_doubt[EVE].approval_terms == ("HR-9", TODAY)
    assert replayed.state.used_approvals
    assert replayed.entries[0].approval == "HR-9"
