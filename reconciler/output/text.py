"""A document for a terminal, or for a file that people read.

Only a terminal has a width: by itself it breaks anywhere and begins the rest in the first column, where it looks like
a line of its own. So a text that has no room in a line goes on further in, between words, and where a table has no
room, each of its rows becomes a block of labelled values. No word is ever broken. What goes into a file or a pipe
stays in one line, so that `grep` finds it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from reconciler.model import Finding, Severity, count, dataclass
from reconciler.output.document import (
    Block,
    Code,
    Detail,
    Document,
    Facts,
    Findings,
    Inline,
    Items,
    Legend,
    Paragraph,
    Row,
    Section,
    Sign,
    SpanStyle,
    Style,
    Table,
    Tick,
    Tone,
    display_width,
    make_visible,
    pad,
    plain,
    show_source,
    spans,
)

MAX_ROWS = 1_000
"""So many a terminal shows, unless it is asked for all: more would push what matters out of everybody's sight."""
_STEP = "  "
_HANGING = "      "
"""How much further in than its first line a broken text goes on: nowhere near where a row of a table begins."""
_TICKS = {
    Tick.OPEN: ("[ ]", Tone.CHANGE),
    Tick.WAITING: ("[…]", Tone.CHANGE),
    Tick.BLOCKED: ("[!]", Tone.ALARM),
    Tick.UNKNOWN: ("[?]", Tone.WARN),
    Tick.DONE: ("[x]", Tone.ADD),
}
_FLOWING = (Paragraph, Facts, Legend, Findings)
"""Blocks that stand below each other without an empty line."""
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
"""What `Style.paint` adds; escapes in names are visible text by now."""


def render_text(document: Document, style: Style) -> str:
    """The document; ends with a newline, and with the summary if there is one."""
    return "".join(write_text(document, style))


def write_text(document: Document, style: Style) -> Iterator[str]:
    """The same line by line."""
    return (f"{line}\n" for line in _document_lines(document, style))


def _document_lines(document: Document, style: Style) -> Iterator[str]:
    head = [] if document.is_title_needless else _text(document.title, style, Tone.STRONG)
    for note in document.notes:
        head += fold(f"{style.paint('note', Tone.STRONG)}: {_inline(note, style)}", style.width)
    blocks, room = _chosen(document.blocks, style), _Room.of(style)
    is_empty = True
    for line in _below(head, blocks, style, room, depth=0):
        is_empty = False
        yield line
    if room.hidden:
        rest = count(room.hidden, "line is", "lines are")
        yield ""
        text = f"{rest} not shown on a terminal: -v lists all, and so does a file (`> FILE`) or --format json"
        yield from _text(plain(text), style, Tone.ALARM)
    if document.summary:
        is_list = bool(blocks) and isinstance(blocks[-1], Findings)
        yield from [""] if not is_empty and not is_list else []
        yield from _text(document.summary, style, Tone.STRONG)


@dataclass(slots=True)
class _Room:
    """How many rows a terminal still takes: nobody scrolls through a hundred thousand."""

    left: int
    hidden: int = 0

    @classmethod
    def of(cls, style: Style) -> _Room:
        return cls(MAX_ROWS if style.width and not style.verbose else sys.maxsize)

    def take(self, block: Block) -> Block | None:
        """As much of a block as there is room for. What is foremost always has room."""
        if isinstance(block, Section) and block.is_foremost:
            return block
        number = _count_rows(block) if self.left < sys.maxsize else 0
        if isinstance(block, Section) and (self.left or not number):
            return block  # its tables ask again
        shown = min(self.left, number)
        self.left -= shown
        self.hidden += number - shown
        if not isinstance(block, Table) or shown == number:
            return None if shown < number else block
        return replace(block, rows=block.rows[:shown]) if shown else None


def _count_rows(block: Block) -> int:
    """Lines of its tables, as a terminal shows them in brief."""
    match block:
        case Table(rows=rows):
            return len(rows)
        case Section(blocks=blocks):
            return sum(map(_count_rows, blocks))
        case Detail(brief=brief):
            return _count_rows(brief) if brief else 0
        case _:
            return 0


def _chosen(blocks: Sequence[Block], style: Style) -> list[Block]:
    """Of each detail the full or the brief version."""
    found = ((block.full if style.verbose else block.brief) if isinstance(block, Detail) else block for block in blocks)
    return [block for block in found if block is not None]


