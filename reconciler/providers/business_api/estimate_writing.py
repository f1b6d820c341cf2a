"""How many calls the changes of a plan take: those that leave together are looked at and sent together.

Each call that writes stands between two looks, and a look asks what its changes hang on: a person, an account, a group.
Addresses are taken to be masked, as most are; then every person is searched for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, Action
from reconciler.model.resource import Status
from reconciler.providers.business_api.abilities import takes_a_person
from reconciler.providers.business_api.batching import count_together
from reconciler.providers.business_api.endpoints import ASSETS
from reconciler.providers.business_api.estimate import access_to, pages
from reconciler.providers.business_api.vocabulary import BY_ACCESS, BY_KIND

_TWO_WRITES = frozenset({Action.REINVITE, Action.REMOVE_AND_INVITE})
_TRIES_A_SEARCH = 1
"""Whether a search finds masked members is tried once."""


def estimate_writing(changes: Sequence[Change], counts: Mapping[str, int]) -> int:
    """Calls that carry out these changes, in this order, if nothing is refused or late."""
    searches = any(change.address.kind == "member" for change in changes)
    return _TRIES_A_SEARCH * searches + sum(_calls_of(group, counts) for group in _together(changes))


def _together(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    start = 0
    while start < len(changes):
        end = start + count_together(changes[start:])
        yield changes[start:end]
        start = end


def _calls_of(group: Sequence[Change], counts: Mapping[str, int]) -> int:
    first, look = group[0], _look(group, counts)
    if takes_a_person(first):
        return look
    if first.action is Action.FORGET:
        return 2 * look
    had_declined = first.action is Action.INVITE and first.before is not None and first.before.status is Status.DECLINED
    writes = 2 if first.action in _TWO_WRITES or had_declined else 1
    return look + writes * (1 + look)


def _look(group: Sequence[Change], counts: Mapping[str, int]) -> int:
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for change in group:
        wanted.setdefault(change.address.kind, set()).add(change.address.parts)
    return sum(_look_at(kind, parts, counts) for kind, parts in wanted.items())


def _look_at(kind: str, parts: set[tuple[str, ...]], counts: Mapping[str, int]) -> int:
    firsts = {key[0] for key in parts}
    if kind in BY_KIND:
        return pages(ASSETS, counts.get(kind, 0))
    if kind in BY_ACCESS:
        return _look_at_access(kind, parts, counts)
    match kind:
        case "asset_group_asset" | "asset_group_access":
            return 1 + 2 * len(firsts)
        case "asset_group" | "partner" | "organization":
            return 1
    return 0 if KINDS[kind].is_told else len(firsts)


def _look_at_access(kind: str, parts: set[tuple[str, ...]], counts: Mapping[str, int]) -> int:
    way = access_to(BY_ACCESS[kind], counts)
    return len({key[way.by_person] for key in parts}) * way.each
