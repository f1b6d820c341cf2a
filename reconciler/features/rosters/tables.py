"""Rosters made by programs, CSV in all its dialects and JSON, and the rows of cells that every form is read into."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from reconciler.features.rosters.vocabulary import COLUMNS, ENVELOPE, HARMLESS_KEYS, LINK_KEYS, Column, fold, shorten
from reconciler.model import Notes, Place, dataclass, list_words

if TYPE_CHECKING:
    import _csv

_DELIMITERS = ",;\t|"
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
"""What JSON can write with a backslash and nobody can store or print."""
_SIGNS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}\n]')
_NUMERIC = frozenset({"page size", "pages", "offset", "total"})
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_NOTHING = (None, "", 0, False, "0", "null", "none", "false", "no")
_SPEAKS_OF_MORE = re.compile(
    r"(?i)\bof\s+\d|\d\s+(?:more|others?|pages)\b|\bnext\b|truncat|partial|incomplete|\bpage[ =]\d"
)

Columns = tuple[Column | None, ...]
"""What the columns of a table are about, from left to right; None for one that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One piece of text and where it stood."""

    text: str
    line: int
    column: Column | None = None
    """What its column is about; None where only the text itself can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """What belongs together: one member or one app."""

    line: int
    cells: tuple[Cell, ...]
    doubt: str = ""
    """Why it may be made of pieces that do not belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Everything that speaks for or against a file being the whole list."""

    cut: str = ""
    """What shows that the end is missing; such a file is never everything."""
    total: int | None = None
    """How many rows it says there are."""
    pages: int = 1
    """How many pages it says there are, at least."""
    more: str = ""
    """What says that there is more behind the last row, or before the first one."""
    odd: tuple[str, ...] = ()
    """What may mean that something is missing."""
    strange: tuple[str, ...] = ()
    """What stands beside the list and was not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All rows of one file."""

    rows: tuple[SheetRow, ...] = ()
    loose: tuple[Cell, ...] = ()
    """Text around the rows that belongs to none of them."""
    columns: frozenset[Column | None] = frozenset()
    """What its header names; empty without one."""
    extent: Extent = field(default_factory=Extent)
    is_page: bool = False
    """Copied from a page: a row without a state is an active one, and no rows may mean that nothing was understood.

    A list made by a program says each state, and came whole.
    """


def find_column(text: str, kind: str) -> Column | None:
    """What a column with this header is about."""
    word = fold(text.replace("_", " ").replace("*", " ")).strip(" :.▲▼↑↓")
    return COLUMNS[kind].get(word)


def find_columns(texts: Sequence[str], kind: str) -> Columns:
    """What the columns under a line of words are about."""
    return tuple(find_column(text, kind) for text in texts)


def names_columns(line: str, kind: str) -> bool:
    """Whether a line could be the first one of a CSV file."""
    return any(_count_known(line, sign, kind) >= 2 for sign in _DELIMITERS)


def _count_known(line: str, delimiter: str, kind: str) -> int:
    return sum(find_column(cell.strip().strip('"'), kind) is not None for cell in line.split(delimiter))


def _note_unknown(texts: Sequence[str], columns: Columns, place: Place, notes: Notes) -> None:
    unknown = [text for text, column in zip(texts, columns, strict=True) if column is None and text]
    if unknown:
        notes.note("roster-column", f"columns that are not read: {list_words(map(shorten, unknown))}", place)


