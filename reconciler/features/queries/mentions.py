"""Which texts can be about somebody, told without reading them: for one question about a hundred thousand accesses."""

from __future__ import annotations

import re
from collections.abc import Collection

_UNBROKEN = re.compile(r"[\w@.+:-]+", re.ASCII)
"""What stands in YAML and JSON as it is, on one line, wherever it may stand."""


def may_mention(data: bytes | None, words: Collection[str]) -> bool:
    """Whether a YAML or JSON text can contain one of the words as a value or a key, in any case.

    Never False for a text that does. A text of ASCII characters without a backslash can spell a word in no other way
    than with its own letters: both languages write everything else with a backslash, YAML but for the `'` in single
    quotes and for text broken at spaces, so only pieces without either are looked for. Every other text, and one that
    could not be read, may mention anything.
    """
    if data is None or not data.isascii() or b"\\" in data or b"\0" in data:
        return True
    text = data.lower()
    return any(piece in text for piece in map(_longest_piece, words) if piece is not None)


def _longest_piece(word: str) -> bytes | None:
    """The longest part of a word that is never broken; None for a word that no ASCII text can hold."""
    folded = word.casefold()
    if not folded.isascii():
        return None
    return max(_UNBROKEN.findall(folded), key=len, default="").encode()
