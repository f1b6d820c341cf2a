"""A whole list from calls that return pages of it, its rows looked at before anybody believes them.

Absence is what takes access away or gives it a second time. So an answer without a list is no empty list, and a row
that does not say whose it is, or in a type that nobody documented, spoils the reading instead of being passed over.
What only fills the place of a number (`"0"`, `"-"`, or whatever stands there for somebody who has not joined) is none.
What we do not read may be anything: the interface may grow.

Nothing is promised about the order of rows or about changes between two pages, and what is missing looks as if somebody
had removed it. A list is whole when it has as many different rows as it says, by what identifies them, in whatever
order they come. Until then it is read again, and what all readings show counts together. Once its length or its first
row is another one, or there are more rows than it says, the list itself has moved and nothing read before counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.values import dataclass
from reconciler.providers.business_api.client import Client, Data
from reconciler.providers.business_api.vocabulary import ApiError, Listing, Remedy

Row = Mapping[str, Any]

_IDS = ("user_id", "member_id", "advertiser_id", "bc_id", "asset_id", "asset_group_id")
_WORDS = (
    *("user_name", "user_email", "user_role", "relation_status", "asset_name", "asset_group_name"),
    *("pixel_code", "tt_asset_handle", "advertiser_role", "catalog_role", "store_role"),
)
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    # A number of 19 digits is exact as a whole number, and only then.
    **dict.fromkeys(_IDS, (str, int)),
    **dict.fromkeys(_WORDS, str),
    **dict.fromkeys(("bc_info", "ext_user_role", "asset_roles"), dict),
    **dict.fromkeys(("tt_account_roles", "business_account_roles"), list),
}
"""What the fields that we read may be, besides null."""
_IDLE_READINGS = 5
"""So often in a row a list is read without anything new coming to light."""
_MAX_READINGS = 25
_MAX_PAGES = 5000
"""A hundred thousand members; what claims to be longer is a mistake that we must not spend days on."""


def text_of(row: Row, name: str) -> str:
    """A field as text; missing and null are empty."""
    value = row.get(name)
    return "" if value is None else str(value)


def read_list(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> list[Row]:
    """All rows, each once; raises ApiError when the list cannot be read, or moves faster than it can be read."""
    pages: list[list[Row]] = []
    mark, found, readings, idle = None, 0, 0, 0
    before: Counter[object] = Counter()
    while idle < _IDLE_READINGS and readings < _MAX_READINGS:
        reading = _read_once(client, listing, parameters)
        readings, idle = readings + 1, idle + 1
        if reading is None or reading.mark != mark:
            pages, mark, found = [], reading and reading.mark, 0
        if reading is None:
            continue
        pages = [*pages, *reading.pages]
        together = _distinct(pages, listing)
        names = Counter(_name(row, listing) for page in reading.pages for row in page)
        rows = _find_whole(reading, listing, is_same=names == before)
        if rows is not None or len(together) == reading.total:
            return together if rows is None else rows
        before = names
        if reading.total is not None and len(together) > reading.total:
            mark = None
        elif 0 < found < len(together):
            idle = 0
        found = len(together)
    message = f"the list moved each of the {readings} times it was read"
    raise ApiError(message, endpoint=listing.endpoint, remedy=Remedy.DOUBT)


def count_rows(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> int:
    """How long a list is, for one call."""
    data = client.get(listing.endpoint, {**parameters, "page": 1, "page_size": 1})
    total, _ = _totals(data, listing)
    return total if total is not None else len(_rows_of(data, listing))


@dataclass(frozen=True, slots=True)
class _Reading:
    pages: list[list[Row]]
    total: int | None
    """How many rows the list is said to have."""
    mark: tuple[object, ...]
    """Another one only where the list is another one: how long it is, and what comes first."""


def _read_once(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> _Reading | None:
    """All pages, or None when its length moved on the way. The pages behind the first are read at the same time."""

    def page(number: int) -> Data:
        return client.get(listing.endpoint, {**parameters, "page": number, "page_size": listing.page_size})

    first = page(1)
    total, pages = _totals(first, listing)
    others = client.map(page, range(2, pages + 1))
    if any(_totals(other, listing) != (total, pages) for other in others):
        return None
    read = [_rows_of(each, listing) for each in (first, *others)]
    return _Reading(read, total, mark=(total, *(_name(row, listing) for row in read[0][:1])))


def _find_whole(reading: _Reading, listing: Listing, *, is_same: bool) -> list[Row] | None:
    """The rows of one reading, where there are as many as it says. What has a number comes once.

    Rows without a number that look alike on two pages are two only if a second reading shows the same: one that has
    slipped from page to page would stand in for another that is missing.
    """
    rows = [row for page in reading.pages for row in page]
    different = _distinct(reading.pages, listing)
    if reading.total in (None, len(different)):
        return different
    numbers = Counter(_name(row, listing) for row in rows if _has_number(row, listing))
    return rows if is_same and len(rows) == reading.total and max(numbers.values(), default=1) == 1 else None


def _distinct(pages: Iterable[list[Row]], listing: Listing) -> list[Row]:
    """Each row once; rows without a number that look alike are as many as one page shows."""
    kept: dict[object, Row] = {}
    for page in pages:
        alike: Counter[object] = Counter()
        for row in page:
            name = _name(row, listing)
            alike[name] += not _has_number(row, listing)
            kept.setdefault((name, alike[name]), row)
    return list(kept.values())


def _has_number(row: Row, listing: Listing) -> bool:
    return bool(listing.row_id and row.get(listing.row_id[0]))


def _name(row: Row, listing: Listing) -> object:
    if not listing.row_id:
        return repr(row)
    names = listing.row_id if _has_number(row, listing) else (*listing.row_id, listing.other_id)
    return tuple(row.get(name) for name in names)


def _totals(data: Data, listing: Listing) -> tuple[int | None, int]:
    """How many rows there are, where the answer says it, and on how many pages."""
    info = data.get("page_info")
    if info is None and len(_rows_of(data, listing)) < listing.page_size:
        return None, 1
    total, pages = _find_count(info, "total_number"), _find_count(info, "total_page")
    if total is None or pages is None or pages < bool(total):
        raise _nonsense(listing, "it does not tell how long the list is")
    if pages > _MAX_PAGES:
        raise _nonsense(listing, f"the list is said to have {total} rows on {pages} pages")
    return total, max(1, pages)


def _find_count(info: object, name: str) -> int | None:
    """A number of things; None where there is none that could be one."""
    value = info.get(name) if isinstance(info, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _rows_of(data: Data, listing: Listing) -> list[Row]:
    """The rows of one page; raises ApiError when they make no sense.

    An asset group comes as an object or as a list with it: both are documented. It leaves out what it has none of. Any
    other list may be left out, or null, where the answer says that there is nothing in it.
    """
    if "asset_group" in data:
        group = data["asset_group"]
        holders, may_lack = group if isinstance(group, list) else [group], True
    else:
        holders, may_lack = [data], _find_count(data.get("page_info"), "total_number") == 0
    rows: list[Row] = []
    for holder in holders:
        found = _require_row(holder, listing).get(listing.items)
        if found is None and may_lack:
            continue
        if not isinstance(found, list):
            raise _nonsense(listing, f"there is no list `{listing.items}` in it")
        rows += [_check_row(row, listing) for row in found]
    return rows


def _check_row(found: object, listing: Listing) -> Row:
    """The row without what only fills a place; raises ApiError when it makes no sense."""
    row = _require_row(found, listing)
    for name, value in row.items():
        kinds = _TYPES.get(name)
        if kinds and value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise _nonsense(listing, f"`{name}` of a row is of type {type(value).__name__}")
    for name, words in listing.words.items():
        if row.get(name) not in words:
            raise _nonsense(listing, f"`{name}` of a row is {row.get(name)!r}, which nobody has described")
    row = {name: value for name, value in row.items() if not _is_placeholder(name, value, row, listing)}
    # Whoever was invited has no number, but an address; everything else has a name of its own.
    number = next(iter(listing.row_id), "")
    if number and not row.get(number) and not (listing.other_id and row.get(listing.other_id)):
        raise _nonsense(listing, f"a row has no `{number}`")
    return row


def _is_placeholder(name: str, value: object, row: Row, listing: Listing) -> bool:
    if name in (*_IDS, listing.other_id) and not str(value).strip(" 0-"):
        return True
    field, word = listing.numbered or ("", None)
    return bool(field) and name == listing.row_id[0] and row.get(field) != word


def _require_row(found: object, listing: Listing) -> Row:
    if not isinstance(found, dict):
        raise _nonsense(listing, f"`{listing.items}` has something in it that is no row")
    return found


def _nonsense(listing: Listing, problem: str) -> ApiError:
    """Repeating the call would bring the same: the platform, or whatever stands before it, has changed."""
    return ApiError(f"the answer makes no sense: {problem}", endpoint=listing.endpoint, remedy=Remedy.NONE)
