"""The audit log of all organizations, kept by whatever store keeps their states.

Each record is a line with the digest of the one before it, so that no edit goes unseen: a chain shows that nothing
inside it was changed, added or taken out. Its end is named by no later record: there the states bear witness, each of
which keeps the number and the digest of the last record about its organization.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count, islice

from reconciler.engine.context import Targets
from reconciler.engine.identities import Names, key_by_identity, rename_state
from reconciler.model import (
    KINDS,
    Address,
    AuditEntry,
    AuditMark,
    AuditRecord,
    HeadWitness,
    LoggedEntry,
    Risk,
    State,
    StateConflict,
    StateStore,
    StoreError,
    adapter_of,
    as_text,
    change_with_todays_words,
    dataclass,
    describe_first_misfit,
    find_damage,
    load_json,
    log_entry,
    parents_of,
    read_as,
    refuse_sealed,
    to_line,
)

AUDIT_FORMAT = "1.0"
UNLOCK = "state_unlock"
BEGINNING = "0" * 64
"""What the first record has for the digest of the one before it."""

_MAX_TRIES = 1000
"""Every failed try means that somebody else got a record in, so this many come together only by a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a look at the whole chain found."""

    records: int
    """How many fit, up to the first that does not."""
    entries: int
    head: str
    """Digest of the last record that fits."""
    broken: str = ""
    """What is wrong with the next one; empty when there is none."""
    put_aside: int = 0
    """Bytes of records that were cut off once, and were put aside."""


def encode(record: AuditRecord, *, previous: str) -> bytes:
    """The line of a record."""
    content = adapter_of(AuditRecord).dump_python(record, mode="json", exclude_defaults=True)
    return to_line({"format_version": AUDIT_FORMAT, "previous": previous, **content})


def digest_of(line: bytes) -> str:
    """What the next record says of this one."""
    return hashlib.sha256(line).hexdigest()


def decode(line: bytes, *, number: int) -> tuple[str, AuditRecord]:
    """The digest a record has for the one before it, and the record; raises StoreError when it cannot be read."""
    from pydantic import ValidationError

    refuse_sealed(line, f"record {number} of the audit log")
    try:
        content = load_json(line)
        version, previous = as_text(content["format_version"]), as_text(content["previous"])
        entries = [change_with_todays_words(entry) for entry in content.get("entries", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(number, "it is no audit record") from error
    if version.partition(".")[0] != AUDIT_FORMAT.partition(".")[0]:
        raise _unreadable(number, f"it has format {version}, and this version reads {AUDIT_FORMAT}")
    try:
        is_todays = entries == content.get("entries", [])
        record = read_as(AuditRecord, line if is_todays else {**content, "entries": entries})
    except ValidationError as error:
        raise _unreadable(number, describe_first_misfit(error)) from error
    if damage := find_damage(record):
        raise _unreadable(number, damage)
    return previous, record


def verify(lines: Iterable[bytes], witnesses: Collection[HeadWitness] | None = None) -> Verdict:
    """Follow the chain from its beginning to its end or to the first record that does not fit.

    With `witnesses`, the end has to be what they remember.
    """
    head, records, entries = BEGINNING, 0, 0
    marks: dict[int, list[tuple[str, str]]] = {}
    for witness in witnesses or ():
        if witness.mark is not None:
            marks.setdefault(witness.mark.number, []).append((witness.organization, witness.mark.digest))
    newest = max(marks, default=0)
    behind = {witness.organization for witness in witnesses or () if witness.is_behind}
    broken = ""
    for number, line in enumerate(lines, start=1):
        try:
            previous, record = decode(line, number=number)
        except StoreError as error:
            broken = error.message
            break
        digest = digest_of(line)
        contradicted = [organization for organization, mark in marks.get(number, ()) if mark != digest]
        # Behind all that the states remember, breaking a lock is the one thing that leaves no mark.
        is_unlock = {entry.action for entry in record.entries} == {UNLOCK}
        if previous != head:
            broken = _misfit(number, previous)
        elif contradicted:
            broken = f"record {number} is not the one that the state of {contradicted[0]} remembers: it was changed"
        elif witnesses is not None and number > newest and record.organization not in behind and not is_unlock:
            broken = (
                f"record {number} is about {record.organization}, whose state does not know it: "
                "it was added by something else, or the state is lost"
            )
        if broken:
            break
        head, records, entries = digest, number, entries + len(record.entries)
    if not broken and newest > records:
        organization = marks[newest][0][0]
        broken = (
            f"the log ends with record {records}, but the state of {organization} remembers record {newest}: "
            "its end was cut off"
        )
    return Verdict(records=records, entries=entries, head=head, broken=broken)


def _misfit(number: int, previous: str) -> str:
    if number == 1:
        return f"record 1 follows a record {previous[:12]}…, but it is the first one: older ones were taken out"
    if previous == BEGINNING:
        return f"record {number} says that it is the first one, but it is not"
    return (
        f"record {number} follows a record {previous[:12]}…, which record {number - 1} is not: "
        f"record {number - 1} was changed, or something was added or taken out between the two"
    )


def _unreadable(number: int, what: str) -> StoreError:
    return StoreError(f"record {number} of the audit log cannot be read: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which entries to show; what is empty excludes nothing."""

    organization: str = ""
    person: str = ""
    since: date | None = None
    until: date | None = None
    """The last UTC day."""
    address: str = ""
    """An address, with what hangs on it, or a pattern with `*`."""
    outcome: str = ""

    def covers(self, organization: str, entry: AuditEntry, *, person: str, today: Address | None) -> bool:
        """Whether an entry belongs to the selection, whose person was called `person` then, and its address `today`."""
        day = entry.time.date()
        return (
            self.organization in ("", organization)
            and (person in ("", entry.person) or person in entry.address.split("/")[2:])
            and (self.since is None or day >= self.since)
            and (self.until is None or day <= self.until)
            and self.outcome in ("", entry.outcome)
            and (not self.address or any(self._names(one) for one in {Address.parse(entry.address), today} if one))
        )

    def _names(self, address: Address) -> bool:
        hangs_on = parents_of(address) if address.kind in KINDS else ()
        return any(map(Targets(include=(self.address,)).covers, (address, *hangs_on)))


