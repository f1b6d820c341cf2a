"""Annotations, SARIF and JUnit: what the programs that read them would make of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator  # noqa: TID253  # holds our SARIF against its schema

from reconciler.cli.options import RENDERERS
from reconciler.model import DriftReport, Finding, Inspection, Place, Severity
from reconciler.output.document import Style, make_visible
from reconciler.output.findings import Annotations, write_workflow_commands
from reconciler.output.sarif import write_sarif
from tests.output import drifts, plans

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests/data/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
PLAIN = Style()
texts = st.one_of(st.text(max_size=30), st.sampled_from(plans.TRICKS))
findings = st.builds(
    Finding,
    id=st.sampled_from(["unknown-role", "two-roles", "left-out"]),
    message=texts,
    severity=st.sampled_from(Severity),
    advice=texts,
    address=st.sampled_from(["", "acme/member/eve"]),
    place=st.none() | st.builds(Place, texts.filter(bool), st.integers(0, 9), st.integers(0, 9)),
)


def decode(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner of GitHub Actions reads it."""
    found = re.fullmatch(r"::([a-z]+) ([^\n]*?)::([^\n]*)", line)
    assert found is not None, line
    properties = dict(pair.split("=", 1) for pair in found[2].split(","))

    def unescape(text: str, extra: tuple[tuple[str, str], ...] = ()) -> str:
        for code, character in (("%0D", "\r"), ("%0A", "\n"), *extra, ("%25", "%")):
            text = text.replace(code, character)
        return text

    more = (("%3A", ":"), ("%2C", ","))
    return found[1], {name: unescape(value, more) for name, value in properties.items()}, unescape(found[3])


def about(*remarks: Finding) -> Annotations:
    return Annotations(category="validate", remarks=remarks, suites={})


@settings(max_examples=25)
@given(findings)
def test_the_runner_reads_an_annotation_as_it_was_meant(finding: Finding) -> None:
    (line,) = "".join(write_workflow_commands(about(finding), Style(prefix="infra/"))).splitlines()
    command, properties, message = decode(line)
    assert command == {"error": "error", "warning": "warning", "note": "notice"}[finding.severity]
    assert properties["title"] == finding.id
    if finding.place:
        assert properties["file"] == f"infra/{make_visible(finding.place.file)}"
        assert (properties["line"], properties["col"]) == (str(finding.place.line), str(finding.place.column))
    said = f"{finding.message}\nadvice: {finding.advice}" if finding.advice else finding.message
    assert message == "\n".join(map(make_visible, said.split("\n")))


def test_of_a_sort_ten_annotations_are_shown_and_the_tenth_counts_the_rest() -> None:
    many = [Finding(id="x-y", message=f"m{n:02}", place=Place("a.yaml", n + 1, 1)) for n in range(27)]
    found = about(*many, Finding(id="z-z", message="w", severity=Severity.WARNING))
    lines = "".join(write_workflow_commands(found, PLAIN))
    assert lines.count("::error") == 10
    assert "18 more are not shown here" in lines.splitlines()[9]
    assert lines.splitlines()[10].startswith("::warning")
    assert "".join(write_workflow_commands(about(*many[:10]), PLAIN)).count("title=x-y") == 10


def test_a_plan_annotates_every_change_that_is_risky() -> None:
    lines = RENDERERS.plan["github"](plans.small(), PLAIN).splitlines()
    place = "::notice file=access/acme.yaml,line="
    assert lines == [
        f"{place}11,col=7,title=admin-change::invite ana (admin) in acme-bc (high risk: admin)",
        f"{place}12,col=7,title=risky-change::invite eve (standard, finance analyst) in acme-bc (high risk: money)",
    ]


def results_of(text: str) -> list[Any]:
    found: list[Any] = json.loads(text)["runs"][0]["results"]
    return found


@settings(max_examples=25)
@given(st.lists(findings, max_size=6))
def test_whatever_the_findings_they_are_sarif(found: list[Finding]) -> None:
    document = json.loads("".join(write_sarif(about(*found), Style(prefix="infra/"))))
    Draft4Validator(SCHEMA).validate(document)
    prints = [one["partialFingerprints"]["primaryLocationLineHash"] for one in document["runs"][0]["results"]]
    assert len(set(prints)) == len(found)


