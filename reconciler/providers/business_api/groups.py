"""Reading asset groups: ad accounts under one name, and the members who reach them through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from reconciler.model.resource import Resource
from reconciler.providers.business_api.center import Center, Seen, text_of
from reconciler.providers.business_api.endpoints import GROUP_ASSETS, GROUP_MEMBERS, GROUPS
from reconciler.providers.business_api.members import hide_ambiguous
from reconciler.providers.business_api.rows import Row
from reconciler.providers.business_api.vocabulary import GROUP_ROLES

_ROLES = {word: role for role, word in GROUP_ROLES.items()}
_KINDS = ("asset_group", "asset_group_asset", "asset_group_access")


def read_groups(center: Center) -> Seen:
    """All groups. A group is found by its id or by its name; of two with one name the second goes by its id."""

    def rows() -> Iterator[Resource]:
        listed: dict[str, str] = {}
        for row in sorted(center.list(GROUPS), key=lambda row: text_of(row, "asset_group_id")):
            number, name = text_of(row, "asset_group_id"), text_of(row, "asset_group_name")
            key = center.names.find_asset("asset_group", number) or center.names.find_asset("asset_group", name) or name
            key = number if key in listed or "/" in key else key
            listed[key] = number
            attributes = {"called": name} if key in center.names.group_names else {}
            yield Resource(address=center.address("asset_group", key), identity=number, attributes=attributes)
        center.groups = listed

    seen = center.seen_or_unknown(center.prefix("asset_group"), rows)
    for kind in _KINDS[1:] if seen.unknown else ():
        seen.unknown[center.prefix(kind)] = seen.unknown[center.prefix("asset_group")]
    return seen


def read_group_contents(center: Center, only: AbstractSet[str] | None = None) -> Seen:
    """What is in all groups, or in `only` some, and who reaches it."""
    wanted = sorted(center.groups if only is None else only & center.groups.keys())
    seen = Seen().merge(center.client.map(lambda key: _read_contents_of(center, key), wanted))
    hide_ambiguous(center, "asset_group_access", wanted, seen)
    if only is None:
        center.group_roles = _find_roles(seen)
    return seen


def _find_roles(seen: Seen) -> dict[tuple[str, str], tuple[str, str]]:
    """What the groups give to whom; in several groups the highest role counts, and of equal ones the first group."""
    assets: dict[str, list[str]] = {}
    for address in seen.resources:
        if address.kind == "asset_group_asset":
            assets.setdefault(address.parts[0], []).append(address.parts[1])
    order = list(GROUP_ROLES)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for address, resource in seen.resources.items():
        role = str(resource.attributes.get("role", ""))
        for asset in assets.get(address.parts[0], ()) if address.kind == "asset_group_access" and role in order else ():
            pair = asset, address.parts[1]
            given = role, address.parts[0]
            found[pair] = min(given, found.get(pair, given), key=lambda one: (order.index(one[0]), one[1]))
    return found


def _read_contents_of(center: Center, key: str) -> Seen:
    number = center.groups[key]

    def assets() -> Iterator[Resource]:
        for row in center.list(GROUP_ASSETS, asset_group_id=number, query_entity="ASSET"):
            ad_account = center.asset_key("ad_account", text_of(row, "asset_id"))
            yield Resource(address=center.address("asset_group_asset", key, ad_account))

    def members() -> Iterator[Resource]:
        for row in center.list(GROUP_MEMBERS, asset_group_id=number, query_entity="MEMBER"):
            person = center.roster.people.get(text_of(row, "member_id"))
            if person is not None:
                yield Resource(address=center.address("asset_group_access", key, person), attributes=_role(row))

    return Seen().merge(
        (
            center.seen_or_unknown(center.prefix("asset_group_asset", key), assets),
            center.seen_or_unknown(center.prefix("asset_group_access", key), members),
        )
    )


def _role(row: Row) -> Mapping[str, str]:
    roles = row.get("asset_roles")
    word = text_of(roles, "ADVERTISER") if isinstance(roles, dict) else ""
    return {"role": _ROLES.get(word, word.lower())} if word else {}
