"""Asset groups, which come and go together with what is in them.

A Business Center creates a group together with its first ad account and its first member, and in no other way. Deleting
one takes along whatever is in it, whoever put it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.engine.context import PlanningContext
from reconciler.engine.lifecycle import leave
from reconciler.engine.readiness import wait
from reconciler.engine.targets import Targets
from reconciler.model.address import Address
from reconciler.model.change import Cause, Change, LeftOut, Waiting
from reconciler.model.kinds import Action

_FIRST = {"asset_group_asset": "ad account", "asset_group_access": "member"}
_GROUPED = ("asset_group", *_FIRST)
_WHY = "a group is created with its first ad account and its first member"


def hold_empty_groups(changes: Sequence[Change], waiting: Sequence[Waiting]) -> Iterator[Change | Waiting]:
    """Each change, but for groups that lack something in this plan, and what would be put into them."""
    coming = {_place(change) for change in changes if change.after is not None}
    held = {
        change.address.key
        for change in changes
        if change.action is Action.CREATE_GROUP and not coming.issuperset(_needs(change))
    }
    for change in changes:
        group = change.address.parts[0]
        if group in held and change.action is Action.CREATE_GROUP:
            kind = next(kind for kind, _ in _needs(change) if (kind, group) not in coming)
            yield _wait_for(change, kind, [item for item in waiting if _place(item) == (kind, group)])
        elif group in held and change.address.kind in _FIRST:
            name = f"asset group {group}"
            yield wait(change, on=name, why=f"{name} is held back in this plan")
        else:
            yield change


def with_groups_whole(
    steps: Sequence[Change | Waiting], situation: PlanningContext, targets: Targets
) -> Iterator[Change | Waiting | LeftOut]:
    """Each step, and all that a group that goes would take along, so that it is shown and counted.

    A group stays while what is in it could not be read, or is excluded from the plan.
    """
    going = {step.address.key: step for step in steps if step.action is Action.DELETE_GROUP}
    known = {step.address for step in steps}
    losses: list[Change | None] = []
    kept: dict[str, Address] = {}
    for address, found in situation.live.resources.items() if going else ():
        if address.kind in _FIRST and address.parts[0] in going and address not in known:
            losses.append(leave(found, situation))
            if targets.exclude and not replace(targets, include=()).covers(address):
                kept.setdefault(address.parts[0], address)
    for step in (*steps, *filter(None, losses)):
        group = step.address.parts[0] if step.address.kind in _GROUPED else ""
        unread = _find_unread(group, situation) if group in going else ""
        if unread and step.address == going[group].address:
            yield LeftOut(address=step.address, cause=Cause.UNREAD, reason=f"what is in it could not be read: {unread}")
        elif isinstance(step, Change) and group in kept and step.address == going[group].address:
            why = f"{kept[group]} would go with it and is excluded from this plan"
            yield wait(step, on="a plan without the exclusion", why=why)
        elif step.address in known or not (unread or group in kept):
            yield step


def _find_unread(group: str, situation: PlanningContext) -> str:
    """Why it is not known what is in a group; empty where it is."""
    prefixes = [f"{situation.organization.key}/{kind}/{end}" for kind in _FIRST for end in ("", f"{group}/")]
    return next((why for prefix in prefixes if (why := situation.live.unknown.get(prefix))), "")


def _needs(change: Change) -> list[tuple[str, str]]:
    return [(kind, change.address.key) for kind in _FIRST]


def _place(change: Change | Waiting) -> tuple[str, str]:
    return change.address.kind, change.address.parts[0]


def _wait_for(change: Change, kind: str, first: Sequence[Waiting]) -> Waiting:
    """On whom the first thing waits that would go in."""
    if not first:
        thing = _FIRST[kind]
        return wait(change, on=f"the first {thing}", why=f"{_WHY}, and this plan has no {thing} for it")
    sooner = min(first, key=lambda item: item.address)
    return wait(change, on=sooner.on, why=f"{_WHY}; {sooner.why}", since=sooner.since)
