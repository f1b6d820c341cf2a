"""A drift report: the worst first, with what is known of it already."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.features.drift.summary import summary_of_drift
from reconciler.model.drift import DriftItem, DriftReport, DriftSeverity, DriftStatus, OrganizationDrift
from reconciler.model.live import explain_unread
from reconciler.output.document import Block, Document, Item, Items, Paragraph, Row, Section, code, plain
from reconciler.output.drift_rows import show_drift
from reconciler.output.json import Output
from reconciler.output.rows import rows_section
from reconciler.output.style import Tone
from reconciler.output.words import count

DRIFT = Output(name="drift", title="Drift: what is live and was not made so by this tool", value=DriftReport)


def document_of_drift(report: DriftReport) -> Document:
    """Organization by organization; what somebody has accepted stands last."""
    parts = (_organization(part) for part in report.organizations)
    return Document(
        title=f"Access drift on {report.today}",
        is_title_needless=True,
        summary=summary_of_drift(report),
        notes=explain_unread(report.unread),
        blocks=(*(part for part in parts if part is not None), *_unseen(report)),
        whole="report",
        digest=_digest(report),
    )


def _unseen(report: DriftReport) -> Iterator[Paragraph]:
    """What no audit shows, however clean it is; the catalogue of systems says why."""
    things = dict.fromkeys(thing for part in report.organizations for thing in part.unseen)
    if things:
        yield Paragraph(text=plain(f"No audit shows (see `reconciler systems`): {'; '.join(things)}."), tone=Tone.QUIET)


def _organization(part: OrganizationDrift) -> Section | None:
    fresh = [item for item in part.items if item.standing is not DriftStatus.ACCEPTED]
    blocks: list[Block | None] = [
        Paragraph(text=plain(text), tone=Tone.WARN if part.unread else None) for text in _blind_spots(part)
    ]
    blocks += [
        rows_section(
            severity.capitalize(), (_row(one) for one in fresh if one.found.severity is severity), rank=severity.rank
        )
        for severity in DriftSeverity
    ]
    accepted = (_row(item) for item in part.items if item.standing is DriftStatus.ACCEPTED)
    blocks.append(rows_section("Accepted", accepted, rank=len(DriftSeverity)))
    gone = tuple(Item(text=(code(str(one.address)), plain(f", first seen {one.first_seen}"))) for one in part.resolved)
    blocks.append(Section(title="Resolved", blocks=(Items(items=gone),), rank=len(DriftSeverity)) if gone else None)
    found = tuple(block for block in blocks if block is not None)
    about = f"{part.system}, {part.mode}"
    return Section(title=plain(part.organization), about=about, blocks=found, is_folded=True) if found else None


def _blind_spots(part: OrganizationDrift) -> Iterator[str]:
    """What the audit did not see, and how old its eyes are."""
    for unread in part.unread:
        yield unread.finding.message
    for one in part.doubts:
        yield f"cannot be told apart since {one.since}: {one.address} ({one.why}); ends with {one.ends}"
    if part.not_managed:
        yield f"not managed, so not looked at: {', '.join(part.not_managed)}"
    if part.observed_at is not None and (part.items or part.unread):
        yield f"looked at on {part.observed_at:%Y-%m-%d %H:%M} UTC"
    if part.log:
        yield f"who did it is not known: {part.log}"


def _row(item: DriftItem) -> Row:
    return show_drift(item.found, standing=say_standing(item), details=_details(item))


def say_standing(item: DriftItem) -> str:
    """What is known of it: `new`, `known since 2026-11-21 (1 day)`."""
    known = item.known
    if item.standing is DriftStatus.NEW:
        return "new"
    since = f"since {item.first_seen} ({count(item.age, 'day', 'days')})"
    if known is None or not known.reason:
        return f"{item.standing} {since}"
    if item.standing is DriftStatus.ACCEPTED:
        return f"accepted until {known.until} {since}"
    return f"overdue {since}, was accepted until {known.until}"


def _details(item: DriftItem) -> Iterator[str]:
    if item.known is not None and item.known.reason:
        yield f"accepted by {item.known.accepted_by or 'somebody'}: {item.known.reason}"
    for deed in item.deeds:
        yield f"the log of the system, {deed.at:%Y-%m-%d %H:%M} UTC: {deed.who or 'somebody'}: {deed.what}"
    if item.found.advice and item.standing is not DriftStatus.ACCEPTED:
        yield item.found.advice


def _digest(report: DriftReport) -> str:
    """SHA-256 of the report as `--format json` writes it."""
    return DRIFT.digest(report)
