"""Laying changes out so that every prefix is safe.

Two mechanisms, each alone too weak. A dependency graph says what must come before what for its own sake: a grant
after the thing it hangs on, and before nothing it would outlive. A count says whether a change may come at this
very point: enough active admins must remain, and caps must hold. Among the changes that both allow, the most urgent
goes first; one that the counts refuse is parked and tried again when the count has moved. What stays parked is
held back, together with all that depends on it.

Some systems take several changes in one call. Among equally urgent changes those that such a call could carry out
together stand next to each other: invitations with the same role, a group and what is put into it or goes with it,
shares of a partner.
For the same reason whatever waits for room waits until all seats are free that become free without touching an admin.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Mapping, Sequence
from dataclasses import field, replace
from graphlib import TopologicalSorter

from reconciler.engine.context import PlanningContext
from reconciler.engine.guards import with_approval
from reconciler.engine.membership_counts import MembershipCounts, Turns, actor_for
from reconciler.model.address import INVITATIONS, KINDS, Action, Address, Shape, parents_of, person_in
from reconciler.model.change import Blocked, Change, Guard, is_administrator, takes_away
from reconciler.model.resource import role_in
from reconciler.model.values import dataclass

_Seat = tuple[str, int, int, bool] | tuple[()]
_Rank = tuple[int, _Seat, tuple[str, ...], Address]
"""Place among changes that could all come next: how urgent, who has a claim to the seat where there are too few, in
which company, and at last by address."""


_GIVING = 5
"""How urgent it is to give access."""
_LOWERING = 9
"""Whoever is still declared goes on as an admin rather than somebody who is not, where one of them has to."""


@dataclass(slots=True)
class Layout:
    """Changes in order, and those left over."""

    ordered: list[Change] = field(default_factory=list)
    parked: list[Blocked] = field(default_factory=list)
    """Those that may not come anywhere in this plan, and what stops them."""
    behind: list[Change] = field(default_factory=list)
    """Changes whose predecessor is parked."""


def lay_out(changes: Sequence[Change], context: PlanningContext, counts: MembershipCounts) -> Layout:
    """Order the changes; the same changes always give the same order. `counts` ends up as after the last one."""
    by_address = {change.address: change for change in changes}
    predecessors = _predecessors(by_address)
    sorter = TopologicalSorter(predecessors)
    sorter.prepare()
    newcomers = [change for change in changes if change.action in INVITATIONS]
    is_short = counts.lacks_room_for(newcomers)
    going = _groups_that_go(by_address, context)
    rank: dict[Address, _Rank] = {
        address: (
            going[address.parts[0]] if _goes_with_group(address, going) else _urgency(change, context),
            _claim(change, context) if is_short and change.action in INVITATIONS else (),
            _company(change, going),
            address,
        )
        for address, change in by_address.items()
    }
    ready: list[_Rank] = []
    waiting_for_room: list[_Rank] = []
    has_moved = False
    layout = Layout()
    turns = Turns(context.orders.values())
    while sorter.is_active():
        for address in sorter.get_ready():
            heapq.heappush(ready, rank[address])
        if has_moved and not (ready and _makes_room(by_address[ready[0][-1]], counts)):
            for parked in waiting_for_room:
                heapq.heappush(ready, parked)
            waiting_for_room.clear()
            has_moved = False
        if not ready:
            # Only now, because a promotion may have made an approval unnecessary.
            agreed = _next_agreed(waiting_for_room, by_address, context, counts, turns)
            if agreed is None:
                break
            waiting_for_room.remove(agreed)
            approved = by_address[agreed[-1]]
            by_address[agreed[-1]] = with_approval(approved, context.approvals[approved.step])
            heapq.heappush(ready, agreed)
        entry = heapq.heappop(ready)
        change = by_address[entry[-1]]
        actor = actor_for(change, context, counts, turns)
        if _obstacle(change, actor, counts) is not None:
            waiting_for_room.append(entry)
            continue
        counts.record(change, outcome=change.after)
        if change.action is Action.CREATE_ORGANIZATION:  # whoever creates it is in it at once
            counts.found(actor, context.wanted[context.member(actor)].attributes)
        layout.ordered.append(replace(change, actor=actor, needs=tuple(sorted(predecessors[change.address]))))
        turns.take(actor, change.address)
        sorter.done(change.address)
        has_moved = has_moved or change.address.kind == "member"
    held = [by_address[address] for *_, address in sorted(waiting_for_room)]
    obstacles = [_obstacle(change, actor_for(change, context, counts, turns), counts) for change in held]
    layout.parked = list(filter(None, obstacles))
    placed = {change.address for change in (*layout.ordered, *held)}
    layout.behind = [by_address[address] for address in sorted(by_address.keys() - placed)]
    return layout


def _next_agreed(
    held: Sequence[_Rank],
    by_address: Mapping[Address, Change],
    context: PlanningContext,
    counts: MembershipCounts,
    turns: Turns,
) -> _Rank | None:
    """The first change that too few admins would be left after, and that somebody has approved all the same."""
    for entry in sorted(held):
        change = by_address[entry[-1]]
        if change.approval or change.step not in context.approvals:
            continue
        agreed = with_approval(change, context.approvals[change.step])
        if _obstacle(agreed, actor_for(agreed, context, counts, turns), counts) is None:
            return entry
    return None


def _makes_room(change: Change, counts: MembershipCounts) -> bool:
    """Whether a seat becomes free and no admin goes; admins are exchanged one by one."""
    return change.address.kind == "member" and change.after is None and change.address.key not in counts.active_admins


def _obstacle(change: Change, actor: str, counts: MembershipCounts) -> Blocked | None:
    """What keeps a change from coming at this point."""
    objection = counts.objection(change, is_agreed=bool(change.approval))
    if objection is None and not actor:
        objection = Guard.NO_ADMIN, "there is no other active admin who could do it"
    return None if objection is None else Blocked(change=change, guard=objection[0], message=objection[1])


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
        return 0
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
        return 2
    return {Shape.MEMBERSHIP: 3, Shape.ASSET: 4, Shape.GRANT: _GIVING}[shape]
