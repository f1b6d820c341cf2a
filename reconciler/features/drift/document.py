"""What a drift audit found, the worst first, and its annotations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.model import (
    DriftItem,
    DriftReport,
    DriftSort,
    DriftStatus,
    Finding,
    OrganizationDrift,
    Risk,
    Severity,
    ask_about_states,
    count,
    explain_unread,
    summarize_unread,
)
from reconciler.output.document import Block, Document, Item, Items, Paragraph, Row, Section, Tone, code, plain
from reconciler.output.findings import Annotations, Case, case_of
from reconciler.output.json import Output
from reconciler.output.rows import (
    Judged,
    chapter,
    drift_finding,
    drift_row,
    first_section,
    hide_below,
    merge_alike,
    rows_section,
)

DRIFT = Output(name="drift", title="Drift: what is live and was not made so by this tool", value=DriftReport)


_LEVELS = {
    Risk.CRITICAL: Severity.ERROR,
    Risk.HIGH: Severity.ERROR,
    Risk.MEDIUM: Severity.WARNING,
    Risk.LOW: Severity.NOTE,
}


def document_of_drift(report: DriftReport, least: Risk = Risk.LOW) -> Document:
    """What is critical or high, then organization by organization; what somebody has accepted stands last."""
    every = [_judge(part.organization, item) for part in report.organizations for item in part.items]
    shown, hidden = hide_below(least, every)
    blocks: list[Block | None] = [first_section(one for one in shown if one.is_foremost)]
    blocks += [_section_of(part, least) for part in report.organizations]
    # What no audit shows, however clean it is; the catalogue of systems says why.
    unseen = dict.fromkeys(thing for part in report.organizations for thing in part.unseen)
    if unseen:
        text = plain(f"No audit shows (see `reconciler systems`): {'; '.join(unseen)}.")
        blocks.append(Paragraph(text=text, tone=Tone.QUIET))
    return Document(
        title=f"Access drift on {report.today}",
        is_title_needless=True,
        summary=summary_of_drift(report),
        notes=(*explain_unread(report.unread), *hidden),
        blocks=tuple(filter(None, blocks)),
        whole="report",
        digest=lambda: DRIFT.digest(report),
    )


def _judge(organization: str, item: DriftItem) -> Judged:
    """What somebody has agreed to live with is low by now."""
    is_accepted = item.status is DriftStatus.ACCEPTED
    return Judged(
        organization=organization,
        row=_row(item),
        risk=Risk.LOW if is_accepted else item.found.severity,
        marks=item.found.marks,
        is_loss=item.found.sort is DriftSort.GONE,
    )


def _section_of(part: OrganizationDrift, least: Risk) -> Section | None:
    """What is not told before all organizations."""
    fresh = [item for item in part.items if item.status is not DriftStatus.ACCEPTED]
    blocks: list[Block | None] = [
        Paragraph(text=plain(text), tone=Tone.WARN if part.unread else None) for text in _blind_spots(part)
    ]
    for severity in Risk:
        judged = [_judge(part.organization, item) for item in fresh if item.found.severity is severity]
        rows = (one.row for one in merge_alike(judged) if not one.is_foremost and one.risk.rank <= least.rank)
        blocks.append(rows_section(severity.capitalize(), rows, rank=severity.rank))
    is_shown = least is Risk.LOW
    accepted = (_row(item) for item in part.items if item.status is DriftStatus.ACCEPTED and is_shown)
    blocks.append(rows_section("Accepted", accepted, rank=len(Risk)))
    gone = tuple(Item(text=(code(str(one.address)), plain(f", first seen {one.first_seen}"))) for one in part.resolved)
    blocks.append(Section(title="Resolved", blocks=(Items(items=gone),), rank=len(Risk)) if gone else None)
    return chapter(plain(part.organization), blocks, about=f"{part.system}, {part.mode}")


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
    details = []
    if item.known is not None and item.known.reason:
        details.append(f"accepted by {item.known.accepted_by or 'somebody'}: {item.known.reason}")
    details += [
        f"the log of the system, {deed.at:%Y-%m-%d %H:%M} UTC: {deed.who or 'somebody'}: {deed.what}"
        for deed in item.deeds
    ]
    if item.found.advice and item.status is not DriftStatus.ACCEPTED:
        details.append(item.found.advice)
    return drift_row(item.found, status=_describe_status(item), details=details)


def _describe_status(item: DriftItem) -> str:
    """What is known of it: `new`, `known since 2026-11-21 (1 day)`."""
    known = item.known
    if item.status is DriftStatus.NEW:
        return "new"
    since = f"since {item.first_seen} ({count(item.age, 'day', 'days')})"
    if known is None or not known.reason:
        return f"{item.status} {since}"
    if item.status is DriftStatus.ACCEPTED:
        return f"accepted until {known.until} {since}"
    return f"overdue {since}, was accepted until {known.until}"


def summary_of_drift(report: DriftReport) -> str:
    """`Drift: 1 new, 2 known, 1 accepted.`, or that there is none."""
    first = f"{summarize_unread(report.unread)} " if report.unread else ""
    doubts = sum(len(part.doubts) for part in report.organizations)
    unseen = f" {count(doubts, 'thing', 'things')} cannot be told apart." if doubts else ""
    resolved = sum(len(part.resolved) for part in report.organizations)
    statuses = Counter(item.status for item in report.items)
    counted = [f"{statuses[status]:,} {status}" for status in DriftStatus if statuses[status]]
    counted += [f"{resolved:,} resolved"] if resolved else []
    question = ask_about_states(report.first_runs)
    if counted:
        result = f"Drift: {', '.join(counted)}."
    elif first or unseen:
        result = "No drift in what could be seen."
    else:
        result = "No drift that could be told." if question else "No drift. Everything is as recorded."
    return " ".join(filter(None, (f"{first}{result}{unseen}", question)))


def annotations_of_drift(report: DriftReport, least: Risk = Risk.LOW) -> Annotations:
    """Everything nobody has accepted; what is known already is a note, so that it alarms nobody twice."""
    found = {
        part.organization: [
            *(unread.finding for unread in part.unread),
            *(
                _remark(item)
                for item in part.items
                if item.status is not DriftStatus.ACCEPTED and item.found.severity.rank <= least.rank
            ),
        ]
        for part in report.organizations
    }
    return Annotations(
        category="drift",
        remarks=[remark for remarks in found.values() for remark in remarks],
        suites={key: [*map(case_of, remarks)] or [Case(name="nothing drifted")] for key, remarks in found.items()},
    )


def _remark(item: DriftItem) -> Finding:
    return drift_finding(
        item.found,
        severity=_LEVELS[item.found.severity] if item.status.wants_attention else Severity.NOTE,
        status=_describe_status(item),
        organization=item.found.address.organization,
    )
