"""What an apply did, as a sheet: admins first, then organization by organization, trouble before success."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from reconciler.core.outcome import Applied, Failed, InDoubt, Outcome, Refused, Report, Waits
from reconciler.core.plan import Plan
from reconciler.renderers.report import advise, render_report_closing, show_result
from reconciler.renderers.rows import Row
from reconciler.renderers.sheet import Chapter, Section, Sheet, admins_section, is_foremost, section_of
from reconciler.subjects.access_terms import AccessTerms, describe

_TITLES: dict[type[Outcome], str] = {
    Failed: "Failed",
    InDoubt: "In doubt",
    Refused: "Not tried",
    Waits: "Waiting",
    Applied: "Applied",
}
"""In the order in which they matter."""


def sheet_of_report(plan: Plan, report: Report) -> Sheet:
    """All outcomes."""
    systems = {part.organization: part.system for part in plan.organizations}
    foremost: list[tuple[str, AccessTerms, Row]] = []
    rows: dict[str, list[tuple[type[Outcome], Row]]] = {}
    for change, outcome in report.results:
        organization = change.address.organization
        row = show_result(systems.get(organization, ""), change, outcome)
        terms = describe(
            systems.get(organization, ""), change.address, change.action, before=change.before, after=change.after
        )
        if is_foremost(terms):
            foremost.append((organization, terms, row))
        else:
            rows.setdefault(organization, []).append((type(outcome), row))
    return Sheet(
        title="Access changes",
        summary=render_report_closing(plan, report),
        notes=tuple(advise(report)),
        foremost=admins_section(foremost),
        chapters=tuple(
            Chapter(title=organization, about=systems.get(organization, ""), sections=tuple(_sections(found)))
            for organization, found in rows.items()
        ),
        whole="report",
        digest=_digest(plan, report),
    )


def _sections(rows: list[tuple[type[Outcome], Row]]) -> Iterator[Section]:
    for rank, (sort, title) in enumerate(_TITLES.items()):
        section = section_of(title, (row for kind, row in rows if kind is sort), rank=rank)
        if section is not None:
            yield section


def _digest(plan: Plan, report: Report) -> str:
    """SHA-256 of the report as `--format json` writes it."""
    from reconciler.output.style import PLAIN
    from reconciler.renderers.documents import render_report_json

    return hashlib.sha256(render_report_json(plan, report, PLAIN).encode()).hexdigest()
