"""Findings and outcomes as JUnit XML, which every build server shows: a suite for each organization or file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree import ElementTree as ET

from reconciler.core.finding import Finding, Severity
from reconciler.core.inspection import Inspection
from reconciler.core.outcome import Report, Waits
from reconciler.core.plan import OrganizationPlan, Plan
from reconciler.output.style import Style
from reconciler.output.visible import make_visible
from reconciler.renderers.remarks import remark_on_result, remarks_on_organization


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test case: passed unless something is to be said about it."""

    name: str
    finding: Finding | None = None
    skipped: str = ""
    """Why it is neither passed nor failed."""


_Suites = Iterable[tuple[str, Sequence[_Case]]]


def render_findings_junit(inspection: Inspection, _: Style) -> str:
    """A suite for each file with a case for each finding; without any finding one case that passed."""
    if not inspection.findings:
        return _render([("manifests", [_Case(name="every manifest is valid")])])
    ordered = sorted(inspection.findings, key=lambda finding: finding.sort_key)
    suites = groupby(ordered, key=lambda finding: finding.place.file if finding.place else "workspace")
    return _render([(file, [_case_of(finding) for finding in findings]) for file, findings in suites])


def render_plan_junit(plan: Plan, _: Style) -> str:
    """A suite for each organization: what a guard stops has failed, what waits is skipped, other changes pass."""
    suites = [
        (part.organization, [*_planned(part), *map(_case_of, remarks_on_organization(part))])
        for part in plan.organizations
    ]
    return _render([*suites, ("plan", [_case_of(finding) for finding in plan.findings])])


def _planned(part: OrganizationPlan) -> Iterable[_Case]:
    for change in part.changes:
        yield _Case(name=f"{change.action} {change.address}")
    for waiting in part.waiting:
        yield _Case(name=f"{waiting.action} {waiting.address}", skipped=f"waits for {waiting.on}: {waiting.why}")


def render_report_junit(plan: Plan, report: Report, _: Style) -> str:
    """A suite for each organization with a case for each change: what waits for somebody is skipped."""
    systems = {part.organization: part.system for part in plan.organizations}
    suites: dict[str, list[_Case]] = {}
    for change, outcome in report.results:
        organization = change.address.organization
        waits = f"waits for {outcome.on}: {outcome.why}" if isinstance(outcome, Waits) else ""
        remark = remark_on_result(systems.get(organization, ""), change, outcome)
        case = _Case(name=f"{change.action} {change.address}", finding=remark, skipped=waits)
        suites.setdefault(organization, []).append(case)
    return _render(suites.items())


def render_drift_junit(found: Iterable[tuple[str, Sequence[Finding]]]) -> str:
    """A suite for each organization with a case for each difference; where there is none, one case that passed."""
    nothing = [_Case(name="nothing drifted")]
    return _render((organization, [*map(_case_of, findings)] or nothing) for organization, findings in found)


def _case_of(finding: Finding) -> _Case:
    where = f"{finding.place}: " if finding.place else f"{finding.address}: " if finding.address else ""
    return _Case(name=f"{where}{finding.id}", finding=finding)


def _render(suites: _Suites) -> str:
    """What is invisible becomes visible, which leaves nothing that XML cannot hold."""
    found = [(name, cases) for name, cases in suites if cases]
    root = ET.Element("testsuites", {"name": "reconciler", **_counts([case for _, cases in found for case in cases])})
    for name, cases in found:
        suite = ET.SubElement(root, "testsuite", {"name": make_visible(name), **_counts(cases)})
        for case in cases:
            _append(suite, name, case)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _append(suite: ET.Element, name: str, case: _Case) -> None:
    attributes = {"classname": make_visible(name), "name": make_visible(case.name), "time": "0"}
    if case.finding is not None and case.finding.place is not None:
        attributes |= {"file": make_visible(case.finding.place.file), "line": str(case.finding.place.line)}
    element = ET.SubElement(suite, "testcase", attributes)
    if case.skipped:
        ET.SubElement(element, "skipped", message=make_visible(case.skipped))
    elif case.finding is not None:
        _tell(element, case.finding)


def _tell(element: ET.Element, finding: Finding) -> None:
    """An error has failed; a warning or a note is told but lets the case pass."""
    advice = f"\nadvice: {finding.advice}" if finding.advice else ""
    text = "\n".join(map(make_visible, f"{finding.message}{advice}".split("\n")))
    if finding.severity is Severity.ERROR:
        failure = ET.SubElement(element, "failure", message=make_visible(finding.message), type=finding.id)
        failure.text = text
    else:
        ET.SubElement(element, "system-out").text = f"{finding.severity}: {text}"


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    failures = sum(case.finding is not None and case.finding.severity is Severity.ERROR for case in cases)
    skipped = sum(bool(case.skipped) for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped), "time": "0"}
