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
from reconciler.model.access import is_administrator, is_downgrade
from reconciler.model.address import Address
from reconciler.model.change import Change, Waiting
from reconciler.model.declared import Declared
from reconciler.model.kinds import KINDS, Action, Kind, Shape, person_in
from reconciler.model.resource import Resource, Status, fingerprint_of


def next_step(difference: Difference, situation: PlanningContext) -> Change | Waiting | None:
    """What to do about one difference today."""
    address, wanted, live = difference
    if wanted is None:
        return None if live is None else leave(live, situation)
    if live is None or live.status.is_gone:
        return _enter(wanted, live, situation)
    if live.status.is_pending or live.pending:
        return _pending(wanted, live, situation)
    return _alter(address, wanted, live, situation)


def _enter(wanted: Declared, live: Resource | None, situation: PlanningContext) -> Change | Waiting:
    """Something wanted is not there."""
    kind = KINDS[wanted.address.kind]
    refusal = _cannot_enter(kind, situation)
    if kind.name == "member" and _needs_handover(wanted, None, situation):
        return _wait_for_handover(wanted, live, situation)
    if refusal:
        return _waiting(wanted, live, kind.create, on="somebody with access to the platform", why=refusal)
    if kind.name == "member" and (pause := _pause_before_invitation(wanted.address, situation)):
        return _waiting(wanted, live, kind.create, on="time", why=pause)
    return _change(kind.create, wanted, live, situation, status=_status_when_asked(kind))


def _cannot_enter(kind: Kind, situation: PlanningContext) -> str:
    if kind.shape is Shape.ORGANIZATION:
        return situation.organization.system.creatable
    if kind.name == "app":
        return "no app with this client key was found; register it, or correct the key"
    return ""


def _pause_before_invitation(address: Address, situation: PlanningContext) -> str:
    record = situation.records.get(address)
    if record is None or record.status is not Status.EXPIRED or record.asked_on is None:
        return ""
    again = record.asked_on + pause_after(record.asked)
    if again <= situation.today:
        return ""
    return f"invitation {record.asked} expired unanswered; the next one goes out on {again}"


def _status_when_asked(kind: Kind) -> Status:
    if kind.shape is Shape.MEMBERSHIP:
        return Status.INVITED
    if kind.name == "app":
        return Status.AWAITING_ACCEPTANCE
    if kind.needs_other_party:
        return Status.REQUESTED
    return Status.ACTIVE


def _pending(wanted: Declared, live: Resource, situation: PlanningContext) -> Change | Waiting | None:
    """Something was asked for and nobody has answered; never asked twice, unless an invitation has become too old."""
    asked, since = live.pending or live.attributes, _pending_since(live, situation)
    same_identity = not live.identity or not wanted.identity or live.identity.lower() == wanted.identity.lower()
    if asked == wanted.attributes and (same_identity or live.status is not Status.INVITED):
        if live.status is Status.INVITED and since and _is_over(live.address, since, situation):
            again = _change(
                Action.REINVITE, wanted, live, situation, status=Status.INVITED, cost="spends an invitation"
            )
            return replace(again, why=f"invited on {since} and not answered; the link has probably ended")
        why = _asked(live, since)
        waiting = _waiting(wanted, live, KINDS[live.address.kind].create, on=_answerer(wanted, live), why=why)
        return replace(waiting, since=since)
    if live.status is Status.INVITED:
        return _change(Action.REINVITE, wanted, live, situation, status=Status.INVITED, cost="spends an invitation")
    if live.address.kind == "app":
        waiting = _waiting(wanted, live, Action.TRANSFER_APP, on=_answerer(wanted, live), why=_asked(live, since))
        return replace(waiting, since=since)
    kind = KINDS[live.address.kind]
    action = kind.change if live.status is Status.ACTIVE and kind.change else kind.create
    return _change(action, wanted, live, situation, status=live.status)


def _is_over(address: Address, since: date, situation: PlanningContext) -> bool:
    """Whether an invitation of that day is over although it is still listed; of an old list, on the day of the list.

    Whoever has ignored some gets the next one only after a while, as where what has ended is not listed any more.
    """
    looked = situation.live.seen_at(address.kind)
    is_too_old = (situation.today - since).days >= situation.settings.pending_days
    shown = min(situation.today, looked.date()) if looked else situation.today
    return is_too_old or end_of_invitation(address, since, situation) <= shown


def _pending_since(live: Resource, situation: PlanningContext) -> date | None:
    """The day of the last invitation or request, as the system or our own record tells it, whichever is later."""
    record = situation.records.get(live.address)
    known = (live.since, record.since, record.asked_on) if record and record.status.is_pending else (live.since,)
    return max(filter(None, known), default=None)


def _asked(live: Resource, since: date | None) -> str:
    verb = {Status.INVITED: "invited", Status.AWAITING_ACCEPTANCE: "transfer initiated"}.get(live.status, "asked")
    return f"{verb} on {since}, no answer yet" if since else f"{verb}, no answer yet"


def _answerer(wanted: Declared, live: Resource) -> str:
    """Who has to act next."""
    if live.address.kind == "member":
        return live.address.key
    if live.address.kind == "app":
        return f"an admin of {live.address.organization}"
    owner = wanted.identity or live.address.key
    return f"the owner of {owner}" if live.address.kind != "partner" else f"partner {owner}"


