"""What an apply does about work orders besides its changes: it ends some, and asks for what no change can do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.apply.choice import is_same_request
from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.orders import closed_between, hold_asked, request_of, withdrawn
from reconciler.model.change import Change, Waiting
from reconciler.model.kinds import Action
from reconciler.model.live import Unknown
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import fingerprint_of
from reconciler.model.work_order import OrderStatus, WorkOrder


def ended_orders(situation: PlanningContext, fresh: OrganizationPlan, targets: Targets) -> list[WorkOrder]:
    """Orders that a look at the system, the calendar or the manifests have ended since they were stored."""
    return [*closed_between(situation.state.orders, situation.orders), *withdrawn(situation, fresh, targets)]


def steps_to_ask_for(part: OrganizationPlan, situation: PlanningContext) -> Iterator[Waiting]:
    """What a plan waits for, as far as nobody is asked for it already.

    An admin is not asked to give up the rights while the plan waits for another admin to come first, and nobody is
    asked a second time to answer the same invitation.
    """
    answers = (order for order in situation.orders.values() if order.party == order.parties)
    answered = {order.request for order in answers if order.status is not OrderStatus.SUPERSEDED}
    for waiting in part.waiting:
        is_early = waiting.action is Action.GIVE_UP_ADMIN and waiting.on != waiting.address.key
        if is_early or waiting.work_order:
            continue
        if isinstance(situation.live.find(waiting.address), Unknown):
            continue
        is_answer = waiting.before is not None and waiting.before.status.is_pending
        if is_answer and request_of(waiting) in answered:
            continue
        if hold_asked(waiting, situation) is None:
            yield waiting


def chosen_requests(part: OrganizationPlan, fresh: OrganizationPlan, situation: PlanningContext) -> Iterator[Waiting]:
    """The steps to ask for now that a reviewer has seen like this in a saved plan."""
    seen = {(waiting.address, waiting.action, waiting.on): waiting for waiting in part.waiting if waiting.asks}
    for waiting in steps_to_ask_for(fresh, situation):
        reviewed = seen.get((waiting.address, waiting.action, waiting.on))
        if reviewed is not None and is_same_request(reviewed, waiting):
            yield waiting


def as_change(waiting: Waiting) -> Change:
    """A step that waits as the change it would be; nobody is appointed to act."""
    return Change(
        address=waiting.address,
        action=waiting.action,
        before=waiting.before,
        after=waiting.after,
        fingerprint=fingerprint_of(waiting.before),
        why=waiting.why,
        place=waiting.place,
    )
