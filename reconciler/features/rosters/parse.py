"""A roster file as what it says: one member or one app for each row, with everything that is unclear about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from datetime import date

from reconciler.features.rosters.page import parse_page
from reconciler.features.rosters.tables import Cell, Extent, Sheet, SheetRow, names_columns, parse_csv, parse_json
from reconciler.features.rosters.vocabulary import (
    AROUND,
    ATTRIBUTES,
    IDENTITIES,
    NOBODY,
    SORTS,
    Column,
    Reading,
    Sort,
    Vocabulary,
    find_day,
    fold,
    shorten,
    split_person,
    without_you,
)
from reconciler.model.finding import Finding, Notes, Place
from reconciler.model.resource import Status
from reconciler.model.system import System
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member or one app as the roster shows it; nothing in it is looked up yet."""

    line: int
    identities: tuple[Reading, ...] = ()
    """Addresses, numbers and handles by which the page names the person, or the owner of an app."""
    is_sure: bool = True
    """Whether the identities stand in columns of their own, where nobody can put them by choosing a display name."""
    names: tuple[str, ...] = ()
    role: str = ""
    finance: str | None = None
    """None where the page does not tell."""
    status: Status | None = None
    since: date | None = None
    client_key: str = ""
    title: str = ""
    owner: str = ""
    managers: tuple[str, ...] | None = None
    """None where the page does not tell."""
    unclear: str = ""
    """Why nothing can be said of it, although it is known whom or what it is about."""
    aliases: tuple[str, ...] = ()
    """Words by which roles were told that are not their own."""
    strange_roles: tuple[str, ...] = ()
    """Words that stand where a role should, and are none here."""
    unread: tuple[Cell, ...] = ()
    """Pieces that were not understood and on which nothing depends."""


@dataclass(slots=True, kw_only=True)
class _MemberDraft:
    """What has been gathered of one row so far."""

    vocabulary: Vocabulary
    own: frozenset[Sort]
    """What has a column of its own in this row; in a cell about the person the same words are their name."""
    problems: list[str]
    sure: list[Reading] = field(default_factory=list)
    loose: list[Reading] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    roles: dict[str, None] = field(default_factory=dict)
    statuses: dict[Status, None] = field(default_factory=dict)
    finance: list[str] | None = None
    since: date | None = None
    aliases: list[str] = field(default_factory=list)
    strange_roles: list[str] = field(default_factory=list)
    unread: list[Cell] = field(default_factory=list)

    def take_cell(self, cell: Cell) -> None:
        """Remember everything that a cell says."""
        is_empty = fold(cell.text) in NOBODY
        match cell.column:
            case Column.EMAIL | Column.PHONE | Column.HANDLE if not is_empty:
                self._take_identity(cell)
            case Column.NAME:
                self._take_name(cell)
            case Column.ROLE | Column.STATUS if not is_empty:
                self._take_attributes(cell)
            case Column.FINANCE:
                self._take_finance(cell, is_empty=is_empty)
            case Column.SINCE if not is_empty:
                self.since = find_day(cell.text)
                self.unread += [] if self.since else [cell]
            case Column.PERSON | None:
                for piece in split_person(cell.text):
                    self._take_piece(piece)

    def _take_piece(self, piece: str) -> None:
        """Remember what a piece of text without a column of its own says."""
        for reading in self.vocabulary.read(without_you(piece)):
            if reading.sort in self.own:
                self.names.append(without_you(piece.strip()))
            else:
                self._take(reading, piece)

    def _take(self, reading: Reading, text: str) -> None:
        match reading.sort:
            case Sort.ROLE:
                self.roles[reading.value] = None
                self.aliases += [shorten(text)] if reading.by_alias else []
            case Sort.FINANCE:
                self.finance = [*(self.finance or []), reading.value]
            case Sort.STATUS:
                self.statuses[Status(reading.value)] = None
            case Sort.DAY:
                self.since = date.fromisoformat(reading.value)
            case Sort.TEXT:
                self.names.append(without_you(reading.value))
            case sort if sort in IDENTITIES:
                self.loose.append(reading)
            case _:
                pass

    def _take_identity(self, cell: Cell) -> None:
        text = cell.text.strip()
        found = self.vocabulary.read(text)
        if cell.column is Column.PHONE and text.strip("'").isdecimal():
            # Spreadsheets drop the plus; whether it is a number that is known is for the directory to say.
            found = [Reading(Sort.PHONE, text.strip("'"))]
        if len(found) == 1 and found[0].sort in IDENTITIES:
            self.sure.append(found[0])
        else:
            self.problems.append(f"`{shorten(text)}` is no {cell.column}")
            self.sure.append(Reading(Sort.MASKED, text.lower()))

    def _take_name(self, cell: Cell) -> None:
        """The first line of such a cell is a name, whatever it looks like; an address alone names nobody else."""
        pieces = split_person(cell.text)
        for number, piece in enumerate(pieces):
            is_address = self.vocabulary.read(without_you(piece))[0].sort in IDENTITIES
            if number or (len(pieces) == 1 and is_address):
                self._take_piece(piece)
            elif fold(piece) not in NOBODY:
                self.names.append(without_you(piece))

    def _take_attributes(self, cell: Cell) -> None:
        text = cell.text.strip()
        found = self.vocabulary.read(text)
        if all(reading.sort in ATTRIBUTES for reading in found):
            for reading in found:
                self._take(reading, cell.text)
            return
        known = ""
        if cell.column is Column.ROLE:
            known = f" (known: {', '.join(self.vocabulary.role_words)})"
            self.strange_roles.append(text)
        self.problems.append(f"{cell.column} `{shorten(text)}` is not known{known}")

    def _take_finance(self, cell: Cell, *, is_empty: bool) -> None:
        self.finance = self.finance or []
        reading = self.vocabulary.read_finance(cell.text)
        if reading is not None and not is_empty:
            self._take(reading, cell.text)
        elif not is_empty:
            self.problems.append(f"finance role `{shorten(cell.text)}` is not known")

    def has_problem_with(self, column: str) -> bool:
        """Whether it is clear already that a column says nothing."""
        return any(problem.startswith(column) for problem in self.problems)


