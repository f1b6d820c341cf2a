"""What people say of their work orders: done, with evidence, or failed, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from reconciler.apply.audit_entries import AuditSink, order_entry
from reconciler.apply.leases import LeaseTerms, hold
from reconciler.apply.states import load_state, read_state, save_state
from reconciler.engine.orders import begin_next, close, invitation_ended
from reconciler.model.address import Address
from reconciler.model.audit import AuditEntry, AuditRecord, Origin
from reconciler.model.errors import ReconcilerError
from reconciler.model.kinds import INVITATIONS, KINDS
from reconciler.model.ports import Clock, StateStore
from reconciler.model.resource import PRESENCE, Status
from reconciler.model.state import Record, State
from reconciler.model.suggestions import suggest_names
from reconciler.model.work_order import FailureReason, OrderStatus, WorkOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves that something was done."""

    text: str
    """What was written, or the name of the file."""
    digest: str
    """SHA-256 of the text, or of the file."""

    @classmethod
    def of_text(cls, text: str) -> Evidence:
        """A sentence, a link, a ticket."""
        return cls(text=text, digest=hashlib.sha256(text.encode()).hexdigest())

    @classmethod
    def of_file(cls, name: str, data: bytes) -> Evidence:
        """A file, which is not kept: its digest tells later whether another one is the same."""
        return cls(text=name, digest=hashlib.sha256(data).hexdigest())


def list_orders(
    store: StateStore, *, organization: str = "", actor: str = "", closed: bool = False
) -> tuple[WorkOrder, ...]:
    """Work orders by organization and time of issue; those that have ended only if they are asked for."""
    found = []
    for key in [organization] if organization else store.organizations():
        orders = read_state(store, key).orders.values()
        found += [
            order
            for order in orders
            if (closed or order.is_pending) and (not actor or actor in (order.actor, order.actor_role))
        ]
    return tuple(sorted(found, key=_place_in_list))


def _place_in_list(order: WorkOrder) -> tuple[str, str, Address, int]:
    issued = order.issued.isoformat() if order.issued else ""
    return order.address.organization, issued, order.address, order.party


def get_order(store: StateStore, order_id: str) -> WorkOrder:
    """The work order with this id, in whatever organization; raises ReconcilerError, naming similar ones."""
    orders = {order.id: order for order in list_orders(store, closed=True)}
    if order_id in orders:
        return orders[order_id]
    advice = suggest_names(order_id, orders) or "`reconciler work-orders list --all` shows all that are remembered"
    raise ReconcilerError(f"there is no work order {order_id!r}", advice=advice)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDesk:
    """Where people report back. What they say is taken down under the organization's lock and audited."""

    store: StateStore
    terms: LeaseTerms
    clock: Clock
    audit: AuditSink
    origin: Origin = field(default_factory=Origin)

    def done(self, order_id: str, evidence: Evidence, *, by: str) -> WorkOrder:
        """Somebody says that it was done; that it is true is known when a later look at the system shows it."""

        def change(order: WorkOrder, state: State, now: datetime) -> State:
            _require_open(order)
            _require_turn(order, _parts(order, state))
            said = replace(
                order,
                status=OrderStatus.DONE,
                closed=now,
                closed_by=by,
                evidence=evidence.text,
                evidence_digest=evidence.digest,
            )
            parts = [said if part.id == order.id else part for part in _parts(order, state)]
            state = _with_orders(state, begin_next(parts))
            return replace(state, records=_taken(said, state.records, is_there=not said.takes_away, on=now.date()))

        return self._take_down(order_id, change)

    def failed(self, order_id: str, reason: FailureReason, *, note: str, by: str) -> WorkOrder:
        """Somebody says why it could not be done, also of one that was said to be done before."""

        def change(order: WorkOrder, state: State, now: datetime) -> State:
            _require_pending(order)
            failed = replace(
                order, status=OrderStatus.FAILED, closed=now, closed_by=by, failure=reason, explanation=note
            )
            others = [
                close(part, OrderStatus.SUPERSEDED, at=now, why=f"{order.id} is failed")
                for part in _parts(order, state)
                if part.status is OrderStatus.OPEN and part.id != order.id
            ]
            state = _with_orders(state, [failed, *others])
            records = dict(_remember(failed, state.records))
            return replace(state, records=_taken(failed, records, is_there=failed.takes_away, on=now.date()))

        return self._take_down(order_id, change)

    def _take_down(self, order_id: str, change: Callable[[WorkOrder, State, datetime], State]) -> WorkOrder:
        """First the audit log, then the state, as everywhere."""
        organization = get_order(self.store, order_id).address.organization
        with hold(self.store, organization, purpose="work-orders", terms=self.terms) as lease:
            loaded = load_state(self.store, organization)
            before = loaded.state.orders
            if order_id not in before:
                raise ReconcilerError(f"work order {order_id} is gone", advice="its state was replaced meanwhile")
            now = self.clock.now()
            state = change(before[order_id], loaded.state, now)
            if loaded.entries:
                self.audit.append_missing(_record(state, loaded.origin, loaded.entries))
            told = [order for key, order in sorted(state.orders.items()) if order.status is not before[key].status]
            entries = tuple(
                order_entry(order, serial=state.serial + number, at=now) for number, order in enumerate(told, start=1)
            )
            mark = self.audit.append(_record(state, self.origin, entries), known=loaded.state.audit, guard=lease.check)
            state = replace(state, serial=state.serial + len(told) - 1, audit=mark)
            return save_state(self.store, loaded, state, token=lease.token).state.orders[order_id]


