"""Rosters as somebody selects and copies them from a page: a table with tabs or gaps, or one piece of text per line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.features.rosters.borders import doubt_borders
from reconciler.features.rosters.sheet import Cell, Sheet, SheetRow
from reconciler.features.rosters.tables import Header, find_column
from reconciler.features.rosters.vocabulary import AROUND, IDENTITIES, PERSONAL, Sort, Vocabulary, split_person
from reconciler.systems.roster_pages import Column

_GAP = re.compile(r" {2,}|\u00a0{2,}")
_LABELLED = re.compile(r"(?P<label>[^:@]{2,24}):\s+(?P<value>.+)")
_WHO = frozenset({Column.PERSON, Column.NAME, Column.EMAIL, Column.PHONE, Column.HANDLE, Column.APP, Column.CLIENT_KEY})
_CLOSING = frozenset({Sort.ROLE, Sort.STATUS, Sort.FINANCE, Sort.DAY})


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank, in the pieces that tabs or gaps make of it."""

    number: int
    pieces: tuple[str, ...]
    has_tabs: bool

    @property
    def filled(self) -> tuple[str, ...]:
        return tuple(piece for piece in self.pieces if piece)


def parse_page(text: str, vocabulary: Vocabulary) -> Sheet:
    """The rows on a page, and whatever stood around them."""
    lines = list(_lines(text))
    at, header = _find_header(lines, vocabulary.kind)
    above, below = lines[: at[0]], lines[at[1] :]
    if header is not None and at[1] - at[0] == 1:
        rows, loose = _table(header, below, vocabulary)
    else:
        rows, loose = [], []
    if not rows:
        rows, loose = _stream(header, below, vocabulary)
    around = [Cell(text=piece, line=line.number) for line in above for piece in line.filled]
    columns = header.known if header else frozenset[Column]()
    return Sheet(rows=tuple(rows), loose=(*around, *loose), columns=columns, marks_pending_only=True)


def _lines(text: str) -> Iterator[_Line]:
    for number, line in enumerate(text.split("\n"), start=1):
        has_tabs = "\t" in line.strip(" \r")
        pieces = tuple(piece.strip() for piece in (line.split("\t") if has_tabs else _GAP.split(line)))
        if has_tabs or any(pieces):
            yield _Line(number, pieces if has_tabs else tuple(filter(None, pieces)), has_tabs)


def _find_header(lines: Sequence[_Line], kind: str) -> tuple[tuple[int, int], Header | None]:
    """The names of the columns, in one line or in several that follow each other, and from where to where they are."""
    for start, line in enumerate(lines):
        if len(line.filled) > 1:
            header = Header.of(line.pieces, kind)
            if _is_header(header, [piece for piece in line.pieces if piece]):
                return (start, start + 1), header
        else:
            run = _run_of_names(lines[start : start + len(Column)], kind)
            header = Header.of([piece for each in run for piece in each.filled], kind)
            if len(run) > 1 and _is_header(header, header.texts):
                return (start, start + len(run)), header
    return (0, 0), None


def _is_header(header: Header, texts: Sequence[str]) -> bool:
    """Two columns at least, one of them about who or what it is; most of the words are known; none twice."""
    told = [column for column in header.columns if column not in {None, Column.IGNORED}]
    known = sum(column is not None for column in header.columns)
    return len(told) == len(set(told)) >= 2 and bool(_WHO & set(told)) and known * 2 > len(texts)


def _run_of_names(lines: Sequence[_Line], kind: str) -> list[_Line]:
    run: list[_Line] = []
    seen: set[Column] = set()
    for line in lines:
        column = find_column(line.filled[0], kind) if len(line.filled) == 1 else None
        if column is None or column in seen:
            break
        seen.add(column)
        run.append(line)
    return run


def _table(header: Header, lines: Sequence[_Line], vocabulary: Vocabulary) -> tuple[list[SheetRow], list[Cell]]:
    """One row for each line of several pieces; a line of one piece before it is the top of its first cell.

    Browsers break a cell at its paragraphs: the name stands in a line of its own, and the address begins the next.
    """
    rows: list[SheetRow] = []
    loose: list[Cell] = []
    above: list[_Line] = []
    for line in lines:
        if len(line.filled) < 2 and not (line.has_tabs and len(line.pieces) == len(header.columns)):
            is_around = {said.sort for piece in line.filled for said in vocabulary.hear(piece)} <= AROUND
            loose += [Cell(text=piece, line=line.number) for piece in line.filled if is_around]
            above += [] if is_around else [line]
            continue
        if {said.sort for piece in line.filled for said in vocabulary.hear(piece)} <= AROUND:
            # The controls below a list, which a browser keeps apart by tabs as it does cells.
            loose += [Cell(text=piece, line=line.number) for piece in line.filled]
            continue
        row = _row(header, above, line, vocabulary)
        if row is None:
            return [], []
        if _is_about_something(row, vocabulary):
            rows.append(row)
        else:
            loose += row.cells
        above = []
    loose += [Cell(text=piece, line=line.number) for line in above for piece in line.filled]
    return rows, loose


