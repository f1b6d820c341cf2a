"""A roster file as what it says: one member or one app for each row, with everything that is unclear about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
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
    read_role_words,
    shorten,
    split_person,
    without_you,
)
from reconciler.model import Finding, Notes, Place, Status, System, dataclass
from reconciler.systems.catalogue import SYSTEMS


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
    """Identities from columns of their own."""
    said: list[Reading] = field(default_factory=list)
    """Everything else; a text is a name."""
    puzzling: set[Column] = field(default_factory=set)
    """Columns that say something unknown, which need not be missed too."""
    aliases: list[str] = field(default_factory=list)
    strange_roles: list[str] = field(default_factory=list)
    unread: list[Cell] = field(default_factory=list)

    def values(self, sort: Sort) -> list[str]:
        """The different things of one sort that were said, the first one first."""
        return list(dict.fromkeys(one.value for one in self.said if one.sort is sort))

    def take_cell(self, cell: Cell) -> None:
        """Remember everything that a cell says."""
        text = cell.text.strip()
        match cell.column:
            case Column.PERSON | None:
                for piece in split_person(text):
                    self._take_piece(piece)
            case Column.NAME:
                self._take_name(split_person(text))
            case _ if fold(text) in NOBODY:
                pass
            case Column.EMAIL | Column.PHONE | Column.HANDLE:
                self._take_identity(cell.column, text)
            case Column.ROLE | Column.STATUS:
                self._take_attributes(cell.column, text)
            case Column.FINANCE:
                reading = self.vocabulary.read_finance(text)
                self.said += [reading] if reading else []
                self.problems += [] if reading else [f"finance role `{shorten(text)}` is not known"]
            case Column.SINCE:
                day = find_day(text)
                self.said.append(Reading(Sort.DAY, day.isoformat() if day else ""))
                self.unread += [] if day else [cell]

    def _take_piece(self, piece: str) -> None:
        """Remember what a piece of text without a column of its own says."""
        for reading in self.vocabulary.read(without_you(piece)):
            self._take(Reading(Sort.TEXT, piece) if reading.sort in self.own else reading, piece)

    def _take_identity(self, column: Column, text: str) -> None:
        found = self.vocabulary.read(text)
        if column is Column.PHONE and text.strip("'").isdecimal():
            # Spreadsheets drop the plus; whether it is a number that is known is for the directory to say.
            found = [Reading(Sort.PHONE, text.strip("'"))]
        if len(found) != 1 or found[0].sort not in IDENTITIES:
            self.problems.append(f"`{shorten(text)}` is no {column}")
            found = [Reading(Sort.MASKED, text.lower())]
        self.sure += found

    def _take_name(self, pieces: Sequence[str]) -> None:
        """The first line of such a cell is a name, whatever it looks like; an address alone names nobody else."""
        for number, piece in enumerate(pieces):
            is_address = self.vocabulary.read(without_you(piece))[0].sort in IDENTITIES
            if number or (len(pieces) == 1 and is_address):
                self._take_piece(piece)
            elif fold(piece) not in NOBODY:
                self.said.append(Reading(Sort.TEXT, piece))

    def _take_attributes(self, column: Column, text: str) -> None:
        found = self.vocabulary.read(text)
        if all(reading.sort in ATTRIBUTES for reading in found):
            for reading in found:
                self._take(reading, text)
            return
        known = ""
        if column is Column.ROLE:
            known = f" (known: {', '.join(self.vocabulary.role_words)})"
            self.strange_roles.append(text)
        self.puzzling.add(column)
        self.problems.append(f"{column} `{shorten(text)}` is not known{known}")

    def _take(self, reading: Reading, text: str) -> None:
        self.said.append(reading)
        self.aliases += [shorten(text)] if reading.by_alias else []


def read_member(row: SheetRow, vocabulary: Vocabulary, sheet: Sheet) -> Entry:
    """The member in a row; whatever is missing or said twice makes it unclear."""
    columns = {cell.column for cell in row.cells}
    own = frozenset(sort for column, sort in SORTS.items() if column in columns)
    draft = _MemberDraft(vocabulary=vocabulary, own=own, problems=[row.doubt] if row.doubt else [])
    for cell in row.cells:
        draft.take_cell(cell)
    statuses, roles, finance = map(draft.values, (Sort.STATUS, Sort.ROLE, Sort.FINANCE))
    if len(statuses) > 1:
        draft.problems.append(f"several states: {', '.join(statuses)}")
    elif not statuses and Column.STATUS not in draft.puzzling:
        if sheet.is_page:
            statuses = [Status.ACTIVE]
        else:
            draft.problems.append("no state: whether the invitation was accepted is not said")
    if len(roles) != 1 and Column.ROLE not in draft.puzzling:
        draft.problems.append(f"several roles: {', '.join(roles)}" if roles else "no role")
    if len(finance) > 1:
        draft.problems.append(f"several finance roles: {', '.join(finance)}")
    # On a page with such a column, whoever has a finance role is shown with it.
    tells_finance = finance or Column.FINANCE in columns or (sheet.is_page and Column.FINANCE in sheet.columns)
    days = [one.value for one in draft.said if one.sort is Sort.DAY]
    return Entry(
        line=row.line,
        identities=tuple(dict.fromkeys(draft.sure or (one for one in draft.said if one.sort in IDENTITIES))),
        is_sure=bool(draft.sure),
        names=_real_names(map(without_you, draft.values(Sort.TEXT))),
        role=roles[0] if len(roles) == 1 else "",
        finance=next(iter(finance), "") if tells_finance else None,
        status=Status(statuses[0]) if len(statuses) == 1 else None,
        since=date.fromisoformat(days[-1]) if days and days[-1] else None,
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


_MIN_ROLE_WORDS = 2
"""One word for a role is in the lists of too many systems."""


def find_other_system(rosters: Iterable[ParsedRoster], system: System) -> tuple[System, list[str]] | None:
    """The other system whose own words these members have for roles, where not all are words of this one; the words."""
    words = {word for one in rosters for entry in one.entries for word in _role_words_of(entry, system)}
    if len(words) < _MIN_ROLE_WORDS or words <= _own_words(system):
        return None
    others = (one for variants in SYSTEMS.values() for one in variants.values() if one.name != system.name)
    return next(((one, sorted(words)) for one in others if words <= _own_words(one)), None)


def _role_words_of(entry: Entry, system: System) -> Iterator[str]:
    """The words that the file itself has for roles."""
    labels = {role.name: role.label for role in system.roles.get("member", ())}
    if entry.aliases:
        yield from map(fold, entry.aliases)
    elif entry.role in labels:
        yield fold(labels[entry.role])
    yield from map(fold, entry.strange_roles)


def _own_words(system: System) -> set[str]:
    return {word for word, one in read_role_words(system.roles.get("member", ())).items() if not one.by_alias}


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
    around = tuple(cell for cell in sheet.loose if not {one.sort for one in vocabulary.read(cell.text)} <= AROUND)
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
    extent = sheet.extent
    if not extent.cut and not sheet.is_page and entries and entries[-1].unclear and text[-1] not in "\n]}":
        # A program ends its lines; a last line that neither ends nor makes sense was cut in a word.
        last = shorten(text.rpartition("\n")[2])
        extent = replace(extent, cut=f"line {entries[-1].line} breaks off in `{last}`")
    return ParsedRoster(entries=entries, extent=extent, around=around)