def _record(state: State, origin: Origin, entries: tuple[AuditEntry, ...]) -> AuditRecord:
    return AuditRecord(organization=state.organization, lineage=state.lineage, origin=origin, entries=entries)


def _parts(order: WorkOrder, state: State) -> list[WorkOrder]:
    """The order and those to the other parties of the same request, in sequence."""
    same = [one for one in state.orders.values() if (one.request, one.issued) == (order.request, order.issued)]
    return sorted(same, key=lambda one: one.party)


def _with_orders(state: State, orders: Iterable[WorkOrder]) -> State:
    return replace(state, orders={**state.orders, **{order.id: order for order in orders}})


def _remember(order: WorkOrder, records: Mapping[Address, Record]) -> Iterator[tuple[Address, Record]]:
    """How an invitation ended decides what may happen next, whoever has sent it."""
    yield from records.items()
    statuses = {FailureReason.DECLINED: Status.DECLINED, FailureReason.EXPIRED: Status.EXPIRED}
    if order.failure in statuses and order.action in INVITATIONS:
        known = records.get(order.address)
        yield order.address, invitation_ended(known, order, statuses[order.failure])


def _taken(
    order: WorkOrder, records: Mapping[Address, Record], *, is_there: bool, on: date
) -> Mapping[Address, Record]:
    """With the word of whoever did an order for what it is about, where nothing else will ever tell."""
    if order.is_chore or not KINDS[order.address.kind].is_told:
        return records
    rest = {address: record for address, record in records.items() if address != order.address}
    if not is_there:
        return rest
    said = Record(address=order.address, attributes=order.wanted, since=on, unread=(PRESENCE,))
    return {**rest, order.address: records.get(order.address, said)}


def _require_pending(order: WorkOrder) -> None:
    if order.status.is_pending:
        return
    message = f"work order {order.id} is {order.status} already" + (
        f": {order.explanation}" if order.explanation else ""
    )
    advice = "nobody waits for it; hand in a newer roster to say what is there now"
    raise ReconcilerError(message, advice=advice)


def _require_open(order: WorkOrder) -> None:
    _require_pending(order)
    if order.status is OrderStatus.DONE:
        message = f"work order {order.id} is done already, says {order.closed_by or 'somebody'}"
        advice = "nothing will show it" if order.is_taken else "a newer roster will show it"
        raise ReconcilerError(message, advice=f"{advice}; if it was not done, report it as failed")


def _require_turn(order: WorkOrder, parts: Iterable[WorkOrder]) -> None:
    """What somebody else has to do first must have been done."""
    first = next((part for part in parts if part.party < order.party and part.status is OrderStatus.OPEN), None)
    if first is not None:
        message = f"work order {order.id} is part {order.party}, and part {first.party} is still open"
        raise ReconcilerError(message, advice=f"report {first.id} first")
