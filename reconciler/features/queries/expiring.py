"""What ends by itself within some days: access, people, approvals, exceptions, and what nobody answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum

from reconciler.engine.entitlements import on_day
from reconciler.engine.holdings import AccessStatus, index_access
from reconciler.engine.lifecycle import get_end_of_invitation
from reconciler.features.queries.directory import Sources, load_about
from reconciler.features.queries.documents import describe_recorded
from reconciler.model import (
    Attributes,
    Declared,
    Desired,
    GuardSettings,
    Organization,
    Place,
    RuleException,
    State,
    Status,
    count,
    dataclass,
    is_downgrade,
    name_attributes,
    person_in,
)
from reconciler.output.document import Document, Paragraph, Row, Table, code, plain
from reconciler.output.json import Output


class ExpirySort(StrEnum):
    """What ends."""

    STILL_THERE = "still there"
    """It has ended already, and is recorded as there."""
    PERSON = "person"
    ENTITLEMENT = "entitlement"
    INVITATION = "invitation"
    REQUEST = "request"
    """A link, a transfer or an access that somebody was asked for; overdue on that day."""
    WORK_ORDER = "work order"
    APPROVAL = "approval"
    EXCEPTION = "exception"
    ACCEPTED_DRIFT = "accepted drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One thing that ends by itself."""

    day: date
    """The UTC day on which it is gone; for an approval and an exception the last day on which it counts."""
    sort: ExpirySort
    about: str
    """An address, or the key of a person."""
    what: str
    """What is had until then."""
    then: str
    """What holds from that day on."""
    reason: str = ""
    place: Place | None = None


EXPIRING = Output(name="expiring", title="What ends within some days", value=Sequence[Expiry], under="expiring")


def find_expiring(
    sources: Sources, *, settings: GuardSettings, exceptions: Sequence[RuleException], within: timedelta
) -> list[Expiry]:
    """Everything that ends after today and by the last of those days, and what should have ended before; by day."""
    desired, today = load_about(sources, [""]), sources.today
    states, until = {key: sources.read_state(key) for key in sources.store.organizations()}, today + within
    found = [*_people(desired), *_entitlements(desired), *_approvals(desired, states), *_exceptions(exceptions)]
    # What nobody answered stays overdue until somebody does.
    late = []
    for key, state in states.items():
        waiting = list(_recorded(state, desired, settings))
        found += waiting
        late += [one for one in waiting if one.sort in _WAIT and one.day <= today]
        late += _still_there(key, state, desired, today)
    counted = (ExpirySort.APPROVAL, ExpirySort.EXCEPTION)
    coming = [one for one in found if today < one.day <= until or (one.day == today and one.sort in counted)]
    return sorted({*coming, *late}, key=lambda one: (one.day, list(ExpirySort).index(one.sort), one.about, one.what))


_WAIT = (ExpirySort.INVITATION, ExpirySort.REQUEST, ExpirySort.WORK_ORDER)


def _people(desired: Desired) -> Iterator[Expiry]:
    held = Counter(map(person_in, desired.everything))
    for person in desired.people.values():
        if person.ends:
            accesses = count(held[person.key], "access", "accesses")
            yield Expiry(
                day=person.ends,
                sort=ExpirySort.PERSON,
                about=person.key,
                what=f"{person.name or person.key}, {person.employment}, {accesses}",
                then="nothing anywhere",
                place=person.place,
            )


def _entitlements(desired: Desired) -> Iterator[Expiry]:
    """Every line with an end of its own; that of the person is told of the person."""
    for address, declared in desired.everything.items():
        person, system = desired.people.get(person_in(address)), desired.organizations[address.organization].system
        for line in declared.lines:
            end = line.expires
            if end is None or (person and person.ends == end) or not line.holds_on(end - timedelta(days=1)):
                continue
            after = on_day(declared, end, system)
            goes_on = any(one.holds_on(end) for one in after.lines)
            yield Expiry(
                day=end,
                sort=ExpirySort.ENTITLEMENT,
                about=str(address),
                what=", ".join(filter(None, [name_attributes(line.attributes) or "yes", line.through])),
                then=(name_attributes(after.attributes) or "the same") if goes_on else "nothing",
                reason=line.reason,
                place=line.place,
            )


def _exceptions(exceptions: Sequence[RuleException]) -> Iterator[Expiry]:
    for one in exceptions:
        yield Expiry(
            day=one.until,
            sort=ExpirySort.EXCEPTION,
            about=one.address,
            what=f"exception from {one.rule}, {one.owner} answers for it",
            then="the policy holds again",
            reason=one.reason,
            place=one.place,
        )


