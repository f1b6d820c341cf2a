"""A document for a terminal, or for a file that people read.

Only a terminal has a width. Where a line has no room in it, the text goes on further in, between words; where a table
has none, each of its rows becomes a block of labelled values. No word is ever broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.output.document import (
    Block,
    Code,
    Detail,
    Document,
    Facts,
    Findings,
    Inline,
    Item,
    Items,
    Legend,
    Paragraph,
    Section,
    Table,
    Tick,
)
from reconciler.output.folding import fold, fold_items
from reconciler.output.style import Style, Tone
from reconciler.output.text_findings import finding_lines
from reconciler.output.text_inline import say
from reconciler.output.text_table import table_lines
from reconciler.output.visible import display_width, make_visible, pad

_STEP = "  "
_TICKS = {
    Tick.OPEN: ("[ ]", Tone.CHANGE),
    Tick.WAITING: ("[…]", Tone.CHANGE),
    Tick.BLOCKED: ("[!]", Tone.ALARM),
    Tick.UNKNOWN: ("[?]", Tone.WARN),
    Tick.DONE: ("[x]", Tone.ADD),
}
_FLOWING = (Paragraph, Facts, Legend, Findings)
"""Blocks that stand below each other without an empty line."""


def render_text(document: Document, style: Style) -> str:
    """The document; ends with a newline, and with the summary if there is one."""
    head = [] if document.is_title_needless else fold(style.paint(say(document.title, style), Tone.STRONG), style.width)
    for note in document.notes:
        head += fold(f"{style.paint('note', Tone.STRONG)}: {say(note, style)}", style.width)
    blocks = _chosen(document.blocks, style)
    lines = _below(head, blocks, style, depth=0)
    if document.summary:
        is_list = bool(blocks) and isinstance(blocks[-1], Findings)
        gap = [""] if lines and not is_list else []
        lines += [*gap, *fold(style.paint(say(document.summary, style), Tone.STRONG), style.width)]
    return "".join(f"{line}\n" for line in lines)


def _chosen(blocks: Sequence[Block], style: Style) -> list[Block]:
    """Of each detail one of its two tellings."""
    found = ((block.full if style.verbose else block.brief) if isinstance(block, Detail) else block for block in blocks)
    return [block for block in found if block is not None]


def _below(head: list[str], blocks: Sequence[Block], style: Style, *, depth: int) -> list[str]:
    """Some lines and the blocks below them, with empty lines where something new begins."""
    lines, before = list(head), None
    for block in blocks:
        shown = list(_lines(block, style, depth=depth))
        if shown and lines and (isinstance(block, Section) or not _is_close(before, block, depth)):
            lines.append("")
        lines += shown
        before = block if shown else before
    return lines


def _is_close(before: Block | None, block: Block, depth: int) -> bool:
    """Whether a block belongs to what stands above it: a heading, or another that flows."""
    if before is None:
        return depth > 0 or isinstance(block, _FLOWING)
    return isinstance(before, _FLOWING) and isinstance(block, _FLOWING)


def _lines(block: Block, style: Style, *, depth: int) -> Iterator[str]:
    match block:
        case Section():
            yield from _section(block, style, depth=depth)
        case Findings():
            yield from finding_lines(block, style)
        case Detail():
            for chosen in _chosen([block], style):
                yield from _lines(chosen, style, depth=depth)
        case _:
            yield from _simple(block, style, _STEP * depth)


def _simple(block: Paragraph | Table | Items | Facts | Code | Legend, style: Style, indent: str) -> Iterator[str]:
    match block:
        case Table():
            yield from table_lines(block, style, indent)
        case Paragraph(text=text, tone=tone):
            yield from fold(style.paint(say(text, style), tone), style.width, indent)
        case Items():
            yield from _items(block, style, indent)
        case Facts(pairs=pairs):
            yield from _facts(pairs, style, indent)
        case Code(text=text):
            yield from (f"{indent}{_STEP}{make_visible(line)}" for line in text.splitlines())
        case Legend(signs=signs):
            legend = [f"{style.paint(sign.mark, sign.tone)} {sign.meaning}" for sign in signs]
            yield from fold_items(legend, "   ", style.width, f"{indent}{_STEP}")


def _section(block: Section, style: Style, *, depth: int) -> Iterator[str]:
    blocks = _chosen(block.blocks, style)
    about = f" ({say(block.about, style)})" if block.about else ""
    title = f"{style.paint(say(block.title, style), Tone.STRONG)}{about}"
    yield from _below(fold(title, style.width, _STEP * depth), blocks, style, depth=depth + 1)


def _items(block: Items, style: Style, indent: str) -> Iterator[str]:
    digits = len(str(len(block.items)))
    for number, item in enumerate(block.items, start=1):
        marks = [f"{number:>{digits}}."] if block.is_numbered else [] if item.tick else ["-"]
        yield from _item(item, " ".join([*marks, *_tick(item, style)]), style, indent)


def _tick(item: Item, style: Style) -> Iterator[str]:
    if item.tick:
        mark, tone = _TICKS[item.tick]
        yield style.paint(mark, tone)


def _item(item: Item, mark: str, style: Style, indent: str) -> Iterator[str]:
    yield from fold(f"{mark} {say(item.text, style)}", style.width, indent)
    for detail in item.details:
        yield from fold(style.paint(say(detail, style), Tone.QUIET), style.width, f"{indent}{_STEP * 2}")


def _facts(pairs: Sequence[tuple[str, Inline]], style: Style, indent: str) -> Iterator[str]:
    width = max((display_width(label) for label, _ in pairs), default=0) + len(": ")
    for label, text in pairs:
        label_text = style.paint(pad(f"{make_visible(label)}:", width), Tone.QUIET)
        yield from fold(f"{label_text}{say(text, style)}", style.width, indent)
