"""A drift report as a page, and as findings for forms that know nothing but remarks on lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping

from reconciler.core.drifting import DriftItem, DriftReport, DriftSeverity, OrganizationDrift, Standing
from reconciler.core.finding import Finding, Severity
from reconciler.output.json import to_json
from reconciler.output.sarif import render_sarif
from reconciler.output.style import Style
from reconciler.output.workflow_commands import render_workflow_commands
from reconciler.renderers.drift import blind_spots, closing_of, row_of
from reconciler.renderers.html import render_html
from reconciler.renderers.junit import render_drift_junit
from reconciler.renderers.markdown import render_markdown
from reconciler.renderers.sheet import Chapter, Section, Sheet, section_of

_LEVELS = {
    DriftSeverity.CRITICAL: Severity.ERROR,
    DriftSeverity.HIGH: Severity.ERROR,
    DriftSeverity.MEDIUM: Severity.WARNING,
    DriftSeverity.LOW: Severity.NOTE,
}


def sheet_of_drift(report: DriftReport) -> Sheet:
    """The same for a page; what somebody has accepted stands last."""
    whole = to_json("drift", report)
    return Sheet(
        title=f"Access drift on {report.today}",
        summary=closing_of(report),
        chapters=tuple(
            Chapter(
                title=part.organization,
                about=", ".join([part.system, part.mode, *blind_spots(part)]),
                sections=tuple(_sections(part)),
            )
            for part in report.organizations
            if part.items or part.unknown
        ),
        whole="report",
        digest=hashlib.sha256(whole.encode()).hexdigest(),
    )


def _sections(part: OrganizationDrift) -> Iterator[Section]:
    for severity in DriftSeverity:
        rows = [
            row_of(item)
            for item in part.items
            if item.found.severity is severity and item.standing is not Standing.ACCEPTED
        ]
        section = section_of(severity.capitalize(), rows, rank=severity.rank)
        if section is not None:
            yield section
    accepted = [row_of(item) for item in part.items if item.standing is Standing.ACCEPTED]
    section = section_of("Accepted", accepted, rank=len(DriftSeverity))
    if section is not None:
        yield section


def remarks_on_drift(report: DriftReport) -> list[Finding]:
    """Everything nobody has accepted; what is known already is a note, so that it alarms nobody twice."""
    return [_remark(item) for item in report.items if item.standing is not Standing.ACCEPTED]


def _remark(item: DriftItem) -> Finding:
    row = row_of(item)
    subject = ", ".join(filter(None, [f"{row.subject} in {item.found.address.organization}", row.access]))
    return Finding(
        id=f"drift-{item.found.sort}",
        severity=_LEVELS[item.found.severity] if item.standing.wants_attention else Severity.NOTE,
        message=f"{subject}: {row.note}",
        place=item.found.place,
        advice="; ".join(filter(None, [item.found.outlook, item.found.advice])),
        address=str(item.found.address),
    )


def _suites(report: DriftReport) -> Iterator[tuple[str, list[Finding]]]:
    for part in report.organizations:
        yield part.organization, [_remark(item) for item in part.items if item.standing is not Standing.ACCEPTED]


DRIFT_PAGES: Mapping[str, Callable[[DriftReport, Style], str]] = {
    "markdown": lambda report, style: render_markdown(sheet_of_drift(report), style),
    "html": lambda report, style: render_html(sheet_of_drift(report), style),
    "github": lambda report, style: render_workflow_commands(remarks_on_drift(report), style),
    "sarif": lambda report, style: render_sarif(remarks_on_drift(report), style, category="drift"),
    "junit": lambda report, _: render_drift_junit(_suites(report)),
}
