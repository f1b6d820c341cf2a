"""Everything that a reader of the report may ask about, gathered once from manifests, states and the audit log.

No system is asked, so what nobody has looked at is not known here either: each organization says when it was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from reconciler.apply.states import read_state
from reconciler.audit.log import AuditLog, Selection
from reconciler.engine.entitlements import last_day_as_admin
from reconciler.engine.holdings import (
    AccessIndex,
    AccessStatus,
    Holding,
    Reach,
    find_reaches,
    index_access,
    is_owned_elsewhere,
)
from reconciler.engine.identities import Identities, rename_to_today
from reconciler.engine.lifecycle import get_end_of_invitation
from reconciler.model import (
    KINDS,
    Address,
    Desired,
    Finding,
    GuardSettings,
    KnownDrift,
    LoggedEntry,
    OrderStatus,
    Organization,
    Person,
    Shape,
    State,
    StateStore,
    Status,
    System,
    dataclass,
    is_administrator,
    name_access,
    name_attributes,
    name_subject,
    parents_of,
)

_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWork:
    """Something that goes on when somebody acts, or when it is tried again."""

    sort: str
    """invitation | request | work order | to be verified | deferred | answer missing | waiting | access review"""
    about: str
    """An address, or a file."""
    what: str
    on: str = ""
    """Whom it waits for, where that is known."""
    since: date | None = None
    due: date | None = None
    """The UTC day on which it lapses, where that is known."""
    is_overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminTerm:
    """Somebody who can manage other people's access in an organization, or is about to."""

    person: str
    ends: date | None = None
    """The UTC day on which they are no admin any more by what is declared; None for no end."""
    obstacle: str = ""
    """Why they do not count as an admin who stays; empty for one who does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationOverview:
    """One organization, with all that is known of it."""

    key: str
    name: str = ""
    system: System | None = None
    declared: Organization | None = None
    """None when no manifest declares it any more."""
    has_no_state: bool = False
    last_read: date | None = None
    """The UTC day of the last look that is recorded; None where none is."""
    reviewed: date | None = None
    """The UTC day on which its last access review was closed."""
    review_due: date | None = None
    """The UTC day from which the next one is overdue; None where nobody asks for reviews."""
    reaches: tuple[Reach, ...] = ()
    """By thing, only those with something that is there, was asked for, or shall be there on some day."""
    elsewhere: tuple[Address, ...] = ()
    """Apps that belong to somebody else, which nobody reaches by being a member."""
    admins: tuple[AdminTerm, ...] = ()
    months: tuple[tuple[date, int], ...] = ()
    """The first day of each of the next months, and how many of today's admins are left at its end."""
    pending: tuple[PendingWork, ...] = ()
    drift: tuple[KnownDrift, ...] = ()
    """As the last audit left it, the worst first."""

    @property
    def lasting_admins(self) -> int:
        """How many have to be lost until nobody can act any more."""
        return sum(not one.obstacle for one in self.admins)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOverview:
    """What the report tells."""

    title: str
    at: datetime
    since: date
    min_admins: int
    allowed_domains: tuple[str, ...]
    people: Mapping[str, Person]
    organizations: tuple[OrganizationOverview, ...] = ()
    findings: tuple[Finding, ...] = ()
    reviews: tuple[PendingWork, ...] = ()
    """What reviewers have not decided yet in access reviews that are open."""
    entries: tuple[LoggedEntry, ...] = ()
    """What was done from the day `since` on, the latest first."""


def gather(overview: AccessOverview, desired: Desired, store: StateStore, settings: GuardSettings) -> AccessOverview:
    """With what every state and the audit log say; raises StoreError where they cannot be read."""
    identities = Identities(desired)
    return replace(
        overview,
        organizations=tuple(
            _overview(read_state(store, key), desired, identities, settings=settings, at=overview.at)
            for key in sorted({*desired.organizations, *store.organizations()})
        ),
        entries=tuple(AuditLog(store).entries(Selection(since=overview.since)))[::-1],
    )


def _overview(
    state: State, desired: Desired, identities: Identities, *, settings: GuardSettings, at: datetime
) -> OrganizationOverview:
    key, today = state.organization, at.date()
    known = desired.organizations.get(key)
    index = index_access(key, desired=desired, state=state, today=today, as_of=None)
    state = rename_to_today(state, identities).state
    admins = tuple(_admins(index, known, today))
    # Not what is only the memory of what has ended, nor what an admin could merely take.
    reaches = tuple(
        reach
        for reach in find_reaches(index)
        if any(one.status is not AccessStatus.ABSENT or begins_later(one, today) for one in reach.ways)
    )
    reviewed, every = (desired.reviewed or {}).get(key), (known.review_every if known else 0) or desired.review_every
    return OrganizationOverview(
        key=key,
        name=known.name if known else "",
        system=index.system,
        declared=known,
        has_no_state=state.tells_nothing,
        last_read=index.last_read,
        reviewed=reviewed,
        review_due=(reviewed + timedelta(days=every) if reviewed else today) if every and known else None,
        reaches=reaches,
        elsewhere=tuple(one.address for one in index.holdings.values() if is_owned_elsewhere(one)),
        admins=admins,
        months=tuple(_months(admins, today)),
        pending=tuple(_pending(state, index.system, settings, at)),
        drift=tuple(sorted(state.drift.values(), key=lambda one: (one.severity.rank, one.first_seen, one.address))),
    )


