"""What a comment or a page shows, before it is Markdown or HTML: chapters, tables, and what must never be left out.

Every value that is shown on a forge is turned into a sheet, and every form of page is made from one. All texts may
hold anything; whoever lays them out makes them harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.renderers.rows import Row
from reconciler.subjects.access_terms import AccessTerms


class Look(StrEnum):
    """How a cell is set."""

    PLAIN = "plain"
    CODE = "code"
    """Something people copy, such as an address or the place in a file."""
    SIGN = "sign"
    """The mark of a `Sign`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One text of a table."""

    text: str
    look: Look = Look.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table, with what a reader must not overlook below it."""

    cells: tuple[Cell, ...]
    details: tuple[str, ...] = ()
    snippet: str = ""
    """What the reader may paste into a manifest, exactly so."""
    group: str
    """Where there are too many lines, those of one group are told together: "- operator on ad account us-brand"."""
    who: str
    """What is told of this one line then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table under a heading."""

    title: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    rank: int = 0
    """Where room is short, the lines of a lower rank are shown first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Everything about one organization, or one file."""

    title: str
    about: str = ""
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole comment or page."""

    title: str
    summary: str
    """One line that says it all in numbers."""
    notes: tuple[str, ...] = ()
    """What puts all the rest into another light, such as that a plan is limited."""
    foremost: Section | None = None
    """Lines that are shown however long everything else is: every change of who is an admin or handles money. They
    stand here only."""
    chapters: tuple[Chapter, ...] = ()
    whole: str = ""
    """What the digest is of, and how to see all of it: "plan: `reconciler show PLAN` shows all of it"."""
    digest: str = ""
    """SHA-256 of the whole."""

    @property
    def lines(self) -> int:
        """How many lines there are."""
        sections = [section for chapter in self.chapters for section in chapter.sections]
        return sum(len(section.lines) for section in (*sections, *filter(None, [self.foremost])))


ROW_HEADER = ("", "who or what", "access", "why", "where")


def line_of(row: Row, *, organization: str = "") -> Line:
    """A row of a plan or report as a line under `ROW_HEADER`; with the organization in front where they are mixed."""
    first = (Cell(text=organization, look=Look.CODE),) if organization else ()
    return Line(
        cells=(
            Cell(text=row.sign.mark, look=Look.SIGN),
            *first,
            Cell(text=row.subject, look=Look.CODE),
            Cell(text=row.access),
            Cell(text=row.note),
            Cell(text=str(row.place) if row.place else "", look=Look.CODE),
        ),
        details=row.details,
        snippet=row.snippet,
        group=" ".join(filter(None, [row.sign.mark, organization and f"{organization}:", row.access])),
        who=row.subject,
    )


def section_of(title: str, rows: Iterable[Row], *, rank: int) -> Section | None:
    """A section of rows; None without any."""
    lines = tuple(map(line_of, rows))
    return Section(title=title, header=ROW_HEADER, lines=lines, rank=rank) if lines else None


def is_foremost(terms: AccessTerms) -> bool:
    """Whether a change has to be shown however many there are: who manages people, an asset or money."""
    return terms.is_admin or terms.is_asset_admin or terms.is_money


def admins_section(found: Sequence[tuple[str, AccessTerms, Row]]) -> Section | None:
    """What is foremost in all organizations, who manages people before money and assets; None without any."""
    ranked = sorted(found, key=lambda item: (not item[1].is_admin, not item[1].is_money))
    title = "Admins and money" if any(terms.is_money for _, terms, _ in found) else "Admins"
    return foremost_section(title, [(organization, row) for organization, _, row in ranked])


def foremost_section(title: str, rows: Iterable[tuple[str, Row]]) -> Section | None:
    """Rows of all organizations in one table; None without any."""
    header = (*ROW_HEADER[:1], "organization", *ROW_HEADER[1:])
    lines = tuple(line_of(row, organization=organization) for organization, row in rows)
    return Section(title=title, header=header, lines=lines) if lines else None
