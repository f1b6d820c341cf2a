"""No line is wider than the terminal: by itself it breaks anywhere, and what follows looks like a line of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli
from reconciler.output.document import display_width

ROOT = Path(__file__).parents[2]
PERSON = "ada"
BRIEF = ("systems", "policy list", "state list", "plan", "nonsense", "sandbox nonsense", "plan --min-risk nonsense")
LONG = (
    "validate",
    "doctor",
    "plan -v",
    "plan --estimate",
    "show {root}/plan.json",
    "apply {root}/plan.json",
    "drift",
    "drift -v",
    "adopt",
    "diff HEAD",
    f"who {PERSON}",
    "who --all",
    "access halyard-bc",
    "access --all",
    f"why {PERSON} halyard-bc",
    "expiring --within 400d",
    "work-orders list",
    "work-orders show nonsense",
    "notices",
    "state show halyard-bc",
    "state history halyard-bc",
    "state history nonsense",
    "audit show",
    "audit verify",
    "codeowners",
    "policy check",
    "review status",
    "import nonsense",
    "import --all",
    "schema",
    "schema nonsense",
    f"offboard {PERSON}",
    "offboard nobody",
    f"onboard new --like {PERSON} --email new@halyard.example",
    "sandbox inbox",
    "sandbox events",
    "sandbox people list",
    "sandbox show",
)


def commands(command: click.Command, words: str = "") -> Iterator[str]:
    """Every command, with those below it."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from commands(below, f"{words} {name}")


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with everything that it can have: applied, answered, and some days later."""
    root = tmp_path_factory.mktemp("agency") / "workspace"
    shutil.copytree(ROOT / "examples" / "agency", root)
    for words in (
        "apply --auto-approve",
        "sandbox people answer accept --all",
        "sandbox clock +3d",
        f"plan -o {root}/plan.json",
        "sandbox invite halyard-bc stranger@elsewhere.example standard",
    ):
        CliRunner().invoke(cli, ["-C", str(root), *words.split()])
    return root


def too_wide(text: str, width: int) -> list[str]:
    """Lines that could be broken; a word never is, and neither is what is there to be pasted."""
    told = text.partition("The edit of the manifests")[0]
    found = (line for line in told.splitlines() if display_width(line) > width)
    return [line for line in found if len(line.split()) > 1 and not line.lstrip().startswith("- {approve:")]


def run(words: str, *, root: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("reconciler.cli.app.find_width", lambda _stream: width)
    typed = ["-C", str(root), "--color", "never", *words.format(root=root).split()]
    result = CliRunner().invoke(cli, typed, input="no\n", terminal_width=width)
    assert result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "this is a bug" not in result.output
    return result.output


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("words", [*BRIEF, *(pytest.param(words, marks=pytest.mark.full) for words in LONG)])
def test_no_line_is_wider_than_the_terminal(
    words: str, width: int, agency: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert too_wide(run(words, root=agency, width=width, monkeypatch=monkeypatch), width) == []


@pytest.mark.full
@pytest.mark.parametrize("width", [80, 60])
def test_no_line_of_help_is(width: int, agency: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        words: lines
        for words in commands(cli)
        if (lines := too_wide(run(f"{words} --help", root=agency, width=width, monkeypatch=monkeypatch), width))
    }
    assert found == {}


def test_a_wide_line_would_be_found() -> None:
    assert too_wide("one two three\nfour", 8) == ["one two three"]
    assert too_wide("  onetwothree", 8) == []
