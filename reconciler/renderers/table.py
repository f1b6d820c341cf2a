"""Plain tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.output.folding import HANGING, fold
from reconciler.output.style import Style, Tone
from reconciler.output.visible import display_width, make_visible, pad

_WIDEST = 60
_GAP = "  "


def render_table(header: Sequence[str], rows: Sequence[Sequence[str]], style: Style) -> str:
    """Columns under a header; ends with a newline. A cell wider than its column pushes the rest of its line.

    Columns for which a terminal has no room stand below the others, in the header as in every row.
    """
    shown = [[make_visible(cell) for cell in row] for row in rows]
    widths = [_column(cells) for cells in zip(header, *shown, strict=True)]
    parts = list(_divide(widths, style.width))
    first = [style.paint(line, Tone.STRONG) for line in _lines(header, widths, parts, style)]
    lines = [*first, *(line for row in shown for line in _lines(row, widths, parts, style))]
    return "".join(f"{line}\n" for line in lines)


def _divide(widths: Sequence[int], room: int) -> Iterator[slice]:
    """Which columns stand side by side: as many as there is room for, at least one."""
    start, used = 0, 0
    for number, width in enumerate(widths):
        needed = used + len(_GAP) + width if number > start else (len(HANGING) if start else 0) + width
        if room and number > start and needed > room:
            yield slice(start, number)
            start, needed = number, len(HANGING) + width
        used = needed
    yield slice(start, len(widths))


def _lines(cells: Sequence[str], widths: Sequence[int], parts: Sequence[slice], style: Style) -> Iterator[str]:
    for part in parts:
        line = _GAP.join(pad(cell, width) for cell, width in zip(cells[part], widths[part], strict=True)).rstrip()
        if line or part is parts[0]:
            yield from fold(line, style.width, HANGING if part.start else "")


def _column(cells: Sequence[str]) -> int:
    return max((width for width in map(display_width, cells) if width <= _WIDEST), default=0)
