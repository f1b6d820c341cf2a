"""What a piece of text in a roster says, told from the text alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from reconciler.model import Role, Status, System, dataclass
from reconciler.systems.catalogue import read_documents


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
COLUMNS: Mapping[str, Mapping[str, Column]] = {
    kind: {
        word: Column(column)
        for part in (kind, "both")
        for column, words in _WORDS["columns"][part].items()
        for word in words
    }
    for kind in ("member", "app")
}
"""Kind -> word over a column -> what the column is about."""
STATES: Mapping[str, Mapping[str, Status]] = {
    kind: {word: Status(status) for status, words in states.items() for word in words}
    for kind, states in _WORDS["states"].items()
}
"""Kind -> word -> where a row stands in its life."""
NOBODY = frozenset({*_WORDS["nobody"], *_WORDS["dashes"]})
"""What stands in a cell when there is nothing to put there."""
_COUNT_WORDS = frozenset(_WORDS["counted"])
"""The words between numbers that tell how many rows there are."""
_PAGE_WORDS = frozenset(_WORDS["paged"])
"""The words between numbers that tell of pages."""
_YOU = re.compile(r"\s*[(\[]?\b(?:you|me)\b[)\]]?\s*$", re.IGNORECASE)
"""How a page marks whoever is looking at it; only where it stands in brackets or alone in a line."""
_THINGS = r"(?:team )?members?|users?|people|persons?|accounts?|apps?|results?|items?|rows?|entries|records?|of them"
_MORE = re.compile(
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


_SILENT = ("buttons", "headings", "dashes", "signs")
"""Words around a list that say nothing about anybody."""
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
"""What browsers put around text of either direction; inside of an address it is no part of an address."""
_MAX_LENGTH = 320
"""Characters; no address is longer, and patterns would take their time."""
_MAX_SEARCHED = 20_000
"""Characters of one text in which addresses are looked for."""
_MAX_SHOWN = 40
_EMAIL = re.compile(r"[^\s@<>(),;:\"\\\[\]|/*•…]+@(?:[^\s@<>(),;:\"\\\[\]|/*•….]+\.)+[^\s@<>(),;:\"\\\[\]|/*•….]{2,}")
_NAMED = re.compile(r"(?P<name>[^<>()]*?)\s*[<(](?P<address>[^<>()\s]+@[^<>()\s]+)[>)]")
_PHONE = re.compile(r"'?(?:\+|00)[\d\s().-]{6,24}")
_INTERNATIONAL = re.compile(r"\+\d[\d ().-]{5,22}\d")
_HANDLE = re.compile(r"@[\w.]{2,30}")
_MASKED = re.compile(r"[^@]*[*•]{2,}[^@]*|[^\s@]*[*•…][^\s@]*@[^\s@]+|[^\s@]+@[^\s@]*[*•…][^\s@]*")
_LEADS = {
    lead: re.compile(rf"{lead}\s*:?\s+(?:on\s+)?(?P<day>.+)")
    for lead in sorted({*_WORDS["since"], *STATES["member"], *STATES["app"]}, key=len, reverse=True)
}
_NUMBER = re.compile(r"\d{1,3}(?:[,.\u202f\u00a0]\d{3})+(?!\d)|\d+")
_MAX_DIGITS = 9
_BETWEEN = re.compile(r"[^\w\s\-\u2013\u2014/:()\[\]<>|.,\u2026\u2039\u203a\u00ab\u00bb\u2190\u2192\u00b7\u2022#+]")
_BREAKS = re.compile(r"[·•|()\[\]\n;]|\s[-\u2013\u2014]\s")
_COMMAS = re.compile(r",\s|/")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s?(z|[+-]\d{2}:?\d{2})?")
_TIME = re.compile(r",?\s+(?:at\s+)?\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?(?:\s*(?:utc|gmt|z))?$")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_NUMBERED = re.compile(r"[\d./-]{8,10}")
_NUMBERED_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y")
_WORDED = re.compile(r"(?:\d{1,2} )?[a-z]{3,9}(?: \d{1,2})? \d{4}")
_WORDED_DAYS = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")


class Sort(StrEnum):
    """What sort of thing a piece of text says."""

    ROLE = "role"
    FINANCE = "finance"
    STATUS = "status"
    DAY = "day"
    EMAIL = "email"
    PHONE = "phone"
    HANDLE = "handle"
    MASKED = "masked"
    """An address or number of which some letters are hidden."""
    TEXT = "text"
    """Anything else: a name, or something that was not understood."""
    COUNT = "count"
    """How many rows there should be."""
    PAGES = "pages"
    """How many pages there are, at least."""
    NUMBER = "number"
    """A number without a word: of a page, or of rows."""
    MORE = "more"
    """That there are rows which are not here."""
    NEXT = "next"
    """A way to another page, if there is one."""
    EMPTY = "empty"
    NOISE = "noise"


IDENTITIES = frozenset({Sort.EMAIL, Sort.PHONE, Sort.HANDLE, Sort.MASKED})
PERSONAL = IDENTITIES | {Sort.TEXT}
"""What can begin a row about somebody."""
AROUND = frozenset({Sort.NOISE, Sort.COUNT, Sort.PAGES, Sort.NUMBER, Sort.MORE, Sort.NEXT, Sort.EMPTY})
"""What is about the list and not about anybody in it."""
ATTRIBUTES = frozenset({Sort.ROLE, Sort.FINANCE, Sort.STATUS, Sort.DAY, Sort.NOISE})
SORTS = {Column.ROLE: Sort.ROLE, Column.FINANCE: Sort.FINANCE, Column.STATUS: Sort.STATUS, Column.SINCE: Sort.DAY}
"""What the cells of a column say."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a text says."""

    sort: Sort
    value: str
    """In the words of manifests; for a text the text itself."""
    by_alias: bool = False
    """Whether a role was told by a word that is not its own."""


