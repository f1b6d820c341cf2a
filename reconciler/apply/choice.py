"""Which of the changes that are planned now a saved plan chooses.

A saved plan is a file: it may be old, and anybody who can write to the place where it lies may have edited it. So apply
plans the organization once more, from what is declared, recorded and live at that moment, and carries out changes of
this new plan. The file only says which ones, by address and action. It also says what a reviewer saw; where that is not
what is planned now, the change is refused. A plan can therefore make apply do less than the manifests say, never more
and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.apply.moved_fields import describe_move
from reconciler.engine.guards import COMMAND_LINE
from reconciler.model.address import Address
from reconciler.model.change import Change, Waiting
from reconciler.model.live import Live, Unknown
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import Resource, fingerprint_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is carried out of one organization's plan."""

    changes: tuple[Change, ...]
    """As they are planned now, in the order of now."""
    refused: tuple[tuple[Change, str], ...]
    """What the file wants and what is not planned like this, with the reason. Nothing but the name of the step is from
    the file."""


def choose(part: OrganizationPlan, fresh: OrganizationPlan, live: Live) -> Choice:
    """What a plan chooses of `fresh`, which is planned from what apply sees, for the targets of the plan.

    For these targets, because a whole plan takes away more at once: the removal ratio would stop what it let through
    in the smaller one.
    """
    planned = {change.step: change for change in fresh.changes}
    stopped = {blocked.change.step: blocked.change for blocked in fresh.blocked}
    chosen: set[Address] = set()
    refused: list[tuple[Change, str]] = []
    for change in part.changes:
        again = planned.get(change.step)
        if again is None:
            known = stopped.get(change.step) or _named(change, live)
            refused.append((known, _why_not_planned(change, fresh, live)))
        elif difference := _difference(change, again):
            refused.append((again, difference))
        else:
            chosen.add(change.address)
    return Choice(changes=tuple(change for change in fresh.changes if change.address in chosen), refused=tuple(refused))


def is_same_request(waiting: Waiting, again: Waiting) -> bool:
    """Whether somebody is asked for what a reviewer saw: how long it has waited already does not matter."""
    return _request(waiting) == _request(again)


def _request(waiting: Waiting) -> Waiting:
    return replace(
        waiting, before=_without_age(waiting.before), since=None, ends="", place=None, work_order="", asks=False
    )


def _named(change: Change, live: Live) -> Change:
    """The step that a file wants, without anything else that the file says of it."""
    before = live.resources.get(change.address)
    return Change(
        address=change.address,
        action=change.action,
        before=before,
        after=None,
        fingerprint=fingerprint_of(before),
        why="not planned now",
    )


def _why_not_planned(change: Change, fresh: OrganizationPlan, live: Live) -> str:
    found = live.resources.get(change.address)
    has_been_read = not isinstance(live.find(change.address), Unknown)
    if has_been_read and fingerprint_of(found) != change.fingerprint:
        return _moved(change.before, found)
    instead = next((one for one in fresh.changes if one.address == change.address), None)
    if instead is not None:
        return f"it would be {instead.action.replace('_', ' ')} now"
    return dict(_stopped(fresh)).get(change.address, "it would not be planned now") + _lapsed(change)


def _stopped(fresh: OrganizationPlan) -> Iterator[tuple[Address, str]]:
    """What the new plan says of everything that it holds back."""
    for blocked in fresh.blocked:
        yield blocked.change.address, f"{blocked.guard}: {blocked.message}"
    for waiting in fresh.waiting:
        yield waiting.address, f"it has to wait for {waiting.on}: {waiting.why}"
    for left_out in fresh.left_out:
        yield left_out.address, left_out.reason


def _lapsed(change: Change) -> str:
    """A hint for those who relied on an approval that only held for the run that made the plan."""
    if not change.approval.endswith(COMMAND_LINE):
        return ""
    return f"; an approval of the command line holds for one run: apply with --approve {change.action}:{change.address}"


def _difference(change: Change, again: Change) -> str:
    """What a reviewer saw of a change and what is not so now; empty when they come to the same."""
    if change.fingerprint != again.fingerprint:
        return _moved(change.before, again.before)
    if _without_age(change.before) != _without_age(again.before):
        return "it does not begin from what the plan says"
    if change.after != again.after:
        return "it would lead to something else now"
    if change.actor != again.actor:
        return f"it would be done as {again.actor} now"
    if change.why != again.why:
        return f"its reason is another one now: {again.why}"
    if (change.irreversible, change.exempt, change.cost) != (again.irreversible, again.exempt, again.cost):
        return "it would be judged differently now"
    if (change.approval, change.approval_terms) != (again.approval, again.approval_terms):
        return "it would be let through by another approval now, or by none"
    if change.place != again.place:
        return "another line of the manifests asks for it"
    first = set(again.needs) - set(change.needs)
    return f"{min(first)} has to go first" if first else ""


def _moved(seen: Resource | None, found: Resource | None) -> str:
    move = "" if seen == found else describe_move(seen=seen, found=found)
    return f"it is not what the plan saw any more: {move}" if move else "it is not what the plan saw any more"


def _without_age(resource: Resource | None) -> Resource | None:
    """Systems round the day of a status, and show numbers on some pages only; names people see are not recorded.

    What role may give the same is no part of what is there.
    """
    return None if resource is None else replace(resource, since=None, platform_id="", name="", implied_by="")
