"""The state of one organization: loaded, saved, looked back at, and kept while changes are carried out.

While changes are carried out, each costs the same however large the state is.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, Self, TypeVar

from reconciler.apply.journal import LoadedState, StatePart, replay
from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.drift import note_look, record_drift
from reconciler.engine.guards import WINDOW_DAYS, counts_as_removal
from reconciler.engine.lifecycle import note_waits
from reconciler.engine.orders import find_ended, request_of
from reconciler.model import (
    INVITATIONS,
    KINDS,
    Action,
    Address,
    Applied,
    Attributes,
    Change,
    Declared,
    Deferral,
    Failed,
    HeadWitness,
    InDoubt,
    OrganizationPlan,
    Outcome,
    PastState,
    ReconcilerError,
    Record,
    State,
    StateStore,
    Status,
    StoreError,
    System,
    UsedApproval,
    Waits,
    WorkOrder,
    fingerprint_of,
    role_behind,
    state_from_json,
    state_to_json,
)

_MAX_JOURNALED = 1_000_000
"""Above the serials of any journal: a plan that knew a state which was given up must not fit the one in its place."""
_LOOKS_EVERY = timedelta(days=7)


def load_state(store: StateStore, organization: str) -> LoadedState:
    """Snapshot plus journal. An organization that was never applied has an empty state without a lineage."""
    stored = store.read(organization)
    if stored.snapshot is None:
        return replay(State(organization=organization), stored)
    return replay(parse_state(organization, stored.snapshot), stored)


def parse_state(organization: str, data: bytes, *, source: str = "") -> State:
    """The state in a snapshot or in a file; raises StoreError when it cannot be read or is another's."""
    ways_back = f"`reconciler state history {organization}` lists what is kept, and"
    advice = f"{ways_back} `reconciler state restore {organization} SERIAL` brings it back"
    if source:
        advice = f"{ways_back} `reconciler state pull {organization} --as-of SERIAL` prints it as a file"
    try:
        state = state_from_json(data)
    except ReconcilerError as error:
        message = f"{source or f'the state of {organization}'} cannot be read: {error.message}"
        raise StoreError(message, advice=error.advice or advice) from error
    if state.organization != organization:
        message = f"{source or 'this'} is not the state of {organization} but that of {state.organization}"
        raise StoreError(message, advice=advice)
    return state


def load_or_give_up(store: StateStore, organization: str) -> LoadedState:
    """Like `load_state`, for whoever replaces a state: one that cannot be read is empty, above all serials it had."""
    try:
        return load_state(store, organization)
    except StoreError:
        kept = store.history(organization)
        serials = [_guess_serial(store, organization, version.version) for version in kept]
        serial = max(serials, default=0) + _MAX_JOURNALED
        lineage = next((past.lineage for past in reversed(read_history(store, organization)) if not past.problem), "")
        return LoadedState(
            state=State(organization=organization, lineage=lineage, serial=serial),
            version=kept[-1].version if kept else None,
            has_journal=True,
            is_given_up=True,
        )


def _guess_serial(store: StateStore, organization: str, version: str) -> int:
    """The serial of a snapshot that may be damaged; 0 where not even that can be found in it."""
    try:
        found = re.findall(rb'"serial":(\d{1,15})', store.read_past(organization, version))
    except StoreError:
        return 0
    return max(map(int, found), default=0)


def read_state(store: StateStore, organization: str) -> State:
    """The state of an organization as of now."""
    return load_state(store, organization).state


def read_witnesses(store: StateStore) -> Iterator[HeadWitness]:
    """Of each organization what its state remembers of the audit log.

    It may be behind while somebody holds its lock, after a run that was cut off, when the state cannot be read, and
    when a version of this tool wrote it that kept no mark.
    """
    for organization in store.organizations():
        try:
            loaded = load_state(store, organization)
        except StoreError:
            yield HeadWitness(organization=organization, is_behind=True)
            continue
        mark = loaded.state.audit
        is_behind = not mark or loaded.has_journal or store.find_lock(organization) is not None
        yield HeadWitness(organization=organization, mark=mark, is_behind=is_behind)


def new_lineage() -> str:
    """A name for a state that begins now."""
    import secrets  # it brings random numbers of all sorts along

    return secrets.token_hex(8)


