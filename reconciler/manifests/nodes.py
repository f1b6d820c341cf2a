"""Parsed YAML that knows where everything was written, what a text means and hides, and words that need a look."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from reconciler.model import KINDS, Notes, Place, System, dataclass, list_words, suggest_word
from reconciler.systems.catalogue import SYSTEMS

Path = tuple[str | int, ...]
"""Keys and indexes from the top of a file."""
_NOTHING = object()
Mark = int
"""A position, counted from 0 as YAML readers do: the line times `LINE`, and the column."""
LINE = 1 << 25
"""One line further; a file has fewer characters than this, so no column is as large."""


def place_of(file: str, mark: Mark) -> Place:
    """A mark as people count: from 1."""
    return Place(file, mark // LINE + 1, mark % LINE + 1)


class MapNode(dict[str, object]):
    """A YAML mapping: a plain dict for every reader, plus the marks of its keys and values."""

    __slots__ = ("apart", "mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: dict[str, Mark] = {}
        """Where each key is."""
        self.apart: dict[str, Mark] = {}
        """Where the value of a key is, unless it stands one space behind the key and its colon."""

    def value_mark(self, key: str) -> Mark:
        """Where the value of a key that is there begins."""
        mark = self.apart.get(key)
        return self.marks[key] + len(key) + 2 if mark is None else mark


class ListNode(list[object]):
    """A YAML sequence: a plain list for every reader, plus the marks of its items."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: list[Mark] = []


