"""Counting who is in an organization while a plan is laid out or carried out, and who can carry a change out.

Both the planner and apply ask the same object before every change, so an order that was safe on paper is checked
again against what really happened.

Every active admin can act, but not every one can be relied on to stay. An organization keeps as many admins to rely on
as it had, up to the minimum. Somebody whom nobody declared never was one of them: removing them takes nothing away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from copy import copy, deepcopy
from enum import Enum
from functools import cache

from reconciler.engine.context import PlanningContext
from reconciler.engine.entitlements import last_day_as_admin
from reconciler.model import (
    Action,
    Address,
    Applied,
    Attributes,
    Change,
    Failed,
    Guard,
    Limit,
    Live,
    OrderStatus,
    Outcome,
    Owner,
    Refused,
    Resource,
    Status,
    System,
    Waits,
    WorkOrder,
    in_turn,
    is_administrator,
    person_in,
    role_in,
)

_PRESENT = frozenset({Status.ACTIVE, Status.INVITED})


class Tenure(Enum):
    """How far an active admin can be relied on to stay one."""

    LASTING = "declared as admin, without an end"
    ENDING = "declared as admin until some day"
    LEAVING = "was declared as admin and is not any more"
    DEPARTED = "was declared as admin, and their time is over"
    UNDECLARED = "was never declared as admin"

    @property
    def is_declared(self) -> bool:
        """Whether the manifests want this admin today."""
        return self in (Tenure.LASTING, Tenure.ENDING)


def tenure_of(person: str, context: PlanningContext) -> Tenure:
    """How far somebody can be relied on, if they are an active admin; whether they are one is another question."""
    address, system = context.member(person), context.organization.system
    declared = context.wanted.get(address)
    if declared is not None and is_administrator(system, "member", declared.attributes):
        return Tenure.ENDING if last_day_as_admin(declared, context.today, system) else Tenure.LASTING
    record = context.state.records.get(address)
    granted = {} if record is None else record.attributes if record.granted is None else record.granted
    if not is_administrator(system, "member", granted):
        return Tenure.UNDECLARED
    return Tenure.DEPARTED if address in context.ended or context.has_left(person) else Tenure.LEAVING


class MembershipCounts:
    """Members, pending invitations and admins of one organization as they stand after the changes so far."""

    def __init__(
        self, system: System, members: Iterable[Resource], *, min_admins: int, tenure_of: Callable[[str], Tenure]
    ) -> None:
        self._system = system
        self.tenure_of = cache(tenure_of)
        """How far somebody can be relied on, if they are an active admin."""
        self._active_admins: set[str] = set()
        self._leaving: set[str] = set()
        """Who may stop being an admin at any moment."""
        self._present: dict[str, str] = {}
        """Key -> role, of active and invited members."""
        self._roles: Counter[str] = Counter()
        self._administering = {role.name for role in system.roles.get("member", ()) if role.administers}
        for member in members:
            self._enter(member.address.key, member.attributes, member.status)
        self._first_admins = frozenset(self._active_admins)
        self._min_admins = min_admins

    @classmethod
    def of(cls, context: PlanningContext) -> MembershipCounts:
        """As an organization is now, and as what people were asked for may make it at any moment."""
        counts = cls(
            context.organization.system,
            (found for address, found in context.live.resources.items() if address.kind == "member"),
            min_admins=context.settings.min_admins,
            tenure_of=lambda person: tenure_of(person, context),
        )
        counts.expect(context.orders.values())
        return counts

    def fork(self) -> MembershipCounts:
        """A copy to try things out on; the original does not notice."""
        return deepcopy(self, {id(self._system): self._system})

    @property
    def active_admins(self) -> frozenset[str]:
        """Keys of the admins who have accepted; invited ones cannot act and do not count."""
        return frozenset(self._active_admins)

    def has_just_come(self, admin: str) -> bool:
        """Whether somebody is an admin only by a change counted here, which may be a while in somebody's hands."""
        return admin not in self._first_admins

    @property
    def floor(self) -> int:
        """The number of active admins to rely on below which no change may lead without an approval."""
        relied_on = (Tenure.LASTING, Tenure.LEAVING, Tenure.DEPARTED)
        before = [key for key in self._first_admins if self.tenure_of(key) in relied_on]
        return max(1, min(self._min_admins, len(before)))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """All limits there are, with how much of each is used."""
        system = self._system
        found = [("members", len(self._present), system.member_cap, "")]
        found += [(role.name, self._roles[role.name], role.cap, role.name) for role in system.roles["member"]]
        return tuple(
            Limit(what=what, used=used, most=most, origin=system.origin_of_limit(role))
            for what, used, most, role in found
            if most is not None
        )

    def role_of(self, key: str) -> str:
        """The role of an active or invited member; empty for anybody else."""
        return self._present.get(key, "")

    def objection(self, change: Change, *, is_agreed: bool = False) -> tuple[Guard, str] | None:
        """The guard (`min_admins` or `cap`) that forbids the change at this point, with the numbers; else None.

        `is_agreed` when there is an approval: then a single admin is enough.
        """
        if change.address.kind != "member":
            return None
        key, after = change.address.key, change.after
        is_active = after is not None and after.status is Status.ACTIVE
        stays_admin = is_active and after and is_administrator(self._system, "member", after.attributes)
        if not stays_admin and (shortage := self.shortage_without(key, is_agreed=is_agreed)):
            return Guard.MIN_ADMINS, shortage
        return None if after is None else self._over_cap(key, role_in(after.attributes))

    def shortage_without(self, admin: str, *, is_agreed: bool = False) -> str:
        """Why somebody has to stay an admin, with the numbers; empty when they need not, or are none.

        Whoever stays against the manifests counts as long as they have not left: of two such admins one may go. Where
        nobody lasts, somebody who is declared until some day is better than one whose time is over, and enough for an
        approval.
        """
        if admin not in self._active_admins:
            return ""
        tenures = [self.tenure_of(other) for other in self._active_admins - {admin}]
        if not tenures:
            return f"{_count(0)} would remain, at least 1 must"
        if not any(tenure.is_declared for tenure in tenures):
            return "no active admin would remain whom the manifests declare"
        if self.tenure_of(admin) is Tenure.UNDECLARED:
            return ""
        lasting = sum(tenure in (Tenure.LASTING, Tenure.LEAVING) for tenure in tenures)
        if not lasting and not is_agreed and self.tenure_of(admin) is not Tenure.DEPARTED:
            return "no active admin would remain who is declared without an end"
        left, floor = max(1, lasting), 1 if is_agreed else self.floor
        return f"{_count(left)} would remain, at least {floor} must" if left < floor else ""

    def let_go(self, admin: str) -> None:
        """Count somebody out who is asked to stop being an admin."""
        self._active_admins.discard(admin)
        self._leaving.add(admin)

    def lacks_room_for(self, newcomers: Iterable[Change]) -> bool:
        """Whether not all of them find a seat while nobody leaves."""
        after = [change.after for change in newcomers if change.after and change.address.key not in self._present]
        cap = self._system.member_cap
        roles = Counter(role_in(resource.attributes) for resource in after)
        limits = ((self._role_cap(role), self._roles[role] + count) for role, count in roles.items())
        return (cap is not None and len(self._present) + len(after) > cap) or any(
            limit is not None and holders > limit for limit, holders in limits
        )

    def _over_cap(self, key: str, role: str) -> tuple[Guard, str] | None:
        """Only what adds to a count can go over its cap: platforms raise limits for some, who then are above ours."""
        cap, present = self._system.member_cap, len(self._present) + 1
        if cap is not None and key not in self._present and present > cap:
            return Guard.CAP, f"{present} active and invited members, {self._describe_limit(cap, present)}"
        limit, holders = self._role_cap(role), self._roles[role] + 1
        if limit is not None and self._present.get(key) != role and holders > limit:
            return Guard.CAP, f"{holders} people with role {role}, {self._describe_limit(limit, holders, role)}"
        return None

    def _describe_limit(self, limit: int, holders: int, role: str = "") -> str:
        """The limit and where it is from; a system that holds more already tells that another one was agreed to."""
        more = "; there are more already, so write the limit that TikTok agreed to into `limits:`"
        origin = self._system.origin_of_limit(role)
        return f"the limit is {limit} ({origin})" + (more if holders - 1 > limit else "")

    def record(self, change: Change, *, outcome: Resource | None) -> None:
        """Count what a change led to: the resource as it is afterwards, None when it is gone."""
        if change.address.kind == "member":
            self.observe(change.address.key, outcome)

    def observe(self, key: str, member: Resource | None) -> None:
        """Count a member as just seen; None when the membership is gone."""
        self._active_admins.discard(key)
        role = self._present.pop(key, None)
        if role is not None:
            self._roles[role] -= 1
        if member is not None:
            self._enter(key, member.attributes, member.status)

    def found(self, founder: str, attributes: Attributes) -> None:
        """Count the creator of a new organization, who is its first admin at once."""
        self._enter(founder, attributes, Status.ACTIVE)

    def expect(self, orders: Iterable[WorkOrder]) -> None:
        """Count what people were asked for and may do at any moment.

        A seat that may be taken is taken, an admin who may go does not count any more, one who may come not yet.
        """
        for order in orders:
            if not order.status.is_pending or order.address.kind != "member":
                continue
            key, gains = order.address.key, is_administrator(self._system, "member", order.wanted)
            loses = key in self._active_admins and (order.action is Action.REMOVE_AND_INVITE or not gains)
            if loses:
                self.let_go(key)
            elif not order.takes_away and key not in self._active_admins:
                self.observe(key, Resource(address=order.address, attributes=order.wanted, status=Status.INVITED))

    @property
    def invited_admins(self) -> tuple[str, ...]:
        """Keys of those who become admins when they accept, and whom the manifests want as admins."""
        return tuple(
            sorted(
                key
                for key, role in self._present.items()
                if role in self._administering
                and key not in self._active_admins | self._leaving
                and self.tenure_of(key).is_declared
            )
        )

    def _enter(self, key: str, attributes: Attributes, status: Status) -> None:
        if status not in _PRESENT:
            return
        role = role_in(attributes)
        self._present[key] = role
        self._roles[role] += 1
        if role in self._administering and status is Status.ACTIVE:
            self._active_admins.add(key)

    def _role_cap(self, role: str) -> int | None:
        known = self._system.find_role("member", role)
        return known.cap if known else None


