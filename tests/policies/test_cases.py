"""Given manifests and settings, a policy says this: one file in tests/cases/policies for each rule of a policy."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.manifests.config import load_config, load_rules
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model.settings import PolicySettings
from reconciler.policies.judging import POLICIES, Judgment, judge, only
from tests.features.review.given import TODAY
from tests.manifests.given import describe_findings

PATHS = sorted((Path(__file__).parents[1] / "cases" / "policies").glob("*.yaml"))
every_case = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content.keys() == {"policy", "given", "want"}, path
    assert content["given"].keys() <= {"policies", "manifests", "today", "reviewed"}, path
    return content


def judged(content: dict[str, Any]) -> Judgment:
    """By the one policy that the case is about."""
    given = content["given"]
    today = given.get("today", TODAY)
    settings = PolicySettings()
    if "policies" in given:
        loaded = load_config(SourceFile("reconciler.yaml", given["policies"].encode()))
        assert loaded.config is not None, loaded.findings
        settings = loaded.config.policies
    manifests = load_manifests([SourceFile("a.yaml", given["manifests"].encode())], today=today)
    assert manifests.desired is not None, manifests.findings
    chosen = only(settings, [content["policy"]]) if content["policy"] else settings
    desired = replace(manifests.desired, reviewed=given.get("reviewed", {}))
    return judge(desired, chosen, today=today)


@every_case
def test_the_policy_says_what_the_case_wants(path: Path) -> None:
    content = read(path)
    made = judged(content)
    assert describe_findings((*made.doubts, *made.findings)) == content["want"]


def test_every_policy_objects_in_a_case_and_is_silent_in_a_case() -> None:
    cases = [read(path) for path in PATHS]
    said = {name: [bool(case["want"]) for case in cases if case["policy"] == name] for name in POLICIES}
    assert {name: set(answers) for name, answers in said.items()} == {name: {True, False} for name in POLICIES}


def test_policies_are_on_unless_they_need_what_only_their_owner_can_say() -> None:
    off = {name for name, rule in POLICIES.items() if rule.severity is None}
    assert off == {"admin-reason", "strongest-role", "second-factor", "admin-may-act"}


PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")


def test_the_settings_on_the_page_can_be_pasted() -> None:
    settings = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "rules:" in block)
    loaded = load_config(SourceFile("reconciler.yaml", f"version: 1\nmanifests: [access]\n{settings}".encode()))
    assert describe_findings(loaded.findings) == []


def test_the_page_lists_every_policy_with_its_severity_and_parameters() -> None:
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)}
    assert rows.keys() == POLICIES.keys()
    for name, rule in POLICIES.items():
        severity, text, parameters = rows[name]
        assert severity == (rule.severity or "off")
        assert text == f"{rule.asks} {rule.because}"
        assert re.findall(r"`(\w+):", parameters) == list(rule.parameters)


def test_the_page_lists_every_finding_about_settings() -> None:
    package = Path(__file__).parents[2] / "reconciler"
    files = ("policies/judging.py", "policies/custom.py")
    code = "".join((package / name).read_text(encoding="utf-8") for name in files) + inspect.getsource(load_rules)
    listed = set(re.findall(r"^\| `([a-z-]+)` \| (?:error|warning) \| [^|]* \|$", PAGE, re.MULTILINE))
    assert listed == set(re.findall(r'(?:id=|error\()"([a-z-]+)"', code))
