"""All commands of a workspace go by one day: the sandbox's where one has begun, else the machine's."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli

TODAY = datetime.now(UTC).date()
LATER = TODAY + timedelta(days=40)
CONFIG = f"""\
version: 1
manifests: [access]
providers: {{default: {{kind: sandbox}}}}
policies:
  exceptions:
    - {{rule: admin-share, address: acme-dev, owner: ana, reason: x, until: "{TODAY + timedelta(days=30)}"}}
"""
MANIFEST = f"""\
version: 1
people:
  ana: {{email: ana@acme.example}}
  bo: {{email: bo@acme.example, ends: {TODAY + timedelta(days=30)}}}
organizations:
  acme-dev: {{system: developers, name: Acme, members: {{ana: admin, bo: member}}}}
"""
PACKAGE = Path(__file__).parents[2] / "reconciler"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "acme.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def call(workspace: Path, *words: str) -> str:
    return CliRunner().invoke(cli, ["-C", str(workspace), *words]).output


def git(workspace: Path, *words: str) -> None:
    who = ["-c", "user.name=ana", "-c", "user.email=ana@acme.example"]
    subprocess.run(["git", *who, *words], cwd=workspace, check=True, capture_output=True)


@pytest.mark.parametrize("words", [["validate"], ["policy", "test"], ["doctor"], ["plan"]])
def test_what_has_ended_by_the_clock_of_the_sandbox_has_ended_for_every_command(
    words: list[str], workspace: Path
) -> None:
    told = re.compile(r"this exception ended on|3 warnings")  # at first two: of the one admin
    assert not told.search(call(workspace, *words))
    call(workspace, "sandbox", "clock", "+40d")
    assert told.search(call(workspace, *words))


def test_a_comparison_goes_by_the_clock_of_the_sandbox(workspace: Path) -> None:
    git(workspace, "init", "-q")
    git(workspace, "add", "access", "reconciler.yaml")
    git(workspace, "commit", "-qm", "one")
    call(workspace, "sandbox", "clock", "+40d")
    manifest = workspace / "access" / "acme.yaml"
    manifest.write_text(MANIFEST.replace("bo: member", "bo: admin"), encoding="utf-8")
    made: dict[str, Any] = json.loads(call(workspace, "diff", "HEAD", "--format", "json"))
    assert [one for one in made["access"] if not one.get("day")] == []  # bo has left by then


def test_what_the_log_keeps_of_an_edit_of_the_state_carries_the_day_of_the_workspace(workspace: Path) -> None:
    call(workspace, "apply", "--auto-approve")
    call(workspace, "sandbox", "clock", "+40d")
    call(workspace, "state", "rm", "acme-dev", "--yes")
    times = [one["time"] for one in json.loads(call(workspace, "audit", "log", "--format", "json"))["entries"]]
    assert times[-1].startswith(str(LATER))


def test_reading_the_manifests_begins_no_sandbox(workspace: Path) -> None:
    for words in (["validate"], ["policy", "test"], ["shards", "2"]):
        call(workspace, *words)
    assert not (workspace / ".reconciler").exists()


def test_nothing_but_the_clock_of_the_run_asks_the_machine_what_day_it_is() -> None:
    """The exceptions ask how old a vendor's page is, and whether this machine's clock is right."""
    asking = re.compile(r"SystemClock\(|date\.today\(|datetime\.now\(")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for folder in ("cli", "features", "apply", "engine", "manifests", "policies", "output", "model")
        for path in (PACKAGE / folder).rglob("*.py")
        if asking.search(path.read_text(encoding="utf-8"))
    }
    assert found == {
        "cli/app.py",
        "cli/commands/doctor.py",
        "cli/commands/validate.py",
        "cli/main.py",  # the name of a log of a crash
        "features/publishing/client.py",  # until when a forge wants us to wait
    }
