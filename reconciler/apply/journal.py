"""What is written around every call, the intent before it and the outcome after it, while the organization is held."""

from __future__ import annotations

import secrets
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, get_args

from reconciler.audit.entries import audit_entry, order_entry
from reconciler.model import (
    Address,
    AuditEntry,
    Change,
    LeaseLost,
    Lock,
    Origin,
    Outcome,
    State,
    StateLocked,
    StateStore,
    StoredState,
    StoreError,
    Timer,
    WorkOrder,
    adapter_of,
    as_count,
    as_text,
    change_with_todays_words,
    dataclass,
    find_damage,
    load_json,
    load_time,
    read_as,
    refuse_sealed,
    to_line,
    with_todays_words,
)

_FIRST_PAUSE = 0.1
_MAX_PAUSE = 5.0
_jitter = secrets.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTerms:
    """How long to hold, and how long to wait for others."""

    timer: Timer
    ttl: timedelta = timedelta(minutes=1)
    """How long others are kept out when this process dies."""
    patience: timedelta = timedelta(minutes=30)
    """How long the lease is renewed while its holder does nothing under it. Calls to systems end by themselves and long
    waits for them take minutes, so after this time the holder hangs and others are let in."""
    timeout: timedelta = timedelta()
    """How long to wait while somebody else holds the organization."""
    on_wait: Callable[[StateLocked], None] = lambda _locked: None
    """Told once for every holder that is waited for."""


class Lease:
    """A lock that is being held; made by `hold`."""

    def __init__(self, store: StateStore, organization: str, *, purpose: str, terms: LeaseTerms) -> None:
        self._store = store
        self._terms = terms
        self._ended = threading.Event()
        self._lost = ""
        asked = terms.timer.elapsed()
        self._lock = store.acquire(organization, purpose=purpose, ttl=terms.ttl)
        self._until = asked + terms.ttl.total_seconds()
        self._alive = asked
        self._heart = threading.Thread(target=self._beat, name=f"lease of {organization}", daemon=True)
        self._heart.start()

    @property
    def lock(self) -> Lock:
        """As it was last renewed."""
        return self._lock

    @property
    def token(self) -> int:
        """What every write under this lease carries."""
        self._alive = self._terms.timer.elapsed()
        return self._lock.token

    def check(self) -> None:
        """Raises LeaseLost when the lease has ended; to be called before anything that cannot be taken back."""
        self._alive = self._terms.timer.elapsed()
        if not self._lost and self._terms.timer.elapsed() >= self._until:
            self._lost = "it ran out before it could be renewed"
        if self._lost:
            message = f"the lock on {self._lock.organization} is lost: {self._lost}"
            raise LeaseLost(message, advice="run the command again; it goes on from what was done")

    def end(self) -> None:
        """Stop renewing and let others in. A lock that cannot be released runs out by itself."""
        self._ended.set()
        self._heart.join()
        with suppress(StoreError):
            self._store.release(self._lock)

    def _beat(self) -> None:
        """Renew until the end. A store that cannot be reached is asked again: the lease still runs meanwhile."""
        while not self._ended.wait(self._terms.ttl.total_seconds() / 3):
            asked = self._terms.timer.elapsed()
            if asked - self._alive > self._terms.patience.total_seconds():
                continue  # the holder hangs: the lease runs out
            try:
                self._lock = self._store.renew(self._lock, ttl=self._terms.ttl)
            except LeaseLost as error:
                self._lost = error.message
                return
            except StoreError:
                continue
            self._until = asked + self._terms.ttl.total_seconds()


@contextmanager
def hold(store: StateStore, organization: str, *, purpose: str, terms: LeaseTerms) -> Iterator[Lease]:
    """Hold the organization; raises StateLocked when somebody else does and the timeout is over."""
    lease = _wait(store, organization, purpose=purpose, terms=terms)
    try:
        yield lease
    finally:
        lease.end()


@contextmanager
def hold_many(
    store: StateStore, organizations: Iterable[str], *, purpose: str, terms: LeaseTerms
) -> Iterator[dict[str, Lease]]:
    """Hold several organizations at once. All processes take them in sorted order, so none waits in a circle."""
    with ExitStack() as stack:
        yield {
            organization: stack.enter_context(hold(store, organization, purpose=purpose, terms=terms))
            for organization in sorted(set(organizations))
        }


def _wait(store: StateStore, organization: str, *, purpose: str, terms: LeaseTerms) -> Lease:
    """Try until it works or the time is over, after pauses that grow and differ between those who wait."""
    deadline = terms.timer.elapsed() + terms.timeout.total_seconds()
    pause = _FIRST_PAUSE
    told = ""
    while True:
        try:
            return Lease(store, organization, purpose=purpose, terms=terms)
        except StateLocked as locked:
            left = deadline - terms.timer.elapsed()
            if left <= 0:
                raise
            if locked.message != told:
                told = locked.message
                terms.on_wait(locked)
        threading.Event().wait(min(left, _jitter.uniform(pause / 2, pause)))
        pause = min(2 * pause, _MAX_PAUSE)


