"""Work orders: what a look at the system and the calendar say of them, and what must not be asked a second time.

open -> done -> verified      somebody says that it was done; a later look at the system shows it
     -> failed                somebody says why it could not be done, or a later look does not show it
     -> superseded | expired  nobody needs it any more; its time is over
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.lifecycle import wait
from reconciler.model import (
    INVITATIONS,
    KINDS,
    Address,
    Capacity,
    Cause,
    Change,
    FailureReason,
    LeftOut,
    Live,
    OrderRequest,
    OrderStatus,
    OrganizationPlan,
    Record,
    Resource,
    State,
    Status,
    System,
    Unknown,
    Waiting,
    WorkOrder,
    fingerprint_of,
    is_administrator,
)

PAUSES: Mapping[FailureReason, timedelta | None] = {
    FailureReason.WRONG_ADDRESS: None,
    FailureReason.SPAM: timedelta(days=1),
    FailureReason.OTHER_ACCOUNT: timedelta(days=1),
    FailureReason.REGISTRATION_MISSING: timedelta(days=7),
    FailureReason.CAP_REACHED: timedelta(days=7),
    FailureReason.EXPIRED: timedelta(),
    FailureReason.DECLINED: timedelta(),
    FailureReason.NO_PERMISSION: timedelta(days=1),
    FailureReason.STEPS_DIFFER: None,
    FailureReason.NOT_SEEN: timedelta(),
    FailureReason.OTHER: timedelta(days=1),
}
"""How long the same is not asked for again, counted from the failure; None until somebody says so.

