"""A workspace from its first file to settled access, told through the command line alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.model import Change, Outcome, Scope
from reconciler.providers.sandbox.provider import SandboxProvider

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a new workspace of its own; an unexpected exit code shows everything that was said."""

    def start(*words: str, code: int = 0, text: str | None = None) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words], input=text)
        assert result.exit_code == code, result.output
        return result

    start("init")
    return start


@pytest.fixture
def settled(run: Run) -> Run:
    """The same after everybody has answered and everything is applied."""
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("apply", "--auto-approve")
    return run


def edit(root: Path, old: str, new: str) -> None:
    path = root / "access" / "example.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def last_line(result: Result) -> str:
    return result.stdout.rstrip().splitlines()[-1]


def test_init_makes_a_workspace_without_findings(run: Run) -> None:
    assert run("validate").stdout == "No findings in 2 files.\n"


def test_init_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert "access/example.yaml" in run("init", code=1).stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_init_leaves_the_settings_of_an_editor_as_they_are(tmp_path: Path) -> None:
    settings = tmp_path / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("{}", encoding="utf-8")
    result = CliRunner().invoke(cli, ["-C", str(tmp_path), "init"])
    assert (result.exit_code, settings.read_text(encoding="utf-8")) == (0, "{}")
    assert ".vscode/settings.json" not in result.stdout
    schema = json.loads((tmp_path / "schemas" / "manifest.schema.json").read_text(encoding="utf-8"))
    assert schema["$id"] == "urn:reconciler:schema:manifest"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ".reconciler/\nplan.json\n"),
        ("", ".reconciler/\nplan.json\n"),
        ("*.pyc", "*.pyc\n.reconciler/\nplan.json\n"),
        (".reconciler\n", ".reconciler\nplan.json\n"),
        ("/.reconciler/\n/plan.json\n", "/.reconciler/\n/plan.json\n"),
    ],
)
def test_init_keeps_the_tools_own_files_out_of_git(before: str | None, after: str, tmp_path: Path) -> None:
    ignored = tmp_path / ".gitignore"
    if before is not None:
        ignored.write_text(before, encoding="utf-8")
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "init"]).exit_code == 0
    assert ignored.read_text(encoding="utf-8") == after


