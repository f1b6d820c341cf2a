"""Findings about manifests."""

from __future__ import annotations

from itertools import groupby

from reconciler.model.finding import Inspection, Severity
from reconciler.output.annotations import Annotations, Case, case_of
from reconciler.output.document import Document, Findings
from reconciler.output.json import Output
from reconciler.output.words import count, join

FINDINGS = Output(name="findings", title="Findings of validate", value=Inspection)

_NOUNS = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.NOTE: ("note", "notes"),
}


def document_of_findings(inspection: Inspection) -> Document:
    """All findings in reading order."""
    return Document(
        title="Access manifests",
        is_title_needless=True,
        summary=summary_of_findings(inspection),
        blocks=(Findings(findings=inspection.findings, texts=inspection.texts),) if inspection.findings else (),
        whole="list",
    )


def summary_of_findings(inspection: Inspection) -> str:
    """One line: `2 errors and 1 warning in 3 files.` or `No findings in 3 files.`."""
    where = f" in {count(inspection.files, 'file', 'files')}" if inspection.files else ""
    severities = [finding.severity for finding in inspection.findings]
    counted = [
        count(severities.count(severity), *nouns) for severity, nouns in _NOUNS.items() if severity in severities
    ]
    return f"{join(counted) or 'No findings'}{where}."


def annotations_of_findings(inspection: Inspection, *, category: str = "validate") -> Annotations:
    """Each finding on its line; without any, one case that passed."""
    ordered = inspection.in_reading_order.findings
    files = groupby(ordered, key=lambda finding: finding.place.file if finding.place else "workspace")
    suites = {file: [case_of(finding) for finding in found] for file, found in files}
    return Annotations(
        category=category,
        remarks=inspection.findings,
        suites=suites or {"manifests": [Case(name="every manifest is valid")]},
    )
