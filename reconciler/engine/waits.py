"""What has to wait for whom, since when, and what ends it: nothing waits for ever without a way out.

An invitation that nobody answers is sent again, and a work order that nobody does is asked for again, each only so
often; then that is reported. Nothing can be sent again for the rest: after `guards.pending_days` it is overdue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import ceil

from reconciler.engine.context import PlanningContext, Targets
from reconciler.model.address import KINDS, Action, Address, Shape, parents_of
from reconciler.model.change import BY_ITSELF, Cause, Change, Guard, LeftOut, Waiting
from reconciler.model.declared import GuardSettings
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import Owner, Resource, Status, Unknown
from reconciler.model.state import OrderStatus, WorkOrder
from reconciler.model.system import System

_DAYS_BEFORE_NEXT = (0, 1, 3, 7)
"""After the n-th unanswered invitation."""


def pause_after(asked: int) -> timedelta:
    """How long to wait before the next invitation, so that an ignored one is not followed by another at once."""
    return timedelta(days=_DAYS_BEFORE_NEXT[min(asked, len(_DAYS_BEFORE_NEXT) - 1)])


def end_of_invitation(address: Address, sent: date, context: PlanningContext) -> date:
    """The day on which an invitation of that day is sent again, or reported where it was sent often enough."""
    system, asked = context.organization.system, _asked(address, context)
    return get_end_of_invitation(sent, asked=asked, system=system, settings=context.settings)


def get_end_of_invitation(sent: date, *, asked: int, system: System, settings: GuardSettings) -> date:
    """When it is over: after its own time where that is known, else after a while; `asked` counts it and those before.

    Another one is not sent at once, unless it was the last.
    """
    hours, patience = system.invitation_hours, settings.pending_days
    lasts = timedelta(days=patience if hours is None else min(patience, ceil(hours / 24)))
    return sent + max(lasts, timedelta() if asked > settings.max_expired_invitations else pause_after(asked))


def _is_last_invitation(address: Address, context: PlanningContext) -> bool:
    """Whether no other is sent when this one is over."""
    return _asked(address, context) > context.settings.max_expired_invitations


def _asked(address: Address, context: PlanningContext) -> int:
    record = context.records.get(address)
    return record.asked if record else 0


def with_end(waiting: Waiting, context: PlanningContext) -> Waiting:
    """The same with the day since which it waits, as far as anybody knows, and what ends that.

    What waits for somebody who was asked again has waited since they were asked first.
    """
    noted = None if is_on_record(waiting) else context.state.waits.get(waiting.address)
    since = min(filter(None, (waiting.since, noted)), default=context.today)
    order, before = context.orders.get(waiting.work_order), waiting.before
    if order is not None:
        ends = _describe_end_of_order(order)
    elif isinstance(context.live.find(waiting.address), Unknown):
        ends = "an answer in the manifests, or a look that can tell"
    elif before is not None and before.status is Status.INVITED:
        is_last = _is_last_invitation(waiting.address, context)
        then = "a report that nobody answers" if is_last else "a new invitation"
        ends = f"an answer, or {then} on {end_of_invitation(waiting.address, since, context)}"
    elif before is not None and (before.status.is_pending or before.pending):
        day = since + timedelta(days=context.settings.pending_days)
        ends = f"an answer, or taking it out of the manifests; overdue from {day} on"
    else:
        ends = "that day" if waiting.on == "time" else BY_ITSELF
    return replace(waiting, since=since, ends=ends)


def _describe_end_of_order(order: WorkOrder) -> str:
    if order.status is OrderStatus.DONE:
        return "a newer look"
    due = f", or a new order on {order.expires:%Y-%m-%d}" if order.expires else ""
    look = "" if KINDS[order.address.kind].is_told else " or a look that shows it"
    return f"`reconciler work-orders done {order.id}`{look}{due}"


def is_on_record(waiting: Waiting) -> bool:
    """Whether a work order, or the record of what was asked for, tells since when it waits."""
    return bool(waiting.work_order or (waiting.before and waiting.before.status.is_pending))


SOMEBODY = "somebody who can tell"
"""Whom a thing waits for that cannot be told apart from another."""

_PARENTS_FIRST = (Shape.ORGANIZATION, Shape.MEMBERSHIP, Shape.ASSET, Shape.GRANT)


def hold_until_ready(
    changes: Sequence[Change], *, held: Collection[Address], kept: Mapping[Address, Guard], context: PlanningContext
) -> Iterator[Change | Waiting | LeftOut]:
    """Each change whose parents are there or come into being in this plan; for the others, whom they wait for.

    `kept` are things that a guard does not let go, so nothing they hang on may go either: the system would take them
    along, and an approval to the one is none to the other.
    """
    needed = {parent: (address, kept[address]) for address in sorted(kept) for parent in parents_of(address)}
    coming = {change.address: change for change in changes}
    not_coming = set(held)
    for change in sorted(changes, key=lambda change: _PARENTS_FIRST.index(KINDS[change.address.kind].shape)):
        if change.after is not None:
            obstacle = _first_obstacle(change, coming, not_coming, context)
        elif change.address in needed:
            thing, guard = needed[change.address]
            why = "is protected" if guard is Guard.PROTECTED else f"is blocked by {guard}"
            obstacle = wait(change, on="an approval", why=f"{thing} would go with it and {why}")
        else:
            obstacle = None
        if obstacle is not None:
            not_coming.add(change.address)
            del coming[change.address]
        yield obstacle or change


def _first_obstacle(
    change: Change, coming: dict[Address, Change], held: Collection[Address], context: PlanningContext
) -> Waiting | LeftOut | None:
    for parent in parents_of(change.address):
        found = context.live.find(parent)
        if isinstance(found, Unknown) and not found.is_part:
            return wait(change, on=SOMEBODY, why=f"{parent}: {found.reason}", since=context.state.waits.get(parent))
        if isinstance(found, Unknown):
            return LeftOut(
                address=change.address, cause=Cause.UNREAD, reason=f"{parent} could not be read: {found.reason}"
            )
        if found is not None and found.status is Status.ACTIVE and not Owner.of(found.attributes).person:
            continue  # an app that still belongs to a person is nothing that anybody here can give access to
        creation = coming.get(parent)
        if found is None and creation is not None and creation.after and creation.after.status is Status.ACTIVE:
            continue
        return _wait_for(change, parent, found, is_coming=creation is not None, is_held=parent in held)
    return None


def _wait_for(change: Change, parent: Address, found: Resource | None, *, is_coming: bool, is_held: bool) -> Waiting:
    kind = KINDS[parent.kind]
    on = parent.key if parent.kind == "member" else f"{kind.title} {parent.key}"
    if found is not None and found.status is Status.INVITED:
        why = f"{parent.key} has not accepted the invitation yet"
    elif found is not None and found.status.is_pending:
        why = f"{kind.title} {parent.key} is not approved yet"
    elif is_coming and parent.kind == "member":
        why = f"{parent.key} is invited by this plan and has to accept first"
    elif is_coming:
        why = f"{kind.title} {parent.key} is asked for by this plan and has to be approved first"
    elif is_held:
        why = f"{kind.title} {parent.key} is held back in this plan"
    else:
        why = f"{kind.title} {parent.key} is not there yet"
    return wait(change, on=on, why=why, since=found.since if found else None)


def hold_app_owner(change: Change, context: PlanningContext) -> Waiting | None:
    """The owner of an app stays until the transfer of the app is completed."""
    if change.action not in {Action.REMOVE, Action.REMOVE_AND_INVITE} or change.address.kind != "member":
        return None
    apps = context.owned_apps.get(change.address.key, ()) if "app" in context.organization.system.kinds else ()
    if not apps:
        return None
    names = ", ".join(map(str, apps))
    return wait(change, on=change.address.key, why=f"still owns {names}; the transfer must be completed first")


def wait(step: Change | Waiting, *, on: str, why: str, since: date | None = None) -> Waiting:
    """The same step, put off."""
    return Waiting(
        address=step.address,
        action=step.action,
        on=on,
        why=why,
        since=since,
        before=step.before,
        after=step.after,
        place=step.place,
    )


def note_waits(context: PlanningContext, part: OrganizationPlan, targets: Targets) -> dict[Address, date]:
    """Since when things wait of which no record or work order tells it.

    What this plan could not see, or was not about, keeps the day it had.
    """
    kept = {
        address: since
        for address, since in context.state.waits.items()
        if not targets.covers(address) or (isinstance(found := context.live.find(address), Unknown) and found.is_part)
    }
    return kept | {one.address: one.since for one in part.waiting if one.since and not is_on_record(one)}
