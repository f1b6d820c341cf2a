"""Findings and outcomes as JUnit XML, which every build server shows: a suite for each organization or file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from reconciler.model.finding import Finding, Severity
from reconciler.output.visible import make_visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case: passed unless something is to be said about it."""

    name: str
    finding: Finding | None = None
    skipped: str = ""
    """Why it is neither passed nor failed."""


def render_junit(suites: Mapping[str, Sequence[Case]]) -> str:
    """A suite for each entry that has cases. What is invisible becomes visible: XML could not hold all of it."""
    found = [(name, cases) for name, cases in suites.items() if cases]
    root = ET.Element("testsuites", {"name": "reconciler", **_counts([case for _, cases in found for case in cases])})
    for name, cases in found:
        suite = ET.SubElement(root, "testsuite", {"name": make_visible(name), **_counts(cases)})
        for case in cases:
            _append(suite, name, case)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def case_of(finding: Finding) -> Case:
    """The case of a finding, under its place or what it is about."""
    where = f"{finding.place}: " if finding.place else f"{finding.address}: " if finding.address else ""
    return Case(name=f"{where}{finding.id}", finding=finding)


def _append(suite: ET.Element, name: str, case: Case) -> None:
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


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    failures = sum(case.finding is not None and case.finding.severity is Severity.ERROR for case in cases)
    skipped = sum(bool(case.skipped) for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped), "time": "0"}
