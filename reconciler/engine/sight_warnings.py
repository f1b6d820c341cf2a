"""What a plan says of how it sees and of whom it has asked: old rosters, and work orders that end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from reconciler.engine.context import PlanningContext
from reconciler.engine.order_review import closed_between
from reconciler.engine.orders import withdrawn
from reconciler.engine.targets import Targets
from reconciler.model.finding import Finding, Severity
from reconciler.model.plan import ORDER_WITHDRAWN, OrganizationPlan
from reconciler.model.work_order import OrderStatus, WorkOrder


def tell_of_orders(
    looked_at: Sequence[PlanningContext], organizations: Sequence[OrganizationPlan], targets: Targets
) -> Iterator[Finding]:
    """Everything there is to say about rosters and work orders, organization by organization."""
    for situation, part in zip(looked_at, organizations, strict=True):
        yield from _old_rosters(situation)
        for order in closed_between(situation.state.orders, situation.orders):
            yield from _ended(order)
        for order in withdrawn(situation, part, targets):
            yield _withdrawn(order)


def _old_rosters(situation: PlanningContext) -> Iterator[Finding]:
    """A plan sees no further than what people last read off the pages."""
    limit = timedelta(days=situation.settings.max_roster_age)
    key = situation.organization.key
    for kind, taken in sorted(situation.live.taken.items()):
        age = situation.moment - taken
        if kind == "organization" or age <= limit:
            continue
        yield Finding(
            id="old-roster",
            severity=Severity.WARNING,
            message=f"what is known of each {kind.replace('_', ' ')} of {key} is {age.days} days old",
            place=situation.organization.place,
            advice=f"look again and run `reconciler observe {key} --from FILE`; guards.max_roster_age allows "
            f"{situation.settings.max_roster_age} days",
            address=f"{key}/organization/{key}",
        )


def _ended(order: WorkOrder) -> Iterator[Finding]:
    if order.status is OrderStatus.FAILED:
        who = f", by {order.closed_by}" if order.closed_by else ""
        yield _finding("work-order-not-seen", order, f"is not done: {order.explanation}{who}", "closes", is_wrong=True)
    elif order.status is OrderStatus.EXPIRED:
        yield _finding("work-order-expired", order, f"has expired: {order.explanation}", "closes")
    elif order.status is OrderStatus.SUPERSEDED:
        yield _withdrawn(order)


def _withdrawn(order: WorkOrder) -> Finding:
    return _finding(ORDER_WITHDRAWN, order, f"is not needed any more ({order.explanation})", "withdraws")


def _finding(id_: str, order: WorkOrder, what: str, verb: str, *, is_wrong: bool = False) -> Finding:
    return Finding(
        id=id_,
        severity=Severity.WARNING if is_wrong else Severity.NOTE,
        message=f"work order {order.id} ({order.action.replace('_', ' ')} {order.address}) {what}",
        place=order.place,
        advice=f"the next apply {verb} it",
        address=str(order.address),
    )
