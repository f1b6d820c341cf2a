"""Plain tables."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.renderers.style import Style, Tone
from reconciler.renderers.visible import display_width, make_visible, pad

_WIDEST = 60


def render_table(header: Sequence[str], rows: Sequence[Sequence[str]], style: Style) -> str:
    """Columns under a header; ends with a newline. A cell wider than its column pushes the rest of its line."""
    shown = [[make_visible(cell) for cell in row] for row in rows]
    widths = [_column(cells) for cells in zip(header, *shown, strict=True)]
    first = style.paint(_line(header, widths), Tone.STRONG)
    return "".join(f"{line}\n" for line in (first, *(_line(row, widths) for row in shown)))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(pad(cell, width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _column(cells: Sequence[str]) -> int:
    return max((width for width in map(display_width, cells) if width <= _WIDEST), default=0)
