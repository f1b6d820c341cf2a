"""`--format` and where its results go, as a pipeline sees it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.cli.options import PAGE_FORMATS, RENDERERS
from reconciler.cli.streams import MAX_SUMMARY, find_prefix


def run(root: Path, *words: str, code: int = 0, environment: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(cli, ["-C", str(root), *words], env=environment)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The example of `init`, two folders below the top of a repository."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    root = tmp_path / "repo" / "infra" / "tiktok"
    root.mkdir(parents=True)
    run(root, "init")
    return root


def read_outputs(text: str) -> dict[str, str]:
    """As the runner of GitHub Actions reads them."""
    return {name: value for name, _, value in re.findall(r"^(\w+)<<(\S+)\n(.*?)\n\2\n", text, re.DOTALL | re.MULTILINE)}


@pytest.mark.parametrize("command", ["plan", "validate"])
@pytest.mark.parametrize("form", PAGE_FORMATS)
def test_every_form_is_written_to_stdout(workspace: Path, command: str, form: str) -> None:
    assert run(workspace, command, "--format", form).exit_code == 0


def test_the_forms_are_those_of_the_catalogue() -> None:
    assert set(PAGE_FORMATS) == set(RENDERERS.plan)


def test_a_saved_plan_and_what_became_of_it_have_the_same_forms(workspace: Path, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    shown = run(workspace, "plan", "-o", str(saved), "--format", "markdown").stdout
    assert run(workspace, "show", str(saved), "--format", "markdown").stdout == shown
    report = run(workspace, "apply", str(saved), "--format", "markdown").stdout
    assert report.startswith("### Access changes: infra/tiktok\n\n**Applied 0 changes; 2 requested")


def test_in_github_actions_the_step_gets_a_summary_and_outputs(workspace: Path, tmp_path: Path) -> None:
    summary, output, saved = tmp_path / "summary.md", tmp_path / "output", tmp_path / "plan.json"
    output.write_text("before=1\n", encoding="utf-8")
    files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    run(workspace, "plan", "--format", "github", "-o", str(saved), environment=files)
    assert summary.read_text(encoding="utf-8").startswith("### Access plan for ")
    text = output.read_text(encoding="utf-8")
    found = read_outputs(text)
    assert text.startswith("before=1\n")
    assert (found["changes"], found["waiting"], found["blocked"], found["settled"]) == ("2", "1", "0", "false")
    delimiters = set(re.findall(r"<<(\S+)", text))
    assert len(delimiters) == 2  # what was found, and the exit code
    run(workspace, "plan", "--format", "github", environment=files)
    assert len(set(re.findall(r"<<(\S+)", output.read_text(encoding="utf-8")))) == 4


def test_the_digest_that_is_handed_on_is_that_of_the_file(workspace: Path, tmp_path: Path) -> None:
    import hashlib

    saved, output = tmp_path / "plan.json", tmp_path / "output"
    run(workspace, "plan", "--format", "github", "-o", str(saved), environment={"GITHUB_OUTPUT": str(output)})
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert read_outputs(output.read_text(encoding="utf-8"))["digest"] == digest
    assert digest in run(workspace, "show", str(saved), "--format", "markdown").stdout


def test_elsewhere_only_annotations_are_printed(workspace: Path) -> None:
    manifest = workspace / "access" / "example.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("standard", "stadnard"), encoding="utf-8")
    text = run(workspace, "validate", "--format", "github", code=1).stdout
    assert text.startswith("::error file=infra/tiktok/access/example.yaml,line=")


def test_a_summary_that_is_full_is_left_as_it_is(workspace: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_bytes(b"x" * (MAX_SUMMARY - 2000))
    result = run(workspace, "plan", "--format", "github", environment={"GITHUB_STEP_SUMMARY": str(summary)})
    assert "the summary of this step is full" in result.stderr
    assert summary.stat().st_size == MAX_SUMMARY - 2000


def test_a_comment_can_be_shorter(workspace: Path) -> None:
    assert "no room" in run(workspace, "plan", "--format", "markdown", "--max-chars", "100", code=64).output


def test_places_in_sarif_count_from_the_top_of_the_repository(workspace: Path) -> None:
    document = json.loads(run(workspace, "validate", "--format", "sarif").stdout)
    assert document["runs"][0]["automationDetails"]["id"] == "reconciler/validate/infra/tiktok/"


def test_a_workspace_is_found_in_its_repository(workspace: Path, tmp_path: Path) -> None:
    assert find_prefix(workspace) == "infra/tiktok/"
    assert find_prefix(tmp_path / "repo") == ""
    assert find_prefix(tmp_path) == ""
