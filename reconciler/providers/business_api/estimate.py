"""How many calls a run takes, and how long: from sizes and changes alone, without calling anybody.

Changes that leave together are looked at and sent together. Each call that writes stands between two looks, and a look
asks what its changes hang on: a person, an account, a group. Addresses are taken to be masked, as most are; then every
person is searched for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, Action
from reconciler.model.resource import Status
from reconciler.providers.business_api.assets import choose_way, count_pages
from reconciler.providers.business_api.batches import count_together
from reconciler.providers.business_api.endpoints import ACCOUNT_USERS, ASSETS, GROUPS, MEMBERS, PARTNERS
from reconciler.providers.business_api.pace import Tier
from reconciler.providers.business_api.vocabulary import ASSET_TYPES, BY_ACCESS, BY_KIND, USED_KINDS, is_done_by_hand

CALLS_PER_WRITE = 3
"""Look, write, look again: what a change takes of which nothing else is known."""
_TWO_WRITES = frozenset({Action.REINVITE, Action.REMOVE_AND_INVITE})
_TRIES_A_SEARCH = 1
"""Whether a search finds masked members is tried once."""


def seconds_for(calls: int, tier: Tier) -> int:
    """How long so many calls take at the pace of a tier, rounded up."""
    by_minute = calls / tier.calls_per_minute * 60 if calls > tier.calls_per_minute else 0
    return ceil(max(calls / tier.calls_per_second, by_minute))


def estimate_reading(counts: Mapping[str, int]) -> int:
    """Calls of one reading of everything, from how many resources of each kind there are."""
    of = {**dict.fromkeys(KINDS, 0), **counts}
    itself = 2  # the Business Center, and whose token it is
    assets = sum(count_pages(ASSETS, of[one.kind]) + choose_way(one, counts).calls for one in ASSET_TYPES)
    uses = sum(of[kind] for kind in USED_KINDS) * count_pages(ACCOUNT_USERS, 1)
    uses += min(of["tiktok_account"], of["ad_account"], of["tiktok_account_use"])
    groups = count_pages(GROUPS, of["asset_group"]) + 2 * of["asset_group"]
    partners = count_pages(PARTNERS, of["partner"]) + (4 if of["catalog"] else 3) * of["partner"]
    return itself + count_pages(MEMBERS, of["member"]) + assets + uses + groups + partners


def estimate_writing(changes: Sequence[Change], counts: Mapping[str, int]) -> int:
    """Calls that carry out these changes, in this order, if nothing is refused or late."""
    calls = _TRIES_A_SEARCH * any(change.address.kind == "member" for change in changes)
    start = 0
    while start < len(changes):
        end = start + count_together(changes[start:])
        calls += _calls_of(changes[start:end], counts)
        start = end
    return calls


def _calls_of(group: Sequence[Change], counts: Mapping[str, int]) -> int:
    """Calls for changes that leave together."""
    first, look = group[0], _count_look(group, counts)
    if is_done_by_hand(first):
        return look
    if first.action is Action.FORGET:
        return 2 * look
    had_declined = first.action is Action.INVITE and first.before is not None and first.before.status is Status.DECLINED
    writes = 2 if first.action in _TWO_WRITES or had_declined else 1
    return look + writes * (1 + look)


def _count_look(group: Sequence[Change], counts: Mapping[str, int]) -> int:
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for change in group:
        wanted.setdefault(change.address.kind, set()).add(change.address.parts)
    return sum(_count_look_at(kind, parts, counts) for kind, parts in wanted.items())


def _count_look_at(kind: str, parts: set[tuple[str, ...]], counts: Mapping[str, int]) -> int:
    firsts = {key[0] for key in parts}
    if kind in BY_KIND:
        return count_pages(ASSETS, counts.get(kind, 0))
    if kind in BY_ACCESS:
        way = choose_way(BY_ACCESS[kind], counts)
        return len({key[way.by_person] for key in parts}) * way.each
    match kind:
        case "asset_group_asset" | "asset_group_access":
            return 1 + 2 * len(firsts)
        case "asset_group" | "partner" | "organization":
            return 1
    return 0 if KINDS[kind].is_told else len(firsts)
