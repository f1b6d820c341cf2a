"""Rows as what they say: one member or one app each, with everything that is unclear about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from reconciler.features.rosters.dates import find_day
from reconciler.features.rosters.sheet import Cell, Sheet, SheetRow, fold
from reconciler.features.rosters.tables import shorten
from reconciler.features.rosters.vocabulary import IDENTITIES, Reading, Sort, Vocabulary, split_person, without_you
from reconciler.model.resource import Status
from reconciler.systems.roster_pages import NOBODY, Column

SORTS = {
    Column.ROLE: Sort.ROLE,
    Column.FINANCE: Sort.FINANCE,
    Column.STATUS: Sort.STATUS,
    Column.SINCE: Sort.DAY,
}
"""What the cells of a column say."""
_ATTRIBUTES = frozenset({Sort.ROLE, Sort.STATUS, Sort.FINANCE, Sort.DAY, Sort.NOISE})


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
class _EntryDraft:
    """What has been gathered of one row so far."""

    own: frozenset[Sort] = frozenset()
    """What has a column of its own in this row; in a cell about the person the same words are their name."""
    sure: list[Reading] = field(default_factory=list)
    loose: list[Reading] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    roles: dict[str, None] = field(default_factory=dict)
    statuses: dict[Status, None] = field(default_factory=dict)
    finance: list[str] | None = None
    since: date | None = None
    problems: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    strange_roles: list[str] = field(default_factory=list)
    unread: list[Cell] = field(default_factory=list)

    def take(self, said: Reading, text: str) -> None:
        """Remember what a piece of text without a column of its own says."""
        if said.sort in self.own:
            self.names.append(without_you(text.strip()))
        else:
            self.note(said, text)

    def note(self, said: Reading, text: str) -> None:
        """Remember what a piece of text says."""
        match said.sort:
            case Sort.ROLE:
                self.roles[said.value] = None
                if said.by_alias:
                    self.aliases.append(shorten(text))
            case Sort.FINANCE:
                self.finance = [*(self.finance or []), said.value]
            case Sort.STATUS:
                self.statuses[Status(said.value)] = None
            case Sort.DAY:
                self.since = date.fromisoformat(said.value)
            case Sort.TEXT:
                self.names.append(without_you(said.value))
            case sort if sort in IDENTITIES:
                self.loose.append(said)
            case _:
                pass


def read_member(row: SheetRow, vocabulary: Vocabulary, sheet: Sheet) -> Entry:
    """The member in a row; whatever is missing or said twice makes it unclear."""
    own = frozenset(SORTS[cell.column] for cell in row.cells if cell.column in SORTS)
    draft = _EntryDraft(problems=[row.doubt] if row.doubt else [], own=own)
    for cell in row.cells:
        _take_member_cell(cell, draft, vocabulary)
    names = tuple(_real_names(draft.names))
    status = _only_status(draft, marks_pending_only=sheet.marks_pending_only)
    if draft.finance is None and sheet.marks_pending_only and Column.FINANCE in sheet.columns:
        draft.finance = []  # whoever has one is shown with it
    role = _only_role(draft)
    return Entry(
        line=row.line,
        identities=tuple(dict.fromkeys(draft.sure or draft.loose)),
        is_sure=bool(draft.sure),
        names=names,
        role=role,
        finance=_only_finance(draft),
        status=status,
        since=draft.since,
        unclear="; ".join(draft.problems),
        aliases=tuple(draft.aliases),
        strange_roles=tuple(draft.strange_roles),
        unread=tuple(draft.unread),
    )


def _take_member_cell(cell: Cell, draft: _EntryDraft, vocabulary: Vocabulary) -> None:
    match cell.column:
        case Column.IGNORED:
            return
        case Column.EMAIL | Column.PHONE | Column.HANDLE:
            _take_identity(cell, draft, vocabulary)
        case Column.NAME:
            _take_name(cell, draft, vocabulary)
        case Column.ROLE | Column.STATUS:
            _take_attributes(cell, draft, vocabulary)
        case Column.FINANCE:
            _take_finance(cell, draft, vocabulary)
        case Column.SINCE:
            _take_day(cell, draft)
        case _:
            for piece in split_person(cell.text):
                for said in vocabulary.hear(without_you(piece)):
                    draft.take(said, piece)


def _take_identity(cell: Cell, draft: _EntryDraft, vocabulary: Vocabulary) -> None:
    text = cell.text.strip()
    if fold(text) in NOBODY:
        return
    said = vocabulary.hear(text)
    if cell.column is Column.PHONE and text.strip("'").isdecimal():
        # Spreadsheets drop the plus; whether it is a number that is known is for the directory to say.
        said = [Reading(Sort.PHONE, text.strip("'"))]
    if len(said) == 1 and said[0].sort in IDENTITIES:
        draft.sure.append(said[0])
    else:
        draft.problems.append(f"`{shorten(text)}` is no {cell.column}")
        draft.sure.append(Reading(Sort.MASKED, text.lower()))


def _take_name(cell: Cell, draft: _EntryDraft, vocabulary: Vocabulary) -> None:
    """The first line of such a cell is a name, whatever it looks like; an address alone names nobody else."""
    pieces = split_person(cell.text)
    for number, piece in enumerate(pieces):
        heard = vocabulary.hear(without_you(piece))
        if number == 0 and (len(pieces) > 1 or heard[0].sort not in IDENTITIES):
            if fold(piece) not in NOBODY:
                draft.names.append(without_you(piece))
            continue
        for said in heard:
            draft.take(said, piece)


def _take_attributes(cell: Cell, draft: _EntryDraft, vocabulary: Vocabulary) -> None:
    text = cell.text.strip()
    if fold(text) in NOBODY:
        return
    heard = vocabulary.hear(text)
    if not all(said.sort in _ATTRIBUTES for said in heard):
        known = ""
        if cell.column is Column.ROLE:
            known = f" (known: {', '.join(vocabulary.role_words)})"
            draft.strange_roles.append(text)
        draft.problems.append(f"{cell.column} `{shorten(text)}` is not known{known}")
        return
    for said in heard:
        draft.note(said, cell.text)


def _take_finance(cell: Cell, draft: _EntryDraft, vocabulary: Vocabulary) -> None:
    draft.finance = draft.finance or []
    if fold(cell.text) in NOBODY:
        return
    said = vocabulary.hear_finance(cell.text)
    if said is None:
        draft.problems.append(f"finance role `{shorten(cell.text)}` is not known")
    else:
        draft.note(said, cell.text)


def _take_day(cell: Cell, draft: _EntryDraft) -> None:
    if fold(cell.text) in NOBODY:
        return
    draft.since = find_day(cell.text)
    if draft.since is None:
        draft.unread.append(cell)


def _real_names(names: Iterable[str]) -> list[str]:
    """Without the initials that stand in for a picture."""
    names = list(dict.fromkeys(names))
    initials = {"".join(word[0] for word in name.split()).casefold() for name in names if len(name.split()) > 1}
    return [name for name in names if not (len(name) <= 3 and name.isupper() and name.casefold() in initials)]


def _only_role(draft: _EntryDraft) -> str:
    if len(draft.roles) == 1:
        return next(iter(draft.roles))
    if not any(problem.startswith("role") for problem in draft.problems):
        named = f"several roles: {', '.join(draft.roles)}" if draft.roles else "no role"
        draft.problems.append(named)
    return ""


def _only_status(draft: _EntryDraft, *, marks_pending_only: bool) -> Status | None:
    if len(draft.statuses) == 1:
        return next(iter(draft.statuses))
    if draft.statuses:
        draft.problems.append(f"several states: {', '.join(draft.statuses)}")
    elif not marks_pending_only and not any(problem.startswith("status") for problem in draft.problems):
        draft.problems.append("no state: whether the invitation was accepted is not said")
    elif marks_pending_only and not any(problem.startswith("status") for problem in draft.problems):
        return Status.ACTIVE
    return None


def _only_finance(draft: _EntryDraft) -> str | None:
    if draft.finance is None:
        return None
    if len(set(draft.finance)) > 1:
        draft.problems.append(f"several finance roles: {', '.join(draft.finance)}")
    return draft.finance[0] if draft.finance else ""


def read_app(row: SheetRow, vocabulary: Vocabulary, sheet: Sheet) -> Entry:
    """The app in a row. Only columns can tell its parts from each other."""
    cells = {cell.column: cell for cell in row.cells}
    texts = {column: cell.text.strip() for column, cell in cells.items()}
    problems = []
    statuses = [said for said in vocabulary.hear(texts.get(Column.STATUS, "")) if said.sort is not Sort.NOISE]
    status = Status(statuses[0].value) if [said.sort for said in statuses] == [Sort.STATUS] else None
    if status is None and not statuses and sheet.marks_pending_only:
        status = Status.ACTIVE
    if status is None:
        problems.append(f"status `{shorten(texts.get(Column.STATUS, ''))}` is not known")
    owner = texts.get(Column.OWNER, "")
    if fold(owner) in NOBODY:
        problems.append("no owner")
    since = cells.get(Column.SINCE)
    day = find_day(since.text) if since else None
    managers = texts.get(Column.MANAGERS)
    return Entry(
        line=row.line,
        client_key=texts.get(Column.CLIENT_KEY, ""),
        title=texts.get(Column.APP, ""),
        owner=owner,
        status=status,
        since=day,
        managers=None if managers is None else _split_managers(managers),
        unclear="; ".join(problems),
        unread=(since,) if since and day is None and fold(since.text) not in NOBODY else (),
    )


def _split_managers(text: str) -> tuple[str, ...]:
    pieces = (piece.strip() for line in text.split("\n") for part in line.split(";") for piece in part.split(", "))
    return tuple(piece for piece in pieces if fold(piece) not in NOBODY)
