"""What people say of their work orders: done, with evidence, or failed, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from reconciler.apply.state_editor import Edits, StateEditor
from reconciler.apply.states import read_state
from reconciler.audit.entries import order_entry
from reconciler.engine.orders import begin_next, close, invitation_ended
from reconciler.model import (
    INVITATIONS,
    KINDS,
    PRESENCE,
    Address,
    Capacity,
    FailureReason,
    OrderStatus,
    ReconcilerError,
    Record,
    State,
    StateStore,
    Status,
    WorkOrder,
    dataclass,
    suggest_names,
)

_ENDINGS = {FailureReason.DECLINED: Status.DECLINED, FailureReason.EXPIRED: Status.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves that something was done."""

    text: str
    """What was written, or the name of the file."""
    digest: str
    """SHA-256 of the text, or of the file."""

    @classmethod
    def of(cls, text: str, data: bytes | None = None) -> Evidence:
        """A sentence, a link, a ticket; or a file, of which the digest tells later whether another one is the same."""
        return cls(text=text, digest=hashlib.sha256(text.encode() if data is None else data).hexdigest())


def list_orders(
    store: StateStore, *, organization: str = "", actor: str = "", closed: bool = False
) -> tuple[WorkOrder, ...]:
    """Work orders by organization and time of issue; those that have ended only if they are asked for."""
    keys = [organization] if organization else store.organizations()
    orders = [order for key in keys for order in read_state(store, key).orders.values() if closed or order.is_pending]
    found = [order for order in orders if not actor or actor in (order.actor, order.actor_role)]
    found.sort(key=lambda one: (one.address.organization, str(one.issued or ""), one.address, one.party))
    return tuple(found)


