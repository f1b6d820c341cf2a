"""From a difference to the next step: a change, nothing, or somebody to wait for, since when and what ends it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import ceil

from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.diff import Difference
from reconciler.model import (
    BY_ITSELF,
    KINDS,
    Action,
    Address,
    Cause,
    Change,
    Declared,
    Guard,
    GuardSettings,
    LeftOut,
    OrderStatus,
    OrganizationPlan,
    Owner,
    Resource,
    Shape,
    Status,
    System,
    Unknown,
    Waiting,
    WorkOrder,
    fingerprint_of,
    is_administrator,
    is_downgrade,
    parents_of,
    person_in,
    role_in,
    unless_gone,
)

_DAYS_BEFORE_NEXT = (0, 1, 3, 7)
"""After the n-th unanswered invitation."""


def _pause_after(asked: int) -> timedelta:
    """How long to wait before the next invitation, so that an ignored one is not followed by another at once."""
    return timedelta(days=_DAYS_BEFORE_NEXT[min(asked, len(_DAYS_BEFORE_NEXT) - 1)])


def _end_of_invitation(address: Address, sent: date, context: PlanningContext) -> date:
    """The day on which an invitation of that day is sent again, or reported where it was sent often enough."""
    system, asked = context.organization.system, _asked(address, context)
    return get_end_of_invitation(sent, asked=asked, system=system, settings=context.settings)


def get_end_of_invitation(sent: date, *, asked: int, system: System, settings: GuardSettings) -> date:
    """When it is over: after its own time where that is known, else after a while; `asked` counts it and those before.

    Another one is not sent at once, unless it was the last.
    """
    hours, patience = system.invitation_hours, settings.pending_days
    lasts = timedelta(days=patience if hours is None else min(patience, ceil(hours / 24)))
    return sent + max(lasts, timedelta() if asked > settings.max_expired_invitations else _pause_after(asked))


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
        is_last = _asked(waiting.address, context) > context.settings.max_expired_invitations
        then = "a report that nobody answers" if is_last else "a new invitation"
        ends = f"an answer, or {then} on {_end_of_invitation(waiting.address, since, context)}"
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
            reason = f"{parent} could not be read: {found.reason}"
            return LeftOut(address=change.address, cause=Cause.UNREAD, reason=reason)
        if found is not None and found.status is Status.ACTIVE and not Owner.of(found.attributes).person:
            continue  # an app that still belongs to a person is nothing that anybody here can give access to
        creation = coming.get(parent)
        if found is None and creation is not None and creation.after and creation.after.status is Status.ACTIVE:
            continue
        return _await_parent(change, parent, found, is_coming=creation is not None, is_held=parent in held)
    return None


def _await_parent(
    change: Change, parent: Address, found: Resource | None, *, is_coming: bool, is_held: bool
) -> Waiting:
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


def next_step(difference: Difference, context: PlanningContext) -> Change | Waiting | None:
    """What to do about one difference today."""
    _, wanted, live = difference
    if wanted is None:
        return None if live is None else leave(live, context)
    if live is None or live.status.is_gone:
        return _enter(wanted, live, context)
    if live.status.is_pending or live.pending:
        return _await_answer(wanted, live, context)
    return _alter(wanted, live, context)


def _enter(wanted: Declared, live: Resource | None, context: PlanningContext) -> Change | Waiting:
    """Something wanted is not there."""
    kind, refusal, status = KINDS[wanted.address.kind], "", Status.ACTIVE
    if kind.name == "member":
        if handover := _wait_for_handover(wanted, live, context):
            return handover
        record, status = context.records.get(wanted.address), Status.INVITED
        if record is not None and record.status is Status.EXPIRED and record.asked_on is not None:
            again = record.asked_on + _pause_after(record.asked)
            if again > context.today:
                why = f"invitation {record.asked} expired unanswered; the next one goes out on {again}"
                return wait_for(wanted, live, kind.create, on="time", why=why)
    elif kind.shape is Shape.ORGANIZATION:
        refusal = context.organization.system.creatable
    elif kind.name == "app":
        refusal = "no app with this client key was found; register it, or correct the key"
    elif kind.needs_other_party:
        status = Status.REQUESTED
    if refusal:
        return wait_for(wanted, live, kind.create, on="somebody with access to the platform", why=refusal)
    return _change(kind.create, wanted, live, context, status=status)


def _await_answer(wanted: Declared, live: Resource, context: PlanningContext) -> Change | Waiting:
    """Something was asked for and nobody has answered; never asked twice, unless an invitation has become too old."""
    address, kind = live.address, KINDS[live.address.kind]
    # The day of the last invitation or request, as the system or our own record tells it, whichever is later.
    record = context.records.get(address)
    known = (live.since, record.since, record.asked_on) if record and record.status.is_pending else (live.since,)
    since = max(filter(None, known), default=None)
    is_invited = live.status is Status.INVITED
    same_identity = not live.identity or not wanted.identity or live.identity.lower() == wanted.identity.lower()
    is_same = (live.pending or live.attributes) == wanted.attributes and (same_identity or not is_invited)
    is_over = is_invited and since is not None and _is_invitation_over(address, since, context)
    if is_invited and (is_over or not is_same):
        cost = "spends an invitation"
        again = _change(Action.REINVITE, wanted, live, context, status=Status.INVITED, cost=cost)
        why = f"invited on {since} and not answered; the link has probably ended"
        return replace(again, why=why) if is_same else again
    if not is_same and kind.name != "app":
        action = kind.change if live.status is Status.ACTIVE and kind.change else kind.create
        return _change(action, wanted, live, context, status=live.status)
    verb = {Status.INVITED: "invited", Status.AWAITING_ACCEPTANCE: "transfer initiated"}.get(live.status, "asked")
    why = f"{verb} on {since}, no answer yet" if since else f"{verb}, no answer yet"
    owner = wanted.identity or address.key
    match kind.name:
        case "member":
            on = address.key
        case "app":
            on = f"an admin of {address.organization}"
        case "partner":
            on = f"partner {owner}"
        case _:
            on = f"the owner of {owner}"
    return replace(wait_for(wanted, live, kind.create, on=on, why=why), since=since)


def _is_invitation_over(address: Address, since: date, context: PlanningContext) -> bool:
    """Whether an invitation of that day is over although it is still listed; of an old list, on the day of the list.

    Whoever has ignored some gets the next one only after a while, as where what has ended is not listed any more.
    """
    looked = context.live.seen_at(address.kind)
    is_too_old = (context.today - since).days >= context.settings.pending_days
    shown = min(context.today, looked.date()) if looked else context.today
    return is_too_old or _end_of_invitation(address, since, context) <= shown


def _alter(wanted: Declared, live: Resource, context: PlanningContext) -> Change | Waiting | None:
    """Something is there with other values."""
    kind, system, cost = KINDS[live.address.kind], context.organization.system, ""
    was, stays = (is_administrator(system, kind.name, side.attributes) for side in (live, wanted))
    if was and not stays and not system.demotes_admins:
        return _demote_where_impossible(wanted, live, context)
    if kind.name == "member" and (handover := _wait_for_handover(wanted, live, context)):
        return handover
    if kind.name == "app":
        return _take_over(wanted, live, context)
    if kind.change is None:
        return None
    if kind.is_share and is_downgrade(system, kind.name, before=live.attributes, after=wanted.attributes):
        cost = "the share is removed and given again; the partner has no access in between"
    return _change(kind.change, wanted, live, context, status=Status.ACTIVE, cost=cost)


def _take_over(wanted: Declared, live: Resource, context: PlanningContext) -> Change | Waiting:
    """A person hands an app over; that an organization could is nowhere said, so its admins have to find a way."""
    owner = Owner.of(live.attributes)
    if owner.person:
        return _change(Action.TRANSFER_APP, wanted, live, context, status=Status.AWAITING_ACCEPTANCE)
    name = owner.organization
    why = f"it belongs to organization {name}, and only a person who owns an app can initiate its transfer"
    return wait_for(wanted, live, Action.TRANSFER_APP, on=f"an admin of {name}", why=why)


def _wait_for_handover(wanted: Declared, live: Resource | None, context: PlanningContext) -> Waiting | None:
    """Whom to wait for where a role would begin or end that only its present holder can pass on.

    A founder gets it by founding.
    """
    system, present = context.organization.system, context.live.resources
    held = unless_gone(live)
    if held is None and context.address not in present:
        return None
    roles = {wanted.attributes.get("role"), held.attributes.get("role") if held else None}
    if len(roles) == 1 or not any(map(system.is_handed_over, roles)):
        return None
    holders = [
        address.key
        for address, found in present.items()
        if address.kind == "member" and system.is_handed_over(role_in(found.attributes))
    ]
    on = ", ".join(sorted(holders)) or "the platform"
    why = "this role is handed over on the platform by whoever holds it; nobody can be invited or promoted to it"
    return wait_for(wanted, live, Action.CHANGE_ROLE, on=on, why=why)


def _demote_where_impossible(wanted: Declared, live: Resource, context: PlanningContext) -> Change | Waiting:
    """Another admin's rights cannot be lowered: ask them, or with an approval remove and invite them again."""
    person = live.address.key
    if (live.address, Action.REMOVE_AND_INVITE) in context.approvals:
        cost = "spends an invitation; no access until it is accepted"
        return _change(Action.REMOVE_AND_INVITE, wanted, live, context, status=Status.INVITED, cost=cost)
    why = (
        f"this system does not let an admin demote another; ask {person} to give up admin rights, or approve it with "
        f"{{approve: {Action.REMOVE_AND_INVITE}, address: {live.address}}}"
    )
    return wait_for(wanted, live, Action.GIVE_UP_ADMIN, on=person, why=why)


