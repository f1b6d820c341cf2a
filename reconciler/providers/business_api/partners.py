"""Reading partners and what is shared with them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from reconciler.model.address import Address
from reconciler.model.kinds import KINDS
from reconciler.model.resource import PRESENCE, Attributes, Resource
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


def read_shares(center: Center, kind: str, only: AbstractSet[str] | None = None) -> Seen:
    """Shares of a kind with all partners, or with `only` some (keys); those that no call lists as they were told."""
    if only is None and center.partners is None:
        return Seen(unknown={center.prefix(kind): "the partners could not be read"})
    keys = {center.asset_key("partner", number) for number in list_partners(center)}
    keys = keys if only is None else keys & only
    shared = KINDS[kind].parents[1]
    if KINDS[kind].is_told:
        found = (_as_told(at, said) for at, said in center.told.items() if at.kind == kind and at.parts[0] in keys)
        held = center.assets.get(shared)
        return Seen(resources={one.address: one for one in found if held is None or one.address.parts[1] in held})
    if only is None and kind != "partner_share" and not center.assets.get(shared):
        return Seen()  # there is nothing that could be shared
    return Seen().merge(center.client.map(lambda key: _read_shares_of(center, kind, key), sorted(keys)))


def _as_told(address: Address, attributes: Attributes) -> Resource:
    return Resource(address=address, attributes=attributes, unread=(PRESENCE,))


def _read_shares_of(center: Center, kind: str, partner: str) -> Seen:
    shared = BY_KIND[KINDS[kind].parents[1]]

    def rows() -> Iterator[Resource]:
        found = center.list(
            SHARES, partner_id=center.asset_id("partner", partner), asset_type=shared.word, share_type="SHARING"
        )
        for row in found:
            asset = center.asset_key(shared.kind, text_of(row, "asset_id"))
            yield Resource(address=center.address(kind, partner, asset), attributes=shared.attributes(row))

    return center.seen_or_unknown(center.prefix(kind, partner), rows)
