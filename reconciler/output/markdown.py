"""A document as Markdown for a comment on a forge, never longer than allowed.

What has no room in full is told in brief, what has no room even so is counted, and nothing is cut in the middle. Room
goes first to everything that is foremost, then to all rows in brief, by rank, and then to full tables, by rank again.

Lengths are counted in UTF-8 bytes. The limits of GitHub, 65,536, and of GitLab, 1,000,000, are characters, and there
are never more characters than bytes, whichever kind of character a forge counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from reconciler.model import UsageError, count, dataclass
from reconciler.output.document import (
    Block,
    Code,
    Document,
    Facts,
    Inline,
    Items,
    Legend,
    Paragraph,
    Row,
    Section,
    Span,
    Style,
    Table,
    Tick,
    in_full,
    spans,
    words_of,
)
from reconciler.output.markdown_text import code, code_block, heading, in_html, inline, prose, table_row

MIN_BUDGET = 2_000
_MAX_LINES = 15
"""A document this short is shown unfolded."""
_SHARE_OF_HEADS = 3
"""The heads of all chapters, with their counts, get up to one third of the room before any of their lines."""
_TOO_MANY = (
    "> **There are too many changes of this sort for a comment; only some are here. Do not approve by this comment.**"
    "\n\n"
)
_ANY_LENGTH = 1 << 62
_TITLE_LEVEL = 4
_PER_ITEM = 20


def render_markdown(document: Document, style: Style) -> str:
    """The document; raises UsageError for a budget in which nothing useful can be said."""
    return "".join(write_markdown(document, style))


def write_markdown(document: Document, style: Style) -> Iterator[str]:
    """The same in pieces: where there is room for everything, row by row."""
    held = ""
    for piece in _written(document, style):
        text = f"{held}{piece}"
        bare = text.rstrip("\n")
        held = text[len(bare) :]
        yield from [bare] if bare else []
    yield "\n"


def _written(document: Document, style: Style) -> Iterator[str]:
    budget = style.max_chars or _ANY_LENGTH
    if budget < MIN_BUDGET:
        message = f"a comment of {budget:,} characters has no room for what must be said"
        raise UsageError(message, advice=f"give --max-chars at least {MIN_BUDGET:,}")
    chapters = [chapter for block in document.blocks for chapter in _chapters(block, style)]
    lines = sum(part.lines for chapter in chapters for part in chapter.parts)
    top = _top(document, style)
    if budget == _ANY_LENGTH:
        yield top
        for chapter in chapters:
            yield from chapter.write(unfolded=lines <= _MAX_LINES)
        yield _foot(document, lines, _Page(room=0), style)
        return
    longest = _Page(room=0, brief=lines, folded=lines)
    page = _Page(room=budget - measure(top) - measure(_foot(document, lines, longest, style)))
    if page.room < measure(_TOO_MANY):
        message = f"{budget:,} characters are not even enough for what stands above and below the tables"
        raise UsageError(message, advice="give --max-chars more")
    yield top
    yield from _body(chapters, page, unfolded=lines <= _MAX_LINES)
    yield _foot(document, lines, page, style)


def measure(text: str) -> int:
    """The length of a text as a budget counts it."""
    return len(text.encode("utf-8", "replace"))


@dataclass(slots=True, kw_only=True)
class _Page:
    """What room is left, and how many lines got less of it than they wanted."""

    room: int
    brief: int = 0
    folded: int = 0

    def take(self, text: str) -> bool:
        """Whether it fits; if so it has its room."""
        needed = measure(text)
        if needed > self.room:
            return False
        self.room -= needed
        return True


def _top(document: Document, style: Style) -> str:
    """The title names the workspace, because there is a comment for each of them."""
    workspace = (Span(f": {style.prefix.rstrip('/')}"),) if style.prefix else ()
    summary = f"**{prose(document.summary)}**\n\n" if document.summary else ""
    notes = "".join(f"> **{prose(note)}**\n\n" for note in document.notes)
    return f"{heading(3, (*spans(document.title), *workspace))}\n\n{summary}{notes}"


def _foot(document: Document, lines: int, page: _Page, style: Style) -> str:
    """How much is not shown and where the whole is; its digest ends every comment."""
    shortened = [f"{count(page.brief, 'line is', 'lines are')} told in brief"] if page.brief else []
    shortened += [f"{count(page.folded, 'line is', 'lines are')} only counted"] if page.folded else []
    rest = ""
    if shortened:
        job = f" [See the job that made this.](<{_quote(style.job)}>)" if style.job else ""
        whole = f" The whole is in the {document.whole} itself." if document.whole else ""
        rest = f"**Of {lines:,} lines, {' and '.join(shortened)}.**{whole}{job}\n\n"
    digest = f"<sub>{prose(document.whole)} sha256 {code(document.digest())}</sub>\n" if document.digest else ""
    return f"{rest}{digest}"


def _quote(url: str) -> str:
    """A URL that cannot leave its brackets; anything else leads nowhere."""
    from urllib.parse import quote

    return quote(url, safe=":/?=&#%~") if url.startswith("https://") else "#"


# Filling a page.


def _body(chapters: Sequence[_Chapter], page: _Page, *, unfolded: bool) -> Iterator[str]:
    """Foremost parts have their room before all others; everything keeps its place."""
    foremost = {number: _foremost(one.parts[0], page) for number, one in enumerate(chapters) if one.is_foremost}
    # The other chapters are named from the first on, as far as there is room for their heads.
    heads = _Page(room=page.room // _SHARE_OF_HEADS)
    others = [number for number in range(len(chapters)) if number not in foremost]
    named: dict[int, list[str]] = {}
    for number in others:
        frame = "".join(chapters[number].frame(unfolded=unfolded))
        if not (heads.take(frame) and page.take(frame)):
            break
        named[number] = ["" for _ in chapters[number].parts]
    unnamed = [chapters[number] for number in others if number not in named]
    tail = _count_all(unnamed)
    page.take(tail)
    page.folded += sum(part.lines for chapter in unnamed for part in chapter.parts)
    _fill(chapters, named, page)
    for number, chapter in enumerate(chapters):
        if number in foremost:
            yield foremost[number]
        elif number in named:
            yield chapter.render(named[number], unfolded=unfolded)
    yield tail


def _foremost(part: _Part, page: _Page) -> str:
    """Every line in full, unless that takes more than half of the room; else every line in brief; else an alarm."""
    if measure(part.full) <= page.room // 2 and page.take(part.full):
        return part.full
    if page.take(part.brief):
        page.brief += part.lines
        return part.brief
    page.take(_TOO_MANY)
    return f"{_TOO_MANY}{_some(part, page)}"


def _fill(chapters: Sequence[_Chapter], texts: Mapping[int, list[str]], page: _Page) -> None:
    """Give parts their text by rank: all of them in brief, and then in full where everything is there in brief."""
    ranked = sorted(
        ((part, texts[number], index) for number in texts for index, part in enumerate(chapters[number].parts)),
        key=lambda item: item[0].section.rank,
    )
    for part, shown, index in ranked:
        if page.take(part.brief):
            page.brief += part.lines
            shown[index] = part.brief
        else:
            shown[index] = _some(part, page)
    for part, shown, index in ranked if not page.folded else ():
        page.room += measure(shown[index])
        if page.take(part.full):
            page.brief -= part.lines
            shown[index] = part.full
        else:
            page.take(shown[index])


def _some(part: _Part, page: _Page) -> str:
    """As much of a part in brief as there is room for, from its beginning; empty when that is nothing."""
    total = part.lines
    missing = f"\n_The other {total:,} are not shown here._\n\n"
    shown: list[str] = []
    lines = 0
    if page.take(part.title + missing):
        for item in part.items:
            if not page.take(item.text):
                break
            shown.append(item.text)
            lines += item.lines
        if not shown:
            page.room += measure(part.title + missing)
    page.brief += lines
    page.folded += total - lines
    return "".join([part.title, *shown, missing.replace(f"{total:,}", f"{total - lines:,}")]) if shown else ""


def _count_all(chapters: Sequence[_Chapter]) -> str:
    """Chapters that are not even named, all together; empty without any."""
    if not chapters:
        return ""
    totals: dict[str, int] = {}
    for part in (part for chapter in chapters for part in chapter.parts):
        totals[part.name] = totals.get(part.name, 0) + part.lines
    counted = ", ".join(f"{name}: {number:,}" for name, number in totals.items())
    return f"{prose(f'And {len(chapters):,} more, not named here: {counted}.')}\n\n"


# What a page is filled with. All texts are escaped here.


class _Piece(NamedTuple):
    """Some Markdown, and how many lines of the document it tells."""

    text: str
    lines: int


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What is told in full, in brief or cut by itself: a section, which has no title where a block stood alone."""

    section: Section
    style: Style

    @property
    def name(self) -> str:
        """What it is called where it is only counted."""
        return words_of(self.section.title).lower() or "lines"

    @property
    def title(self) -> str:
        """Its heading as Markdown, and what is said of it; empty without one."""
        return _section_head(self.section, _TITLE_LEVEL) if self.section.title else ""

    @cached_property
    def lines(self) -> int:
        """How many lines there are to tell."""
        return _count_lines(self.section)

    def write(self) -> Iterator[str]:
        """All of it, row by row."""
        yield self.title
        for block in self.section.blocks:
            yield from _texts_of(block, self.style)

    @cached_property
    def full(self) -> str:
        """All of it."""
        return "".join(self.write())

    @cached_property
    def items(self) -> list[_Piece]:
        """All of it in pieces that are never cut, tables as lists."""
        pieces: list[_Piece] = []
        for block in self.section.blocks:
            if isinstance(block, Table):
                pieces += _list_in_brief(block)
            else:
                leaves = _leaves(block)
                pieces += (_Piece("".join(_texts_of(one, self.style)), _count_lines(one)) for one in leaves)
        return pieces

    @cached_property
    def brief(self) -> str:
        """All of it, tables as lists."""
        return "".join([self.title, *(item.text for item in self.items), "\n"])