class Vocabulary:
    """The words of one kind of list in one system."""

    def __init__(self, system: System, kind: str) -> None:
        self.kind = kind
        finance = system.roles.get("member.finance", ())
        self._finance = read_role_words(finance if kind == "member" else (), Sort.FINANCE)
        roles = read_role_words(system.roles.get("member", ()) if kind == "member" else ())
        self.role_words = sorted({one.value for one in roles.values() if not one.by_alias})
        """The roles' own names."""
        around = ((Sort.NEXT, ("next",)), (Sort.EMPTY, ("empty",)), (Sort.NOISE, _SILENT))
        # Of a word with several meanings, the last one here counts.
        self._words = {
            **{word: Reading(sort, word) for sort, parts in around for part in parts for word in _WORDS[part]},
            "": Reading(Sort.NOISE, ""),
            **{word: Reading(Sort.STATUS, status.value) for word, status in STATES[kind].items()},
            **{fold(role.label): Reading(Sort.FINANCE, role.name) for role in finance},
            **roles,
        }
        self._known: dict[str, list[Reading]] = {}  # rows are looked at several times before it is clear where they end

    def read(self, text: str) -> list[Reading]:
        """Everything a text says; a text that is only understood in part is a text as a whole."""
        if text not in self._known:
            whole = text.strip().strip(_INVISIBLE).strip()
            found = len(whole) <= _MAX_LENGTH and (
                self._read_whole(whole) or self._read_parts(whole, _BREAKS) or self._read_parts(whole, _COMMAS)
            )
            self._known[text] = found or [Reading(Sort.TEXT, whole)]
        return self._known[text]

    def read_finance(self, text: str) -> Reading | None:
        """The finance role that a cell of that column names."""
        return self._finance.get(fold(text))

    def sorts_in(self, text: str) -> set[Sort]:
        """What sorts of things the pieces of a text say."""
        return {one.sort for piece in split_person(text) for one in self.read(piece)}

    def _read_whole(self, text: str) -> list[Reading]:
        word = fold(text)
        if word in self._words:
            return [self._words[word]]
        if found := _read_identity(text):
            return found
        if _MORE.fullmatch(word):
            return [Reading(Sort.MORE, word)]
        if found := _read_numbers(word):
            return found
        if day := find_day(text):
            return [Reading(Sort.DAY, day.isoformat())]
        for lead, pattern in _LEADS.items() if any(map(str.isdecimal, word)) else ():
            if (match := pattern.fullmatch(word)) and (day := find_day(match["day"])):
                status = STATES[self.kind].get(lead)
                return [*([Reading(Sort.STATUS, status.value)] if status else []), Reading(Sort.DAY, day.isoformat())]
        return []

    def _read_parts(self, text: str, breaks: re.Pattern[str]) -> list[Reading]:
        """What several words in one cell say, if each of them is known to say something about a membership."""
        parts = [part for part in map(str.strip, breaks.split(text)) if part]
        if len(parts) < 2 or len(parts) > 6:
            return []
        found = [one for part in parts for one in self._read_whole(part) or [Reading(Sort.TEXT, part)]]
        return found if all(one.sort in ATTRIBUTES for one in found) else []


def fold(text: str) -> str:
    """The text as words are compared: without case, and with single spaces."""
    return " ".join(text.split()).casefold()


def shorten(text: str) -> str:
    """A piece of a stranger's text, short enough for a message."""
    text = " ".join(text.split())
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def find_identities(text: str) -> list[Reading]:
    """Addresses and numbers anywhere in a text."""
    text = text[:_MAX_SEARCHED]
    emails = [Reading(Sort.EMAIL, match[0].lower()) for match in _EMAIL.finditer(text)]
    return emails + [one for match in _INTERNATIONAL.finditer(text) for one in _read_identity(match[0])]


