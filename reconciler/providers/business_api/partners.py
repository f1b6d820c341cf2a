"""Reading partners and what is shared with them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from reconciler.core.resource import Resource
from reconciler.providers.business_api.center import Center, Seen, text_of
from reconciler.providers.business_api.endpoints import PARTNERS, SHARES
from reconciler.providers.business_api.vocabulary import BY_KIND


def list_partners(center: Center) -> tuple[str, ...]:
    """Ids of all partners, read once; raises ApiError."""
    if center.partners is None:
        center.partners = tuple(text_of(row, "bc_id") for row in center.list(PARTNERS))
    return center.partners


def read_partners(center: Center) -> Seen:
    """All partners. The interface does not say since when, nor whether the other side has agreed."""

    def rows() -> Iterator[Resource]:
        center.partners = None
        for number in list_partners(center):
            yield Resource(
                address=center.address("partner", center.asset_key("partner", number)),
                identity=number,
            )

    return center.seen_or_unknown(center.prefix("partner"), rows)


def read_shares(center: Center, only: AbstractSet[str] | None = None) -> Seen:
    """Ad accounts shared with partners; with all of them, or with `only` some (keys)."""
    if only is None:
        keys = [center.asset_key("partner", number) for number in center.partners or ()]
        seen = Seen() if center.partners is not None else Seen(unknown={center.prefix("partner_share"): _UNREAD})
        return seen.merge(center.client.map(lambda key: _read_shares_of(center, key), keys))
    known = {center.asset_key("partner", number) for number in list_partners(center)}
    return Seen().merge(center.client.map(lambda key: _read_shares_of(center, key), sorted(only & known)))


_UNREAD = "the partners could not be read"


def _read_shares_of(center: Center, partner: str) -> Seen:
    role = BY_KIND["ad_account"]

    def rows() -> Iterator[Resource]:
        found = center.list(
            SHARES, partner_id=center.asset_id("partner", partner), asset_type=role.word, share_type="SHARING"
        )
        for row in found:
            ad_account = center.asset_key("ad_account", text_of(row, "asset_id"))
            yield Resource(
                address=center.address("partner_share", partner, ad_account), attributes=role.attributes(row)
            )

    return center.seen_or_unknown(center.prefix("partner_share", partner), rows)
