"""What has been reached in one organization so far, and what that lets through next."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

from reconciler.engine.context import PlanningContext
from reconciler.engine.membership_counts import MembershipCounts
from reconciler.engine.waits import why_nobody_can_act
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.kinds import Action
from reconciler.model.outcome import Refused, Waits
from reconciler.model.resource import Resource
from reconciler.model.work_order import WorkOrder

_NOT_BY_AN_ADMIN = frozenset({Action.CREATE_ORGANIZATION, Action.TRANSFER_APP})


class Preconditions:
    """Counts what was applied; of several changes that leave in one call, what would be if all went well."""

    def __init__(self, situation: PlanningContext) -> None:
        self._situation = situation
        self._applied: set[Address] = set()
        self._failed: set[Address] = set()
        self._asked: dict[Address, WorkOrder] = {}
        """What people were asked for in this run; nobody knows when they will do it."""
        self._headcount = MembershipCounts.of(situation)

    @property
    def active_admins(self) -> frozenset[str]:
        """Keys of those who can act."""
        return self._headcount.active_admins

    def fork(self) -> Preconditions:
        """A copy to try things out on."""
        other = copy(self)
        other._applied, other._headcount = set(self._applied), self._headcount.fork()  # noqa: SLF001  # one of us
        return other

    def touches_admin(self, change: Change) -> bool:
        """Whether a change is about somebody who administers now."""
        return change.address.kind == "member" and change.address.key in self.active_admins

    def find_gap(self, change: Change) -> Refused | Waits | None:
        """What a change needs and does not have: another change, or somebody who may do it."""
        if blind := why_nobody_can_act(self._situation):
            return Refused(reason=f"{change.address.organization} could not be read: {blind}")
        # What cannot be taken from somebody alone does not keep them in: it goes with their membership.
        settled = self._applied | self._failed if change.action is Action.REMOVE else self._applied
        missing = [need for need in change.needs if need not in settled]
        if missing and all(need in self._asked for need in missing):
            return self._wait_for(self._asked[missing[0]])
        if missing:
            return Refused(reason=f"{', '.join(map(str, missing))} was not applied")
        if change.action not in _NOT_BY_AN_ADMIN and change.actor not in self.active_admins:
            promotion = self._asked.get(Address(change.address.organization, "member", change.actor))
            if promotion is not None:
                return self._wait_for(promotion)
            return Refused(reason=f"{change.actor}, who should do it, is not an active admin")
        return None

    def find_excess(self, change: Change) -> Refused | Waits | None:
        """Whether a change would leave too few admins or bring too many members at this point."""
        objection = self._headcount.objection(change, is_agreed=bool(change.approval))
        if objection is None:
            return None
        members = [order for address, order in self._asked.items() if address.kind == "member"]
        return self._wait_for(members[-1], objection[1]) if members else Refused(reason=objection[1])

    def expect(self, orders: Iterable[WorkOrder]) -> None:
        """Count what people were just asked for."""
        for order in orders:
            self._asked.setdefault(order.address, order)
        self._headcount.expect(self._asked.values())

    @staticmethod
    def _wait_for(order: WorkOrder, why: str = "") -> Waits:
        """Not tried, because what comes before it is in somebody's hands; the next plan looks at it again."""
        first = f"work order {order.id} has to be done first"
        return Waits(on=order.actor or order.actor_role, why=f"{why}; {first}" if why else first)

    def fail(self, change: Change) -> None:
        """Remember that a change was tried and had no effect."""
        self._failed.add(change.address)

    def record(self, change: Change, *, outcome: Resource | None) -> None:
        """Count a change that was applied, and the resource it led to; None when that is gone."""
        self._applied.add(change.address)
        self._headcount.record(change, outcome=outcome)
        if change.action is Action.CREATE_ORGANIZATION:
            founder = Address(change.address.organization, "member", change.actor)
            self._headcount.found(change.actor, self._situation.wanted[founder].attributes)

    def observe(self, person: str, member: Resource | None) -> None:
        """Count a member as just seen; None when the membership is gone."""
        self._headcount.observe(person, member)
