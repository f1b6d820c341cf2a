"""Groups that nothing or nobody would be in.

A Business Center creates an asset group together with its first ad account and its first member, and in no other way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.change import Change, Waiting
from reconciler.core.kinds import Action
from reconciler.core.planning.readiness import wait

_FIRST = {"asset_group_asset": "ad account", "asset_group_access": "member"}
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