_DRIFT = re.compile(rf"[a-z ]+, ({'|'.join(Risk)}): ")


def find_risk(entry: AuditEntry) -> Risk | None:
    """What the plan said of a change, or the audit of drift; None where nothing said it."""
    found = _DRIFT.match(entry.detail) if entry.action == "drift" else None
    return Risk(found[1]) if found else entry.risk


def _names_in(address: Address) -> Iterator[tuple[str, str]]:
    """Kind and key of the things an address is about; of a kind that this version does not know, nothing."""
    if address.kind in KINDS:
        yield from zip(KINDS[address.kind].parents or (address.kind,), address.parts, strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renames:
    """What one record says got other names, all at once: two things may have changed theirs with each other."""

    record: int
    organization: str
    keys: Mapping[tuple[str, str], str]
    """Kind and key before -> the key since."""

    @property
    def taken(self) -> frozenset[tuple[str, str]]:
        """The names that mean another thing since, and did not go to a new one themselves."""
        return frozenset((kind, now) for (kind, _), now in self.keys.items()) - self.keys.keys()

    def person_before(self, key: str) -> str:
        """What a person was called before."""
        return next((was for (kind, was), now in self.keys.items() if (kind, now) == ("member", key)), key)


def _name_today(address: Address, later: Iterable[Renames]) -> Address | None:
    """What an address of the log is called after some renames; None once one has given its name to another thing."""
    for renames in later:
        names = frozenset(_names_in(address))
        if not names.isdisjoint(renames.taken):
            return None
        if not names.isdisjoint(renames.keys):
            address = Names(keys=renames.keys).today(address)
    return address


def under_later_names(state: State, renames: Iterable[Renames]) -> State:
    """A state of the past with its members and assets under the names that they have got since.

    What had such a name then and has it no more goes by its identity.
    """
    known = state.audit.number if state.audit else 0
    for one in renames:
        if one.organization == state.organization and one.record > known:
            there = {(at.kind, at.key): record for at, record in state.records.items()}
            given = {(kind, now) for (kind, was), now in one.keys.items() if (kind, was) in there}
            displaced = {
                name: key_by_identity(there[name].identity) or f"former-{name[1]}"
                for name in given & one.taken & there.keys()
            }
            state = rename_state(state, Names(keys={**one.keys, **displaced}, displaced=frozenset(displaced)))
    return state


class AuditLog:
    """Adds records to the chain and reads them back. Nothing here removes one: keeping less is not our decision."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._end: AuditMark | None = None

    def append(
        self, record: AuditRecord, *, known: AuditMark | None = None, guard: Callable[[], None] = lambda: None
    ) -> AuditMark:
        """Add a record to the end, wherever that is by then, durably; the state that is written next keeps the mark.

        `guard` raises when the record is not ours to write any more. It is asked after the end was found, so that
        whatever a successor has written by then makes this try fail, and the next one asks again. `known` is the mark
        that the state has so far; where the log does not hold it any more it is the answer, so that the state goes on
        bearing witness against the log.
        """

        def whole(end: AuditMark) -> bytes:
            guard()
            return encode(record, previous=end.digest)

        return self._append(whole, known)

    def append_missing(self, record: AuditRecord, *, known: AuditMark | None = None) -> AuditMark:
        """Add those entries that are not in the log yet, for a run that may or may not have come that far.

        Returns the end of the log, also when nothing was missing. Reads all of it, so it is for rare occasions.
        """

        def missing(end: AuditMark) -> bytes | None:
            there = {
                entry.serial
                for one in islice(self.records(), end.number)
                if (one.organization, one.lineage) == (record.organization, record.lineage)
                for entry in one.entries
            }
            entries = tuple(entry for entry in record.entries if entry.serial not in there)
            return encode(replace(record, entries=entries), previous=end.digest) if entries else None

        return self._append(missing, known)

    def holds(self, mark: AuditMark) -> bool:
        """Whether the record is still where it was, and says the same."""
        line = next(iter(self._store.read_audit(after=mark.number - 1)), None)
        return line is not None and digest_of(line) == mark.digest

    def _append(self, make_line: Callable[[AuditMark], bytes | None], known: AuditMark | None) -> AuditMark:
        """Add what is right to add at the end; when somebody else was faster, at the next one. None adds nothing."""
        for tries in count(1):
            end = self._find_end()
            line = make_line(end)
            if line is None:
                break
            try:
                self._store.append_audit(line, after=end.number)
            except StateConflict:
                if tries == _MAX_TRIES:
                    raise
                continue
            end = self._end = AuditMark(number=end.number + 1, digest=digest_of(line))
            break
        # A state that took the new end would no longer tell of records that were changed or cut off before it.
        return end if known is None or self.holds(known) else known

    def records(self) -> Iterator[AuditRecord]:
        """All records, oldest first; raises StoreError at one that cannot be read."""
        for number, line in enumerate(self._store.read_audit(), start=1):
            _, record = decode(line, number=number)
            yield record

    def entries(self, selection: Selection = Selection()) -> Iterator[LoggedEntry]:  # noqa: B008  # it is frozen
        """The entries of a selection, oldest first.

        What was written of a person before they got the key that is asked for is found under the key of then.
        """
        renames = self.renames() if selection.person or selection.address else ()
        return (entry for entry, _ in self._selected(selection, renames))

    def by_access(self, selection: Selection) -> dict[Address, list[LoggedEntry]]:
        """The same entries, by what each is about and as that is called today."""
        found: dict[Address, list[LoggedEntry]] = {}
        for entry, today in self._selected(selection, self.renames()):
            if today is not None:
                found.setdefault(today, []).append(entry)
        return found

    def _selected(
        self, selection: Selection, renames: Sequence[Renames]
    ) -> Iterator[tuple[LoggedEntry, Address | None]]:
        """The entries of the selection, each with its address of today, if that is not another's."""
        by_organization: dict[str, list[Renames]] = {}
        for one in renames:
            by_organization.setdefault(one.organization, []).append(one)
        for number, record in enumerate(self.records(), start=1):
            organization, person = record.organization, selection.person
            own = by_organization.get(organization, [])
            # Where somebody got another key after they were gone, only the log of other organizations says so.
            for one in reversed(own if any(it.person_before(person) != person for it in own) else renames):
                person = one.person_before(person) if one.record > number else person
            later = [one for one in own if one.record > number]
            touched = {name for one in later for name in (*one.keys, *one.taken)}
            for entry in record.entries:
                today: Address | None = Address.parse(entry.address)
                if today and later and not touched.isdisjoint(_names_in(today)):
                    today = _name_today(today, later)
                if selection.covers(organization, entry, person=person, today=today):
                    yield log_entry(entry, record, number=number), today

    def renames(self) -> Sequence[Renames]:
        """When members and assets got other keys, oldest first."""
        found = []
        for number, record in enumerate(self.records(), start=1):
            keys: dict[tuple[str, str], str] = {}
            for entry in record.entries:
                if entry.action in ("rename", "state_mv"):
                    other = entry.detail.removeprefix("was ")
                    was, now = (other, entry.address) if entry.action == "rename" else (entry.address, other)
                    before = Address.parse(was)
                    keys[before.kind, before.key] = Address.parse(now).key
            if keys:
                found.append(Renames(record=number, organization=record.organization, keys=keys))
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
        return self._find_end().digest

    def _find_end(self) -> AuditMark:
        """The end as it is now, number 0 while there is none: what others added since the last look is followed."""
        count = self._store.count_audit()
        if self._end is None or self._end.number != count:
            known = max(count - 1, 0)
            lines = list(self._store.read_audit(after=known))
            refuse_sealed(b"".join(lines[-1:]), "the audit log")
            digest = digest_of(lines[-1]) if lines else BEGINNING
            self._end = AuditMark(number=known + len(lines), digest=digest)
        return self._end
