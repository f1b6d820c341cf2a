"""What ends a work order without anybody's word."""

from __future__ import annotations

from reconciler.core.planning.orders import closed_between, withdrawn
from reconciler.core.planning.organization import plan_organization
from reconciler.core.planning.situation import Situation
from reconciler.core.planning.targets import Targets
from reconciler.core.work_order import OrderStatus, WorkOrder


def ended_orders(situation: Situation, targets: Targets) -> list[WorkOrder]:
    """Orders that a look at the system, the calendar or the manifests have ended since they were stored."""
    ended = closed_between(situation.state.orders, situation.orders)
    if any(order.status is OrderStatus.OPEN for order in situation.orders.values()):
        ended += withdrawn(situation, plan_organization(situation, targets), targets)
    return ended
