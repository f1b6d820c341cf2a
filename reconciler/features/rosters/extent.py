"""What a list says of its own length: how many rows and pages there are, and whether there is more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Everything that speaks for or against a file being the whole list."""

    total: int | None = None
    """How many rows it says there are."""
    pages: int = 1
    """How many pages it says there are, at least."""
    more: str = ""
    """What says that there is more behind the last row, or before the first one."""
    odd: tuple[str, ...] = ()
    """What may mean that something is missing."""
    strange: tuple[str, ...] = ()
    """What stands beside the list and was not understood."""


_NUMBERS = {
    "page size": r"(?:page|batch|chunk)size|perpage|limit|pagelength|maxresults|maxitems|top|take",
    "pages": r"totalpages?|pages?total|pages|pages?count|numpages|lastpage|page|pagenum(?:ber)?|pageno|pageindex"
    r"|currentpage|thispage",
    "offset": r"offset|skip|start|startat|startindex|from|firstindex",
    "total": r".*(?:total|count|found|hits|results|records|elements|length|num(?:ber)?of|members?num|size).*",
}
_VALUES = {
    "more": r".*(?:hasmore|hasnext|morepages|moreavailable|ismore|truncated|incomplete|partial|cutoff)(?:page)?|more",
    "end": r"(?:is)?(?:last|lastpage|complete|completed|end|endoflist|eof|finished|done|exhausted|final|all)",
    "before": r"(?:has)?prev(?:ious)?(?:page|link|url|uri|href|token|cursor)*|before|startcursor",
    "next": r".*next(?:page|link|url|uri|href|token|cursor|marker|offset|start|key|id)*|next.*|continuation(?:token)?",
    "cursor": r".*cursor|after|.*pagetoken|marker|scrollid|resumptiontoken|lastevaluatedkey",
}
"""What a key beside a list is about -> its usual spellings, in small letters alone. The first that fits counts."""
_HARMLESS = re.compile(
    r"code|message|msg|requestid|logid|status|statuscode|ok|success|errors?|version|formatversion|format|schema|kind|type"
    r"|object|id|bcid|name|title|organization|org|company|team|system|url|self|href|link|etag|language|locale|timezone"
    r"|.*(?:at|on|date|time|timestamp|by)|source|description|note"
)
_PLAIN = frozenset({"href", "url", "uri", "link", "value"})
"""What stands for the key above it, as in `next: {href: ...}`."""
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_SPEAKS_OF_MORE = re.compile(
    r"(?i)\bof\s+\d|\d\s+(?:more|others?|pages)\b|\bnext\b|truncat|partial|incomplete|\bpage[ =]\d"
)
_NOTHING = (None, "", 0, False, "0", "null", "none", "false", "no")


def read_envelope(document: Any, rows: Sequence[Any]) -> Extent:
    """What stands around the list of a JSON document, as interfaces and exports word it."""
    envelope = _Envelope(len(rows))
    for path, value in _around(document, rows, ()):
        envelope.take(".".join(path), value)
    return envelope.extent()


@dataclass(slots=True)
class _Envelope:
    """What was read so far."""

    rows: int
    total: int | None = None
    pages: int = 1
    more: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    says_end: bool = False

    def take(self, path: str, value: Any) -> None:
        """One value and the keys that lead to it."""
        steps = [re.sub(r"[^a-z]", "", step.lower()) for step in path.split(".")]
        key = steps[-2] if len(steps) > 1 and steps[-1] in _PLAIN else steps[-1]
        value = _TRUTHS.get(value.lower(), value) if isinstance(value, str) else value
        number = _number(value)
        sort = _find_sort(key, _VALUES) or (_find_sort(key, _NUMBERS) if number is not None else "")
        if sort == "more":
            self._take_end(path, is_end=value in _NOTHING, says=f"`{path}` says that there is more")
        elif sort == "end" and isinstance(value, bool):
            self._take_end(path, is_end=value, says=f"`{path}` is false")
        elif sort in {"before", "next", "cursor"}:
            if value not in _NOTHING:
                (self.cursors if sort == "cursor" else self.more).append(f"`{path}` leads to another page")
        elif sort and number is not None:
            self._take_number(sort, path, number)
        elif value not in _NOTHING and not (_HARMLESS.fullmatch(key) and not _SPEAKS_OF_MORE.search(str(value))):
            self.strange.append(f"`{path}`")

    def _take_end(self, path: str, *, is_end: bool, says: str) -> None:
        self.says_end = self.says_end or is_end
        if not is_end:
            self.more.append(says)

    def _take_number(self, sort: str, path: str, number: int) -> None:
        if sort == "page size":
            self.full += [f"the page is full: `{path}` is {number}"] if 0 < number <= self.rows else []
        elif sort == "pages":
            self.pages = max(self.pages, number)
        elif sort == "offset":
            self.more += [f"`{path}` is {number}, so rows before it are missing"] if number > 1 else []
        else:
            self.total = max(self.total or 0, number)

    def extent(self) -> Extent:
        """All of it together: a total that is reached, or the word that this is the end, settles doubts."""
        is_reached = self.says_end or (self.total is not None and self.total <= self.rows)
        more = [*self.more, *([] if is_reached else self.cursors)]
        return Extent(
            total=self.total,
            pages=self.pages,
            more=more[0] if more else "",
            odd=() if is_reached else tuple(self.full),
            strange=tuple(self.strange),
        )


def _find_sort(key: str, sorts: Mapping[str, str]) -> str:
    return next((sort for sort, pattern in sorts.items() if re.fullmatch(pattern, key)), "")


def _around(value: Any, rows: Sequence[Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that is not in the list, with the keys that lead to it."""
    if value is rows:
        return
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _around(below, rows, (*path, key))
    elif isinstance(value, list):
        for one in value:
            yield from _around(one, rows, path)
    else:
        yield path, value


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) else None
