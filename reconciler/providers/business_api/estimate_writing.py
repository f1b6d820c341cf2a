"""How many calls the changes of a plan take: those that leave together are looked at and sent together.

Each call that writes stands between two looks, and a look asks what its changes hang on: a person, an account, a group.
Addresses are taken to be masked, as most are; then every person is searched for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from reconciler.core.change import Change
from reconciler.core.kinds import Action
from reconciler.core.resource import Status
from reconciler.providers.business_api.abilities import takes_a_person
from reconciler.providers.business_api.batching import count_together
from reconciler.providers.business_api.endpoints import ASSET_MEMBERS, ASSETS, OWN_ASSETS
from reconciler.providers.business_api.estimate import Sizes, pages
from reconciler.providers.business_api.vocabulary import BY_ACCESS, BY_KIND

_TWO_WRITES = frozenset({Action.REINVITE, Action.REMOVE_AND_INVITE})
_TRIES_A_SEARCH = 1
"""Whether a search finds masked members is tried once."""


def estimate_writing(changes: Sequence[Change], sizes: Sizes) -> int:
    """Calls that carry out these changes, in this order, if nothing is refused or late."""
    searches = any(change.address.kind == "member" for change in changes)
    return _TRIES_A_SEARCH * searches + sum(_calls_of(group, sizes) for group in _together(changes))


def _together(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    start = 0
    while start < len(changes):
        end = start + count_together(changes[start:])
        yield changes[start:end]
        start = end


def _calls_of(group: Sequence[Change], sizes: Sizes) -> int:
    first, look = group[0], _look(group, sizes)
    if takes_a_person(first):
        return look
    if first.action is Action.FORGET:
        return 2 * look
    had_declined = first.action is Action.INVITE and first.before is not None and first.before.status is Status.DECLINED
    writes = 2 if first.action in _TWO_WRITES or had_declined else 1
    return look + writes * (1 + look)


def _look(group: Sequence[Change], sizes: Sizes) -> int:
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for change in group:
        wanted.setdefault(change.address.kind, set()).add(change.address.parts)
    return sum(_look_at(kind, parts, sizes) for kind, parts in wanted.items())


def _look_at(kind: str, parts: set[tuple[str, ...]], sizes: Sizes) -> int:
    firsts = {key[0] for key in parts}
    if kind in BY_KIND:
        return pages(ASSETS, sizes.of_kind(kind))
    if kind in BY_ACCESS:
        return _look_at_access(kind, parts, sizes)
    match kind:
        case "asset_group_asset" | "asset_group_access":
            return 1 + 2 * len(firsts)
        case "asset_group" | "partner" | "organization":
            return 1
    return len(firsts)


def _look_at_access(kind: str, parts: set[tuple[str, ...]], sizes: Sizes) -> int:
    asset_type = BY_ACCESS[kind]
    assets = sizes.of_kind(asset_type.kind)
    if asset_type.lists_members and assets <= sizes.members:
        return len({key[0] for key in parts}) * pages(ASSET_MEMBERS, min(sizes.members, sizes.members_per_asset))
    held = ceil(assets * sizes.members_per_asset / max(1, sizes.members)) if asset_type.lists_members else 1
    return len({key[1] for key in parts}) * pages(OWN_ASSETS, held)
