"""The audit log: a chain in which every edit shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from reconciler.audit.log import BEGINNING, AuditLog, Selection, decode, digest_of, encode, verify
from reconciler.model import AccessHistory, AuditEntry, AuditMark, AuditRecord, HeadWitness, Origin
from reconciler.stores.local_file import LocalFileStore

ORIGIN = Origin(commit="c0ffee", branch="main", job="https://ci.example/7", operator="ana", plan="ab12")


def entry(serial: int, *, person: str = "eve", day: int = 1) -> AuditEntry:
    return AuditEntry(
        time=datetime(2026, 11, day, tzinfo=UTC),
        serial=serial,
        address=f"bc/member/{person}",
        action="remove",
        cause="no longer declared",
        outcome="applied",
        approval="SEC-1",
        person=person,
        before="role=admin status=active",
    )


def record(*entries: AuditEntry, organization: str = "bc", lineage: str = "l1") -> AuditRecord:
    return AuditRecord(organization=organization, lineage=lineage, origin=ORIGIN, entries=entries)


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path)


def chain(count: int) -> list[bytes]:
    lines, previous = [], BEGINNING
    for number in range(count):
        lines.append(encode(record(entry(number)), previous=previous))
        previous = digest_of(lines[-1])
    return lines


def test_what_was_appended_is_read_back_whole(store: LocalFileStore) -> None:
    first, second = record(entry(1), entry(2)), record(entry(3, person="ana"), organization="dev")
    AuditLog(store).append(first)
    AuditLog(store).append(second)
    assert list(AuditLog(store).records()) == [first, second]


def test_an_untouched_chain_fits_and_ends_with_the_digest_of_its_last_record() -> None:
    lines = chain(4)
    verdict = verify(lines)
    assert (verdict.records, verdict.entries, verdict.head, verdict.broken) == (4, 4, digest_of(lines[-1]), "")


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda lines: [*lines[:1], lines[1].replace(b"eve", b"bob"), *lines[2:]], "record 2 was changed"),
        (lambda lines: lines[:1] + lines[2:], "record 2 follows"),
        (lambda lines: lines[1:], "record 1 follows"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "record 2 follows"),
        (lambda lines: [*lines[:2], lines[0], *lines[2:]], "record 3 says that it is the first one"),
        (lambda lines: [*lines[:3], b"{}"], "record 4 of the audit log cannot be read"),
        (lambda lines: [*lines[:3], b"\xff"], "record 4 of the audit log cannot be read"),
        (lambda lines: [*lines[:3], lines[3].replace(b'"1.0"', b'"2.0"')], "it has format 2.0"),
        (lambda lines: [*lines[:3], lines[3].replace(b'"serial":3', b'"serial":"x"')], "cannot be read"),
    ],
    ids=["changed", "taken out", "beginning gone", "swapped", "repeated", "no record", "no text", "newer", "damaged"],
)
def test_the_first_record_that_does_not_fit_is_named(edit: Callable[[list[bytes]], list[bytes]], named: str) -> None:
    assert named in verify(edit(chain(4))).broken


def test_two_logs_on_one_store_make_one_chain(tmp_path: Path) -> None:
    logs = [AuditLog(LocalFileStore(tmp_path)) for _ in range(2)]
    for number in range(6):
        logs[number % 2].append(record(entry(number)))
    verdict = logs[0].verify()
    assert (verdict.records, verdict.broken) == (6, "")


def test_what_the_log_has_already_is_not_added_again(store: LocalFileStore) -> None:
    log = AuditLog(store)
    log.append(record(entry(1), entry(2)))
    log.append_missing(record(entry(1), entry(2), entry(3)))
    log.append_missing(record(entry(1), entry(2), entry(3)))
    log.append_missing(record(entry(1), lineage="l2"))
    assert [[one.serial for one in record.entries] for record in log.records()] == [[1, 2], [3], [1]]


@pytest.mark.parametrize(
    ("selection", "serials"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(organization="dev"), [3]),
        (Selection(person="eve"), [1, 3]),
        (Selection(since=date(2026, 11, 2)), [2, 3]),
        (Selection(organization="bc", person="ana", since=date(2026, 11, 2)), [2]),
        (Selection(person="nobody"), []),
        (Selection(until=date(2026, 11, 2)), [1, 2]),
        (Selection(outcome="applied"), [1, 2, 3]),
        (Selection(outcome="failed"), []),
        (Selection(address="bc/member/eve"), [1, 3]),
        (Selection(address="bc/member/*"), [1, 2, 3]),
        (Selection(address="bc/organization/bc"), [1, 2, 3]),
        (Selection(address="dev"), []),
    ],
)
def test_a_selection_shows_just_what_it_names(store: LocalFileStore, selection: Selection, serials: list[int]) -> None:
    log = AuditLog(store)
    log.append(record(entry(1), entry(2, person="ana", day=2)))
    log.append(record(entry(3, day=3), organization="dev"))
    assert [one.serial for one in log.entries(selection)] == serials


def test_what_was_done_under_a_former_key_is_found_under_todays(store: LocalFileStore) -> None:
    log = AuditLog(store)
    rename = replace(entry(3, person="evelyn"), action="rename", address="bc/member/evelyn", detail="was bc/member/eve")
    log.append(record(entry(0), organization="dev"))
    for one in (entry(1), entry(2, person="ana"), rename, entry(4), entry(5, person="evelyn")):
        log.append(record(one))
    shown = [one.serial for one in log.entries(Selection(person="evelyn"))]
    assert shown == [0, 1, 3, 5], "and nothing of whoever has the former key since"


def test_each_organization_knows_by_itself_since_when_somebody_has_another_key(store: LocalFileStore) -> None:
    log = AuditLog(store)
    rename = replace(entry(3, person="evelyn"), action="rename", address="bc/member/evelyn", detail="was bc/member/eve")
    other = replace(rename, serial=5, address="dev/member/evelyn", detail="was dev/member/eve")
    log.append(record(entry(0), organization="gone"))
    for one in (entry(1), rename, entry(4, person="evelyn")):
        log.append(record(one))
    log.append(record(other, organization="dev"))
    shown = [one.serial for one in log.entries(Selection(person="evelyn"))]
    assert shown == [0, 1, 3, 4, 5]


def told(serial: int, outcome: str, after: str, *, action: str = "seen", detail: str = "") -> AuditEntry:
    return replace(entry(serial), outcome=outcome, after=after, before="", action=action, detail=detail)


IN, ASKED = "role=standard status=active", "role=standard status=invited"
STORY = {
    "asked for, accepted, changed": (
        [
            told(1, "requested", ASKED, action="invite"),
            told(2, "accepted", IN),
            told(3, "applied", IN, action="change_role"),
        ],
        (1, 2, 3, None),
    ),
    "what failed or waits is nothing": ([told(1, "failed", IN), told(2, "waits", ASKED)], (None,) * 4),
    "declined": ([told(1, "requested", ASKED), told(2, "declined", "status=declined")], (1, None, None, 2)),
    "taken away and given again": ([told(1, "adopted", IN), entry(2), told(3, "applied", IN)], (None, 3, None, None)),
    "invited again after it ended": (
        [told(1, "adopted", IN), told(2, "left", "status=left"), told(3, "requested", ASKED)],
        (3, None, None, None),
    ),
    "somebody came and went past the tool": (
        [
            told(1, "applied", "", action="drift", detail="added outside, critical: nobody declared it"),
            told(2, "applied", "", action="drift", detail="gone, low: nobody is there"),
        ],
        (None, 1, None, 2),
    ),
}


@pytest.mark.parametrize("name", STORY)
def test_a_history_says_since_when_and_by_what(store: LocalFileStore, name: str) -> None:
    log, (entries, expected) = AuditLog(store), STORY[name]
    for one in entries:
        log.append(record(one))
    ((address, told),) = log.by_access(Selection(person="eve")).items()
    history = AccessHistory.of(address, tuple(told))
    found = (history.asked, history.began, history.changed, history.ended)
    assert tuple(one and one.serial for one in found) == expected


def test_a_history_goes_by_the_name_of_today_and_leaves_out_who_had_it_before(store: LocalFileStore) -> None:
    log = AuditLog(store)
    rename = replace(entry(3, person="evelyn"), action="rename", address="bc/member/evelyn", detail="was bc/member/eve")
    for one in (entry(1), entry(2, person="evelyn"), rename, entry(4, person="evelyn"), entry(5)):
        log.append(record(one))
    told = log.by_access(Selection())
    found = {str(at): [entry.serial for entry in entries] for at, entries in told.items()}
    assert found == {"bc/member/evelyn": [1, 3, 4], "bc/member/eve": [5]}


def witness(lines: list[bytes], *, organization: str = "bc", is_behind: bool = False) -> HeadWitness:
    mark = AuditMark(number=len(lines), digest=digest_of(lines[-1]))
    return HeadWitness(organization=organization, mark=mark, is_behind=is_behind)


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda lines: [*lines[:3], lines[3].replace(b"eve", b"bob")], "record 4 is not the one that the state of bc"),
        (lambda lines: lines[:3], "the log ends with record 3, but the state of bc remembers record 4"),
        (lambda lines: lines[:0], "the log ends with record 0, but the state of bc remembers record 4"),
        (lambda lines: chain(len(lines) + 1), "record 5 is about bc, whose state does not know it"),
        (
            lambda lines: [*lines, encode(record(), previous=digest_of(lines[-1]))],
            "record 5 is about bc, whose state does not",
        ),
    ],
    ids=["last one changed", "last one gone", "all gone", "one added", "one of nothing added"],
)
def test_the_states_bear_witness_of_the_end(edit: Callable[[list[bytes]], list[bytes]], named: str) -> None:
    lines = chain(4)
    assert verify(lines, [witness(lines), witness(lines[:2], organization="dev")]).broken == ""
    assert named in verify(edit(lines), [witness(lines), witness(lines[:2], organization="dev")]).broken


def test_a_run_that_is_under_way_may_have_written_more_than_its_state_knows() -> None:
    lines = chain(5)
    assert verify(lines, [witness(lines[:4], is_behind=True)]).broken == ""


def test_any_changed_byte_of_any_record_shows_the_last_one_included() -> None:
    lines = chain(3)
    for number, line in enumerate(lines):
        for place in range(0, len(line), 7):
            changed = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
            edited = [*lines[:number], changed, *lines[number + 1 :]]
            assert verify(edited, [witness(lines)]).broken, (number, place)


def test_a_record_without_its_line_end_is_reported_and_then_completed(store: LocalFileStore, tmp_path: Path) -> None:
    log = AuditLog(store)
    marks = [log.append(record(entry(number))) for number in range(2)]
    path = tmp_path / "audit.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    there = [HeadWitness(organization="bc", mark=marks[0])]
    assert "behind record 1 stands a part of one" in AuditLog(LocalFileStore(tmp_path)).verify(there).broken
    last = AuditLog(LocalFileStore(tmp_path)).append(record(entry(3)))
    assert path.read_bytes().startswith(whole)
    assert last.number == 3
    assert AuditLog(LocalFileStore(tmp_path)).verify([HeadWitness(organization="bc", mark=last)]).broken == ""


def test_a_part_of_a_record_is_kept_beside_the_log(store: LocalFileStore, tmp_path: Path) -> None:
    AuditLog(store).append(record(entry(1)))
    path = tmp_path / "audit.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"entries":[{"address":"bc/mem')
    assert "stands a part of one, 30 bytes long" in AuditLog(LocalFileStore(tmp_path)).verify().broken
    last = AuditLog(LocalFileStore(tmp_path)).append(record(entry(2)))
    assert path.read_bytes().startswith(whole)
    assert AuditLog(LocalFileStore(tmp_path)).verify().put_aside == 31
    assert (tmp_path / "audit.torn").read_bytes() == b'{"entries":[{"address":"bc/mem\n'
    assert AuditLog(LocalFileStore(tmp_path)).verify([HeadWitness(organization="bc", mark=last)]).broken == ""


def test_what_let_a_change_through_is_read_from_records_of_an_older_version() -> None:
    (line,) = chain(1)
    _, early = decode(line.replace(b'"approval"', b'"consent"'), number=1)
    assert early == record(entry(0))
