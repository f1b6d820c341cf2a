"""What the interface shows besides what manifests name: Business Centers, and the names of people and things."""

from __future__ import annotations

from reconciler.model.address import Address
from reconciler.model.errors import ProviderError
from reconciler.model.ports import FoundOrganization
from reconciler.providers.business_api.abilities import SYSTEM
from reconciler.providers.business_api.center import Center, text_of
from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.endpoints import CENTERS
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.paging import read_list


def list_centers(client: Client) -> tuple[FoundOrganization, ...]:
    """Those that the owner of the token administers; of others nothing could be read. Raises ProviderError."""
    try:
        rows = read_list(client, CENTERS, {})
    except ApiError as error:
        advice = "" if error.code else "look at the network and at `base_url`; nothing was written"
        raise ProviderError(str(error), advice=advice) from error
    centers = [row["bc_info"] for row in rows if row.get("bc_info") and text_of(row, "user_role") == "ADMIN"]
    return tuple(
        FoundOrganization(system=SYSTEM, identity=text_of(info, "bc_id"), name=text_of(info, "name"))
        for info in centers
    )


def names_in(center: Center) -> dict[Address, str]:
    """Address -> name of the members and assets that were read."""
    named = {center.address("member", seat.key): seat.name for seat in center.roster.seats.values()}
    for kind, assets in center.assets.items():
        named |= {center.address(kind, key): asset.name for key, asset in assets.items()}
    return {address: name for address, name in named.items() if name}