class Cursor:
    """A spot in one parsed file from which places of keys and items can be asked.

    Resolving works on validated documents, which know nothing of positions; a cursor walks the parsed file beside
    them. Whatever was not written, such as a default, has the place of what should contain it.
    """

    __slots__ = ("file", "node", "start")

    def __init__(self, file: str, node: object, start: Mark) -> None:
        self.file = file
        self.node = node
        self.start = start

    @classmethod
    def at_top(cls, file: str, node: MapNode) -> Cursor:
        """The whole file."""
        return cls(file, node, node.mark)

    @property
    def place(self) -> Place:
        """Where the thing starts: its key, if it has one."""
        return place_of(self.file, self.start)

    def into(self, *parts: str | int) -> Cursor:
        """The value under a key or an index, or under one after the other; it starts at its key, or at the item."""
        node, start = self.node, self.start
        for part in parts:
            if isinstance(node, MapNode) and isinstance(part, str) and (mark := node.marks.get(part)) is not None:
                node, start = node[part], mark
            elif isinstance(node, ListNode) and isinstance(part, int) and 0 <= part < len(node.marks):
                start, node = node.marks[part], node[part]
            else:
                node = None
        return Cursor(self.file, node, start)

    def key(self, *parts: str | int) -> Place:
        """Where the last of these keys (or items) is written."""
        return self.into(*parts).place

    def spot(self, part: str | int) -> Place:
        """The same for one key or item that is there, without a cursor: it is asked for every line."""
        node = self.node
        if not isinstance(node, MapNode | ListNode):
            return self.place
        mark = node.marks[part]  # type: ignore[index]  # a key of a mapping, or the number of an item
        return Place(self.file, mark // LINE + 1, mark % LINE + 1)

    def value(self, part: str) -> Place:
        """Where the value of a key is written, rather than the key."""
        node = self.node
        if isinstance(node, MapNode) and part in node.marks:
            return place_of(self.file, node.value_mark(part))
        return self.place


def inside(node: object, part: str | int) -> object:
    """The value under a key or an index; something that is no value when there is none."""
    if isinstance(node, MapNode) and isinstance(part, str):
        return node.get(part, _NOTHING)
    if isinstance(node, ListNode) and isinstance(part, int) and part < len(node):
        return node[part]
    return _NOTHING


def path_in(node: object, loc: Path) -> Path:
    """The keys and indexes of an error's location, without the names of union members that pydantic adds."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        inner = inside(node, part)
        if inner is not _NOTHING:
            node = inner
        elif index < len(loc) - 1 or not isinstance(node, MapNode):
            continue  # a member of a union; only the last part can be a key that is not there
        path.append(part)
    return tuple(path)


@dataclass(frozen=True, slots=True)
class Surprise:
    """Text that some YAML reader takes for something else."""

    id: str
    reads: str
    """What some readers take it for."""
    otherwise: str = ""
    """What else may have been meant, for the advice."""


_TRUE = ("yes", "Yes", "YES", "on", "On", "ON", "y", "Y")
_FALSE = ("no", "No", "NO", "off", "Off", "OFF", "n", "N")
WORDS: dict[str, bool | Surprise | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(_TRUE, Surprise("yaml-boolean", "true", ", or true")),
    **dict.fromkeys(_FALSE, Surprise("yaml-boolean", "false", ", or false")),
}
_NUMBER_STARTS = frozenset("0123456789+-.")
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,29})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,29})\.[0-9]{1,30}")
_SURPRISING_NUMBERS = (
    (re.compile(r"\+[0-9]+"), "a number, without its plus sign"),
    (re.compile(r"[-+]?0[0-7_]+"), "an octal number"),
    (re.compile(r"[-+]?0o[0-7_]+"), "an octal number"),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), "a hexadecimal number"),
    (re.compile(r"[-+]?0b[01_]+"), "a binary number"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "a number to the base of 60"),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), "a number"),
    (re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"), "a number"),
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")


def is_date(text: str) -> bool:
    """Whether some readers take an unquoted word for a date; as a key it then is another one to them."""
    return _DATE.fullmatch(text) is not None


def read_plain(text: str) -> str | int | float | bool | Surprise | None:
    """The value of an unquoted scalar; a Surprise where YAML 1.1 would read what nobody means."""
    if not text or text[0] not in _NUMBER_STARTS:
        return WORDS.get(text, text)
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    for pattern, reads in _SURPRISING_NUMBERS:
        if pattern.fullmatch(text):
            return Surprise("yaml-number", reads)
    return text


MIN_LENGTH = 16
"""Shorter texts are never taken for a secret."""
# Public prefixes of tokens: GitHub, GitLab, Slack, AWS, Google, Stripe and the like, JSON web tokens, TikTok's access
# (act.), client (clt.) and refresh (rft.) tokens; and private keys.
_KNOWN = re.compile(
    r"(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|xapp-|AKIA|ASIA|AIza|sk[-_](?:live|test|proj|ant)?|npm_|pypi-|eyJ"
    r"|act\.|clt\.|rft\.)[A-Za-z0-9_\-.+/=!]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY-----",
)
_MIN_OPAQUE = 32
"""Shorter texts are only taken for a secret when they begin like one."""
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_.\-]+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_SECRET_NAME = re.compile(
    r"(?:^|[_\-.])(?:password|passwd|pwd|passphrase|secret|token|api_?key|private_?key|credentials?|cookie|session_?id)s?$",
    re.IGNORECASE,
)


def is_secret_name(key: str) -> bool:
    """Whether a key of this name would hold a secret: `password`, `access_token`, `client_secret`."""
    return _SECRET_NAME.search(key) is not None


def looks_like_secret(text: str) -> bool:
    """Whether a value is probably a token or a key: a known prefix, or long and random."""
    if _KNOWN.match(text):
        return True
    if len(text) < _MIN_OPAQUE or not _OPAQUE.fullmatch(text):
        return False
    kinds = (any(c.isdigit() for c in text), any(c.islower() for c in text), any(c.isupper() for c in text))
    if _HEX.fullmatch(text):
        return kinds[0] and (kinds[1] or kinds[2])
    # Shannon entropy: English words with separators stay below 4 bits, random base64 of this length lies above.
    shares = [count / len(text) for count in Counter(text).values()]
    return all(kinds) and -sum(share * math.log2(share) for share in shares) > 4


CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|\r(?!\n)")
# Line breaks that only some programs honour, and marks that change the direction of what is shown: what a reviewer
# sees is then not what is read (CVE-2021-42574, "Trojan Source").
# The same holds for characters that are drawn as nothing at all. The joiners U+200C and U+200D are not among them:
# words of several languages, and many emoji, cannot be written without them.
HIDDEN = re.compile(
    "[\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff"
    "\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def find_hidden(text: str) -> str:
    """The first character of a value that nobody would see, such as an escape sequence can bring in; else empty."""
    found = CONTROL.search(text) or HIDDEN.search(text)
    return found[0] if found else ""


_KEY = re.compile(r"\w[\w.+-]{0,99}")
T = TypeVar("T")
_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "GEORGIAN", "COPTIC"})


def read_keys(section: Mapping[str, T], at: Cursor, notes: Notes) -> Iterator[tuple[str, T, Cursor]]:
    """The entries of a section whose keys can be part of an address, each with its spot in the file."""
    for key, value in section.items():
        spot = at.into(key)
        if is_key(key):
            yield key, value, spot
        elif _KEY.fullmatch(key):
            advice = "write it anew with the letters of one alphabet"
            notes.error("bad-key", f"`{key}` ({ascii(key)[1:-1]}) is not what it looks like", spot.place, advice=advice)
        else:
            shown = key if key.isprintable() else ascii(key)[1:-1]
            advice = "use letters, digits, `.`, `_`, `-` and `+`, and begin with a letter or digit"
            notes.error("bad-key", f"`{shown}` cannot be a key", spot.place, advice=advice)


def is_key(text: str) -> bool:
    """Whether a text could be a key as it is."""
    if not _KEY.fullmatch(text):
        return False
    return text.isascii() or not (has_mixed_scripts(text) or unicodedata.normalize("NFC", text) != text)


def has_mixed_scripts(text: str) -> bool:
    """Whether letters of several alphabets with similar letters stand in one word."""
    if text.isascii():
        return False
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}
    return len(alphabets & _ALPHABETS) > 1


def note_twice(what: str, place: Place, first: Place, notes: Notes) -> None:
    """The same thing is declared in two places."""
    message = f"{what} is already declared in {first}"
    notes.error("declared-twice", message, place, advice="keep one of the two", related=(first,))


def note_listed_twice(items: Sequence[str], at: Cursor, notes: Notes) -> None:
    """The same item twice in a list: taking one of the two out looks like a change and is none."""
    first: dict[str, Place] = {}
    for index, item in enumerate(items):
        place = at.key(index)
        if item in first:
            notes.warning("listed-twice", f"`{item}` is in this list twice", place, related=(first[item],))
        else:
            first[item] = place


def read_day(text: str, key: str, at: Cursor, notes: Notes) -> date | None:
    """The day written under `key`; None when there is none, or after a finding."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        notes.error("bad-date", f"`{text}` is not a day of the calendar", at.value(key))
        return None


def read_interval(text: str) -> int:
    """The days in `90d`; 0 where nothing is written."""
    return int(text.removesuffix("d") or 0)


def read_span(starts: str, until: str, key: str, at: Cursor, notes: Notes) -> tuple[date | None, date | None]:
    """The days under `starts` and `key`; a span that never begins is a finding."""
    begin, end = read_day(starts, "starts", at, notes), read_day(until, key, at, notes)
    if begin and end and begin >= end:
        message = f"starts on {begin}, which is not before `{key}` {end}: there would never be access"
        notes.error("starts-after-expires", message, at.value("starts"), related=(at.value(key),))
    return begin, end


def note_unknown_role(notes: Notes, name: str, system: System, kind: str, place: Place) -> None:
    """A finding for a role or permission that a system does not know for this kind, with the one that is meant."""
    known = [*system.roles.get(kind, ()), *system.permissions.get(kind, ())]
    names = [role.name for role in known]
    word = name.lower().replace("-", "_")
    meant = [role.name for role in known if word == role.name or word in role.aliases or name == role.label]
    if meant:
        others = f"There are {list_words(names)}" if len(names) > 1 else "There is no other"
        advice = f"did you mean `{meant[0]}`? {others}"
    else:
        elsewhere = _find_elsewhere(name, system, kind)
        parts = (suggest_word(name, names), f"`{name}` exists for {elsewhere}" if elsewhere else "")
        advice = "; ".join(filter(None, parts))
    sort = "permission" if kind in system.permissions else "role"
    message = f"`{name}` is no {sort} here: {_title(kind)} in {system.name}"
    notes.error("unknown-role", message, place, advice=advice)


def _find_elsewhere(name: str, system: System, kind: str) -> str:
    """Where the word is a role: for the same kind if possible, and nearby rather than far away."""
    found = [
        (other_kind != kind, other.name != system.name, other.name, other_kind)
        for variants in SYSTEMS.values()
        for other in variants.values()
        for other_kind in (*other.roles, *other.permissions)
        if other.find_role(other_kind, name)
    ]
    if not found:
        return ""
    _, is_far, other_system, other_kind = min(found)
    if not is_far and system.find_role(other_kind, name) is None:
        return f"{_title(other_kind)} with another `role_system` or `kind`"
    return f"{_title(other_kind)} in {other_system}"


def _title(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else "finance role"
