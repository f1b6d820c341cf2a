"""The audit log names a commit only where that commit holds what was applied, and a report says what is blocked."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

Run = Callable[..., Result]
SANDBOX = """
version: 1
people: {ana: ana@acme.example, bo: bo@acme.example, eve: eve@acme.example}
organizations:
  bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin}}
"""
MANIFEST = """
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, eve: {email: eve@acme.example}}
organizations:
  bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin}}
"""


def git(folder: Path, *words: str) -> str:
    settings = ("-c", "user.name=Ana", "-c", "user.email=ana@acme.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *settings, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "access").mkdir()
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: sandbox}}\n", encoding="utf-8")
    (tmp_path / "sandbox.yaml").write_text(SANDBOX, encoding="utf-8")
    (tmp_path / "access" / "a.yaml").write_text(MANIFEST, encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "access", "reconciler.yaml", "sandbox.yaml")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


@pytest.fixture
def run(workspace: Path) -> Run:
    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
        assert result.exit_code == code, result.output
        return result

    return start


def invite_eve(workspace: Path) -> None:
    path = workspace / "access" / "a.yaml"
    path.write_text(MANIFEST.replace("bo: admin}}", "bo: admin, eve: standard}}"), encoding="utf-8")


def test_a_commit_that_lacks_the_change_is_marked(workspace: Path, run: Run) -> None:
    run("apply", "--auto-approve")
    head = git(workspace, "rev-parse", "HEAD")[:10]
    assert "+dirty" not in run("audit", "log").stdout
    invite_eve(workspace)
    run("apply", "--auto-approve")
    said = run("audit", "log", "--format", "json").stdout
    assert f"{head}" in said
    assert "+dirty" in said


def test_pipelines_can_refuse_what_is_in_no_commit(workspace: Path, run: Run) -> None:
    (workspace / "plan.json").write_text("{}", encoding="utf-8")
    run("apply", "--auto-approve", "--require-clean")
    invite_eve(workspace)
    refused = run("apply", "--auto-approve", "--require-clean", code=1)
    assert "what is declared here is in no commit" in refused.stderr
    git(workspace, "commit", "-qam", "invite eve")
    run("apply", "--auto-approve", "--require-clean")
    (workspace / "access" / "more.yaml").write_text("version: 1\npeople: {gil: {email: gil@acme.example}}\n")
    run("apply", "--auto-approve", "--require-clean", code=1)


def test_a_saved_plan_with_a_blocked_part_says_so_in_the_end(workspace: Path, run: Run) -> None:
    run("apply", "--auto-approve")
    path = workspace / "access" / "a.yaml"
    path.write_text(MANIFEST.replace("bo: admin}}", "eve: standard}}"), encoding="utf-8")
    run("plan", "-o", str(workspace / "plan.json"), code=3)
    done = run("apply", str(workspace / "plan.json"), code=3)
    assert done.stdout.splitlines()[-1] == "Applied 0 changes; 1 requested, 1 blocked."
    assert f"show {workspace / 'plan.json'}`" in done.stderr


def test_a_repository_without_a_commit_is_no_missing_repository(tmp_path: Path) -> None:
    CliRunner().invoke(cli, ["-C", str(tmp_path), "init"])
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    result = CliRunner().invoke(cli, ["-C", str(tmp_path), "apply", "--auto-approve", "--require-clean"])
    assert result.exit_code == 1
    assert "error: what is declared here is in no commit" in result.stderr
