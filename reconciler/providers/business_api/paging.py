"""A whole list from calls that return pages of it.

Nothing is promised about the order of rows or about changes between two pages, and what is missing looks as if somebody
had removed it. A list is whole when it has as many different rows as it says, by what identifies them, in whatever
order they come. Until then it is read again, and what all readings show counts together. Once its length or its first
row is another one, or there are more rows than it says, the list itself has moved and nothing read before counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.endpoints import Listing
from reconciler.providers.business_api.envelope import Data
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.rows import Row, find_count, nonsense, rows_of

_IDLE_READINGS = 5
"""So often in a row a list is read without anything new coming to light."""
_MAX_READINGS = 25
_MAX_PAGES = 5000
"""A hundred thousand members; what claims to be longer is a mistake that we must not spend days on."""


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
    return total if total is not None else len(rows_of(data, listing))


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
    read = [rows_of(each, listing) for each in (first, *others)]
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
    if info is None and len(rows_of(data, listing)) < listing.page_size:
        return None, 1
    info = info if isinstance(info, dict) else {}
    total, pages = find_count(info, "total_number"), find_count(info, "total_page")
    if total is None or pages is None or pages < bool(total):
        raise nonsense(listing, "it does not tell how long the list is")
    if pages > _MAX_PAGES:
        raise nonsense(listing, f"the list is said to have {total} rows on {pages} pages")
    return total, max(1, pages)
