"""Reading assets and asset groups, who and what has access to them, and what is shared with partners.

A group is ad accounts under one name, and the members who reach them through it. Lists may show what a role gives among
the direct access of a member. Whether they do is not documented: neither for admins of the Business Center nor for what
an asset group gives; where a member has a grant as well, the higher role is shown. So no list tells the one from the
other. Each row says which role might explain it, and only what stays after a grant was taken away is known to be given
by that role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import ceil

from reconciler.model import KINDS, PRESENCE, Address, Resource, Status, dataclass, role_in
from reconciler.providers.business_api.client import Row, text_of
from reconciler.providers.business_api.members import (
    ACCOUNT,
    Accounts,
    find_ambiguous_access,
    identify_accounts,
    owner_of,
)
from reconciler.providers.business_api.session import Asset, CenterPart, CenterSnapshot, Session
from reconciler.providers.business_api.vocabulary import (
    ACCOUNT_USERS,
    ASSET_MEMBERS,
    ASSET_STATUS,
    ASSETS,
    BY_KIND,
    GROUP_ASSETS,
    GROUP_MEMBERS,
    GROUP_ROLES,
    GROUPS,
    OWN_ASSETS,
    PARTNERS,
    PIXEL_USERS,
    SHARES,
    ApiError,
    AssetType,
    Listing,
)

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
            CenterPart.read(session.part("asset_group_asset", key), read_assets(key)),
            CenterPart.read(session.part("asset_group_access", key), read_members(key)),
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


_SHARED_TYPES = frozenset({"ADVERTISER", "CATALOG"})


def read_assets(session: Session, known: CenterSnapshot, asset_type: AssetType) -> CenterSnapshot:
    """All assets of one type, those included that partners share with us: it is disputed whether the list has them."""
    kind = asset_type.kind
    try:
        rows = session.list(ASSETS, asset_type=asset_type.word)
        if asset_type.word in _SHARED_TYPES and "partner" in session.kinds:
            known = _list_partners(session, known)
            listed = {text_of(row, "asset_id") for row in rows}
            rows += [
                row for row in _shared_with_us(session, known, asset_type) if text_of(row, "asset_id") not in listed
            ]
    except ApiError as error:
        others = {other: assets for other, assets in known.assets.items() if other != kind}
        return replace(known, assets=others).plus(CenterPart(unknown={session.part(kind): str(error)}))
    accounts = identify_accounts(session, rows) if kind == ACCOUNT else None
    found: list[Resource] = []
    assets: dict[str, Asset] = {}
    for row in rows:
        one = _asset(session, kind, row, accounts)
        found.append(one)
        assets[one.address.key] = Asset(
            key=one.address.key,
            id=text_of(row, "asset_id"),
            code=text_of(row, "pixel_code"),
            name=text_of(row, "asset_name"),
            is_held=one.status is Status.ACTIVE,
        )
    known = replace(
        known,
        assets={**known.assets, kind: assets},
        unnamed=known.unnamed if accounts is None else accounts.doubts,
    )
    return known.plus(_without_unnamed(session, known, kind, CenterPart.of(found)))


def _shared_with_us(session: Session, known: CenterSnapshot, asset_type: AssetType) -> list[Row]:
    """What partners let us use, each once."""
    lists = session.client.map(
        lambda partner: session.list(SHARES, partner_id=partner, asset_type=asset_type.word, share_type="SHARED"),
        known.partners or (),
    )
    return list({text_of(row, "asset_id"): row for rows in lists for row in rows}.values())


def _asset(session: Session, kind: str, row: Row, accounts: Accounts | None) -> Resource:
    number = text_of(row, "asset_id")
    if accounts is None:
        status = ASSET_STATUS.get(text_of(row, "relation_status"), Status.ACTIVE)
        address = session.address(kind, session.names.asset_key(kind, number))
        return Resource(address=address, status=status, identity=number)
    handle = accounts.handles.get(number, "")
    told = accounts.keys.get(number) or (number if number in accounts.doubts else handle or number)
    return Resource(
        address=session.address(kind, told.replace("/", "_")),
        # Under a key it keeps the handle that it is known by, although it may show another one now.
        identity=session.names.listed(kind).get(told) or handle or number,
        platform_id=number,
        name=handle or accounts.titles[number],
        # What the owner of a linked account has allowed is told elsewhere, and only where an ad account uses it.
        unread=("permissions",),
    )


def _without_unnamed(session: Session, known: CenterSnapshot, kind: str, part: CenterPart) -> CenterPart:
    """Say nothing of accounts that cannot be told apart, nor of what hangs on them, which is of another `kind`."""
    if not kind.startswith(ACCOUNT) or not known.unnamed:
        return part
    unnamed = {str(session.address(kind, key)): why for key, why in known.unnamed.items()}
    resources = {
        address: found
        for address, found in part.resources.items()
        if address.kind != kind or address.parts[0] not in known.unnamed
    }
    return CenterPart(resources=resources, unknown={**part.unknown, **unnamed})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWay:
    """How people's access to the assets of one type is read, and how many calls that takes."""

    by_person: bool
    each: int
    """Calls for one asset, or for one person."""
    calls: int


