"""A drift report as findings and test cases, for forms that know nothing but remarks on lines."""

from __future__ import annotations

from reconciler.features.drift.document import say_standing
from reconciler.model.drift import DriftItem, DriftReport, DriftSeverity, DriftStatus
from reconciler.model.finding import Finding, Severity
from reconciler.output.annotations import Annotations
from reconciler.output.drift_rows import say_drift
from reconciler.output.junit import Case, case_of

_LEVELS = {
    DriftSeverity.CRITICAL: Severity.ERROR,
    DriftSeverity.HIGH: Severity.ERROR,
    DriftSeverity.MEDIUM: Severity.WARNING,
    DriftSeverity.LOW: Severity.NOTE,
}


def annotations_of_drift(report: DriftReport) -> Annotations:
    """Everything nobody has accepted; what is known already is a note, so that it alarms nobody twice."""
    found = {
        part.organization: [
            *(unread.finding for unread in part.unread),
            *(_remark(item) for item in part.items if item.standing is not DriftStatus.ACCEPTED),
        ]
        for part in report.organizations
    }
    return Annotations(
        category="drift",
        remarks=[remark for remarks in found.values() for remark in remarks],
        suites={key: [*map(case_of, remarks)] or [Case(name="nothing drifted")] for key, remarks in found.items()},
    )


def _remark(item: DriftItem) -> Finding:
    found = item.found
    return Finding(
        id=f"drift-{found.sort.replace('_', '-')}",
        severity=_LEVELS[found.severity] if item.standing.wants_attention else Severity.NOTE,
        message=say_drift(found, standing=say_standing(item), organization=found.address.organization),
        place=found.place,
        advice="; ".join(filter(None, [found.outlook, found.advice])),
        address=str(found.address),
    )