def split_person(text: str) -> list[str]:
    """The pieces of a cell about a person: its lines, and the address in `Ana Lopez <ana@acme.example>`."""
    pieces: list[str] = []
    for line in text.split("\n"):
        match = _NAMED.fullmatch(line.strip())
        pieces += [match["name"], match["address"]] if match else [line]
    return [piece.strip() for piece in pieces if piece.strip()]


def without_you(text: str) -> str:
    """A name without the mark by which a page tells who is looking at it."""
    shorter = _YOU.sub("", text)
    return shorter if shorter != text and text.rstrip().endswith((")", "]")) else text


@lru_cache(maxsize=1024)
def find_day(text: str) -> date | None:
    """The UTC day in a text that is nothing but a day, with or without a time.

    A day that two readers could read differently, such as 03/04/2026, is not read.
    """
    text = " ".join(text.split()).lower()
    if not text.isascii() or len(text) > 40 or not re.search(r"\d{4}", text):
        return None
    with suppress(ValueError, OverflowError):
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text.upper().replace(" +", "+").replace(" Z", "Z"))
            return moment.date() if moment.tzinfo is None else moment.astimezone(UTC).date()
        text = _TIME.sub("", text)
        if match := _SLASHED.fullmatch(text):
            # Day and month change places between countries; only when one of them cannot be a month is it clear.
            one, other, year = map(int, match.groups())
            if one == other or other > 12:
                return date(year, one, other)
            return date(year, other, one) if one > 12 else None
    words = re.sub(r"[\s.,-]+", " ", re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text)).replace("sept ", "sep ")
    for pattern, written, forms in ((_NUMBERED, text, _NUMBERED_DAYS), (_WORDED, words, _WORDED_DAYS)):
        for form in forms if pattern.fullmatch(written) else ():
            with suppress(ValueError):
                return datetime.strptime(written, form).date()  # noqa: DTZ007  # a day has no zone
    return None


def _read_identity(text: str) -> list[Reading]:
    if _EMAIL.fullmatch(text):
        return [Reading(Sort.EMAIL, text.lower())]
    if _PHONE.fullmatch(text):
        digits = "".join(filter(str.isdecimal, text))
        return [Reading(Sort.PHONE, "+" + (digits if "+" in text else digits.removeprefix("00")))]
    if _HANDLE.fullmatch(text):
        return [Reading(Sort.HANDLE, text.lower())]
    if len(text) >= 4 and _MASKED.fullmatch(text) and any(map(str.isalnum, text)):
        return [Reading(Sort.MASKED, text.lower())]
    return []


def _read_numbers(word: str) -> list[Reading]:
    """How many rows or pages there are, told by the words between the numbers, in whatever order they stand."""
    found = _NUMBER.findall(word)
    between = _NUMBER.sub(" ", word)
    if not found or any(len(one) > _MAX_DIGITS for one in found) or _BETWEEN.search(between):
        return []
    numbers = [int(re.sub(r"\D", "", one)) for one in found]
    words = set(re.findall(r"[^\W\d_]+", between))
    if not words and len(numbers) == 1:
        return [Reading(Sort.NUMBER, str(numbers[0]))]
    if not words:  # `1/12` and `< 1 2 3 ... 12 >` are pages
        is_fraction = len(numbers) == 2 and "/" in between and numbers[0] <= numbers[1]
        is_pager = not re.search("[-\u2013\u2014/]", between)
        return [Reading(Sort.PAGES, str(max(numbers)))] if is_fraction or is_pager else []
    if words >= {"per", "page"} or (words == {"page"} and "/" in between and len(numbers) == 1):
        whole = re.search(r"\bof\s+(\d+)", word)
        return [Reading(Sort.COUNT, whole[1]) if whole else Reading(Sort.NOISE, word)]
    if words <= _PAGE_WORDS and words & {"page", "pages", "previous", "prev", "next", "first", "last"}:
        return [Reading(Sort.PAGES, str(max(numbers)))]
    counted = [Reading(Sort.COUNT, str(max(numbers)))]
    if words <= _COUNT_WORDS | _PAGE_WORDS and words & {"page", "pages"}:
        pages = re.search(r"\d+\s*(?:of|/)\s*(\d+)\s+pages?|pages?\s+\d+\s*(?:of|/)\s*(\d+)|(\d+)\s+pages", word)
        return [*([Reading(Sort.PAGES, next(filter(None, pages.groups())))] if pages else []), *counted]
    return counted if words <= _COUNT_WORDS else []


def read_role_words(roles: Iterable[Role], sort: Sort = Sort.ROLE) -> dict[str, Reading]:
    """Every word for a role; a word that several roles claim as theirs besides is nobody's."""
    roles = tuple(roles)
    own = {
        fold(word): Reading(sort, role.name)
        for role in roles
        for word in (role.name, role.name.replace("_", " "), role.label)
    }
    claimed = [(fold(alias), role.name) for role in roles for alias in role.aliases]
    claims = Counter(word for word, _ in claimed)
    return {**{word: Reading(sort, name, by_alias=True) for word, name in claimed if claims[word] == 1}, **own}
