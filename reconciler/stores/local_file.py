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
settled                                      what need not be planned again
```

Because the journal has the name of the snapshot it belongs to, one rename replaces both.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from reconciler.model import Lock, PastVersion, StoredState, StoreError, TornAudit
from reconciler.stores.rules import (
    PRIVATE,
    Dating,
    Holder,
    LeaseChange,
    LeasedStore,
    LeaseRecord,
    append_bytes,
    audit_moved,
    cut_off,
    find_key,
    guard,
    make_folder,
    moved,
    name_of,
    no_such_version,
    replace_durably,
    sync_folder,
    try_lock,
)

_LEASE = "lease"
"""Name of the file with the lease record."""
_VERSION = re.compile(r"\d{8}-\d{8}T\d{6}Z")
_TIME = "%Y%m%dT%H%M%SZ"
_FIRST = "00000000-00010101T000000Z"
"""The version that the journal of an organization without a snapshot is named after."""


class LocalFileStore(LeasedStore):
    """Keeps state in `root`. For a folder that several machines share over a network there are the other stores."""

    def __init__(self, root: Path, *, holder: Holder | None = None, dating: Dating = None) -> None:
        super().__init__(holder=holder, dating=dating)
        self._organizations = root / "organizations"
        self._audit = AuditFile(root / "audit.jsonl")
        self._settled = root / "settled"
        self._journals: dict[str, tuple[int, Path]] = {}
        """Organization -> the token under which this instance last wrote to its journal, and that journal."""
        self._signs_of_life: dict[str, int] = {}
        """Id of a lock of ours -> the open file that says that its holder lives."""

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        with _explained():
            return sorted(self._key_of(name) for name in _names_in(self._organizations) if self._files_of(name))

    def _key_of(self, name: str) -> str:
        key = find_key(name)
        return _find_lease(self._organizations / name, "").organization if key is None else key

    def _files_of(self, name: str) -> list[str]:
        """Snapshots and journals in a folder: their names begin with a number."""
        try:
            return [file for file in _names_in(self._organizations / name) if file[0].isdecimal()]
        except NotADirectoryError:  # a file of somebody else's
            return []

    def read(self, organization: str) -> StoredState:
        """The last snapshot and the lines behind it; the last one is torn when its end is missing."""
        with _explained():
            version = self._find_version(organization)
            snapshot = self._read_snapshot(organization, version) if version else None
            try:
                *records, torn = self._journal(organization, version).read_bytes().split(b"\n")
            except FileNotFoundError:
                if self._find_version(organization) != version:  # a writer came in between and removed it
                    return self.read(organization)
                return StoredState(snapshot=snapshot, version=version)
            return StoredState(snapshot=snapshot, version=version, journal=tuple(records), torn=torn)

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Add a snapshot; its name makes it the present one and leaves the journal behind."""
        folder = self._folder(organization)
        with self._changing(organization) as lease:
            lease.require(token)
            present = self._find_version(organization)
            if present != replacing:
                raise moved(organization)
            at = self._dating() if self._dating else datetime.now(UTC)
            version = f"{int((present or _FIRST).partition('-')[0]) + 1:08}-{at.strftime(_TIME)}"
            replace_durably(folder / f"{version}.json", data)
            self._journal(organization, present).unlink(missing_ok=True)
            sync_folder(folder)
            return version

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one line and wait until it is on the disk."""
        with self._changing(organization) as lease:
            lease.require(token)
            # Only holders of this token write, and a new snapshot takes the journal away: no need to look through the
            # history for the present one while it is there.
            known, journal = self._journals.get(organization, (0, Path()))
            if known != token or not journal.exists():
                journal = self._journal(organization, self._find_version(organization))
                self._journals[organization] = token, journal
            append_bytes(journal, record + b"\n", whole_lines=True)

    def stamps(self, organization: str | None = None) -> dict[str, str]:
        """The name of the newest file that belongs to the state, its size, because a journal grows, and its time.

        The time tells what was changed by hand.
        """
        found: dict[str, str] = {}
        with _explained():
            for name in _names_in(self._organizations) if organization is None else [name_of(organization)]:
                if files := self._files_of(name):
                    newest = self._organizations / name / max(files, key=_age)
                    now = newest.stat()
                    found[self._key_of(name)] = f"{newest.name}:{now.st_size}:{now.st_mtime_ns}"
        return found

    def read_settled(self) -> bytes | None:
        """The bytes of one file."""
        with _explained():
            try:
                return self._settled.read_bytes()
            except FileNotFoundError:
                return None

    def write_settled(self, data: bytes) -> None:
        """Replace that file."""
        with _explained():
            make_folder(self._settled.parent)
            replace_durably(self._settled, data)

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots, oldest first."""
        with _explained():
            return [
                PastVersion(version, datetime.strptime(version.partition("-")[2], _TIME).replace(tzinfo=UTC))
                for version in self._versions(organization)
            ]

    def read_past(self, organization: str, version: str) -> bytes:
        """One snapshot of the history."""
        with _explained():
            if version not in self._versions(organization):
                raise no_such_version(organization, version)
            return self._read_snapshot(organization, version)

    def release(self, lock: Lock) -> None:
        """Give the lock up, if it is still ours, and the sign of life with it."""
        super().release(lock)
        with _explained():
            self._sign_of_life(lock).unlink(missing_ok=True)
        descriptor = self._signs_of_life.pop(lock.id, None)
        if descriptor is not None:
            os.close(descriptor)

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

    def _read_lease(self, organization: str) -> LeaseRecord:
        with _explained():
            return _find_lease(self._folder(organization), organization)

    def _read_leases(self) -> list[LeaseRecord]:
        with _explained():
            return [_find_lease(path.parent, "") for path in self._organizations.glob(f"*/{_LEASE}")]

    def _change_lease(self, organization: str, change: LeaseChange) -> LeaseRecord:
        with self._changing(organization) as lease:
            changed = change(lease, partial(datetime.now, UTC))
            if changed.lock is not None and changed.token != lease.token:
                self._show_life(changed.lock)
            if changed != lease:
                replace_durably(self._folder(organization) / _LEASE, changed.to_json())
            return changed

    def _show_life(self, lock: Lock) -> None:
        """Keep a file open under the operating system's lock.

        That lock goes when the process dies, whatever it dies of, so the next one need not wait until the lease runs
        out; and no number of a process, which might belong to another by now, has to be trusted.
        """
        folder = self._folder(lock.organization)
        for left_behind in folder.glob("held-*"):
            left_behind.unlink()
        descriptor = os.open(self._sign_of_life(lock), os.O_RDWR | os.O_CREAT, PRIVATE)
        if not try_lock(descriptor):
            os.close(descriptor)
            message = f"{folder} does not lock files"
            raise StoreError(message, advice="use another file system or another store")
        self._signs_of_life[lock.id] = descriptor

    def _is_holder_dead(self, lock: Lock) -> bool:
        """Only of a process of this machine that can be known."""
        if lock.host != self._holder.host:
            return False
        try:
            with self._sign_of_life(lock).open("r+b") as file:
                return try_lock(file.fileno())
        except FileNotFoundError:
            return True

    def _sign_of_life(self, lock: Lock) -> Path:
        return self._folder(lock.organization) / f"held-{lock.id}"

    @contextmanager
    def _changing(self, organization: str) -> Iterator[LeaseRecord]:
        """The lease record, while nobody else can change anything in the folder."""
        folder = self._folder(organization)
        with _explained():
            make_folder(folder)
            with guard(folder / "guard"):
                yield _find_lease(folder, organization)

    def _folder(self, organization: str) -> Path:
        return self._organizations / name_of(organization)

    def _journal(self, organization: str, version: str | None) -> Path:
        return self._folder(organization) / f"{version or _FIRST}.journal"

    def _versions(self, organization: str) -> list[str]:
        names = (name.removesuffix(".json") for name in _names_in(self._folder(organization)) if name.endswith(".json"))
        return sorted(name for name in names if _VERSION.fullmatch(name))

    def _find_version(self, organization: str) -> str | None:
        return max(self._versions(organization), default=None)

    def _read_snapshot(self, organization: str, version: str) -> bytes:
        return (self._folder(organization) / f"{version}.json").read_bytes()


def _age(file: str) -> tuple[str, bool]:
    """By version; a journal is younger than the snapshot that it follows."""
    version, _, suffix = file.partition(".")
    return version, suffix == "journal"


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # paths take ten times as long
    except FileNotFoundError:
        return []


def _find_lease(folder: Path, organization: str) -> LeaseRecord:
    try:
        return LeaseRecord.parse((folder / _LEASE).read_bytes())
    except FileNotFoundError:
        return LeaseRecord(organization=organization)


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
    """Knows where its lines end, so that the next record costs the same however long the log is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ends = array("Q")
        """The offset behind each complete line."""

    def count(self) -> int:
        """How many complete lines there are."""
        self._look()
        return len(self._ends)

    def append(self, record: bytes, *, after: int) -> None:
        """Add a line if `after` is the number of the last one; raises StateConflict.

        A last record that lacked its line end and nothing else gets one and counts. A part of a record is not deleted,
        because nobody can tell a crash from an edit: it is kept beside the log.
        """
        make_folder(self._path.parent)
        with guard(self._path.with_suffix(".guard")):
            torn = self._look()
            if len(self._ends) != after:
                raise audit_moved()
            if torn and _is_whole(torn):
                append_bytes(self._path, b"\n")
                raise audit_moved()
            if torn:
                append_bytes(self._path.with_suffix(".torn"), torn + b"\n")
                cut_off(self._path, at=self._end)
            append_bytes(self._path, record + b"\n", whole_lines=True)

    def torn(self) -> TornAudit:
        """What stands behind the last line end, and what was put aside from there."""
        kept = self._path.with_suffix(".torn")
        return TornAudit(self._look(), kept.read_bytes() if kept.exists() else b"")

    def read(self, *, after: int) -> Iterator[bytes]:
        """Complete lines behind number `after`; one that a crash cut off was never acknowledged."""
        known = min(after, len(self._ends))
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._ends[known - 1] if known else 0)
            for line in islice(file, after - known, None):
                if line.endswith(b"\n"):
                    yield line[:-1]

    @property
    def _end(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _look(self) -> bytes:
        """Find where the lines end that are new; returns what stands behind the last end."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._end:  # somebody cut the file: whoever verifies it shall see that
                    del self._ends[:]
                end = file.seek(self._end)
                for line in file:
                    if not line.endswith(b"\n"):
                        return line
                    end += len(line)
                    self._ends.append(end)
        except FileNotFoundError:
            del self._ends[:]
        return b""
