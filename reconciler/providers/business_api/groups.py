"""Reading asset groups, and telling access that a role gives from access that somebody was granted.

A group is ad accounts under one name, and the members who reach them through it. Lists may show what a role gives among
the direct access of a member. Whether they do is not documented: neither for admins of the Business Center nor for what
an asset group gives; where a member has a grant as well, the higher role is shown. So no list tells the one from the
other. Each row says which role might explain it, and only what stays after a grant was taken away is known to be given
by that role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from reconciler.model.address import Address
from reconciler.model.resource import Resource, Status, role_in
from reconciler.providers.business_api.endpoints import GROUP_ASSETS, GROUP_MEMBERS, GROUPS
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.members import find_ambiguous_access, owner_of
from reconciler.providers.business_api.paging import text_of
from reconciler.providers.business_api.session import CenterPart, CenterSnapshot, Session
from reconciler.providers.business_api.vocabulary import GROUP_ROLES, AssetType

_ROLES = {word: role for role, word in GROUP_ROLES.items()}
_KINDS = ("asset_group", "asset_group_asset", "asset_group_access")


def read_groups(session: Session, known: CenterSnapshot) -> CenterSnapshot:
    """All groups. A group is found by its id or by its name; of two with one name the second goes by its id."""
    try:
        rows = session.list(GROUPS)
    except ApiError as error:
        return known.plus(CenterPart(unknown=dict.fromkeys(map(session.part, _KINDS), str(error))))
    names = session.names
    groups: dict[str, str] = {}
    found: list[Resource] = []
    for row in sorted(rows, key=lambda row: text_of(row, "asset_group_id")):
        number, name = text_of(row, "asset_group_id"), text_of(row, "asset_group_name")
        key = names.find_asset("asset_group", number) or names.find_asset("asset_group", name) or name
        key = number if key in groups or "/" in key else key
        groups[key] = number
        attributes = {"called": name} if key in names.group_names else {}
        found.append(Resource(address=session.address("asset_group", key), identity=number, attributes=attributes))
    return replace(known, groups=groups).plus(CenterPart.of(found))


def read_group_contents(
    session: Session, known: CenterSnapshot, only: AbstractSet[str] | None = None
) -> CenterSnapshot:
    """What is in all groups, or in `only` some, and who reaches it."""

    def read_assets(key: str) -> Iterator[Resource]:
        for row in session.list(GROUP_ASSETS, asset_group_id=known.groups[key], query_entity="ASSET"):
            ad_account = session.names.asset_key("ad_account", text_of(row, "asset_id"))
            yield Resource(address=session.address("asset_group_asset", key, ad_account))

    def read_members(key: str) -> Iterator[Resource]:
        for row in session.list(GROUP_MEMBERS, asset_group_id=known.groups[key], query_entity="MEMBER"):
            person = owner_of(
                text_of(row, "member_id"), text_of(row, "user_email"), known.roster, GROUP_MEMBERS.endpoint
            )
            roles = row.get("asset_roles")
            word = text_of(roles, "ADVERTISER") if isinstance(roles, dict) else ""
            if person is not None:
                address = session.address("asset_group_access", key, person)
                yield Resource(address=address, attributes={"role": _ROLES.get(word, word.lower())} if word else {})

    def read(key: str) -> tuple[CenterPart, CenterPart]:
        return (
            CenterPart.read(session.part("asset_group_asset", key), lambda: read_assets(key)),
            CenterPart.read(session.part("asset_group_access", key), lambda: read_members(key)),
        )

    wanted = sorted(known.groups if only is None else only & known.groups.keys())
    parts = [part for pair in session.client.map(read, wanted) for part in pair]
    if only is None:
        known = replace(
            known, group_roles=_find_roles({at: one for part in parts for at, one in part.resources.items()})
        )
    ambiguous = find_ambiguous_access(session, known.roster, "asset_group_access", wanted)
    return known.plus(*parts, CenterPart(unknown=ambiguous))


def _find_roles(resources: Mapping[Address, Resource]) -> dict[tuple[str, str], tuple[str, str]]:
    """What the groups give to whom; in several groups the highest role counts, and of equal ones the first group."""
    assets: dict[str, list[str]] = {}
    for address in resources:
        if address.kind == "asset_group_asset":
            assets.setdefault(address.parts[0], []).append(address.parts[1])
    order = list(GROUP_ROLES)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for address, resource in resources.items():
        role = role_in(resource.attributes)
        for asset in assets.get(address.parts[0], ()) if address.kind == "asset_group_access" and role in order else ():
            pair = asset, address.parts[1]
            given = role, address.parts[0]
            found[pair] = min(given, found.get(pair, given), key=lambda one: (order.index(one[0]), one[1]))
    return found


def learn_group_roles(session: Session, known: CenterSnapshot) -> CenterSnapshot:
    """The same, with what groups give, which explains access to ad accounts also where nobody manages groups."""
    if known.group_roles is not None:
        return known
    read = read_group_contents(session, read_groups(session, known))
    return replace(known, groups=read.groups, group_roles=read.group_roles)


def find_role_for(known: CenterSnapshot, asset_type: AssetType, found: Resource) -> str:
    """Which role may give this access without a grant; empty where none does.

    An admin may have whatever is shown, so it is part of the role: something else is not explained by it any more.
    What a group gives is known, so all up to that is explained by the group.
    """
    asset, person = found.address.parts
    seat = known.roster.seats.get(person)
    if seat is not None and seat.status is Status.ACTIVE and seat.attributes.get("role") == "admin":
        words = [word if isinstance(word, str) else "/".join(word) for word in found.attributes.values()]
        return f"the role admin in the Business Center ({', '.join(words) or 'access'})"
    given = (known.group_roles or {}).get((asset, person)) if asset_type.kind == "ad_account" else None
    if given and asset_type.covers({"role": given[0]}, found.attributes):
        return f"asset group {given[1]}"
    return ""