def choose_way(asset_type: AssetType, counts: Mapping[str, int]) -> ReadingWay:
    """The way that takes fewer calls; where the interface does not list the members of an asset there is only one."""
    assets, members = counts.get(asset_type.kind, 0), counts.get("member", 0)
    grants = counts.get(asset_type.access, 0)
    on_one = count_pages(ASSET_MEMBERS, min(members, ceil(grants / max(1, assets))))
    of_one = count_pages(OWN_ASSETS, min(assets, ceil(grants / max(1, members))))
    by_person = not asset_type.lists_members or members * of_one < assets * on_one
    each, many = (of_one, members if assets else 0) if by_person else (on_one, assets)
    return ReadingWay(by_person=by_person, each=each, calls=each * many)


def count_pages(listing: Listing, rows: int) -> int:
    """Calls that a list of so many rows takes; an empty one takes one."""
    return max(1, ceil(rows / listing.page_size))


def read_access(
    session: Session, known: CenterSnapshot, asset_type: AssetType, only: AbstractSet[tuple[str, str]] | None = None
) -> CenterSnapshot:
    """People's access to assets of one type; to all of them, or that of `only` these (asset, person).

    Asset by asset or person by person, whichever takes fewer calls as far as the declared access tells how long the
    lists are. A second look reads the same way as the first, because the two ways may differ. Nobody has access to what
    was only asked for, and the interface refuses to list the members of it.
    """
    kind, access = asset_type.kind, asset_type.access
    listed = known.assets.get(kind, {})
    assets = {key for key, asset in listed.items() if asset.is_held}
    if only is None:
        declared = sum(address.kind == access for address in session.names.roles)
        way = choose_way(asset_type, {"member": len(known.roster.members), kind: len(assets), access: declared})
        others = known.read_by_person - {access}
        known = replace(known, read_by_person=others | {access} if way.by_person else others)
    if access in known.read_by_person or not asset_type.lists_members:
        people = [seat.key for seat in known.roster.members] if only is None else {person for _, person in only}
        parts = _read_by_person(session, known, asset_type, sorted(people) if assets or only else [])
    else:
        wanted = assets if only is None else {asset for asset, _ in only} - (listed.keys() - assets)
        parts = _read_by_asset(session, known, asset_type, sorted(wanted))
    if kind == "ad_account":
        known = learn_group_roles(session, known)
    found = {
        address: replace(one, implied_by=find_role_for(known, asset_type, one))
        for part in parts
        for address, one in part.resources.items()
    }
    unknown = {prefix: why for part in parts for prefix, why in part.unknown.items()}
    unknown |= find_ambiguous_access(
        session, known.roster, access, assets if only is None else {asset for asset, _ in only}
    )
    return known.plus(_without_unnamed(session, known, access, CenterPart(resources=found, unknown=unknown)))


def _read_by_asset(
    session: Session, known: CenterSnapshot, asset_type: AssetType, keys: Iterable[str]
) -> list[CenterPart]:
    def read(key: str) -> Iterator[Resource]:
        number = known.asset_id(session, asset_type.kind, key)
        rows = session.list(ASSET_MEMBERS, asset_type=asset_type.word, asset_id=number)
        yield from _grants(session, known, asset_type, ((key, text_of(row, "user_id"), row) for row in rows))

    return session.client.map(lambda key: CenterPart.read(session.part(asset_type.access, key), read(key)), keys)


def _read_by_person(
    session: Session, known: CenterSnapshot, asset_type: AssetType, people: Iterable[str]
) -> list[CenterPart]:
    kind, access = asset_type.kind, asset_type.access
    keys = {asset.id: asset.key for asset in known.assets.get(kind, {}).values()}

    def read(person: str) -> CenterPart:
        user = known.roster.find_user_id(person)
        if not user:
            return CenterPart()
        try:
            rows = session.list(OWN_ASSETS, asset_type=asset_type.word, filtering={"user_id": user})
        except ApiError as error:
            # Nothing is known of this person's access to any asset of the type.
            every = {*known.assets.get(kind, {}), *session.names.listed(kind)}
            return CenterPart(unknown={str(session.address(access, key, person)): str(error) for key in every})
        numbered = ((text_of(row, "asset_id"), row) for row in rows)
        found = ((keys.get(number) or session.names.asset_key(kind, number), user, row) for number, row in numbered)
        return CenterPart.of(_grants(session, known, asset_type, found))

    return session.client.map(read, people)


