"""Access that a role gives without any grant, where lists may show it among the direct access of a member.

Whether they do is not documented: neither for admins of the Business Center nor for what an asset group gives; where
a member has a grant as well, the higher role is shown. So no list tells the one from the other. Each row says which
role might explain it, and only what stays after a grant was taken away is known to be given by that role.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.resource import Resource, Status
from reconciler.providers.business_api.center import Center, Seen
from reconciler.providers.business_api.groups import read_group_contents, read_groups
from reconciler.providers.business_api.vocabulary import AssetType


def name_roles(center: Center, asset_type: AssetType, seen: Seen) -> None:
    """Say of all access to assets of a type which role may give it without a grant."""
    if asset_type.kind == "ad_account" and center.group_roles is None:
        read_groups(center)
        read_group_contents(center)
    for address, found in seen.resources.items():
        if address.kind == asset_type.access:
            seen.resources[address] = replace(found, implied_by=_role_for(center, asset_type, found))


def _role_for(center: Center, asset_type: AssetType, found: Resource) -> str:
    """An admin may have whatever is shown, so it is part of the role: something else is not explained by it any more.

    What a group gives is known, so all up to that is explained by the group.
    """
    asset, person = found.address.parts
    seat = center.roster.seats.get(person)
    if seat is not None and seat.status is Status.ACTIVE and seat.attributes.get("role") == "admin":
        return f"the role admin in the Business Center ({_say(found)})"
    given = (center.group_roles or {}).get((asset, person)) if asset_type.kind == "ad_account" else None
    if given and asset_type.covers({"role": given[0]}, found.attributes):
        return f"asset group {given[1]}"
    return ""


def _say(found: Resource) -> str:
    words = [word if isinstance(word, str) else "/".join(word) for word in found.attributes.values()]
    return ", ".join(words) or "access"
