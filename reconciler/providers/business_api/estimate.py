"""How many calls a run takes, and how long: from sizes alone, without calling anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from reconciler.model.kinds import KINDS
from reconciler.providers.business_api.endpoints import (
    ACCOUNT_USERS,
    ASSET_MEMBERS,
    ASSETS,
    GROUPS,
    MEMBERS,
    OWN_ASSETS,
    PARTNERS,
    Listing,
)
from reconciler.providers.business_api.tiers import Tier
from reconciler.providers.business_api.vocabulary import ASSET_TYPES, USED_KINDS, AssetType

_CALLS_PER_WRITE = 3
"""Look, write, look again: what a change takes of which nothing else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run takes."""

    calls: int
    seconds: int


def estimate(counts: Mapping[str, int], tier: Tier, *, changes: int = 0) -> Estimate:
    """Of one reading of everything, and of the given number of changes after it."""
    calls = estimate_reading(counts) + changes * _CALLS_PER_WRITE
    return Estimate(calls=calls, seconds=seconds_for(calls, tier))


def seconds_for(calls: int, tier: Tier) -> int:
    """How long so many calls take at the pace of a tier, rounded up."""
    by_minute = calls / tier.calls_per_minute * 60 if calls > tier.calls_per_minute else 0
    return ceil(max(calls / tier.calls_per_second, by_minute))


def estimate_reading(counts: Mapping[str, int]) -> int:
    """Calls of one reading of everything, from how many resources of each kind there are."""
    of = {**dict.fromkeys(KINDS, 0), **counts}
    itself = 2  # the Business Center, and whose token it is
    assets = sum(pages(ASSETS, of[one.kind]) + access_to(one, counts).calls for one in ASSET_TYPES)
    uses = sum(of[kind] for kind in USED_KINDS) * pages(ACCOUNT_USERS, 1)
    uses += min(of["tiktok_account"], of["ad_account"], of["tiktok_account_use"])
    groups = pages(GROUPS, of["asset_group"]) + 2 * of["asset_group"]
    partners = pages(PARTNERS, of["partner"]) + (4 if of["catalog"] else 3) * of["partner"]
    return itself + pages(MEMBERS, of["member"]) + assets + uses + groups + partners


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWay:
    """How people's access to the assets of one type is read, and how many calls that takes."""

    by_person: bool
    each: int
    """Calls for one asset, or for one person."""
    calls: int


def access_to(asset_type: AssetType, counts: Mapping[str, int]) -> ReadingWay:
    """The way that takes fewer calls; where the interface does not list the members of an asset there is only one."""
    assets, members = counts.get(asset_type.kind, 0), counts.get("member", 0)
    grants = counts.get(asset_type.access, 0)
    on_one = pages(ASSET_MEMBERS, min(members, ceil(grants / max(1, assets))))
    of_one = pages(OWN_ASSETS, min(assets, ceil(grants / max(1, members))))
    by_person = not asset_type.lists_members or members * of_one < assets * on_one
    each, many = (of_one, members if assets else 0) if by_person else (on_one, assets)
    return ReadingWay(by_person=by_person, each=each, calls=each * many)


def pages(listing: Listing, rows: int) -> int:
    """Calls that a list of so many rows takes; an empty one takes one."""
    return max(1, ceil(rows / listing.page_size))
