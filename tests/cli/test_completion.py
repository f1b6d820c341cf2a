"""Completion in shells: click's own, with names from the workspace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from reconciler.cli.app import App
from reconciler.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
MANIFEST = """version: 1
people:
  ana: {name: Ana Lopez, email: ana@acme.example}
  bo: {email: bo@acme.example}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin}
    ad_accounts: {us-brand: {id: "7100000000000000001", access: {bo: operator}}}
  acme-dev: {system: developers, name: Acme, members: {ana: admin, bo: admin}}
"""
IN_BC = [
    f"acme-bc/{rest}"
    for rest in (
        "ad_account/us-brand",
        "ad_account_access/us-brand/bo",
        "member/ana",
        "member/bo",
        "organization/acme-bc",
    )
]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nmanifests: [a.yaml]\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def complete(root: Path, *words: str) -> list[str]:
    """What is offered for the last word."""
    shell = ShellComplete(cli, {"obj": App()}, "reconciler", "_RECONCILER_COMPLETE")
    *before, incomplete = words
    return [item.value for item in shell.get_completions(["-C", str(root), *before], incomplete)]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("who", ""), ["ana", "bo"]),
        (("who", "an"), ["ana"]),
        (("why", "a"), ["ana"]),
        (("why", "ana", "acme-dev/m"), ["acme-dev/member/ana", "acme-dev/member/bo"]),
        (("access", "acme-b"), ["acme-bc", *IN_BC]),
        (("access", ""), ["acme-bc", "acme-dev"]),
        (("access", "acme-bc/ad_"), IN_BC[:2]),
        (("plan", "--target", "acme-bc/member/"), ["acme-bc/member/ana", "acme-bc/member/bo"]),
        (("onboard", "zed", "--like", "b"), ["bo"]),
        (("grant", "bo", "acme-bc/member/a"), ["acme-bc/member/ana"]),
        (("state", "show", "acme"), ["acme-bc", "acme-dev"]),
        (("state", "rm", "acme-dev/member/ana", "acme-dev/member/b"), ["acme-dev/member/bo"]),
        (("observe", "acme-d"), ["acme-dev"]),
        (("who", "zz"), []),
        (("plan", "--form"), ["--format"]),
        (("plan", "--format", "ju"), ["junit"]),
    ],
)
def test_names_of_the_workspace_are_offered(words: tuple[str, ...], wanted: list[str], workspace: Path) -> None:
    assert complete(workspace, *words) == wanted


def test_the_workspace_may_be_named_behind_the_command(workspace: Path) -> None:
    shell = ShellComplete(cli, {"obj": App()}, "reconciler", "_RECONCILER_COMPLETE")
    assert [item.value for item in shell.get_completions(["who", "-C", str(workspace)], "b")] == ["bo"]


def test_a_person_is_shown_with_their_name(workspace: Path) -> None:
    shell = ShellComplete(cli, {"obj": App()}, "reconciler", "_RECONCILER_COMPLETE")
    (item,) = shell.get_completions(["-C", str(workspace), "who"], "an")
    assert item.help == "Ana Lopez"


def test_a_manifest_that_is_being_worked_on_still_gives_names(workspace: Path) -> None:
    (workspace / "a.yaml").write_text(MANIFEST.replace("bo: operator", "bo: opreator"), encoding="utf-8")
    assert complete(workspace, "who", "") == ["ana", "bo"]


@pytest.mark.parametrize("broken", ["a: [", "\x00", ""])
def test_what_cannot_be_read_gives_nothing_and_says_nothing(
    broken: str, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "a.yaml").write_text(broken, encoding="utf-8")
    assert complete(workspace, "who", "") == []
    (workspace / "reconciler.yaml").unlink()
    assert complete(workspace, "access", "") == []
    assert capsys.readouterr() == ("", "")


OTHER_WORDS = {
    *("auth exchange CODE", "diff BASE", "diff HEAD", "grant ROLE", "policy test RULES", "state migrate STATE"),
    *("review close REVIEW", "review decide REVIEW", "review status [REVIEW]", "state unlock [ID]", "systems SYSTEM"),
    "review verify REVIEW|DIR|FILE.ZIP",
    *(f"work-orders {name} ID" for name in ("assign", "done", "failed", "show")),
}
"""Arguments that are no name of the workspace."""


def named(command: click.Command, path: str) -> set[str]:
    """Arguments and options that complete nothing, as `command WORD`."""
    if isinstance(command, click.Group):
        return {one for name, below in command.commands.items() for one in named(below, f"{path} {name}")}
    return {
        f"{path} {(one.metavar or str(one.name)).upper()}"
        for one in command.params
        if isinstance(one.type, click.types.StringParamType | click.types.FuncParamType)
        and isinstance(one, click.Argument)
        and "shell_complete" not in vars(one)
    }


def test_every_argument_that_is_a_name_of_the_workspace_is_completed() -> None:
    found: set[str] = set()
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli, resilient_parsing=True), name)
        assert command is not None
        if name != "sandbox":
            found |= named(command, name)
    assert found == OTHER_WORDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_a_shell_makes_a_script_that_the_shell_takes(shell: str, tmp_path: Path) -> None:
    environment = {**os.environ, "_RECONCILER_COMPLETE": f"{shell}_source"}
    made = subprocess.run(
        [sys.executable, "-m", "reconciler"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert f"_RECONCILER_COMPLETE={shell}_complete" in made.stdout
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(made.stdout, encoding="utf-8")
        assert subprocess.run([shell, "-n", script], check=False).returncode == 0


def test_the_page_has_the_line_for_each_shell() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").partition("## Completion")[2]
    for shell in ("bash", "zsh", "fish"):
        assert f"_RECONCILER_COMPLETE={shell}_source reconciler" in page
    assert CliRunner().invoke(cli, ["completion"]).exit_code == 64
