"""Counting who is in an organization while a plan is laid out or carried out, one change at a time.

Both the planner and apply ask the same object before every change, so an order that was safe on paper is checked
again against what really happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy

from reconciler.core.change import Change
from reconciler.core.kinds import Action
from reconciler.core.planning.access import is_administrator
from reconciler.core.resource import Attributes, Resource, Status
from reconciler.core.system import System
from reconciler.core.work_order import WorkOrder

_PRESENT = frozenset({Status.ACTIVE, Status.INVITED})


class Headcount:
    """Members, pending invitations and admins of one organization as they stand after the changes so far."""

    def __init__(self, system: System, members: Iterable[Resource], *, min_admins: int) -> None:
        self._system = system
        self._active_admins: set[str] = set()
        self._leaving: set[str] = set()
        """Who may stop being an admin at any moment."""
        self._present: dict[str, str] = {}
        """Key -> role, of active and invited members."""
        self._roles: Counter[str] = Counter()
        for member in members:
            self._enter(member.address.key, member.attributes, member.status)
        self._floor = max(1, min(min_admins, len(self._active_admins)))
        """Active admins that must remain after every single change."""

    def fork(self) -> Headcount:
        """A copy to try things out on; the original does not notice."""
        return deepcopy(self, {id(self._system): self._system})

    @property
    def active_admins(self) -> frozenset[str]:
        """Keys of the admins who have accepted; invited ones cannot act and do not count."""
        return frozenset(self._active_admins)

    @property
    def floor(self) -> int:
        """The number of active admins below which no change may lead."""
        return self._floor

    def role_of(self, key: str) -> str:
        """The role of an active or invited member; empty for anybody else."""
        return self._present.get(key, "")

    def objection(self, change: Change) -> tuple[str, str] | None:
        """The guard (`last_admin` or `cap`) that forbids the change at this point, with the numbers; else None."""
        if change.address.kind != "member":
            return None
        key, after = change.address.key, change.after
        if key in self._active_admins and not self._stays_admin(change):
            left = len(self._active_admins) - 1
            if left < self._floor:
                return "last_admin", f"{_count(left)} would remain, at least {self._floor} must"
        return None if after is None else self._over_cap(key, _role(after.attributes))

    def _over_cap(self, key: str, role: str) -> tuple[str, str] | None:
        """Only what adds to a count can go over its cap: platforms raise limits for some, who then are above ours."""
        cap, present = self._system.member_cap, len(self._present) + 1
        if cap is not None and key not in self._present and present > cap:
            return "cap", f"{present} active and invited members, the limit is {cap}"
        limit, holders = self._role_cap(role), self._roles[role] + 1
        if limit is not None and self._present.get(key) != role and holders > limit:
            return "cap", f"{holders} people with role {role}, the limit is {limit}"
        return None

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
                self._active_admins.discard(key)
                self._leaving.add(key)
            elif not order.takes_away and key not in self._active_admins:
                self.observe(key, Resource(address=order.address, attributes=order.wanted, status=Status.INVITED))

    @property
    def invited_admins(self) -> tuple[str, ...]:
        """Keys of those who become admins when they accept."""
        return tuple(
            sorted(
                key
                for key, role in self._present.items()
                if self._system.administers(role) and key not in self._active_admins | self._leaving
            )
        )

    def _enter(self, key: str, attributes: Attributes, status: Status) -> None:
        if status not in _PRESENT:
            return
        role = _role(attributes)
        self._present[key] = role
        self._roles[role] += 1
        if status is Status.ACTIVE and is_administrator(self._system, "member", attributes):
            self._active_admins.add(key)

    def _stays_admin(self, change: Change) -> bool:
        after = change.after
        return (
            after is not None
            and after.status is Status.ACTIVE
            and is_administrator(self._system, "member", after.attributes)
        )

    def _role_cap(self, role: str) -> int | None:
        known = self._system.find_role("member", role)
        return known.cap if known else None


def _role(attributes: Attributes) -> str:
    role = attributes.get("role", "")
    return role if isinstance(role, str) else ""


def _count(admins: int) -> str:
    return f"{admins} active admin" if admins == 1 else f"{admins} active admins"
