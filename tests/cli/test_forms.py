"""Everything that is shown comes in every form, from the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.app import App
from reconciler.cli.main import cli
from reconciler.cli.options import DOCUMENT_FORMATS
from reconciler.model import Risk
from reconciler.output.document import display_width

COMMANDS = (
    "validate",
    "doctor",
    "plan",
    "plan --estimate",
    "drift",
    "who eve",
    "access acme-bc",
    "systems",
    "policy list",
    "policy test",
    "state list",
    "state show acme-bc",
    "state history acme-bc",
    "audit log",
    "work-orders list",
    "notices",
    "offboard eve",
    "onboard zed --like eve --email zed@acme.example",
)
CHECKS: Mapping[str, Callable[[str], object]] = {
    "text": lambda text: text.strip(),
    "json": json.loads,
    "markdown": lambda text: text.startswith("### "),
    "html": lambda text: text.startswith("<!doctype html>") and text.rstrip().endswith("</html>"),
    "csv": lambda text: {len(part[0]) for part in read(text)} == {len(line) for part in read(text) for line in part},
}


def read(text: str) -> list[list[list[str]]]:
    return [list(csv.reader(io.StringIO(part))) for part in text.split("\n\n") if part]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("forms")
    for words in (["init"], ["apply", "--auto-approve"]):
        result = CliRunner().invoke(cli, ["-C", str(root), *words])
        assert result.exit_code == 0, result.output
    return root


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_shows_its_result_in_every_form(workspace: Path, command: str) -> None:
    for form in DOCUMENT_FORMATS:
        result = CliRunner().invoke(cli, ["-C", str(workspace), *command.split(), "--format", form])
        assert result.exit_code == 0, (form, result.output)
        assert CHECKS[form](result.stdout), (form, result.stdout)


@pytest.mark.parametrize("limit", ["--max-chars=900", "--min-risk=critical"])
def test_an_estimate_is_shown_whole_because_limits_are_about_the_changes_of_a_plan(workspace: Path, limit: str) -> None:
    words = ["-C", str(workspace), "plan", "--estimate", "--format", "markdown"]
    shown, limited = CliRunner().invoke(cli, words), CliRunner().invoke(cli, [*words, limit])
    assert (limited.exit_code, limited.output) == (0, shown.output)


def test_what_was_asked_for_stays_what_it_is_while_an_estimate_is_shown(workspace: Path) -> None:
    app = App()
    words = ["-C", str(workspace), "plan", "--estimate", "--min-risk", "high", "--max-chars", "9000"]
    assert CliRunner().invoke(cli, words, obj=app).exit_code == 0
    assert (app.min_risk, app.max_chars) == (Risk.HIGH, 9000)


@pytest.mark.parametrize("command", [one for one in COMMANDS if "board" not in one])
def test_no_line_is_wider_than_the_terminal_unless_one_word_is(
    workspace: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word is never broken: an address or a key is there to be copied; and so are lines of a patch."""
    monkeypatch.setattr("reconciler.cli.app.find_width", lambda _: 60)
    shown = CliRunner().invoke(cli, ["-C", str(workspace), *command.split()]).stdout
    assert [line for line in shown.splitlines() if display_width(line) > 60 and len(line.split()) > 1] == []