def _below(head: Sequence[str], blocks: Sequence[Block], style: Style, room: _Room, *, depth: int) -> Iterator[str]:
    """Some lines and the blocks below them, with empty lines where something new begins."""
    yield from head
    is_empty, before = not head, None
    block: Block | None
    for block in map(room.take, blocks):
        if block is None:
            continue
        shown = _lines(block, style, room, depth=depth)
        first = next(shown, None)
        if first is None:
            continue
        if before is None:
            is_close = depth > 0 or isinstance(block, _FLOWING)
        else:
            is_close = isinstance(before, _FLOWING) and isinstance(block, _FLOWING)
        if not is_empty and (isinstance(block, Section) or not is_close):
            yield ""
        yield first
        yield from shown
        is_empty, before = False, block


def _lines(block: Block, style: Style, room: _Room, *, depth: int) -> Iterator[str]:
    indent = _STEP * depth
    match block:
        case Section():
            about = f" ({_inline(block.about, style)})" if block.about else ""
            title = f"{style.paint(_inline(block.title, style), Tone.STRONG)}{about}"
            blocks = _chosen(block.blocks, style)
            inner = _Room(sys.maxsize) if block.is_foremost else room
            yield from _below(fold(title, style.width, indent), blocks, style, inner, depth=depth + 1)
        case Findings():
            yield from _findings(block, style)
        case Detail():
            for chosen in _chosen([block], style):
                yield from _lines(chosen, style, room, depth=depth)
        case _:
            yield from _flat_lines(block, style, indent)


def _flat_lines(block: Paragraph | Table | Items | Facts | Code | Legend, style: Style, indent: str) -> Iterator[str]:
    match block:
        case Table():
            yield from table_lines(block, style, indent)
        case Paragraph(text=text, tone=tone):
            yield from _text(text, style, tone, indent)
        case Items():
            yield from _items(block, style, indent)
        case Facts(pairs=pairs):
            width = max((display_width(label) for label, _ in pairs), default=0) + len(": ")
            for label, text in pairs:
                shown_label = style.paint(pad(f"{make_visible(label)}:", width), Tone.QUIET)
                yield from fold(f"{shown_label}{_inline(text, style)}", style.width, indent)
        case Code(text=text):
            yield from (f"{indent}{_STEP}{make_visible(line)}" for line in text.splitlines())
        case Legend(signs=signs):
            legend = [f"{style.paint(sign.mark, sign.tone)} {sign.meaning}" for sign in signs]
            yield from fold_items(legend, "   ", style.width, f"{indent}{_STEP}")


def _items(block: Items, style: Style, indent: str) -> Iterator[str]:
    digits = len(str(len(block.items)))
    for number, item in enumerate(block.items, start=1):
        marks = [f"{number:>{digits}}."] if block.is_numbered else [] if item.tick else ["-"]
        marks += [style.paint(*_TICKS[item.tick])] if item.tick else []
        yield from fold(f"{' '.join(marks)} {_inline(item.text, style)}", style.width, indent)
        for detail in item.details:
            yield from _text(detail, style, Tone.QUIET, f"{indent}{_STEP * 2}")


# Text in lines.


def _text(text: Inline, style: Style, tone: Tone | None = None, indent: str = "") -> list[str]:
    return fold(style.paint(_inline(text, style), tone), style.width, indent)


def _inline(text: Inline, style: Style) -> str:
    """A text in one line: backticks stay as they were typed, and what is to be copied exactly stands in quotes."""
    if isinstance(text, str):
        return make_visible(text)
    pieces = []
    for span in spans(text):
        visible = make_visible(span.text)
        if span.look is SpanStyle.LITERAL:
            visible = '"{}"'.format(visible.replace('"', '\\"'))
        pieces.append(
            style.paint(visible, Tone.STRONG) if span.look in (SpanStyle.LITERAL, SpanStyle.STRONG) else visible
        )
    return "".join(pieces)


def _width(text: str) -> int:
    """Columns that a text takes, painted or not."""
    return display_width(_COLOUR.sub("", text))


def _fits(text: str, width: int) -> bool:
    """Whether the text, painted or not, has room in a line; width 0 is a line of any length."""
    return not width or _width(text) <= width


