"""What every state store promises, told with two instances on the same place, as two processes would have them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.model import LeaseLost, Lock, StateConflict, StateLocked, StateStore, StoredState, StoreError
from tests.stores import other_process
from tests.stores.other_process import MINUTE, ROUNDS
from tests.stores.place import Place

pytest_plugins = ["tests.stores.places"]

ROOT = Path(__file__).parents[2]
RACERS = 3
ODD_KEYS = [
    "",
    "a",
    "A",
    "..",
    ".hidden",
    "-dash",
    "with space",
    "sla/sh",
    "back\\slash",
    "per%63ent",
    "equals=63",
    "til~de",
    "quo'te\"s",
    "naïve",
    "株式会社" * 25,
    "x" * 200,
    "x" * 199 + "y",
]


in_processes = pytest.mark.parametrize(
    "place",
    [
        *("local file", "postgresql", "s3"),
        *(pytest.param(name, marks=pytest.mark.full) for name in ("sealed local file", "sqlite", "azure")),
    ],
    indirect=True,
)
"""Several processes and a store: one store of each way to lock in the quick tier, all of them in the full one."""


def take(store: StateStore, organization: str = "acme", *, ttl: timedelta = MINUTE) -> Lock:
    return store.acquire(organization, purpose="test", ttl=ttl)


def take_over(store: StateStore, organization: str = "acme") -> Lock:
    """The lock, as soon as its lease has run out."""
    deadline = time.monotonic() + 300
    while True:
        try:
            return take(store, organization)
        except StateLocked:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def journal(store: StateStore, organization: str = "acme") -> list[bytes]:
    return list(store.read(organization).journal)


@contextmanager
def process(place: Place, deed: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    where = [place.address, str(place.root), place.key]
    command = [sys.executable, "-m", "tests.stores.other_process", deed, *where, *arguments]
    started = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def hear(started: subprocess.Popen[str]) -> Any:
    assert started.stdout is not None
    line = started.stdout.readline().strip()
    if not line:
        _, errors = started.communicate()
        pytest.fail(errors)
    return line if line == "ready" else json.loads(line)


def test_the_stamp_of_a_state_changes_with_every_write_and_with_nothing_else(place: Place) -> None:
    store, other = place.open(), place.open()
    assert (store.stamps(), store.stamps("acme")) == ({}, {})
    lock, second = take(store), take(store, "beta@acme.example")
    seen = [other.stamps("acme").get("acme", "")]
    version = store.write("acme", b"{}", replacing=None, token=lock.token)
    seen.append(other.stamps()["acme"])
    store.append("acme", b"1", token=lock.token)
    seen.append(other.stamps()["acme"])
    store.append("acme", b"2", token=lock.token)
    seen.append(other.stamps()["acme"])
    version = store.write("acme", b"{}", replacing=version, token=lock.token)
    seen.append(other.stamps()["acme"])
    assert len(set(seen)) == len(seen), seen
    store.append("beta@acme.example", b"1", token=second.token)
    assert (other.stamps("acme"), other.stamps("gamma")) == ({"acme": seen[-1]}, {})
    assert other.stamps().keys() == {"acme", "beta@acme.example"}
    assert other.stamps("acme") | other.stamps("beta@acme.example") == store.stamps()


def test_what_is_known_of_settled_organizations_is_kept_and_the_last_writer_wins(place: Place) -> None:
    store, other = place.open(), place.open()
    assert store.read_settled() is None
    store.write_settled(b'{"ana@acme.example": 1}')
    assert other.read_settled() == b'{"ana@acme.example": 1}'
    other.write_settled(b"{}")
    assert store.read_settled() == b"{}"
    assert store.organizations() == []


def test_of_an_organization_that_was_never_written_there_is_nothing(place: Place) -> None:
    store = place.open()
    assert store.organizations() == []
    assert (store.read("acme"), store.history("acme"), store.find_lock("acme")) == (StoredState(), [], None)
    take(store)
    assert store.organizations() == []


def test_what_one_writes_another_reads(place: Place) -> None:
    one, other = place.open(), place.open()
    token = take(one).token
    first = one.write("acme", b"first", replacing=None, token=token)
    second = one.write("acme", b"second", replacing=first, token=token)
    assert other.read("acme") == StoredState(snapshot=b"second", version=second)
    assert first != second
    assert other.organizations() == ["acme"]


def test_a_write_that_has_not_seen_the_present_version_is_refused(place: Place) -> None:
    one, other = place.open(), place.open()
    token = take(one).token
    with pytest.raises(StateConflict):
        one.write("acme", b"", replacing="1", token=token)
    first = one.write("acme", b"first", replacing=None, token=token)
    second = other.write("acme", b"second", replacing=first, token=token)
    for stale in (None, first):
        with pytest.raises(StateConflict):
            one.write("acme", b"third", replacing=stale, token=token)
    assert one.write("acme", b"third", replacing=second, token=token) not in {first, second}
    assert [one.read_past("acme", past.version) for past in one.history("acme")] == [b"first", b"second", b"third"]


def test_the_journal_keeps_every_record_in_its_order(place: Place) -> None:
    store = place.open()
    token = take(store).token
    records = [b"%d \xff\x00 %s" % (number, b"x" * number) for number in range(30)]
    for record in records[:20]:
        store.append("acme", record, token=token)
    assert journal(place.open()) == records[:20]
    other = place.open()
    for record in records[20:]:
        other.append("acme", record, token=token)
    assert journal(store) == records
    assert store.organizations() == ["acme"]
    assert store.read("acme").snapshot is None


def test_a_snapshot_begins_an_empty_journal_and_both_are_read_as_one(place: Place) -> None:
    one, other = place.open(), place.open()
    token = take(one).token
    one.append("acme", b"before", token=token)
    assert other.read("acme") == StoredState(journal=(b"before",))
    version = one.write("acme", b"{}", replacing=None, token=token)
    assert other.read("acme") == StoredState(snapshot=b"{}", version=version)
    one.append("acme", b"after", token=token)
    assert other.read("acme") == StoredState(snapshot=b"{}", version=version, journal=(b"after",))


def test_every_snapshot_can_be_read_back(place: Place) -> None:
    store = place.open()
    begin = datetime.now(UTC) - timedelta(seconds=2)
    version = None
    for serial in range(3):
        token = take(store).token
        store.append("acme", b"record", token=token)
        version = store.write("acme", b"%d" % serial, replacing=version, token=token)
        lock = store.find_lock("acme")
        assert lock is not None
        store.release(lock)
    history = place.open().history("acme")
    assert [store.read_past("acme", past.version) for past in history] == [b"0", b"1", b"2"]
    assert history[-1].version == version
    assert begin <= history[0].at <= history[1].at <= history[2].at <= datetime.now(UTC) + timedelta(seconds=2)


@pytest.mark.parametrize("version", ["", "7", "00000007-20260101T000000Z", "../acme"])
def test_a_version_that_never_was_is_an_error(place: Place, version: str) -> None:
    store = place.open()
    store.write("acme", b"", replacing=None, token=take(store).token)
    with pytest.raises(StoreError, match="no state of version"):
        store.read_past("acme", version)


def test_a_lock_keeps_others_out_and_names_its_holder(place: Place) -> None:
    one, other = place.open(), place.open()
    lock = one.acquire("acme", purpose="apply", ttl=MINUTE)
    with pytest.raises(StateLocked, match=rf"locked by .*process {lock.process}, apply") as caught:
        take(other)
    assert lock.id in caught.value.advice
    found = other.find_lock("acme")
    assert found is not None
    assert (found.id, found.token, found.who, found.purpose) == (lock.id, lock.token, lock.who, "apply")
    assert take(other, "acme-two").token > 0
    assert [held.organization for held in other.locks()] == ["acme", "acme-two"]


def test_a_released_lock_is_free_and_the_next_token_is_higher(place: Place) -> None:
    one, other = place.open(), place.open()
    first = take(one)
    one.release(first)
    assert (other.find_lock("acme"), other.locks()) == (None, [])
    second = take(other)
    assert second.token > first.token
    one.release(first)
    found = one.find_lock("acme")
    assert found is not None
    assert found.id == second.id


def test_an_expired_lease_is_taken_over_and_its_holder_is_refused(place: Place) -> None:
    one, other = place.open(), place.open()
    old = take(one, ttl=place.ttl)
    one.append("acme", b"in time", token=old.token)
    new = take_over(other)
    assert new.token > old.token
    other.append("acme", b"successor", token=new.token)
    for instance in (one, place.open()):
        with pytest.raises(LeaseLost):
            instance.append("acme", b"late", token=old.token)
        with pytest.raises(LeaseLost):
            instance.write("acme", b"late", replacing=None, token=old.token)
        with pytest.raises(LeaseLost):
            instance.renew(old, ttl=MINUTE)
        instance.release(old)
    assert journal(other) == [b"in time", b"successor"]
    version = other.write("acme", b"{}", replacing=None, token=new.token)
    for deed in (
        lambda: one.append("acme", b"late", token=old.token),
        lambda: one.write("acme", b"late", replacing=version, token=old.token),
    ):
        with pytest.raises(LeaseLost):
            deed()
    assert journal(other) == []


def test_a_lease_that_is_renewed_is_not_taken_over(place: Place) -> None:
    one, other = place.open(), place.open()
    lock = take(one, ttl=place.ttl)
    renewed = one.renew(lock, ttl=MINUTE)
    assert (renewed.id, renewed.token, renewed.since) == (lock.id, lock.token, lock.since)
    time.sleep(place.ttl.total_seconds() + 0.2)
    with pytest.raises(StateLocked):
        take(other)


def test_a_lease_that_ran_out_and_was_not_taken_is_still_good(place: Place) -> None:
    store = place.open()
    lock = take(store, ttl=timedelta(milliseconds=1))
    time.sleep(0.01)
    store.append("acme", b"late but alone", token=store.renew(lock, ttl=MINUTE).token)
    assert journal(store) == [b"late but alone"]


def test_a_broken_lock_is_free_and_its_holder_is_refused(place: Place) -> None:
    one, other = place.open(), place.open()
    lock = take(one)
    one.append("acme", b"before", token=lock.token)
    with pytest.raises(StateConflict, match="locked by another"):
        other.break_lock("acme", "0123456789abcdef")
    other.break_lock("acme", lock.id)
    with pytest.raises(LeaseLost):
        one.append("acme", b"late", token=lock.token)
    with pytest.raises(LeaseLost):
        one.renew(lock, ttl=MINUTE)
    with pytest.raises(StateConflict, match="not locked"):
        other.break_lock("acme", lock.id)
    other.append("acme", b"after", token=take(other).token)
    assert journal(other) == [b"before", b"after"]


def test_organizations_with_odd_keys_do_not_meet(place: Place) -> None:
    store = place.open()
    for number, key in enumerate(ODD_KEYS):
        store.write(key, b"%d" % number, replacing=None, token=take(store, key).token)
    other = place.open()
    assert other.organizations() == sorted(ODD_KEYS)
    assert {lock.organization for lock in other.locks()} == set(ODD_KEYS)
    assert [other.read(key).snapshot for key in ODD_KEYS] == [b"%d" % n for n in range(len(ODD_KEYS))]


def test_what_is_no_text_is_no_key(place: Place) -> None:
    store = place.open()
    for key in ("\udcff", "acme\ud800"):
        for deed in (store.find_lock, store.read, lambda key: take(store, key)):
            with pytest.raises(StoreError):
                deed(key)
    assert store.organizations() == []


def test_big_values_come_back_whole(place: Place) -> None:
    store = place.open()
    token = take(store).token
    big = bytes(range(256)) * 40_000
    version = store.write("acme", big, replacing=None, token=token)
    line = b"x" * 2_000_000
    store.append("acme", line, token=token)
    other = place.open()
    assert other.read("acme") == StoredState(snapshot=big, version=version, journal=(line,))
    assert other.read_past("acme", version) == big


def test_the_audit_log_grows_only_at_its_end(place: Place) -> None:
    one, other = place.open(), place.open()
    assert (one.count_audit(), list(one.read_audit())) == (0, [])
    for number in range(5):
        (one, other)[number % 2].append_audit(b"record %d \xff" % number, after=number)
    for wrong in (0, 4, 6):
        with pytest.raises(StateConflict):
            one.append_audit(b"lost", after=wrong)
    assert [store.count_audit() for store in (one, other, place.open())] == [5, 5, 5]
    assert list(other.read_audit()) == [b"record %d \xff" % number for number in range(5)]
    assert list(one.read_audit(after=3)) == [b"record 3 \xff", b"record 4 \xff"]
    assert list(one.read_audit(after=5)) == []


def prepare_race(place: Place) -> int:
    """The token for all that is written in the race: the first one of each organization."""
    store = place.open()
    tokens = {take(store, f"create-{number}").token for number in range(ROUNDS)}
    (token,) = {take(store, "counter").token, *tokens}
    store.write("counter", b"0", replacing=None, token=token)
    return token


def check_race(place: Place, won: list[dict[str, list[str]]]) -> None:
    store = place.open()
    for prize in ("create", "lock"):
        winners = Counter(organization for one in won for organization in one[prize])
        assert winners == {f"{prize}-{number}": 1 for number in range(ROUNDS)}
    assert store.read("counter").snapshot == b"%d" % (RACERS * ROUNDS)
    history = [store.read_past("counter", past.version) for past in store.history("counter")]
    assert history == [b"%d" % number for number in range(RACERS * ROUNDS + 1)]
    signed = [record.decode().split() for record in store.read_audit()]
    assert store.count_audit() == len(signed) == RACERS * ROUNDS
    for racer in range(RACERS):
        assert [number for name, number in signed if name == str(racer)] == [str(n) for n in range(ROUNDS)]


def test_of_racing_threads_one_wins_and_nothing_is_lost(place: Place) -> None:
    token = prepare_race(place)
    stores = [place.open() for _ in range(RACERS)]
    with ThreadPoolExecutor(RACERS) as pool:
        races = [pool.submit(other_process.race, store, str(n), token=token) for n, store in enumerate(stores)]
        won = [race.result() for race in races]
    check_race(place, won)


@in_processes
def test_of_racing_processes_one_wins_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    token = prepare_race(place)
    go = tmp_path / "go"
    racers = [process(place, "race", str(n), str(token), str(go)) for n in range(RACERS)]
    with racers[0] as one, racers[1] as two, racers[2] as three:
        assert [hear(racer) for racer in (one, two, three)] == ["ready"] * RACERS
        go.touch()
        won = [hear(racer) for racer in (one, two, three)]
    check_race(place, won)


@in_processes
def test_a_process_that_slept_through_its_lease_may_not_write(place: Place) -> None:
    store = place.open()
    with process(place, "hold", str(place.ttl.total_seconds())) as holder:
        assert hear(holder) == "ready"
        holder.send_signal(signal.SIGSTOP)
        lock = take_over(store)
        assert journal(store) == [b"before"]
        holder.send_signal(signal.SIGCONT)
        assert holder.stdin is not None
        holder.stdin.write("go\n")
        holder.stdin.flush()
        assert hear(holder) == {"check": "LeaseLost", "append": "LeaseLost", "write": "LeaseLost"}
        holder.wait()
    assert store.read("acme") == StoredState(journal=(b"before",))
    store.append("acme", b"successor", token=lock.token)
    assert journal(store) == [b"before", b"successor"]


@in_processes
def test_a_process_that_is_killed_leaves_what_it_wrote_and_its_lock_runs_out(place: Place) -> None:
    store = place.open()
    with process(place, "hold", str(place.ttl.total_seconds())) as holder:
        assert hear(holder) == "ready"
        with pytest.raises(StateLocked, match=f"process {holder.pid}, holding"):
            take(store)
        holder.kill()
        holder.wait()
        lock = take_over(store)
    assert journal(store) == [b"before"]
    store.append("acme", b"successor", token=lock.token)


def test_a_process_that_ends_well_leaves_no_lock(place: Place) -> None:
    with process(place, "hold", "60") as holder:
        assert hear(holder) == "ready"
        holder.communicate("go\n")
    assert holder.returncode == 0
    store = place.open()
    stored = store.read("acme")
    assert (store.locks(), stored.snapshot, stored.journal) == ([], b"after", ())


def test_a_token_that_was_never_given_out_is_refused(place: Place) -> None:
    store = place.open()
    deeds: list[Callable[[], object]] = [
        lambda: store.append("acme", b"", token=1),
        lambda: store.write("acme", b"", replacing=None, token=0),
    ]
    for deed in deeds:
        with pytest.raises(LeaseLost):
            deed()
    assert (store.organizations(), store.read("acme")) == ([], StoredState())
