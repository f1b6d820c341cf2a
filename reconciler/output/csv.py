"""Every table and list of a document as comma-separated values, for spreadsheets.

Tables with the same header become one; an empty line stands between two. The first column says under which headings a
row stands. What the reader has to know first, such as that something could not be read, is the last table. No cell
begins with a character that makes a spreadsheet calculate.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Facts,
    Findings,
    Items,
    Row,
    Section,
    Style,
    Table,
    make_visible,
    words_of,
)

_CALCULATES = ("=", "+", "-", "@", "\t", "\r")


def write_csv(document: Document, _style: Style) -> Iterator[str]:
    """The tables, and what puts them into another light, line by line; empty where there is neither."""
    tables: dict[tuple[tuple[str, ...], bool], list[tuple[str, Row]]] = {}
    for part, found in (one for block in document.blocks for one in _tables(block, ())):
        tables.setdefault((found.header, found.is_signed), []).extend((part, row) for row in found.each)
    if document.notes:
        # Not in silence: a table of what was found, empty because nothing could be read, is not one of nothing.
        tables[("note",), False] = [("", Row(cells=(note,))) for note in document.notes]
    for number, ((header, _), rows) in enumerate(tables.items()):
        yield from ["\n"] if number else []
        yield from _write(header, rows)


def write_tables(documents: Iterable[Document], style: Style) -> Iterator[str]:
    """The tables of several documents, without the header of one that is as that of the table before."""
    header = ""
    for document in documents:
        lines = list(write_csv(document, style))
        if lines[:1] != [header]:
            yield from ["\n", *lines[:1]] if header else lines[:1]
        yield from lines[1:]
        header = lines[0] if lines else header


def _tables(block: Block, under: tuple[str, ...]) -> Iterator[tuple[str, Table]]:
    """The tables of a block, and what is like one, each with the headings above it."""
    match block:
        case Table():
            yield " / ".join(under), block
        case Items(items=items):
            rows = tuple(Row(cells=(item.tick or "", item.text), details=item.details) for item in items)
            yield " / ".join(under), Table(header=("status", "what"), rows=rows)
        case Facts(pairs=pairs):
            yield " / ".join(under), Table(header=("what", "value"), rows=tuple(Row(cells=pair) for pair in pairs))
        case Detail(full=full, brief=brief):
            # Whichever has a table; of two, the one that tells all.
            yield from _tables(full if brief is None or _has_table(full) else brief, under)
        case Findings():
            for section in block.by_severity():
                yield from _tables(section, under)
        case Section(title=title, blocks=blocks):
            for below in blocks:
                yield from _tables(below, (*under, words_of(title)))


def _has_table(block: Block) -> bool:
    match block:
        case Section(blocks=blocks):
            return any(map(_has_table, blocks))
        case _:
            return isinstance(block, Table)


def _write(header: tuple[str, ...], rows: list[tuple[str, Row]]) -> Iterator[str]:
    """A table, with the further columns that any of its rows has something in."""
    further = {
        "change": [row.sign.meaning if row.sign else "" for _, row in rows],
        "why": [words_of(row.note) for _, row in rows],
        "where": [str(row.place or "") for _, row in rows],
        "details": ["; ".join([*map(words_of, (*row.details, *row.more)), row.snippet]).strip("; ") for _, row in rows],
    }
    used = {name: texts for name, texts in further.items() if any(texts)}
    yield _line(["part", *header, *used])
    for (part, row), texts in zip(rows, zip(*used.values(), strict=True) if used else [()] * len(rows), strict=True):
        yield _line([part, *map(words_of, row.cells), *texts])


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(_cell, cells))
    return out.getvalue()


def _cell(text: str) -> str:
    visible = make_visible(text)
    return f"'{visible}" if visible.startswith(_CALCULATES) and len(visible) > 1 else visible