def leave(live: Resource, context: PlanningContext) -> Change | None:
    """Something is there that shall not be."""
    action = Action.CANCEL_INVITATION if live.status is Status.INVITED else KINDS[live.address.kind].delete
    if live.status.is_gone or action is Action.FORGET:
        return None
    return Change(
        address=live.address,
        action=action,
        before=live,
        after=None,
        fingerprint=fingerprint_of(live),
        why=reason_to_leave(live.address, context),
        place=context.place_of(live.address),
        irreversible=context.organization.system.irreversible.get(action, ""),
        exempt=is_announced(live.address, context),
    )


def reason_to_leave(address: Address, context: PlanningContext) -> str:
    """Why something that is there shall not be, in the user's terms."""
    if context.organization.deleted:
        return "the manifests say that it shall be deleted"
    if address in context.ended:
        return context.ended[address].why
    person = person_in(address)
    if person and context.has_left(person):
        known = context.people.get(person)
        return f"{person} left on {known.ends}" if known else f"{person} is not in the directory any more"
    return "no longer declared" if address in context.records else "not declared"


def is_announced(address: Address, context: PlanningContext) -> bool:
    """Whether a removal only carries out an end date that an apply knew before it passed.

    What somebody holds goes with their membership, so its known end speaks for all of it.
    """
    if not is_over(address, context):
        return False
    membership = Address(address.organization, "member", person_in(address))
    records = (context.records.get(known) for known in (address, membership))
    return any(record is not None and record.ends is not None and record.ends <= context.today for record in records)


def is_over(address: Address, context: PlanningContext) -> bool:
    """Whether the manifests say that the time of something that is there has passed or not begun."""
    return address in context.ended or context.time_is_over(person_in(address))


def _change(
    action: Action,
    wanted: Declared,
    live: Resource | None,
    context: PlanningContext,
    *,
    status: Status,
    cost: str = "",
) -> Change:
    after = Resource(
        address=wanted.address,
        attributes=wanted.attributes,
        status=status,
        identity=wanted.identity or (live.identity if live else ""),
    )
    return Change(
        address=wanted.address,
        action=action,
        before=live,
        after=after,
        fingerprint=fingerprint_of(live),
        why=wanted.reason or (f"through {wanted.through}" if wanted.through else "declared"),
        place=wanted.place,
        cost=cost,
        irreversible=context.organization.system.irreversible.get(action, ""),
    )


def wait_for(wanted: Declared, live: Resource | None, action: Action, *, on: str, why: str) -> Waiting:
    """Something wanted, put off."""
    return Waiting(
        address=wanted.address,
        action=action,
        on=on,
        why=why,
        since=live.since if live else None,
        before=live,
        after=wanted.as_resource(),
        place=wanted.place,
    )