@dataclass(frozen=True, kw_only=True)
class _Chapter:
    """Parts that belong together; with a title they can be closed."""

    parts: tuple[_Part, ...]
    title: Inline = ""
    about: Inline = ""
    is_foremost: bool = False

    @property
    def _head(self) -> str:
        about = f" ({words_of(self.about)})" if self.about else ""
        counted = ", ".join(f"{part.name}: {part.lines:,}" for part in self.parts if part.lines)
        return f"<b>{in_html(words_of(self.title))}</b>{in_html(about + (counted and f': {counted}'))}"

    def frame(self, *, unfolded: bool) -> tuple[str, str]:
        """What stands before and behind its parts."""
        if not self.title:
            return "", ""
        return f"<details{' open' if unfolded else ''}><summary>{self._head}</summary>\n\n", "</details>\n\n"

    def render(self, texts: Sequence[str], *, unfolded: bool) -> str:
        """All of it, given what is shown of each part; never longer than these and the frame."""
        if self.title and not any(texts):
            return f"<p>{self._head}</p>\n\n"
        before, behind = self.frame(unfolded=unfolded)
        return "".join([before, *texts, behind])

    def write(self, *, unfolded: bool) -> Iterator[str]:
        """The same of all parts in full, row by row."""
        texts = filter(None, chain.from_iterable(part.write() for part in self.parts))
        first = next(texts, "")
        before, behind = self.frame(unfolded=unfolded) if first else ("", self.render((), unfolded=unfolded))
        yield from (before, first)
        yield from texts
        yield behind


