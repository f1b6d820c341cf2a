"""Who has to act now: on open work orders, and on what a system has asked people itself.

An invitation that a program sent reaches somebody as a mail they do not expect; whoever owns an account is asked by a
code. Nobody else tells them what that is about, so it is told here, in the words of the work orders.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from reconciler.apply.planning import Scopes
from reconciler.engine.identities import Identities, rename_to_today
from reconciler.features.work_orders.model import Notice, Notices, group_by_actor, language_of, note_overdue
from reconciler.model import (
    KINDS,
    Action,
    Address,
    Change,
    Declared,
    Desired,
    GuardSettings,
    Mode,
    OrderStatus,
    Record,
    Scope,
    State,
    Status,
    System,
    WorkOrder,
    dataclass,
    fingerprint_of,
    in_turn,
    is_administrator,
)
from reconciler.systems.drafting import draft_orders

_NEVER = datetime.max.replace(tzinfo=UTC)


def collect_notices(
    states: Iterable[State],
    desired: Desired,
    *,
    at: datetime,
    settings: GuardSettings,
    person: str = "",
    reminders: Sequence[WorkOrder] = (),
) -> Notices:
    """One message for each person who can do something now, or the one for `person`, people of the directory first.

    Of what is remembered of each organization and of `reminders`. What begins only when somebody else is done is left
    out until then, and so is what has run out.
    """
    scopes, identities = Scopes(desired), Identities(desired)
    orders: list[WorkOrder] = [*reminders]
    known_states = {one.organization: one for one in (rename_to_today(one, identities).state for one in states)}
    for state in known_states.values():
        orders += _open_orders(state.orders.values())
        if state.organization in desired.organizations:
            wanted = desired.resources.get(state.organization, {})
            orders += _Pending(state, scopes.scope_of(state.organization, state), wanted, settings, at).orders()
    patience = timedelta(days=settings.pending_days)
    current = [one for order in orders if (one := _while_asked(order, at, patience))]
    found = []
    for actor, role, theirs in group_by_actor(current):
        if person not in ("", actor):
            continue
        somebody = desired.people.get(actor)
        known = somebody.identities if somebody else {}
        notice = Notice(
            person=actor,
            name=somebody.name if somebody else role,
            email=known.get("email", actor if "@" in actor else ""),
            phone=known.get("phone", ""),
            orders=tuple(sorted(theirs, key=_urgency)),
            language=language_of(actor, theirs[0].address.organization, desired),
            answer_to=_whom_to_answer(theirs[0].address, desired, known_states, actor),
        )
        found.append(notice)
    return Notices(at=at, person=person, notices=tuple(found))


def _whom_to_answer(address: Address, desired: Desired, states: Mapping[str, State], actor: str) -> str:
    """Of somebody from outside: an owner of what it is about, else an admin who is an employee; empty for others."""
    person, organization = desired.people.get(actor), desired.organizations.get(address.organization)
    if (person is not None and person.employment == "employee") or organization is None:
        return ""
    asset = desired.resources.get(organization.key, {}).get(address)
    state = states.get(organization.key)
    admins = _admins_in(state, organization.system) if state else []
    keys = desired.people_among([*(asset.owners if asset else ()), *organization.owners, *in_turn(admins, address)])
    people = [one for key in keys if (one := desired.people[key]).employment == "employee"]
    named = [f"{one.name or one.key} ({one.identities['email']})" for one in people if "email" in one.identities]
    return named[0] if named else "whoever sent you this"


def _admins_in(state: State, system: System) -> list[str]:
    """Keys of those who can act there, as far as is recorded."""
    active = (one for one in state.records.values() if one.status is Status.ACTIVE)
    return [one.address.key for one in active if is_administrator(system, one.address.kind, one.attributes)]


def _while_asked(order: WorkOrder, at: datetime, patience: timedelta) -> WorkOrder | None:
    """The order unless it can be done no more; one whose time is only our patience is overdue until it is renewed."""
    is_ours = order.lasts is not None and order.lasts >= patience
    return note_overdue(order, at) if is_ours or order.expires is None or order.expires > at else None


def _open_orders(orders: Collection[WorkOrder]) -> list[WorkOrder]:
    """Orders whose turn has come."""
    still_open = [order for order in orders if order.status is OrderStatus.OPEN]
    first: dict[tuple[object, object], int] = {}
    for order in still_open:
        request = (order.request, order.issued)
        first[request] = min(order.party, first.get(request, order.party))
    return [order for order in still_open if order.party == first[order.request, order.issued]]


def _urgency(order: WorkOrder) -> tuple[datetime, str, datetime, int]:
    return order.deadline or _NEVER, order.address.organization, order.issued or _NEVER, order.party


@dataclass(frozen=True)
class _Pending:
    """What one system waits for without a work order of ours."""

    state: State
    scope: Scope
    wanted: Mapping[Address, Declared]
    settings: GuardSettings
    at: datetime

    def orders(self) -> Iterator[WorkOrder]:
        asked = {order.address for order in self.state.orders.values() if order.is_pending}
        records = {**self.state.records, **{record.address: record for record in self._links_to_ask_for()}}
        for address, record in sorted(records.items()):
            if not record.status.is_pending or address in asked:
                continue
            before = record.as_resource()
            # The change that has been asked for, as it would be asked for again.
            change = Change(
                address=address,
                action=KINDS[address.kind].create,
                before=before,
                after=replace(before, status=Status.ACTIVE),
                fingerprint=fingerprint_of(before),
                why="it is asked for, and nobody has answered yet",
                actor=self._admin(address),
            )
            yield from (self._dated(order, record) for order in draft_orders(change, self.scope))

    def _links_to_ask_for(self) -> Iterator[Record]:
        """Declared links that do not stand: their owners have to scan a code, whether or not one was shown yet.

        Until something is recorded nobody has looked whether they stand. A refusal is not followed by another request.
        """
        is_ours = self.state.records and self.scope.organization.mode is not Mode.READ_ONLY
        for address, declared in self.wanted.items() if is_ours and not self.scope.organization.deleted else ():
            known = self.state.records.get(address)
            is_open = known is None or known.status is Status.LAPSED
            if KINDS[address.kind].create is not Action.LINK or not is_open or address in self.state.deferred:
                continue
            record = known or Record(address=address, identity=declared.identity)
            yield replace(record, attributes=declared.attributes, status=Status.REQUESTED)

    def _dated(self, order: WorkOrder, record: Record) -> WorkOrder:
        """Since when it waits, and until when it can be answered, where the system is known to give it a time."""
        day = record.asked_on or record.since
        begins = datetime.combine(day, time(), UTC) if day else None
        is_up_to_admins = order.actor_role == f"an admin of {self.state.organization}"
        return replace(
            order,
            title=order.title + self._note_age(record, day),
            issued=begins,
            expires=begins + order.lasts if begins and order.lasts else None,
            actor=order.actor or (self._admin(order.address) if is_up_to_admins else ""),
        )

    def _note_age(self, record: Record, day: date | None) -> str:
        """A link that has probably ended is nobody's to follow; plans send an invitation again only so many times."""
        if day is None or (self.at.date() - day).days < self.settings.pending_days:
            return ""
        if record.status is not Status.INVITED:
            return f"; overdue, asked on {day}"
        if record.asked > self.settings.max_expired_invitations:
            then = f"ask an admin of {self.state.organization} for a new invitation"
        else:
            then = "it will be sent again, and only the new one works"
        return f"; the link of {day} has probably ended: {then}"

    def _admin(self, address: Address) -> str:
        """One of those who can act there, in turn; empty where nobody is."""
        return next(iter(in_turn(_admins_in(self.state, self.scope.organization.system), address)), "")
