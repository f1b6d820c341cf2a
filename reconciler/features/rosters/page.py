"""Rosters as somebody selects and copies them from a page: a table with tabs or gaps, or one piece of text per line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import and_

from reconciler.features.rosters.tables import Cell, Columns, Extent, Sheet, SheetRow, find_column, find_columns
from reconciler.features.rosters.vocabulary import (
    AROUND,
    IDENTITIES,
    PERSONAL,
    SORTS,
    Column,
    Reading,
    Sort,
    Vocabulary,
    shorten,
    split_person,
)
from reconciler.model import Status, dataclass

_GAP = re.compile(r" {2,}|\u00a0{2,}")
_LABELLED = re.compile(r"(?P<label>[^:@]{2,24}):\s+(?P<value>.+)")
_WHO = frozenset({Column.PERSON, Column.NAME, Column.EMAIL, Column.PHONE, Column.HANDLE, Column.APP, Column.CLIENT_KEY})
_CLOSING = frozenset(SORTS.values())


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank, in the pieces that tabs or gaps make of it."""

    number: int
    pieces: tuple[str, ...]
    has_tabs: bool

    @property
    def cells(self) -> list[Cell]:
        """The pieces that are not empty, without a column."""
        return [Cell(text=piece, line=self.number) for piece in self.pieces if piece]


def parse_page(text: str, vocabulary: Vocabulary) -> Sheet:
    """The rows on a page, and whatever stood around them."""
    lines = list(_split_lines(text))
    start, end, columns = _find_header(lines, vocabulary.kind)
    rows, loose = _read_table(columns, lines[end:], vocabulary) if end - start == 1 else ([], [])
    if not rows:
        rows, loose = _read_stream(columns, lines[end:], vocabulary)
    loose = [*(cell for line in lines[:start] for cell in line.cells), *loose]
    extent = _read_extent(loose, vocabulary)
    return Sheet(rows=tuple(rows), loose=tuple(loose), columns=frozenset(columns) - {None}, extent=extent, is_page=True)


def _read_extent(loose: Sequence[Cell], vocabulary: Vocabulary) -> Extent:
    """What the text around the rows says of how many there are."""
    found = [(reading, f"`{shorten(cell.text)}`") for cell in loose for reading in vocabulary.read(cell.text)]
    totals, pages, numbers = (
        [int(one.value) for one, _ in found if one.sort is sort] for sort in (Sort.COUNT, Sort.PAGES, Sort.NUMBER)
    )
    # Numbers that stood alone are of pages if they count up from 1; else the greatest may be that of all rows.
    if len(numbers) > 1 and numbers[0] == 1:
        pages.append(numbers[-1])
    else:
        totals += numbers
    return Extent(
        total=max(totals, default=None),
        pages=max([1, *pages]),
        more=next((f"{shown} stands there" for one, shown in reversed(found) if one.sort is Sort.MORE), ""),
        odd=tuple(f"{shown} may lead to another page" for one, shown in found if one.sort is Sort.NEXT),
    )


def _split_lines(text: str) -> Iterator[_Line]:
    for number, line in enumerate(text.split("\n"), start=1):
        has_tabs = "\t" in line.strip(" \r")
        pieces = tuple(piece.strip() for piece in (line.split("\t") if has_tabs else _GAP.split(line)))
        if has_tabs or any(pieces):
            yield _Line(number, pieces if has_tabs else tuple(filter(None, pieces)), has_tabs)


def _find_header(lines: Sequence[_Line], kind: str) -> tuple[int, int, Columns]:
    """The names of the columns, in one line or in several that follow each other, and from where to where they are."""
    for start, line in enumerate(lines):
        if len(line.cells) > 1:
            columns = find_columns(line.pieces, kind)
            if _is_header(columns, len(line.cells)):
                return start, start + 1, columns
            continue
        run: list[Column] = []
        for each in lines[start : start + len(Column)]:
            column = find_column(each.cells[0].text, kind) if len(each.cells) == 1 else None
            if column is None or column in run:
                break
            run.append(column)
        if len(run) > 1 and _is_header(tuple(run), len(run)):
            return start, start + len(run), tuple(run)
    return 0, 0, ()


