"""State in a bucket: S3 and what speaks its language, Google Cloud Storage, Azure.

```
organizations/acme-bc/0000000012   records, snapshots and fences, numbered
locks/acme-bc                      the newest token, and who holds the lock
index/acme-bc                      says that the organization has something; holds its key
audit/0000000001                   the audit log
clock                              written to learn the server's time
```

One organization's state, and the audit log, are rows of numbered objects, none of which is ever written twice.
Everything that happens to a state takes the next number: a record of the journal, a snapshot, or a fence, which is what
a new holder of the lock writes before anything else. A holder that was replaced knows the next number from before the
fence. Whatever it tries to write, however late, finds the number taken.

It takes a server that refuses to create what exists (If-None-Match), replaces only what was seen (If-Match), and
lists what was written.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, partial

from reconciler.model import PastVersion, StoredState, StoreError, as_count, dataclass, load_json, load_time
from reconciler.stores.bucket import Blob, Bucket, at_once, open_bucket
from reconciler.stores.rules import (
    Dating,
    Holder,
    LeaseChange,
    LeasedStore,
    LeaseRecord,
    audit_moved,
    find_key,
    lost,
    moved,
    name_of,
    no_such_version,
)

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
        """The present snapshot, if there is one, and what came after it; found from the end."""
        numbers = self.numbers()
        entries: list[LogEntry] = []
        step = 1  # usually the end is the snapshot, or the fence behind it
        while numbers:
            numbers, part = numbers[:-step], numbers[-step:]
            found = [entry for entry in at_once(self.find, part) if entry]
            if len(found) < len(part):
                return self.tail()  # a writer removed something meanwhile
            entries = found + entries
            snapshots = [place for place, entry in enumerate(entries) if entry.kind is EntryKind.SNAPSHOT]
            if snapshots:
                entries = entries[snapshots[-1] :]
                self._seen.clear()
                self._seen[self._key(entries[0].number)] = entries[0]
                break
            step = min(2 * step, _MAX_AT_ONCE)
        return entries

    def snapshots(self) -> list[LogEntry]:
        """All snapshots, without their data."""
        numbers = self.numbers()
        starts = at_once(lambda number: self._bucket.find_start(self._key(number), _HEADER), numbers)
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

    def _key(self, number: int) -> str:
        return f"{self._folder}/{number:010}"


def _audit_key(number: int) -> str:
    return f"audit/{number:010}"


_SETTLED = "settled"
_RESOLUTION = timedelta(seconds=1)
"""Servers write down whole seconds."""


@dataclass(slots=True, kw_only=True)
class _Writer:
    """What a holder of a lock knows of its log. It is never refreshed: a number that is taken means it was replaced."""

    token: int
    next: int
    is_listed: bool = False
    """Whether the index has the organization for sure."""


def open_object_store(address: str, *, holder: Holder | None = None, dating: Dating = None) -> ObjectStateStore:
    """The store at `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`."""
    return ObjectStateStore(open_bucket(address), holder=holder, dating=dating)


class ObjectStateStore(LeasedStore):
    """Keeps state below one prefix of a bucket, which must be nobody else's."""

    def __init__(self, bucket: Bucket, *, holder: Holder | None = None, dating: Dating = None) -> None:
        super().__init__(holder=holder, dating=dating)
        self._bucket = bucket
        self._counted = 0
        """How many audit records are known to be there: the end can only move on."""
        self._writers: dict[str, _Writer] = {}
        self._seen: dict[str, LogEntry] = {}

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        return sorted(key for name in self._bucket.names("index") if (key := self._find_key(name)) is not None)

    def read(self, organization: str) -> StoredState:
        """The newest snapshot and the records behind it; an object is never torn."""
        tail = self._log(organization).tail()
        version = _version(tail)
        records = tuple(entry.data for entry in tail if entry.kind is EntryKind.RECORD)
        return StoredState(snapshot=tail[0].data if version else None, version=version, journal=records)

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Add a snapshot, then remove the records it contains; a crash in between leaves some that nobody reads."""
        writer, log = self._writer(organization, token), self._log(organization)
        tail = log.tail()
        if tail and tail[-1].token > token:
            raise lost(organization)
        if _version(tail) != replacing:
            raise moved(organization)
        self._list(organization, writer)
        number = max(writer.next, tail[-1].number + 1 if tail else 1)
        at = self._dating() if self._dating else datetime.now(UTC)
        other = log.put(number, LogEntry(kind=EntryKind.SNAPSHOT, token=token, data=data, at=at))
        if other is not None:
            raise lost(organization) if other.token > token else moved(organization)
        writer.next = number + 1
        log.prune(entry for entry in tail if entry.kind is not EntryKind.SNAPSHOT)
        return str(number)

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one object under the next number."""
        writer, log = self._writer(organization, token), self._log(organization)
        self._list(organization, writer)
        while (other := log.put(writer.next, LogEntry(kind=EntryKind.RECORD, token=token, data=record))) is not None:
            if other.token > token:
                raise lost(organization)
            writer.next += 1  # the same holder, through another instance of this class
        writer.next += 1

    def stamps(self, organization: str | None = None) -> dict[str, str]:
        """Number and tag of the last object of a state, fences included: whoever takes the lock may write.

        The tag comes with the list, and every object holds a nonce: a state that was taken away and begun anew comes to
        the same numbers, and to no tag again.
        """
        folder = "organizations" if organization is None else f"organizations/{name_of(organization)}"
        found: dict[str, str] = {}
        for path, tag in sorted(self._bucket.tags(folder).items()):  # the highest number comes last
            _, name, number = path.split("/")
            found[name] = f"{number}:{tag}"
        return {key: stamp for name, stamp in found.items() if (key := self._find_key(name)) is not None}

    def read_settled(self) -> bytes | None:
        """The bytes of one object."""
        blob = self._bucket.find(_SETTLED)
        return blob.data if blob else None

    def write_settled(self, data: bytes) -> None:
        """Replace that object; somebody else's that came in between stays, which costs time and nothing else."""
        self._bucket.replace(_SETTLED, data, seen=self._bucket.find(_SETTLED))

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots, oldest first."""
        return [PastVersion(str(entry.number), entry.at) for entry in self._log(organization).snapshots()]

    def read_past(self, organization: str, version: str) -> bytes:
        """One snapshot of the history."""
        entry = self._log(organization).find(int(version)) if version.isdecimal() else None
        if entry is None or entry.kind is not EntryKind.SNAPSHOT:
            raise no_such_version(organization, version)
        return entry.data

    def count_audit(self) -> int:
        """The highest number. Found by doubling and halving, because listing a long log takes long."""
        step = 1
        while self._bucket.exists(_audit_key(self._counted + step)):
            self._counted += step
            step *= 2
        while step > 1:
            step //= 2
            if self._bucket.exists(_audit_key(self._counted + step)):
                self._counted += step
        return self._counted

    def append_audit(self, record: bytes, *, after: int) -> None:
        """Take the number behind `after`, which must be the last; raises StateConflict."""
        is_last = after == self._counted or after == self.count_audit()
        unlike_any_other = secrets.token_hex(_AUDIT_NONCE // 2).encode() + record
        if not is_last or not self._bucket.create(_audit_key(after + 1), unlike_any_other):
            raise audit_moved()
        self._counted = after + 1

    def read_audit(self, *, after: int = 0) -> Iterator[bytes]:
        """All records behind number `after`."""
        end = self.count_audit()
        for start in range(after + 1, end + 1, _MAX_AT_ONCE):
            numbers = range(start, min(start + _MAX_AT_ONCE, end + 1))
            blobs = at_once(self._bucket.find, map(_audit_key, numbers))
            for number, blob in zip(numbers, blobs, strict=True):
                if blob is None:
                    message = f"record {number} of the audit log is missing"
                    raise StoreError(message, advice="restore the object from its older version or a copy")
                yield blob.data[_AUDIT_NONCE:]

    def _log(self, organization: str) -> ObjectLog:
        return ObjectLog(self._bucket, f"organizations/{name_of(organization)}", seen=self._seen)

    def _writer(self, organization: str, token: int) -> _Writer:
        """What the holder of this token may write next; raises LeaseLost when there is a newer token.

        For a holder that took the lock through another instance the end of the log is read *before* the lock: a
        successor that is not in the lock yet will put its fence behind this end.
        """
        writer = self._writers.get(organization)
        if writer is None or writer.token != token:
            numbers = self._log(organization).numbers()
            self._read_lease(organization).require(token)
            writer = self._writers[organization] = _Writer(token=token, next=max(numbers, default=0) + 1)
        return writer

    def _put_fence(self, organization: str, token: int) -> None:
        """From then on older tokens are refused, and this one writes behind it. Very old fences are cleared away."""
        log = self._log(organization)
        tail = log.tail()
        if any(entry.token > token for entry in tail):  # a successor was faster: behind its fence nothing would stop us
            raise lost(organization)
        number = tail[-1].number + 1 if tail else 1
        while (other := log.put(number, LogEntry(kind=EntryKind.FENCE, token=token))) is not None:
            if other.token > token:
                raise lost(organization)
            number += 1
        log.prune(entry for entry in tail if entry.kind is EntryKind.FENCE)
        self._writers[organization] = _Writer(token=token, next=number + 1)

    def _list(self, organization: str, writer: _Writer) -> None:
        """Make the organization known before there is anything of it."""
        if not writer.is_listed:
            self._bucket.create(f"index/{name_of(organization)}", organization.encode())
            writer.is_listed = True

    def _find_key(self, name: str) -> str | None:
        """The key behind a name; None when the name was cut and the organization was only ever locked."""
        key = find_key(name)
        blob = self._bucket.find(f"index/{name}") if key is None else None
        return blob.data.decode() if blob else key

    def _read_lease(self, organization: str) -> LeaseRecord:
        return self._find_lease(name_of(organization), organization)[0]

    def _read_leases(self) -> list[LeaseRecord]:
        return [self._find_lease(name, "")[0] for name in self._bucket.names("locks")]

    def _find_lease(self, name: str, organization: str) -> tuple[LeaseRecord, Blob | None]:
        """The record and the object it came from; the lock expires by the server's clock, not by its holder's."""
        blob = self._bucket.find(f"locks/{name}")
        if blob is None:
            return LeaseRecord(organization=organization), None
        record, ttl = _parse_lease(blob.data)
        if record.lock is not None:
            expires = blob.modified + ttl + _RESOLUTION
            record = replace(record, lock=replace(record.lock, expires=expires))
        return record, blob

    def _change_lease(self, organization: str, change: LeaseChange) -> LeaseRecord:
        """Again, when somebody was faster; then put up the fence that keeps the holder of an older token out.

        The server is asked for the time only when somebody has the lock and the answer depends on it.
        """
        name = name_of(organization)
        while True:
            record, blob = self._find_lease(name, organization)
            now = cache(self._bucket.now if record.lock else partial(datetime.now, UTC))
            changed = change(record, now)
            if changed == record:
                return record
            ttl = (changed.lock.expires - now()).total_seconds() if changed.lock else 0.0
            body = {"lease": changed.to_json().decode(), "nonce": secrets.token_hex(8), "ttl": ttl}
            data = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
            if self._bucket.replace(f"locks/{name}", data, seen=blob):
                break
        if changed.token != record.token:
            self._put_fence(organization, changed.token)
        return changed


def _version(tail: list[LogEntry]) -> str | None:
    """Of the snapshot that the end of a log begins with."""
    return str(tail[0].number) if tail and tail[0].kind is EntryKind.SNAPSHOT else None


def _read_seconds(value: object) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("ttl is no number")
    return timedelta(seconds=value)


def _parse_lease(data: bytes) -> tuple[LeaseRecord, timedelta]:
    try:
        body = load_json(data)
        return LeaseRecord.parse(body["lease"].encode()), _read_seconds(body["ttl"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        message = f"the lock of an organization cannot be read: {error}"
        raise StoreError(message, advice="restore the object from its older version or a copy") from error