def get_order(store: StateStore, order_id: str) -> WorkOrder:
    """The work order with this id, in whatever organization; raises ReconcilerError, naming similar ones."""
    orders = {order.id: order for order in list_orders(store, closed=True)}
    if order_id in orders:
        return orders[order_id]
    advice = suggest_names(order_id, orders) or "`reconciler work-orders list --all` shows all that are remembered"
    raise ReconcilerError(f"there is no work order {order_id!r}", advice=advice)


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Where people report back. What they say is taken down under the organization's lock and audited."""

    editor: StateEditor
    administers: Callable[[State, Record], bool] = lambda _, __: False
    """Whether a membership that is recorded is that of an admin."""

    def done(self, order_id: str, evidence: Evidence, *, by: str) -> WorkOrder:
        """Somebody says that it was done; that it is true is known when a later look at the system shows it."""

        def change(order: WorkOrder, state: State, now: datetime) -> State:
            if order.status is OrderStatus.DONE:
                message = f"work order {order.id} is done already, says {order.closed_by or 'somebody'}"
                advice = "nothing will show it" if order.is_taken else "a newer roster will show it"
                raise ReconcilerError(message, advice=f"{advice}; if it was not done, report it as failed")
            parts = _parts(order, state)
            before = [part for part in parts if part.party < order.party and part.status is OrderStatus.OPEN]
            if before:
                message = f"work order {order.id} is part {order.party}, and part {before[0].party} is still open"
                raise ReconcilerError(message, advice=f"report {before[0].id} first")
            said = replace(order, status=OrderStatus.DONE, closed=now, closed_by=by)
            said = replace(said, evidence=evidence.text, evidence_digest=evidence.digest)
            state = _with_orders(state, begin_next([said if part.id == order.id else part for part in parts]))
            return _as_told(said, state, on=now.date())

        return self._take_down(order_id, change)

    def failed(self, order_id: str, reason: FailureReason, *, note: str, by: str) -> WorkOrder:
        """Somebody says why it could not be done, also of one that was said to be done before."""

        def change(order: WorkOrder, state: State, now: datetime) -> State:
            failed = replace(order, status=OrderStatus.FAILED, closed=now, closed_by=by)
            failed = replace(failed, failure=reason, explanation=note)
            others = [part for part in _parts(order, state) if part.status is OrderStatus.OPEN and part.id != order.id]
            why = f"{order.id} is failed"
            given_up = [close(part, OrderStatus.SUPERSEDED, at=now, why=why) for part in others]
            state = _with_orders(state, [failed, *given_up])
            if reason in _ENDINGS and order.action in INVITATIONS:
                # How an invitation ended decides what may happen next, whoever has sent it.
                ended = invitation_ended(state.records.get(order.address), failed, _ENDINGS[reason])
                state = replace(state, records={**state.records, order.address: ended})
            return _as_told(failed, state, on=now.date())

        return self._take_down(order_id, change)

    def assign(self, order_id: str, person: str = "", *, due: date | None = None, by: str) -> WorkOrder:
        """Ask somebody else to carry an open order out, or by another day; raises ReconcilerError where that cannot be.

        An order that has run out is asked for again without what was said here, so no day after that is taken.
        """

        def change(state: State) -> tuple[State, Edits]:
            order = state.orders.get(order_id)
            if order is None or order.status is not OrderStatus.OPEN:
                raise ReconcilerError(f"work order {order_id} is not open", advice="`reconciler work-orders list`")
            now = self.editor.clock.now()
            given = replace(order, actor=person or order.actor, due=due or order.due)
            if given == order:
                when = f" by {due}" if due else ""
                raise ReconcilerError(f"{order.actor or order.actor_role} is asked to do {order_id}{when} already")
            if due is not None and due < now.date():
                raise ReconcilerError(f"{due} is over", advice="name today or a later day")
            if due is not None and order.expires is not None and due > order.expires.date():
                message = f"{order_id} ends on {order.expires:%Y-%m-%d}, before {due}"
                raise ReconcilerError(message, advice=f"name {order.expires:%Y-%m-%d} or an earlier day")
            if given.actor != order.actor:
                self._require_capacity(order, person, state)
            said = [f"asked of {person} instead of {order.actor or order.actor_role}"] * (given.actor != order.actor)
            said += [f"due on {due}"] * (given.due != order.due)
            told = replace(given, explanation="; ".join(said))
            entry = replace(order_entry(told, serial=state.serial + 1, at=now), actor=by)
            return _with_orders(state, [given]), [entry]

        organization = get_order(self.editor.store, order_id).address.organization
        return self.editor.edit(organization, purpose="work-orders", change=change).orders[order_id]

    def _require_capacity(self, order: WorkOrder, person: str, state: State) -> None:
        """Whether somebody can carry an order out, as far as is recorded."""
        record = state.records.get(Address(state.organization, "member", person))
        is_in = record is not None and record.status is Status.ACTIVE
        if order.capacity is Capacity.ADMIN and not (is_in and record and self.administers(state, record)):
            raise ReconcilerError(f"{person} is no admin of {state.organization}, as far as is recorded")
        if order.capacity is Capacity.MEMBER and not is_in:
            raise ReconcilerError(f"{person} is no member of {state.organization}, as far as is recorded")

    def _take_down(self, order_id: str, change: Callable[[WorkOrder, State, datetime], State]) -> WorkOrder:
        def take_down(state: State) -> tuple[State, Edits]:
            if order_id not in state.orders:
                raise ReconcilerError(f"work order {order_id} is gone", advice="its state was replaced meanwhile")
            now, order = self.editor.clock.now(), state.orders[order_id]
            if not order.status.is_pending:
                why = f": {order.explanation}" if order.explanation else ""
                advice = "nobody waits for it; hand in a newer roster to say what is there now"
                raise ReconcilerError(f"work order {order.id} is {order.status} already{why}", advice=advice)
            after = change(order, state, now)
            told = [one for key, one in sorted(after.orders.items()) if one.status is not state.orders[key].status]
            serials = range(state.serial + 1, state.serial + len(told) + 1)
            return after, [order_entry(one, serial=serial, at=now) for one, serial in zip(told, serials, strict=True)]

        organization = get_order(self.editor.store, order_id).address.organization
        return self.editor.edit(organization, purpose="work-orders", change=take_down).orders[order_id]


def _parts(order: WorkOrder, state: State) -> list[WorkOrder]:
    """The order and those to the other parties of the same request, in sequence."""
    same = [one for one in state.orders.values() if (one.request, one.issued) == (order.request, order.issued)]
    return sorted(same, key=lambda one: one.party)


def _with_orders(state: State, orders: Iterable[WorkOrder]) -> State:
    return replace(state, orders={**state.orders, **{order.id: order for order in orders}})


def _as_told(order: WorkOrder, state: State, *, on: date) -> State:
    """With the word of whoever did an order, or could not, for what it is about, where nothing else will ever tell."""
    address = order.address
    if order.is_chore or not KINDS[address.kind].is_told:
        return state
    rest = {at: record for at, record in state.records.items() if at != address}
    if order.takes_away == (order.status is OrderStatus.DONE):
        return replace(state, records=rest)
    said = Record(address=address, attributes=order.wanted, since=on, unread=(PRESENCE,))
    return replace(state, records={**rest, address: state.records.get(address, said)})
