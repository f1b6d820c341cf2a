"""State in a folder of files, for the processes of one machine.

```
organizations/acme-bc/
  00000007-20261122T062400Z.json             snapshots, never changed once written; the last one is the present one
  00000007-20261122T062400Z.journal          what was appended to snapshot 7; the next one begins an empty journal
  lease                                      the newest token, and who holds the lock
  held-3f2a...                               kept open by the holder, so that everybody sees when it dies
  guard                                      locked for the moment of every change
audit.jsonl
audit.torn                                   parts of records that a crash left at its end
```

Because the journal has the name of the snapshot it belongs to, one rename replaces both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.model.errors import StoreError
from reconciler.model.ports import Journal, Lock, PastVersion, Snapshot, TornAudit
from reconciler.stores.files import append_bytes, append_line, cut_off, guard, make_folder, replace_durably, sync_folder
from reconciler.stores.local_lock import LEASE, LocalLocks, changing, read_lease
from reconciler.stores.process import Holder, this_process
from reconciler.stores.rules import audit_moved, find_key, moved, name_of, no_such_version

_BLOCK = 1 << 20
_VERSION = re.compile(r"\d{8}-\d{8}T\d{6}Z")
_TIME = "%Y%m%dT%H%M%SZ"
_FIRST = "00000000-00010101T000000Z"
"""The version that the journal of an organization without a snapshot is named after."""


class LocalFileStore:
    """Keeps state in `root`. For a folder that several machines share over a network there are the other stores."""

    def __init__(self, root: Path, *, holder: Holder | None = None) -> None:
        self._organizations = root / "organizations"
        self._audit = AuditFile(root / "audit.jsonl")
        self._locks = LocalLocks(holder or this_process())

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        with _explained():
            folders = [folder for folder in self._organizations.glob("*") if any(folder.glob("[0-9]*"))]
            return sorted(find_key(folder.name) or read_lease(folder, "").organization for folder in folders)

    def read(self, organization: str) -> Snapshot | None:
        """The last snapshot, or None."""
        with _explained():
            version = self._find_version(organization)
            return self._read_snapshot(organization, version) if version else None

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Add a snapshot; its name makes it the present one and leaves the journal behind."""
        folder = self._folder(organization)
        with _explained(), changing(folder, organization) as lease:
            lease.require(token)
            present = self._find_version(organization)
            if present != replacing:
                raise moved(organization)
            version = _next_version(present)
            replace_durably(folder / f"{version}.json", data)
            self._journal(organization, present).unlink(missing_ok=True)
            sync_folder(folder)
            return version

    def read_journal(self, organization: str) -> Journal:
        """The lines behind the present snapshot; the last one is torn when its end is missing."""
        with _explained():
            version = self._find_version(organization)
            try:
                *records, torn = self._journal(organization, version).read_bytes().split(b"\n")
            except FileNotFoundError:
                if self._find_version(organization) != version:  # a writer came in between and removed it
                    return self.read_journal(organization)
                return Journal(behind=version)
            return Journal(tuple(records), torn, version)

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one line and wait until it is on the disk."""
        with _explained(), changing(self._folder(organization), organization) as lease:
            lease.require(token)
            append_line(self._journal(organization, self._find_version(organization)), record)

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots, oldest first."""
        with _explained():
            return [PastVersion(version, _written_at(version)) for version in self._versions(organization)]

    def read_past(self, organization: str, version: str) -> Snapshot:
        """One snapshot of the history."""
        with _explained():
            if version not in self._versions(organization):
                raise no_such_version(organization, version)
            return self._read_snapshot(organization, version)

    def find_lock(self, organization: str) -> Lock | None:
        """The present lock, expired or not."""
        with _explained():
            return read_lease(self._folder(organization), organization).lock

    def locks(self) -> list[Lock]:
        """All present locks."""
        with _explained():
            leases = [read_lease(path.parent, "") for path in self._organizations.glob(f"*/{LEASE}")]
            return sorted((lease.lock for lease in leases if lease.lock), key=lambda lock: lock.organization)

    def acquire(self, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        """Take the lock; that of a process of this machine that died is free at once."""
        with _explained():
            return self._locks.acquire(self._folder(organization), organization, purpose=purpose, ttl=ttl)

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        """Keep the lock for longer."""
        with _explained():
            return self._locks.renew(self._folder(lock.organization), lock, ttl=ttl)

    def release(self, lock: Lock) -> None:
        """Give the lock up."""
        with _explained():
            self._locks.release(self._folder(lock.organization), lock)

    def break_lock(self, organization: str, lock_id: str) -> None:
        """Take the lock away from its holder."""
        with _explained():
            self._locks.break_lock(self._folder(organization), organization, lock_id)

    def count_audit(self) -> int:
        """How many records the audit log has."""
        with _explained():
            return self._audit.count()

    def append_audit(self, record: bytes, *, after: int) -> None:
        """Add a record to the audit log."""
        with _explained():
            self._audit.append(record, after=after)

    def read_audit(self, *, after: int = 0) -> Iterator[bytes]:
        """The records behind number `after`."""
        with _explained():
            yield from self._audit.read(after=after)

    def torn_audit(self) -> TornAudit:
        """What stands behind the last line end, and what stood there before."""
        with _explained():
            return self._audit.torn()

    def _folder(self, organization: str) -> Path:
        return self._organizations / name_of(organization)

    def _journal(self, organization: str, version: str | None) -> Path:
        return self._folder(organization) / f"{version or _FIRST}.journal"

    def _versions(self, organization: str) -> list[str]:
        names = (path.stem for path in self._folder(organization).glob("*.json"))
        return sorted(name for name in names if _VERSION.fullmatch(name))

    def _find_version(self, organization: str) -> str | None:
        return max(self._versions(organization), default=None)

    def _read_snapshot(self, organization: str, version: str) -> Snapshot:
        return Snapshot((self._folder(organization) / f"{version}.json").read_bytes(), version)


def _next_version(present: str | None) -> str:
    number = int((present or _FIRST).partition("-")[0]) + 1
    return f"{number:08}-{datetime.now(UTC).strftime(_TIME)}"


def _written_at(version: str) -> datetime:
    return datetime.strptime(version.partition("-")[2], _TIME).replace(tzinfo=UTC)


@contextmanager
def _explained() -> Iterator[None]:
    """Problems of the file system in the words of the store."""
    try:
        yield
    except OSError as error:
        message = f"the state cannot be used: {error}"
        raise StoreError(message) from error


def _is_whole(record: bytes) -> bool:
    """Whether it is one JSON object, sealed or not: no beginning of one is."""
    try:
        return isinstance(json.loads(record[record.find(b"{") :]), dict)
    except (ValueError, RecursionError):
        return False


class AuditFile:
    """Knows how far it has counted, so that the next record costs the same however long the log is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counted = 0
        self._offset = 0

    def count(self) -> int:
        """How many complete lines there are."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, 2) < self._offset:  # somebody cut the file: whoever verifies it shall see that
                    self._counted = self._offset = 0
                file.seek(self._offset)
                while block := file.read(_BLOCK):
                    end = block.rfind(b"\n") + 1
                    self._counted += block.count(b"\n")
                    if not end and len(block) < _BLOCK:
                        break
                    self._offset += end or len(block)
                    file.seek(self._offset)
        except FileNotFoundError:
            self._counted = self._offset = 0
        return self._counted

    def append(self, record: bytes, *, after: int) -> None:
        """Add a line if `after` is the number of the last one; raises StateConflict."""
        make_folder(self._path.parent)
        with guard(self._path.with_suffix(".guard")):
            if self.count() != after or self._complete():
                raise audit_moved()
            append_line(self._path, record)

    def torn(self) -> TornAudit:
        """What stands behind the last line end, and what was put aside from there."""
        kept = self._path.with_suffix(".torn")
        return TornAudit(self._tail(), kept.read_bytes() if kept.exists() else b"")

    def _tail(self) -> bytes:
        self.count()
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                return file.read()
        except FileNotFoundError:
            return b""

    def _complete(self) -> bool:
        """Whether the last record lacked its line end and nothing else: it has one now, and counts.

        A part of a record is not deleted, because nobody can tell a crash from an edit: it is kept beside the log.
        """
        torn = self._tail()
        if not torn:
            return False
        if _is_whole(torn):
            append_bytes(self._path, b"\n")
            return True
        append_bytes(self._path.with_suffix(".torn"), torn + b"\n")
        cut_off(self._path, at=self._offset)
        return False

    def read(self, *, after: int) -> Iterator[bytes]:
        """Complete lines behind number `after`; one that a crash cut off was never acknowledged."""
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if number > after and line.endswith(b"\n"):
                        yield line[:-1]
        except FileNotFoundError:
            return
