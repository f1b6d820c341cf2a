"""Whether the changes of a plan are still what would be planned.

A saved plan is a file: it may be old, and anybody who can write to the place where it lies may have edited it. A
fingerprint only says that the live resource is the same; it does not say that a guard would let the change through. So
apply plans the organization once more, from what is declared, recorded and live at that moment, and tries only what
this new plan contains in the same form. A plan can therefore make apply do less than the manifests say, never more.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.address import Address
from reconciler.core.change import Change
from reconciler.core.plan import OrganizationPlan
from reconciler.core.planning.guards import COMMAND_LINE


def objections(part: OrganizationPlan, fresh: OrganizationPlan) -> dict[Address, str]:
    """Why changes of a plan must not be carried out now; those that may are not listed.

    `fresh` is planned from what apply sees, for the targets that the plan was made with: a whole plan takes away more
    at once, so the removal ratio would stop what it let through in the smaller one.
    """
    planned = {change.address: change for change in fresh.changes}
    stopped = dict(_stopped(fresh))
    found = {}
    for change in part.changes:
        again = planned.get(change.address)
        if again is None:
            found[change.address] = stopped.get(change.address, "it would not be planned now") + _lapsed(change)
        elif difference := _difference(change, again):
            found[change.address] = difference
    return found


def _stopped(fresh: OrganizationPlan) -> Iterator[tuple[Address, str]]:
    """What the new plan says of everything that it holds back."""
    for blocked in fresh.blocked:
        yield blocked.change.address, f"{blocked.guard}: {blocked.message}"
    for waiting in fresh.waiting:
        yield waiting.address, f"it has to wait for {waiting.on}: {waiting.why}"
    for left_out in fresh.left_out:
        yield left_out.address, left_out.reason


def _lapsed(change: Change) -> str:
    """A hint for those who relied on a consent that only held for the run that made the plan."""
    if not change.consent.endswith(COMMAND_LINE):
        return ""
    return f"; a consent of the command line counts for one run: apply with --allow {change.action}:{change.address}"


def _difference(change: Change, again: Change) -> str:
    """What a change and its counterpart in the new plan disagree about; empty when they come to the same."""
    if change.action is not again.action:
        return f"it would be {again.action.replace('_', ' ')} now"
    if change.after != again.after:
        return "it would lead to something else now"
    if change.actor != again.actor:
        return f"it would be done as {again.actor} now"
    if (change.irreversible, change.exempt) != (again.irreversible, again.exempt):
        return "it would be judged differently now"
    if change.consent != again.consent:
        return "it would be let through by another consent now, or by none"
    first = set(again.needs) - set(change.needs)
    return f"{min(first)} has to go first" if first else ""