def fold(text: str, width: int, indent: str = "") -> list[str]:
    """The text as lines of at most `width` columns, all but the first further in; no word is ever cut."""
    whole = f"{indent}{text}"
    if _fits(whole, width):
        return [whole]
    first, *words = text.split(" ")
    lines, line = [], f"{indent}{first}"
    for word in words:
        longer = f"{line} {word}"
        # Nothing between two spaces: those between columns stay, and at the end of a line they do not count.
        if not word or _fits(longer, width):
            line = longer
        else:
            lines.append(line.rstrip())
            line = f"{indent}{_HANGING}{word}"
    return [*lines, line.rstrip()]


def fold_items(items: Sequence[str], gap: str, width: int, indent: str = "") -> list[str]:
    """The items side by side as far as there is room, and the rest of them below, no item broken."""
    lines: list[str] = []
    for item in items:
        if lines and _fits(longer := f"{lines[-1]}{gap}{item}", width):
            lines[-1] = longer
        else:
            lines.append(f"{indent}{item}")
    return lines


# Findings: place, message, the line itself with a caret, and advice.

_TONES = {Severity.ERROR: Tone.ALARM, Severity.WARNING: Tone.WARN, Severity.NOTE: Tone.STRONG}
_MAX_LINE = 120
_SECRETS = frozenset({"secret", "literal-secret", "unknown-store"})
"""Findings on lines that hold one."""
_HIDDEN = "(the line is not shown, because it may hold a secret)"


def _findings(block: Findings, style: Style) -> Iterator[str]:
    """All findings in reading order."""
    lines_of = {path: text.splitlines() for path, text in block.texts.items()}
    for finding in block.findings:
        # First of all, for every finding on such a line: terminals and CI logs are kept.
        place = finding.place
        lines = lines_of.get(place.file, []) if place else []
        if finding.id in _SECRETS and place is not None and 1 <= place.line <= len(lines):
            lines[place.line - 1] = _HIDDEN
    paint_label = cache(lambda severity, id_: style.paint(f"{severity}[{id_}]", _TONES[severity]))
    for finding in sorted(block.findings, key=lambda finding: finding.sort_key):
        where = f"{make_visible(str(finding.place))}: " if finding.place else ""
        label = paint_label(finding.severity, finding.id)
        yield from fold(f"{style.paint(where, Tone.STRONG)}{label}: {make_visible(finding.message)}", style.width)
        yield from _excerpt(finding, lines_of.get(finding.place.file, []) if finding.place else [], style)
        yield from (f"  see also: {make_visible(str(place))}" for place in finding.related)
        if finding.advice:
            yield from fold(f"advice: {make_visible(finding.advice)}", style.width, "  ")