def parse_csv(text: str, *, file: str, kind: str, notes: Notes) -> Sheet | None:
    """The rows under a line of column names; None after a finding."""
    text, first_line, delimiter = _choose_dialect(text, kind)
    reader = _reader(text, delimiter)
    columns: Columns = ()
    rows: list[SheetRow] = []
    cut, begins = "", first_line
    try:
        for record in reader:
            line, begins = begins, first_line + reader.line_num
            if not any(map(str.strip, record)):
                continue
            if columns:
                is_short = len(record) < len(columns)
                cut = f"line {line} has {len(record)} of {len(columns)} cells" if is_short else ""
                rows.append(_csv_row(record, columns, line))
                continue
            columns = _read_header(record, kind, Place(file, line, 1), notes)
            if not columns:
                return None
    except csv.Error:
        is_cut = _is_csv(text + '"', delimiter)
        if not (rows and is_cut):
            problem = "quotes are not closed" if is_cut else "it cannot be read from here on; check the quotes"
            notes.error("roster-unreadable", f"this is no CSV: {problem}", Place(file, begins, 1))
            return None
        cut = f"line {begins} begins a quoted text that never ends"
    if not columns:
        notes.error("roster-unreadable", "there is nothing in the file", Place(file, 1, 1))
        return None
    return Sheet(rows=tuple(rows), columns=frozenset(columns) - {None}, extent=Extent(cut=cut))


def _choose_dialect(text: str, kind: str) -> tuple[str, int, str]:
    """The text from its header on, the line on which that is, and the delimiter that finds the most column names."""
    first, _, rest = text.partition("\n")
    declared = first.rstrip("\r").strip('"')
    if declared.lower().startswith("sep=") and declared[4:] in tuple(_DELIMITERS):
        return rest, 2, declared[4]
    head = next((line for line in text.splitlines() if line.strip()), "")
    return text, 1, max(_DELIMITERS, key=lambda sign: _count_known(head, sign, kind))


def _reader(text: str, delimiter: str) -> _csv.Reader:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)


def _is_csv(text: str, delimiter: str) -> bool:
    try:
        list(_reader(text, delimiter))
    except csv.Error:
        return False
    return True


def _read_header(record: Sequence[str], kind: str, place: Place, notes: Notes) -> Columns:
    """The columns; nothing after a finding."""
    columns = find_columns(record, kind)
    known = {column for column in columns if column is not None}
    double = sorted(column for column in known - {Column.IGNORED} if columns.count(column) > 1)
    if double:
        notes.error("roster-columns", f"two columns are about the same: {list_words(double)}", place)
        return ()
    if not known:
        message = f"the first line names no column that is known: {list_words(map(shorten, record[:6]))}"
        example = "`email,role,status`" if kind == "member" else "`client key,owner,status`"
        notes.error("roster-columns", message, place, advice=f"begin with a line of names such as {example}")
        return ()
    _note_unknown(record, columns, place, notes)
    return columns


def _csv_row(record: Sequence[str], columns: Columns, line: int) -> SheetRow:
    """By column where the number of cells fits; otherwise each cell has to speak for itself."""
    if len(record) < len(columns) or any(cell.strip() for cell in record[len(columns) :]):
        return SheetRow(line=line, cells=tuple(Cell(text=text, line=line) for text in record if text.strip()))
    cells = zip(record, columns, strict=False)
    return SheetRow(
        line=line, cells=tuple(Cell(text=text, line=line, column=column or Column.IGNORED) for text, column in cells)
    )


def parse_json(text: str, *, file: str, kind: str, notes: Notes) -> Sheet | None:
    """The objects of the one list in a document; None after a finding."""
    top = Place(file, 1, 1)
    try:
        document = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno)
        notes.error("roster-unreadable", "this is no whole JSON document: it cannot be read from here on", place)
        return None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        notes.error("roster-unreadable", f"this JSON cannot be used: {reason}", top)
        return None
    lists = list(_find_lists(document))
    lists = [one for one in lists if one] or lists[:1]
    if len(lists) != 1:
        found = f"there are {len(lists)} lists of objects" if lists else "there is no list of objects"
        advice = "hand in a list with one object for each member or app"
        notes.error("roster-unreadable", f"{found} in the document", top, advice=advice)
        return None
    (items,) = lists
    keys = tuple(dict.fromkeys(key for item in items for key in item))
    columns = find_columns(keys, kind)
    _note_unknown(keys, columns, top, notes)
    lines = _lines_of_objects(text)
    rows = []
    for number, item in enumerate(items):
        place = Place(file, lines[number] if len(lines) == len(items) else 1, 1)
        cells = tuple(_json_cells(item, kind, place, notes))
        if len({cell.column for cell in cells}) < len(cells):
            notes.error("roster-columns", "two keys of one object are about the same", place)
            return None
        rows.append(SheetRow(line=place.line, cells=cells))
    extent = _read_envelope(document, items)
    return Sheet(rows=tuple(rows), columns=frozenset(columns) - {None}, extent=extent)


