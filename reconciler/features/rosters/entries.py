"""Rows as what they say: one member or one app each, with everything that is unclear about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from datetime import date

from reconciler.features.rosters.tables import Cell, Sheet, SheetRow
from reconciler.features.rosters.vocabulary import (
    ATTRIBUTES,
    IDENTITIES,
    SORTS,
    Reading,
    Sort,
    Vocabulary,
    find_day,
    fold,
    shorten,
    split_person,
    without_you,
)
from reconciler.model.resource import Status
from reconciler.model.values import dataclass
from reconciler.systems.roster_pages import NOBODY, Column


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