def _chapters(block: Block, style: Style) -> Iterator[_Chapter]:
    """A block of a document as what can be folded, told in brief, or cut."""
    for below in in_full(block, by_file=True):
        match below:
            case Section(is_folded=True):
                parts = (_part(part, style) for inner in below.blocks for part in in_full(inner))
                yield _Chapter(title=below.title, about=below.about, parts=tuple(parts))
            case _:
                is_foremost = isinstance(below, Section) and below.is_foremost
                yield _Chapter(parts=(_part(below, style),), is_foremost=is_foremost)


def _part(block: Block, style: Style) -> _Part:
    return _Part(section=block if isinstance(block, Section) else Section(title="", blocks=(block,)), style=style)


def _leaves(block: Block | str, level: int = _TITLE_LEVEL + 1) -> Iterator[Block | str]:
    """A block without sections in it: their heads as Markdown, of that level or below, and what is below each."""
    for below in [block] if isinstance(block, str) else in_full(block):
        if isinstance(below, Section):
            yield _section_head(below, level)
            for inner in below.blocks:
                yield from _leaves(inner, level + 1)
        else:
            yield below


def _texts_of(block: Block | str, style: Style) -> Iterator[str]:
    """A block in full, row by row."""
    for below in _leaves(block):
        match below:
            case str():
                yield below
            case Table():
                yield from _table(below, style)
            case Paragraph(text=text):
                yield f"{prose(text)}\n\n"
            case Items():
                yield from _items(below)
            case Facts(pairs=pairs):
                yield from (f"- {inline(label)}: {prose(value)}\n" for label, value in pairs)
                yield "\n"
            case Code(text=text, language=language):
                yield f"{code_block(text.rstrip(chr(10)), language)}\n"
            case Legend(signs=signs):
                meanings = ", ".join(f"{code(sign.mark)} {inline(sign.meaning)}" for sign in signs)
                yield f"<sub>{meanings}</sub>\n\n"