def _approvals(desired: Desired, states: dict[str, State]) -> Iterator[Expiry]:
    used = {one.terms for state in states.values() for one in state.used_approvals}
    for one in desired.approvals:
        if one.expires and one.terms not in used:
            yield Expiry(
                day=one.expires,
                sort=ExpirySort.APPROVAL,
                about=str(one.address),
                what=f"approval to {one.approve.replace('_', ' ')}, not used yet",
                then="the step is blocked again",
                reason=one.reason,
                place=one.place,
            )


def _recorded(state: State, desired: Desired, settings: GuardSettings) -> Iterator[Expiry]:
    """Accepted drift, and whatever waits for an answer."""
    organization = desired.organizations.get(state.organization)
    for known in state.drift.values():
        if known.reason and known.until:
            what = f"{known.sort.label}, {known.severity}: {known.why}"
            then, about = "an audit alarms again", str(known.address)
            yield Expiry(
                day=known.until, sort=ExpirySort.ACCEPTED_DRIFT, about=about, what=what, then=then, reason=known.reason
            )
    for record in state.records.values():
        asked = record.asked_on or record.since
        if asked is None or not record.status.is_pending:
            continue
        what, about = name_attributes(record.attributes) or "yes", str(record.address)
        if record.status is Status.INVITED and organization:
            day = get_end_of_invitation(asked, asked=record.asked, system=organization.system, settings=settings)
            then = "sent again, or reported where it was sent often enough"
            yield Expiry(day=day, sort=ExpirySort.INVITATION, about=about, what=what, then=then)
        else:
            day, then = asked + timedelta(days=settings.pending_days), "overdue"
            yield Expiry(day=day, sort=ExpirySort.REQUEST, about=about, what=what, then=then)
    for order in state.orders.values():
        if order.is_pending and order.expires:
            yield Expiry(
                day=order.expires.date(),
                sort=ExpirySort.WORK_ORDER,
                about=str(order.address),
                what=f"{order.id}: {order.title}",
                then="asked for again, or reported",
                reason=order.reason,
            )


def _still_there(organization: str, state: State, desired: Desired, today: date) -> Iterator[Expiry]:
    index = index_access(organization, desired=desired, state=state, today=today, as_of=None)
    for one in index.holdings.values():
        if one.status is AccessStatus.DIFFERENT and one.is_active and one.declared and one.recorded:
            yield from _still_more(one.declared, one.recorded.attributes, desired.organizations[organization], today)
        if one.status is AccessStatus.OVER and one.declared is not None:
            yield Expiry(
                day=min(one.declared.expires or today, today),
                sort=ExpirySort.STILL_THERE,
                about=str(one.address),
                what=f"{describe_recorded(one)}: {one.excuse}",
                then="the next apply takes it away, or says what stops it",
                reason=one.declared.reason,
                place=one.declared.place,
            )


def _still_more(declared: Declared, recorded: Attributes, organization: Organization, today: date) -> Iterator[Expiry]:
    """What an ended line gave beside one that goes on, such as an emergency role, and is recorded still."""
    left = on_day(declared, today, organization.system).attributes

    def is_less(after: Attributes, than: Attributes) -> bool:
        return is_downgrade(organization.system, declared.address.kind, before=than, after=after)

    for line in declared.lines:
        end, gave = line.expires, line.attributes
        if end and end <= today and is_less(left, than=gave) and not is_less(recorded, than=gave):
            yield Expiry(
                day=end,
                sort=ExpirySort.STILL_THERE,
                about=str(declared.address),
                what=name_attributes(gave) or "yes",
                then=f"the next apply makes it {name_attributes(left) or 'less'}, or says what stops it",
                reason=line.reason,
                place=line.place,
            )


def document_of_expiring(found: Sequence[Expiry]) -> Document:
    """One row for each, the nearest first."""
    rows = tuple(
        Row(
            cells=(str(one.day), one.sort.value, code(one.about), plain(one.what), one.then, plain(one.reason)),
            place=one.place,
        )
        for one in found
    )
    header = ("day", "ends", "about", "what", "then", "reason")
    return Document(
        title="What ends",
        is_title_needless=True,
        blocks=(Table(header=header, rows=rows) if rows else Paragraph(text="Nothing ends in that time."),),
        whole="list",
    )
