"""Findings as a sheet: file by file, errors before warnings before notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.core.finding import Finding, Severity
from reconciler.renderers.findings import Inspection, render_summary
from reconciler.renderers.sheet import Cell, Chapter, Line, Look, Section, Sheet

_HEADER = ("finding", "what", "where")
_TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}
_NOWHERE = "Not in a file"


def sheet_of_findings(inspection: Inspection) -> Sheet:
    """All findings in reading order; their lines of source are not repeated, because a forge shows them itself."""
    ordered = sorted(inspection.findings, key=lambda finding: finding.sort_key)
    return Sheet(
        title="Access manifests",
        summary=render_summary(inspection),
        chapters=tuple(
            Chapter(title=file or _NOWHERE, sections=tuple(_sections(list(findings))))
            for file, findings in groupby(ordered, key=lambda one: one.place.file if one.place else "")
        ),
        whole="list",
    )


def chapter_of_findings(title: str, findings: Sequence[Finding]) -> Chapter:
    """Findings that belong to something else, such as a plan."""
    ordered = sorted(findings, key=lambda finding: finding.sort_key)
    return Chapter(title=title, sections=tuple(_sections(ordered)))


def _sections(findings: list[Finding]) -> Iterator[Section]:
    for rank, (severity, title) in enumerate(_TITLES.items()):
        lines = tuple(_line(finding) for finding in findings if finding.severity is severity)
        if lines:
            yield Section(title=title, header=_HEADER, lines=lines, rank=rank)


def _line(finding: Finding) -> Line:
    related = [f"see also: {place}" for place in finding.related]
    advice = [f"advice: {finding.advice}"] if finding.advice else []
    return Line(
        cells=(
            Cell(text=finding.id, look=Look.CODE),
            Cell(text=finding.message),
            Cell(text=str(finding.place) if finding.place else "", look=Look.CODE),
        ),
        details=(*related, *advice),
        group=finding.id,
        who=str(finding.place) if finding.place else finding.message,
    )
