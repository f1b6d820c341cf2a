"""Guards over a whole set of changes: how much is taken away, and how many invitations are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from reconciler.engine.context import PlanningContext
from reconciler.engine.guards import Objection, blocked_by, with_approval
from reconciler.engine.lifecycle import is_over
from reconciler.model.change import Blocked, Change
from reconciler.model.declared import Approval
from reconciler.model.kinds import KINDS, Action, Shape
from reconciler.model.strength import takes_away
from reconciler.model.system import System

WINDOW_DAYS = 7
"""Removals and invitations of this many days, today included, count together, so that many small plans add up."""

INVITATIONS = frozenset({Action.INVITE, Action.REINVITE, Action.REMOVE_AND_INVITE})

_COUNTED = (Shape.MEMBERSHIP, Shape.GRANT)


def in_window(days: Mapping[date, int], today: date) -> int:
    """How many happened in the window that ends today, and after it where the clock has gone back since."""
    first = today - min(timedelta(days=WINDOW_DAYS - 1), today - date.min)
    return sum(count for day, count in days.items() if first <= day)


def counts_as_removal(change: Change, system: System) -> bool:
    """Whether the removal ratio counts a change; what an approval or an end date explains does not count."""
    counted = KINDS[change.address.kind].shape in _COUNTED
    return counted and not change.exempt and not change.approval and takes_away(change, system)


def hold_mass_removal(changes: Sequence[Change], situation: PlanningContext) -> tuple[list[Change], list[Blocked]]:
    """Block all counted removals of an organization when together they take away too much of its access."""
    system, implied = situation.organization.system, _roles_that_give(situation)
    asked = [change for change in changes if counts_as_removal(change, system) and _role_for(change) not in implied]
    going = {change.address for change in asked}
    before = sum(
        KINDS[address.kind].shape in _COUNTED and not found.status.is_gone
        for address, found in situation.live.resources.items()
        if address in going or situation.was_given(address)
    )
    recent = in_window(situation.state.removals, situation.today)
    total, limit = before + recent, situation.settings.max_removal_ratio
    most = limit * total
    if total < situation.settings.removal_ratio_from or len(asked) + recent <= most:
        return list(changes), []
    unexplained = [change for change in asked if _approval_for(change, situation) is None]
    message = (
        f"{len(unexplained)} removals now and {recent} in the last {WINDOW_DAYS} days are "
        f"{(len(unexplained) + recent) / total:.0%} of {total} memberships and grants; the limit is {limit:.0%}"
    )
    unannounced = sum(is_over(change.address, situation) for change in unexplained)
    if unannounced:
        message += f"; {unannounced} of them by an end date that no apply knew before it had passed"
    unproven = sum(bool(_role_for(change)[1]) for change in unexplained)
    if unproven:
        message += f"; {unproven} of them a role may give anyway, which is found out by approving one"
    stopped = unexplained if len(unexplained) + recent > most else []
    return _split(
        changes, asked=asked, stopped=stopped, objection=Objection("removal_ratio", message), situation=situation
    )


def _roles_that_give(situation: PlanningContext) -> set[tuple[str, str]]:
    """Kinds of access, and roles that were seen to give it without a grant: taking such a grant takes nothing away."""
    return {(at.kind, record.implied_by) for at, record in situation.records.items() if record.implied_by}


def _role_for(change: Change) -> tuple[str, str]:
    return change.address.kind, change.before.implied_by if change.before else ""


def hold_invitations(changes: Sequence[Change], situation: PlanningContext) -> tuple[list[Change], list[Blocked]]:
    """Block the invitations that go beyond the budget of the window, later addresses first."""
    budget = situation.settings.max_invitations
    asked = [change for change in changes if change.action in INVITATIONS]
    sent = in_window(situation.state.invitations, situation.today)
    if budget is None or len(asked) + sent <= budget:
        return list(changes), []
    unexplained = [change for change in asked if _approval_for(change, situation) is None]
    message = f"{sent} invitations sent in the last {WINDOW_DAYS} days, {len(asked)} wanted now; the budget is {budget}"
    stopped = unexplained[max(0, budget - sent) :]
    return _split(
        changes, asked=asked, stopped=stopped, objection=Objection("invitation_budget", message), situation=situation
    )


def _approval_for(change: Change, situation: PlanningContext) -> Approval | None:
    return situation.approvals.get((change.address, change.action))


def _split(
    changes: Sequence[Change],
    *,
    asked: Sequence[Change],
    stopped: Sequence[Change],
    objection: Objection,
    situation: PlanningContext,
) -> tuple[list[Change], list[Blocked]]:
    """Separate what a budget stops from what goes on, and write approvals on what only passes thanks to them."""
    counted = {change.address for change in asked}
    held = {change.address for change in stopped}
    passed: list[Change] = []
    blocked: list[Blocked] = []
    for change in changes:
        if change.address in held:
            blocked.append(blocked_by(change, objection))
            continue
        approval = _approval_for(change, situation)
        uses_approval = approval is not None and change.address in counted and not change.approval
        passed.append(with_approval(change, approval) if approval and uses_approval else change)
    return passed, blocked
