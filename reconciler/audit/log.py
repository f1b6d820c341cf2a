"""The audit log of all organizations, kept by whatever store keeps their states."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from reconciler.audit.chain import BEGINNING, HeadWitness, Link, Verdict, decode, digest_of, encode, verify
from reconciler.model.audit import AuditEntry, AuditRecord
from reconciler.model.errors import StateConflict
from reconciler.model.json import refuse_sealed
from reconciler.model.ports import StateStore
from reconciler.model.state import AuditMark

_MAX_TRIES = 1000
"""Every failed try means that somebody else got a record in, so this many come together only by a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which entries to show; what is empty excludes nothing."""

    organization: str = ""
    person: str = ""
    since: date | None = None

    def covers(self, organization: str, entry: AuditEntry, *, person: str) -> bool:
        """Whether an entry belongs to the selection, whose person was called `person` then."""
        return (
            self.organization in ("", organization)
            and (person in ("", entry.person) or person in entry.address.split("/")[2:])
            and (self.since is None or entry.time.date() >= self.since)
        )


@dataclass(frozen=True, slots=True)
class _End:
    """How many records there are as far as we know, and the digest of the last one."""

    count: int
    head: str


def _member_in(address: str) -> str:
    kind, _, key = address.partition("/")[2].partition("/")
    return key if kind == "member" else ""


class AuditLog:
    """Adds records to the chain and reads them back. Nothing here removes one: keeping less is not our decision."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._end: _End | None = None

    def append(
        self, record: AuditRecord, *, known: AuditMark | None = None, guard: Callable[[], None] = lambda: None
    ) -> AuditMark:
        """Add a record to the end, wherever that is by then, durably; the state that is written next keeps the mark.

        `guard` raises when the record is not ours to write any more. It is asked after the end was found, so that
        whatever a successor has written by then makes this try fail, and the next one asks again. `known` is the mark
        that the state has so far; where the log does not hold it any more it is the answer, so that the state goes on
        bearing witness against the log.
        """

        def whole(end: _End) -> bytes:
            guard()
            return encode(record, previous=end.head)

        return self._unless_lost(known, self._append(whole))

    def append_missing(self, record: AuditRecord, *, known: AuditMark | None = None) -> AuditMark:
        """Add those entries that are not in the log yet, for a run that may or may not have come that far.

        Returns the end of the log, also when nothing was missing. Reads all of it, so it is for rare occasions.
        """

        def missing(end: _End) -> bytes | None:
            known = {
                entry.serial
                for link in islice(self.links(), end.count)
                if (link.record.organization, link.record.lineage) == (record.organization, record.lineage)
                for entry in link.record.entries
            }
            entries = tuple(entry for entry in record.entries if entry.serial not in known)
            return encode(replace(record, entries=entries), previous=end.head) if entries else None

        return self._unless_lost(known, self._append(missing))

    def _unless_lost(self, known: AuditMark | None, end: AuditMark) -> AuditMark:
        """A state that took the new end would no longer tell of records that were changed or cut off before it."""
        return end if known is None or self.holds(known) else known

    def holds(self, mark: AuditMark) -> bool:
        """Whether the record is still where it was, and says the same."""
        line = next(iter(self._store.read_audit(after=mark.number - 1)), None)
        return line is not None and digest_of(line) == mark.digest

    def _append(self, make_line: Callable[[_End], bytes | None]) -> AuditMark:
        """Add what is right to add at the end; when somebody else was faster, at the next one. None adds nothing."""
        for attempt in range(1, _MAX_TRIES + 1):
            end = self._find_end()
            line = make_line(end)
            if line is None:
                return AuditMark(number=end.count, digest=end.head)
            try:
                self._store.append_audit(line, after=end.count)
            except StateConflict:
                if attempt == _MAX_TRIES:
                    raise
            else:
                self._end = _End(end.count + 1, digest_of(line))
                return AuditMark(number=self._end.count, digest=self._end.head)
        raise AssertionError  # the last try raises by itself

    def links(self) -> Iterator[Link]:
        """All records, oldest first; raises StoreError at one that cannot be read."""
        for number, line in enumerate(self._store.read_audit(), start=1):
            _, record = decode(line, number=number)
            yield Link(number=number, digest=digest_of(line), record=record)

    def select(self, selection: Selection) -> Iterator[Link]:
        """The records that hold something of the selection, with just those entries.

        What was written of a person before they got the key that is asked for is found under the key of then.
        """
        renames = self._renames() if selection.person else {}
        for link in self.links():
            person = selection.person
            for (was, now), number in reversed(renames.items()):
                if number > link.number and now == person:
                    person = was
            entries = tuple(
                e for e in link.record.entries if selection.covers(link.record.organization, e, person=person)
            )
            if entries:
                yield replace(link, record=replace(link.record, entries=entries))

    def _renames(self) -> dict[tuple[str, str], int]:
        """The keys that a member had before and has since -> number of the first record of that."""
        found: dict[tuple[str, str], int] = {}
        for link in self.links():
            for entry in link.record.entries:
                if entry.action in ("rename", "state_mv"):
                    other = entry.detail.removeprefix("was ")
                    was, now = (other, entry.address) if entry.action == "rename" else (entry.address, other)
                    found.setdefault((_member_in(was), _member_in(now)), link.number)
        return found

    def verify(self, witnesses: Collection[HeadWitness] | None = None) -> Verdict:
        """Follow the whole chain, and compare it with what the states remember of it."""
        verdict = verify(self._store.read_audit(), witnesses)
        torn = self._store.torn_audit()
        if not verdict.broken and torn.tail:
            what = f"behind record {verdict.records} stands a part of one, {len(torn.tail)} bytes long"
            return replace(verdict, broken=what)
        return replace(verdict, put_aside=len(torn.kept))

    def read_head(self) -> str:
        """Digest of the last record as it is now."""
        return self._find_end().head

    def _find_end(self) -> _End:
        """The end as it is now: what others added since the last look is followed."""
        count = self._store.count_audit()
        if self._end is None or self._end.count != count:
            known = max(count - 1, 0)
            lines = list(self._store.read_audit(after=known))
            refuse_sealed(b"".join(lines[-1:]), "the audit log")
            self._end = _End(known + len(lines), digest_of(lines[-1]) if lines else BEGINNING)
        return self._end
