"""Tables on a terminal: in columns where there is room, else row by row as blocks.

Rows with a sign need no header: who, what, why and where explain themselves, and why and where go below where a line
has no room for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.output.document import Row, Sign, Table
from reconciler.output.folding import fits, fold, fold_items, shown_width
from reconciler.output.style import Style, Tone
from reconciler.output.text_inline import say
from reconciler.output.visible import make_visible

_WIDEST = 60
"""A cell wider than this pushes the rest of its line rather than everybody's."""
_GAP = "  "
_BELOW = "    "
"""How much further in what belongs to a row stands below it."""


def table_lines(block: Table, style: Style, indent: str) -> Iterator[str]:
    """All rows of the table."""
    if block.is_signed:
        yield from _signed(block.rows, style, indent)
        return
    header = block.columns
    rows = [[say(cell, style) for cell in block.cells(row)] for row in block.rows]
    widths = [_column(cells) for cells in zip(header, *rows, strict=True)]
    first, *lines = [_join(cells, widths).rstrip() for cells in (header, *rows)]
    has_room = all(fits(f"{indent}{line}", style.width) for line in (first, *lines))
    if has_room:
        yield f"{indent}{style.paint(first, Tone.STRONG)}"
    for row, cells, line in zip(block.rows, rows, lines, strict=True):
        yield from [f"{indent}{line}"] if has_room else _block(header, cells, style, indent)
        yield from _details(row, style, indent)


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(f"{cell}{' ' * (width - shown_width(cell))}" for cell, width in zip(cells, widths, strict=True))


def _block(header: Sequence[str], cells: Sequence[str], style: Style, indent: str) -> Iterator[str]:
    """What the row is about, and below it the other values with their names; a number alone says nothing."""
    first, *others = cells
    named = f"{header[0]} {first}" if first.isdecimal() else first
    yield from fold(style.paint(named, Tone.STRONG), style.width, indent)
    labelled = [f"{label}: {cell}" if label else cell for label, cell in zip(header[1:], others, strict=True) if cell]
    for line in fold_items(labelled, "   ", style.width - len(indent) - len(_BELOW)):
        yield from fold(line, style.width, f"{indent}{_BELOW}")


def _signed(rows: Sequence[Row], style: Style, indent: str) -> Iterator[str]:
    shown = [[say(cell, style) for cell in row.cells] for row in rows]
    widths = [_column(cells) for cells in zip(*shown, strict=True)]
    for row, cells in zip(rows, shown, strict=True):
        yield from _first_lines(row, _join(cells, widths), _GAP.join(filter(None, cells)), style, indent)
        yield from _details(row, style, indent)


def _first_lines(row: Row, columns: str, close: str, style: Style, indent: str) -> Iterator[str]:
    """All in one line; where that has no room, the note and then the place below what they are about.

    Where even the columns have none, the cells stand close together.
    """
    sign = row.sign or Sign(" ", Tone.QUIET, "")
    note = say(row.note, style)
    place = f"[{make_visible(str(row.place))}]" if row.place else ""
    text = f"{columns}{_GAP}{note}".rstrip()
    mark = style.paint(sign.mark, sign.tone)
    if fits(f"{indent}{sign.mark} {text}{_GAP}{place}", style.width):
        yield f"{indent}{mark} {text}{place and _GAP}{style.paint(place, Tone.QUIET)}"
        return
    below = f"{indent}{_BELOW}"
    room = style.width - len(f"{indent}{sign.mark} ")
    first, *rest = fold(columns.rstrip() if fits(columns.rstrip(), room) else close, room)
    yield f"{indent}{mark} {first}"
    yield from (f"{indent}{line}" for line in rest)
    yield from _add_place(fold(note, style.width, below) if note else [], place, below, style)


def _add_place(lines: list[str], place: str, below: str, style: Style) -> list[str]:
    """The place behind the last line, or below it where it has no room."""
    if not place:
        return lines
    painted = style.paint(place, Tone.QUIET)
    if lines and fits(f"{lines[-1]}{_GAP}{place}", style.width):
        return [*lines[:-1], f"{lines[-1]}{_GAP}{painted}"]
    return [*lines, f"{below}{painted}"]


def _details(row: Row, style: Style, indent: str) -> Iterator[str]:
    below = f"{indent}{_BELOW}"
    for detail in (*row.details, *(row.more if style.verbose else ())):
        yield from _quiet(fold(say(detail, style), style.width, below), style)
    if row.snippet:
        # Never broken: it is there to be pasted.
        yield from _quiet([f"{below}{_GAP}{make_visible(row.snippet)}"], style)


def _quiet(lines: Sequence[str], style: Style) -> Iterator[str]:
    """The text without the space before it, so that plain and painted lines are cut alike."""
    yield from (f"{line[: -len(text)]}{style.paint(text, Tone.QUIET)}" for line in lines if (text := line.lstrip()))


def _column(texts: Sequence[str]) -> int:
    """The width that fits every text, ignoring those that are too long for a column."""
    return max((width for width in map(shown_width, texts) if width <= _WIDEST), default=0)