JOURNAL_FORMAT = "1.2"
"""1.1 has the words of states of format 1.4; what 1.0 says in older ones is understood. 1.2 has several records in a
line, and outcomes that say nothing of other addresses."""
_READABLE = ("1.0", "1.1", JOURNAL_FORMAT)

_OUTCOMES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Outcome)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedState:
    """A state brought up to date from its journal, and what is needed to write it back."""

    state: State
    version: str | None
    """Of the snapshot it came from; None when there is none yet."""
    has_journal: bool = False
    """Whether the snapshot alone would not do: an earlier run did not come to its end."""
    entries: tuple[AuditEntry, ...] = ()
    """What that run did, as the journal says; it had no time to put it into the audit log."""
    origin: Origin = field(default_factory=Origin)
    """Of the last run that wrote to the journal; a change in doubt is its doing."""
    is_torn: bool = False
    """Whether the last record was cut off by a crash and left out."""
    unanswered: frozenset[Address] = frozenset()
    """What that run began and left no word of; it was cut off there, if it is not still under way. What ended in doubt
    has an outcome that says so."""
    is_given_up: bool = False
    """Whether what is stored cannot be read, so that nothing but the lineage is known of it."""


class StatePart(NamedTuple):
    """What a state says of one address."""

    state: State
    alone: bool
    """Whether it says nothing but that, and how often something was done on the day. Else it also says all that belongs
    to no address, all known drift and all used approvals."""


def join_records(records: Sequence[bytes]) -> bytes:
    """One line of them: after a crash it is there whole or counts as torn, on whatever disk."""
    return records[0] if len(records) == 1 else _line(b"[%s]" % b",".join(record[_BODY:] for record in records))


def run_record(origin: Origin, *, lineage: str, serial: int, at: datetime) -> bytes:
    """Written before the first intent of a run. `lineage` is that of the state, given now when it has none yet."""
    return _encode(
        {
            "format_version": JOURNAL_FORMAT,
            "record": "run",
            "serial": serial,
            "lineage": lineage,
            "time": at.isoformat(),
            "origin": _dump(Origin, origin),
        }
    )


def intent_record(change: Change, *, serial: int) -> bytes:
    """Written before a call leaves."""
    return _encode({"record": "intent", "serial": serial, "change": _dump(Change, change)})


def outcome_record(change: Change, outcome: Outcome, *, part: StatePart, at: datetime) -> bytes:
    """Written after a call."""
    said = {"outcome": _dump(type(outcome), outcome), "kind": type(outcome).__name__}
    return _encode_part("outcome", change.address, said, part, at)


def order_record(order: WorkOrder, *, part: StatePart, at: datetime) -> bytes:
    """Written when a work order has ended."""
    return _encode_part("order", order.address, {"order": order.id}, part, at)


def _encode_part(record: str, address: Address, said: Mapping[str, Any], part: StatePart, at: datetime) -> bytes:
    return _encode(
        {
            "record": record,
            "serial": part.state.serial,
            "address": str(address),
            "time": at.isoformat(),
            **said,
            "state": _dump(State, part.state),
            "alone": part.alone,
        }
    )


def replay(state: State, stored: StoredState) -> LoadedState:
    """Bring a snapshot up to its journal.

    Raises StoreError, saying which record and what to do, when one cannot be read or is missing: only the last one can
    have been cut off by a crash, and a journal is never repaired by guessing.
    """
    fold, number, is_torn = _Fold(state), 0, bool(stored.torn)
    try:
        for number, line in enumerate(stored.journal, start=1):
            refuse_sealed(line, f"the journal of {state.organization}")
            records = _decode(line)
            if records is not None:
                for record in records:
                    fold.take(number, record)
            elif number == len(stored.journal):
                is_torn = True
            else:
                raise _corrupted(state.organization, number, "its checksum does not fit")
        present = fold.state()
    except _WRONG_SHAPE as error:
        # What is wrong is told without any of the values, which may be personal.
        where = f" at {error.args[0]}" if isinstance(error, KeyError) and error.args else ""
        what = f"it is no record of this format ({type(error).__name__}{where})"
        raise _corrupted(state.organization, number, what) from error
    if stored.journal and (damage := find_damage(present)):
        raise _corrupted(state.organization, number, damage)
    return LoadedState(
        state=present,
        version=stored.version,
        has_journal=bool(stored.journal or stored.torn),
        entries=tuple(fold.entries),
        origin=fold.origin,
        is_torn=is_torn,
        unanswered=frozenset(fold.open),
    )


_WRONG_SHAPE = (AttributeError, KeyError, LookupError, OverflowError, RecursionError, TypeError, ValueError)
"""What taking in a record raises that this version would not have written, whatever its checksum says. Errors of
pydantic are ValueErrors."""