def save_state(store: StateStore, loaded: LoadedState, state: State, *, token: int) -> LoadedState:
    """Write a snapshot if it says anything new; the serial grows with every write.

    That nothing new was seen is worth a write, and a serial, once a week.
    """
    before = loaded.state
    is_news = replace(state, looked=before.looked) != before or any(
        day - before.looked.get(kind, day) >= _LOOKS_EVERY for kind, day in state.looked.items()
    )
    if not is_news and loaded.version is not None and not loaded.has_journal:
        return loaded
    saved = replace(state, lineage=state.lineage or new_lineage(), serial=state.serial + 1)
    version = store.write(state.organization, state_to_json(saved), replacing=loaded.version, token=token)
    return LoadedState(state=saved, version=version)


def read_history(store: StateStore, organization: str) -> list[PastState]:
    """Every snapshot that is kept, oldest first; one that cannot be read says so, and hides none of the others."""
    history = []
    for kept in store.history(organization):
        past = PastState(version=kept.version, at=kept.at, serial=0, lineage="", records=0)
        try:
            state = _read_past(store, organization, kept.version)
            past = replace(past, serial=state.serial, lineage=state.lineage, records=len(state.records))
        except StoreError as error:
            past = replace(past, problem=error.message)
        history.append(past)
    return history


def _read_past(store: StateStore, organization: str, version: str) -> State:
    return parse_state(organization, store.read_past(organization, version))


def read_state_as_of(store: StateStore, organization: str, when: date | int) -> State:
    """The state at the end of a UTC day, or at a serial: the newest that is kept of then or before, and can be read.

    An apply keeps one state, at its end; what happened in between is in the audit log.
    """
    # The present state counts with its journal, where it may be meant. A damaged one is passed over only when it is not
    # what was asked for: another one in its place would be a lie.
    kept = store.history(organization)
    for past in reversed(kept):
        if isinstance(when, date) and past.at.date() > when:
            continue
        try:
            found = [load_state(store, organization).state] if past == kept[-1] else []
            found.append(_read_past(store, organization, past.version))
        except StoreError:
            if isinstance(when, date) or 0 < _guess_serial(store, organization, past.version) <= when:
                raise
            continue
        for state in found:
            if isinstance(when, date) or state.serial <= when:
                return state
    message = f"nothing is kept of {organization} as of {when}"
    raise StoreError(message, advice=f"`reconciler state history {organization}` lists what is")


def verify_state(store: StateStore, organization: str) -> list[str]:
    """What is wrong with everything that is kept of an organization; empty when all of it can be read and fits."""
    problems = []
    try:
        present = load_state(store, organization)
    except ReconcilerError as error:
        return [error.message]
    if present.is_torn and store.find_lock(organization) is None:
        problems.append(f"{organization}: the last journal record was cut off by a crash; the next apply drops it")
    serial = -1
    for kept in store.history(organization):
        try:
            state = _read_past(store, organization, kept.version)
        except ReconcilerError as error:
            problems.append(f"version {kept.version}: {error.message}")
            continue
        if state.lineage != present.state.lineage:
            problems.append(f"{organization}: version {kept.version} has another lineage, {state.lineage}")
        elif state.serial <= serial:
            problems.append(f"{organization}: version {kept.version} has serial {state.serial}, not above {serial}")
        serial = state.serial
    return problems


T = TypeVar("T")
_Key = TypeVar("_Key")

_DIGITS = 6
"""Of the ids of work orders, in base 32: short enough to be read aloud, and a billion of them."""


