"""How many calls a run takes, and how long: from sizes alone, without calling anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Self

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

_LISTED = ("ad_account", "catalog", "lead_library")
"""Assets whose members the interface lists."""
_CALLS_PER_WRITE = 3
"""Look, write, look again: what a change takes of which nothing else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a Business Center is. Averages are of those that have any."""

    members: int
    invitations: int = 0
    ad_accounts: int = 0
    catalogs: int = 0
    lead_libraries: int = 0
    tiktok_accounts: int = 0
    pixels: int = 0
    shops: int = 0
    asset_groups: int = 0
    partners: int = 0
    members_per_asset: int = 20
    """People with access to one ad account, catalog or lead library."""

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """From how many resources of each kind there are; kinds that cost no call of their own do not count."""
        listed = [counts.get(kind, 0) for kind in _LISTED]
        grants = sum(counts.get(f"{kind}_access", 0) for kind in _LISTED)
        return cls(
            members=counts.get("member", 0),
            ad_accounts=counts.get("ad_account", 0),
            catalogs=counts.get("catalog", 0),
            lead_libraries=counts.get("lead_library", 0),
            tiktok_accounts=counts.get("tiktok_account", 0),
            pixels=counts.get("pixel", 0),
            shops=counts.get("shop", 0),
            asset_groups=counts.get("asset_group", 0),
            partners=counts.get("partner", 0),
            members_per_asset=ceil(grants / max(1, sum(listed))),
        )

    def of_kind(self, kind: str) -> int:
        """How many assets of a kind there are."""
        return int(getattr(self, _FIELDS[kind]))


_FIELDS = {
    "ad_account": "ad_accounts",
    "catalog": "catalogs",
    "lead_library": "lead_libraries",
    "tiktok_account": "tiktok_accounts",
    "pixel": "pixels",
    "shop": "shops",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run takes."""

    calls: int
    seconds: int


def estimate(sizes: Sizes, tier: Tier, *, changes: int = 0) -> Estimate:
    """Of one reading of everything, and of the given number of changes after it."""
    calls = estimate_reading(sizes) + changes * _CALLS_PER_WRITE
    return Estimate(calls=calls, seconds=seconds_for(calls, tier))


def seconds_for(calls: int, tier: Tier) -> int:
    """How long so many calls take at the pace of a tier, rounded up."""
    by_minute = calls / tier.calls_per_minute * 60 if calls > tier.calls_per_minute else 0
    return ceil(max(calls / tier.calls_per_second, by_minute))


def estimate_reading(sizes: Sizes) -> int:
    """Calls of one reading of everything."""
    itself = 2  # the Business Center, and whose token it is
    members = pages(MEMBERS, sizes.members + sizes.invitations)
    types = (
        sizes.ad_accounts,
        sizes.catalogs,
        sizes.lead_libraries,
        sizes.tiktok_accounts,
        sizes.pixels,
        sizes.shops,
    )
    assets = sum(pages(ASSETS, size) for size in types)
    listed = (sizes.ad_accounts, sizes.catalogs, sizes.lead_libraries)
    access = sum(_access(size, sizes) for size in listed)
    by_person = sum(sizes.members for size in (sizes.tiktok_accounts, sizes.pixels, sizes.shops) if size)
    uses = (sizes.tiktok_accounts + sizes.pixels) * pages(ACCOUNT_USERS, 1)
    groups = pages(GROUPS, sizes.asset_groups) + 2 * sizes.asset_groups
    partners = pages(PARTNERS, sizes.partners) + 3 * sizes.partners
    return itself + members + assets + access + by_person + uses + groups + partners


def _access(assets: int, sizes: Sizes) -> int:
    """The cheaper of both ways, chosen as the reading chooses."""
    if not assets:
        return 0
    if assets > sizes.members:
        grants = ceil(assets * sizes.members_per_asset / max(1, sizes.members))
        return sizes.members * pages(OWN_ASSETS, grants)
    return assets * pages(ASSET_MEMBERS, min(sizes.members, sizes.members_per_asset))


def pages(listing: Listing, rows: int) -> int:
    """Calls that a list of so many rows takes; an empty one takes one."""
    return max(1, ceil(rows / listing.page_size))
