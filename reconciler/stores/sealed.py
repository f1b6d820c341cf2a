"""State without e-mail addresses and phone numbers in it, kept by any other store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from reconciler.model.errors import StoreError
from reconciler.model.ports import Journal, Lock, PastVersion, Snapshot, StateStore, TornAudit
from reconciler.stores.process import Holder
from reconciler.stores.seal import Seal

_AUDIT = "the audit log"


class SealedStore:
    """Seals what goes into `inner` and opens what comes out; whoever uses it sees no difference.

    Keys of organizations, and who holds a lock, are sealed only when they hold an address or a number themselves:
    names of files and messages of other machines stay readable.
    """

    def __init__(self, inner: StateStore, seal: Seal) -> None:
        self._inner = inner
        self._seal = seal
        self._is_ours = False

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        return sorted(self._seal.open_names(name) for name in self._inner.organizations())

    def read(self, organization: str) -> Snapshot | None:
        """The last snapshot, or None."""
        with self._speaking_clearly():
            snapshot = self._inner.read(self._name(organization))
        return snapshot and self._opened(snapshot, organization)

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Replace the snapshot and empty the journal."""
        with self._speaking_clearly():
            sealed = self._seal.close(data)
            return self._inner.write(self._name(organization), sealed, replacing=replacing, token=token)

    def read_journal(self, organization: str) -> Journal:
        """The records behind the snapshot. The last one may be damaged by a crash, and then counts as torn."""
        with self._speaking_clearly():
            journal = self._inner.read_journal(self._name(organization))
        what = f"the journal of {organization}"
        if not journal.records:
            return journal
        *before, last = journal.records
        records = [self._open(record, what) for record in before]
        self._seal.require(last, what)
        opened = self._seal.find_opened(last)
        if opened is None:
            return replace(journal, records=tuple(records), torn=last)
        return replace(journal, records=(*records, opened))

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one record to the journal."""
        with self._speaking_clearly():
            self._inner.append(self._name(organization), self._seal.close(record), token=token)

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots ever written."""
        with self._speaking_clearly():
            return self._inner.history(self._name(organization))

    def read_past(self, organization: str, version: str) -> Snapshot:
        """A snapshot of the history."""
        with self._speaking_clearly():
            snapshot = self._inner.read_past(self._name(organization), version)
        return self._opened(snapshot, organization)

    def find_lock(self, organization: str) -> Lock | None:
        """The present lock, expired or not."""
        lock = self._inner.find_lock(self._name(organization))
        return lock and self._lock_in_clear(lock)

    def locks(self) -> list[Lock]:
        """All present locks."""
        return sorted(map(self._lock_in_clear, self._inner.locks()), key=lambda lock: lock.organization)

    def acquire(self, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        """Take the lock, unless what is stored was sealed under another key: nothing is to be written beside that."""
        self._require_our_key()
        with self._speaking_clearly():
            return self._lock_in_clear(self._inner.acquire(self._name(organization), purpose=purpose, ttl=ttl))

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        """Keep the lock for longer."""
        with self._speaking_clearly():
            return self._lock_in_clear(self._inner.renew(self._lock_as_stored(lock), ttl=ttl))

    def release(self, lock: Lock) -> None:
        """Give the lock up."""
        self._inner.release(self._lock_as_stored(lock))

    def break_lock(self, organization: str, lock_id: str) -> None:
        """Take the lock away from its holder."""
        with self._speaking_clearly():
            self._inner.break_lock(self._name(organization), lock_id)

    def count_audit(self) -> int:
        """How many records the audit log has."""
        return self._inner.count_audit()

    def append_audit(self, record: bytes, *, after: int) -> None:
        """Add a record to the audit log."""
        self._require_our_key()
        self._inner.append_audit(self._seal.close(record), after=after)

    def read_audit(self, *, after: int = 0) -> Iterator[bytes]:
        """The records behind number `after`. Their chain is that of the records in clear: it survives a migration."""
        for record in self._inner.read_audit(after=after):
            yield self._open(record, _AUDIT)

    def torn_audit(self) -> TornAudit:
        """As it is stored: a part of something sealed cannot be opened."""
        return self._inner.torn_audit()

    def _name(self, organization: str) -> str:
        return self._seal.close_name(organization)

    def _open(self, data: bytes, what: str) -> bytes:
        self._seal.require(data, what)
        opened = self._seal.find_opened(data)
        if opened is None:
            message = f"{what} is damaged: something in it was sealed and does not open"
            raise StoreError(message, advice="restore it from a copy; `reconciler state verify` says what is damaged")
        return opened

    def _opened(self, snapshot: Snapshot, organization: str) -> Snapshot:
        return replace(snapshot, data=self._open(snapshot.data, f"the state of {organization}"))

    def _lock_in_clear(self, lock: Lock) -> Lock:
        names = self._seal.open_names
        return replace(lock, organization=names(lock.organization), who=names(lock.who), host=names(lock.host))

    def _lock_as_stored(self, lock: Lock) -> Lock:
        names = self._seal.close_name
        return replace(lock, organization=names(lock.organization), who=names(lock.who), host=names(lock.host))

    def _require_our_key(self) -> None:
        """Look once at something that is stored. Every apply that changes anything leaves an audit record."""
        if self._is_ours:
            return
        end = self._inner.count_audit()
        for record in islice(self._inner.read_audit(after=max(end - 1, 0)), 1):
            self._seal.require(record, _AUDIT)
        if not end:
            for name in self._inner.organizations()[:1]:
                self.read(self._seal.open_names(name))
        self._is_ours = True

    @contextmanager
    def _speaking_clearly(self) -> Iterator[None]:
        """What the inner store says of names, with the names as they are known outside."""
        try:
            yield
        except StoreError as error:
            with suppress(StoreError):
                error.message = self._seal.open_names(error.message)
                error.args = (error.message,)
            raise


def sealed_holder(holder: Holder, seal: Seal) -> Holder:
    """The holder as locks may name it: some logins are e-mail addresses."""
    return replace(holder, who=seal.close_name(holder.who), host=seal.close_name(holder.host))
