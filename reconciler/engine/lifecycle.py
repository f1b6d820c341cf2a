"""From a difference to the next step: a change, somebody to wait for, or nothing.

Memberships:   absent -> invited -> active, ending as declined | expired | cancelled | removed | left
App transfers: owned by a person -> awaiting_acceptance -> active
Links:         requested -> active, ending as lapsed | revoked_by_owner

Nothing here decides whether a step is allowed; that is what the guards are for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reconciler.engine.context import PlanningContext
from reconciler.engine.diff import Difference
from reconciler.engine.waits import end_of_invitation, pause_after
from reconciler.model.address import KINDS, Action, Address, Shape, person_in
from reconciler.model.change import Change, Waiting, is_administrator, is_downgrade
from reconciler.model.declared import Declared
from reconciler.model.resource import Owner, Resource, Status, fingerprint_of, role_in


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
            again = record.asked_on + pause_after(record.asked)
            if again > context.today:
                why = f"invitation {record.asked} expired unanswered; the next one goes out on {again}"
                return _waiting(wanted, live, kind.create, on="time", why=why)
    elif kind.shape is Shape.ORGANIZATION:
        refusal = context.organization.system.creatable
    elif kind.name == "app":
        refusal = "no app with this client key was found; register it, or correct the key"
    elif kind.needs_other_party:
        status = Status.REQUESTED
    if refusal:
        return _waiting(wanted, live, kind.create, on="somebody with access to the platform", why=refusal)
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
    return replace(_waiting(wanted, live, kind.create, on=on, why=why), since=since)


def _is_invitation_over(address: Address, since: date, context: PlanningContext) -> bool:
    """Whether an invitation of that day is over although it is still listed; of an old list, on the day of the list.

    Whoever has ignored some gets the next one only after a while, as where what has ended is not listed any more.
    """
    looked = context.live.seen_at(address.kind)
    is_too_old = (context.today - since).days >= context.settings.pending_days
    shown = min(context.today, looked.date()) if looked else context.today
    return is_too_old or end_of_invitation(address, since, context) <= shown


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
    return _waiting(wanted, live, Action.TRANSFER_APP, on=f"an admin of {name}", why=why)


def _wait_for_handover(wanted: Declared, live: Resource | None, context: PlanningContext) -> Waiting | None:
    """Whom to wait for where a role would begin or end that only its present holder can pass on.

    A founder gets it by founding.
    """
    system, present = context.organization.system, context.live.resources
    held = live if live is not None and not live.status.is_gone else None
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
    return _waiting(wanted, live, Action.CHANGE_ROLE, on=on, why=why)


def _demote_where_impossible(wanted: Declared, live: Resource, context: PlanningContext) -> Change | Waiting:
    """Another admin's rights cannot be lowered: ask them, or with an approval remove and invite them again."""
    person = live.address.key
    if (live.address, Action.REMOVE_AND_INVITE) in context.approvals:
        return _change(
            Action.REMOVE_AND_INVITE,
            wanted,
            live,
            context,
            status=Status.INVITED,
            cost="spends an invitation; no access until it is accepted",
        )
    why = (
        f"this system does not let an admin demote another; ask {person} to give up admin rights, or approve it with "
        f"{{approve: {Action.REMOVE_AND_INVITE}, address: {live.address}}}"
    )
    return _waiting(wanted, live, Action.GIVE_UP_ADMIN, on=person, why=why)


def leave(live: Resource, context: PlanningContext) -> Change | None:
    """Something is there that shall not be."""
    kind = KINDS[live.address.kind]
    if live.status.is_gone:
        return None
    action = kind.delete
    if live.status is Status.INVITED:
        action = Action.CANCEL_INVITATION
    if action is Action.FORGET:
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


def _waiting(wanted: Declared, live: Resource | None, action: Action, *, on: str, why: str) -> Waiting:
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
