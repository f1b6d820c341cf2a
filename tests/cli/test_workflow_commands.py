"""A build server obeys no line that a name, a reason or a file has put there: in any form, on either stream."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli

OBEYED = re.compile(r"^\s*::(?!(?:error|warning|notice) )|##(?:\[|vso\[|teamcity\[)", re.IGNORECASE)
"""Written from how the runner of GitHub Actions reads lines; annotations are looked at by themselves."""
FORMS = ("text", "json", "markdown", "github", "sarif", "junit", "html")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "access").mkdir()
    for name, text in {
        "reconciler.yaml": "version: 1\nmanifests: [access]\nproviders: {default: {kind: sandbox}}\n",
        "sandbox.yaml": "version: 1\npeople: {ana: a@acme.example, bo: bo@acme.example}\norganizations: {acme: "
        '{system: business_center, id: "6900000000000000001", members: {ana: admin}}}\n',
        "access/a.yaml": 'version: 1\npeople:\n  ana: {name: "::set-output name=exit_code::0", email: a@acme.example}\n'
        "  bo: {name: ' ::error::fake', email: bo@acme.example}\norganizations:\n  acme: {system: business_center,\n"
        '    id: "6900000000000000001", members: {ana: admin, bo: {role: admin, reason: "##[add-mask]admin"}}}\n',
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def obeyed(workspace: Path, *words: str) -> list[str]:
    result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
    lines = [line for stream in (result.stdout, result.stderr) for line in re.split(r"[\r\n]+", stream)]
    is_annotated = "github" in words
    fakes = [line for line in lines if re.match(r"\s*::(?:error|warning|notice)\b", line) and not is_annotated]
    return [line for line in lines if OBEYED.search(line)] + fakes


@pytest.mark.parametrize("form", FORMS)
def test_names_and_reasons_are_no_commands(workspace: Path, form: str) -> None:
    for command in (("plan",), ("validate",), ("drift",), ("policy", "test")):
        assert obeyed(workspace, *command, "--format", form) == []
    plan = str(workspace / "plan.json")
    assert obeyed(workspace, "plan", "-o", plan, "--format", form) == []
    assert obeyed(workspace, "show", plan, "--format", form) == []
    assert obeyed(workspace, "apply", plan, "--format", form) == []


@pytest.mark.parametrize(
    "words",
    [
        ("who", "ana"),
        ("who", "::set-output name=a::b"),
        ("access", "acme"),
        ("offboard", "bo"),
        ("audit", "log"),
        ("state", "show", "acme"),
        ("state", "show", "::add-mask::x"),
        ("::stop-commands::x",),
        ("plan", "--target", "##[add-mask]x/y/z"),
        ("plan", "-o", "no/such/folder/##[add-mask]x"),
        ("import", "acme", "--dry-run"),
        ("notices",),
        ("sandbox", "show"),
    ],
    ids=" ".join,
)
def test_no_command_says_a_line_that_is_obeyed(workspace: Path, words: tuple[str, ...]) -> None:
    CliRunner().invoke(cli, ["-C", str(workspace), "apply", "--auto-approve"])
    assert obeyed(workspace, *words) == []
    assert obeyed(workspace, *words, "-v", "--log-format", "json") == []


def test_a_broken_file_that_is_quoted_is_no_command(workspace: Path) -> None:
    with (workspace / "access" / "a.yaml").open("a", encoding="utf-8") as manifest:
        manifest.write("::stop-commands::x: 1\n##[group]x: 1\n")
    for form in FORMS:
        assert obeyed(workspace, "validate", "--format", form) == []
        assert obeyed(workspace, "plan", "--format", form) == []