class StateBuilder:
    """A state that takes in one outcome after the other."""

    def __init__(
        self,
        state: State,
        *,
        system: System,
        today: date,
        declared: Mapping[Address, Declared] | None = None,
        patience: timedelta | None = None,
    ) -> None:
        """What is `declared` of something says of its new record whether it is protected and when it ends.

        `patience` is how long a work order can be done that does not end by itself.
        """
        self._patience = patience
        self.ended: Sequence[WorkOrder] = ()
        """Orders that have ended without anybody's word, and are not yet closed."""
        self._state = state
        self._serial = state.serial
        self._system = system
        self._today = today
        self._declared = declared or {}
        self._records = dict(state.records)
        self._deferred = dict(state.deferred)
        self._in_doubt = dict(state.in_doubt)
        self._orders: dict[str, WorkOrder] = {}
        self._orders_of: defaultdict[Address, dict[str, WorkOrder]] = defaultdict(dict)
        self._keep(state.orders.values())
        self._drift = dict(state.drift)
        self._used = {used.terms: used for used in state.used_approvals if used.expires >= today}
        self._used_now: defaultdict[Address, list[UsedApproval]] = defaultdict(list)
        self._removals = _recent(state.removals, today)
        self._invitations = _recent(state.invitations, today)

    @classmethod
    def of(cls, situation: PlanningContext, part: OrganizationPlan, targets: Targets, *, lineage: str) -> Self:
        """It begins with what was just seen of an organization, and what its plan waits for and needs no more."""
        builder = cls(
            replace(
                situation.state,
                records=situation.records,
                deferred={at: one for at, one in situation.state.deferred.items() if situation.is_known(at)},
                orders=situation.orders,
                drift=record_drift(situation),
                looked=note_look(situation),
                waits=note_waits(situation, part, targets),
                lineage=lineage,
            ),
            system=situation.organization.system,
            today=situation.today,
            declared=situation.wanted,
            patience=timedelta(days=situation.settings.pending_days),
        )
        builder.ended = find_ended(situation, part, targets)
        key = situation.organization.key
        forgetting = situation.approvals.get((Address.whole(key), Action.FORGET))
        if situation.is_forgotten and forgetting is not None and forgetting.expires is not None:
            builder._use((forgetting.address, forgetting.approve), forgetting.reason, forgetting.expires)
        return builder

    @property
    def lineage(self) -> str:
        """Of the state."""
        return self._state.lineage

    def next_serial(self) -> int:
        """The serial of the next durable write."""
        self._serial += 1
        return self._serial

    def begin(self, change: Change) -> int:
        """Remember that a call is about to leave, until its outcome is known; returns the serial of its intent."""
        self._in_doubt[change.address] = change
        self._use_approval(change)
        return self.next_serial()

    def _use_approval(self, change: Change) -> None:
        """The first attempt uses an approval up, whatever comes of it. A run that was cut off is settled here too."""
        if change.approval_terms is not None:
            self._use(change.step, *change.approval_terms)

    def _use(self, step: tuple[Address, Action], reason: str, expires: date) -> None:
        address, action = step
        used = UsedApproval(approve=action, address=address, reason=reason, expires=expires, used_on=self._today)
        if used.terms not in self._used:
            self._used[used.terms] = used
            self._used_now[address].append(used)

    def issue(self, change: Change, outcome: Outcome, *, at: datetime) -> Outcome:
        """The outcome with ids and times on the work orders that come with it; `take` stores them.

        What they ask for is written on them from the change itself, so that whoever drafts them cannot make the planner
        ask for the same thing twice. What does not end by itself is to be done within our `patience`.
        """
        if not isinstance(outcome, Waits) or not outcome.orders:
            return outcome
        orders: list[WorkOrder] = []
        names = new_ids(self.lineage, self._serial + 1, self._orders)
        for draft, name in zip(outcome.orders, names, strict=False):
            lasts = draft.lasts or self._patience
            order = replace(
                draft,
                id=name,
                after=orders[-1].id if orders else "",
                issued=at,
                address=change.address,
                action=change.action,
                wanted=change.attributes,
                identity=request_of(change).identity,
                fingerprint=change.fingerprint,
                lasts=lasts,
                expires=at + lasts if lasts is not None and draft.party == 1 else None,
            )
            orders.append(order)
        return replace(outcome, orders=tuple(orders))

    def close(self, order: WorkOrder) -> int:
        """Remember how a work order ended; returns the serial of that."""
        self._keep([order])
        return self.next_serial()

    def take(self, change: Change, outcome: Outcome) -> int:
        """Remember what became of a change; returns the serial of the outcome."""
        self._use_approval(change)
        if not isinstance(outcome, InDoubt):
            self._in_doubt.pop(change.address, None)
        match outcome:
            case Applied():
                self._take_applied(change, outcome)
            case Failed(reason=reason) | InDoubt(reason=reason, is_accepted=True):
                known = self._deferred.get(change.address)
                since = known.since if known else self._today
                self._deferred[change.address] = Deferral(
                    reason=reason, since=since, tried=self._today, identity=change.identity
                )
            case Waits(is_asked=True):
                self._take_request(change)
            case Waits(orders=orders) if orders:
                # What was asked of people counts from that moment on, because they may do it at any time.
                self._deferred.pop(change.address, None)
                self._keep(orders)
                if change.action is not Action.INVITE or change.before is None or change.before.status.is_gone:
                    # Else somebody is asked to answer an invitation that was counted when it was sent.
                    self._count(change)
            case _:
                pass
        return self.next_serial()

    def forget(self, change: Change) -> None:
        """Take back the intent of a change that had no effect."""
        self._use_approval(change)
        self._in_doubt.pop(change.address, None)

    def _keep(self, orders: Iterable[WorkOrder]) -> None:
        for order in orders:
            self._orders[order.id] = self._orders_of[order.address][order.id] = order

    def part(self, address: Address, *, alone: bool = False) -> StatePart:
        """The state reduced to one address, which is what the journal needs to know.

        `alone` reduces everything: what it costs must not grow with what is known of others.
        """
        known: dict[str, Any] = {
            "records": _only(address, self._records),
            "deferred": _only(address, self._deferred),
            "in_doubt": _only(address, self._in_doubt),
            "orders": dict(self._orders_of.get(address, {})),
        }
        if not alone:
            return StatePart(replace(self.state(), **known), alone=False)
        only = State(
            organization=self._state.organization,
            lineage=self._state.lineage,
            serial=self._serial,
            drift=_only(address, self._drift),
            used_approvals=tuple(self._used_now.get(address, ())),
            removals=_only(self._today, self._removals),
            invitations=_only(self._today, self._invitations),
            **known,
        )
        return StatePart(only, alone=True)

    def state(self) -> State:
        """The whole state as it stands; a change that was begun and not concluded is in doubt."""
        return replace(
            self._state,
            serial=self._serial,
            records=dict(self._records),
            deferred=dict(self._deferred),
            in_doubt=dict(self._in_doubt),
            orders=dict(self._orders),
            drift=dict(self._drift),
            used_approvals=tuple(self._used[terms] for terms in sorted(self._used, key=str)),
            removals=dict(self._removals),
            invitations=dict(self._invitations),
        )

    def _count(self, change: Change) -> None:
        if counts_as_removal(change, self._system):
            self._removals[self._today] += 1
        if change.action in INVITATIONS:
            self._invitations[self._today] += 1

    def _take_applied(self, change: Change, outcome: Applied) -> None:
        self._deferred.pop(change.address, None)
        live, implied_by = outcome.live, role_behind(change, outcome)
        implied: Attributes = {}
        if live is not None and implied_by:
            implied = live.attributes
            is_given = change.after is not None
            live = replace(live, attributes=change.attributes, status=live.status if is_given else Status.REMOVED)
        else:
            self._count(change)
        drift = self._drift.pop(change.address, None)
        if drift is not None and drift.told:
            # The next audit still says that it is over; until then nobody takes what it found for what is there.
            self._drift[change.address] = replace(drift, live=fingerprint_of(live))
        if live is None:
            self._records.pop(change.address, None)
            return
        known = self._records.get(change.address) or Record(address=change.address, since=self._today)
        record = known.seen(live.believing(change.attributes), on=self._today)
        record = replace(record, granted=change.attributes, implied_by=implied_by, implied=implied)
        if live.status.is_pending and KINDS[change.address.kind].needs_other_party:
            record = record.asked_again(self._today)
        self._records[change.address] = self._as_declared(record, known)

    def _take_request(self, change: Change) -> None:
        """Remember what was asked for. Of what is there already the system may not show whether more was given."""
        self._deferred.pop(change.address, None)
        known = self._records.get(change.address)
        if known is not None and known.status is Status.ACTIVE:
            asked = {name: value for name, value in change.attributes.items() if name in known.unread}
            self._records[change.address] = replace(known, attributes={**known.attributes, **asked})
            return
        identity = change.after.identity if change.after else ""
        record = Record(address=change.address, attributes=change.attributes, identity=identity, since=self._today)
        record = replace(record, status=Status.REQUESTED, asked=known.asked if known else 0).asked_again(self._today)
        self._records[change.address] = self._as_declared(record, known)

    def _as_declared(self, record: Record, known: Record | None) -> Record:
        """With the end and the protection that the manifests give it, or that it had."""
        declared = self._declared.get(record.address)
        record = record if declared is None else record.ending(declared.expires)
        protect = (known is not None and known.protect) or (declared is not None and bool(declared.protect))
        return record.protected(protect=protect)


def _only(key: _Key, known: Mapping[_Key, T]) -> dict[_Key, T]:
    return {key: known[key]} if key in known else {}


def _recent(days: Mapping[date, int], today: date) -> Counter[date]:
    """Only the days that any rolling guard still looks at."""
    return Counter({day: count for day, count in days.items() if (today - day).days < WINDOW_DAYS})


def new_ids(lineage: str, serial: int, taken: Collection[str]) -> Iterator[str]:
    """Names for orders that begin at a serial of a state; the same every time, and none that is taken."""
    for number in count():
        digest = hashlib.sha256(f"{lineage}:{serial}:{number}".encode()).digest()
        name = f"wo-{b32encode(digest).decode()[:_DIGITS].lower()}"
        if name not in taken:
            yield name
