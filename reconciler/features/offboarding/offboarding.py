"""Somebody leaves: one look at every system, and what is left to do about each thing of theirs.

A removal on one system touches no other, so every organization is looked at, those included in which nobody remembers
to have given the person anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from glob import escape

from reconciler import __version__
from reconciler.engine.context import Targets
from reconciler.engine.planner import Worlds
from reconciler.engine.planner import plan as make_plan
from reconciler.features.offboarding.blockers import Hurdles
from reconciler.features.offboarding.model import LeaverItem, Matter, Offboarding, Progress, Surface
from reconciler.features.offboarding.rotation import Chores
from reconciler.model.address import Address
from reconciler.model.declared import Desired
from reconciler.model.holding import Holding, PersonReport
from reconciler.model.kinds import KINDS, Action, person_in
from reconciler.model.live import Live
from reconciler.model.plan import Plan
from reconciler.model.resource import Resource
from reconciler.model.settings import GuardSettings
from reconciler.model.work_order import OrderStatus, WorkOrder
from reconciler.systems.markup import quote

_GIVING = frozenset(
    {
        Action.INVITE,
        Action.REINVITE,
        Action.CHANGE_ROLE,
        Action.REMOVE_AND_INVITE,
        Action.GRANT,
        Action.CHANGE_GRANT,
    }
)
"""Steps that give access; an approval to one is of no use to somebody who leaves, and one to a removal is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaver:
    """Who leaves, when, and what is known of them before anybody looks."""

    report: PersonReport
    leaves: date | None
    """The UTC day on which the manifests, edited or not, end all access; None where they do not."""
    edited: Mapping[str, str] = field(default_factory=dict)
    patch: str = ""

    @property
    def keys(self) -> frozenset[str]:
        """What they are called in addresses, today and earlier."""
        named = {person_in(one.address) for part in self.report.organizations for one in part.holdings}
        return frozenset(named - {""} | {self.report.key})

    @property
    def holdings(self) -> Iterator[Holding]:
        """Everything that is declared or recorded of them."""
        for part in self.report.organizations:
            yield from part.holdings

    def targets(self, worlds: Worlds) -> Targets:
        """The addresses that are about them, and the apps that are theirs."""
        patterns = [
            pattern
            for key in sorted(self.keys)
            for pattern in (f"*/member/{escape(key)}", f"*/*_access/*/{escape(key)}")
        ]
        apps = {one.address for one in self.holdings if one.address.kind == "app"}
        apps |= {address for address in things_of(self.keys, worlds) if address.kind == "app"}
        return Targets(include=(*patterns, *sorted(escape(str(app)) for app in apps)))


def leaving_day(report: PersonReport, desired: Desired, otherwise: date) -> date | None:
    """The UTC day on which the manifests end all access of somebody; `otherwise` where they say nothing of them.

    None for somebody who stays: their entry has no end, or their address is still given something without one.
    """
    person = desired.people.get(report.key)
    if person is not None:
        return person.ends
    given = [
        one.expires
        for declarations in desired.resources.values()
        for address, declared in declarations.items()
        if address.kind == "member" and address.key == report.key
        for one in declared.lines
    ]
    ends = [day for day in given if day is not None]
    if len(ends) < len(given):
        return None
    return max(ends, default=otherwise)


def follow_departure(departure: Leaver, worlds: Worlds, *, settings: GuardSettings, today: date) -> Offboarding:
    """How far a departure is, from three worlds that were looked at."""
    plan = make_plan(worlds, settings, targets=departure.targets(worlds), tool_version=__version__)
    survey = _Survey(departure, worlds, plan)
    items = [*survey.access(), *survey.credentials(today), *survey.orders(), *survey.manifest_lines()]
    report = departure.report
    return Offboarding(
        person=report.key,
        name=report.person.name if report.person else "",
        today=today,
        leaves=departure.leaves,
        groups=report.groups,
        hurdles=tuple(Hurdles(report, things_of(departure.keys, worlds), worlds, plan).find(settings)),
        items=tuple(sorted(items, key=lambda item: (list(Matter).index(item.matter), item.address))),
        surfaces=tuple(survey.surfaces(today)),
        plan=plan,
        edited=departure.edited,
        patch=departure.patch,
    )


