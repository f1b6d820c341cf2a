"""Prose in which what somebody copies is marked, so that every renderer can show it character by character.

The texts of work orders are such prose: "Type `ana@acme.example`". A backslash before a backtick or a backslash makes
it an ordinary character, inside and outside of the marks; whoever shows such a text without knowing this still shows
something that a person can read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PIECE = re.compile(r"`((?:\\[\\`]|[^`])*)`|((?:\\[\\`]|[^`])+|`)")
_ESCAPED = re.compile(r"\\([\\`])")


class MarkupPiece(NamedTuple):
    """A part of a marked text, without marks and escapes."""

    text: str
    is_literal: bool
    """To be copied as it is: an address, an id, a name that has to be found on a page."""


def plain(text: str) -> str:
    """Text from outside as part of the prose."""
    return re.sub(r"[\\`]", lambda found: f"\\{found[0]}", text)


def literal(text: str) -> str:
    """Text from outside as something to copy."""
    return f"`{plain(text)}`"


def split(text: str) -> list[MarkupPiece]:
    """The pieces of a marked text, in order."""
    pieces = []
    for found in _PIECE.finditer(text):
        is_literal = found[1] is not None
        pieces.append(MarkupPiece(_ESCAPED.sub(r"\1", found[1] if is_literal else found[2]), is_literal))
    return pieces


def quote(text: str) -> str:
    """A marked text with double quotes instead of marks, so that a name cannot pass for prose in plain text either."""
    return "".join(_quoted(piece.text) if piece.is_literal else piece.text for piece in split(text))


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def strip_marks(text: str) -> str:
    """What a marked text says, for a place that cannot show the difference."""
    return "".join(piece.text for piece in split(text))
