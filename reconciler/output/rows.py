"""Rows that plans, reports, reviews and drift have in common: sign, who, what, why and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.model.change import Change
from reconciler.model.finding import Place
from reconciler.model.kinds import Action
from reconciler.output.access_terms import AccessTerms
from reconciler.output.document import Inline, Row, Section, Sign, Table, code, words_of
from reconciler.output.signs import BLOCKED, SIGNS
from reconciler.output.words import count, join

_INVITING = frozenset({Action.INVITE, Action.REINVITE, Action.REMOVE_AND_INVITE})
"""A key alone does not say who gets the invitation."""
_MANY = 3
"""From so many organizations on, one row tells of all."""
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
    """The row of a change: its action and cause, whom it goes to, and whatever a reviewer must not overlook."""
    action = change.action.replace("_", " ")
    if change.action in _INVITING and change.after is not None and change.after.identity:
        action = f"{action} {change.after.identity}"
    details = {
        "cost": change.cost,
        "cannot be undone": change.irreversible,
        "allowed by an approval": change.approval,
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


def first_section(found: Sequence[tuple[str, AccessTerms, Row]]) -> Section | None:
    """What is foremost in all organizations; None without any.

    What cannot be undone stands before who manages people, other companies, and money; what a guard stopped changes
    nothing and stands last.
    """
    ranked = sorted(found, key=lambda item: _rank(item[1], item[2]))
    matters = {
        "what cannot be undone": any(terms.is_irreversible for _, terms, _ in found),
        "admins": any(terms.is_admin or terms.is_asset_admin for _, terms, _ in found),
        "other companies": any(terms.is_company for _, terms, _ in found),
        "money": any(terms.is_money for _, terms, _ in found),
    }
    title = join([matter for matter, is_there in matters.items() if is_there])
    rows = [*_once([(organization, row) for organization, _, row in ranked])]
    return foremost_section(f"{title[:1].upper()}{title[1:]}", rows)


def _rank(terms: AccessTerms, row: Row) -> tuple[bool, ...]:
    kinds = (terms.is_irreversible, terms.is_admin, terms.is_company, terms.is_money)
    return (row.sign is BLOCKED, *(not kind for kind in kinds))


def _once(found: Sequence[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """The same step stopped by the same guard in many organizations as one row, unless each can be let through."""
    alike: dict[tuple[object, ...], list[tuple[str, Row]]] = {}
    for number, (organization, row) in enumerate(found):
        is_stopped = row.sign is BLOCKED and not row.snippet
        guard = words_of(row.details[0]).partition(":")[0] if row.details else ""
        key = (row.cells, row.note, guard) if is_stopped else (number,)
        alike.setdefault(key, []).append((organization, row))
    for items in alike.values():
        yield from items if len(items) < _MANY else [_merge(items)]


def _merge(items: Sequence[tuple[str, Row]]) -> tuple[str, Row]:
    _, row = items[0]
    names = ", ".join(organization for organization, _ in items)
    each = tuple(f"{name}: {words_of(one.details[0])}" for name, one in items if one.details)
    merged = replace(row, place=None, details=(f"in {names}", *row.details), more=each)
    return count(len(items), "organization", "organizations"), merged


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
