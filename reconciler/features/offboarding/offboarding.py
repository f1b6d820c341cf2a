"""Somebody leaves: one look at every system, and what is left to do about each thing of theirs.

A removal on one system touches no other, so every organization is looked at, those included in which nobody remembers
to have given the person anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from datetime import date
from glob import escape

from reconciler import __version__
from reconciler.engine.context import Targets
from reconciler.engine.holdings import Holding, PersonReport
from reconciler.engine.planner import Worlds
from reconciler.engine.planner import plan as make_plan
from reconciler.features.offboarding.document import Blocker, LeaverItem, Matter, Offboarding, Progress, Surface
from reconciler.features.offboarding.rotation import find_known_secrets
from reconciler.model import (
    INVITATIONS,
    KINDS,
    Action,
    Address,
    Blocked,
    Desired,
    Guard,
    GuardSettings,
    Live,
    OrderStatus,
    Owner,
    Plan,
    Resource,
    Unknown,
    dataclass,
    name_access,
    name_attributes,
    person_in,
    role_in,
)
from reconciler.systems.catalogue import quote

_GIVING = INVITATIONS | {Action.CHANGE_ROLE, Action.GRANT, Action.CHANGE_GRANT}
"""Steps that give access; an approval to one is of no use to somebody who leaves, and one to a removal is."""
_TOLD_OTHERWISE = frozenset({Guard.REQUIRED_ADMIN, Guard.SELF})
"""Guards whose objection is told with what there is to do about it."""


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
        return frozenset({person_in(one.address) for one in self.holdings} - {""} | {self.report.key})

    @property
    def holdings(self) -> Iterator[Holding]:
        """Everything that is declared or recorded of them."""
        for part in self.report.organizations:
            yield from part.holdings


def leaving_day(report: PersonReport, desired: Desired, otherwise: date) -> date | None:
    """The UTC day on which the manifests end all access of somebody; `otherwise` where they say nothing of them.

    None for somebody who stays: their entry has no end, or their address is still given something without one.
    """
    person = desired.people.get(report.key)
    if person is not None:
        return person.ends
    everything = desired.everything.items()
    memberships = [one for address, one in everything if address.kind == "member" and address.key == report.key]
    ends = [line.expires for one in memberships for line in one.lines]
    return None if None in ends else max(filter(None, ends), default=otherwise)


def follow_leaver(leaver: Leaver, worlds: Worlds, *, settings: GuardSettings, today: date) -> Offboarding:
    """How far somebody's way out is, from three worlds that were looked at."""
    report, keys = leaver.report, leaver.keys
    found = [one for live in worlds.live.values() for one in live.resources.values() if not one.status.is_gone]
    there = {one.address: one for one in found if {person_in(one.address), Owner.of(one.attributes).person} & keys}
    apps = {one.address for one in leaver.holdings if one.address.kind == "app"}
    apps |= {address for address in there if address.kind == "app"}
    patterns = [pattern for key in map(escape, sorted(keys)) for pattern in (f"*/member/{key}", f"*/*_access/*/{key}")]
    targets = Targets(include=(*patterns, *sorted(escape(str(app)) for app in apps)))
    plan = make_plan(worlds, settings, targets=targets, tool_version=__version__)
    survey = _Survey(leaver, worlds, plan, there, keys, today)
    items = [*survey.access(), *survey.unseen(), *survey.credentials(), *survey.orders(), *survey.manifest_lines()]
    return Offboarding(
        person=report.key,
        name=report.person.name if report.person else "",
        today=today,
        leaves=leaver.leaves,
        groups=report.groups,
        hurdles=tuple(survey.blockers(settings)),
        items=tuple(sorted(items, key=lambda item: (list(Matter).index(item.matter), item.address))),
        surfaces=tuple(survey.surfaces()),
        plan=plan,
        edited=leaver.edited,
        patch=leaver.patch,
    )