def read_member(row: SheetRow, vocabulary: Vocabulary, sheet: Sheet) -> Entry:
    """The member in a row; whatever is missing or said twice makes it unclear."""
    own = frozenset(SORTS[cell.column] for cell in row.cells if cell.column in SORTS)
    draft = _MemberDraft(vocabulary=vocabulary, own=own, problems=[row.doubt] if row.doubt else [])
    for cell in row.cells:
        draft.take_cell(cell)
    status = next(iter(draft.statuses)) if len(draft.statuses) == 1 else None
    if len(draft.statuses) > 1:
        draft.problems.append(f"several states: {', '.join(draft.statuses)}")
    elif not draft.statuses and not draft.has_problem_with("status"):
        if sheet.is_page:
            status = Status.ACTIVE
        else:
            draft.problems.append("no state: whether the invitation was accepted is not said")
    role = next(iter(draft.roles)) if len(draft.roles) == 1 else ""
    if not role and not draft.has_problem_with("role"):
        draft.problems.append(f"several roles: {', '.join(draft.roles)}" if draft.roles else "no role")
    finance = draft.finance
    if finance is None and sheet.is_page and Column.FINANCE in sheet.columns:
        finance = []  # whoever has one is shown with it
    if len(set(finance or ())) > 1:
        draft.problems.append(f"several finance roles: {', '.join(finance or ())}")
    return Entry(
        line=row.line,
        identities=tuple(dict.fromkeys(draft.sure or draft.loose)),
        is_sure=bool(draft.sure),
        names=_real_names(draft.names),
        role=role,
        finance=None if finance is None else next(iter(finance), ""),
        status=status,
        since=draft.since,
        unclear="; ".join(draft.problems),
        aliases=tuple(draft.aliases),
        strange_roles=tuple(draft.strange_roles),
        unread=tuple(draft.unread),
    )


def _real_names(names: Iterable[str]) -> tuple[str, ...]:
    """Without the initials that stand in for a picture."""
    names = tuple(dict.fromkeys(names))
    initials = {"".join(word[0] for word in name.split()).casefold() for name in names if len(name.split()) > 1}
    return tuple(name for name in names if not (len(name) <= 3 and name.isupper() and name.casefold() in initials))


def read_app(row: SheetRow, vocabulary: Vocabulary, sheet: Sheet) -> Entry:
    """The app in a row. Only columns can tell its parts from each other."""
    cells = {cell.column: cell for cell in row.cells}
    texts = {column: cell.text.strip() for column, cell in cells.items()}
    problems = []
    statuses = [one for one in vocabulary.read(texts.get(Column.STATUS, "")) if one.sort is not Sort.NOISE]
    status = Status(statuses[0].value) if [one.sort for one in statuses] == [Sort.STATUS] else None
    if status is None and not statuses and sheet.is_page:
        status = Status.ACTIVE
    if status is None:
        problems.append(f"status `{shorten(texts.get(Column.STATUS, ''))}` is not known")
    owner = texts.get(Column.OWNER, "")
    if fold(owner) in NOBODY:
        problems.append("no owner")
    since = cells.get(Column.SINCE)
    day = find_day(since.text) if since else None
    pieces = (piece.strip() for piece in re.split(r"\n|;|, ", texts.get(Column.MANAGERS, "")))
    managers = tuple(piece for piece in pieces if fold(piece) not in NOBODY)
    return Entry(
        line=row.line,
        client_key=texts.get(Column.CLIENT_KEY, ""),
        title=texts.get(Column.APP, ""),
        owner=owner,
        status=status,
        since=day,
        managers=managers if Column.MANAGERS in texts else None,
        unclear="; ".join(problems),
        unread=(since,) if since and day is None and fold(since.text) not in NOBODY else (),
    )


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
