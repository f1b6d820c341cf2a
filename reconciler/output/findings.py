"""Findings about manifests, and findings as remarks and test cases.

JUnit XML is for build servers, workflow commands are for GitHub Actions; the third such form, SARIF, is in `sarif.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.model import Finding, Inspection, Severity, count, dataclass
from reconciler.output.document import Document, Findings, Style, join, make_visible
from reconciler.output.json import Output

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_MAX_SHOWN = 10
"""So many of each severity the runner of GitHub shows for a step; it drops the rest in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case: passed unless something is to be said about it."""

    name: str
    finding: Finding | None = None
    skipped: str = ""
    """Why it is neither passed nor failed."""


def case_of(finding: Finding) -> Case:
    """The case of a finding, under its place or what it is about."""
    where = f"{finding.place}: " if finding.place else f"{finding.address}: " if finding.address else ""
    return Case(name=f"{where}{finding.id}", finding=finding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What is to be remarked on a subject."""

    category: str
    """Which command found it: keeps the runs of different commands apart."""
    remarks: Sequence[Finding]
    notes: Sequence[Finding] = ()
    """Nothing is wrong with these; only a reviewer who reads the lines is told."""
    suites: Mapping[str, Sequence[Case]]
    """Organization or file -> its test cases."""

    @property
    def findings(self) -> list[Finding]:
        """Everything that is remarked, errors first; what is in files before what is in none."""
        return sorted((*self.remarks, *self.notes), key=lambda finding: finding.sort_key)


def write_junit(about: Annotations, _style: Style) -> Iterator[str]:
    """A suite for each entry that has cases, each a piece. What is invisible becomes visible: XML could not hold it."""
    from xml.etree import ElementTree as ET

    found = [(name, cases) for name, cases in about.suites.items() if cases]
    root = ET.Element("testsuites", {"name": "reconciler", **_counts([case for _, cases in found for case in cases])})
    # An element without children is closed in its tag.
    alone = ET.tostring(root, encoding="unicode")
    opened = f"{alone.removesuffix(' />')}>" if found else alone
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{opened}\n'
    for name, cases in found:
        suite = ET.Element("testsuite", {"name": make_visible(name), **_counts(cases)})
        for case in cases:
            _append(suite, name, case)
        ET.indent(suite, level=1)
        yield f"  {ET.tostring(suite, encoding='unicode')}\n"
    if found:
        yield "</testsuites>\n"


def _append(suite: ET.Element, name: str, case: Case) -> None:
    """An error has failed; a warning or a note is told but lets the case pass."""
    from xml.etree import ElementTree as ET

    finding = case.finding
    attributes = {"classname": make_visible(name), "name": make_visible(case.name), "time": "0"}
    if finding is not None and finding.place is not None:
        attributes |= {"file": make_visible(finding.place.file), "line": str(finding.place.line)}
    element = ET.SubElement(suite, "testcase", attributes)
    if case.skipped:
        ET.SubElement(element, "skipped", message=make_visible(case.skipped))
    elif finding is not None and finding.severity is Severity.ERROR:
        failure = ET.SubElement(element, "failure", message=make_visible(finding.message), type=finding.id)
        failure.text = _visible_lines(finding)
    elif finding is not None:
        ET.SubElement(element, "system-out").text = f"{finding.severity}: {_visible_lines(finding)}"


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    failures = sum(case.finding is not None and case.finding.severity is Severity.ERROR for case in cases)
    skipped = sum(bool(case.skipped) for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped), "time": "0"}


def write_workflow_commands(about: Annotations, style: Style) -> Iterator[str]:
    """One line for each finding that will be shown.

    Of more than the runner shows, the last line says how many there are.
    """
    found = about.findings
    for severity in Severity:
        alike = [finding for finding in found if finding.severity is severity]
        shown = alike if len(alike) <= _MAX_SHOWN else alike[: _MAX_SHOWN - 1]
        yield from (f"::{_COMMANDS[severity]} {_properties(one, style)}::{_data(one)}\n" for one in shown)
        if len(shown) < len(alike):
            rest = count(len(alike) - len(shown), "more is", "more are")
            yield f"::{_COMMANDS[severity]} title=reconciler::{rest} not shown here; the step summary has them\n"


def _properties(finding: Finding, style: Style) -> str:
    place, values = finding.place, {}
    if place is not None:
        values = {"file": f"{style.prefix}{place.file}", "line": str(place.line), "col": str(place.column)}
    values["title"] = finding.id
    return ",".join(f"{name}={_property(value)}" for name, value in values.items())


def _property(value: str) -> str:
    return make_visible(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def _data(finding: Finding) -> str:
    """Message and advice as the runner takes them."""
    return _visible_lines(finding).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _visible_lines(finding: Finding) -> str:
    """Message and advice; lines stay lines, everything else invisible becomes visible."""
    advice = f"\nadvice: {finding.advice}" if finding.advice else ""
    return "\n".join(map(make_visible, f"{finding.message}{advice}".split("\n")))


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
