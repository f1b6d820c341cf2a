"""Whether a plan does what somebody agreed to when they reviewed another one.

A plan is made in the pull request and once more after the merge. In between a day may begin, another change may move
the lines of the manifests, a newer version of the tool may be installed, an audit may write the state, and it may be
another admin's turn: nothing that a reviewer was asked about. `agreed_to` says what they were asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reconciler.apply.choice import agreed_to, is_same_request
from reconciler.model.address import Address
from reconciler.model.change import Change, Waiting
from reconciler.model.finding import Finding
from reconciler.model.plan import Plan
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDifference:
    """How a plan departs from the one that was reviewed; steps are told as they were agreed to."""

    asks: tuple[Waiting, ...]
    """What people are asked for besides, and no reviewer has seen like this."""
    withdrawals: tuple[Finding, ...]
    """What people are told not to do any more, and no reviewer has seen."""
    unseen: tuple[Change, ...]
    """Steps that no reviewer has seen like this, in the order of the plan."""
    missing: tuple[Change, ...]
    """Steps that were reviewed and are in the plan no more, or not like this."""
    is_reordered: bool
    """The same steps come in another order."""

    @property
    def is_none(self) -> bool:
        """The plan does exactly what was reviewed."""
        return not (self.asks or self.withdrawals or self.unseen or self.missing or self.is_reordered)


def compare_plans(*, reviewed: Plan, plan: Plan) -> PlanDifference:
    """How `plan` departs from `reviewed`."""
    agreed, steps = list(map(agreed_to, reviewed.changes)), list(map(agreed_to, plan.changes))
    unseen, missing = _without(steps, agreed), _without(agreed, steps)
    is_reordered = not (unseen or missing) and _orders(agreed) != _orders(steps)
    told = {(finding.address, finding.message) for finding in reviewed.withdrawals}
    return PlanDifference(
        asks=tuple(one for one in plan.asks if not any(is_same_request(one, seen) for seen in reviewed.asks)),
        withdrawals=tuple(one for one in plan.withdrawals if (one.address, one.message) not in told),
        unseen=unseen,
        missing=missing,
        is_reordered=is_reordered,
    )


def _without(changes: Iterable[Change], others: Iterable[Change]) -> tuple[Change, ...]:
    left: defaultdict[Address, list[Change]] = defaultdict(list)
    for other in others:
        left[other.address].append(other)
    found = []
    for change in changes:
        if change in left[change.address]:
            left[change.address].remove(change)
        else:
            found.append(change)
    return tuple(found)


def _orders(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The steps of each organization; which organization comes first decides nothing."""
    orders: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        orders[change.address.organization].append(change)
    return orders
