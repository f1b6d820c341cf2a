"""The pieces of a comment: a table in full, a list in brief, the head of a chapter. All texts are escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.output.markdown_text import code, heading, in_html, inline, table_row
from reconciler.renderers.sheet import Cell, Chapter, Line, Look, Section

CHAPTER_END = "</details>\n\n"
_PER_ITEM = 20


class Item(NamedTuple):
    """One item of a list, and how many lines it tells."""

    text: str
    lines: int


def show_in_full(section: Section) -> str:
    """The table with its heading."""
    header = (table_row(*section.header), table_row(*("---" for _ in section.header)))
    rows = "".join(f"{row}\n" for row in (*header, *map(_row, section.lines)))
    return f"{show_title(section)}{rows}\n"


def show_title(section: Section) -> str:
    """The heading of a section."""
    return f"{heading(4, section.title)}\n\n"


def list_in_brief(section: Section) -> Iterator[Item]:
    """What lines have in common once, and then whom each is about: some twenty of them in an item."""
    groups: dict[str, list[Line]] = {}
    for line in section.lines:
        groups.setdefault(line.group, []).append(line)
    for group, lines in groups.items():
        for start in range(0, len(lines), _PER_ITEM):
            some = lines[start : start + _PER_ITEM]
            yield Item(f"- {inline(group)}: {', '.join(code(line.who) for line in some)}\n", len(some))


def open_chapter(chapter: Chapter, *, unfolded: bool) -> str:
    """What comes before the sections of a chapter; `CHAPTER_END` comes behind them."""
    return f"<details{' open' if unfolded else ''}><summary>{_count(chapter)}</summary>\n\n"


def name_chapter(chapter: Chapter) -> str:
    """A chapter of which nothing is shown but its counts; never longer than what opens and ends one."""
    return f"<p>{_count(chapter)}</p>\n\n"


def count_chapters(chapters: Sequence[Chapter]) -> str:
    """Chapters that are not even named, all together; empty without any."""
    if not chapters:
        return ""
    totals: dict[str, int] = {}
    for section in (section for chapter in chapters for section in chapter.sections):
        totals[section.title] = totals.get(section.title, 0) + len(section.lines)
    counted = ", ".join(f"{title.lower()}: {number:,}" for title, number in totals.items())
    return f"{inline(f'And {len(chapters):,} more, not named here: {counted}.')}\n\n"


def _count(chapter: Chapter) -> str:
    about = f" ({chapter.about})" if chapter.about else ""
    counted = ", ".join(f"{section.title.lower()}: {len(section.lines):,}" for section in chapter.sections)
    return f"<b>{in_html(chapter.title)}</b>{in_html(f'{about}: {counted}')}"


def _row(line: Line) -> str:
    """One line of a table; details go below the text of the last cell but one, which says why."""
    cells = [_cell(cell) for cell in line.cells]
    details = [inline(detail) for detail in line.details]
    if line.snippet:
        details.append(code(line.snippet))
    if details:
        cells[-2] = "<br>".join(filter(None, [cells[-2], *details]))
    return table_row(*cells)


def _cell(cell: Cell) -> str:
    if not cell.text:
        return ""
    return inline(cell.text) if cell.look is Look.PLAIN else code(cell.text)