def _count(admins: int) -> str:
    return f"{admins} active admin" if admins == 1 else f"{admins} active admins"


class Turns:
    """Who of several people is asked next: whoever has the least to do.

    All that is about one person, or about one asset group, is asked of the same, who can do it in one sitting.
    """

    def __init__(self, orders: Iterable[WorkOrder]) -> None:
        self._asked: Counter[str] = Counter()
        self._holders: dict[str, str] = {}
        for order in sorted(orders, key=lambda one: one.id):
            if order.status is OrderStatus.OPEN:
                self.take(order.actor, order.address)

    def choose(self, people: Collection[str], address: Address) -> str:
        """One of the people; empty where there are none."""
        holder = self._holders.get(_subject(address), "")
        least = min((self._asked[person] for person in people), default=0)
        free = [person for person in people if self._asked[person] == least]
        return holder if holder in people else next(iter(in_turn(free, address)), "")

    def take(self, person: str, address: Address) -> None:
        """Count what somebody is asked to do."""
        self._asked[person] += 1
        if person != person_in(address):
            self._holders[_subject(address)] = person


def _subject(address: Address) -> str:
    """The person an address is about; else the group, the partner or the other thing that its key names first."""
    is_of_group = address.kind.startswith("asset_group")
    return address.parts[0] if is_of_group else person_in(address) or address.parts[0]