@dataclass(frozen=True, slots=True)
class _Survey:
    """One person in all worlds."""

    leaver: Leaver
    worlds: Worlds
    plan: Plan
    there: Mapping[Address, Resource]
    """Memberships, access, and apps that are theirs in person."""
    keys: frozenset[str]
    today: date

    def access(self) -> Iterator[LeaverItem]:
        """What is there, and how the plan ends it."""
        for address, resource in sorted(self.there.items()):
            matter, what, why = _matter_of(address), _describe(resource), self._reason_untouched(address)
            item = LeaverItem(matter=matter, address=address, what=what, progress=Progress.OPEN, why=why)
            yield self._with_step(item)

    def _with_step(self, item: LeaverItem) -> LeaverItem:
        """With what the plan has for it."""
        leaves, plan = self.leaver.leaves, self.plan
        for change in plan.changes:
            if change.address == item.address:
                is_early = leaves is not None and leaves > self.leaver.report.today
                when = f"an apply on {leaves} or later" if is_early else "the next apply"
                return replace(item, why=f"{when} does it: {change.action.replace('_', ' ')}")
        for waiting in plan.waiting:
            if waiting.address == item.address:
                item = replace(item, progress=Progress.WAITING, why=waiting.reason, on=waiting.on)
                return replace(item, since=waiting.since, work_order=waiting.work_order)
        for blocked in plan.blocked:
            if blocked.change.address == item.address:
                return replace(item, progress=Progress.BLOCKED, why=f"{blocked.guard}: {blocked.message}")
        for left_out in (one for part in plan.organizations for one in part.left_out):
            if left_out.address == item.address:
                return replace(item, progress=Progress.UNKNOWN, why=left_out.reason, since=left_out.since)
        return item

    def _reason_untouched(self, address: Address) -> str:
        if self.leaver.leaves is None:
            return "the manifests do not end it"
        if address.kind == "app":
            return "it stays theirs, because no manifest lists it under an organization"
        if self.worlds.desired.organizations[address.organization].mode == "read_only":
            return f"no plan changes anything in {address.organization}, which is read only: end it by hand"
        return "no plan ends it, because it was never declared: end it by hand"

    def unseen(self) -> Iterator[LeaverItem]:
        """What is remembered, where nobody can see now whether it is still there."""
        for holding in self.leaver.holdings:
            address, recorded = holding.address, holding.recorded
            if recorded is None or recorded.status.is_gone or address in self.there:
                continue
            live = self.worlds.live.get(address.organization)
            found = live.find(address) if live else Unknown("no manifest declares the organization any more")
            if isinstance(found, Unknown):
                yield LeaverItem(
                    matter=_matter_of(address),
                    address=address,
                    what=", ".join(filter(None, (role_in(recorded.attributes), "as last recorded"))),
                    progress=Progress.UNKNOWN,
                    why=found.reason,
                    since=recorded.since,
                )

    def credentials(self) -> Iterator[LeaverItem]:
        """What they know, with the work orders about it; who has not been asked yet is told to ask."""
        leaves = self.leaver.leaves
        for secret in find_known_secrets(self.keys, self.leaver.holdings, self.worlds):
            order, on, since = secret.answer(leaves), "", None
            progress, why = Progress.OPEN, "nobody is asked for it yet"
            if order and order.status is OrderStatus.OPEN:
                early = f"; not before {leaves}" if leaves and leaves > self.today else ""
                why, on, since = f"work order {order.id} is open{early}", order.actor or order.actor_role, order.issued
                progress = Progress.WAITING if leaves else Progress.OPEN
            elif order:
                why, since = f"done, says {order.closed_by or 'somebody'}: {order.evidence}", order.closed
                progress = Progress.OVER if leaves else Progress.OPEN
            yield LeaverItem(
                matter=Matter.CREDENTIALS,
                address=secret.address,
                what=secret.what,
                progress=progress,
                why=why,
                on=on,
                since=since.date() if since else None,
                work_order=order.id if order else "",
            )

    def orders(self) -> Iterator[LeaverItem]:
        """Open work orders that are theirs to carry out."""
        for order in (order for state in self.worlds.recorded.values() for order in state.orders.values()):
            if order.status is OrderStatus.OPEN and order.actor in self.keys:
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
        for approval in self.worlds.desired.approvals:
            if approval.approve in _GIVING and person_in(approval.address) in self.keys:
                yield LeaverItem(
                    matter=Matter.MANIFEST,
                    address=approval.address,
                    what=f"approval to {approval.approve.replace('_', ' ')}",
                    progress=Progress.OPEN,
                    why="nobody needs it any more: take it out of the manifest",
                    place=approval.place,
                )

    def surfaces(self) -> Iterator[Surface]:
        """Every organization there is, and whether somebody has looked there since they left."""
        for key, live in sorted(self.worlds.live.items()):
            are_read = not live.reason_members_unread
            seen = live.seen_at("member") if are_read or "member" in live.taken else None
            progress, why = self._judge_look(key, live)
            title = self.worlds.desired.organizations[key].system.title
            day = seen.date() if seen else None
            yield Surface(organization=key, title=title, progress=progress, why=why, seen=day)

    def _judge_look(self, key: str, live: Live) -> tuple[Progress, str]:
        leaves, seen = self.leaver.leaves, live.seen_at("member")
        if there := sum(address.organization == key for address in self.there):
            return Progress.OPEN, f"{there} still there"
        if live.unknown:
            return Progress.UNKNOWN, next(iter(live.unknown.values()))
        if leaves is None or leaves > self.today:
            return Progress.OPEN, "nothing of theirs there; to be looked at again once they have left"
        if seen is not None and seen.date() < leaves:
            why = f"the last look was on {seen.date()}, before they left: a newer roster has to show it"
            return Progress.UNKNOWN, why
        return Progress.OVER, "nothing of theirs there"

    def blockers(self, settings: GuardSettings) -> Iterator[Blocker]:
        """What has to be settled before they can go, the most far-reaching first, with what to do about it."""
        if self.leaver.report.key in settings.required_admins:
            yield Blocker(
                what="they are listed in guards.required_admins, so no plan takes their admin roles",
                first="take them out of guards.required_admins in reconciler.yaml",
            )
        for address, resource in sorted(self.there.items()):
            if address.kind == "member":
                yield from self._role_blockers(address, role_in(resource.attributes))
        for address in (address for address in sorted(self.there) if address.kind == "app"):
            what = f"the app {address.key} is theirs in person, and only its owner can transfer it"
            yield Blocker(what, "have them transfer it to an organization before they go", address)
        for blocked in self.plan.blocked:
            if blocked.guard not in _TOLD_OTHERWISE:
                yield Blocker(blocked.message, _advise(blocked), blocked.change.address)
        person = self.leaver.report.person
        handle = person.identities.get("tiktok", "").casefold() if person else ""
        for address, one in self.worlds.desired.everything.items():
            # A TikTok account that is their own: the link stays with them, whoever they work for.
            if handle and address.kind == "tiktok_account" and one.identity.casefold() == handle:
                what = f"the TikTok account {address.key} is their own, and they can end its use at any time"
                first = "agree with them in writing what happens to it, or take it out of the manifest"
                yield Blocker(what, first, address)

    def _role_blockers(self, member: Address, role: str) -> Iterator[Blocker]:
        organization = member.organization
        if self.worlds.live[organization].acting == member.key:
            what = f"this tool reaches {organization} with their token, which ends with their membership"
            yield Blocker(what, "get a token of another admin: `reconciler auth` tells how", member)
        if self.worlds.desired.organizations[organization].system.is_handed_over(role):
            what = f"they are {role} of {organization}, and only they can hand that over"
            yield Blocker(what, f"declare another {role}, and have them hand it over before they go", member)


def _matter_of(address: Address) -> Matter:
    return Matter.APP if address.kind == "app" else Matter.ACCESS


def _advise(blocked: Blocked) -> str:
    """What lifts an objection."""
    organization = blocked.change.address.organization
    if blocked.guard is Guard.MIN_ADMINS:
        return f"declare another admin of {organization}, and wait until they have accepted"
    if blocked.approval:
        return f"if it shall be all the same, approve it: {blocked.approval}"
    return f"settle that in {organization}, and plan again"


def _describe(resource: Resource) -> str:
    """`member: admin, finance manager`, `operator on ad account us-brand (invited)`."""
    address, kind = resource.address, KINDS[resource.address.kind]
    said = {name: value for name, value in resource.attributes.items() if name != "owner"}
    words = name_access(address, said) if kind.parents else f"{kind.title} {address.key}"
    if kind.name == "member":
        words = f"member: {name_attributes(said)}"
    return f"{words} ({resource.status.replace('_', ' ')})" if resource.status.is_pending else words
