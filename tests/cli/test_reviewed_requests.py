"""What an apply asks people for is part of what was reviewed, although it is no change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

Run = Callable[..., Result]
CONFIG = "version: 1\nproviders: {developers: {kind: work_orders}}\nguards: {min_admins: 1}\n"
MANIFEST = """
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, cy: {email: cy@acme.example}}
organizations:
  acme: {system: developers, name: Acme, manages: [member], members: {ana: admin, bo: ROLE, cy: admin}}
"""
ROSTER = (
    "email,role,status\nana@acme.example,admin,active\nbo@acme.example,admin,active\ncy@acme.example,admin,active\n"
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    (tmp_path / "access").mkdir()
    (tmp_path / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    declare(tmp_path, "admin")
    start("observe", "acme", "--from", str(tmp_path / "roster.csv"))
    start("apply", "--auto-approve")
    return start


def declare(root: Path, role: str) -> None:
    (root / "access" / "acme.yaml").write_text(MANIFEST.replace("ROLE", role), encoding="utf-8")


def test_a_plan_that_asks_somebody_is_not_the_empty_one(run: Run, tmp_path: Path) -> None:
    run("plan", "-o", str(tmp_path / "reviewed.json"))
    declare(tmp_path, "member")
    run("plan", "-o", str(tmp_path / "plan.json"))
    result = run("show", str(tmp_path / "plan.json"), "--same-as", str(tmp_path / "reviewed.json"), code=4)
    assert "bo is asked to give_up_admin acme/member/bo, which is new" in result.stderr
    run("show", str(tmp_path / "plan.json"), "--same-as", str(tmp_path / "plan.json"))


def test_pipelines_are_told_that_it_is_not_empty(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(tmp_path, "member")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    run("plan", "--format", "github")
    outputs = (tmp_path / "outputs").read_text(encoding="utf-8")
    assert "changes" in outputs.splitlines()[0]
    assert outputs.splitlines()[1] == "1"
    assert "1 to ask for" in outputs


def test_an_apply_asks_for_what_was_reviewed_and_for_nothing_once_it_was_taken_out(run: Run, tmp_path: Path) -> None:
    declare(tmp_path, "member")
    path = tmp_path / "plan.json"
    run("plan", "-o", str(path))
    plan = json.loads(path.read_text(encoding="utf-8"))
    (waiting,) = plan["organizations"][0]["waiting"]
    plan["organizations"][0]["waiting"] = [{**waiting, "asks": False}]
    silent = tmp_path / "silent.json"
    silent.write_text(json.dumps(plan), encoding="utf-8")
    run("apply", str(silent))
    assert "Give up" not in run("work-orders", "list").stdout
    run("plan", "-o", str(path))
    assert run("apply", str(path)).stdout.endswith("Applied 0 changes; 1 waiting.\n")
    assert "Give up" in run("work-orders", "list").stdout


def test_a_withdrawal_that_nobody_has_seen_is_another_plan(run: Run, tmp_path: Path) -> None:
    declare(tmp_path, "member")
    run("apply", "--auto-approve")
    run("plan", "-o", str(tmp_path / "reviewed.json"))
    declare(tmp_path, "admin")
    run("plan", "-o", str(tmp_path / "plan.json"))
    result = run("show", str(tmp_path / "plan.json"), "--same-as", str(tmp_path / "reviewed.json"), code=4)
    assert "is not needed any more" in result.stderr
