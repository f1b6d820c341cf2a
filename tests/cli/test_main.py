"""The command line as a whole: help, unknown words, options in any order, real processes."""

from __future__ import annotations

import json
import os
import pstats
import pty
import re
import shlex
import subprocess
import sys
import termios
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler.__main__ import main as start_command
from reconciler.cli.app import App
from reconciler.cli.main import COMMANDS, SECTIONS, cli, read_elsewhere
from reconciler.cli.streams import find_width, is_interactive, wants_color
from reconciler.model import ExitCode

ROOT = Path(__file__).parents[2]
HEAVY = ("pydantic", "jsonschema", "deepdiff", "rich", "httpx", "sqlalchemy", "phonenumbers", "email_validator", "yaml")


def start(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_command_and_loads_nothing_heavy(option: str) -> None:
    run = start("-X", "importtime", "-m", "reconciler", option)
    assert run.returncode == 0
    for name, entry in COMMANDS.items():
        assert f"  {name} " in run.stdout
        assert entry.summary.split()[0] in run.stdout
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in run.stderr.splitlines()}
    assert loaded.isdisjoint(HEAVY)


def test_the_help_that_is_shown_at_once_is_the_one_that_click_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make pages` writes it again."""
    monkeypatch.setenv("COLUMNS", "80")
    written = (ROOT / "reconciler" / "cli" / "help.txt").read_text(encoding="ascii")
    assert written == cli.get_help(cli.make_context("reconciler", [], resilient_parsing=True)) + "\n"


def test_in_a_narrow_terminal_the_help_is_narrow_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["reconciler", "--help"])
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit, match="0"):
        start_command()
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


_LOADED_BY = """
import json, sys
from reconciler.__main__ import main
sys.argv[0] = "reconciler"
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
_SPLIT = ("cli.commands", "features", "providers")
"""Packages whose parts do not need each other: a command loads those that it is about."""
_NEVER_NEEDED = {"output.csv", "output.html", "output.markdown", "stores.sealed", "stores.sql", "sandbox.world"}
_LIGHT_PARTS = {
    "plan": {"cli.commands.plan", "features.planning"},
    "validate": {"cli.commands.validate"},
}


@pytest.mark.parametrize("command", _LIGHT_PARTS)
def test_a_command_loads_only_what_it_is_about(command: str, tmp_path: Path) -> None:
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "one.yaml").write_text(
        "version: 1\norganizations:\n  bc: {system: business_center, id: '6', members: {ana@x.example: admin}}\n"
    )
    (tmp_path / "reconciler.yaml").write_text("version: 1\nmanifests: [access]\n")
    options = ["--no-refresh"] if command == "plan" else []
    run = start("-c", _LOADED_BY, "-C", str(tmp_path), command, *options)
    loaded = set(json.loads(run.stderr.splitlines()[-1]))
    assert {one.partition(".")[0] for one in loaded} & {*HEAVY} == {"yaml"}
    own = {one.removeprefix("reconciler.") for one in loaded if one.startswith("reconciler.")}
    parts = {
        ".".join(one.split(".")[: package.count(".") + 2])
        for one in own
        for package in _SPLIT
        if one.startswith(f"{package}.")
    }
    assert parts == _LIGHT_PARTS[command]
    assert own.isdisjoint(
        {"output.csv", "output.html", "output.markdown", "stores.sealed", "stores.sql", "sandbox.world"}
    )


def test_a_profile_can_be_opened_and_names_what_was_done(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "init"]).exit_code == 0
    for words in (["--profile", "{}", "-C", str(tmp_path), "plan"], ["-C", str(tmp_path), "plan", "--profile", "{}"]):
        file = tmp_path / f"{words.index('plan')}.prof"
        result = CliRunner().invoke(cli, [word.format(file) for word in words])
        assert result.exit_code == 0, result.stderr
        assert any(name == "make_plan" for _, _, name in pstats.Stats(str(file)).stats)  # type: ignore[attr-defined]
    result = CliRunner().invoke(cli, ["-C", str(tmp_path), "plan", "--profile", str(tmp_path / "no" / "where")])
    assert result.exit_code == 0
    assert "where cannot be written" in result.stderr


def test_verbose_ends_with_the_time_that_each_stage_took(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "init"]).exit_code == 0
    last = CliRunner().invoke(cli, ["-C", str(tmp_path), "plan", "-v"]).stderr.splitlines()[-1]
    number = r"\d+\.\d\d"
    stages = f"; settings {number}; manifests {number}; reading the systems {number}; output {number}"
    assert re.fullmatch(f"took {number} seconds, with {number} seconds of CPU since the start of Python{stages}", last)
    told = CliRunner().invoke(cli, ["-C", str(tmp_path), "validate", "-v", "--log-format", "json"]).stderr
    assert {"seconds", "cpu_seconds", "stages"} < json.loads(told.splitlines()[-1]).keys()
    assert "took" not in CliRunner().invoke(cli, ["-C", str(tmp_path), "plan"]).stderr


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "sandbox"])
def test_the_summary_in_the_list_is_the_first_line_of_the_command_s_own_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert (command.help or "").partition("\n")[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", ["state", "work-orders", "sandbox"])
def test_the_help_of_a_group_says_whole_sentences(name: str) -> None:
    listed = CliRunner().invoke(cli, [name, "--help"], env={"COLUMNS": "80"}).output.partition("Commands:")[2]
    assert listed.strip().endswith(".")
    assert "..." not in listed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_takes_the_workspace_option(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert "-C DIR" in result.output


def test_completion_knows_every_command_and_imports_none() -> None:
    asked = {"_RECONCILER_COMPLETE": "zsh_complete", "COMP_WORDS": "reconciler ", "COMP_CWORD": "1"}
    run = start("-X", "importtime", "-m", "reconciler", **asked)
    assert run.stdout.splitlines()[1::3] == list(COMMANDS), run.stderr
    assert "reconciler.cli.commands" not in run.stderr


def test_without_a_command_the_help_is_shown_as_a_mistake() -> None:
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 64
    assert "Changes:" in result.stderr


def test_help_leads_a_newcomer_from_heading_to_heading() -> None:
    said = CliRunner().invoke(cli, ["--help"]).output
    headings = [f"\n{title}:\n  {next(iter(section))} " for title, section in SECTIONS.items()]
    assert [said.count(heading) for heading in headings] == [1] * len(SECTIONS)
    assert sorted(headings, key=said.index) == headings
    assert said.index("`reconciler init`") < said.index(headings[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["aply"], "did you mean `apply`?"),
        (["frobnicate"], "there are: init, import"),
        (["refresh"], "`reconciler drift` shows what others changed"),
        (["version"], "type `reconciler --version`"),
        (["help"], "type `reconciler --help`"),
        (["help", "plan"], "`reconciler COMMAND --help`"),
        (["destroy"], "`deleted: true`"),
        (["state-list"], "`reconciler state list`"),
        (["force-unlock", "abc"], "`reconciler state unlock ID`"),
        (["state", "ls"], "did you mean `list`?"),
        (["state", "replace-provider"], "there are: list, show, history"),
        (["sandbox", "poeple"], "did you mean `people`?"),
        (["plan", "--formt", "json"], "--format"),
        (["plan", "--format", "yaml"], "'text', 'json'"),
        (["import", "x", "--system", "developer"], "is not one of 'developers', "),
        (["import", "x", "--variant", "legacy"], "is not one of 'owner', "),
        (["plan", "--now", "22.11.2026"], "YYYY-MM-DD"),
        (["plan", "--now", "2026-11-31"], "is not a day of the calendar"),
        (["state", "show", "acme-bc", "--as-of", "2026-11-31"], "is not a day of the calendar"),
        (["plan", "--organization", "acme-bc"], "did you mean `--target`?"),
        (["-version"], "did you mean `--version`?"),
        (["plan", "-help"], "did you mean `--help`?"),
        (["-chdir=access", "plan"], "did you mean `-C`?"),
        (["audit", "log", "--target=acme-bc"], "did you mean `--organization`?"),
        (["plan", "--approve", "acme-bc/member/eve"], "ACTION:ADDRESS"),
        (["plan", "--approve", "delete:acme-bc/member/eve"], "delete_organization"),
        (["plan", "--approve", "remove:eve"], "names no address"),
        (["plan", "--approve", "remove:acme-bc/member/*"], "is a pattern"),
        (["-C", "nowhere", "plan"], "does not exist"),
        (["plan", "-destroy"], "`deleted: true`"),
        (["plan", "--refresh-only"], "reconciler drift"),
        (["plan", "-var", "region=eu"], "no variables"),
        (["plan", "--var-file=eu.tfvars"], "no variables"),
        (["apply", "--yes"], "did you mean `--auto-approve`?"),
        (["apply", "-y"], "did you mean `--auto-approve`?"),
        (["apply", "-yes"], "did you mean `--auto-approve`?"),
        (["apply", "--force"], "did you mean `--auto-approve`?"),
        (["apply", "--approve-all"], "did you mean `--auto-approve`?"),
        (["apply", "--auto-aprove"], "did you mean `--auto-approve`?"),
        (["apply", "--dry-run"], "`reconciler plan` shows what apply would do"),
        (["apply", "--check"], "`reconciler plan` shows what apply would do"),
        (["state", "rm", "acme-bc", "--force"], "did you mean `--yes`?"),
        (["state", "rm", "acme-bc", "--auto-approve"], "did you mean `--yes`?"),
        (["state", "rm", "acme-bc", "-auto-approve"], "did you mean `--yes`?"),
        (["import", "--check"], "did you mean `--dry-run`?"),
        (["fmt", "--dry-run"], "did you mean `--check`?"),
        (["adopt", "--write"], "did you mean `--in-place`?"),
        (["grant", "bo", "acme-bc", "admin", "--apply"], "did you mean `--write`?"),
        (["plan", "--output", "plan.json"], "did you mean `--out`?"),
        (["plan", "--json"], "`--format json`"),
        (["plan", "--chdir=eu"], "did you mean `-C`?"),
        (["plan", "-chdir=eu"], "did you mean `-C`?"),
        (["plan", "--zzz"], "no such option: '--zzz'"),
        (["plan", "--max-chars", "abc"], "'abc' is not a whole number from 1 on"),
        (["sandbox", "serve", "--port", "99999"], "'99999' is not a whole number from 0 to 65535"),
        (["show", "destroy"], "File 'destroy' does not exist"),
        (["show"], "PLAN"),
        (["apply", "plan.jsn"], "save a plan with `reconciler plan -o plan.jsn`"),
        (["schema", "manifst"], "manifest"),
        (["schema"], "--write DIR"),
        (["systems", "tiktok"], "developers"),
        (["apply", __file__, "--target", "acme-bc"], "reconciler plan"),
        (["apply", __file__, "--no-refresh"], "reconciler plan"),
        (
            ["plan", "acme-bc"],
            "`plan` takes no argument, but got 'acme-bc'; did you mean `--target acme-bc`?",
        ),
        (["audit", "log", "acme-bc"], "did you mean `--organization acme-bc`?"),
        (["notices", "eve"], "did you mean `--person eve`?"),
        (["report", "-o", "a.html", "b.html"], "did you mean `--out b.html`?"),
        (
            ["validate", "access/acme.yaml"],
            "takes no argument, but got 'access/acme.yaml'; `-C DIR` names the workspace",
        ),
        (
            ["apply", __file__, "acme-bc"],
            "takes no more arguments, but got 'acme-bc'; did you mean `--target acme-bc`?",
        ),
        (["state", "show", "acme-bc", "x y"], "takes no more arguments, but got 'x y'"),
        (["grant", "ana"], "missing: 'ADDRESS', 'ROLE', '--for', '--reason'"),
        (["grant", "ana", "--for", "2d"], "missing: 'ADDRESS', 'ROLE', '--reason'"),
        (["drift", "accept"], "missing: 'ADDRESS', '--until', '--reason'"),
        (["review", "decide", "q4", "keep"], "missing: 'ADDRESS...', '--reason'"),
    ],
)
def test_wrong_usage_gives_64_and_says_what_is_right(words: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 64, result.output
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["apply", "--yes"], "reconciler apply"),
        (["apply", "-yes"], "reconciler apply"),
        (["plan", "-formt", "json"], "reconciler plan"),
        (["state", "rm", "acme-bc", "--force"], "reconciler state rm"),
        (["state", "rm", "acme-bc", "-force"], "reconciler state rm"),
        (["state", "rm", ""], "reconciler state rm"),
        (["apply", "--exclude", ""], "reconciler apply"),
        (["--force", "plan"], "reconciler"),
    ],
)
def test_wrong_usage_leads_to_the_help_of_that_command(words: list[str], command: str) -> None:
    said = CliRunner().invoke(cli, words, prog_name="reconciler").stderr
    assert f"'{command} --help'" in said


@pytest.mark.parametrize(
    "words",
    [
        *(
            ["audit", "log", option, ""]
            for option in ("--person", "--organization", "--address", "--outcome", "--since")
        ),
        ["audit", "log", "--person="],
        ["notices", "--person", ""],
        ["work-orders", "list", "--actor", ""],
        ["work-orders", "export", "--organization=", "--to", "x"],
        ["plan", "--target", ""],
        ["apply", "--exclude", "", "--auto-approve"],
        ["review", "verify", "q4", "--digest", ""],
        ["who", ""],
        ["who", "--can", ""],
        ["diff", "HEAD", ""],
        ["state", "rm", ""],
    ],
    ids=" ".join,
)
def test_an_empty_word_is_that_of_a_variable_that_is_not_set_and_chooses_nothing(words: list[str]) -> None:
    result = CliRunner().invoke(cli, words)
    assert (result.exit_code, "is empty; if it is a variable" in result.stderr) == (64, True), result.output


def test_what_is_typed_instead_exists() -> None:
    hints = " ".join(read_elsewhere("commands").values())
    typed = {found.split()[0] for found in re.findall(r"`reconciler ([^`]+)`", hints)} - {"COMMAND"}
    assert {word for word in typed if not word.startswith("-")} <= set(COMMANDS)
    assert set(read_elsewhere("commands")).isdisjoint(COMMANDS)


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_workspace_may_be_named_before_or_after_the_command(place: str, tmp_path: Path) -> None:
    option = ["-C", str(tmp_path)]
    words = [*option, "validate"] if place == "before" else ["validate", *option]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 1
    assert f"there is no reconciler.yaml in {tmp_path}" in result.stderr
    assert "reconciler init" in result.stderr


def test_a_folder_inside_of_a_workspace_is_told_where_the_workspace_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reconciler.yaml").touch()
    (tmp_path / "access").mkdir()
    monkeypatch.chdir(tmp_path / "access")
    assert "advice: there is one above: use -C ..\n" in CliRunner().invoke(cli, ["plan"]).stderr
    begun = CliRunner().invoke(cli, ["init"])
    assert begun.exit_code == 0, begun.output
    assert f"warning: this workspace is inside of another one, {tmp_path}," in begun.stderr


def test_no_command_at_all_works_without_a_workspace_unless_it_needs_none(tmp_path: Path) -> None:
    (tmp_path / "state.json").touch()
    for command in (
        *("plan", "validate", "fmt", "state list", "apply", "apply --auto-approve", "review close q4"),
        *("state restore acme-bc 3", "state mv a/member/b a/member/c", "state rm a", "state migrate file:other"),
        f"state push acme-bc {tmp_path}/state.json",
        *("auth revoke", "auth check"),
    ):
        words = command.split()
        result = CliRunner().invoke(cli, [*words, "-C", str(tmp_path)])
        assert (result.exit_code, "reconciler init" in result.stderr) == (1, True), words
    assert [one.name for one in tmp_path.iterdir()] == ["state.json"]


def test_nobody_is_asked_to_approve_what_cannot_be_planned(tmp_path: Path) -> None:
    """What has to be mended first is told first: the manifests, and then that nobody is there to answer."""
    apply = ["-C", str(tmp_path), "apply"]
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "init"]).exit_code == 0
    answered = CliRunner().invoke(cli, apply)
    assert (answered.exit_code, "--auto-approve" in answered.stderr) == (64, True), answered.output
    (tmp_path / "access" / "broken.yaml").write_text("version: 1\nmembers: {}\n")
    broken = CliRunner().invoke(cli, apply)
    assert (broken.exit_code, "broken.yaml:2:1" in broken.stderr) == (1, True), broken.output