class _Survey:
    """One person in all worlds."""

    def __init__(self, departure: Leaver, worlds: Worlds, plan: Plan) -> None:
        self._departure = departure
        self._keys = departure.keys
        self._worlds = worlds
        self._plan = plan
        self._there = things_of(self._keys, worlds)

    def access(self) -> Iterator[LeaverItem]:
        """What is there, or was there when somebody last looked, and how the plan ends it."""
        for address, resource in sorted(self._there.items()):
            matter = Matter.APP if address.kind == "app" else Matter.ACCESS
            progress, why, on, since, order = self._step(address)
            yield LeaverItem(
                matter=matter,
                address=address,
                what=_describe(resource),
                progress=progress,
                why=why,
                on=on,
                since=since,
                work_order=order,
            )
        yield from self._unseen()

    def _unseen(self) -> Iterator[LeaverItem]:
        """What is remembered, where nobody can see now whether it is still there."""
        for holding in self._departure.holdings:
            address, recorded = holding.address, holding.recorded
            if recorded is None or recorded.status.is_gone or address in self._there:
                continue
            live = self._worlds.live.get(address.organization)
            reason = "no manifest declares the organization any more" if live is None else unknown_in(live, address)
            if reason:
                yield LeaverItem(
                    matter=Matter.APP if address.kind == "app" else Matter.ACCESS,
                    address=address,
                    what=", ".join(filter(None, (str(recorded.attributes.get("role", "")), "as last recorded"))),
                    progress=Progress.UNKNOWN,
                    why=reason,
                    since=recorded.since,
                )

    def _step(self, address: Address) -> tuple[Progress, str, str, date | None, str]:
        """What the plan has for an address: how far it is, why, on whom, since when, and the work order."""
        for change in self._plan.changes:
            if change.address == address:
                return Progress.OPEN, self._say_apply(change.action), "", None, ""
        for waiting in self._plan.waiting:
            if waiting.address == address:
                return Progress.WAITING, waiting.reason, waiting.on, waiting.since, waiting.work_order
        for blocked in self._plan.blocked:
            if blocked.change.address == address:
                return Progress.BLOCKED, f"{blocked.guard}: {blocked.message}", "", None, ""
        for part in self._plan.organizations:
            for left_out in part.left_out:
                if left_out.address == address:
                    return Progress.UNKNOWN, left_out.reason, "", left_out.since, ""
        return Progress.OPEN, self._say_untouched(address), "", None, ""

    def _say_apply(self, action: Action) -> str:
        leaves = self._departure.leaves
        when = (
            f"an apply on {leaves} or later" if leaves and leaves > self._departure.report.today else "the next apply"
        )
        return f"{when} does it: {action.replace('_', ' ')}"

    def _say_untouched(self, address: Address) -> str:
        if self._departure.leaves is None:
            return "the manifests do not end it"
        if address.kind == "app":
            return "it stays theirs, because no manifest lists it under an organization"
        mode = self._worlds.desired.organizations[address.organization].mode
        if mode == "read_only":
            return f"no plan changes anything in {address.organization}, which is read only: end it by hand"
        return "no plan ends it, because it was never declared: end it by hand"

    def credentials(self, today: date) -> Iterator[LeaverItem]:
        """What they know, with the work orders about it; who has not been asked yet is told to ask."""
        leaves = self._departure.leaves
        for chore in self.chores():
            order = chore.answer(leaves)
            yield LeaverItem(
                matter=Matter.CREDENTIALS,
                address=chore.address,
                what=chore.what,
                progress=_progress_of(order, leaves),
                why=_say_order(order, leaves, today) if order else "nobody is asked for it yet",
                on=order.actor or order.actor_role if order and order.status is OrderStatus.OPEN else "",
                since=_day_of(order),
                work_order=order.id if order else "",
            )

    def chores(self) -> Chores:
        """What is to be changed because of what they know."""
        return Chores.of(self._keys, self._departure.holdings, self._worlds)

    def orders(self) -> Iterator[LeaverItem]:
        """Open work orders that are theirs to carry out."""
        for state in self._worlds.recorded.values():
            for order in state.orders.values():
                if order.status is OrderStatus.OPEN and order.actor in self._keys:
                    yield LeaverItem(
                        matter=Matter.WORK_ORDER,
                        address=order.address,
                        what=quote(order.title),
                        progress=Progress.OPEN,
                        why=f"it is theirs to do: have it done before they go, or report it with `work-orders failed "
                        f"{order.id} --because other`, and a later apply asks somebody else",
                        on=order.actor,
                        since=order.issued.date() if order.issued else None,
                        work_order=order.id,
                    )

    def manifest_lines(self) -> Iterator[LeaverItem]:
        """Approvals to give them something."""
        for approval in self._worlds.desired.approvals:
            if approval.approve in _GIVING and person_in(approval.address) in self._keys:
                yield LeaverItem(
                    matter=Matter.MANIFEST,
                    address=approval.address,
                    what=f"approval to {approval.approve.replace('_', ' ')}",
                    progress=Progress.OPEN,
                    why="nobody needs it any more: take it out of the manifest",
                    place=approval.place,
                )

    def surfaces(self, today: date) -> Iterator[Surface]:
        """Every organization there is."""
        for key in sorted(self._worlds.live):
            live, organization = self._worlds.live[key], self._worlds.desired.organizations[key]
            are_read = live.unread.keys().isdisjoint({f"{key}/", f"{key}/member/"})
            seen = live.seen_at("member") if are_read or "member" in live.taken else None
            progress, why = self._look(key, live, today)
            day = seen.date() if seen else None
            title = organization.system.title
            yield Surface(organization=key, title=title, progress=progress, why=why, seen=day)

    def _look(self, key: str, live: Live, today: date) -> tuple[Progress, str]:
        there = sum(address.organization == key for address in self._there)
        if there:
            return Progress.OPEN, f"{there} still there"
        if live.unknown:
            return Progress.UNKNOWN, next(iter(live.unknown.values()))
        leaves, seen = self._departure.leaves, live.seen_at("member")
        if leaves is None or leaves > today:
            return Progress.OPEN, "nothing of theirs there; to be looked at again once they have left"
        if seen is not None and seen.date() < leaves:
            return (
                Progress.UNKNOWN,
                f"the last look was on {seen.date()}, before they left: a newer roster has to show it",
            )
        return Progress.OVER, "nothing of theirs there"


