"""Lines of a plan or report: sign, who, what, why and where, in columns that a very long name does not break.

On a terminal that is too narrow for a line, why and where stand below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.core.change import Change
from reconciler.core.finding import Place
from reconciler.output.folding import fits, fold
from reconciler.output.style import Style, Tone
from reconciler.output.visible import display_width, make_visible, pad
from reconciler.subjects.access_terms import AccessTerms
from reconciler.subjects.signs import SIGNS, Sign

_WIDEST_SUBJECT = 40
_WIDEST_ACCESS = 60
_MARGIN = "    "
_BELOW = "        "
"""Before what stands below the line it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line, and lines of detail below it. Texts may hold anything; they are made visible when laid out."""

    sign: Sign
    subject: str
    access: str
    note: str
    place: Place | None = None
    details: tuple[str, ...] = ()
    snippet: str = ""
    """What the reader may paste into a manifest, exactly so; comes last."""

    def with_details(self, *details: str) -> Row:
        """The same with more lines below."""
        return replace(self, details=(*self.details, *details))


def show_change(terms: AccessTerms, change: Change) -> Row:
    """The row of a change: its action and cause, and whatever a reviewer must not overlook."""
    action = change.action.replace("_", " ")
    details = {
        "cost": change.cost,
        "cannot be undone": change.irreversible,
        "allowed by a consent": change.consent,
    }
    return Row(
        sign=SIGNS[change.action],
        subject=terms.subject,
        access=terms.access,
        note=f"{action}: {change.why}" if change.why else action,
        place=change.place,
        details=tuple(f"{label}: {text}" for label, text in details.items() if text),
    )


def render_rows(rows: Sequence[Row], style: Style) -> list[str]:
    """The rows laid out in common columns."""
    subjects = [make_visible(row.subject) for row in rows]
    accesses = [make_visible(row.access) for row in rows]
    subject_width = _column(subjects, _WIDEST_SUBJECT)
    access_width = _column(accesses, _WIDEST_ACCESS)
    lines = []
    for row, subject, access in zip(rows, subjects, accesses, strict=True):
        lines += _first_lines(row, f"{pad(subject, subject_width)}  {pad(access, access_width)}", style)
        for detail in row.details:
            lines += _paint_all(fold(make_visible(detail), style.width, _BELOW), style)
        if row.snippet:
            # Never broken: it is there to be pasted.
            lines += _paint_all([f"{_BELOW}  {make_visible(row.snippet)}"], style)
    return lines


def _first_lines(row: Row, columns: str, style: Style) -> list[str]:
    """All in one line; where that has no room, the note and then the place below what they are about."""
    mark = style.paint(row.sign.mark, row.sign.tone)
    note = make_visible(row.note)
    place = f"[{make_visible(str(row.place))}]" if row.place else ""
    text = f"{columns}  {note}".rstrip()
    if fits(f"{_MARGIN}{row.sign.mark} {text}  {place}", style.width):
        return [f"{_MARGIN}{mark} {text}{place and '  '}{style.paint(place, Tone.QUIET)}"]
    first, *rest = fold(columns.rstrip(), style.width - len(_BELOW))
    below = fold(note, style.width, _BELOW) if note else []
    return [
        f"{_MARGIN}{mark} {first}",
        *(f"{_BELOW}{line}" for line in rest),
        *_add_place(below, place, style),
    ]


def _add_place(lines: list[str], place: str, style: Style) -> list[str]:
    """The place behind the last line, or below it where it has no room."""
    if not place:
        return lines
    painted = style.paint(place, Tone.QUIET)
    if lines and fits(f"{lines[-1]}  {place}", style.width):
        return [*lines[:-1], f"{lines[-1]}  {painted}"]
    return [*lines, f"{_BELOW}{painted}"]


def _paint_all(lines: Sequence[str], style: Style) -> list[str]:
    """Quiet, but for the space before each, so that plain and painted lines are cut alike."""
    return [f"{line[: -len(text)]}{style.paint(text, Tone.QUIET)}" for line in lines if (text := line.lstrip())]


def _column(texts: Sequence[str], widest: int) -> int:
    """The width that fits every text, ignoring those that are too long for a column."""
    return max((width for width in map(display_width, texts) if width <= widest), default=0)