def begins_later(holding: Holding, today: date) -> bool:
    """Whether it is not there yet, and a line gives it from a later day on."""
    lines = holding.declared.lines if holding.declared and not holding.is_wanted else ()
    return any(line.starts and line.starts > today and line.starts < (line.expires or date.max) for line in lines)


def _admins(index: AccessIndex, known: Organization | None, today: date) -> Iterator[AdminTerm]:
    """Those who are admin or shall be, by key. Who is not declared, or not in yet, is nobody to rely on."""
    for address, holding in index.holdings.items():
        if address.kind != "member" or index.system is None:
            continue
        system, declared = index.system, holding.declared
        is_active = index.administers(address.key)
        ends = last_day_as_admin(declared, today, system) if declared and holding.is_wanted else today
        if is_active and ends == today:
            obstacle = holding.excuse or ("not declared as admin" if declared else "not declared")
            yield AdminTerm(person=address.key, obstacle=obstacle if known else "")
        elif is_active:
            yield AdminTerm(person=address.key, ends=ends)
        elif (
            declared
            and is_administrator(system, "member", declared.attributes)
            and (holding.is_wanted or begins_later(holding, today))
        ):
            is_invited = holding.recorded is not None and holding.recorded.status.is_pending
            absent = "not there" if holding.recorded else "not given yet"
            obstacle = "invited" if is_invited else holding.excuse or absent
            yield AdminTerm(person=address.key, ends=declared.expires, obstacle=obstacle)


def _months(admins: Sequence[AdminTerm], today: date) -> Iterator[tuple[date, int]]:
    """What dates leave of the admins of today if nobody follows them."""
    first = today.replace(day=1)
    for _ in range(_MONTHS):
        following = (first + timedelta(days=31)).replace(day=1)
        yield first, sum(not one.obstacle and (one.ends is None or one.ends >= following) for one in admins)
        first = following


def _pending(state: State, system: System | None, settings: GuardSettings, at: datetime) -> Iterator[PendingWork]:
    patience, today = timedelta(days=settings.pending_days), at.date()

    def is_old(since: date | None) -> bool:
        return since is not None and today - since >= patience

    orders = [order for order in state.orders.values() if order.is_pending]
    for order in orders:
        due = order.deadline.date() if order.deadline else None
        issued = order.issued.date() if order.issued else None
        yield PendingWork(
            sort="work order" if order.status is OrderStatus.OPEN else "to be verified",
            about=str(order.address),
            what=f"{order.title} ({order.id})",
            on=(order.actor or order.actor_role) if order.status is OrderStatus.OPEN else "a newer look at the system",
            since=issued,
            due=due,
            is_overdue=(order.deadline is not None and order.deadline <= at) or is_old(issued),
        )
    told = {order.address for order in orders}
    for address, record in state.records.items():
        if not record.status.is_pending or address in told:
            continue
        since = record.asked_on or record.since
        is_invitation, due = record.status is Status.INVITED, None
        if is_invitation and since and system and system.invitation_hours:
            due = get_end_of_invitation(since, asked=record.asked, system=system, settings=settings)
        access = name_access(address, record.attributes) or name_attributes(record.attributes)
        yield PendingWork(
            sort="invitation" if is_invitation else "request",
            about=str(address),
            what=access or KINDS[address.kind].title,
            on=address.key if KINDS[address.kind].shape is Shape.MEMBERSHIP else "whoever owns it",
            since=since,
            due=due,
            is_overdue=is_old(since) or (due is not None and due <= today),
        )
        told.add(address)
    for address, deferral in state.deferred.items():
        what = f"{deferral.reason}; last tried on {deferral.tried}"
        yield PendingWork(sort="deferred", about=str(address), what=what, since=deferral.since, on="the next run")
    for address, change in state.in_doubt.items():
        what = f"nobody knows what became of it: {change.action.replace('_', ' ')}"
        yield PendingWork(sort="answer missing", about=str(address), what=what, on="the next run")
    told |= {*state.deferred, *state.in_doubt}
    for address, since in state.waits.items():
        if address in told:
            continue
        needed = next((name_subject(one) for one in parents_of(address) if one in told), "`reconciler plan` says what")
        access = name_access(address)
        yield PendingWork(
            sort="waiting",
            about=str(address),
            what=f"{name_subject(address)}: {access}" if access else name_subject(address),
            on=needed,
            since=since,
            is_overdue=is_old(since),
        )
