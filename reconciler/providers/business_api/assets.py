"""Reading assets, and who and what has access to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from reconciler.model.resource import Resource, Status
from reconciler.providers.business_api.accounts import ACCOUNT, Accounts, tell_apart
from reconciler.providers.business_api.center import Asset, Center, Seen, text_of
from reconciler.providers.business_api.endpoints import (
    ACCOUNT_USERS,
    ASSET_MEMBERS,
    ASSETS,
    OWN_ASSETS,
    PIXEL_USERS,
    SHARES,
)
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.estimate import access_to
from reconciler.providers.business_api.implied import name_roles
from reconciler.providers.business_api.members import hide_ambiguous
from reconciler.providers.business_api.partners import list_partners
from reconciler.providers.business_api.rows import Row
from reconciler.providers.business_api.vocabulary import ASSET_STATUS, BY_KIND, AssetType

_SHARED_TYPES = frozenset({"ADVERTISER", "CATALOG"})


def read_assets(center: Center, asset_type: AssetType) -> Seen:
    """All assets of one type, those included that partners share with us: it is disputed whether the list has them."""
    kind = asset_type.kind
    try:
        rows = center.list(ASSETS, asset_type=asset_type.word)
        rows += _shared_with_us(center, asset_type, {text_of(row, "asset_id") for row in rows})
    except ApiError as error:
        center.assets.pop(kind, None)
        return Seen(unknown={center.prefix(kind): str(error)})
    accounts = tell_apart(center, rows) if kind == ACCOUNT else None
    seen = Seen()
    listed: dict[str, Asset] = {}
    for row in rows:
        found = _asset(center, kind, row, accounts)
        listed[found.address.key] = Asset(
            key=found.address.key,
            id=text_of(row, "asset_id"),
            code=text_of(row, "pixel_code"),
            name=text_of(row, "asset_name"),
            is_held=found.status is Status.ACTIVE,
        )
        seen.add(found)
    center.assets[kind] = listed
    if accounts is not None:
        center.unnamed = accounts.doubts
    return _hide_unnamed(center, kind, seen)


def read_access(center: Center, asset_type: AssetType, only: AbstractSet[tuple[str, str]] | None = None) -> Seen:
    """People's access to assets of one type; to all of them, or that of `only` these (asset, person).

    Asset by asset or person by person, whichever takes fewer calls as far as the declared access tells how long the
    lists are. A second look reads the same way as the first, because the two ways may differ. Nobody has access to what
    was only asked for, and the interface refuses to list the members of it.
    """
    listed = center.assets.get(asset_type.kind, {})
    assets = {key for key, asset in listed.items() if asset.is_held}
    if only is None:
        declared = sum(address.kind == asset_type.access for address in center.names.roles)
        sizes = {"member": len(center.roster.members), asset_type.kind: len(assets), asset_type.access: declared}
        by_person = access_to(asset_type, sizes).by_person
        (center.read_by_person.add if by_person else center.read_by_person.discard)(asset_type.access)
    if asset_type.access in center.read_by_person or not asset_type.lists_members:
        people = [seat.key for seat in center.roster.members] if only is None else {person for _, person in only}
        seen = _read_by_person(center, asset_type, sorted(people) if assets or only else [])
    else:
        wanted = assets if only is None else {asset for asset, _ in only} - (listed.keys() - assets)
        seen = _read_by_asset(center, asset_type, sorted(wanted))
    hide_ambiguous(center, asset_type.access, assets if only is None else {asset for asset, _ in only}, seen)
    name_roles(center, asset_type, seen)
    return _hide_unnamed(center, asset_type.access, seen)


def read_uses(center: Center, kind: str, only: AbstractSet[str] | None = None) -> Seen:
    """Which ad accounts may use assets of a `kind`; all of these assets, or `only` some."""
    listed = {key for key, asset in center.assets.get(kind, {}).items() if asset.is_held} - center.unnamed.keys()
    seen = Seen().merge(
        center.client.map(
            lambda key: _read_uses_of(center, kind, key), sorted(listed if only is None else only & listed)
        )
    )
    return _hide_unnamed(center, f"{kind}_use", seen)


def _asset(center: Center, kind: str, row: Row, accounts: Accounts | None) -> Resource:
    number = text_of(row, "asset_id")
    if accounts is None:
        key = center.names.find_asset(kind, number) or number
        status = ASSET_STATUS.get(text_of(row, "relation_status"), Status.ACTIVE)
        return Resource(address=center.address(kind, key), status=status, identity=number)
    handle = accounts.handles.get(number, "")
    told = accounts.keys.get(number) or (number if number in accounts.doubts else handle or number)
    return Resource(
        address=center.address(kind, told.replace("/", "_")),
        # Under a key it keeps the handle that it is known by, although it may show another one now.
        identity=center.names.listed(kind).get(told) or handle or number,
        platform_id=number,
        name=handle or accounts.titles[number],
        # What the owner of a linked account has allowed is told elsewhere, and only where an ad account uses it.
        unread=("permissions",),
    )


def _hide_unnamed(center: Center, kind: str, seen: Seen) -> Seen:
    """Say nothing of accounts that cannot be told apart, nor of what hangs on them, which is of another `kind`."""
    for key, why in center.unnamed.items() if kind.startswith(ACCOUNT) else ():
        seen.unknown[str(center.address(kind, key))] = why
    for address in [found for found in seen.resources if found.kind == kind and found.parts[0] in center.unnamed]:
        del seen.resources[address]
    return seen


def _shared_with_us(center: Center, asset_type: AssetType, known: AbstractSet[str]) -> list[Row]:
    if asset_type.word not in _SHARED_TYPES or "partner" not in center.kinds:
        return []
    partners = list_partners(center)
    lists = center.client.map(
        lambda partner: center.list(SHARES, partner_id=partner, asset_type=asset_type.word, share_type="SHARED"),
        partners,
    )
    shared = {text_of(row, "asset_id"): row for rows in lists for row in rows}
    return [row for number, row in shared.items() if number not in known]


def _read_by_asset(center: Center, asset_type: AssetType, keys: Iterable[str]) -> Seen:
    def read(key: str) -> Seen:
        def rows() -> Iterator[Resource]:
            found = center.list(
                ASSET_MEMBERS, asset_type=asset_type.word, asset_id=center.asset_id(asset_type.kind, key)
            )
            return _grants(center, asset_type, ((key, text_of(row, "user_id"), row) for row in found))

        return center.seen_or_unknown(center.prefix(asset_type.access, key), rows)

    return Seen().merge(center.client.map(read, keys))


def _read_by_person(center: Center, asset_type: AssetType, people: Iterable[str]) -> Seen:
    def read(person: str) -> Seen:
        number = center.roster.find_user_id(person)
        if not number:
            return Seen()
        try:
            found = center.list(OWN_ASSETS, asset_type=asset_type.word, filtering={"user_id": number})
        except ApiError as error:
            return _unread(center, asset_type, person, str(error))
        keys = {asset.id: asset.key for asset in center.assets.get(asset_type.kind, {}).values()}
        triples = ((_key(center, asset_type, keys, row), number, row) for row in found)
        return Seen(resources={grant.address: grant for grant in _grants(center, asset_type, triples)})

    return Seen().merge(center.client.map(read, people))


def _key(center: Center, asset_type: AssetType, keys: dict[str, str], row: Row) -> str:
    number = text_of(row, "asset_id")
    return keys.get(number) or center.asset_key(asset_type.kind, number)


def _unread(center: Center, asset_type: AssetType, person: str, why: str) -> Seen:
    """Nothing is known of this person's access to any asset of the type."""
    keys = {*center.assets.get(asset_type.kind, {}), *center.names.listed(asset_type.kind)}
    return Seen(unknown={str(center.address(asset_type.access, key, person)): why for key in keys})


def _grants(center: Center, asset_type: AssetType, rows: Iterable[tuple[str, str, Row]]) -> Iterator[Resource]:
    """Rows of people who are in no seat are left out: whose they are cannot be told, and they are marked unknown."""
    for asset, number, row in rows:
        person = center.roster.people.get(number)
        if person is not None:
            address = center.address(asset_type.access, asset, person)
            yield Resource(address=address, attributes=asset_type.attributes(row))


def _read_uses_of(center: Center, kind: str, key: str) -> Seen:
    asset = center.assets[kind][key]

    def rows() -> Iterator[Resource]:
        if kind == "pixel":
            found = center.list(PIXEL_USERS, pixel_code=asset.code)
        else:
            found = center.list(ACCOUNT_USERS, asset_id=asset.id, asset_type=BY_KIND[kind].word)
        for row in found:
            ad_account = center.asset_key("ad_account", text_of(row, "advertiser_id"))
            yield Resource(address=center.address(f"{kind}_use", key, ad_account))

    return center.seen_or_unknown(center.prefix(f"{kind}_use", key), rows)