def _json_cells(item: Mapping[str, Any], kind: str, place: Place, notes: Notes) -> Iterator[Cell]:
    for key, value in item.items():
        column = find_column(key, kind)
        if column is None or column is Column.IGNORED or value is None:
            continue
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield Cell(text="\n".join(value), line=place.line, column=column)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield Cell(text=str(value), line=place.line, column=column)
        else:
            # What is left out is missing, and what is missing is never taken for granted.
            notes.warning("roster-not-understood", f"`{shorten(key)}` is neither a text nor a list", place)


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
    for sign in _SIGNS.findall(text):
        if sign == "\n":
            line += 1
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
                raise ValueError(f"U+{ord(match[0]):04X} stands for no character of a text")
    return content


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no value")


def _read_envelope(document: Any, rows: Sequence[Any]) -> Extent:
    """What stands around the list of a JSON document, as interfaces and exports word it.

    A total that is reached, or the word that this is the end, settles doubts.
    """
    totals, pages, is_end = list[int](), 1, False
    more, cursors, full, strange = list[str](), list[str](), list[str](), list[str]()
    for path, value in _around(document, rows, ()):
        sort, number = _find_sort(path, value)
        shown = f"`{path}`"
        match sort:
            case "more":
                is_end = is_end or value in _NOTHING
                more += [] if value in _NOTHING else [f"{shown} says that there is more"]
            case "end" if isinstance(value, bool):
                is_end = is_end or value
                more += [] if value else [f"{shown} is false"]
            case "cursor" | "before" | "next":
                leads = cursors if sort == "cursor" else more
                leads += [] if value in _NOTHING else [f"{shown} leads to another page"]
            case "page size" if number is not None:
                full += [f"the page is full: {shown} is {number}"] if 0 < number <= len(rows) else []
            case "pages" if number is not None:
                pages = max(pages, number)
            case "offset" if number is not None:
                more += [f"{shown} is {number}, so rows before it are missing"] if number > 1 else []
            case "total" | "end" if number is not None:
                totals.append(number)
            case "strange":
                strange.append(shown)
    is_reached = is_end or (bool(totals) and max(totals) <= len(rows))
    more += [] if is_reached else cursors
    return Extent(
        total=max(totals, default=None),
        pages=pages,
        more=more[0] if more else "",
        odd=() if is_reached else tuple(full),
        strange=tuple(strange),
    )


def _around(value: Any, rows: Sequence[Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Every value that is not in the list, with the keys that lead to it."""
    if value is rows:
        return
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _around(below, rows, (*path, key))
    elif isinstance(value, list):
        for one in value:
            yield from _around(one, rows, path)
    else:
        yield ".".join(path), _TRUTHS.get(value.lower(), value) if isinstance(value, str) else value


def _find_sort(path: str, value: Any) -> tuple[str, int | None]:
    """What a value beside a list is about, empty where that is nothing of the list; and its number, if it is one."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        number = int(value)
    steps = [re.sub(r"[^a-z]", "", step.lower()) for step in path.split(".")]
    key = steps[-2] if len(steps) > 1 and steps[-1] in LINK_KEYS else steps[-1]
    for sort, pattern in ENVELOPE.items():
        is_fitting = number is not None or not (sort in _NUMERIC or (sort == "end" and not isinstance(value, bool)))
        if is_fitting and pattern.fullmatch(key):
            return sort, number
    is_harmless = value in _NOTHING or (HARMLESS_KEYS.fullmatch(key) and not _SPEAKS_OF_MORE.search(str(value)))
    return "" if is_harmless else "strange", number
