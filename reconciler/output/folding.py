"""Lines that are longer than the terminal, broken between words where the reader can see what belongs together.

A terminal breaks anywhere, in the middle of a name, and begins the rest in the first column, where it looks like a line
of its own. Only a terminal has a width: what goes into a file or a pipe stays in one line, so that `grep` finds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from reconciler.output.visible import display_width

HANGING = "      "
"""How much further in than its first line a broken text goes on: nowhere near where a row of a table begins."""


_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
"""What `Style.paint` adds; escapes in names are visible text by now."""


def shown_width(text: str) -> int:
    """Columns that a text takes, painted or not."""
    return display_width(_COLOUR.sub("", text))


def fits(text: str, width: int) -> bool:
    """Whether the text, painted or not, has room in a line; width 0 is a line of any length."""
    return not width or shown_width(text) <= width


def fold(text: str, width: int, indent: str = "") -> list[str]:
    """The text as lines of at most `width` columns, all but the first further in; no word is ever cut."""
    whole = f"{indent}{text}"
    if fits(whole, width):
        return [whole]
    first, *words = text.split(" ")
    lines, line = [], f"{indent}{first}"
    for word in words:
        longer = f"{line} {word}"
        # Nothing between two spaces: those between columns stay, and at the end of a line they do not count.
        if not word or fits(longer, width):
            line = longer
        else:
            lines.append(line.rstrip())
            line = f"{indent}{HANGING}{word}"
    return [*lines, line.rstrip()]


def fold_items(items: Sequence[str], gap: str, width: int, indent: str = "") -> list[str]:
    """The items side by side as far as there is room, and the rest of them below, no item broken."""
    lines: list[str] = []
    for item in items:
        if lines and fits(longer := f"{lines[-1]}{gap}{item}", width):
            lines[-1] = longer
        else:
            lines.append(f"{indent}{item}")
    return lines
