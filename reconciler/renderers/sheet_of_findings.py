"""Findings as a sheet: file by file, errors before warnings before notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.finding import Finding, Severity
from reconciler.renderers.sheet import Cell, Chapter, Line, Look, Section

_HEADER = ("finding", "what", "where")
_TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}


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