def _is_header(columns: Columns, count: int) -> bool:
    """Two columns at least, one of them about who or what it is; most of the words are known; none twice."""
    told = [column for column in columns if column not in {None, Column.IGNORED}]
    known = sum(column is not None for column in columns)
    return len(told) == len(set(told)) >= 2 and bool(_WHO & set(told)) and known * 2 > count


def _read_table(columns: Columns, lines: Sequence[_Line], vocabulary: Vocabulary) -> tuple[list[SheetRow], list[Cell]]:
    """One row for each line of several pieces; a line of one piece before it is the top of its first cell.

    Browsers break a cell at its paragraphs: the name stands in a line of its own, and the address begins the next.
    """
    rows: list[SheetRow] = []
    loose: list[Cell] = []
    above: list[Cell] = []
    for line in lines:
        if {one.sort for cell in line.cells for one in vocabulary.read(cell.text)} <= AROUND:
            # Also the controls below a list, which a browser keeps apart by tabs as it does cells.
            loose += line.cells
        elif len(line.cells) < 2 and not (line.has_tabs and len(line.pieces) == len(columns)):
            above += line.cells
        else:
            row = _table_row(columns, above, line, vocabulary)
            if row is None:
                return [], []
            if _is_about_something(row, vocabulary):
                rows.append(row)
            else:
                loose += row.cells
            above = []
    return rows, [*loose, *above]


def _table_row(columns: Columns, above: Sequence[Cell], line: _Line, vocabulary: Vocabulary) -> SheetRow | None:
    """None where the line holds nobody: then lines are no rows, and the text has to be read as a stream."""
    pieces = line.pieces
    while len(pieces) > len(columns) and not pieces[-1]:
        pieces = pieces[:-1]
    top = [cell.text for cell in above]
    first_line = above[0].line if above else line.number
    if len(pieces) == len(columns):
        texts = ("\n".join([*top, pieces[0]]), *pieces[1:])
        cells = tuple(
            Cell(text=text, line=line.number if number else first_line, column=column or Column.IGNORED)
            for number, (text, column) in enumerate(zip(texts, columns, strict=True))
        )
    else:
        cells = tuple(_read_cell(text, line.number, vocabulary.kind) for text in (*top, *pieces) if text)
    if vocabulary.kind == "member" and not any(PERSONAL & vocabulary.sorts_in(cell.text) for cell in cells):
        return None
    return SheetRow(line=first_line, cells=cells)


def _read_cell(text: str, line: int, kind: str) -> Cell:
    """A piece of text without a column, unless it names one itself: `Role: Admin`."""
    match = _LABELLED.fullmatch(text)
    column = find_column(match["label"], kind) if match else None
    return Cell(text=match["value"] if match and column else text, line=line, column=column)


def _read_stream(columns: Columns, lines: Sequence[_Line], vocabulary: Vocabulary) -> tuple[list[SheetRow], list[Cell]]:
    """Pieces one after the other. A row begins with whatever can be a person after something that cannot."""
    cells = [_read_cell(cell.text, cell.line, vocabulary.kind) for line in lines for cell in line.cells]
    if vocabulary.kind != "member" or (columns and columns[0] not in _WHO):
        return _read_chunks(columns, cells)
    rows: list[list[Cell]] = []
    is_open = False
    for cell in cells:
        sorts = vocabulary.sorts_in(cell.text)
        begins = cell.column in _WHO or (cell.column is None and bool(sorts & PERSONAL))
        if not rows or (begins and not is_open):
            rows.append([])
        is_open = begins or (is_open and not sorts & _CLOSING and cell.column is None)
        rows[-1].append(cell)
    footer = _take_footer(rows, vocabulary)
    found, loose = [], list[Cell]()
    for row in (SheetRow(line=cells[0].line, cells=tuple(cells)) for cells in rows if cells):
        if _is_about_something(row, vocabulary):
            found.append(row)
        else:
            loose += row.cells
    return _doubt_borders(found, columns, vocabulary), [*loose, *footer]