class _Fold:
    """A journal taken in record by record. States are put together once at the end, or this would be quadratic."""

    def __init__(self, snapshot: State) -> None:
        self._snapshot = snapshot
        self._serial = snapshot.serial
        self._lineage = snapshot.lineage
        self._parts: dict[Address, dict[str, Any]] = {}
        """The last part of an address says everything about it."""
        self._whole: dict[str, Any] = {}
        """The last one that says everything else too."""
        self._later: set[Address] = set()
        """Of whom there are parts behind that."""
        self._orders: dict[str, WorkOrder] = {}
        """Orders are only ever added or rewritten."""
        self.origin = Origin()
        self.open: dict[Address, Change] = {}
        self.entries: list[AuditEntry] = []

    def take(self, number: int, record: Mapping[str, Any]) -> None:
        organization, serial = self._snapshot.organization, as_count(record["serial"])
        if serial <= self._snapshot.serial:
            return
        if serial != self._serial + 1:
            raise _corrupted(organization, number, f"it has serial {serial} where {self._serial + 1} must come")
        self._serial = serial
        match record["record"]:
            case "run":
                if record["format_version"] not in _READABLE:
                    message = f"the journal of {organization} has format {record['format_version']}"
                    advice = f"this version reads {JOURNAL_FORMAT}: use the version that wrote it"
                    raise StoreError(message, advice=advice)
                self._lineage = as_text(record["lineage"])
                self.origin = read_as(Origin, record["origin"])
            case "intent":
                change = read_as(Change, change_with_todays_words(record["change"]))
                self.open[change.address] = change
            case "outcome":
                address = self._keep(record)
                known = self.open.pop(address, None) or self._snapshot.in_doubt.get(address)
                if known is not None:
                    outcome, at = read_as(_OUTCOMES[record["kind"]], record["outcome"]), load_time(record["time"])
                    self.entries.append(audit_entry(known, outcome, serial=serial, at=at))
            case "order":
                self._keep(record)
                order, at = self._orders[record["order"]], load_time(record["time"])
                self.entries.append(order_entry(order, serial=serial, at=at))
            case unknown:
                raise _corrupted(organization, number, f"{unknown!r} is no sort of record")

    def _keep(self, record: Mapping[str, Any]) -> Address:
        address, part = Address.parse(record["address"]), with_todays_words(record["state"])
        self._parts.pop(address, None)
        self._parts[address] = part
        if read_as(bool, record.get("alone", False)):
            self._later.add(address)
        else:
            self._whole, self._later = part, set()
        self._orders.update(read_as(dict[str, WorkOrder], part.get("orders", {})))
        return address

    def state(self) -> State:
        """The snapshot with what the parts say of their addresses, oldest first, and the last whole one of all else."""
        state = self._snapshot
        if self._serial == state.serial:
            return state
        rest = read_as(State, self._whole) if self._whole else state
        records, deferred, in_doubt = dict(state.records), dict(state.deferred), dict(state.in_doubt)
        drift, used = dict(rest.drift), {one.terms: one for one in rest.used_approvals}
        removals, invitations = dict(rest.removals), dict(rest.invitations)
        for address, body in self._parts.items():
            part = read_as(State, body)
            told: list[tuple[dict[Address, Any], Mapping[Address, Any]]]
            told = [(records, part.records), (deferred, part.deferred), (in_doubt, part.in_doubt)]
            if address in self._later:
                told.append((drift, part.drift))
                used.update({one.terms: one for one in part.used_approvals})
                removals.update(part.removals)
                invitations.update(part.invitations)
            for known, now in told:
                known.pop(address, None)
                known.update(now)
        return replace(
            rest,
            records=records,
            deferred=deferred,
            in_doubt={**in_doubt, **self.open},
            orders={**state.orders, **self._orders},
            drift=drift,
            used_approvals=tuple(used[terms] for terms in sorted(used, key=str)),
            removals=removals,
            invitations=invitations,
            serial=self._serial,
            lineage=self._lineage,
        )


def _dump(kind: Any, value: object) -> Any:
    return adapter_of(kind).dump_python(value, mode="json", exclude_defaults=True)


_BODY = 9
"""Where the JSON of a line begins."""


def _encode(record: dict[str, Any]) -> bytes:
    return _line(to_line(record))


def _line(body: bytes) -> bytes:
    return b"%08x %s" % (zlib.crc32(body), body)


def _decode(line: bytes) -> list[dict[str, Any]] | None:
    """The records in a line; None when it is not what was written."""
    checksum, _, body = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    content = load_json(body)
    records = content if isinstance(content, list) else [content]
    if not records or not all(isinstance(record, dict) for record in records):
        raise TypeError
    return records


def _corrupted(organization: str, number: int, what: str) -> StoreError:
    return StoreError(
        f"record {number} in the journal of {organization} cannot be used: {what}",
        advice=f"`reconciler state history {organization}` lists what is kept, and `reconciler state restore "
        f"{organization} SERIAL` goes back to it; the journal is never repaired by guessing",
    )
