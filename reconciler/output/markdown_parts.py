"""The pieces of a comment: chapters that fold, parts of them in full and in brief. All texts are escaped here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

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
    Table,
    Tick,
    words_of,
)
from reconciler.output.markdown_text import code, code_block, heading, in_html, inline, prose, table_row

_TITLE_LEVEL = 4
_PER_ITEM = 20


def measure(text: str) -> int:
    """The length of a text as a budget counts it."""
    return len(text.encode("utf-8", "replace"))


class Piece(NamedTuple):
    """Some Markdown, and how many lines of the document it tells."""

    text: str
    lines: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is told in full, in brief or cut by itself: a section, or a block without one."""

    blocks: tuple[Block, ...]
    heading: Inline = ""
    about: Inline = ""
    rank: int = 0

    @property
    def name(self) -> str:
        """What it is called where it is only counted."""
        return words_of(self.heading).lower() or "lines"

    def count(self) -> str:
        """`gains access: 3`."""
        return f"{self.name}: {self.lines:,}"

    @property
    def title(self) -> str:
        """Its heading as Markdown, and what is said of it; empty without one."""
        about = f"{prose(self.about)}\n\n" if self.about else ""
        return f"{heading(_TITLE_LEVEL, self.heading)}\n\n{about}" if self.heading else ""

    @cached_property
    def lines(self) -> int:
        """How many lines there are to tell."""
        return sum(piece.lines for piece in self._told)

    @cached_property
    def _told(self) -> list[Piece]:
        return [piece for block in self.blocks for piece in pieces_of(block, _TITLE_LEVEL + 1)]

    def full(self) -> str:
        """All of it."""
        return "".join([self.title, *(piece.text for piece in self._told)])

    def brief(self) -> str:
        """All of it, tables as lists."""
        return "".join([self.title, *(item.text for item in self.items()), "\n"])

    def items(self) -> Iterator[Piece]:
        """The same piece by piece."""
        for block in self.blocks:
            yield from _list_in_brief(block) if isinstance(block, Table) else pieces_of(block, _TITLE_LEVEL + 1)


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Parts that belong together; with a title they can be closed."""

    parts: tuple[Part, ...]
    title: Inline = ""
    about: Inline = ""
    is_foremost: bool = False

    def open(self, *, unfolded: bool) -> str:
        """What comes before its parts."""
        opened = " open" if unfolded else ""
        return f"<details{opened}><summary>{self._count()}</summary>\n\n" if self.title else ""

    def end(self) -> str:
        """What comes behind its parts."""
        return "</details>\n\n" if self.title else ""

    def name(self) -> str:
        """A chapter of which nothing is shown but its counts; never longer than what opens and ends one."""
        return f"<p>{self._count()}</p>\n\n" if self.title else ""

    def _count(self) -> str:
        about = f" ({words_of(self.about)})" if self.about else ""
        counted = ", ".join(part.count() for part in self.parts if part.lines)
        return f"<b>{in_html(words_of(self.title))}</b>{in_html(about + (counted and f': {counted}'))}"


def chapters_of(document: Document) -> list[Chapter]:
    """The blocks of a document as what can be folded, told in brief, or cut."""
    return [chapter for block in document.blocks for chapter in _chapters(block)]


def _chapters(block: Block) -> Iterator[Chapter]:
    match block:
        case Detail(full=full):
            yield from _chapters(full)
        case Findings():
            for section in block.by_file():
                yield from _chapters(section)
        case Section(is_folded=True):
            yield Chapter(title=block.title, about=block.about, parts=tuple(_parts(block.blocks)))
        case Section():
            yield Chapter(parts=(_part(block),), is_foremost=block.is_foremost)
        case _:
            yield Chapter(parts=(Part(blocks=(block,)),))


def _parts(blocks: Sequence[Block]) -> Iterator[Part]:
    for block in blocks:
        match block:
            case Detail(full=full):
                yield from _parts((full,))
            case Findings():
                yield from map(_part, block.by_severity())
            case Section():
                yield _part(block)
            case _:
                yield Part(blocks=(block,))


def _part(section: Section) -> Part:
    return Part(heading=section.title, about=section.about, blocks=section.blocks, rank=section.rank)


def pieces_of(block: Block, level: int) -> Iterator[Piece]:
    """A block in full; headings in it are of that level or below."""
    match block:
        case Detail(full=full):
            yield from pieces_of(full, level)
        case Findings():
            for section in block.by_severity():
                yield from pieces_of(section, level)
        case Section():
            about = f"{prose(block.about)}\n\n" if block.about else ""
            yield Piece(f"{heading(min(level, 6), block.title)}\n\n{about}", 0)
            for below in block.blocks:
                yield from pieces_of(below, level + 1)
        case _:
            yield _piece(block)


def _piece(block: Paragraph | Table | Items | Facts | Code | Legend) -> Piece:
    match block:
        case Table():
            return Piece(_table(block), len(block.rows))
        case Paragraph(text=text):
            return Piece(f"{prose(text)}\n\n", 1)
        case Items():
            return Piece(_items(block), len(block.items))
        case Facts(pairs=pairs):
            told = "".join(f"- {inline(label)}: {prose(value)}\n" for label, value in pairs)
            return Piece(f"{told}\n", len(pairs))
        case Code(text=text, language=language):
            return Piece(f"{code_block(text.rstrip(chr(10)), language)}\n", len(text.splitlines()))
        case Legend(signs=signs):
            meanings = ", ".join(f"{code(sign.mark)} {inline(sign.meaning)}" for sign in signs)
            return Piece(f"<sub>{meanings}</sub>\n\n", 0)


def _table(block: Table) -> str:
    signed = ("",) if block.is_signed else ()
    names = (*signed, *block.columns)
    header = (table_row(*map(inline, names)), table_row(*("---" for _ in names)))
    rows = "".join(f"{row}\n" for row in (*header, *(_row(block, row) for row in block.rows)))
    return f"{rows}\n"


def _row(block: Table, row: Row) -> str:
    """One line of a table; details go below the text of the cell that says why, or of the last."""
    cells = [prose(cell) for cell in block.cells(row)]
    details = [prose(detail) for detail in row.details]
    if row.snippet:
        details.append(code(row.snippet))
    if details:
        cells[block.detailed] = "<br>".join(filter(None, [cells[block.detailed], *details]))
    signed = (code(row.sign.mark) if row.sign else "",) if block.is_signed else ()
    return table_row(*signed, *cells)


def _list_in_brief(block: Table) -> Iterator[Piece]:
    """What rows have in common once, and then whom each is about: some twenty of them in an item."""
    groups: dict[str, list[str]] = {}
    for row in block.rows:
        groups.setdefault(row.group, []).append(row.who or words_of(row.cells[0]))
    for group, names in groups.items():
        said = f"{inline(group)}: " if group else ""
        for start in range(0, len(names), _PER_ITEM):
            some = names[start : start + _PER_ITEM]
            yield Piece(f"- {said}{', '.join(map(code, some))}\n", len(some))


def _items(block: Items) -> str:
    lines = []
    for number, item in enumerate(block.items, start=1):
        mark = f"{number}." if block.is_numbered else "-"
        tick = f"[{'x' if item.tick is Tick.DONE else ' '}] " if item.tick else ""
        text = "<br>".join(map(prose, (item.text, *item.details)))
        lines.append(f"{mark} {tick}{text}\n")
    return "".join([*lines, "\n"])
