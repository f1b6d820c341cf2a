"""Holding an organization: waiting, renewing, losing, letting go."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.apply.journal import Lease, LeaseTerms, hold, hold_many
from reconciler.model import LeaseLost, Lock, StateLocked, StoreError
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer

TERMS = LeaseTerms(timer=SystemTimer())
SHORT = LeaseTerms(timer=SystemTimer(), ttl=timedelta(seconds=1.5))


class Unreachable(LocalFileStore):
    """A store whose renewals do not get through."""

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        message = "no route to the store"
        raise StoreError(message)


class Flaky(LocalFileStore):
    """A store that only every second renewal reaches."""

    calls = 0

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        self.calls += 1
        if self.calls % 2:
            message = "no route to the store"
            raise StoreError(message)
        return super().renew(lock, ttl=ttl)


class SetTimer:
    """A timer that tests move."""

    seconds = 100.0

    def elapsed(self) -> float:
        return self.seconds


def test_the_lock_is_given_up_at_the_end_and_after_a_failure(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    with hold(store, "acme", purpose="apply", terms=TERMS) as lease:
        assert store.find_lock("acme") == lease.lock
        assert lease.lock.purpose == "apply"
        lease.check()
    assert store.find_lock("acme") is None
    with pytest.raises(ZeroDivisionError), hold(store, "acme", purpose="apply", terms=TERMS):
        raise ZeroDivisionError
    assert store.find_lock("acme") is None


def test_a_heartbeat_keeps_the_lease_for_longer_than_it_lasts(tmp_path: Path) -> None:
    store = Flaky(tmp_path)
    with hold(store, "acme", purpose="apply", terms=SHORT) as lease:
        token = lease.token
        time.sleep(2.5)
        lease.check()
        with pytest.raises(StateLocked):
            LocalFileStore(tmp_path).acquire("acme", purpose="apply", ttl=SHORT.ttl)
        assert lease.token == token


def test_a_lease_that_cannot_be_renewed_is_lost_by_our_own_clock(tmp_path: Path) -> None:
    with hold(Unreachable(tmp_path), "acme", purpose="apply", terms=SHORT) as lease:
        lease.check()
        time.sleep(1.6)
        with pytest.raises(LeaseLost, match="ran out"):
            lease.check()


def test_a_leap_of_time_ends_the_lease_before_anybody_can_renew_it(tmp_path: Path) -> None:
    timer = SetTimer()
    terms = LeaseTerms(timer=timer, ttl=timedelta(minutes=1))
    with hold(LocalFileStore(tmp_path), "acme", purpose="apply", terms=terms) as lease:
        timer.seconds += 59.9
        lease.check()
        timer.seconds += 0.1
        for _ in range(2):
            with pytest.raises(LeaseLost, match="ran out"):
                lease.check()
            timer.seconds -= 60  # once lost is lost for good


@pytest.mark.full
def test_a_lease_is_not_renewed_for_a_holder_that_hangs(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    terms = LeaseTerms(timer=SystemTimer(), ttl=timedelta(seconds=2), patience=timedelta(seconds=1.5))
    with hold(store, "acme", purpose="apply", terms=terms) as lease:
        for _ in range(8):
            lease.check()  # whoever works under it keeps it
            time.sleep(0.4)
        time.sleep(4)  # a call that never returns
        with pytest.raises(LeaseLost):
            lease.check()


def check_until_lost(lease: Lease) -> None:
    while True:
        lease.check()
        time.sleep(0.05)


def test_a_holder_learns_at_the_next_heartbeat_that_its_lock_was_broken(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    with hold(store, "acme", purpose="apply", terms=SHORT) as lease:
        store.break_lock("acme", lease.lock.id)
        with pytest.raises(LeaseLost, match="taken over or broken"):
            check_until_lost(lease)


def test_without_a_timeout_nobody_waits(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    with hold(store, "acme", purpose="apply", terms=TERMS):
        begin = time.monotonic()
        with pytest.raises(StateLocked), hold(LocalFileStore(tmp_path), "acme", purpose="plan", terms=TERMS):
            pytest.fail("two hold it")
        assert time.monotonic() - begin < 20


def test_who_waits_is_told_for_whom_once_and_goes_on_when_the_lock_is_free(tmp_path: Path) -> None:
    told: list[StateLocked] = []
    patient = LeaseTerms(timer=SystemTimer(), timeout=timedelta(minutes=5), on_wait=told.append)
    first = LocalFileStore(tmp_path)
    lock = first.acquire("acme", purpose="apply", ttl=timedelta(minutes=1))
    release = threading.Timer(0.5, first.release, [lock])
    release.start()
    with hold(LocalFileStore(tmp_path), "acme", purpose="apply", terms=patient) as lease:
        assert lease.token > lock.token
    release.join()
    assert [f"process {lock.process}, apply" in locked.message for locked in told] == [True]


def test_who_waits_gives_up_after_the_timeout(tmp_path: Path) -> None:
    patient = LeaseTerms(timer=SystemTimer(), timeout=timedelta(seconds=0.4))
    LocalFileStore(tmp_path).acquire("acme", purpose="apply", ttl=timedelta(minutes=1))
    begin = time.monotonic()
    waiting = LocalFileStore(tmp_path)
    store = Unreachable(tmp_path)
    held = store.acquire("other", purpose="apply", ttl=timedelta(minutes=1))
    with pytest.raises(StateLocked), hold(waiting, held.organization, purpose="apply", terms=patient):
        pytest.fail("two hold it")
    assert time.monotonic() - begin >= 0.4


def test_two_organizations_at_once_are_never_waited_for_in_a_circle(tmp_path: Path) -> None:
    patient = LeaseTerms(timer=SystemTimer(), timeout=timedelta(minutes=5))

    def transfer(organizations: tuple[str, str]) -> list[str]:
        with hold_many(LocalFileStore(tmp_path), organizations, purpose="transfer", terms=patient) as leases:
            time.sleep(0.01)
            for lease in leases.values():
                lease.check()
            return list(leases)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(transfer, [("acme", "beta"), ("beta", "acme")] * 6))
    assert done == [["acme", "beta"]] * 12


def test_a_transfer_that_gets_only_one_of_two_gives_it_back(tmp_path: Path) -> None:
    other = LocalFileStore(tmp_path)
    with hold(other, "beta", purpose="apply", terms=TERMS):
        store = LocalFileStore(tmp_path)
        with pytest.raises(StateLocked), hold_many(store, ["beta", "acme"], purpose="transfer", terms=TERMS):
            pytest.fail("beta is not free")
        assert [lock.organization for lock in store.locks()] == ["beta"]