def test_over_the_embedded_platform_nobody_needs_a_token(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "reconciler.yaml"
    entry = "providers:\n  business_center: {kind: business_api, via: sandbox, act_as: ana}\n"
    config.write_text(config.read_text(encoding="utf-8").replace("providers:\n", entry), encoding="utf-8")
    assert run("auth", "check").stdout.startswith("The token acts as ana")
    assert "nobody needs a token" in run("auth", "revoke", "--yes", code=1).stderr


def test_validate_writes_nothing_into_the_workspace(run: Run, tmp_path: Path) -> None:
    run("validate")
    assert not (tmp_path / ".reconciler").exists()


def test_the_first_plan_names_who_gains_what_and_what_waits(run: Run) -> None:
    result = run("plan")
    assert "+ eve  standard  invite eve@agency.example: spring campaign; until 20" in result.stdout
    assert "… eve  operator on ad account us-brand  eve is invited by this plan" in result.stdout
    assert last_line(result) == "Plan: 2 to invite, 1 waiting."


def test_access_settles_and_the_next_plan_is_empty(settled: Run) -> None:
    assert settled("plan", "--detailed-exitcode").stdout == "No changes. Access matches the manifests.\n"
    assert settled("apply", "--auto-approve").stdout == "No changes. Access matches the manifests.\n"


def test_waiting_alone_is_no_failure_of_apply_and_changes_for_the_detailed_exit_code(run: Run) -> None:
    run("apply", "--auto-approve")
    assert last_line(run("plan", "--detailed-exitcode", code=2)) == "Plan: no change now, 3 waiting."
    run("plan")
    run("apply", "--auto-approve")


def test_the_sandbox_clock_moves_the_tool_too(settled: Run) -> None:
    settled("sandbox", "clock", "+4000d")
    result = settled("plan", "--detailed-exitcode", code=2)
    assert "Loses access" in result.stdout
    assert "2030-01-31" in result.stdout


def test_a_plan_can_be_made_for_another_day(settled: Run) -> None:
    assert last_line(settled("plan", "--now", "2030-01-30")).startswith("No changes.")
    assert "Access plan for 2030-01-31" in settled("plan", "--now", "2030-01-31").stdout


def test_a_saved_plan_is_shown_and_carried_out_without_a_question(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    made = run("plan", "-o", file)
    assert f"reconciler -C {tmp_path} apply {file}" in made.stderr
    assert run("show", file).stdout == made.stdout
    assert json.loads(run("show", file, "--format", "json").stdout) == json.loads(Path(file).read_text("utf-8"))
    assert last_line(run("apply", file)) == "Applied 0 changes; 2 requested."


def test_a_saved_plan_of_other_manifests_is_stale(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    run("plan", "-o", file)
    edit(tmp_path, "cy: {name: Cy Young", "cy: {name: Cyrus Young")
    result = run("apply", file, code=4)
    assert "other manifests" in result.stderr
    assert last_line(result) == "Applied 0 changes; 2 not tried."


def test_a_plan_that_was_carried_out_is_stale_afterwards(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    run("plan", "-o", file)
    run("apply", file)
    assert "plan again" in run("apply", file, code=4).stderr


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"format_version": "99.0"}', "\0"])
def test_a_file_that_is_no_plan_is_told_apart_from_a_bug(run: Run, tmp_path: Path, content: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content, encoding="utf-8")
    for words in (["show", str(file)], ["apply", str(file)]):
        assert run(*words, code=1).stderr.startswith(f"error: {file}: ")


def test_a_binary_file_is_no_plan(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(b"\xff\xfe\x00")
    assert "it is not text" in run("show", str(tmp_path / "plan.json"), code=1).stderr


def test_a_guard_blocks_until_a_approval_names_the_change(settled: Run, tmp_path: Path) -> None:
    settled("sandbox", "leave", "eve", "acme-bc")
    settled("apply", "--auto-approve", code=3)
    blocked = settled("plan", "--detailed-exitcode", code=3)
    assert "- {approve: invite, address: acme-bc/member/eve, reason: TICKET, expires: YYYY-MM-DD}" in blocked.stdout
    allowed = settled("plan", "--approve", "invite:acme-bc/member/eve")
    assert "allowed by an approval: given for this run" in allowed.stdout
    settled("apply", "--auto-approve", "--approve", "invite:acme-bc/member/eve")
    assert "1 blocked" not in settled("plan").stdout


def test_a_plan_can_be_limited_and_says_so(run: Run) -> None:
    only = run("plan", "--target", "acme-dev").stdout
    assert only.splitlines()[1] == "note: Limited to acme-dev: this is not a whole plan."
    assert (" cy " in only, " eve " in only) == (True, False)
    without = run("plan", "--exclude", "acme-dev").stdout
    assert (" cy " in without, " eve " in without) == (False, True)


def test_a_limit_that_matches_nothing_is_wrong_usage_with_what_was_probably_meant(settled: Run, tmp_path: Path) -> None:
    first, second = settled("plan", "--target", "acme-b", code=64).stderr.splitlines()
    assert first == "error: nothing matches `--target acme-b`"
    assert second == "  advice: did you mean `acme-bc`?"
    assert "for everything that eve has, write `*/eve`" in settled("plan", "--target", "eve", code=64).stderr
    said = settled("apply", "--auto-approve", "--exclude", "acme-bc/member/evee", code=64).stderr
    assert said.startswith("error: nothing matches `--exclude acme-bc/member/evee`\n")
    assert "did you mean `acme-bc/member/eve`" in said
    said = settled("plan", "--target", "acme-bc/memberr/eve", code=64).stderr
    assert "did you mean `acme-bc/member/eve`" in said
    said = settled("plan", "--approve", "remove:acme-bc/member/evee", code=64).stderr
    assert said.startswith("error: nothing matches `--approve acme-bc/member/evee`\n")
    edit(tmp_path, "      group:engineering: member\n", "")
    assert settled("plan", "--exclude", "acme-dev/member/cy").stderr == ""


def test_a_target_that_is_only_live_is_none_that_matches_nothing(settled: Run) -> None:
    settled("sandbox", "invite", "mallory@evil.example", "acme-bc", "admin")
    settled("sandbox", "accept", "mallory@evil.example", "acme-bc")
    assert "mallory" in settled("plan", "--target", "acme-bc/member/mallory@evil.example").stdout


def test_options_with_one_dash_as_other_tools_have_them_write_nothing(settled: Run, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    assert "did you mean `--out=plan.json`?" in settled("plan", "-out=plan.json", code=64).stderr
    assert "did you mean `--out`?" in settled("plan", "-out", "plan.json", code=64).stderr
    assert "did you mean `--no-refresh`?" in settled("plan", "-refresh=false", code=64).stderr
    assert "did you mean `--target=acme-bc`?" in settled("plan", "-target=acme-bc", code=64).stderr
    assert "did you mean `--auto-approve`?" in settled("apply", "-auto-approve", code=64).stderr
    assert "did you mean `--all`?" in settled("work-orders", "list", "-all", code=64).stderr
    assert set(tmp_path.iterdir()) == before


def test_the_command_for_a_saved_plan_can_be_pasted(tmp_path: Path) -> None:
    workspace, saved = tmp_path / "all of us", tmp_path / "my plan.json"
    workspace.mkdir()
    CliRunner().invoke(cli, ["-C", str(workspace), "init"])
    said = CliRunner().invoke(cli, ["-C", str(workspace), "plan", "-o", str(saved)]).stderr
    assert f"`reconciler -C '{workspace}' apply '{saved}'`" in said


def test_planning_without_reading_the_systems_trusts_the_record(settled: Run) -> None:
    settled("sandbox", "leave", "eve", "acme-bc")
    blind = last_line(settled("plan", "--no-refresh"))
    assert blind == "No changes against what is recorded; nothing was read."
    assert "eve" in settled("plan", code=3).stdout


def test_json_is_alone_on_stdout(run: Run) -> None:
    assert json.loads(run("validate", "--format", "json").stdout)["summary"]["files"] == 2
    assert json.loads(run("plan", "--format", "json").stdout)["format_version"] == "1.0"
    applied = run("apply", "--auto-approve", "--format", "json")
    assert json.loads(applied.stdout)["summary"]["requested"] == 2
    assert "Plan: 2 to invite" in applied.stderr
    states = json.loads(run("state", "list", "--format", "json").stdout)
    assert [item["organization"] for item in states["organizations"]] == ["acme-bc", "acme-dev"]
    assert json.loads(run("state", "show", "acme-bc", "--format", "json").stdout)["organization"] == "acme-bc"


def test_the_state_tells_what_is_remembered(run: Run) -> None:
    assert "Nothing is recorded yet" in run("state", "list").stdout
    run("apply", "--auto-approve")
    assert "eve@agency.example" in run("state", "show", "acme-bc").stdout
    assert "there are: acme-bc, acme-dev" in run("state", "show", "acme", code=1).stderr


def test_errors_in_the_manifests_are_shown_with_their_lines_by_every_command(run: Run, tmp_path: Path) -> None:
    edit(tmp_path, "bo: admin", "bo: amdin")
    told = run("validate", code=1)
    assert "error[unknown-role]" in told.stdout
    assert "      bo: amdin\n            ^" in told.stdout
    for words in (["plan"], ["apply", "--auto-approve"]):
        assert "error[unknown-role]" in run(*words, code=1).stderr


def test_warnings_are_counted_by_plan_and_shown_by_validate(run: Run, tmp_path: Path) -> None:
    edit(tmp_path, "      bo: admin\n      group", "      group")
    assert "warning[few-admins]" in run("validate").stdout
    warned = run("validate").stdout.count(": warning[")
    said = f"{warned} warnings in the manifests: `reconciler validate` shows them"
    assert said in run("plan", "--target", "acme-bc").stderr


def test_errors_in_the_configuration_are_findings_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nmanifest: [access]\n", encoding="utf-8")
    assert "reconciler.yaml:2:1: error[" in run("validate", code=1).stdout
    assert json.loads(run("validate", "--format", "json", code=1).stdout)["summary"]["error"] == 1
    assert "reconciler.yaml:2:1: error[" in run("plan", code=1).stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: sandbox", "kind: sandbx", "did you mean `sandbox`"),
        ("default:", "developers:", "acme-bc has no provider"),
        ("file:.reconciler/state", "ftp:somewhere", "file"),
        ("file:.reconciler/state", "nowhere", "file"),
    ],
)
def test_what_cannot_be_wired_is_explained(run: Run, tmp_path: Path, old: str, new: str, said: str) -> None:
    config = tmp_path / "reconciler.yaml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")
    told = run("plan", code=1).stderr
    assert said in told
    assert "bug" not in told


def test_fmt_lists_and_rewrites_what_is_not_in_form(run: Run, tmp_path: Path) -> None:
    assert run("fmt", "--check").stdout == ""
    edit(tmp_path, "version: 1\n", "version: 1   \n")
    before = (tmp_path / "access/example.yaml").read_bytes()
    assert run("fmt", "--check", code=1).stdout == "access/example.yaml\n"
    assert (tmp_path / "access/example.yaml").read_bytes() == before
    assert run("fmt").stdout == "access/example.yaml\n"
    assert run("fmt").stdout == ""
    assert "version: 1\n" in (tmp_path / "access/example.yaml").read_text(encoding="utf-8")


def test_fmt_takes_single_files(run: Run, tmp_path: Path) -> None:
    edit(tmp_path, "version: 1\n", "version: 1   \n")
    (tmp_path / "access/other.yaml").write_text("version: 1   \n", encoding="utf-8")
    assert run("fmt", str(tmp_path / "access/other.yaml")).stdout == "access/other.yaml\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("package.json", b'{"a":  1}\n\n\n'),
        ("access/notes.md", b"key:   value\n"),
        ("access/manifest.json", b'{"version":  1}\n\n'),
        ("ci.yaml", b"name:   ci\n"),
        ("elsewhere.yaml", b"version:   1\n"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0 : \xff"),
        ("sandbox.yaml", b"version:   1\n"),
    ],
)
def test_fmt_refuses_what_is_no_manifest_of_the_workspace(run: Run, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    for words in (["fmt"], ["fmt", "--check"]):
        refused = run(*words, str(tmp_path / name), code=1)
        assert (refused.stdout, f"error[not-a-manifest]: {tmp_path / name} is" in refused.stderr) == ("", True)
    assert (tmp_path / name).read_bytes() == content


def test_fmt_takes_a_folder_and_a_way_around(run: Run, tmp_path: Path) -> None:
    edit(tmp_path, "version: 1\n", "version: 1   \n")
    (tmp_path / "link").symlink_to(tmp_path / "access")
    for place in ("access", "link", "link/example.yaml", "access/../access/example.yaml"):
        assert run("fmt", "--check", str(tmp_path / place), code=1).stdout == "access/example.yaml\n"


def test_schemas_are_printed_and_written(run: Run, tmp_path: Path) -> None:
    printed = json.loads(run("schema", "manifest").stdout)
    assert "organizations" in printed["properties"]
    run("schema", "--write", str(tmp_path / "schemas"))
    names = {path.name for path in (tmp_path / "schemas").iterdir()}
    assert names == {path.name for path in (Path(__file__).parents[2] / "schemas").iterdir()}
    assert json.loads((tmp_path / "schemas/manifest.schema.json").read_text("utf-8")) == printed


def test_fmt_leaves_a_broken_file_alone_and_says_why(run: Run, tmp_path: Path) -> None:
    (tmp_path / "access/broken.yaml").write_text("people: [\n", encoding="utf-8")
    assert "access/broken.yaml:" in run("fmt", code=1).stderr
    assert (tmp_path / "access/broken.yaml").read_text(encoding="utf-8") == "people: [\n"


def test_a_bug_in_a_provider_is_told_and_other_organizations_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SandboxProvider.apply

    def break_down(self: SandboxProvider, scope: Scope, change: Change) -> Outcome:
        if change.address.organization == "acme-dev":
            raise ZeroDivisionError
        return real(self, scope, change)

    monkeypatch.setattr(SandboxProvider, "apply", break_down)
    broken = run("apply", "--auto-approve", code=1)
    assert last_line(broken) == "Applied 0 changes; 1 requested, 1 failed."
    assert "ZeroDivisionError" in broken.output
    monkeypatch.undo()
    run("apply", "--auto-approve", "--retry")
    assert len(run("sandbox", "inbox").stdout.splitlines()) == 1 + 2


def test_systems_can_be_listed_one_by_one(run: Run) -> None:
    everything = run("systems").stdout
    one = run("systems", "organization_account").stdout
    assert one in everything
    assert "operator (Operator)" in one
    assert "business_center" not in one
