"""What must not be asked a second time: steps of a plan against the work orders that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.engine.context import PlanningContext
from reconciler.engine.order_review import LONG_AGO, close, closed_between
from reconciler.engine.patience import undone_in_a_row
from reconciler.engine.sight import unread_parts
from reconciler.engine.targets import Targets
from reconciler.model.address import Address
from reconciler.model.change import Cause, Change, LeftOut, Waiting
from reconciler.model.live import Unknown
from reconciler.model.plan import OrganizationPlan
from reconciler.model.work_order import FailureReason, OrderRequest, OrderStatus, WorkOrder

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


def request_of(step: Change | Waiting) -> OrderRequest:
    """What a step asks for."""
    after = step.after
    return OrderRequest.of(
        step.address, step.action, after.attributes if after else {}, after.identity if after else ""
    )


def hold_asked(change: Change | Waiting, situation: PlanningContext) -> Waiting | LeftOut | None:
    """Whom to wait for where the same was asked before; the memory of a failure, while it counts; else None."""
    about = [
        order
        for order in situation.orders.values()
        if order.address == change.address and not (order.is_chore or order.is_taken)
    ]
    wanted = request_of(change)
    same = sorted((order for order in about if order.request == wanted), key=_sequence)
    pending = [order for order in same if order.status.is_pending]
    undone = undone_in_a_row(same)
    if pending:
        return _wait_for(change, pending, first=(undone or pending)[0])
    said = sorted((order for order in about if order.status is OrderStatus.DONE), key=_sequence)
    if said:
        return _wait_for(change, said, first=said[0])
    if _is_given_up(undone, situation):
        return _give_up(change, undone)
    failed = next((order for order in same if order.issued == same[-1].issued and order.failure is not None), None)
    return _put_aside(change, failed, situation) if failed is not None and not situation.retry else None


def _sequence(order: WorkOrder) -> tuple[datetime, int]:
    return order.issued or LONG_AGO, order.party


def _is_given_up(undone: Sequence[WorkOrder], situation: PlanningContext) -> bool:
    """Whether the same was asked for often enough. Taking access away is asked for until it is done."""
    most = situation.settings.max_expired_invitations
    return len(undone) > most and not undone[-1].takes_away and not situation.retry


def _give_up(change: Change | Waiting, undone: Sequence[WorkOrder]) -> LeftOut:
    first, last = undone[0], undone[-1]
    reason = (
        f"{len(undone)} work orders in a row were not done, the last one was {last.id} for "
        f"{last.actor or last.actor_role}; find out why, then ask again with --retry"
    )
    since = first.issued.date() if first.issued else None
    return LeftOut(address=change.address, cause=Cause.REPORTED, reason=reason, since=since)


def _wait_for(step: Change | Waiting, pending: list[WorkOrder], *, first: WorkOrder) -> Waiting:
    """On the first party that has not acted; when all have, on somebody who looks. Since the `first` of the same."""
    order = next((order for order in pending if order.status is OrderStatus.OPEN), pending[-1])
    part = f" (part {order.party} of {order.parties})" if order.parties > 1 else ""
    since = order.closed if order.status is OrderStatus.DONE else first.issued
    day = since.date() if since else None
    if order.status is OrderStatus.DONE:
        on, why = "a newer roster", f"work order {order.id} is said to be done; a newer roster has to show it"
    else:
        on, why = order.actor or order.actor_role, f"work order {order.id}{part} is open"
    return Waiting(
        address=step.address,
        action=step.action,
        on=on,
        why=why,
        since=day,
        before=step.before,
        after=step.after,
        place=step.place,
        work_order=order.id,
    )


def _put_aside(change: Change | Waiting, last: WorkOrder, situation: PlanningContext) -> LeftOut | None:
    """A request of which a part has failed is not repeated before the reason may have gone away."""
    if last.status is not OrderStatus.FAILED or last.failure is None or last.closed is None:
        return None
    pause = PAUSES[last.failure]
    if pause == timedelta():
        return None
    again = None if pause is None else last.closed + pause
    if again is not None and again <= situation.moment:
        return None
    said = f": {last.explanation}" if last.explanation else ""
    until = "not asked again without --retry" if again is None else f"asked again from {again:%Y-%m-%d} on"
    reason = f"work order {last.id} failed, {last.failure.replace('_', ' ')}{said}; {until}"
    return LeftOut(address=change.address, cause=Cause.REPORTED, reason=reason, since=last.closed.date())


def carried_out(situation: PlanningContext) -> frozenset[Address]:
    """What this look, and none before it, shows as people were asked to make it; they have done nothing by hand."""
    closed = closed_between(situation.state.orders, situation.orders)
    return frozenset(order.address for order in closed if order.status is OrderStatus.VERIFIED)


def withdrawn(situation: PlanningContext, part: OrganizationPlan, targets: Targets) -> list[WorkOrder]:
    """Open orders that the plan does not need any more, as superseded, by id.

    None ends while a part of the organization is unread. What could not be told apart or is not covered by the plan
    is left as it is, and so are chores until their cause is gone, because no plan ever needs one. An order that is said
    to be done stays, because the next roster has to tell what came of it.
    """
    if unread_parts(situation):
        return []
    needed = {waiting.work_order for waiting in part.waiting}
    kept = {order.request for order in situation.orders.values() if order.id in needed}
    kept |= {request_of(waiting) for waiting in part.waiting}
    unclear = {left_out.address for left_out in part.left_out}
    reasons = {blocked.change.address: f"{blocked.guard}: {blocked.message}" for blocked in part.blocked}
    found = []
    for order in sorted(situation.orders.values(), key=lambda order: order.id):
        address = order.address
        if order.status is not OrderStatus.OPEN or order.request in kept or not targets.covers(address):
            continue
        if order.is_chore:
            why = "" if situation.is_leaving(order.leaver) else f"{order.leaver} stays"
        elif address in unclear or isinstance(situation.live.find(address), Unknown):
            why = ""
        else:
            why = reasons.get(address, "no plan needs it any more")
        if why:
            found.append(close(order, OrderStatus.SUPERSEDED, at=situation.moment, why=why))
    return found
