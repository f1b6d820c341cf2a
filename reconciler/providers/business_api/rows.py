"""The rows of a list, looked at before anybody believes them.

Absence is what takes access away or gives it a second time. So an answer without a list is no empty list, and a row
that does not say whose it is, or in a type that nobody documented, spoils the reading instead of being passed over.
What only fills the place of a number (`"0"`, `"-"`, or whatever stands there for somebody who has not joined) is none.
What we do not read may be anything: the interface may grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.endpoints import Listing
from reconciler.providers.business_api.envelope import Data
from reconciler.providers.business_api.errors import ApiError

Row = Mapping[str, Any]

_IDS = ("user_id", "member_id", "advertiser_id", "bc_id", "asset_id", "asset_group_id")
_WORDS = (
    *("user_name", "user_email", "user_role", "relation_status", "asset_name", "asset_group_name"),
    *("pixel_code", "tt_asset_handle", "advertiser_role", "catalog_role", "store_role"),
)
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    # A number of 19 digits is exact as a whole number, and only then.
    **dict.fromkeys(_IDS, (str, int)),
    **dict.fromkeys(_WORDS, str),
    **dict.fromkeys(("bc_info", "ext_user_role", "asset_roles"), dict),
    **dict.fromkeys(("tt_account_roles", "business_account_roles"), list),
}
"""What the fields that we read may be, besides null."""


def rows_of(data: Data, listing: Listing) -> list[Row]:
    """The rows of one page; raises ApiError when they make no sense.

    An asset group comes as an object or as a list with it: both are documented. It leaves out what it has none of.
    """
    if "asset_group" not in data:
        return [_checked(row, listing) for row in _list_in(data, listing, is_empty=_says_empty(data))]
    group = data["asset_group"]
    groups = [_object(one, listing) for one in (group if isinstance(group, list) else [group])]
    return [_checked(row, listing) for one in groups for row in _list_in(one, listing, is_empty=True)]


def find_count(info: Mapping[str, Any], name: str) -> int | None:
    """A number of things; None where there is none that could be one."""
    value = info.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def nonsense(listing: Listing, problem: str) -> ApiError:
    """Repeating the call would bring the same: the platform, or whatever stands before it, has changed."""
    return ApiError(f"the answer makes no sense: {problem}", endpoint=listing.endpoint, remedy=Remedy.NONE)


def _says_empty(data: Data) -> bool:
    info = data.get("page_info")
    return isinstance(info, dict) and find_count(info, "total_number") == 0


def _list_in(found: Mapping[str, Any], listing: Listing, *, is_empty: bool) -> list[object]:
    """The list under its name; it may be left out, or null, where the answer says that there is nothing in it."""
    rows = found.get(listing.items)
    if rows is None and is_empty:
        return []
    if not isinstance(rows, list):
        raise nonsense(listing, f"there is no list `{listing.items}` in it")
    return rows


def _object(found: object, listing: Listing) -> Row:
    if not isinstance(found, dict):
        raise nonsense(listing, f"`{listing.items}` has something in it that is no row")
    return found


def _checked(found: object, listing: Listing) -> Row:
    row = _object(found, listing)
    problem = _find_odd_type(row) or _find_odd_word(row, listing)
    row = {name: value for name, value in row.items() if not _fills_a_place(name, value, row, listing)}
    problem = problem or _find_lack(row, listing)
    if problem:
        raise nonsense(listing, problem)
    return row


def _fills_a_place(name: str, value: object, row: Row, listing: Listing) -> bool:
    if name in (*_IDS, listing.other_id) and not str(value).strip(" 0-"):
        return True
    field, word = listing.numbered or ("", None)
    return bool(field) and name == listing.row_id[0] and row.get(field) != word


def _find_odd_type(row: Row) -> str:
    for name, value in row.items():
        kinds = _KINDS.get(name)
        if kinds and value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            return f"`{name}` of a row is of type {type(value).__name__}"
    return ""


def _find_lack(row: Row, listing: Listing) -> str:
    """Whoever was invited has no number, but an address; everything else has a name of its own."""
    name = next(iter(listing.row_id), "")
    if not name or row.get(name) or (listing.other_id and row.get(listing.other_id)):
        return ""
    return f"a row has no `{name}`"


def _find_odd_word(row: Row, listing: Listing) -> str:
    for name, words in listing.words.items():
        if row.get(name) not in words:
            return f"`{name}` of a row is {row.get(name)!r}, which nobody has described"
    return ""
