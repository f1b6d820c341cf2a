"""The words of the pages on which the systems list members and apps, from `data/pages.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from reconciler.model.resource import Status
from reconciler.systems.loading import read_documents


class Column(StrEnum):
    """What a column of a list is about."""

    PERSON = "person"
    """Name, e-mail address, phone number or handle, or several of them in one cell."""
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    HANDLE = "handle"
    ROLE = "role"
    FINANCE = "finance"
    STATUS = "status"
    SINCE = "since"
    APP = "app"
    """The title of an app."""
    CLIENT_KEY = "client_key"
    OWNER = "owner"
    MANAGERS = "managers"
    IGNORED = "ignored"
    """Known, and nothing that access depends on."""


_WORDS = next(read_documents("pages"))
_COLUMNS = _WORDS["columns"]


def _columns(kind: str) -> Mapping[str, Column]:
    tables = (_COLUMNS[kind], _COLUMNS["both"])
    return {word: Column(column) for table in tables for column, words in table.items() for word in words}


COLUMNS: Mapping[str, Mapping[str, Column]] = {kind: _columns(kind) for kind in ("member", "app")}
"""Kind -> word over a column -> what the column is about."""
STATES: Mapping[str, Mapping[str, Status]] = {
    kind: {word: Status(status) for status, words in states.items() for word in words}
    for kind, states in _WORDS["states"].items()
}
"""Kind -> word -> where a row stands in its life."""
SINCE_WORDS: tuple[str, ...] = tuple(_WORDS["since"])
"""What stands before a date in the same cell."""
CONTROLS = frozenset(word for part in ("buttons", "headings", "dashes", "signs") for word in _WORDS[part])
"""What is around a list and says nothing about anybody."""
NOBODY = frozenset({*_WORDS["nobody"], *_WORDS["dashes"]})
"""What stands in a cell when there is nothing to put there."""
NEXT = frozenset(_WORDS["next"])
"""What leads to another page where there is one."""
COUNT_WORDS = frozenset(_WORDS["counted"])
"""The words between numbers that tell how many rows there are."""
PAGE_WORDS = frozenset(_WORDS["paged"])
"""The words between numbers that tell of pages."""
EMPTY = frozenset(_WORDS["empty"])
"""What a list says that has nothing in it."""
YOU = re.compile(r"\s*[(\[]?\b(?:you|me)\b[)\]]?\s*$", re.IGNORECASE)
"""How a page marks whoever is looking at it; only where it stands in brackets or alone in a line."""
_THINGS = r"(?:team )?members?|users?|people|persons?|accounts?|apps?|results?|items?|rows?|entries|records?|of them"
MORE = re.compile(
    r"(?:load|show|view|see|display|fetch|get)\s+(?:all|more|the rest|next|\d+\s+more|next\s+\d+)(?:\s+\d+)?"
    rf"(?:\s+(?:{_THINGS}))?"
    rf"|(?:and\s+|\+\s*|\.{{3}}\s*|\u2026\s*)*\d+\s+(?:more|others?)(?:\s+(?:{_THINGS}))?"
    rf"|(?:and|\+|\.{{3}}|\u2026)\s*(?:and\s+)?\d+(?:\s+(?:more|others?|{_THINGS}))?"
    rf"|(?:and\s+)?more\s+(?:{_THINGS}|to load|below|available|results)"
    r"|(?:scroll|swipe)(?: down)? (?:to|for) (?:load |see )?more|loading(?: more)?(?:\.{3}|\u2026)?"
    r"|next page|next\s*[>\u203a\u00bb\u2192]+|[>\u203a\u00bb\u2192]+\s*next"
)
"""How a page says, in lower case, that rows are behind those it shows."""
ENVELOPE: Mapping[str, re.Pattern[str]] = {
    sort: re.compile("|".join(words)) for sort, words in _WORDS["envelope"].items()
}
"""What a key beside a list is about -> how it is spelt, in small letters alone. The first that fits counts."""
HARMLESS_KEYS = re.compile("|".join(_WORDS["harmless"]))
"""Keys beside a list that say nothing of how long it is."""
LINK_KEYS = frozenset(_WORDS["links"])
"""Keys that stand for the key above them, as in `next: {href: ...}`."""