def things_of(keys: Collection[str], worlds: Worlds) -> dict[Address, Resource]:
    """Everything that is there of somebody: memberships, access, and apps that are theirs in person."""
    owners = {f"person:{key}" for key in keys}
    return {
        resource.address: resource
        for live in worlds.live.values()
        for resource in live.resources.values()
        if not resource.status.is_gone
        and (person_in(resource.address) in keys or resource.attributes.get("owner") in owners)
    }


def unknown_in(live: Live, address: Address) -> str:
    """Why nobody can see an address; empty when it can be seen."""
    found = live.find(address)
    return "" if found is None or isinstance(found, Resource) else found.reason


def _describe(resource: Resource) -> str:
    """`admin, finance manager`, `operator on ad account us-brand (invited)`."""
    values = resource.attributes
    kind = KINDS[resource.address.kind]
    said = [
        " ".join(value) if isinstance(value, tuple) else f"finance {value}" if name == "finance" else value
        for name, value in sorted(values.items(), reverse=True)
        if name != "owner"
    ]
    if kind.name == "member":
        words = f"member: {', '.join(said)}"
    else:
        on = f"{KINDS[kind.parents[0] if kind.parents else kind.name].title} {resource.address.parts[0]}"
        words = f"{', '.join(said) or 'access'} on {on}" if kind.parents else on
    return f"{words} ({resource.status.replace('_', ' ')})" if resource.status.is_pending else words


def _progress_of(order: WorkOrder | None, leaves: date | None) -> Progress:
    if order is None or leaves is None:
        return Progress.OPEN
    if order.status is OrderStatus.OPEN:
        return Progress.WAITING
    return Progress.OVER


def _say_order(order: WorkOrder, leaves: date | None, today: date) -> str:
    if order.status is OrderStatus.OPEN:
        early = f"; not before {leaves}" if leaves and leaves > today else ""
        return f"work order {order.id} is open{early}"
    return f"done, says {order.closed_by or 'somebody'}: {order.evidence}"


def _day_of(order: WorkOrder | None) -> date | None:
    if order is None:
        return None
    moment = order.issued if order.status is OrderStatus.OPEN else order.closed
    return moment.date() if moment else None
