"""Text of strangers on a terminal: what is invisible becomes visible, and columns stay columns.

Names come from manifests and from the systems, so anybody who can choose a display name could otherwise move the
cursor, recolour a line or reverse its reading order, and make a dangerous plan look harmless.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that look like nothing."""
_TAB_STOP = 4


def make_visible(text: str) -> str:
    r"""The text with every control, formatting and look-alike-of-nothing character written as `\x1b` or `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if _is_plain(one) else one.encode("unicode_escape").decode() for one in text)


def show_source(line: str) -> str:
    """A line of a user's file: tabs become spaces, everything else as in `make_visible`."""
    return make_visible(line.replace("\t", " " * _TAB_STOP))


def display_width(text: str) -> int:
    """Columns the text takes in a terminal with a fixed-width font."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # most text needs no table of widths

    return cell_len(text)


def pad(text: str, width: int) -> str:
    """The text filled up with spaces to `width` columns; a longer text is left as it is."""
    return text + " " * (width - display_width(text))


def _is_plain(character: str) -> bool:
    if character == " ":
        return True
    return unicodedata.category(character) not in _HIDDEN and character not in _BLANK_LETTERS
