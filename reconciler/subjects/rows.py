"""Rows that plans, reports, reviews and drift have in common: sign, who, what, why and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.core.change import Change
from reconciler.core.finding import Place
from reconciler.output.document import Inline, Row, Section, Sign, Table, code, words_of
from reconciler.output.words import join
from reconciler.subjects.access_terms import AccessTerms
from reconciler.subjects.signs import SIGNS

_HEADER = ("who or what", "access")


def row_of(
    sign: Sign,
    subject: str,
    access: str,
    note: Inline = "",
    *,
    place: Place | None = None,
    details: Sequence[Inline] = (),
    snippet: str = "",
) -> Row:
    """A row under `rows_section`; where there are too many, those with one sign and access are told together."""
    return Row(
        cells=(code(subject), access),
        sign=sign,
        note=note,
        place=place,
        details=tuple(details),
        snippet=snippet,
        group=" ".join(filter(None, [sign.mark, access])),
        who=subject,
    )


def show_change(terms: AccessTerms, change: Change) -> Row:
    """The row of a change: its action and cause, and whatever a reviewer must not overlook."""
    action = change.action.replace("_", " ")
    details = {
        "cost": change.cost,
        "cannot be undone": change.irreversible,
        "allowed by a consent": change.consent,
    }
    return row_of(
        SIGNS[change.action],
        terms.subject,
        terms.access,
        f"{action}: {change.why}" if change.why else action,
        place=change.place,
        details=[f"{label}: {text}" for label, text in details.items() if text],
    )


def rows_section(title: str, rows: Iterable[Row], *, rank: int = 0, is_foremost: bool = False) -> Section | None:
    """A section of rows; None without any."""
    found = tuple(rows)
    if not found:
        return None
    return Section(title=title, blocks=(Table(header=_HEADER, rows=found),), rank=rank, is_foremost=is_foremost)


def is_foremost(terms: AccessTerms) -> bool:
    """Whether a change has to be shown however many there are: who manages people, an asset or money."""
    return terms.is_admin or terms.is_asset_admin or terms.is_money


def admins_section(found: Sequence[tuple[str, AccessTerms, Row]]) -> Section | None:
    """What is foremost in all organizations, who manages people before money and assets; None without any."""
    ranked = sorted(found, key=lambda item: (not item[1].is_admin, not item[1].is_money))
    matters = ["Admins", *(["money"] if any(terms.is_money for _, terms, _ in found) else [])]
    return foremost_section(join(matters), [(organization, row) for organization, _, row in ranked])


def foremost_section(title: str, rows: Iterable[tuple[str, Row]]) -> Section | None:
    """Rows of all organizations in one table, each with its organization; None without any."""
    found = tuple(_in_organization(organization, row) for organization, row in rows)
    if not found:
        return None
    return Section(title=title, blocks=(Table(header=(*_HEADER, "organization"), rows=found),), is_foremost=True)


def _in_organization(organization: str, row: Row) -> Row:
    mark = row.sign.mark if row.sign else ""
    group = " ".join(filter(None, [mark, f"{organization}:", words_of(row.cells[1])]))
    return replace(row, cells=(*row.cells, code(organization)), group=group)
