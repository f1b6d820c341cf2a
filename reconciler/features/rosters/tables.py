"""Rosters made by programs: CSV in all its dialects, and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.features.rosters.extent import read_envelope
from reconciler.features.rosters.sheet import Cell, Sheet, SheetRow, fold
from reconciler.manifests.notes import Notes
from reconciler.model.finding import Place
from reconciler.model.suggestions import list_words
from reconciler.systems.roster_pages import COLUMNS, Column

if TYPE_CHECKING:
    import _csv

_DELIMITERS = ",;\t|"
_SHORT = 40
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
"""What JSON can write with a backslash and nobody can store or print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the columns of a table are about; None for one that is not known."""

    columns: tuple[Column | None, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str], kind: str) -> Header:
        """The header in a line of words."""
        return cls(columns=tuple(find_column(text, kind) for text in texts), texts=tuple(texts))

    @property
    def known(self) -> frozenset[Column]:
        """The columns that are understood."""
        return frozenset(column for column in self.columns if column is not None)

    def note_unknown(self, notes: Notes, place: Place) -> None:
        """Say which columns are not read, and which two say the same."""
        unknown = [text for text, column in zip(self.texts, self.columns, strict=True) if column is None and text]
        if unknown:
            notes.note("roster-column", f"columns that are not read: {list_words(map(shorten, unknown))}", place)


def find_column(text: str, kind: str) -> Column | None:
    """What a column with this header is about."""
    word = fold(text.replace("_", " ").replace("*", " ")).strip(" :.▲▼↑↓")
    return COLUMNS[kind].get(word)


def shorten(text: str) -> str:
    """A piece of a stranger's text, short enough for a message."""
    text = " ".join(text.split())
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def parse_csv(text: str, *, file: str, kind: str, notes: Notes) -> Sheet | None:
    """The rows under a line of column names; None after a finding."""
    text, first_line, delimiter = _choose_dialect(text, kind)
    reader = _reader(text, delimiter)
    header: Header | None = None
    rows: list[SheetRow] = []
    cut, begins = "", first_line
    try:
        for record in reader:
            line, begins = begins, first_line + reader.line_num
            if not any(map(str.strip, record)):
                continue
            if header is None:
                header = _read_header(record, kind, Place(file, line, 1), notes)
                if header is None:
                    return None
                continue
            cut = _missing_cells(record, header, line)
            rows.append(_row(record, header, line))
    except csv.Error:
        is_cut = _is_csv(text + '"', delimiter)
        if not (header and rows and is_cut):
            problem = "quotes are not closed" if is_cut else "it cannot be read from here on; check the quotes"
            notes.error("roster-unreadable", f"this is no CSV: {problem}", Place(file, begins, 1))
            return None
        cut = f"line {begins} begins a quoted text that never ends"
    if header is None:
        notes.error("roster-unreadable", "there is nothing in the file", Place(file, 1, 1))
        return None
    return Sheet(rows=tuple(rows), columns=header.known, cut=cut, is_explicit=True)


def _reader(text: str, delimiter: str) -> _csv.Reader:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)


def _is_csv(text: str, delimiter: str) -> bool:
    try:
        for _ in _reader(text, delimiter):
            pass
    except csv.Error:
        return False
    return True


def _choose_dialect(text: str, kind: str) -> tuple[str, int, str]:
    """The text from its header on, the line on which that is, and the delimiter that finds the most column names."""
    first, _, rest = text.partition("\n")
    declared = first.rstrip("\r").strip('"')
    if declared.lower().startswith("sep=") and declared[4:] in tuple(_DELIMITERS):
        return rest, 2, declared[4]
    lines = (line for line in text.splitlines() if line.strip())
    head = next(lines, "")
    return text, 1, max(_DELIMITERS, key=lambda sign: _known_in(head, sign, kind))


def _known_in(line: str, delimiter: str, kind: str) -> int:
    return sum(find_column(cell.strip().strip('"'), kind) is not None for cell in line.split(delimiter))


def names_columns(line: str, kind: str) -> bool:
    """Whether a line could be the first one of a CSV file."""
    return any(_known_in(line, sign, kind) >= 2 for sign in _DELIMITERS)


def _read_header(record: Sequence[str], kind: str, place: Place, notes: Notes) -> Header | None:
    header = Header.of(record, kind)
    double = sorted({column for column in header.known - {Column.IGNORED} if header.columns.count(column) > 1})
    if double:
        notes.error("roster-columns", f"two columns are about the same: {list_words(double)}", place)
        return None
    if not header.known:
        message = f"the first line names no column that is known: {list_words(map(shorten, record[:6]))}"
        notes.error("roster-columns", message, place, advice=f"begin with a line of names such as {_example(kind)}")
        return None
    header.note_unknown(notes, place)
    return header


