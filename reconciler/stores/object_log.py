"""One organization's state, and the audit log, as rows of numbered objects, none of which is ever written twice.

Everything that happens to a state takes the next number: a record of the journal, a snapshot, or a fence, which is what
a new holder of the lock writes before anything else. A holder that was replaced knows the next number from before the
fence. Whatever it tries to write, however late, finds the number taken.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from reconciler.model.errors import StoreError
from reconciler.model.json import as_count, load_json, load_time
from reconciler.model.values import dataclass
from reconciler.stores.bucket import Bucket
from reconciler.stores.rules import audit_moved

_HEADER = 192
"""Bytes before the data, so that one short request says what an object is."""
_MAX_AT_ONCE = 128
_AUDIT_NONCE = 16
"""Bytes before an audit record."""
_FENCES_STAND = timedelta(days=1)
"""Longer than any request can be under way, and than a stopped process keeps its connection."""


class EntryKind(StrEnum):
    """What an entry is."""

    FENCE = "fence"
    RECORD = "record"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One object of the log."""

    kind: EntryKind
    token: int
    data: bytes = b""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    number: int = 0
    """0 until it is written."""

    def encode(self) -> bytes:
        """The object's bytes, unlike any other's."""
        header = {"at": self.at.isoformat(), "kind": self.kind, "nonce": secrets.token_hex(8), "token": self.token}
        return json.dumps(header, sort_keys=True).encode().ljust(_HEADER - 1) + b"\n" + self.data

    @classmethod
    def parse(cls, number: int, data: bytes) -> LogEntry:
        """Read it back; raises StoreError when it is not one."""
        try:
            header = load_json(data[:_HEADER])
            return cls(
                kind=EntryKind(header["kind"]),
                token=as_count(header["token"]),
                at=load_time(header["at"]),
                data=data[_HEADER:],
                number=number,
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            message = f"object {number} of a state cannot be read: {error}"
            raise StoreError(message, advice="restore the object from its older version or a copy") from error


class ObjectLog:
    """The log in one folder of a bucket; `seen` keeps the last snapshot, which may be large, from being read twice."""

    def __init__(self, bucket: Bucket, folder: str, *, seen: dict[str, LogEntry]) -> None:
        self._bucket = bucket
        self._folder = folder
        self._seen = seen

    def numbers(self) -> list[int]:
        """All numbers there are, sorted."""
        return [int(name) for name in self._bucket.names(self._folder)]

    def put(self, number: int, entry: LogEntry) -> LogEntry | None:
        """Write an entry under a number; what is there already when somebody else was first."""
        if self._bucket.create(self._key(number), entry.encode()):
            return None
        found = self.find(number)
        if found is None:
            message = f"object {number} of a state came and went"
            raise StoreError(message, advice="let nothing but reconciler write to the bucket")
        return found

    def find(self, number: int) -> LogEntry | None:
        """One entry."""
        key = self._key(number)
        if key in self._seen:
            return self._seen[key]
        blob = self._bucket.find(key)
        return LogEntry.parse(number, blob.data) if blob else None

    def tail(self) -> list[LogEntry]:
        """The present snapshot, if there is one, and what came after it."""
        while True:
            entries = self._walk_back(self.numbers())
            if entries is not None:
                return entries

    def snapshots(self) -> list[LogEntry]:
        """All snapshots, without their data."""
        numbers = self.numbers()
        starts = self._bucket.find_starts([self._key(number) for number in numbers], _HEADER)
        pairs = zip(numbers, starts, strict=True)
        entries = [LogEntry.parse(number, start) for number, start in pairs if start is not None]
        return [entry for entry in entries if entry.kind is EntryKind.SNAPSHOT]

    def prune(self, entries: Iterable[LogEntry]) -> None:
        """Remove records that are in a snapshot, and fences that nobody can run into any more.

        A younger fence has to stay even behind a snapshot: its number is the one that a replaced holder would use.
        """
        old = datetime.now(UTC) - _FENCES_STAND
        superfluous = [entry for entry in entries if entry.kind is EntryKind.RECORD or entry.at < old]
        if superfluous:
            self._bucket.delete(self._key(entry.number) for entry in superfluous)

    def _walk_back(self, numbers: list[int]) -> list[LogEntry] | None:
        """From the end to the newest snapshot; None when a writer removed something meanwhile."""
        entries: list[LogEntry] = []
        step = 1  # usually the end is the snapshot, or the fence behind it
        while numbers:
            numbers, part = numbers[:-step], numbers[-step:]
            found = self._find_all(part)
            if len(found) < len(part):
                return None
            entries = found + entries
            snapshots = [place for place, entry in enumerate(entries) if entry.kind is EntryKind.SNAPSHOT]
            if snapshots:
                entries = entries[snapshots[-1] :]
                self._remember(entries[0])
                break
            step = min(2 * step, _MAX_AT_ONCE)
        return entries

    def _find_all(self, numbers: list[int]) -> list[LogEntry]:
        keys = [self._key(number) for number in numbers]
        unknown = [key for key in keys if key not in self._seen]
        blobs = dict(zip(unknown, self._bucket.find_many(unknown), strict=True))
        entries = []
        for number, key in zip(numbers, keys, strict=True):
            blob = blobs.get(key)
            if key in self._seen:
                entries.append(self._seen[key])
            elif blob is not None:
                entries.append(LogEntry.parse(number, blob.data))
        return entries

    def _remember(self, entry: LogEntry) -> None:
        self._seen.clear()
        self._seen[self._key(entry.number)] = entry

    def _key(self, number: int) -> str:
        return f"{self._folder}/{number:010}"


class ObjectAudit:
    """Remembers how far it has counted: the end can only move on."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._counted = 0

    def count(self) -> int:
        """The highest number. Found by doubling and halving, because listing a long log takes long."""
        step = 1
        while self._bucket.exists(_key(self._counted + step)):
            self._counted += step
            step *= 2
        while step > 1:
            step //= 2
            if self._bucket.exists(_key(self._counted + step)):
                self._counted += step
        return self._counted

    def append(self, record: bytes, *, after: int) -> None:
        """Take the number behind `after`, which must be the last; raises StateConflict."""
        is_last = after == self._counted or after == self.count()
        if not is_last or not self._bucket.create(
            _key(after + 1), secrets.token_hex(_AUDIT_NONCE // 2).encode() + record
        ):
            raise audit_moved()
        self._counted = after + 1

    def read(self, *, after: int) -> Iterator[bytes]:
        """All records behind number `after`."""
        end = self.count()
        for start in range(after + 1, end + 1, _MAX_AT_ONCE):
            numbers = range(start, min(start + _MAX_AT_ONCE, end + 1))
            for number, blob in zip(numbers, self._bucket.find_many([_key(number) for number in numbers]), strict=True):
                if blob is None:
                    message = f"record {number} of the audit log is missing"
                    raise StoreError(message, advice="restore the object from its older version or a copy")
                yield blob.data[_AUDIT_NONCE:]


def _key(number: int) -> str:
    return f"audit/{number:010}"
