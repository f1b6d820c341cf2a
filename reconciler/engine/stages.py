"""From the next step for every difference to what a plan does: a list of stages, each of which holds something back.

A stage maps decisions to decisions and can be run alone. None of them loses an address or tells one twice, but for the
founder, whom nobody has to invite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from reconciler.engine.context import PlanningContext
from reconciler.engine.guards import block, hold_invitations, hold_mass_removal, judge, judge_request
from reconciler.engine.layout import lay_out
from reconciler.engine.membership_counts import MembershipCounts, founder_of
from reconciler.engine.orders import hold_asked
from reconciler.engine.waits import hold_app_owner, hold_until_ready, wait
from reconciler.model.address import Action
from reconciler.model.change import Blocked, Cause, Change, Guard, LeftOut, Waiting
from reconciler.model.plan import Limit
from reconciler.model.values import dataclass

Decision = Change | Waiting | Blocked | LeftOut

IN_A_GROUP = {"asset_group_asset": "ad account", "asset_group_access": "member"}
"""Kinds of what is in an asset group. A Business Center creates a group together with its first ad account and its
first member, and in no other way. Deleting one takes along whatever is in it, whoever put it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What is decided about every step so far."""

    changes: tuple[Change, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    limits: tuple[Limit, ...] = ()
    """That the changes were held to, as far as anybody could count members."""

    def and_also(self, items: Iterable[Decision]) -> Decisions:
        """These and more, each among its kind."""
        found = list(items)
        if not found:
            return self
        return replace(
            self,
            changes=(*self.changes, *(one for one in found if isinstance(one, Change))),
            waiting=(*self.waiting, *(one for one in found if isinstance(one, Waiting))),
            blocked=(*self.blocked, *(one for one in found if isinstance(one, Blocked))),
            left_out=(*self.left_out, *(one for one in found if isinstance(one, LeftOut))),
        )

    def instead_of_changes(self, items: Iterable[Decision]) -> Decisions:
        """The rest of these, and what has become of the changes."""
        return (replace(self, changes=()) if self.changes else self).and_also(items)


Stage = Callable[[Decisions, PlanningContext], Decisions]


def without_founder(decisions: Decisions, context: PlanningContext) -> Decisions:
    """Whoever creates an organization is its admin at once and needs no invitation."""
    if not any(change.action is Action.CREATE_ORGANIZATION for change in decisions.changes):
        return decisions
    founder = context.member(founder_of(context))
    return replace(decisions, changes=tuple(change for change in decisions.changes if change.address != founder))


def only_with_known_actor(decisions: Decisions, context: PlanningContext) -> Decisions:
    """Nobody may act before it is known who is an admin."""
    if not decisions.changes or not context.obstacle_to_acting:
        return decisions
    text = f"who administers {context.organization.key} could not be read: {context.obstacle_to_acting}"
    return decisions.instead_of_changes(
        LeftOut(address=change.address, cause=Cause.UNREAD, reason=text) for change in decisions.changes
    )


def requests_once(decisions: Decisions, context: PlanningContext) -> Decisions:
    """Nobody is asked for the same again while the first request stands, and never for what a guard stops."""

    def about(waiting: Waiting) -> Decision:
        answer = hold_asked(waiting, context)
        if isinstance(answer, LeftOut) and waiting.before is not None and waiting.before.status.is_pending:
            answer = None  # that the question could not be asked that way says nothing of whoever answers it
        return answer if isinstance(answer, LeftOut) else judge_request(answer or waiting, context)

    return replace(decisions, waiting=()).and_also(map(about, decisions.waiting))


def guarded(decisions: Decisions, context: PlanningContext) -> Decisions:
    """Each guard of a single change, and owners of apps who are needed until the transfer is through."""
    return decisions.instead_of_changes(
        hold_app_owner(change, context) or judge(change, context) for change in decisions.changes
    )


def changes_once(decisions: Decisions, context: PlanningContext) -> Decisions:
    """What a work order asks somebody to do is waited for."""
    return decisions.instead_of_changes(hold_asked(change, context) or change for change in decisions.changes)


def within_budgets(decisions: Decisions, context: PlanningContext) -> Decisions:
    """Not too much access is taken away at once, and not too many people are invited."""
    for budget in (hold_mass_removal, hold_invitations):
        changes, blocked = budget(decisions.changes, context)
        decisions = replace(decisions, changes=tuple(changes), blocked=(*decisions.blocked, *blocked))
    return decisions


def parents_first(decisions: Decisions, context: PlanningContext) -> Decisions:
    """What hangs on a thing that is not there, or does not go, waits for it."""
    held = {item.address for item in decisions.waiting} | {item.address for item in decisions.left_out}
    held |= {item.change.address for item in decisions.blocked}
    kept = {item.change.address: item.guard for item in decisions.blocked if item.change.after is None}
    return decisions.instead_of_changes(hold_until_ready(decisions.changes, held=held, kept=kept, context=context))


def groups_not_empty(decisions: Decisions, _situation: PlanningContext) -> Decisions:
    """A group is created with its first ad account and its first member, or not yet."""
    coming = {
        (change.address.kind, change.address.parts[0]) for change in decisions.changes if change.after is not None
    }
    lacking = {
        change.address.key: [kind for kind in IN_A_GROUP if (kind, change.address.key) not in coming]
        for change in decisions.changes
        if change.action is Action.CREATE_GROUP
    }

    def hold(change: Change) -> Change | Waiting:
        group = change.address.parts[0]
        if not lacking.get(group):
            return change
        if change.address.kind in IN_A_GROUP:
            return wait(change, on=f"asset group {group}", why=f"asset group {group} is held back in this plan")
        if change.action is not Action.CREATE_GROUP:
            return change
        kind, *_ = lacking[group]
        why = "a group is created with its first ad account and its first member"
        first = [one for one in decisions.waiting if (one.address.kind, one.address.parts[0]) == (kind, group)]
        if not first:
            thing = IN_A_GROUP[kind]
            return wait(change, on=f"the first {thing}", why=f"{why}, and this plan has no {thing} for it")
        sooner = min(first, key=lambda one: one.address)
        return wait(change, on=sooner.on, why=f"{why}; {sooner.why}", since=sooner.since)

    return decisions.instead_of_changes(map(hold, decisions.changes))


def in_safe_order(decisions: Decisions, context: PlanningContext) -> Decisions:
    """Every prefix of the changes keeps enough admins and fits the caps; what fits nowhere is held back."""
    counts = MembershipCounts.of(context)
    is_counted = "member" not in context.live.unmanaged and not context.live.reason_members_unread
    limits = counts.limits if is_counted else ()
    layout = lay_out(decisions.changes, context, counts)
    behind = (wait(change, on="another change", why="what it depends on is held back") for change in layout.behind)
    parked = (_settle_parked(one, counts) for one in layout.parked)
    decided = decisions.instead_of_changes([*layout.ordered, *parked, *behind])
    return replace(decided, limits=limits, waiting=tuple(_ask_safely(decided.waiting, context, counts)))


def _settle_parked(parked: Blocked, counts: MembershipCounts) -> Waiting | Blocked:
    """A change that the counts refuse waits for invited admins; where there are none, somebody must decide."""
    change, guard = parked.change, parked.guard
    if guard is Guard.CAP:
        return parked
    if guard is Guard.MIN_ADMINS and not counts.invited_admins:
        can_approve = counts.objection(change, is_agreed=True) is None
        return block(change, guard, f"{parked.message}; appoint another admin first", can_approve=can_approve)
    on = ", ".join(counts.invited_admins) or "an admin"
    return wait(change, on=on, why=f"{parked.message}; waiting for a new admin")


def _ask_safely(waiting: Iterable[Waiting], context: PlanningContext, counts: MembershipCounts) -> Iterator[Waiting]:
    """Ask admins to give up their rights only as long as enough others remain."""
    for item in sorted(waiting, key=lambda item: item.address):
        if item.action is not Action.GIVE_UP_ADMIN or item.on not in counts.active_admins:
            yield item
        elif counts.shortage_without(item.on, is_agreed=(item.address, item.action) in context.approvals):
            on = ", ".join(counts.invited_admins) or "a new admin"
            yield replace(item, on=on, why=f"{item.on} cannot give up admin rights before another admin is active")
        else:
            counts.let_go(item.on)
            yield item


STAGES: tuple[Stage, ...] = (
    without_founder,  # first, because an invitation that nobody needs must not count anywhere
    only_with_known_actor,  # before any guard: nobody may act while it is unknown who can
    requests_once,  # needs no order, and says whom the changes below may have to wait for
    guarded,  # before the budgets, or changes that are blocked anyway would count
    changes_once,  # after the guards: a blocked change withdraws its work order
    within_budgets,  # over what the guards left
    parents_first,  # after everything that holds back, because what hangs on it is held back with it
    groups_not_empty,  # looks at what is left to put into a group
    in_safe_order,  # last: counts admins and seats over exactly the changes that are made
)
"""In this order, for these reasons."""


def decide(decisions: Decisions, context: PlanningContext) -> Decisions:
    """Send the proposed steps of one organization through all stages; without any, only the last has to count."""
    for stage in STAGES if decisions.changes or decisions.waiting else STAGES[-1:]:
        decisions = stage(decisions, context)
    return decisions
