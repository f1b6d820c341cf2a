"""Work orders as people read them: what one person has to do, on one sheet and in one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import ClassVar

from reconciler.model import Desired, OrderStatus, WorkOrder, dataclass
from reconciler.systems.languages import Speech

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """Some work orders, and what people are called."""

    orders: tuple[WorkOrder, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Person key -> name, of those who have one."""
    at: datetime = _BEFORE_ALL
    """By then what is late is overdue."""

    def rows(self) -> tuple[WorkOrder, ...]:
        """All of them, overdue ones first and marked."""
        late_first = sorted(self.orders, key=lambda one: not one.is_overdue(self.at))
        return tuple(note_overdue(one, self.at) for one in late_first)

    def worksheets(self) -> tuple[Worksheet, ...]:
        """One sheet for each person, people of the directory first; closed orders are left out."""
        still_open = [order for order in self.rows() if order.status is OrderStatus.OPEN]
        # The sort is stable, so what was issued in the order of a plan stays in it.
        still_open.sort(key=lambda one: (one.address.organization, one.issued or _BEFORE_ALL, one.party > 1))
        still_open.sort(key=lambda one: not one.is_overdue(self.at))
        found = ((key, self.names.get(key, "") if key else role, one) for key, role, one in group_by_actor(still_open))
        return tuple(Worksheet(actor=key, name=name, orders=tuple(orders)) for key, name, orders in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksheet:
    """What one person has to do."""

    actor: str
    """Person key; empty when it is nobody in the directory."""
    name: str = ""
    """What they are called; for somebody who is not in the directory, who that is."""
    orders: tuple[WorkOrder, ...] = ()
    """Overdue ones first, then by organization; within one, what has to come first comes first."""
    speech: Speech = Speech()
    """In which it is told, where all of it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. Who sends it, and how, is left to whoever reads this."""

    JSON_PROPERTIES: ClassVar = ("deadline",)

    person: str
    """Key; empty when it is nobody in the directory."""
    name: str = ""
    """What they are called; for somebody who is not in the directory, who that is."""
    email: str = ""
    phone: str = ""
    """Where the directory says that they can be reached; either may be empty."""
    orders: tuple[WorkOrder, ...]
    """What can be done now, the first deadline first; what has no id is asked for by a system, not by a work order."""
    answer_to: str = ""
    """For somebody from outside, who has neither these manifests nor this program: whom to tell how it went."""
    subject: str = ""
    language: str = ""
    """In which the message is to be; where it cannot be told so, it is English."""
    markdown: str = ""
    """The message, ready to be sent; what strangers wrote is escaped in it. Empty while nobody has written it."""

    @property
    def deadline(self) -> datetime | None:
        """When the first of it is due or stops making sense; None when nothing does."""
        return min((order.deadline for order in self.orders if order.deadline is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Everybody who has to act, people of the directory first."""

    JSON_HIDDEN: ClassVar = ("speeches",)

    at: datetime
    person: str = ""
    """Key of the one person whose message was asked for; empty for everybody's."""
    notices: tuple[Notice, ...] = ()
    speeches: Mapping[str, Speech] = field(default_factory=dict)
    """Language -> how to say things in it."""


def language_of(actor: str, organization: str, desired: Desired) -> str:
    """Of whoever acts there: their own, else the organization's; empty for English."""
    person, there = desired.people.get(actor), desired.organizations.get(organization)
    return (person.language if person else "") or (there.language if there else "")


def note_overdue(order: WorkOrder, at: datetime) -> WorkOrder:
    """The order, which says so in its title when it is overdue."""
    return replace(order, title=f"{order.title}; overdue") if order.is_overdue(at) else order


def group_by_actor(orders: Iterable[WorkOrder]) -> Iterator[tuple[str, str, list[WorkOrder]]]:
    """Key of each person and their orders, people of the directory first; others by what they are, without a key."""
    found: dict[tuple[bool, str, str], list[WorkOrder]] = {}
    for order in orders:
        role = "" if order.actor else order.actor_role
        found.setdefault((not order.actor, order.actor, role), []).append(order)
    yield from ((actor, role, theirs) for (_, actor, role), theirs in sorted(found.items(), key=lambda item: item[0]))
