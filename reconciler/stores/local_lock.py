"""The lock of one organization as files in its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.model.errors import StoreError
from reconciler.model.ports import Lock
from reconciler.stores.files import PRIVATE, guard, make_folder, replace_durably, try_lock
from reconciler.stores.process import Holder
from reconciler.stores.rules import LeaseRecord

LEASE = "lease"
"""Name of the file with the lease record."""


class LocalLocks:
    """Takes and gives locks in the name of `holder`.

    The holder keeps a file open under the operating system's lock. That lock goes when the process dies, whatever it
    dies of, so the next one need not wait until the lease runs out; and no number of a process, which might belong to
    another by now, has to be trusted.
    """

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._signs_of_life: dict[str, int] = {}

    def acquire(self, folder: Path, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        """Take the lock; that of a dead process of this machine is free at once."""
        with changing(folder, organization) as lease:
            taken = lease.taken(
                self._holder,
                purpose=purpose,
                now=datetime.now(UTC),
                ttl=ttl,
                is_dead=lambda lock: lock.host == self._holder.host and _is_dead(folder, lock),
            )
            for left_behind in folder.glob("held-*"):
                left_behind.unlink()
            self._show_life(folder, taken.held)
            _write_lease(folder, taken)
            return taken.held

    def renew(self, folder: Path, lock: Lock, *, ttl: timedelta) -> Lock:
        """Keep the lock for longer."""
        with changing(folder, lock.organization) as lease:
            renewed = lease.renewed(lock, now=datetime.now(UTC), ttl=ttl)
            _write_lease(folder, renewed)
            return renewed.held

    def release(self, folder: Path, lock: Lock) -> None:
        """Give the lock up, if it is still ours."""
        with changing(folder, lock.organization) as lease:
            released = lease.released(lock)
            if released != lease:
                _write_lease(folder, released)
                _sign_of_life(folder, lock).unlink(missing_ok=True)
        descriptor = self._signs_of_life.pop(lock.id, None)
        if descriptor is not None:
            os.close(descriptor)

    def break_lock(self, folder: Path, organization: str, lock_id: str) -> None:
        """Take the lock away from its holder."""
        with changing(folder, organization) as lease:
            _write_lease(folder, lease.broken(lock_id))

    def _show_life(self, folder: Path, lock: Lock) -> None:
        descriptor = os.open(_sign_of_life(folder, lock), os.O_RDWR | os.O_CREAT, PRIVATE)
        if not try_lock(descriptor):
            os.close(descriptor)
            message = f"{folder} does not lock files"
            raise StoreError(message, advice="use another file system or another store")
        self._signs_of_life[lock.id] = descriptor


@contextmanager
def changing(folder: Path, organization: str) -> Iterator[LeaseRecord]:
    """The lease record, while nobody else can change anything in the folder."""
    make_folder(folder)
    with guard(folder / "guard"):
        yield read_lease(folder, organization)


def read_lease(folder: Path, organization: str) -> LeaseRecord:
    """What is known of an organization's lock."""
    try:
        return LeaseRecord.parse((folder / LEASE).read_bytes())
    except FileNotFoundError:
        return LeaseRecord(organization=organization)


def _write_lease(folder: Path, lease: LeaseRecord) -> None:
    replace_durably(folder / LEASE, lease.to_json())


def _sign_of_life(folder: Path, lock: Lock) -> Path:
    return folder / f"held-{lock.id}"


def _is_dead(folder: Path, lock: Lock) -> bool:
    try:
        descriptor = os.open(_sign_of_life(folder, lock), os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        return try_lock(descriptor)
    finally:
        os.close(descriptor)
