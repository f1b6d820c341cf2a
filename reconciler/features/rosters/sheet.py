"""A roster as rows of cells, whatever form it came in."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.features.rosters.extent import Extent
from reconciler.systems.roster_pages import Column


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
class Sheet:
    """All rows of one file."""

    rows: tuple[SheetRow, ...] = ()
    loose: tuple[Cell, ...] = ()
    """Text around the rows that belongs to none of them."""
    columns: frozenset[Column] = field(default_factory=frozenset)
    """What its header names; empty without one."""
    marks_pending_only: bool = False
    """Whether a row without a state is an active one, as on pages; lists made by programs have to say it."""
    cut: str = ""
    """What shows that the end is missing."""
    extent: Extent = field(default_factory=Extent)
    """What an envelope around the rows says of how many there are."""
    is_explicit: bool = False
    """Whether no rows means that there is nothing, because the form itself came whole."""


def fold(text: str) -> str:
    """The text as words are compared: without case, and with single spaces."""
    return " ".join(text.split()).casefold()
