"""A policy of severity error keeps access from being given, in plans and in reviews, and never from being taken."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reconciler.cli.app import App
from reconciler.cli.main import cli

CONFIG = """version: 1
providers: {default: {kind: sandbox}}
policies: {rules: {named-members: error}}
"""
MANIFEST = """version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
organizations:
  acme-dev:
    system: developers
    name: Acme
    members: {ana: admin, bo: admin, guest@agency.example: member}
"""


def run(root: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main(["-C", str(root), *arguments], obj=App())
    assert isinstance(stop.value.code, int)
    return stop.value.code, capsys.readouterr().out


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "access").mkdir()
    (tmp_path / "reconciler.yaml").write_text(CONFIG)
    (tmp_path / "access" / "a.yaml").write_text(MANIFEST)
    return tmp_path


def test_validate_tells_objections_of_policies_from_broken_manifests(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(workspace, "validate", capsys=capsys)
    assert code == 3
    assert "error[named-members]" in out
    (workspace / "access" / "a.yaml").write_text(MANIFEST.replace("bo: admin", "bo: boss"))
    assert run(workspace, "validate", capsys=capsys)[0] == 1


def test_a_plan_blocks_exactly_what_the_policy_objects_to(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(workspace, "plan", capsys=capsys)
    assert code == 3
    blocked = [line for line in out.splitlines() if line.startswith("  ! ") and "blocked by" not in line]
    assert len(blocked) == 1
    assert blocked[0].split()[1:3] in ([risk, "guest@agency.example"] for risk in ("high", "medium"))


def test_an_exception_lets_it_through_until_its_day(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = "acme-dev/member/guest@agency.example"
    exception = f"{{rule: named-members, address: {address}, owner: ana, reason: SEC-1, until: {date.max}}}"
    (workspace / "reconciler.yaml").write_text(CONFIG.replace("error}}", f"error}}, exceptions: [{exception}]}}"))
    assert run(workspace, "validate", capsys=capsys)[0] == 0
    assert "[named-members]" not in run(workspace, "plan", capsys=capsys)[1]


def test_settings_that_make_no_sense_stop_a_plan(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "reconciler.yaml").write_text(CONFIG.replace("named-members", "named-member"))
    assert run(workspace, "validate", capsys=capsys)[0] == 1
    assert run(workspace, "plan", capsys=capsys)[0] == 1


def test_one_policy_can_be_tried_although_it_is_off(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(workspace, "policy", "test", "admin-reason", capsys=capsys)
    assert code == 0
    assert out.count("warning[admin-reason]") == 2
    assert "named-members" not in out
    assert run(workspace, "policy", "test", "no-such", capsys=capsys)[0] == 64
    assert run(workspace, "policy", "test", capsys=capsys)[0] == 3


def test_the_list_says_how_policies_are_set_here(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(workspace, "policy", "list", "-v", capsys=capsys)
    assert code == 0
    assert "named-members (error)\n" in out
    assert "admin-reason (off)\n" in out
    assert "  employment: [contractor, agency]\n" in out
