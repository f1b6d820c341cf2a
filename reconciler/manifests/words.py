"""Words that need a look of their own: keys, days, roles, and what is there twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from reconciler.manifests.nodes import Cursor
from reconciler.model.address import KINDS
from reconciler.model.finding import Notes, Place, list_words, suggest_word
from reconciler.model.system import System
from reconciler.systems import SYSTEMS

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