def actor_for(change: Change, context: PlanningContext, counts: MembershipCounts, turns: Turns) -> str:
    """Key of the person who acts at this point of the plan; empty when there is nobody who could.

    The configured identity where there is one; else one of the active admins who stay, in turn, so that nobody is asked
    to act in the middle of their own removal. Never the person the change is about. An app is transferred by its owner.
    """
    if change.action is Action.CREATE_ORGANIZATION:
        return founder_of(context)
    if change.action is Action.TRANSFER_APP and change.before is not None:
        owner = Owner.of(change.before.attributes)
        if owner.person:
            return owner.person
    if context.live.acting:
        return context.live.acting
    candidates: AbstractSet[str] = counts.active_admins - {person_in(change.address)}
    system, kind = context.organization.system, change.address.kind
    sides = [side.attributes for side in (change.before, change.after) if side is not None]
    if any(is_administrator(system, kind, attributes) for attributes in sides):
        member = system.roles.get("member", ())
        appointing = {role.name for role in member if role.administers and role.manages_admins}
        candidates = {person for person in candidates if counts.role_of(person) in appointing}

    def unreliability(person: str) -> tuple[int, ...]:
        """Strangers act last: a work order tells them what is being done about them."""
        tenure, has_come = counts.tenure_of(person), counts.has_just_come(person)
        rank = 0 if tenure.is_declared else 2 if tenure is Tenure.UNDECLARED else 1
        return rank, context.is_contested(context.member(person)), has_come, tenure is Tenure.ENDING

    best = min(map(unreliability, candidates), default=())
    return turns.choose([person for person in candidates if unreliability(person) == best], change.address)