def test_sarif_of_every_plan_report_and_finding_is_sarif() -> None:
    for made in (plans.small(), plans.held_back(), plans.mischief(), plans.every_kind_of_access()):
        Draft4Validator(SCHEMA).validate(json.loads(RENDERERS.plan["sarif"](made, PLAIN)))
    report = plans.report_on(plans.every_kind_of_access())
    Draft4Validator(SCHEMA).validate(json.loads(RENDERERS.report["sarif"](plans.every_kind_of_access(), report, PLAIN)))
    Draft4Validator(SCHEMA).validate(json.loads(RENDERERS.findings["sarif"](plans.inspection(), PLAIN)))
    for drift in (drifts.every_sort(), drifts.tricks(), DriftReport(today=plans.TODAY)):
        Draft4Validator(SCHEMA).validate(json.loads(RENDERERS.drift["sarif"](drift, PLAIN)))


def test_a_finding_stays_the_same_alert_when_lines_move() -> None:
    finding = Finding(id="two-roles", message="see access/a.yaml:7:3", place=Place("access/a.yaml", 5, 1))
    moved = replace(finding, message="see access/a.yaml:9:3", place=Place("access/a.yaml", 8, 1))
    elsewhere = replace(finding, place=Place("access/b.yaml", 5, 1))
    one, two, three = (
        results_of("".join(write_sarif(about(each), PLAIN)))[0]["partialFingerprints"]
        for each in (finding, moved, elsewhere)
    )
    assert one == two
    assert one != three


def test_a_place_counts_from_the_top_of_the_repository_and_is_a_uri() -> None:
    finding = Finding(id="x-y", message="m", place=Place("access/ä b%.yaml", 2, 3))
    (result,) = results_of("".join(write_sarif(about(finding), Style(prefix="infra/"))))
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "infra/access/%C3%A4%20b%25.yaml"
    assert physical["region"] == {"startLine": 2, "startColumn": 3}


@settings(max_examples=25)
@given(st.lists(findings, max_size=6))
def test_whatever_the_findings_junit_is_xml_that_adds_up(found: list[Finding]) -> None:
    check_junit(RENDERERS.findings["junit"](Inspection(findings=found), PLAIN), cases=max(1, len(found)))


@pytest.mark.parametrize("make", [plans.small, plans.held_back, plans.mischief, plans.every_kind_of_access])
def test_a_plan_is_junit_that_adds_up(make: Any) -> None:
    check_junit(RENDERERS.plan["junit"](make(), PLAIN))


def test_a_drift_report_is_junit_that_adds_up() -> None:
    root = check_junit(RENDERERS.drift["junit"](drifts.every_sort(), PLAIN))
    assert len(list(root.iter("failure"))) == 4  # critical or high, and new or overdue; and what is unread
    check_junit(RENDERERS.drift["junit"](drifts.tricks(), PLAIN))


def test_a_report_is_junit_with_every_outcome() -> None:
    made = plans.every_kind_of_access()
    root = check_junit(RENDERERS.report["junit"](made, plans.report_on(made), PLAIN), cases=len(made.changes) - 1)
    assert len(list(root.iter("failure"))) == 6
    assert len(list(root.iter("skipped"))) == 3


def test_nothing_to_find_is_a_case_that_passed() -> None:
    check_junit(RENDERERS.findings["junit"](Inspection(findings=[]), PLAIN), cases=1)


def check_junit(text: str, *, cases: int | None = None) -> ET.Element:
    """The structure that Jenkins and GitLab read: suites of cases, counted, each with at most one result."""
    root = ET.fromstring(text.encode())  # noqa: S314  # our own output
    assert root.tag == "testsuites"
    found = list(root.iter("testcase"))
    for holder in (root, *root):
        inside = list(holder.iter("testcase"))
        assert int(holder.attrib["tests"]) == len(inside)
        assert int(holder.attrib["failures"]) == sum(one.find("failure") is not None for one in inside)
        assert int(holder.attrib["skipped"]) == sum(one.find("skipped") is not None for one in inside)
    for suite in root:
        assert (suite.tag, bool(suite.attrib["name"])) == ("testsuite", True)
        assert {case.tag for case in suite} == {"testcase"}
    for case in found:
        assert {"name", "classname", "time"} <= set(case.attrib)
        assert [child.tag for child in case] in ([], ["failure"], ["skipped"], ["system-out"])
    if cases is not None:
        assert len(found) == cases
    return root