def _count_lines(block: Block | str) -> int:
    """How many lines of the document it tells."""
    number = 0
    for below in _leaves(block):
        match below:
            case Table():
                number += below.count
            case Paragraph():
                number += 1
            case Items(items=items):
                number += len(items)
            case Facts(pairs=pairs):
                number += len(pairs)
            case Code(text=text):
                number += len(text.splitlines())
    return number


def _section_head(block: Section, level: int) -> str:
    about = f"{prose(block.about)}\n\n" if block.about else ""
    return f"{heading(min(level, 6), block.title)}\n\n{about}"


def _table(block: Table, style: Style) -> Iterator[str]:
    """Details of a row go below the text of the cell that says why, or of the last."""
    names = (*([""] if block.is_signed else []), *block.columns)
    yield f"{table_row(*map(inline, names))}\n{table_row(*('---' for _ in names))}\n"
    for row in block.rows:
        cells = [_cell(cell, style) for cell in block.cells(row)]
        details = [*map(prose, row.details), *([code(row.snippet)] if row.snippet else []), *_each(row)]
        if details:
            cells[block.detailed] = "<br>".join(filter(None, [cells[block.detailed], *details]))
        signed = [code(row.sign.mark) if row.sign else ""] if block.is_signed else []
        yield f"{table_row(*signed, *cells)}\n"
    yield "\n"


def _cell(text: Inline, style: Style) -> str:
    """The text; a line in a file leads to the forge."""
    link = style.link_to(text.place) if isinstance(text, Span) else ""
    return f"[{prose(text)}](<{_quote(link)}>)" if link else prose(text)


def _each(row: Row) -> Iterator[str]:
    if row.of:
        each = ", ".join(code(one.who) + (f" {code(one.snippet)}" if one.snippet else "") for one in row.of)
        yield f"<details><summary>all {len(row.of):,}</summary>{each}</details>"


def _list_in_brief(block: Table) -> Iterator[_Piece]:
    """What rows have in common once, and then whom each is about: some twenty of them in an item."""
    groups: dict[str, list[str]] = {}
    for row in block.each:
        groups.setdefault(row.group, []).append(row.who or words_of(row.cells[0]))
    for group, names in groups.items():
        label = f"{inline(group)}: " if group else ""
        for start in range(0, len(names), _PER_ITEM):
            some = names[start : start + _PER_ITEM]
            yield _Piece(f"- {label}{', '.join(map(code, some))}\n", len(some))


def _items(block: Items) -> Iterator[str]:
    for number, item in enumerate(block.items, start=1):
        mark = f"{number}." if block.is_numbered else "-"
        tick = f"[{'x' if item.tick is Tick.DONE else ' '}] " if item.tick else ""
        text = "<br>".join(map(prose, (item.text, *item.details)))
        yield f"{mark} {tick}{text}\n"
    yield "\n"