def _example(kind: str) -> str:
    return "`email,role,status`" if kind == "member" else "`client key,owner,status`"


def _missing_cells(record: Sequence[str], header: Header, line: int) -> str:
    """Why a line seems to break off; only the last one's answer counts."""
    if len(record) >= len(header.columns):
        return ""
    return f"line {line} has {len(record)} of {len(header.columns)} cells"


def _row(record: Sequence[str], header: Header, line: int) -> SheetRow:
    """By column where the number of cells fits; otherwise each cell has to speak for itself."""
    fits = len(record) == len(header.columns) or not any(cell.strip() for cell in record[len(header.columns) :])
    if not fits or len(record) < len(header.columns):
        return SheetRow(line=line, cells=tuple(Cell(text=text, line=line) for text in record if text.strip()))
    cells = zip(record, header.columns, strict=False)
    return SheetRow(
        line=line, cells=tuple(Cell(text=text, line=line, column=column or Column.IGNORED) for text, column in cells)
    )


def parse_json(text: str, *, file: str, kind: str, notes: Notes) -> Sheet | None:
    """The objects of the one list in a document; None after a finding."""
    try:
        document = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno)
        notes.error("roster-unreadable", "this is no whole JSON document: it cannot be read from here on", place)
        return None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        notes.error("roster-unreadable", f"this JSON cannot be used: {reason}", Place(file, 1, 1))
        return None
    lists = list(_find_lists(document))
    lists = [one for one in lists if one] or lists[:1]
    if len(lists) != 1:
        found = f"there are {len(lists)} lists of objects" if lists else "there is no list of objects"
        advice = "hand in a list with one object for each member or app"
        notes.error("roster-unreadable", f"{found} in the document", Place(file, 1, 1), advice=advice)
        return None
    lines = _lines_of_objects(text)
    sheet = _sheet(lists[0], lines, Place(file, 1, 1), kind, notes)
    return sheet and replace(sheet, extent=read_envelope(document, lists[0]))


def _sheet(
    items: Sequence[Mapping[str, Any]], lines: Sequence[int], top: Place, kind: str, notes: Notes
) -> Sheet | None:
    keys = tuple(dict.fromkeys(key for item in items for key in item))
    header = Header.of(keys, kind)
    header.note_unknown(notes, top)
    rows = []
    for number, item in enumerate(items):
        line = lines[number] if len(lines) == len(items) else 1
        rows.append(SheetRow(line=line, cells=tuple(_json_cells(item, line, kind, notes, top.file))))
        if len({cell.column for cell in rows[-1].cells}) < len(rows[-1].cells):
            place = Place(top.file, line, 1)
            notes.error("roster-columns", "two keys of one object are about the same", place)
            return None
    return Sheet(rows=tuple(rows), columns=header.known, is_explicit=True)


def _json_cells(item: Mapping[str, Any], line: int, kind: str, notes: Notes, file: str) -> Iterator[Cell]:
    for key, value in item.items():
        column = find_column(key, kind)
        if column is None or column is Column.IGNORED or value is None:
            continue
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield Cell(text="\n".join(value), line=line, column=column)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield Cell(text=str(value), line=line, column=column)
        else:
            # What is left out is missing, and what is missing is never taken for granted.
            notes.warning(
                "roster-not-understood", f"`{shorten(key)}` is neither a text nor a list", Place(file, line, 1)
            )


def _find_lists(value: Any) -> Iterator[list[dict[str, Any]]]:
    """Lists of objects, in a document or in an envelope around it; lists inside of their objects are not looked for."""
    if isinstance(value, list):
        if all(isinstance(item, dict) for item in value):
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _find_lists(inner)


def _lines_of_objects(text: str) -> list[int]:
    """The line of every object that stands directly in an outermost list."""
    lines, line, depth, listed_at = [], 1, 0, 0
    inside = escaped = False
    for sign in text:
        if sign == "\n":
            line += 1
        if inside:
            inside = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if sign == "[" and not listed_at:
                listed_at = depth
            elif sign == "{" and listed_at and depth == listed_at + 1:
                lines.append(line)
        elif sign in "]}":
            listed_at = 0 if depth == listed_at else listed_at
            depth -= 1
    return lines


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("one object has a key twice")
    for value in content.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and (match := _NO_TEXT.search(text)):
                message = f"U+{ord(match[0]):04X} stands for no character of a text"
                raise ValueError(message)
    return content


def _refuse(constant: str) -> Any:
    message = f"{constant} is no value"
    raise ValueError(message)
