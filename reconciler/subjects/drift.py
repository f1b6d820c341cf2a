"""A drift report: the worst first, with what is known of it already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from reconciler.core.drifting import (
    Drift,
    DriftItem,
    DriftReport,
    DriftSeverity,
    DriftSort,
    OrganizationDrift,
    Standing,
)
from reconciler.core.live import explain_unread
from reconciler.core.resource import Resource
from reconciler.output.document import Block, Document, Item, Items, Paragraph, Row, Section, Sign, code, plain
from reconciler.output.json import to_json
from reconciler.output.style import Tone
from reconciler.output.words import count
from reconciler.subjects.drift_words import summary_of_drift
from reconciler.subjects.names import name_access, name_subject, name_values
from reconciler.subjects.rows import row_of, rows_section

_SIGNS = {
    DriftSort.APPEARED: Sign("+", Tone.ADD, "appeared"),
    DriftSort.CHANGED: Sign("~", Tone.CHANGE, "changed"),
    DriftSort.GONE: Sign("-", Tone.REMOVE, "gone"),
    DriftSort.OVERSTAYED: Sign("!", Tone.ALARM, "overstayed"),
}


def document_of_drift(report: DriftReport) -> Document:
    """Organization by organization; what somebody has accepted stands last."""
    parts = (_organization(part) for part in report.organizations)
    return Document(
        title=f"Access drift on {report.today}",
        is_title_needless=True,
        summary=summary_of_drift(report),
        notes=explain_unread(report.unread),
        blocks=tuple(part for part in parts if part is not None),
        whole="report",
        digest=_digest(report),
    )


def _organization(part: OrganizationDrift) -> Section | None:
    fresh = [item for item in part.items if item.standing is not Standing.ACCEPTED]
    blocks: list[Block | None] = [
        Paragraph(text=plain(text), tone=Tone.WARN if part.unread else None) for text in _blind_spots(part)
    ]
    blocks += [
        rows_section(
            severity.capitalize(), (_row(one) for one in fresh if one.found.severity is severity), rank=severity.rank
        )
        for severity in DriftSeverity
    ]
    accepted = (_row(item) for item in part.items if item.standing is Standing.ACCEPTED)
    blocks.append(rows_section("Accepted", accepted, rank=len(DriftSeverity)))
    gone = tuple(Item(text=(code(str(one.address)), plain(f", first seen {one.first_seen}"))) for one in part.reverted)
    blocks.append(Section(title="Gone again", blocks=(Items(items=gone),), rank=len(DriftSeverity)) if gone else None)
    found = tuple(block for block in blocks if block is not None)
    about = f"{part.system}, {part.mode}"
    return Section(title=plain(part.organization), about=about, blocks=found, is_folded=True) if found else None


def _blind_spots(part: OrganizationDrift) -> Iterator[str]:
    """What the audit did not see, and how old its eyes are."""
    for unread in part.unread:
        yield unread.finding.message
    for address, reason in part.doubts.items():
        yield f"cannot be told apart: {address} ({reason})"
    if part.not_managed:
        yield f"not managed, so not looked at: {', '.join(part.not_managed)}"
    if part.observed_at is not None and (part.items or part.unread):
        yield f"looked at on {part.observed_at:%Y-%m-%d %H:%M} UTC"
    if part.log:
        yield f"who did it is not known: {part.log}"


def show_drift(found: Drift, *, standing: str = "", details: Iterable[str] = ()) -> Row:
    """The row of one difference: what was expected, what is there, and what becomes of it."""
    return row_of(
        _SIGNS[found.sort],
        name_subject(found.address),
        _access(found),
        _why(found, standing),
        place=found.place,
        details=[*filter(None, [found.outlook]), *details],
    )


def say_drift(found: Drift, *, standing: str = "", organization: str = "") -> str:
    """The same as a sentence."""
    subject = f"{name_subject(found.address)}{organization and ' in '}{organization}"
    return f"{subject}, {_access(found)}: {_why(found, standing)}"


def _row(item: DriftItem) -> Row:
    return show_drift(item.found, standing=say_standing(item), details=_details(item))


def _why(found: Drift, standing: str) -> str:
    return f"{', '.join(filter(None, [found.sort, standing]))}: {found.why}"


def _access(found: Drift) -> str:
    sides = f"{_side(found.expected)} -> {_side(found.live)}"
    return ", ".join(filter(None, [name_access(found.address), sides]))


def _side(resource: Resource | None) -> str:
    return "nothing" if resource is None else name_values(resource)


def say_standing(item: DriftItem) -> str:
    """What is known of it: `new`, `known since 2026-11-21 (1 day)`."""
    known = item.known
    if item.standing is Standing.NEW:
        return "new"
    since = f"since {item.first_seen} ({count(item.age, 'day', 'days')})"
    if known is None or not known.reason:
        return f"{item.standing} {since}"
    if item.standing is Standing.ACCEPTED:
        return f"accepted until {known.until} {since}"
    return f"overdue {since}, was accepted until {known.until}"


def _details(item: DriftItem) -> Iterator[str]:
    if item.known is not None and item.known.reason:
        yield f"accepted by {item.known.accepted_by or 'somebody'}: {item.known.reason}"
    for deed in item.deeds:
        yield f"the log of the system, {deed.at:%Y-%m-%d %H:%M} UTC: {deed.who or 'somebody'}: {deed.what}"
    if item.found.advice and item.standing is not Standing.ACCEPTED:
        yield item.found.advice


def _digest(report: DriftReport) -> str:
    """SHA-256 of the report as `--format json` writes it."""
    return hashlib.sha256(to_json("drift", report).encode()).hexdigest()
