"""Work orders as people read them: everything one person has to do on one sheet, in an order that makes sense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.work_order import OrderStatus, WorkOrder
from reconciler.systems import SYSTEMS


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """Some work orders, and what people are called."""

    orders: tuple[WorkOrder, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Person key -> name, of those who have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksheet:
    """What one person has to do."""

    actor: str
    """Person key; empty when it is nobody in the directory."""
    name: str = ""
    """What they are called; for somebody who is not in the directory, who that is."""
    orders: tuple[WorkOrder, ...] = ()
    """By organization; within one, what has to come first comes first."""

    @property
    def title(self) -> str:
        """Whose sheet it is."""
        if not self.name or not self.actor:
            return self.name or self.actor
        return f"{self.name} ({self.actor})"


def group_by_actor(work: WorkList) -> tuple[Worksheet, ...]:
    """One sheet for each person, people of the directory first; closed orders are left out."""
    sheets: dict[tuple[bool, str, str], list[WorkOrder]] = {}
    for order in work.orders:
        if order.status is OrderStatus.OPEN:
            role = "" if order.actor else order.actor_role
            sheets.setdefault((not order.actor, order.actor, role), []).append(order)
    return tuple(
        Worksheet(actor=actor, name=work.names.get(actor, "") if actor else role, orders=_arrange(orders))
        for (_, actor, role), orders in sorted(sheets.items(), key=lambda item: item[0])
    )


def _arrange(orders: Iterable[WorkOrder]) -> tuple[WorkOrder, ...]:
    """By organization; the sort is stable, so what was issued in the order of a plan stays in it."""
    return tuple(sorted(orders, key=lambda order: (order.address.organization, _moment(order.issued), order.party > 1)))


def _moment(time: datetime | None) -> str:
    return time.isoformat() if time else ""


def name_place(order: WorkOrder) -> str:
    """Which system and organization it is about."""
    variants = SYSTEMS.get(order.system, {})
    title = variants[""].title if "" in variants else order.system
    return f"{title} {order.address.organization}"


def name_part(order: WorkOrder) -> str:
    """`part 2 of 2, after part 1 (wo-7k3f2a)`; empty where one person does everything."""
    if order.parties == 1:
        return ""
    before = f" ({order.after})" if order.after else ""
    after = f", after part {order.party - 1}{before}" if order.party > 1 else ""
    return f"part {order.party} of {order.parties}{after}"


def say_time(time: datetime) -> str:
    """Down to the minute, because some of it ends within a day."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def say_validity(order: WorkOrder) -> str:
    """Until when it makes sense; empty when that is not limited or not known yet."""
    if order.expires:
        return f"until {say_time(order.expires)}"
    if order.lasts:
        hours = order.lasts.total_seconds() / 3600
        lasts = f"{hours:g} hours" if hours <= 48 else f"{hours / 24:g} days"
        return f"for {lasts} once the part before it is done"
    return ""


def say_status(order: WorkOrder) -> str:
    """Where it stands, since when, who said so and why."""
    when = f" on {say_time(order.closed)}" if order.closed else ""
    who = f" by {order.closed_by}" if order.closed_by else ""
    why = [order.failure.replace("_", " ") if order.failure else "", order.explanation]
    reasons = "; ".join(filter(None, why))
    return f"{order.status}{when}{who}" + (f": {reasons}" if reasons else "")


def facts_of(order: WorkOrder) -> Sequence[tuple[str, str]]:
    """What is to be known besides the steps, label and plain text; what there is nothing to say about is left out."""
    reason = f"{order.reason}  [{order.place}]" if order.place else order.reason
    facts = {
        "in": name_place(order),
        "for": f"{order.actor}, {order.actor_role}" if order.actor else order.actor_role,
        "part": name_part(order).removeprefix("part "),
        "why": reason,
        "issued": say_time(order.issued) if order.issued else "",
        "valid": say_validity(order),
        "status": "" if order.status is OrderStatus.OPEN else say_status(order),
        "evidence": order.evidence,
    }
    return [(label, text) for label, text in facts.items() if text]


def ends_of(order: WorkOrder) -> Sequence[tuple[str, str]]:
    """What comes after the steps, label and marked prose."""
    ends = {
        "done when": order.done_when,
        "cannot be undone": order.irreversible,
        "to undo": order.undo,
        "note": order.note,
    }
    return [(label, text) for label, text in ends.items() if text]