def _read_chunks(columns: Columns, cells: Sequence[Cell]) -> tuple[list[SheetRow], list[Cell]]:
    """As many pieces for each row as there are columns; nothing at all where the numbers do not fit."""
    width = len(columns)
    if not columns or len(cells) % width:
        return [], list(cells)
    told = [replace(cell, column=columns[at % width] or Column.IGNORED) for at, cell in enumerate(cells)]
    chunks = (tuple(told[at : at + width]) for at in range(0, len(told), width))
    return [SheetRow(line=chunk[0].line, cells=chunk) for chunk in chunks], []


def _take_footer(rows: list[list[Cell]], vocabulary: Vocabulary) -> list[Cell]:
    """What stands below the last row and looks like its end: how many there are, and the way to more of them.

    Where the rows before it hold such numbers too, they are a column of the list and no word about it.
    """
    if not rows:
        return []
    before = {one.sort for row in rows[:-1] for cell in row for one in vocabulary.read(cell.text)}
    about = AROUND - (before & {Sort.NUMBER, Sort.COUNT})
    last, footer = rows[-1], list[Cell]()
    while last and last[-1].column is None and {one.sort for one in vocabulary.read(last[-1].text)} <= about:
        footer.insert(0, last.pop())
    return footer


def _is_about_something(row: SheetRow, vocabulary: Vocabulary) -> bool:
    """A row of the table, an address, or a role: text without any of them is a heading, a menu or a footer."""
    if any(cell.column not in {None, Column.IGNORED} for cell in row.cells):
        return True
    telling = IDENTITIES | {Sort.ROLE}
    return vocabulary.kind == "app" or any(telling & vocabulary.sorts_in(cell.text) for cell in row.cells)


def _doubt_borders(rows: Sequence[SheetRow], columns: Columns, vocabulary: Vocabulary) -> list[SheetRow]:
    """The rows, those with a doubt that may have taken a piece of the next one, or given one away.

    Anybody can choose a display name such as "Pending" or "Finance Manager". Where a page is copied piece by piece,
    such a name looks like the end of the row before it, and would say something about somebody else.
    """
    pieces = [[_readings(cell, vocabulary) for cell in row.cells] for row in rows]
    is_named = [any(one.sort is Sort.TEXT for piece in row for one in piece) for row in pieces]
    labels = [Counter(cell.column for cell in row.cells if cell.column is not None) for row in rows]
    # A page has pieces such as `Role: Admin` in all rows; in some of them alone, they can be names.
    everywhere = reduce(and_, labels) if labels else Counter()
    order = [SORTS[column] for column in columns if column in SORTS]
    judged = []
    for number, row in enumerate(rows):
        telling = [piece for piece in pieces[number] if {one.sort for one in piece} & _CLOSING]
        is_next_nameless = any(is_named) and not (number + 1 == len(rows) or is_named[number + 1])
        # Every piece has to fit a column behind that of the piece before it; empty cells leave no piece.
        columns_left = iter(order)
        is_in_order = all(any(sort in {one.sort for one in piece} for sort in columns_left) for piece in telling)
        doubt = ""
        if labels[number] - everywhere:
            doubt = "it says what a piece is, and other rows do not"
        elif order and not is_in_order:
            doubt = "what it says is not in the order of the columns"
        elif telling and is_next_nameless and _changes_much(telling[-1], telling[:-1]):
            doubt = "its last piece may be the name of whoever is next"
        judged.append(replace(row, doubt=doubt))
    return judged


def _readings(cell: Cell, vocabulary: Vocabulary) -> frozenset[Reading]:
    """What a cell says; nothing for one that says itself what it is."""
    pieces = split_person(cell.text) if cell.column is None else ()
    return frozenset(one for piece in pieces for one in vocabulary.read(piece))


def _changes_much(last: frozenset[Reading], others: Sequence[frozenset[Reading]]) -> bool:
    """Whether a row that is whole without its last piece says something else with it."""
    before = {one for piece in others for one in piece}
    harmless = {*before, Reading(Sort.STATUS, Status.ACTIVE.value)}
    is_whole = any(one.sort is Sort.ROLE for one in before)
    return is_whole and any(one.sort in {Sort.STATUS, Sort.FINANCE} and one not in harmless for one in last)
