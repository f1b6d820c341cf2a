"""A whole Business Center, or as little of it as a few addresses need."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.address import Address
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.providers.business_api.allowances import choose_witnesses, show_allowed
from reconciler.providers.business_api.assets import read_access, read_assets, read_uses
from reconciler.providers.business_api.center import Center, Seen, text_of
from reconciler.providers.business_api.endpoints import CENTERS
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.groups import read_group_contents, read_groups
from reconciler.providers.business_api.members import find_members, find_self, read_roster, show_members
from reconciler.providers.business_api.paging import read_list
from reconciler.providers.business_api.partners import read_partners, read_shares
from reconciler.providers.business_api.vocabulary import ASSET_TYPES, BY_ACCESS, BY_KIND, USED_KINDS


def read_center(center: Center) -> tuple[Resource | None, str]:
    """The Business Center itself, and why nothing more can be read or done in it; raises ApiError."""
    rows = read_list(center.client, CENTERS, {"bc_id": center.bc_id})
    row = next((row for row in rows if text_of(row.get("bc_info") or {}, "bc_id") == center.bc_id), None)
    if row is None:
        return None, f"whoever the token belongs to is not in Business Center {center.bc_id}, or its id is wrong"
    kind = "organization"
    found = Resource(address=center.address(kind, center.organization), identity=center.bc_id)
    status, role = text_of(row["bc_info"], "status"), text_of(row, "user_role")
    if status != "ENABLE":
        return found, f"the Business Center is not in service: its status is {status or 'not shown'}"
    if role != "ADMIN":
        return found, f"the token's owner is {role or 'no member'} there; only an ADMIN sees and changes who has access"
    return found, ""


def read_everything(center: Center, *, configured_self: str) -> Seen:
    """All there is of what is managed. Raises ApiError when not even the Business Center itself can be read."""
    everything = f"{center.organization}/"
    itself, obstacle = read_center(center)
    seen = Seen()
    if itself is not None:
        seen.add(itself)
    if obstacle:
        seen.unknown[everything] = obstacle
        return seen
    try:
        read_roster(center)
    except ApiError as error:
        # Whose access anything is cannot be said without the members.
        seen.unknown[everything] = str(error)
        return seen
    center.acting = find_self(center, configured_self)
    kinds = center.kinds
    seen.merge([show_members(center)])
    seen.merge([read_partners(center)] if "partner" in kinds else [])
    seen.merge([read_groups(center), read_group_contents(center)] if "asset_group" in kinds else [])
    for asset_type in ASSET_TYPES:
        seen.merge([_read_assets_and_access(center, asset_type.kind)] if asset_type.kind in kinds else [])
    return seen.merge(read_shares(center, kind) for kind in kinds if KINDS[kind].is_share)


def _read_assets_and_access(center: Center, kind: str) -> Seen:
    asset_type = BY_KIND[kind]
    seen = read_assets(center, asset_type)
    if kind not in center.assets:
        why = seen.unknown[center.prefix(kind)]
        seen.unknown[center.prefix(asset_type.access)] = why
        if kind in USED_KINDS:
            seen.unknown[center.prefix(f"{kind}_use")] = why
        return seen
    seen.merge([read_access(center, asset_type)])
    seen.merge([read_uses(center, kind)] if kind in USED_KINDS else [])
    if kind == "tiktok_account":
        choose_witnesses(center, seen.resources)
        show_allowed(center, seen)
    return seen


def read_a_few(center: Center, addresses: Sequence[Address]) -> Seen:
    """What these addresses need to be right, and whatever comes along with it. Raises ApiError."""
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for address in addresses:
        wanted.setdefault(address.kind, set()).add(address.parts)
    seen = Seen()
    _read_people(center, wanted, seen)
    for kind, parts in wanted.items():
        seen.merge([_read_kind(center, kind, parts)])
    return seen


def _read_people(center: Center, wanted: dict[str, set[tuple[str, ...]]], seen: Seen) -> None:
    """Members that were asked for are looked up now; others only as far as their numbers are needed."""
    asked = {parts[0] for parts in wanted.get("member", ())}
    named = {
        parts[index]
        for kind, keys in wanted.items()
        if (index := KINDS[kind].person_part) is not None and kind != "member"
        for parts in keys
    }
    unheard = {person for person in named if not center.roster.find_user_id(person)}
    if asked | unheard:
        find_members(center, asked | unheard)
        seen.merge([show_members(center, asked | unheard)])


def _read_kind(center: Center, kind: str, parts: set[tuple[str, ...]]) -> Seen:
    firsts = {key[0] for key in parts}
    if kind == "organization":
        itself, _ = read_center(center)
        return Seen(resources={itself.address: itself} if itself else {})
    if kind in BY_KIND:
        seen = read_assets(center, BY_KIND[kind])
        return show_allowed(center, seen, firsts) if kind == "tiktok_account" else seen
    if kind in BY_ACCESS:
        listed = _list_first(center, BY_ACCESS[kind].kind)
        return listed.merge([read_access(center, BY_ACCESS[kind], {(key[0], key[1]) for key in parts})])
    if kind.removesuffix("_use") in USED_KINDS:
        used = kind.removesuffix("_use")
        return _list_first(center, used).merge([read_uses(center, used, firsts)])
    if kind in ("asset_group", "asset_group_asset", "asset_group_access"):
        seen = read_groups(center)
        return seen.merge([read_group_contents(center, firsts)] if kind != "asset_group" else [])
    if kind == "partner":
        return read_partners(center)
    return read_shares(center, kind, firsts) if KINDS[kind].is_share else Seen()


def _list_first(center: Center, kind: str) -> Seen:
    """Numbers and codes of assets are not in the manifest for all kinds, so the list has to have been read once."""
    return Seen() if kind in center.assets else read_assets(center, BY_KIND[kind])