def _row(header: Header, above: Sequence[_Line], line: _Line, vocabulary: Vocabulary) -> SheetRow | None:
    """None where the line holds nobody: then lines are no rows, and the text has to be read as a stream."""
    pieces = line.pieces
    while len(pieces) > len(header.columns) and not pieces[-1]:
        pieces = pieces[:-1]
    top = [piece for each in above for piece in each.filled]
    first_line = above[0].number if above else line.number
    if len(pieces) == len(header.columns):
        texts = ("\n".join([*top, pieces[0]]), *pieces[1:])
        cells = tuple(
            Cell(text=text, line=first_line if not number else line.number, column=column or Column.IGNORED)
            for number, (text, column) in enumerate(zip(texts, header.columns, strict=True))
        )
    else:
        cells = tuple(_cell(text, line.number, vocabulary.kind) for text in (*top, *pieces) if text)
    said = [one.sort for cell in cells for piece in split_person(cell.text) for one in vocabulary.hear(piece)]
    if vocabulary.kind == "member" and not PERSONAL.intersection(said):
        return None
    return SheetRow(line=first_line, cells=cells)


def _cell(text: str, line: int, kind: str) -> Cell:
    """A piece of text without a column, unless it names one itself: `Role: Admin`."""
    match = _LABELLED.fullmatch(text)
    column = find_column(match["label"], kind) if match else None
    return Cell(text=match["value"] if match and column else text, line=line, column=column)


def _stream(header: Header | None, lines: Sequence[_Line], vocabulary: Vocabulary) -> tuple[list[SheetRow], list[Cell]]:
    """Pieces one after the other. A row begins with whatever can be a person after something that cannot."""
    cells = [_cell(piece, line.number, vocabulary.kind) for line in lines for piece in line.filled]
    if vocabulary.kind != "member" or (header is not None and header.columns[:1] and header.columns[0] not in _WHO):
        return _chunks(header, cells)
    rows: list[list[Cell]] = []
    is_open = False
    for cell in cells:
        sorts = {said.sort for piece in split_person(cell.text) for said in vocabulary.hear(piece)}
        begins = cell.column in _WHO or (cell.column is None and bool(sorts & PERSONAL))
        if begins and not is_open:
            rows.append([])
        is_open = begins or (is_open and not sorts & _CLOSING and cell.column is None)
        if not rows:
            rows.append([])
        rows[-1].append(cell)
    footer = _take_footer(rows, vocabulary)
    groups = [SheetRow(line=cells[0].line, cells=tuple(cells)) for cells in rows if cells]
    judged = [(row, _is_about_something(row, vocabulary)) for row in groups]
    found = [row for row, is_about in judged if is_about]
    loose = [cell for row, is_about in judged if not is_about for cell in row.cells]
    return doubt_borders(found, header.columns if header else (), vocabulary), [*loose, *footer]


def _take_footer(rows: list[list[Cell]], vocabulary: Vocabulary) -> list[Cell]:
    """What stands below the last row and looks like its end: how many there are, and the way to more of them.

    Where the rows before it hold such numbers too, they are a column of the list and no word about it.
    """
    if not rows:
        return []
    before = {said.sort for row in rows[:-1] for cell in row for said in vocabulary.hear(cell.text)}
    about = AROUND - (before & {Sort.NUMBER, Sort.COUNT})
    last, footer = rows[-1], list[Cell]()
    while last and last[-1].column is None and {said.sort for said in vocabulary.hear(last[-1].text)} <= about:
        footer.insert(0, last.pop())
    return footer


def _is_about_something(row: SheetRow, vocabulary: Vocabulary) -> bool:
    """A row of the table, an address, or a role: text without any of them is a heading, a menu or a footer."""
    if any(cell.column not in {None, Column.IGNORED} for cell in row.cells):
        return True
    sorts = {said.sort for cell in row.cells for piece in split_person(cell.text) for said in vocabulary.hear(piece)}
    return bool(sorts & (IDENTITIES | {Sort.ROLE})) or vocabulary.kind == "app"


def _chunks(header: Header | None, cells: Sequence[Cell]) -> tuple[list[SheetRow], list[Cell]]:
    """As many pieces for each row as there are columns; nothing at all where the numbers do not fit."""
    columns = header.columns if header else ()
    if not columns or len(cells) % len(columns):
        return [], list(cells)
    return [_chunk(columns, cells[at : at + len(columns)]) for at in range(0, len(cells), len(columns))], []


def _chunk(columns: Iterable[Column | None], cells: Sequence[Cell]) -> SheetRow:
    told = tuple(
        Cell(text=cell.text, line=cell.line, column=column or Column.IGNORED)
        for cell, column in zip(cells, columns, strict=True)
    )
    return SheetRow(line=cells[0].line, cells=told)