def founder_of(context: PlanningContext) -> str:
    """Who creates an organization and thereby becomes its first admin."""
    system = context.organization.system
    admins = {
        address.key: not system.is_handed_over(role_in(declared.attributes))
        for address, declared in context.wanted.items()
        if is_administrator(system, address.kind, declared.attributes)
    }
    if context.live.acting:
        return context.live.acting if context.live.acting in admins else ""
    return min(admins, key=lambda person: (admins[person], person), default="")


_NOT_BY_AN_ADMIN = frozenset({Action.CREATE_ORGANIZATION, Action.TRANSFER_APP})


class Preconditions:
    """What has been reached in one organization so far, and what that lets through next.

    Counts what was applied; of several changes that leave in one call, what would be if all went well.
    """

    def __init__(self, situation: PlanningContext) -> None:
        self._situation = situation
        self._applied: set[Address] = set()
        self._failed: set[Address] = set()
        self._asked: dict[Address, WorkOrder] = {}
        """What people were asked for in this run; nobody knows when they will do it."""
        self._counts = MembershipCounts.of(situation)

    def fork(self) -> Preconditions:
        """A copy to try things out on."""
        other = copy(self)
        other._applied, other._counts = set(self._applied), self._counts.fork()  # noqa: SLF001  # one of us
        return other

    def is_about_admin(self, change: Change) -> bool:
        """Whether a change is about somebody who administers now."""
        return change.address.kind == "member" and change.address.key in self._counts.active_admins

    @property
    def admin_addresses(self) -> list[Address]:
        """The memberships of those who can act."""
        organization = self._situation.organization.key
        return [Address(organization, "member", person) for person in sorted(self._counts.active_admins)]

    def find_gap(self, change: Change) -> Refused | Waits | None:
        """What a change needs and does not have: another change, or somebody who may do it."""
        if blind := self._situation.obstacle_to_acting:
            return Refused(reason=f"{change.address.organization} could not be read: {blind}")
        # What cannot be taken from somebody alone does not keep them in: it goes with their membership.
        settled = self._applied | self._failed if change.action is Action.REMOVE else self._applied
        missing = [need for need in change.needs if need not in settled]
        if missing and all(need in self._asked for need in missing):
            return _wait_for(self._asked[missing[0]])
        if missing:
            return Refused(reason=f"{', '.join(map(str, missing))} was not applied")
        if change.action not in _NOT_BY_AN_ADMIN and change.actor not in self._counts.active_admins:
            promotion = self._asked.get(Address(change.address.organization, "member", change.actor))
            if promotion is not None:
                return _wait_for(promotion)
            return Refused(reason=f"{change.actor}, who should do it, is not an active admin")
        return None

    def find_excess(self, change: Change) -> Refused | Waits | None:
        """Whether a change would leave too few admins or bring too many members at this point."""
        objection = self._counts.objection(change, is_agreed=bool(change.approval))
        if objection is None:
            return None
        members = [order for address, order in self._asked.items() if address.kind == "member"]
        return _wait_for(members[-1], objection[1]) if members else Refused(reason=objection[1])

    def recount(self, live: Live) -> None:
        """Forget admins who have gone, or lost their rights, since the last look."""
        for address in self.admin_addresses:
            found = live.find(address)
            self._counts.observe(address.key, found if isinstance(found, Resource) else None)

    def take(self, change: Change, outcome: Outcome) -> None:
        """Count what became of a change that was tried."""
        match outcome:
            case Applied(live=live):
                self.record(change, outcome=live)
            case Waits(orders=orders):
                for order in orders:
                    self._asked.setdefault(order.address, order)
                self._counts.expect(self._asked.values())
            case Failed():
                self._failed.add(change.address)
            case _:
                pass

    def record(self, change: Change, *, outcome: Resource | None) -> None:
        """Count a change that was applied, and the resource it led to; None when that is gone."""
        self._applied.add(change.address)
        self._counts.record(change, outcome=outcome)
        if change.action is Action.CREATE_ORGANIZATION:
            founder = Address(change.address.organization, "member", change.actor)
            self._counts.found(change.actor, self._situation.wanted[founder].attributes)


def _wait_for(order: WorkOrder, why: str = "") -> Waits:
    """Not tried, because what comes before it is in somebody's hands; the next plan looks at it again."""
    first = f"work order {order.id} has to be done first"
    return Waits(on=order.actor or order.actor_role, why=f"{why}; {first}" if why else first)
