"""Keys that manifests give to things, and the same key given twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from reconciler.manifests.lookalikes import has_mixed_scripts
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.model.finding import Place

_KEY = re.compile(r"\w[\w.+-]{0,99}")
T = TypeVar("T")


def read_keys(section: Mapping[str, T], at: Cursor, notes: Notes) -> Iterator[tuple[str, T, Cursor]]:
    """The entries of a section whose keys can be part of an address, each with its spot in the file."""
    for key, value in section.items():
        spot = at.into(key)
        if _is_usable(key, spot.place, notes):
            yield key, value, spot


def is_key(text: str) -> bool:
    """Whether a text could be a key as it is."""
    return _KEY.fullmatch(text) is not None and _is_honest(text)


def _is_honest(key: str) -> bool:
    return key.isascii() or not (has_mixed_scripts(key) or unicodedata.normalize("NFC", key) != key)


def _is_usable(key: str, place: Place, notes: Notes) -> bool:
    if not _KEY.fullmatch(key):
        shown = key if key.isprintable() else ascii(key)[1:-1]
        advice = "use letters, digits, `.`, `_`, `-` and `+`, and begin with a letter or digit"
        notes.error("bad-key", f"`{shown}` cannot be a key", place, advice=advice)
        return False
    if not _is_honest(key):
        advice = "write it anew with the letters of one alphabet"
        notes.error("bad-key", f"`{key}` ({ascii(key)[1:-1]}) is not what it looks like", place, advice=advice)
        return False
    return True


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
