"""Who has to act now: on open work orders, and on what a system has asked people itself.

An invitation that a program sent reaches somebody as a mail they do not expect; whoever owns an account is asked by a
code. Nobody else tells them what that is about, so it is told here, in the words of the work orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from reconciler.apply.reading import Scopes
from reconciler.apply.states import read_state
from reconciler.engine.identities import Identities, under_todays_names
from reconciler.features.work_orders.notice import Notice, Notices
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.declared import Declared, Desired, Mode, Person
from reconciler.model.kinds import KINDS, Action
from reconciler.model.ports import Scope, StateStore
from reconciler.model.resource import Status, fingerprint_of
from reconciler.model.settings import GuardSettings
from reconciler.model.state import Record, State
from reconciler.model.work_order import OrderStatus, WorkOrder
from reconciler.systems.drafting import draft_orders

_NEVER = datetime.max.replace(tzinfo=UTC)


def collect_notices(
    store: StateStore, desired: Desired, *, at: datetime, settings: GuardSettings, person: str = ""
) -> Notices:
    """One message for each person who can do something now, or the one for `person`; asks no system."""
    states = [read_state(store, key) for key in store.organizations()]
    messages = make_notices(states, desired, at=at, settings=settings)
    theirs = tuple(one for one in messages if not person or person == one.person)
    return Notices(at=at, person=person, notices=theirs)


def make_notices(
    states: Iterable[State], desired: Desired, *, at: datetime, settings: GuardSettings
) -> Iterator[Notice]:
    """The messages, from what is remembered of each organization; people of the directory first.

    What begins only when somebody else is done is left out until then, and so is what has run out.
    """
    scopes, identities = Scopes(desired), Identities(desired)
    orders: list[WorkOrder] = []
    for state in (under_todays_names(one, identities).state for one in states):
        orders += _open(state.orders.values())
        if state.organization in desired.organizations:
            wanted = desired.resources.get(state.organization, {})
            orders += _Pending(state, scopes.scope_of(state.organization, state), wanted, settings, at).orders()
    patience = timedelta(days=settings.pending_days)
    return _group(filter(None, (_while_asked(order, at, patience) for order in orders)), desired.people)


def _while_asked(order: WorkOrder, at: datetime, patience: timedelta) -> WorkOrder | None:
    """The order unless it can be done no more; one whose time is only our patience is overdue until it is renewed."""
    if order.expires is None or order.expires > at:
        return order
    is_ours = order.lasts is not None and order.lasts >= patience
    return replace(order, title=f"{order.title}; overdue") if is_ours else None


def _open(orders: Iterable[WorkOrder]) -> Iterator[WorkOrder]:
    """Orders whose turn has come."""
    orders = list(orders)
    for order in orders:
        before = [
            other
            for other in orders
            if (other.request, other.issued) == (order.request, order.issued)
            and other.party < order.party
            and other.status is OrderStatus.OPEN
        ]
        if order.status is OrderStatus.OPEN and not before:
            yield order


@dataclass(frozen=True, slots=True)
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
            if record.status.is_pending and address not in asked:
                yield from (self._dated(order, record) for order in draft_orders(self._step(record), self.scope))

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

    def _step(self, record: Record) -> Change:
        """The change that has been asked for, as it would be asked for again."""
        before = record.as_resource()
        return Change(
            address=record.address,
            action=KINDS[record.address.kind].create,
            before=before,
            after=replace(before, status=Status.ACTIVE),
            fingerprint=fingerprint_of(before),
            why="it is asked for, and nobody has answered yet",
            actor=self._admin(),
        )

    def _dated(self, order: WorkOrder, record: Record) -> WorkOrder:
        """Since when it waits, and until when it can be answered, where the system is known to give it a time."""
        day = record.asked_on or record.since
        begins = datetime.combine(day, time(), UTC) if day else None
        expires = begins + order.lasts if begins and order.lasts else None
        is_up_to_admins = order.actor_role == f"an admin of {self.state.organization}"
        actor = order.actor or (self._admin() if is_up_to_admins else "")
        title = order.title + self._say_if_too_old(record, day)
        return replace(order, title=title, issued=begins, expires=expires, actor=actor)

    def _say_if_too_old(self, record: Record, day: date | None) -> str:
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

    def _admin(self) -> str:
        """Somebody who can act there, as far as is recorded."""
        system = self.scope.organization.system
        return min(
            (
                address.key
                for address, record in self.state.records.items()
                if address.kind == "member"
                and record.status is Status.ACTIVE
                and system.administers(str(record.attributes.get("role", "")))
            ),
            default="",
        )


def _group(orders: Iterable[WorkOrder], people: Mapping[str, Person]) -> Iterator[Notice]:
    by_actor: dict[tuple[bool, str, str], list[WorkOrder]] = {}
    for order in orders:
        role = "" if order.actor else order.actor_role
        by_actor.setdefault((not order.actor, order.actor, role), []).append(order)
    for (_, actor, role), theirs in sorted(by_actor.items()):
        person = people.get(actor)
        identities = person.identities if person else {}
        yield Notice(
            person=actor,
            name=person.name if person else role,
            email=identities.get("email", actor if "@" in actor else ""),
            phone=identities.get("phone", ""),
            orders=tuple(sorted(theirs, key=_urgency)),
        )


def _urgency(order: WorkOrder) -> tuple[datetime, str, datetime, int]:
    return order.expires or _NEVER, order.address.organization, order.issued or _NEVER, order.party