def _excerpt(finding: Finding, lines: Sequence[str], style: Style) -> list[str]:
    """The source line and a caret under the column; nothing when the line is not at hand."""
    place = finding.place
    if place is None or not 1 <= place.line <= len(lines):
        return []
    line = lines[place.line - 1]
    if line is _HIDDEN:
        return [f"  {style.paint(_HIDDEN, Tone.QUIET)}"]
    longest = min(_MAX_LINE, style.width - len("  …  …")) if style.width else _MAX_LINE
    # A long line is cut so that the column stays in sight.
    is_whole = len(line) <= longest or place.column <= longest * 2 // 3
    start = 0 if is_whole else min(place.column - longest // 2, len(line) - longest)
    lead = "… " if start else ""
    tail = " …" if len(line) > start + longest else ""
    caret = display_width(lead + show_source(line[start : place.column - 1]))
    shown = f"{lead}{show_source(line[start : start + longest])}{tail}"
    return [f"  {style.paint(shown, Tone.QUIET)}", f"  {' ' * caret}{style.paint('^', Tone.ALARM)}"]


# Tables.

_WIDEST = 60
"""A cell wider than this pushes the rest of its line rather than everybody's."""
_GAP = "  "
_BELOW = "    "
"""How much further in what belongs to a row stands below it."""


def table_lines(block: Table, style: Style, indent: str) -> Iterator[str]:
    """All rows: in columns where there is room, else row by row as blocks."""
    if block.is_signed:
        yield from _signed_rows(block.each if style.verbose else block.rows, style, indent)
        return
    header = block.columns
    rows = [[_inline(cell, style) for cell in block.cells(row)] for row in block.rows]
    widths = [_column(cells) for cells in zip(header, *rows, strict=True)]
    first, *lines = [_join(cells, widths).rstrip() for cells in (header, *rows)]
    has_room = all(_fits(f"{indent}{line}", style.width) for line in (first, *lines))
    if has_room:
        yield f"{indent}{style.paint(first, Tone.STRONG)}"
    for row, cells, line in zip(block.rows, rows, lines, strict=True):
        yield from [f"{indent}{line}"] if has_room else _labelled(header, cells, style, indent)
        yield from _details(row, style, indent)


def _column(texts: Sequence[str]) -> int:
    """The width that fits every text, ignoring those that are too long for a column."""
    return max((width for width in map(_width, texts) if width <= _WIDEST), default=0)


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(f"{cell}{' ' * (width - _width(cell))}" for cell, width in zip(cells, widths, strict=True))


def _labelled(header: Sequence[str], cells: Sequence[str], style: Style, indent: str) -> Iterator[str]:
    """What the row is about, and below it the other values with their names; a number alone says nothing."""
    first, *others = cells
    named = f"{header[0]} {first}" if first.isdecimal() else first
    yield from fold(style.paint(named, Tone.STRONG), style.width, indent)
    labelled = [f"{label}: {cell}" if label else cell for label, cell in zip(header[1:], others, strict=True) if cell]
    for line in fold_items(labelled, "   ", style.width - len(indent) - len(_BELOW)):
        yield from fold(line, style.width, f"{indent}{_BELOW}")


def _signed_rows(rows: Sequence[Row], style: Style, indent: str) -> Iterator[str]:
    """Rows that explain themselves: sign, who and what, why and where, all in one line.

    Where that has no room, why and then where stand below what they are about. Where even the columns have none, the
    cells stand close together.
    """
    shown = [[_inline(cell, style) for cell in row.cells] for row in rows]
    widths = [_column(cells) for cells in zip(*shown, strict=True)]
    below = f"{indent}{_BELOW}"
    for row, cells in zip(rows, shown, strict=True):
        sign = row.sign or Sign(" ", Tone.QUIET, "")
        mark = style.paint(sign.mark, sign.tone)
        columns, note = _join(cells, widths), _inline(row.note, style)
        note += f" (-v lists all {len(row.of):,})" if row.of else ""
        place = f"[{make_visible(str(row.place))}]" if row.place else ""
        text = f"{columns}{_GAP}{note}".rstrip()
        if _fits(f"{indent}{sign.mark} {text}{_GAP}{place}", style.width):
            yield f"{indent}{mark} {text}{place and _GAP}{style.paint(place, Tone.QUIET)}"
        else:
            columns = columns.rstrip()
            room = style.width - len(f"{indent}{sign.mark} ")
            first, *rest = fold(columns if _fits(columns, room) else _GAP.join(filter(None, cells)), room)
            yield f"{indent}{mark} {first}"
            yield from (f"{indent}{line}" for line in rest)
            yield from _add_place(fold(note, style.width, below) if note else [], place, below, style)
        yield from _details(row, style, indent)


def _add_place(lines: list[str], place: str, below: str, style: Style) -> list[str]:
    """The place behind the last line, or below it where it has no room."""
    if not place:
        return lines
    painted = style.paint(place, Tone.QUIET)
    if lines and _fits(f"{lines[-1]}{_GAP}{place}", style.width):
        return [*lines[:-1], f"{lines[-1]}{_GAP}{painted}"]
    return [*lines, f"{below}{painted}"]


def _details(row: Row, style: Style, indent: str) -> Iterator[str]:
    below = f"{indent}{_BELOW}"
    details = (*row.details, *(row.more if style.verbose else ()))
    lines = [line for detail in details for line in fold(_inline(detail, style), style.width, below)]
    if row.snippet:
        # Never broken: it is there to be pasted.
        lines.append(f"{below}{_GAP}{make_visible(row.snippet)}")
    # Painted without the space before it, so that plain and painted lines are cut alike.
    yield from (f"{line[: -len(text)]}{style.paint(text, Tone.QUIET)}" for line in lines if (text := line.lstrip()))
