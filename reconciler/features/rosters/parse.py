"""From the bytes of a file to the entries of a roster, with everything that was not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reconciler.features.rosters.entries import Entry, read_app, read_member
from reconciler.features.rosters.extent import Extent
from reconciler.features.rosters.page import parse_page
from reconciler.features.rosters.sheet import Cell, Sheet
from reconciler.features.rosters.tables import names_columns, parse_csv, parse_json, shorten
from reconciler.features.rosters.vocabulary import AROUND, Reading, Sort, Vocabulary
from reconciler.manifests.notes import Notes
from reconciler.model.finding import Finding, Place
from reconciler.model.system import System
from reconciler.systems.roster_pages import Column

MAX_SIZE = 8 * 1024 * 1024
"""Bytes; a page of ten thousand members is a tenth of it."""
FORMS = ("csv", "json", "page")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_TYPED = {"json": "json", "csv": "csv"}
_TELLING = {"member": frozenset({Column.EMAIL}), "app": frozenset({Column.CLIENT_KEY})}
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
    vocabulary = Vocabulary(system, kind)
    first = text.lstrip().partition("\n")[0]
    if not form and file.casefold().endswith(".csv") and re.search(r"\S[,;]\S", first):
        form = "csv"  # a table whose columns nobody knows is told so, and not read as a page line by line
    sheet = _parse_sheet(text, form or _guess_form(text, kind), file, vocabulary, notes)
    if sheet is None:
        return ParsedRoster(findings=notes.in_order(), text=text)
    parsed = _read_sheet(sheet, text, file, vocabulary, notes)
    if notes.has_errors and _is_of_the_other_kind(text, form, file, system, kind):
        other = "app" if kind == "member" else "member"
        notes = Notes()
        advice = f"give --kind {other}"
        notes.error("roster-kind", f"this is a list of {other}s, not of {kind}s", Place(file, 1, 1), advice=advice)
    return replace(parsed, text=text, findings=notes.in_order())


def _is_of_the_other_kind(text: str, form: str, file: str, system: System, kind: str) -> bool:
    """Whether the columns are those of a list of apps where members were to be, or the other way round."""
    other = "app" if kind == "member" else "member"
    if other not in system.kinds:
        return False
    notes = Notes()
    sheet = _parse_sheet(text, form or _guess_form(text, other), file, Vocabulary(system, other), notes)
    return sheet is not None and bool(sheet.rows) and sheet.columns >= _NEEDED[other] | _TELLING[other]


def _decode(data: bytes, file: str, notes: Notes) -> str | None:
    """UTF-8, or UTF-16 as spreadsheets write it; every sort of line end becomes a line feed."""
    place = Place(file, 1, 1)
    if len(data) > MAX_SIZE:
        notes.error("roster-unreadable", f"the file is larger than {MAX_SIZE // 1024**2} MiB", place)
        return None
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not {encoding.removesuffix('-sig').upper()}"
        notes.error("roster-unreadable", message, place, advice="save the file as text in UTF-8")
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if match := _CONTROL.search(text):
        line = text.count("\n", 0, match.start()) + 1
        message = f"control character U+{ord(match[0]):04X}: this is no text"
        notes.error("roster-unreadable", message, Place(file, line, 1), advice="save the file as text in UTF-8")
        return None
    if not text.strip():
        notes.error("roster-unreadable", "there is nothing in the file", place)
        return None
    return text


def _guess_form(text: str, kind: str) -> str:
    start = text.lstrip()
    if start[:1] in {"{", "["}:
        return "json"
    first = start.partition("\n")[0]
    is_table = first.lower().lstrip('"').startswith("sep=") or ("\t" not in first and names_columns(first, kind))
    return "csv" if is_table else "page"


def _parse_sheet(text: str, form: str, file: str, vocabulary: Vocabulary, notes: Notes) -> Sheet | None:
    if form == "json":
        return parse_json(text, file=file, kind=vocabulary.kind, notes=notes)
    if form == "csv":
        return parse_csv(text, file=file, kind=vocabulary.kind, notes=notes)
    return parse_page(text, vocabulary)


def _read_sheet(sheet: Sheet, text: str, file: str, vocabulary: Vocabulary, notes: Notes) -> ParsedRoster:
    read = read_member if vocabulary.kind == "member" else read_app
    entries = tuple(read(row, vocabulary, sheet) for row in sheet.rows)
    for entry in entries:
        _note_entry(entry, file, notes)
    around = _hear_around(sheet.loose, vocabulary)
    for cell in around.unread:
        _note_unread(cell, file, notes)
    _require_columns(sheet, file, vocabulary.kind, notes)
    if not entries and not _may_be_empty(sheet, vocabulary.kind, is_empty=around.is_empty):
        noun = "members" if vocabulary.kind == "member" else "apps"
        advice = "copy the whole list with the names of its columns, or hand in CSV or JSON"
        notes.error("roster-unreadable", f"no {noun} were found in the file", Place(file, 1, 1), advice=advice)
    cut = sheet.cut or _broken_end(sheet, entries, text)
    extent = _both(sheet.extent, around)
    return ParsedRoster(entries=entries, cut=cut, extent=extent, around=tuple(around.unread))


def _both(envelope: Extent, around: _Around) -> Extent:
    """What an envelope and the text around the rows say together."""
    totals = [total for total in (envelope.total, around.total) if total is not None]
    return Extent(
        total=max(totals, default=None),
        pages=max(envelope.pages, around.pages),
        more=envelope.more or around.more,
        odd=(*envelope.odd, *around.odd),
        strange=envelope.strange,
    )


def _broken_end(sheet: Sheet, entries: Sequence[Entry], text: str) -> str:
    """A list made by a program ends its lines; one whose last line neither ends nor makes sense was cut in a word."""
    if not sheet.is_explicit or not entries or not entries[-1].unclear or text[-1] in "\n]}":
        return ""
    _, _, last = text.rpartition("\n")
    return f"line {entries[-1].line} breaks off in `{shorten(last)}`"


def _may_be_empty(sheet: Sheet, kind: str, *, is_empty: bool) -> bool:
    """Somebody who looks at a list of members is one of them; a list of apps can be empty."""
    return kind == "app" and (sheet.is_explicit or is_empty)


def _require_columns(sheet: Sheet, file: str, kind: str, notes: Notes) -> None:
    missing = _NEEDED[kind] - sheet.columns if sheet.columns else frozenset[Column]()
    if kind == "member" and sheet.marks_pending_only:
        return  # a page may say it in the same cell
    if missing:
        message = f"no column says the {' or the '.join(sorted(column.replace('_', ' ') for column in missing))}"
        notes.error("roster-columns", message, Place(file, 1, 1))


def _note_entry(entry: Entry, file: str, notes: Notes) -> None:
    place = Place(file, entry.line, 1)
    for word in entry.aliases:
        notes.note("roster-role", f"`{word}` is read as {entry.role or 'a role'}", place)
    for cell in entry.unread:
        _note_unread(cell, file, notes)


def _note_unread(cell: Cell, file: str, notes: Notes) -> None:
    notes.note("roster-not-understood", f"not understood: `{shorten(cell.text)}`", Place(file, cell.line, 1))


@dataclass(slots=True)
class _Around:
    """What the text around a list says of it."""

    total: int | None = None
    pages: int = 1
    more: str = ""
    odd: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """Numbers that stood alone, one after the other: of pages, if they count up from 1."""
    is_empty: bool = False
    unread: list[Cell] = field(default_factory=list)

    def take(self, said: Reading, shown: str) -> None:
        """One thing that the text around a list says."""
        match said.sort:
            case Sort.COUNT:
                self.total = max(self.total or 0, int(said.value))
            case Sort.PAGES:
                self.pages = max(self.pages, int(said.value))
            case Sort.NUMBER:
                self.numbers.append(int(said.value))
            case Sort.MORE:
                self.more = f"`{shown}` stands there"
            case Sort.NEXT:
                self.odd.append(f"`{shown}` may lead to another page")
            case Sort.EMPTY:
                self.is_empty = True
            case _:
                pass

    def count_pages(self) -> None:
        """Numbers that stood alone are of pages if they count up from 1; else the greatest may be that of all rows."""
        numbers = self.numbers
        if len(numbers) > 1 and numbers[0] == 1:
            self.pages = max(self.pages, numbers[-1])
        elif numbers:
            self.total = max(self.total or 0, *numbers)


def _hear_around(cells: Sequence[Cell], vocabulary: Vocabulary) -> _Around:
    around = _Around()
    for cell in cells:
        heard = vocabulary.hear(cell.text)
        for said in heard:
            around.take(said, shorten(cell.text))
        if not {said.sort for said in heard} <= AROUND:
            around.unread.append(cell)
    around.count_pages()
    return around