def _grants(
    session: Session, known: CenterSnapshot, asset_type: AssetType, rows: Iterable[tuple[str, str, Row]]
) -> Iterator[Resource]:
    """Of assets, numbers and rows, those of people who are in a seat; whose the others are, is marked as unknown.

    Raises ApiError for somebody whom the member list does not have.
    """
    for asset, number, row in rows:
        person = owner_of(number, text_of(row, "user_email"), known.roster, ASSET_MEMBERS.endpoint)
        if person is not None:
            address = session.address(asset_type.access, asset, person)
            yield Resource(address=address, attributes=asset_type.attributes(row))


def read_uses(
    session: Session, known: CenterSnapshot, kind: str, only: AbstractSet[str] | None = None
) -> CenterSnapshot:
    """Which ad accounts may use assets of a `kind`; all of these assets, or `only` some."""
    assets = known.assets.get(kind, {})

    use = f"{kind}_use"

    def read(key: str) -> Iterator[Resource]:
        if kind == "pixel":
            rows = session.list(PIXEL_USERS, pixel_code=assets[key].code)
        else:
            rows = session.list(ACCOUNT_USERS, asset_id=assets[key].id, asset_type=BY_KIND[kind].word)
        for row in rows:
            ad_account = session.names.asset_key("ad_account", text_of(row, "advertiser_id"))
            yield Resource(address=session.address(use, key, ad_account))

    listed = {key for key, asset in assets.items() if asset.is_held} - known.unnamed.keys()
    wanted = sorted(listed if only is None else only & listed)
    parts = session.client.map(lambda key: CenterPart.read(session.part(use, key), read(key)), wanted)
    return known.plus(*parts, _without_unnamed(session, known, use, CenterPart()))


def _list_partners(session: Session, known: CenterSnapshot) -> CenterSnapshot:
    """The same with the ids of all partners, read once; raises ApiError."""
    if known.partners is not None:
        return known
    return replace(known, partners=tuple(text_of(row, "bc_id") for row in session.list(PARTNERS)))


def read_partners(session: Session, known: CenterSnapshot) -> CenterSnapshot:
    """All partners. The interface does not say since when, nor whether the other side has agreed."""
    known = replace(known, partners=None)
    try:
        known = _list_partners(session, known)
    except ApiError as error:
        return known.plus(CenterPart(unknown={session.part("partner"): str(error)}))

    def partner(number: str) -> Resource:
        return Resource(address=session.address("partner", session.names.asset_key("partner", number)), identity=number)

    return known.plus(CenterPart.of(map(partner, known.partners or ())))


def read_shares(
    session: Session, known: CenterSnapshot, kind: str, only: AbstractSet[str] | None = None
) -> CenterSnapshot:
    """Shares of a kind with all partners, or with `only` some (keys); those that no call lists as they were told."""
    if only is None and known.partners is None:
        return known.plus(CenterPart(unknown={session.part(kind): "the partners could not be read"}))
    known = _list_partners(session, known)
    keys = {session.names.asset_key("partner", number) for number in known.partners or ()}
    keys = keys if only is None else keys & only
    shared = KINDS[kind].parents[1]
    held = known.assets.get(shared)
    if KINDS[kind].is_told:
        told = (
            Resource(address=address, attributes=attributes, unread=(PRESENCE,))
            for address, attributes in session.scope.told.items()
            if address.kind == kind and address.parts[0] in keys and (held is None or address.parts[1] in held)
        )
        return known.plus(CenterPart.of(told))
    if only is None and kind != "partner_share" and not held:
        return known  # there is nothing that could be shared

    def read(partner: str) -> Iterator[Resource]:
        number = known.asset_id(session, "partner", partner)
        rows = session.list(SHARES, partner_id=number, asset_type=BY_KIND[shared].word, share_type="SHARING")
        for row in rows:
            asset = session.names.asset_key(shared, text_of(row, "asset_id"))
            yield Resource(address=session.address(kind, partner, asset), attributes=BY_KIND[shared].attributes(row))

    parts = session.client.map(lambda key: CenterPart.read(session.part(kind, key), read(key)), sorted(keys))
    return known.plus(*parts)
