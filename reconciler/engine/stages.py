"""From the next step for every difference to what a plan does: a list of stages, each of which holds something back.

The last stage lays changes out so that every prefix of the plan is safe.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from reconciler.engine.context import PlanningContext
from reconciler.engine.guards import block, hold_invitations, hold_mass_removal, judge, judge_request
from reconciler.engine.lifecycle import hold_app_owner, hold_until_ready, wait
from reconciler.engine.membership_counts import MembershipCounts, Turns, actor_for, founder_of
from reconciler.engine.orders import hold_asked
from reconciler.model import (
    INVITATIONS,
    KINDS,
    Action,
    Address,
    Blocked,
    Cause,
    Change,
    Guard,
    LeftOut,
    Limit,
    Shape,
    Waiting,
    dataclass,
    is_administrator,
    parents_of,
    person_in,
    role_in,
    takes_away,
)

_Seat = tuple[str, int, int, bool] | tuple[()]
_Rank = tuple[int, _Seat, tuple[str, ...], Address]
"""Place among changes that could all come next: how urgent, who has a claim to the seat where there are too few, in
which company, and at last by address."""


_LEFT = 0
"""How urgent it is to take everything from whoever has left."""
_PROMOTING = 2
"""How urgent it is to make somebody an admin, so that others need not be one any more."""
_GIVING = 5
"""How urgent it is to give access."""
_LOWERING = 9
"""Whoever is still declared goes on as an admin rather than somebody who is not, where one of them has to."""


def _lay_out(changes: Sequence[Change], context: PlanningContext, counts: MembershipCounts) -> list[Decision]:
    """The changes in order, always the same one, then what becomes of those that may come nowhere in this plan.

    `counts` ends up as after the last change.
    """
    by_address = {change.address: change for change in changes}
    predecessors = _predecessors(by_address)
    sorter = TopologicalSorter(predecessors)
    sorter.prepare()
    rank = _rank_changes(by_address, context, counts)
    ready: list[_Rank] = []
    waiting_for_room: list[_Rank] = []
    leavers: list[_Rank] = []  # the ones who have left, until it is known whether an approval lets them go
    has_moved = False
    ordered: list[Change] = []
    turns = Turns(context.orders.values())
    while sorter.is_active():
        for address in sorter.get_ready():
            heapq.heappush(ready, rank[address])
        if has_moved and not (ready and _makes_room(by_address[ready[0][-1]], counts)):
            ready += waiting_for_room
            heapq.heapify(ready)
            waiting_for_room.clear()
            leavers.clear()
            has_moved = False
        if not ready or (leavers and ready[0][0] > _PROMOTING):
            # Only now, because a promotion may have made an approval unnecessary.
            held = [by_address[address] for *_, address in sorted(leavers if ready else waiting_for_room)]
            leavers.clear()
            agreed = _next_agreed(held, context, counts, turns)
            if agreed is not None:
                by_address[agreed.address] = agreed
                waiting_for_room.remove(rank[agreed.address])
                heapq.heappush(ready, rank[agreed.address])
            elif not ready:
                break
        entry = heapq.heappop(ready)
        change = by_address[entry[-1]]
        actor = actor_for(change, context, counts, turns)
        if _find_obstacle(change, actor, counts) is not None:
            waiting_for_room.append(entry)
            if entry[0] == _LEFT:
                leavers.append(entry)
            continue
        counts.record(change, outcome=change.after)
        if change.action is Action.CREATE_ORGANIZATION:  # whoever creates it is in it at once
            counts.found(actor, context.wanted[context.member(actor)].attributes)
        ordered.append(replace(change, actor=actor, needs=tuple(sorted(predecessors[change.address]))))
        turns.take(actor, change.address)
        sorter.done(change.address)
        has_moved = has_moved or change.address.kind == "member"
    held = [by_address[address] for *_, address in sorted(waiting_for_room)]
    obstacles = ((change, _find_obstacle(change, actor_for(change, context, counts, turns), counts)) for change in held)
    parked = [_settle_parked(change, *obstacle, counts) for change, obstacle in obstacles if obstacle is not None]
    behind = by_address.keys() - {change.address for change in (*ordered, *held)}
    why = "what it depends on is held back"
    return [*ordered, *parked, *(wait(by_address[one], on="another change", why=why) for one in sorted(behind))]


def _rank_changes(
    by_address: Mapping[Address, Change], context: PlanningContext, counts: MembershipCounts
) -> dict[Address, _Rank]:
    newcomers = [change for change in by_address.values() if change.action in INVITATIONS]
    is_short = counts.lacks_room_for(newcomers)
    going = _groups_that_go(by_address, context)
    return {
        address: (
            going[address.parts[0]] if _goes_with_group(address, going) else _urgency(change, context),
            _claim(change, context) if is_short and change.action in INVITATIONS else (),
            _company(change, going),
            address,
        )
        for address, change in by_address.items()
    }


def _next_agreed(
    held: Iterable[Change], context: PlanningContext, counts: MembershipCounts, turns: Turns
) -> Change | None:
    """The first change that too few admins would be left after, and that somebody has approved all the same."""
    for change in held:
        if change.approval or change.step not in context.approvals:
            continue
        agreed = context.approvals[change.step].let_through(change)
        if _find_obstacle(agreed, actor_for(agreed, context, counts, turns), counts) is None:
            return agreed
    return None


def _makes_room(change: Change, counts: MembershipCounts) -> bool:
    """Whether a seat becomes free and no admin goes; admins are exchanged one by one."""
    return change.address.kind == "member" and change.after is None and change.address.key not in counts.active_admins


def _find_obstacle(change: Change, actor: str, counts: MembershipCounts) -> tuple[Guard, str] | None:
    """What keeps a change from coming at this point, and why."""
    objection = counts.objection(change, is_agreed=bool(change.approval))
    if objection is None and not actor:
        return Guard.NO_ADMIN, "there is no other active admin who could do it"
    return objection


def _predecessors(by_address: Mapping[Address, Change]) -> dict[Address, set[Address]]:
    """What must come first: what a change makes no sense without, and whatever hangs on a thing that goes."""
    found: dict[Address, set[Address]] = {address: set() for address in by_address}

    def goes(change: Change) -> bool:
        return change.after is None or change.action is Action.REMOVE_AND_INVITE

    for address, change in by_address.items():
        above = [by_address[parent] for parent in parents_of(address) if parent in by_address]
        if change.after is not None:
            found[address] |= {parent.address for parent in above if parent.after is not None}
        if goes(change):
            for parent in filter(goes, above):
                found[parent.address].add(address)
    return found


def _groups_that_go(by_address: Mapping[Address, Change], context: PlanningContext) -> dict[str, int]:
    """Asset groups that are deleted -> how urgent that is: whoever has left and is in one does not wait for others."""
    going = {address.key: _LOWERING for address, change in by_address.items() if change.action is Action.DELETE_GROUP}
    for address, change in by_address.items() if going else ():
        if _goes_with_group(address, going):
            going[address.parts[0]] = min(going[address.parts[0]], _urgency(change, context))
    return going


def _goes_with_group(address: Address, going: Container[str]) -> bool:
    return address.kind.startswith("asset_group") and address.parts[0] in going


def _claim(change: Change, context: PlanningContext) -> _Seat:
    """Whoever is named first in the manifest gets a seat first; of those in one line, employees before all others."""
    place = change.place
    person = context.people.get(change.address.key)
    is_employee = person is not None and person.employment == "employee"
    return (place.file, place.line, place.column, not is_employee) if place else ("", 0, 0, not is_employee)


def _company(change: Change, going: Container[str]) -> tuple[str, ...]:
    """What changes have in common that one call may carry out together; the kind comes first, as in an address.

    Whatever is in a group that goes (`going`) goes with it.
    """
    kind, parts = change.address.kind, change.address.parts
    if _goes_with_group(change.address, going):
        return "asset_group", parts[0]
    match change.action:
        case Action.INVITE:
            return kind, *(str(change.attributes.get(name, "")) for name in ("role", "finance"))
        case Action.CREATE_GROUP | Action.GRANT if kind.startswith("asset_group"):
            return "asset_group", parts[0]
        case Action.SHARE:
            return kind, parts[0], role_in(change.attributes)
    return (kind,)


def _urgency(change: Change, context: PlanningContext) -> int:
    """How early a change comes among those that could all come next; 0 is the earliest."""
    person = person_in(change.address)
    taking = takes_away(change, context.organization.system)
    if taking and person and context.has_left(person):
        return _LEFT
    shape = KINDS[change.address.kind].shape
    if taking:
        return {Shape.GRANT: 6, Shape.MEMBERSHIP: 8 if change.after is None else _LOWERING}.get(shape, 7)
    if shape is Shape.ORGANIZATION:
        return 1
    if change.action is Action.CREATE_GROUP:
        return _GIVING  # with what is put into it, because some systems make no empty group
    if change.action is Action.RENAME_GROUP:
        return _LOWERING  # it gives nobody anything, and some systems know a group by its name
    system = context.organization.system
    if change.action is Action.CHANGE_ROLE and is_administrator(system, "member", change.attributes):
        return _PROMOTING
    return {Shape.MEMBERSHIP: 3, Shape.ASSET: 4, Shape.GRANT: _GIVING}[shape]


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
    decided = decisions.instead_of_changes(_lay_out(decisions.changes, context, counts))
    return replace(decided, limits=limits, waiting=tuple(_ask_safely(decided.waiting, context, counts)))


def _settle_parked(change: Change, guard: Guard, message: str, counts: MembershipCounts) -> Waiting | Blocked:
    """A change that the counts refuse waits for invited admins; where there are none, somebody must decide."""
    if guard is Guard.CAP:
        return block(change, guard, message, can_approve=False)
    if guard is Guard.MIN_ADMINS and not counts.invited_admins:
        can_approve = counts.objection(change, is_agreed=True) is None
        return block(change, guard, f"{message}; appoint another admin first", can_approve=can_approve)
    on = ", ".join(counts.invited_admins) or "an admin"
    return wait(change, on=on, why=f"{message}; waiting for a new admin")


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
