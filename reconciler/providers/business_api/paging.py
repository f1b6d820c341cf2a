"""A whole list from calls that return pages of it.

Nothing is promised about the order of rows or about changes between two pages. A list that moved while it was read is
read again from the start, because a row that slipped from page 2 to page 1 would otherwise be missing, and what is
missing looks as if somebody had removed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.endpoints import Listing
from reconciler.providers.business_api.envelope import Data
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.rows import Row, find_count, nonsense, rows_of

_RESTARTS = 4
_MOST_PAGES = 5000
"""A hundred thousand members; what claims to be longer is a mistake that we must not spend days on."""


def read_list(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> list[Row]:
    """All rows; raises ApiError when the list cannot be read, or moves faster than it can be read."""
    for _ in range(_RESTARTS + 1):
        rows = _read_once(client, listing, parameters)
        if rows is not None:
            return rows
    message = f"the list moved each of the {_RESTARTS + 1} times it was read"
    raise ApiError(message, endpoint=listing.endpoint, remedy=Remedy.DOUBT)


def count_rows(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> int:
    """How long a list is, for one call."""
    data = client.get(listing.endpoint, {**parameters, "page": 1, "page_size": 1})
    total, _ = _totals(data, listing)
    return total if total is not None else len(rows_of(data, listing))


def _read_once(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> list[Row] | None:
    """All pages, or None when the list moved on the way. The pages behind the first are read at the same time."""

    def page(number: int) -> Data:
        return client.get(listing.endpoint, {**parameters, "page": number, "page_size": listing.page_size})

    first = page(1)
    total, pages = _totals(first, listing)
    rows = rows_of(first, listing)
    others = client.map(page, range(2, pages + 1))
    if any(_totals(other, listing) != (total, pages) for other in others):
        return None
    for other in others:
        rows += rows_of(other, listing)
    return rows if _is_whole(rows, total, listing) else None


def _is_whole(rows: list[Row], total: int | None, listing: Listing) -> bool:
    if total is not None and len(rows) != total:
        return False
    if not listing.row_id:
        return True
    names = [tuple(row.get(name) for name in listing.row_id) for row in rows if row.get(listing.row_id[0])]
    return len(set(names)) == len(names)


def _totals(data: Data, listing: Listing) -> tuple[int | None, int]:
    """How many rows there are, where the answer says it, and on how many pages."""
    info = data.get("page_info")
    if info is None and len(rows_of(data, listing)) < listing.page_size:
        return None, 1
    info = info if isinstance(info, dict) else {}
    total, pages = find_count(info, "total_number"), find_count(info, "total_page")
    if total is None or pages is None or pages < bool(total):
        raise nonsense(listing, "it does not tell how long the list is")
    if pages > _MOST_PAGES:
        raise nonsense(listing, f"the list is said to have {total} rows on {pages} pages")
    return total, max(1, pages)
