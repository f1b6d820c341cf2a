"""Policies of one's own, in files beside the manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifests.config import load_rules
from reconciler.manifests.source import SourceFile
from reconciler.policies.judging import with_custom_rules
from tests.manifests.given import describe_findings
from tests.policies.test_blocking import MANIFEST, run

RULES = """version: 1
policies:
  guests-read-only:
    asks: guests are no admins
    because: SEC-7
    severity: error
    when: kind == "member" && !person.is_declared
    require: role != "member" || expires != ""
  reasons:
    asks: members have a reason
    severity: "off"
    require: kind != "member" || reason != ""
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for folder in ("access", "policies"):
        (tmp_path / folder).mkdir()
    (tmp_path / "reconciler.yaml").write_text("providers: {default: {kind: sandbox}}\npolicies: [policies]\n")
    (tmp_path / "access" / "a.yaml").write_text(MANIFEST)
    (tmp_path / "policies" / "ours.yaml").write_text(RULES)
    return tmp_path


def test_an_expression_objects_with_place_and_address(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(workspace, "validate", capsys=capsys)
    assert code == 3
    message = "error[guests-read-only]: acme-dev/member/guest@agency.example: guests are no admins"
    assert f"access/a.yaml:9:38: {message}" in out
    assert "advice: SEC-7" in out
    assert "[reasons]" not in out


def test_a_rule_that_is_off_can_be_tried(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(workspace, "policy", "test", "reasons", capsys=capsys)
    assert code == 0
    assert out.count("warning[reasons]") == 3
    assert "guests-read-only (error)\n" in run(workspace, "policy", "list", capsys=capsys)[1]


def test_the_workspace_file_has_the_last_word(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = "policies: {files: [policies], rules: {guests-read-only: note}}\n"
    (workspace / "reconciler.yaml").write_text(settings)
    code, out = run(workspace, "validate", capsys=capsys)
    assert code == 0
    assert "note[guests-read-only]" in out


def test_files_that_are_not_there_are_told(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "reconciler.yaml").write_text("policies: [polices]\n")
    code, out = run(workspace, "validate", capsys=capsys)
    assert code == 1
    assert "stands under `policies:` in reconciler.yaml" in out


def told(text: str) -> list[str]:
    return describe_findings(with_custom_rules(*load_rules([SourceFile("p.yaml", text.encode())])).findings)


@pytest.mark.parametrize(
    ("expression", "place", "named"),
    [
        ("rol == 1", "1:1: ", "rol"),
        ("role + 1 == 2", "1:6: ", "string, int"),
        ("role", "", "it is of type string and not true or false"),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(expression: str, place: str, named: str) -> None:
    """The rest of the words are those of the library."""
    text = f"policies:\n  x: {{asks: a, require: '{expression}'}}\n"
    (line,) = told(text)
    start, _, why = line.partition(" is not an expression: ")
    assert start == f"p.yaml:2:25: error[bad-expression]: `{expression}`"
    assert why.startswith(place)
    assert named in why


def test_the_line_of_what_is_wrong_with_a_policy_is_shown(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "policies" / "ours.yaml").write_text("policies:\n  x: {asks: a, require: rol}\n")
    assert "\n    x: {asks: a, require: rol}\n" in run(workspace, "validate", capsys=capsys)[1]


def test_a_name_is_given_once() -> None:
    (line,) = told("policies: {named-members: {asks: a, require: 'true'}}\n")
    assert "error[duplicate-policy]: there is a policy `named-members` already" in line
    files = [SourceFile(name, b"policies: {x: {asks: a, require: 'true'}}\n") for name in ("a.yaml", "b.yaml")]
    assert [finding.id for finding in load_rules(files)[1]] == ["duplicate-policy"]


def test_a_file_that_cannot_be_read_is_told() -> None:
    assert "error[unknown-key]" in told("policies: {x: {asks: a, require: 'true', requires: b}}\n")[0]
    assert "error[missing-key]" in told("policies: {x: {asks: a}}\n")[0]


def test_an_expression_that_never_ends_or_fails_is_no_yes(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ten = "[1,2,3,4,5,6,7,8,9,10].all({}, "
    endless = "".join(ten.format(name) for name in "abcdefgh") + "true" + ")" * 8
    for expression in (endless, "person.nothing_like_it == 1", "1 / 0 == 1"):
        (workspace / "policies" / "ours.yaml").write_text(f'policies: {{x: {{asks: a, require: "{expression}"}}}}\n')
        out = run(workspace, "policy", "test", "x", capsys=capsys)[1]
        assert out.count("warning[x]") == 4
