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
from reconciler.model import POLICY_EXCEPTION, POLICY_SETS, Address, PolicySettings, Record, State, Status
from reconciler.policies.judging import POLICIES, Judgment, judge, only, severity_of
from reconciler.policies.rule import Rule
from tests.features.review.given import TODAY
from tests.manifests.given import describe_findings
from tests.pages import render_policies

PATHS = sorted((Path(__file__).parents[1] / "cases" / "policies").glob("*.yaml"))
every_case = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content.keys() == {"policy", "given", "want"}, path
    assert content["given"].keys() <= {"policies", "manifests", "today", "reviewed", "recorded"}, path
    return content


def judged(content: dict[str, Any]) -> Judgment:
    """By the one policy that the case is about."""
    given = content["given"]
    today = given.get("today", TODAY)
    settings = PolicySettings()
    domains: tuple[str, ...] = ()
    if "policies" in given:
        loaded = load_config(SourceFile("reconciler.yaml", given["policies"].encode()))
        assert loaded.config is not None, loaded.findings
        settings, domains = loaded.config.policies, loaded.config.allowed_domains
    manifests = load_manifests([SourceFile("a.yaml", given["manifests"].encode())], today=today)
    assert manifests.desired is not None, manifests.findings
    chosen = only(settings, [content["policy"]]) if content["policy"] else settings
    desired = replace(manifests.desired, reviewed=given.get("reviewed", {}))
    recorded = {key: recorded_as(key, told) for key, told in given.get("recorded", {}).items()}
    return judge(replace(desired, allowed_domains=frozenset(domains)), chosen, today=today, recorded=recorded)


def recorded_as(organization: str, told: dict[str, dict[str, Any]]) -> State:
    """`member/ana: {role: admin, status: invited, since: DAY}`."""
    records = {}
    for name, values in told.items():
        address, others = Address.parse(f"{organization}/{name}"), dict(values)
        status, since = Status(others.pop("status", "active")), others.pop("since", None)
        records[address] = Record(address=address, attributes=others, status=status, since=since)
    return State(organization=organization, records=records)


@every_case
def test_a_rule_passes_over_no_organization_that_it_objects_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = read(path)
    usual = judged(content)
    monkeypatch.setattr(Rule, "find_scope", lambda _, world, __: world)
    assert judged(content) == usual


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
    assert off == {
        *("admin-reason", "strongest-role", "second-factor", "admin-may-act"),
        *("look-alike-domains", "longest-grant", "bus-factor", "separate-destruction", "partner-role"),
        *("person-owned-apps", "dormant-declarations"),
    }


def test_in_some_set_every_policy_is_on() -> None:
    """Rules that nobody has heard of protect nobody; only `baseline` leaves some out."""
    settings = {name: PolicySettings(set=name) for name in POLICY_SETS}
    on = {name: {one for one in settings if severity_of(rule, settings[one])} for name, rule in POLICIES.items()}
    assert {name for name, sets in on.items() if "strict" not in sets} == set()
    assert {name for name, sets in on.items() if "baseline" not in sets} == {
        *("strongest-role", "second-factor", "admin-may-act", "separate-destruction", "admin-reason", "longest-grant"),
    }


PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")


def test_the_settings_on_the_page_can_be_pasted() -> None:
    settings = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "rules:" in block)
    loaded = load_config(SourceFile("reconciler.yaml", f"version: 1\nmanifests: [access]\n{settings}".encode()))
    assert describe_findings(loaded.findings) == []


def test_the_page_of_all_policies_is_written_from_them() -> None:
    """`make pages` writes it again."""
    assert (Path(__file__).parents[2] / "docs" / "policy-rules.md").read_text(encoding="utf-8") == render_policies()


def test_the_page_lists_every_finding_about_settings() -> None:
    package = Path(__file__).parents[2] / "reconciler"
    files = ("policies/judging.py", "policies/custom.py")
    code = "".join((package / name).read_text(encoding="utf-8") for name in files) + inspect.getsource(load_rules)
    listed = set(re.findall(r"^\| `([a-z-]+)` \| (?:error|warning|note) \| [^|]* \|$", PAGE, re.MULTILINE))
    assert listed == {POLICY_EXCEPTION, *re.findall(r'(?:id=|error\()"([a-z-]+)"', code)}
