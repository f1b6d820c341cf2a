"""Lines of a plan or report: sign, who, what, why and where, in columns that a very long name does not break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.core.change import Change
from reconciler.core.finding import Place
from reconciler.renderers.access_terms import AccessTerms
from reconciler.renderers.signs import SIGNS, Sign
from reconciler.renderers.style import Style, Tone
from reconciler.renderers.visible import display_width, make_visible, pad

_WIDEST_SUBJECT = 40
_WIDEST_ACCESS = 60


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
        text = f"{pad(subject, subject_width)}  {pad(access, access_width)}  {make_visible(row.note)}".rstrip()
        lines.append(f"    {style.paint(row.sign.mark, row.sign.tone)} {text}{_show_place(row.place, style)}")
        lines += [f"        {style.paint(make_visible(detail), Tone.QUIET)}" for detail in row.details]
        if row.snippet:
            lines.append(f"          {style.paint(make_visible(row.snippet), Tone.QUIET)}")
    return lines


def _show_place(place: Place | None, style: Style) -> str:
    return f"  {style.paint(f'[{make_visible(str(place))}]', Tone.QUIET)}" if place else ""


def _column(texts: Sequence[str], widest: int) -> int:
    """The width that fits every text, ignoring those that are too long for a column."""
    return max((width for width in map(display_width, texts) if width <= widest), default=0)
