"""Since when things wait, and what ends it: nothing waits for ever without a way out.

An invitation that nobody answers is sent again, and a work order that nobody does is asked for again, each only so
often; then that is reported. Nothing can be sent again for the rest: after `guards.pending_days` it is overdue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from math import ceil

from reconciler.engine.context import PlanningContext
from reconciler.model.address import Address
from reconciler.model.change import BY_ITSELF, Waiting
from reconciler.model.kinds import KINDS
from reconciler.model.live import Unknown
from reconciler.model.resource import Resource, Status
from reconciler.model.work_order import OrderStatus, WorkOrder


def pause_after(asked: int) -> timedelta:
    """How long to wait before the next invitation, so that an ignored one is not followed by another at once."""
    return timedelta(days=_DAYS_BEFORE_NEXT[min(asked, len(_DAYS_BEFORE_NEXT) - 1)])


_DAYS_BEFORE_NEXT = (0, 1, 3, 7)
"""After the n-th unanswered invitation."""


def end_of_invitation(address: Address, sent: date, situation: PlanningContext) -> date:
    """The day on which an invitation of that day is sent again, or reported where it was sent often enough.

    It is over after its own time where that is known, else after a while.
    """
    hours, patience = situation.organization.system.invitation_hours, situation.settings.pending_days
    lasts = timedelta(days=patience if hours is None else min(patience, ceil(hours / 24)))
    pause = timedelta() if is_last_invitation(address, situation) else pause_after(_asked(address, situation))
    return sent + max(lasts, pause)


def is_last_invitation(address: Address, situation: PlanningContext) -> bool:
    """Whether no other is sent when this one is over."""
    return _asked(address, situation) > situation.settings.max_expired_invitations


def _asked(address: Address, situation: PlanningContext) -> int:
    record = situation.records.get(address)
    return record.asked if record else 0


def dated(waiting: Waiting, situation: PlanningContext) -> Waiting:
    """The same with the day since which it waits, as far as anybody knows, and what ends that.

    What waits for somebody who was asked again has waited since they were asked first.
    """
    noted = None if is_on_record(waiting) else situation.state.waits.get(waiting.address)
    since = min(filter(None, (waiting.since, noted)), default=situation.today)
    return replace(waiting, since=since, ends=_describe_end(waiting, since, situation))


def is_on_record(waiting: Waiting) -> bool:
    """Whether a work order, or the record of what was asked for, tells since when it waits."""
    return bool(waiting.work_order or (waiting.before and waiting.before.status.is_pending))


def _describe_end(waiting: Waiting, since: date, situation: PlanningContext) -> str:
    order, before = situation.orders.get(waiting.work_order), waiting.before
    if order is not None:
        return _end_of_order(order)
    if isinstance(situation.live.find(waiting.address), Unknown):
        return "an answer in the manifests, or a look that can tell"
    if before is not None and (before.status.is_pending or before.pending):
        return _end_of_request(waiting, before, since, situation)
    return "that day" if waiting.on == "time" else BY_ITSELF


def _end_of_order(order: WorkOrder) -> str:
    if order.status is OrderStatus.DONE:
        return "a newer look"
    due = f", or a new order on {order.expires:%Y-%m-%d}" if order.expires else ""
    look = "" if KINDS[order.address.kind].is_told else " or a look that shows it"
    return f"`reconciler work-orders done {order.id}`{look}{due}"


def _end_of_request(waiting: Waiting, before: Resource, since: date, situation: PlanningContext) -> str:
    if before.status is not Status.INVITED:
        day = since + timedelta(days=situation.settings.pending_days)
        return f"an answer, or taking it out of the manifests; overdue from {day} on"
    then = "a report that nobody answers" if is_last_invitation(waiting.address, situation) else "a new invitation"
    return f"an answer, or {then} on {end_of_invitation(waiting.address, since, situation)}"


def undone_in_a_row(orders: Iterable[WorkOrder]) -> list[WorkOrder]:
    """The last orders of the same, oldest first, that nobody did in time; empty where the last one was answered."""
    row: list[WorkOrder] = []
    for order in orders:
        if order.party > 1 or order.status.is_pending:
            continue
        row = [*row, order] if order.status is OrderStatus.EXPIRED else []
    return row
