"""From the bytes of a file to the entries of a roster, with everything that was not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field, replace

from reconciler.features.rosters.entries import Entry, read_app, read_member
from reconciler.features.rosters.page import parse_page
from reconciler.features.rosters.tables import Cell, Extent, Sheet, names_columns, parse_csv, parse_json
from reconciler.features.rosters.vocabulary import AROUND, Sort, Vocabulary, shorten
from reconciler.model.finding import Finding, Notes, Place
from reconciler.model.system import System
from reconciler.model.values import dataclass
from reconciler.systems.roster_pages import Column

MAX_SIZE = 8 * 1024 * 1024
"""Bytes; a page of ten thousand members is a tenth of it."""
FORMS = ("csv", "json", "page")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_TELLING = {"member": Column.EMAIL, "app": Column.CLIENT_KEY}
_NEEDED = {"member": frozenset({Column.ROLE}), "app": frozenset({Column.CLIENT_KEY, Column.OWNER})}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRoster:
    """What one file says."""

    entries: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()
    """In reading order; an error among them means that the file says nothing at all."""
    cut: str = ""
    """What shows that the file breaks off; such a file is never everything."""
    text: str = ""
    """As it was decoded, for showing lines."""
    extent: Extent = field(default_factory=Extent)
    """What it says of how much there is."""
    around: tuple[Cell, ...] = ()
    """What stands outside of all rows and was not understood; it may name somebody."""

    @property
    def is_readable(self) -> bool:
        """Whether the entries, also when there are none, are what the file says."""
        return not any(finding.severity == "error" for finding in self.findings)


def parse_roster(data: bytes, *, file: str, system: System, kind: str = "member", form: str = "") -> ParsedRoster:
    """The members or apps that a file lists. `form` is one of `FORMS`; without it, it is told from the text.

    Never raises, and never finds nothing in a file that it cannot read: then there is an error.
    """
    notes = Notes()
    text = _decode(data, file, notes)
    if text is None:
        return ParsedRoster(findings=notes.in_order())
    first = text.lstrip().partition("\n")[0]
    if not form and file.casefold().endswith(".csv") and re.search(r"\S[,;]\S", first):
        form = "csv"  # a table whose columns nobody knows is told so, and not read as a page line by line
    vocabulary = Vocabulary(system, kind)
    sheet = _parse_sheet(text, form, file, vocabulary, notes)
    if sheet is None:
        return ParsedRoster(findings=notes.in_order(), text=text)
    parsed = _read_sheet(sheet, text, file, vocabulary, notes)
    other = "app" if kind == "member" else "member"
    if notes.has_errors and other in system.kinds:
        # The columns may be those of a list of apps where members were to be, or the other way round.
        others = _parse_sheet(text, form, file, Vocabulary(system, other), Notes())
        if others is not None and others.rows and others.columns >= {*_NEEDED[other], _TELLING[other]}:
            notes = Notes()
            message = f"this is a list of {other}s, not of {kind}s"
            notes.error("roster-kind", message, Place(file, 1, 1), advice=f"give --kind {other}")
    return replace(parsed, text=text, findings=notes.in_order())


def _decode(data: bytes, file: str, notes: Notes) -> str | None:
    """UTF-8, or UTF-16 as spreadsheets write it; every sort of line end becomes a line feed. None after a finding."""
    advice = "save the file as text in UTF-8"
    if len(data) > MAX_SIZE:
        notes.error("roster-unreadable", f"the file is larger than {MAX_SIZE // 1024**2} MiB", Place(file, 1, 1))
        return None
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not {encoding.removesuffix('-sig').upper()}"
        notes.error("roster-unreadable", message, Place(file, 1, 1), advice=advice)
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if match := _CONTROL.search(text):
        place = Place(file, text.count("\n", 0, match.start()) + 1, 1)
        message = f"control character U+{ord(match[0]):04X}: this is no text"
        notes.error("roster-unreadable", message, place, advice=advice)
        return None
    if not text.strip():
        notes.error("roster-unreadable", "there is nothing in the file", Place(file, 1, 1))
        return None
    return text


def _parse_sheet(text: str, form: str, file: str, vocabulary: Vocabulary, notes: Notes) -> Sheet | None:
    start, kind = text.lstrip(), vocabulary.kind
    first = start.partition("\n")[0]
    if form == "json" or (not form and start[:1] in {"{", "["}):
        return parse_json(text, file=file, kind=kind, notes=notes)
    is_table = first.lower().lstrip('"').startswith("sep=") or ("\t" not in first and names_columns(first, kind))
    if form == "csv" or (not form and is_table):
        return parse_csv(text, file=file, kind=kind, notes=notes)
    return parse_page(text, vocabulary)


def _read_sheet(sheet: Sheet, text: str, file: str, vocabulary: Vocabulary, notes: Notes) -> ParsedRoster:
    kind, top = vocabulary.kind, Place(file, 1, 1)
    read = read_member if kind == "member" else read_app
    entries = tuple(read(row, vocabulary, sheet) for row in sheet.rows)
    for entry in entries:
        for word in entry.aliases:
            notes.note("roster-role", f"`{word}` is read as {entry.role or 'a role'}", Place(file, entry.line, 1))
    extent, around = _read_around(sheet, vocabulary)
    for cell in (*(cell for entry in entries for cell in entry.unread), *around):
        notes.note("roster-not-understood", f"not understood: `{shorten(cell.text)}`", Place(file, cell.line, 1))
    missing = sorted(column.replace("_", " ") for column in _NEEDED[kind] - sheet.columns)
    # On a page of members it may be said in the cell about the person.
    if missing and sheet.columns and not (kind == "member" and sheet.is_page):
        notes.error("roster-columns", f"no column says the {' or the '.join(missing)}", top)
    # Whoever looks at a list of members is one of them; a list of apps can be empty.
    is_empty = any(one.sort is Sort.EMPTY for cell in sheet.loose for one in vocabulary.read(cell.text))
    if not entries and not (kind == "app" and (is_empty or not sheet.is_page)):
        advice = "copy the whole list with the names of its columns, or hand in CSV or JSON"
        notes.error("roster-unreadable", f"no {kind}s were found in the file", top, advice=advice)
    cut = sheet.cut
    if not cut and not sheet.is_page and entries and entries[-1].unclear and text[-1] not in "\n]}":
        # A program ends its lines; a last line that neither ends nor makes sense was cut in a word.
        _, _, last = text.rpartition("\n")
        cut = f"line {entries[-1].line} breaks off in `{shorten(last)}`"
    return ParsedRoster(entries=entries, cut=cut, extent=extent, around=tuple(around))


def _read_around(sheet: Sheet, vocabulary: Vocabulary) -> tuple[Extent, Sequence[Cell]]:
    """What an envelope and the text around the rows say of how many there are; and what was not understood there."""
    totals = [] if sheet.extent.total is None else [sheet.extent.total]
    pages, more, odd = sheet.extent.pages, sheet.extent.more, [*sheet.extent.odd]
    numbers: list[int] = []
    unread: list[Cell] = []
    for cell in sheet.loose:
        readings = vocabulary.read(cell.text)
        for reading in readings:
            match reading.sort:
                case Sort.COUNT:
                    totals.append(int(reading.value))
                case Sort.PAGES:
                    pages = max(pages, int(reading.value))
                case Sort.NUMBER:
                    numbers.append(int(reading.value))
                case Sort.MORE:
                    more = f"`{shorten(cell.text)}` stands there"
                case Sort.NEXT:
                    odd.append(f"`{shorten(cell.text)}` may lead to another page")
                case _:
                    pass
        if not {reading.sort for reading in readings} <= AROUND:
            unread.append(cell)
    # Numbers that stood alone are of pages if they count up from 1; else the greatest may be that of all rows.
    if len(numbers) > 1 and numbers[0] == 1:
        pages = max(pages, numbers[-1])
    else:
        totals += numbers
    extent = replace(sheet.extent, total=max(totals, default=None), pages=pages, more=more, odd=tuple(odd))
    return extent, unread