A corrected address is another request and is not held up. What was declined or ran out is left to the lifecycle of
invitations, which asks again only so often, and after a refusal only with an approval.
"""


LONG_AGO = datetime.min.replace(tzinfo=UTC)

KEPT_FOR = timedelta(days=365)
"""How long closed orders are remembered."""

_ENDED_BADLY = (OrderStatus.FAILED, OrderStatus.EXPIRED)


def request_of(step: Change | Waiting) -> OrderRequest:
    """What a step asks for."""
    after = step.after
    wanted, identity = (after.attributes, after.identity) if after else ({}, "")
    return OrderRequest.of(step.address, step.action, wanted, identity)


def hold_asked(step: Change | Waiting, context: PlanningContext) -> Waiting | LeftOut | None:
    """Whom to wait for where the same was asked before; the memory of a failure, while it counts; else None."""

    def sequence(order: WorkOrder) -> tuple[datetime, int]:
        return order.issued or LONG_AGO, order.party

    known = context.orders_about.get(step.address, ())
    about = sorted((order for order in known if not (order.is_chore or order.is_taken)), key=sequence)
    wanted = request_of(step) if about else None
    same = [order for order in about if order.request == wanted]
    pending = [order for order in same if order.status.is_pending]
    undone = _undone_in_a_row(same)
    if pending:
        return _wait_for(step, pending, first=(undone or pending)[0])
    said = [order for order in about if order.status is OrderStatus.DONE]
    if said:
        return _wait_for(step, said, first=said[0])
    if context.retry:
        return None
    # Taking access away is asked for until it is done.
    if len(undone) > context.settings.max_expired_invitations and not undone[-1].takes_away:
        first, last = undone[0], undone[-1]
        reason = (
            f"{len(undone)} work orders in a row were not done, the last one was {last.id} for "
            f"{last.actor or last.actor_role}; find out why, then ask again with --retry"
        )
        since = first.issued.date() if first.issued else None
        return LeftOut(address=step.address, cause=Cause.REPORTED, reason=reason, since=since)
    failed = next((order for order in same if order.issued == same[-1].issued and order.failure is not None), None)
    return _pause_after(failed, context) if failed is not None else None


def _undone_in_a_row(orders: Iterable[WorkOrder]) -> list[WorkOrder]:
    """The last orders of the same, oldest first, that nobody did in time; empty where the last one was answered."""
    row: list[WorkOrder] = []
    for order in orders:
        if order.party == 1 and not order.status.is_pending:
            row = [*row, order] if order.status is OrderStatus.EXPIRED else []
    return row


def _wait_for(step: Change | Waiting, pending: Sequence[WorkOrder], *, first: WorkOrder) -> Waiting:
    """On the first party that has not acted; when all have, on somebody who looks. Since the `first` of the same."""
    order = next((order for order in pending if order.status is OrderStatus.OPEN), pending[-1])
    if order.status is OrderStatus.DONE:
        since, on = order.closed, "a newer roster"
        why = f"work order {order.id} is said to be done; a newer roster has to show it"
    else:
        since, on = first.issued, order.actor or order.actor_role
        part = f" (part {order.party} of {order.parties})" if order.parties > 1 else ""
        why = f"work order {order.id}{part} is open" + (f", due on {order.due}" if order.due else "")
    return replace(wait(step, on=on, why=why, since=since.date() if since else None), work_order=order.id)


def _pause_after(failed: WorkOrder, context: PlanningContext) -> LeftOut | None:
    """A request of which a part has failed is not repeated before the reason may have gone away."""
    if failed.status is not OrderStatus.FAILED or failed.failure is None or failed.closed is None:
        return None
    pause = PAUSES[failed.failure]
    again = None if pause is None else failed.closed + pause
    if pause == timedelta() or (again is not None and again <= context.moment):
        return None
    said = f": {failed.explanation}" if failed.explanation else ""
    until = "not asked again without --retry" if again is None else f"asked again from {again:%Y-%m-%d} on"
    reason = f"work order {failed.id} failed, {failed.failure.replace('_', ' ')}{said}; {until}"
    return LeftOut(address=failed.address, cause=Cause.REPORTED, reason=reason, since=failed.closed.date())


def carried_out(context: PlanningContext) -> frozenset[Address]:
    """What this look, and none before it, shows as people were asked to make it; they have done nothing by hand."""
    closed = closed_between(context.state.orders, context.orders)
    return frozenset(order.address for order in closed if order.status is OrderStatus.VERIFIED)


def find_ended(context: PlanningContext, part: OrganizationPlan, targets: Targets) -> list[WorkOrder]:
    """Orders that a look, the calendar or the manifests have ended since they were stored, and what is withdrawn."""
    return [*closed_between(context.state.orders, context.orders), *withdrawn(context, part, targets)]


def withdrawn(context: PlanningContext, part: OrganizationPlan, targets: Targets) -> list[WorkOrder]:
    """Open orders that the plan does not need any more, as superseded, by id.

    None ends while a part of the organization is unread. What could not be told apart or is not covered by the plan
    is left as it is, and so are chores until their cause is gone, because no plan ever needs one. An order that is said
    to be done stays, because the next roster has to tell what came of it.
    """
    if context.unread_parts:
        return []
    needed = {waiting.work_order for waiting in part.waiting}
    kept = {order.request for order in context.orders.values() if order.id in needed}
    kept |= {request_of(waiting) for waiting in part.waiting}
    unclear = {left_out.address for left_out in part.left_out}
    reasons = {blocked.change.address: f"{blocked.guard}: {blocked.message}" for blocked in part.blocked}
    found = []
    for order in sorted(context.orders.values(), key=lambda order: order.id):
        address = order.address
        if order.status is not OrderStatus.OPEN or order.request in kept or not targets.covers(address):
            continue
        if order.is_chore:
            why = "" if context.is_leaving(order.leaver) else f"{order.leaver} stays"
        elif address in unclear or isinstance(context.live.find(address), Unknown):
            why = ""
        else:
            why = reasons.get(address, "no plan needs it any more")
        if why:
            found.append(close(order, OrderStatus.SUPERSEDED, at=context.moment, why=why))
    return found


def review(orders: Mapping[str, WorkOrder], live: Live, *, moment: datetime, system: System) -> dict[str, WorkOrder]:
    """Orders as they stand after looking at the system; those that were closed long ago are dropped."""
    kept = {
        key: order
        for key, order in orders.items()
        if order.is_pending or order.closed is None or moment - order.closed < KEPT_FOR
    }
    # All parts of one request that were issued at the same time.
    together: dict[tuple[OrderRequest, datetime | None], list[WorkOrder]] = {}
    for order in kept.values():
        if not order.is_chore:
            together.setdefault((order.request, order.issued), []).append(order)
    for parts in together.values():
        if any(order.is_pending for order in parts):
            in_sequence = sorted(parts, key=lambda order: order.party)
            kept |= {order.id: order for order in _review_request(in_sequence, live, moment, system)}
    return kept


def _review_request(parts: list[WorkOrder], live: Live, moment: datetime, system: System) -> Iterator[WorkOrder]:
    """Where one part has ended badly, nobody is asked for the others; what was done stays to be looked at.

    Nobody is asked either for what cannot be done any more as it was written, and for what comes after that.
    """
    ended = []
    for order in begin_next([_verify(order, live) for order in parts]):
        if order.status is OrderStatus.OPEN and order.expires is not None and order.expires <= moment:
            ended.append(close(order, OrderStatus.EXPIRED, at=order.expires, why="its time is over"))
        else:
            ended.append(order)
    reviewed = [_contradict(order, ended, live, system.invitation_hours) for order in ended]
    broken = next((order for order in reviewed if order.status in _ENDED_BADLY), None)
    why = f"{broken.id} is {broken.status}" if broken else ""
    for number, order in enumerate(reviewed):
        if order.status is not OrderStatus.OPEN:
            yield order
            continue
        why = why or _reason_void(order, reviewed[number - 1] if number else None, live, system)
        yield close(order, OrderStatus.SUPERSEDED, at=moment, why=why) if why else order


def _reason_void(order: WorkOrder, before: WorkOrder | None, live: Live, system: System) -> str:
    """Why what an open order says is not so any more; `before` is the part that it goes on from."""
    if _has_lost_capacity(order, live, system):
        return f"{order.actor} is no {order.capacity} of {live.organization} any more"
    found = live.find(order.address)
    if isinstance(found, Unknown):
        return ""
    if before is not None:
        # Only a look that is newer than the end of that part can show that it was undone since.
        seen = live.seen_at(before.address.kind)
        is_seen_since = seen is not None and before.closed is not None and seen > before.closed
        is_undone = before.status is OrderStatus.VERIFIED and is_seen_since and not _shows(before, found)
        return f"what {before.id} led to is not there any more" if is_undone else ""
    kind = KINDS[order.address.kind]
    if order.action is kind.create is kind.change and fingerprint_of(found) != order.fingerprint:
        # One action with several ways to do it: which of them, and who can, depends on what is there.
        return "something else is there than what it was written for"
    return ""


def _has_lost_capacity(order: WorkOrder, live: Live, system: System) -> bool:
    """Whether a look shows that whoever was asked cannot do it any more; records alone do not show everybody."""
    if not order.actor or order.capacity is Capacity.ANYBODY or live.seen_at("member") is None:
        return False
    found = live.find(Address(live.organization, "member", order.actor))
    if isinstance(found, Unknown):
        return False
    if found is None or found.status is not Status.ACTIVE:
        return True
    return order.capacity is Capacity.ADMIN and not is_administrator(system, "member", found.attributes)


def begin_next(parts: Iterable[WorkOrder]) -> Iterator[WorkOrder]:
    """Parts in sequence; the time of each that lasts only for a while begins when the one before is done."""
    before: WorkOrder | None = None
    for order in parts:
        is_done = before is not None and before.status in (OrderStatus.DONE, OrderStatus.VERIFIED)
        begins = before.closed if before is not None and is_done else None
        before = order
        if (
            begins is not None
            and order.status is OrderStatus.OPEN
            and order.expires is None
            and order.lasts is not None
        ):
            before = replace(order, expires=begins + order.lasts)
        yield before


def _verify(order: WorkOrder, live: Live) -> WorkOrder:
    """Whether a look that is newer than the order shows what it asks for."""
    seen = live.seen_at(order.address.kind)
    found = live.find(order.address)
    if not order.status.is_pending or isinstance(found, Unknown):
        return order
    if seen is None or order.issued is None or seen <= order.issued or not _shows(order, found):
        return order
    return close(order, OrderStatus.VERIFIED, at=seen, why=f"seen on {seen:%Y-%m-%d}")


def _contradict(order: WorkOrder, parts: list[WorkOrder], live: Live, invitation_hours: int | None) -> WorkOrder:
    """Whether a look that is newer than the word that it was done does not show it.

    While one party has not been heard of, nothing may be seen of it. An invitation may have come and gone before, or
    been turned down.
    """
    if order.status is not OrderStatus.DONE or isinstance(live.find(order.address), Unknown):
        return order
    heard = [part.closed for part in parts if part.closed and part.status is not OrderStatus.VERIFIED]
    seen, said = live.seen_at(order.address.kind), max(heard, default=None)
    is_awaited = any(part.status is OrderStatus.OPEN for part in parts)
    if is_awaited or seen is None or said is None or seen <= said:
        return order
    broken = next((part for part in parts if part.status in _ENDED_BADLY), None)
    if broken is not None:
        return close(order, OrderStatus.SUPERSEDED, at=seen, why=f"{broken.id} is {broken.status}")
    has_ended = invitation_hours is not None and seen >= said + timedelta(hours=invitation_hours)
    if order.action in INVITATIONS and has_ended:
        return close(order, OrderStatus.EXPIRED, at=seen, why="the invitation ran out unanswered")
    failed = close(order, OrderStatus.FAILED, at=seen, why=f"said to be done, not seen on {seen:%Y-%m-%d}")
    return replace(failed, failure=FailureReason.NOT_SEEN)


def _shows(order: WorkOrder, found: Resource | None) -> bool:
    """Whether the system shows what an order asks for, as far as its party can bring it about."""
    if order.takes_away:
        return found is None or found.status.is_gone
    if found is None or found.status.is_gone or found.fingerprint == order.fingerprint:
        return False
    if found.status is Status.ACTIVE and not found.pending:
        return found.shows(order.wanted)
    asked = found.pending or found.attributes
    return asked == order.wanted and (order.parties == 1 or order.party < order.parties)


def close(order: WorkOrder, status: OrderStatus, *, at: datetime, why: str) -> WorkOrder:
    """The order as it ended by itself; who had said that it was done stays written on it."""
    return replace(order, status=status, closed=at, explanation=why)


def closed_between(before: Mapping[str, WorkOrder], after: Mapping[str, WorkOrder]) -> list[WorkOrder]:
    """Orders whose status is another one than before, by id."""
    return [order for key, order in sorted(after.items()) if key in before and before[key].status is not order.status]


def count_invitations(
    records: dict[Address, Record], state: State, orders: Mapping[str, WorkOrder], live: Live
) -> dict[Address, Record]:
    """Records that know of every invitation a person has sent for us, so that the limits of invitations hold for them.

    One that was seen counts as sent; one that ran out without ever being seen counts as expired unanswered.
    """
    counted = dict(records)
    for order in closed_between(state.orders, orders):
        if order.action not in INVITATIONS or order.issued is None:
            continue
        known, found = state.records.get(order.address), live.find(order.address)
        is_there = isinstance(found, Resource) and not found.status.is_gone
        found_pending = isinstance(found, Resource) and found.status.is_pending
        is_sent_by_now = order.party > 1 or order.parties == 1  # else nobody has done the part that sends it
        is_over = order.status is OrderStatus.EXPIRED and is_sent_by_now
        was_seen = any(  # an earlier part of the same
            other.status is OrderStatus.VERIFIED and (other.request, other.issued) == (order.request, order.issued)
            for other in orders.values()
        )
        if is_over and not is_there and not was_seen:
            counted[order.address] = invitation_ended(known, order, Status.EXPIRED)
        is_sent = order.status is OrderStatus.VERIFIED and order.party == 1
        if is_sent and found_pending and known is not None and known.status.is_gone:
            counted[order.address] = counted[order.address].asked_again(order.issued.date())
    return counted


def invitation_ended(known: Record | None, order: WorkOrder, status: Status) -> Record:
    """The record of somebody who declined, or did not answer, an invitation that a person was asked to send."""
    record = known or Record(address=order.address, attributes=order.wanted, identity=order.identity)
    issued, closed = order.issued or LONG_AGO, order.closed or LONG_AGO
    return replace(record.asked_again(issued.date()), status=status, since=closed.date())