def _alter(address: Address, wanted: Declared, live: Resource, situation: PlanningContext) -> Change | Waiting | None:
    """Something is there with other values."""
    kind = KINDS[address.kind]
    system = situation.organization.system
    loses_admin = is_administrator(system, kind.name, live.attributes) and not is_administrator(
        system, kind.name, wanted.attributes
    )
    if loses_admin and not system.demotes_admins:
        return _demote_where_impossible(wanted, live, situation)
    if kind.name == "member" and _needs_handover(wanted, live, situation):
        return _wait_for_handover(wanted, live, situation)
    if kind.name == "app":
        return _take_over(wanted, live, situation)
    if kind.change is None:
        return None
    if kind.change is Action.CHANGE_LINK:
        return _change(kind.change, wanted, live, situation, status=Status.ACTIVE)
    return _change(
        kind.change, wanted, live, situation, status=Status.ACTIVE, cost=_cost_of_change(kind, wanted, live, situation)
    )


def _take_over(wanted: Declared, live: Resource, situation: PlanningContext) -> Change | Waiting:
    """A person hands an app over; that an organization could is nowhere said, so its admins have to find a way."""
    owner = str(live.attributes.get("owner", ""))
    if owner.startswith("person:"):
        return _change(Action.TRANSFER_APP, wanted, live, situation, status=Status.AWAITING_ACCEPTANCE)
    name = owner.removeprefix("organization:")
    why = f"it belongs to organization {name}, and only a person who owns an app can initiate its transfer"
    return _waiting(wanted, live, Action.TRANSFER_APP, on=f"an admin of {name}", why=why)


def _needs_handover(wanted: Declared, live: Resource | None, situation: PlanningContext) -> bool:
    """Whether a role would begin or end that only its present holder can pass on; a founder gets it by founding."""
    organization = situation.organization
    if live is None and Address.whole(organization.key) not in situation.live.resources:
        return False
    roles = {wanted.attributes.get("role"), live.attributes.get("role") if live else None}
    return len(roles) > 1 and any(organization.system.is_handed_over(role) for role in roles)


def _wait_for_handover(wanted: Declared, live: Resource | None, situation: PlanningContext) -> Waiting:
    holders = [
        address.key
        for address, found in situation.live.resources.items()
        if address.kind == "member" and situation.organization.system.is_handed_over(found.attributes.get("role"))
    ]
    on = ", ".join(sorted(holders)) or "the platform"
    why = "this role is handed over on the platform by whoever holds it; nobody can be invited or promoted to it"
    return _waiting(wanted, live, Action.CHANGE_ROLE, on=on, why=why)


def _cost_of_change(kind: Kind, wanted: Declared, live: Resource, situation: PlanningContext) -> str:
    downgrade = is_downgrade(situation.organization.system, kind.name, before=live.attributes, after=wanted.attributes)
    if kind.is_share and downgrade:
        return "the share is removed and given again; the partner has no access in between"
    return ""


def _demote_where_impossible(wanted: Declared, live: Resource, situation: PlanningContext) -> Change | Waiting:
    """Another admin's rights cannot be lowered: ask them, or with an approval remove and invite them again."""
    person = live.address.key
    if (live.address, Action.REMOVE_AND_INVITE) in situation.approvals:
        return _change(
            Action.REMOVE_AND_INVITE,
            wanted,
            live,
            situation,
            status=Status.INVITED,
            cost="spends an invitation; no access until it is accepted",
        )
    why = (
        f"this system does not let an admin demote another; ask {person} to give up admin rights, or approve it with "
        f"{{approve: {Action.REMOVE_AND_INVITE}, address: {live.address}}}"
    )
    return _waiting(wanted, live, Action.GIVE_UP_ADMIN, on=person, why=why)


def leave(live: Resource, situation: PlanningContext) -> Change | None:
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
        why=why_leave(live.address, situation),
        place=situation.place_of(live.address),
        irreversible=situation.organization.system.irreversible.get(action, ""),
        exempt=was_announced(live.address, situation),
    )


def why_leave(address: Address, situation: PlanningContext) -> str:
    """Why something that is there shall not be, in the user's terms."""
    if situation.organization.deleted:
        return "the manifests say that it shall be deleted"
    if address in situation.ended:
        return situation.ended[address].why
    person = person_in(address)
    if person and situation.has_left(person):
        known = situation.people.get(person)
        return f"{person} left on {known.ends}" if known else f"{person} is not in the directory any more"
    return "no longer declared" if address in situation.records else "not declared"


def was_announced(address: Address, situation: PlanningContext) -> bool:
    """Whether a removal only carries out an end date that an apply knew before it passed.

    What somebody holds goes with their membership, so its known end speaks for all of it.
    """
    if not is_over(address, situation):
        return False
    membership = Address(address.organization, "member", person_in(address))
    records = (situation.records.get(known) for known in (address, membership))
    return any(record is not None and record.ends is not None and record.ends <= situation.today for record in records)


def is_over(address: Address, situation: PlanningContext) -> bool:
    """Whether the manifests say that the time of something that is there has passed or not begun."""
    return address in situation.ended or situation.time_is_over(person_in(address))


def _change(
    action: Action,
    wanted: Declared,
    live: Resource | None,
    situation: PlanningContext,
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
        irreversible=situation.organization.system.irreversible.get(action, ""),
    )


def _waiting(wanted: Declared, live: Resource | None, action: Action, *, on: str, why: str) -> Waiting:
    return Waiting(
        address=wanted.address,
        action=action,
        on=on,
        why=why,
        since=live.since if live else None,
        before=live,
        after=Resource(address=wanted.address, attributes=wanted.attributes, identity=wanted.identity),
        place=wanted.place,
    )