def test_the_output_may_be_cut_off_by_whoever_reads_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "systems"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert run.stderr.read() == ""


class Stream:
    def __init__(self, *, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("choice", "terminal", "environment", "wanted"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", True, {"CI": "true"}, False),
        ("auto", True, {"CI": "true", "FORCE_COLOR": "1"}, True),
        ("auto", True, {"TERM": "dumb"}, False),
    ],
)
def test_colour_follows_the_option_then_the_environment_then_the_terminal(
    choice: str, *, terminal: bool, environment: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(choice, Stream(terminal=terminal)) is wanted


def test_a_build_server_is_nobody_who_could_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert not is_interactive(Stream(terminal=True))
    monkeypatch.delenv("CI")
    assert is_interactive(Stream(terminal=True))


@pytest.mark.parametrize(
    ("columns", "terminal", "wanted"),
    [("80", True, 80), ("80", False, 0), ("3", True, 40), ("", True, 0), ("wide", True, 0), ("0", True, 0)],
)
def test_lines_have_a_width_only_where_somebody_looks_at_a_terminal(
    columns: str, *, terminal: bool, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("COLUMNS", columns)
    assert find_width(Stream(terminal=terminal)) == wanted


def test_the_width_is_that_of_the_terminal_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 72))
    with os.fdopen(theirs, "w") as screen:
        assert find_width(screen) == 72
    os.close(ours)


def test_on_windows_one_sentence_says_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match="use it in WSL"):
        start_command()


def test_a_session_keeps_its_own_files_inside_the_workspace(tmp_path: Path) -> None:
    assert App(root=tmp_path).home == tmp_path / ".reconciler"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_stream_that_is_closed_from_the_start_breaks_nothing(closed: str, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m reconciler -C {shlex.quote(str(tmp_path))}"
    finished = subprocess.run(
        ["sh", "-c", f"{command} init {closed} && {command} plan {closed} && {command} apply {closed}"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert finished.returncode == ExitCode.USAGE, "nobody is here to approve, and that is all"
    assert list((tmp_path / ".reconciler").glob("crash-*")) == []
