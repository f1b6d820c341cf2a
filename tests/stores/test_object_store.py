"""What is special about states in buckets: requests whose answers get lost, fences, and what an address may hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, GenericError, PreconditionError
from obstore.store import MemoryStore

from reconciler.model import LeaseLost, StateLocked, StoreError
from reconciler.stores import object_store
from reconciler.stores.bucket import Bucket, open_bucket
from reconciler.stores.object_store import ObjectStateStore
from reconciler.stores.rules import this_process

HOUR = timedelta(hours=1)
put = obstore.put


def store_on(bucket: Bucket, host: str = "here") -> ObjectStateStore:
    return ObjectStateStore(bucket, holder=replace(this_process(), host=host))


def objects(memory: MemoryStore, folder: str) -> list[str]:
    return sorted(meta["path"].rpartition("/")[2] for page in obstore.list(memory, folder) for meta in page)


def losing_answers(failure: type[Exception]) -> Callable[..., object]:
    """Every conditional request arrives; the client hears no answer, repeats it, and is told no."""

    def put_twice(*arguments: Any, mode: Any = None, **options: Any) -> object:
        answer = put(*arguments, mode=mode, **options)
        if mode is None:
            return answer
        message = "https://bucket.example/key?X-Amz-Signature=s3cr3t: refused"
        raise failure(message)

    return put_twice


@pytest.mark.parametrize("failure", [AlreadyExistsError, PreconditionError, GenericError])
def test_a_write_that_is_refused_because_of_itself_has_succeeded(
    monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    monkeypatch.setattr(obstore, "put", losing_answers(failure))
    store = store_on(Bucket(MemoryStore()))
    lock = store.acquire("acme", purpose="apply", ttl=HOUR)
    store.append("acme", b"record", token=lock.token)
    assert store.read("acme").journal == (b"record",)
    version = store.write("acme", b"first", replacing=None, token=lock.token)
    store.write("acme", b"second", replacing=version, token=lock.token)
    store.append_audit(b"record", after=0)
    lock = store.renew(lock, ttl=HOUR)
    with pytest.raises(StateLocked):
        store.acquire("acme", purpose="again", ttl=HOUR)
    store.release(lock)
    assert [store.read_past("acme", past.version) for past in store.history("acme")] == [b"first", b"second"]
    assert (store.locks(), list(store.read_audit())) == ([], [b"record"])


def test_a_write_that_never_arrived_is_an_error_that_shows_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_on(Bucket(MemoryStore()))
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token

    def fail(*_arguments: object, **_options: object) -> object:
        message = "PUT https://bucket.example/key?X-Amz-Signature=s3cr3t timed out"
        raise GenericError(message)

    monkeypatch.setattr(obstore, "put", fail)
    with pytest.raises(StoreError, match="timed out") as caught:
        store.append("acme", b"record", token=token)
    assert "s3cr3t" not in str(caught.value)
    assert store.read("acme").journal == ()


def test_a_replaced_holder_runs_into_a_fence_however_much_was_cleared_away() -> None:
    bucket = Bucket(MemoryStore())
    sleeper, busy = store_on(bucket, "sleeper"), store_on(bucket, "busy")
    old = sleeper.acquire("acme", purpose="apply", ttl=HOUR)
    sleeper.append("acme", b"before", token=old.token)
    busy.break_lock("acme", old.id)
    version = None
    for serial in range(3):
        lock = busy.acquire("acme", purpose="apply", ttl=HOUR)
        busy.append("acme", b"record", token=lock.token)
        version = busy.write("acme", b"%d" % serial, replacing=version, token=lock.token)
        busy.release(lock)
    for deed in (
        lambda: sleeper.append("acme", b"late", token=old.token),
        lambda: sleeper.write("acme", b"late", replacing=version, token=old.token),
    ):
        with pytest.raises(LeaseLost):
            deed()
    assert busy.read("acme").journal == ()
    assert len(busy.history("acme")) == 3


def test_a_holder_that_is_replaced_before_its_fence_stands_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(MemoryStore())
    slow, quick = store_on(bucket, "slow"), store_on(bucket, "quick")
    list_objects, waiting = obstore.list, [slow]

    def list_late(*arguments: Any, **options: Any) -> Any:
        """Between taking the lock and looking for the end of the log."""
        if waiting:
            waiting.clear()
            (lock,) = quick.locks()
            quick.break_lock("acme", lock.id)
            quick.append("acme", b"record", token=quick.acquire("acme", purpose="apply", ttl=HOUR).token)
        return list_objects(*arguments, **options)

    monkeypatch.setattr(obstore, "list", list_late)
    with pytest.raises(LeaseLost):
        slow.append("acme", b"late", token=slow.acquire("acme", purpose="apply", ttl=HOUR).token)
    assert quick.read("acme").journal == (b"record",)


def test_records_are_cleared_away_at_once_and_fences_when_they_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = MemoryStore()
    store = store_on(Bucket(memory))

    def run() -> None:
        lock = store.acquire("acme", purpose="apply", ttl=HOUR)
        version = store.read("acme").version
        for _ in range(5):
            store.append("acme", b"record", token=lock.token)
        store.write("acme", b"", replacing=version, token=lock.token)
        store.release(lock)

    for _ in range(3):
        run()
    assert len(objects(memory, "organizations/acme")) == 3 + 3
    monkeypatch.setattr(object_store, "_FENCES_STAND", timedelta())
    for _ in range(3):
        store.release(store.acquire("acme", purpose="look", ttl=HOUR))
    assert len(objects(memory, "organizations/acme")) == 3 + 3 + 1
    run()
    assert len(store.history("acme")) == 4


def test_a_long_journal_is_read_in_order() -> None:
    bucket = Bucket(MemoryStore())
    store = store_on(bucket)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    store.write("acme", b"{}", replacing=None, token=token)
    records = [b"%d" % number for number in range(300)]
    for record in records:
        store.append("acme", record, token=token)
    stored = store_on(bucket).read("acme")
    assert (stored.snapshot, list(stored.journal)) == (b"{}", records)


def test_a_hole_in_the_audit_log_is_an_error() -> None:
    memory = MemoryStore()
    store = store_on(Bucket(memory))
    for number in range(3):
        store.append_audit(b"record", after=number)
    obstore.delete(memory, "audit/0000000002")
    with pytest.raises(StoreError, match="record 2 of the audit log is missing"):
        list(store.read_audit())


@pytest.mark.parametrize("key", ["organizations/acme/0000000001", "locks/acme"])
def test_an_object_that_makes_no_sense_is_refused(key: str) -> None:
    memory = MemoryStore()
    put(memory, key, b"{}")
    store = store_on(Bucket(memory))
    with pytest.raises(StoreError, match="cannot be read"):
        store.acquire("acme", purpose="apply", ttl=HOUR)


def test_a_forked_process_is_told_instead_of_hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_on(Bucket(MemoryStore()))
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(StoreError, match="opened by another process"):
        store.read("acme")


@pytest.mark.parametrize(
    "address", ["s3://key:s3cr3t@bucket/prefix", "az://container/prefix?sig=s3cr3t", "gs://", "s3:///prefix"]
)
def test_an_address_holds_a_bucket_and_a_prefix_and_no_secret(address: str) -> None:
    with pytest.raises(StoreError, match="something else") as caught:
        open_bucket(address)
    assert "s3cr3t" not in caught.value.message + caught.value.advice


def test_a_profile_without_what_reads_profiles_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(StoreError, match="boto3"):
        open_bucket("s3://bucket/prefix")


def test_a_state_that_was_begun_anew_comes_to_no_stamp_again() -> None:
    memory = MemoryStore()

    def written() -> dict[str, str]:
        store = store_on(Bucket(memory))
        token = store.acquire("acme", purpose="apply", ttl=HOUR).token
        store.write("acme", b"{}", replacing=None, token=token)
        assert store.stamps("acme") == store.stamps()
        return store.stamps()

    first = written()
    obstore.delete(memory, [meta["path"] for page in obstore.list(memory) for meta in page])
    second = written()
    assert {stamp.partition(":")[0] for stamp in (*first.values(), *second.values())} == {"0000000002"}
    assert first != second


@pytest.mark.parametrize("key", ["", "x" * 200])
def test_an_organization_that_was_only_locked_has_a_stamp_at_most_and_no_state(key: str) -> None:
    store = store_on(Bucket(MemoryStore()))
    store.acquire(key, purpose="apply", ttl=HOUR)
    assert store.organizations() == []
    assert store.stamps() == store.stamps(key)
