"""Changing what is remembered, by hand: every way is written to the audit log, and none touches a system."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from reconciler.apply.journal import Lease, LeaseTerms, LoadedState, hold
from reconciler.apply.states import load_or_give_up, load_state, parse_state, read_state_as_of, save_state
from reconciler.audit.entries import SEEN
from reconciler.audit.log import AuditLog
from reconciler.engine.identities import Names, rename_state, without_memory
from reconciler.engine.orders import close, closed_between
from reconciler.model import (
    KINDS,
    Address,
    AuditEntry,
    AuditRecord,
    Clock,
    Lock,
    OrderStatus,
    Origin,
    State,
    StateConflict,
    StateStore,
    StoreError,
)

Edits = Sequence[AuditEntry | tuple[str, str, str] | tuple[str, str, str, str, str]]
"""Everything that goes into the audit log: whole entries, or address, action and detail of what was done by hand, and
where it is about an access, how that was before and after."""


_UNKNOWN = Origin()


class StateEditor:
    """Changes the states of a store under their locks, in the name of `origin`."""

    def __init__(self, *, store: StateStore, terms: LeaseTerms, clock: Clock, origin: Origin = _UNKNOWN) -> None:
        self.store = store
        self.clock = clock
        self.origin = origin
        self._terms = terms
        self._audit = AuditLog(store)

    def forget(self, addresses: Iterable[Address]) -> None:
        """Drop records; what they are about stays as it is, and is not managed any more.

        The address of an organization itself stands for everything that is known of it, rosters included; whoever was
        asked to do something there is not asked any more.
        """
        by_organization: dict[str, list[Address]] = {}
        for address in addresses:
            by_organization.setdefault(address.organization, []).append(address)
        for organization, wanted in sorted(by_organization.items()):
            without = partial(_without, wanted=wanted, at=self.clock.now())
            self.edit(organization, purpose="state rm", change=without)

    def move(self, source: Address, target: Address) -> None:
        """Give a record another address of the same kind in the same organization, and all that hangs on it with it."""
        if (source.organization, source.kind) != (target.organization, target.kind):
            message = f"{source} cannot become {target}: a record stays in its organization and of its kind"
            raise StoreError(message)
        self.edit(source.organization, purpose="state mv", change=partial(_moved, source=source, target=target))

    def push(self, organization: str, data: bytes, *, source: str = "") -> State:
        """Replace a state by another version of itself, for instance one from a copy; `source` is its file.

        A store that has no state of the organization takes any, and so does one whose state cannot be read.
        """
        given = parse_state(organization, data, source=source)
        with hold(self.store, organization, purpose="state push", terms=self._terms) as lease:
            loaded = load_or_give_up(self.store, organization)
            _refuse_other(given, loaded)
            state = replace(given, serial=max(given.serial, loaded.state.serial))
            # The way back when the log is lost: somebody vouches for the state, and a new log begins with saying so.
            edit = (str(Address.whole(organization)), "state_push", "")
            return self._save(loaded, state, lease, [edit], is_vouched_for=True)

    def restore(self, organization: str, serial: int) -> State:
        """Make a state of the history the present one, under a serial that was never used."""
        with hold(self.store, organization, purpose="state restore", terms=self._terms) as lease:
            loaded = load_or_give_up(self.store, organization)
            found = read_state_as_of(self.store, organization, serial)
            if found.serial != serial:
                message = f"no state of {organization} with serial {serial} is kept"
                raise StoreError(message, advice=f"`reconciler state history {organization}` lists what is")
            state = replace(found, serial=max(serial, loaded.state.serial))
            edit = (str(Address.whole(organization)), "state_restore", f"serial {serial}")
            return self._save(loaded, state, lease, [edit])

    def edit(self, organization: str, *, purpose: str, change: Callable[[State], tuple[State, Edits]]) -> State:
        """Change a state while nobody else can, and write down what was done; without edits nothing is written.

        Returns the state as it is now. Entries that `change` makes have serials right after that of the state it got.
        """
        with hold(self.store, organization, purpose=purpose, terms=self._terms) as lease:
            loaded = load_state(self.store, organization)
            state, edits = change(loaded.state)
            return self._save(loaded, state, lease, edits) if edits else loaded.state

    def get_lock(self, lock_id: str) -> Lock:
        """The present lock with this id; raises StateConflict when it is gone."""
        for lock in self.store.locks():
            if lock.id == lock_id:
                return lock
            if lock.organization == lock_id:
                raise StateConflict(
                    f"{lock_id} is an organization, not a lock", advice=f"its lock has the ID {lock.id}"
                )
        if lock_id in self.store.organizations():
            raise StateConflict(f"{lock_id} is not locked", advice="there is nothing to unlock")
        raise StateConflict(f"there is no lock {lock_id}", advice="it was released, or has been taken over meanwhile")

    def unlock(self, lock: Lock) -> None:
        """Take a lock away from its holder."""
        self.store.break_lock(lock.organization, lock.id)
        holder = f"{lock.who} on {lock.host} (process {lock.process}, {lock.purpose})"
        lineage = load_state(self.store, lock.organization).state.lineage
        entries = self._entries([(str(Address.whole(lock.organization)), "state_unlock", holder)], serial=0)
        self._audit.append(
            AuditRecord(organization=lock.organization, lineage=lineage, origin=self.origin, entries=entries)
        )

    def _save(
        self, loaded: LoadedState, state: State, lease: Lease, edits: Edits, *, is_vouched_for: bool = False
    ) -> State:
        """What an unfinished apply did goes into the audit log first: its journal ends here.

        A state that somebody vouches for takes the log as it is now, and else tells on of records that are lost there.
        """
        organization, lineage = state.organization, loaded.state.lineage or state.lineage
        if loaded.entries:
            done = AuditRecord(organization=organization, lineage=lineage, origin=loaded.origin, entries=loaded.entries)
            self._audit.append_missing(done)
        entries = self._entries(edits, serial=state.serial + 1)
        mark = self._audit.append(
            AuditRecord(organization=organization, lineage=lineage, origin=self.origin, entries=entries),
            known=None if is_vouched_for else loaded.state.audit,
            guard=lease.check,
        )
        state = replace(state, serial=max(entry.serial for entry in entries) - 1, audit=mark)
        return save_state(self.store, loaded, state, token=lease.token).state

    def _entries(self, edits: Edits, *, serial: int) -> tuple[AuditEntry, ...]:
        now = self.clock.now()

        def entry(address: str, action: str, detail: str, before: str = "", after: str = "") -> AuditEntry:
            return AuditEntry(
                time=now,
                serial=serial,
                address=address,
                action=action,
                cause=_CAUSES.get(action, "by hand"),
                outcome=SEEN if action in _CAUSES else "applied",
                detail=detail,
                before=before,
                after=after,
            )

        return tuple(edit if isinstance(edit, AuditEntry) else entry(*edit) for edit in edits)


_CAUSES = dict.fromkeys(("drift", "drift_reverted", "cannot_tell"), "seen by an audit")
"""Of what nobody did with this tool: an end date may have passed, and a system may have failed to answer."""


def _without(state: State, wanted: Collection[Address], at: datetime) -> tuple[State, Edits]:
    if Address.whole(state.organization) in wanted:
        return _emptied(state, at)
    for address in wanted:
        _require(state, address)
    state = replace(
        state,
        records={key: value for key, value in state.records.items() if key not in wanted},
        deferred={key: value for key, value in state.deferred.items() if key not in wanted},
        in_doubt={key: value for key, value in state.in_doubt.items() if key not in wanted},
    )
    return state, [(str(address), "state_rm", "") for address in wanted]


def _emptied(state: State, at: datetime) -> tuple[State, Edits]:
    """Nothing is known of the organization any more but what people were asked for, and that nobody is any more."""
    if state.tells_nothing and not state.rosters:
        message = f"nothing is recorded of {state.organization}"
        raise StoreError(message, advice="`reconciler state list` shows what is")
    why = "the organization is not managed any more"
    orders = {
        key: close(order, OrderStatus.SUPERSEDED, at=at, why=why) if order.is_pending else order
        for key, order in state.orders.items()
    }
    ended = ", ".join(order.id for order in closed_between(state.orders, orders)) or "no work orders"
    edit = (str(Address.whole(state.organization)), "state_rm", f"all of it; withdrawn: {ended}")
    return replace(without_memory(state), orders=orders), [edit]


def _moved(state: State, source: Address, target: Address) -> tuple[State, Edits]:
    is_asked = any(order.address == source for order in state.orders.values())
    if not is_asked:
        _require(state, source)
    if target in state.records:
        message = f"{target} is there already"
        raise StoreError(message, advice=f"remove one of the two: reconciler state rm {target}")
    if source not in state.records and not is_asked:
        message = f"{source} is deferred or in doubt, and has no record that could move"
        raise StoreError(message, advice="run `reconciler apply` first")
    edits = [(str(source), "state_mv", str(target))]
    if not KINDS[source.kind].parents:
        return rename_state(state, Names(keys={(source.kind, source.key): target.key})), edits
    records = {
        target if at == source else at: replace(record, address=target) if at == source else record
        for at, record in state.records.items()
    }
    orders = {
        key: replace(order, address=target) if order.address == source else order for key, order in state.orders.items()
    }
    return replace(state, records=records, orders=orders), edits


def _require(state: State, address: Address) -> None:
    if address not in {*state.records, *state.deferred, *state.in_doubt}:
        message = f"nothing is recorded of {address}"
        raise StoreError(message, advice=f"`reconciler state show {state.organization}` lists what is")


def _refuse_other(given: State, loaded: LoadedState) -> None:
    present = loaded.state
    if present.lineage and given.lineage != present.lineage:
        message = f"this state has lineage {given.lineage or 'none'}, that of {present.organization} {present.lineage}"
        raise StateConflict(message, advice="they were never the same state")
    if given.serial < present.serial and not loaded.is_given_up:
        message = f"this state has serial {given.serial}, but that of {present.organization} is at {present.serial}"
        raise StateConflict(message, advice="pull the present one and edit that")
