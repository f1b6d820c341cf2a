"""`apply --expect-digest` and `show --same-as`: only what was reviewed is carried out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    start("init")
    return start


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    run("plan", "--out", str(path))
    return path


def test_a_saved_plan_without_changes_says_that_nothing_was_to_be_done(run: Run, plan: Path, tmp_path: Path) -> None:
    run("apply", str(plan))
    waiting = tmp_path / "waiting.json"
    run("plan", "--out", str(waiting))
    assert run("apply", str(waiting)).output == "this plan has no changes: nothing was carried out\n"


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def move_lines(root: Path) -> None:
    path = root / "access" / "example.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("people:\n", "people:\n  # nothing but a line\n", 1), encoding="utf-8")


@pytest.mark.parametrize("spelled", [str, str.upper, lambda digest: f" {digest}\n"], ids=["as is", "upper", "spaces"])
def test_the_plan_with_the_expected_digest_is_carried_out(run: Run, plan: Path, spelled: Callable[[str], str]) -> None:
    assert "Applied" in run("apply", str(plan), "--expect-digest", spelled(digest_of(plan))).output


def test_the_digest_in_a_comment_is_the_one_that_apply_expects(run: Run, plan: Path) -> None:
    assert f"plan sha256 `{digest_of(plan)}`" in run("show", str(plan), "--format", "markdown").stdout


def test_one_changed_byte_is_another_plan_and_nothing_is_done(run: Run, plan: Path) -> None:
    digest = digest_of(plan)
    plan.write_text(plan.read_text(encoding="utf-8") + " ", encoding="utf-8")
    before = run("plan").stdout
    refused = run("apply", str(plan), "--expect-digest", digest, code=4)
    assert "is not the plan that was reviewed" in refused.stderr
    assert "have the new plan reviewed" in refused.stderr
    assert run("plan").stdout == before


def test_an_empty_digest_expects_nothing_that_exists(run: Run, plan: Path) -> None:
    """What a pipeline passes on when an earlier step did not say: it is no permission, and nothing to plan anew for."""
    assert "`--expect-digest` is empty" in run("apply", str(plan), "--expect-digest", "", code=64).stderr


def test_a_digest_without_a_plan_is_wrong_usage(run: Run) -> None:
    said = run("apply", "--auto-approve", "--expect-digest", "ab", code=64).stderr
    assert "give the PLAN that was reviewed" in said


def test_a_reviewed_plan_is_refused_when_the_world_has_moved(run: Run, plan: Path) -> None:
    digest = digest_of(plan)
    run("apply", "--auto-approve")
    assert "plan again" in run("apply", str(plan), "--expect-digest", digest, code=4).stderr


def test_a_plan_for_moved_lines_is_the_same_plan(run: Run, plan: Path, tmp_path: Path) -> None:
    move_lines(tmp_path)
    again = tmp_path / "again.json"
    run("plan", "--out", str(again))
    assert digest_of(again) != digest_of(plan)
    assert "Plan: 2 to invite" in run("show", str(again), "--same-as", str(plan)).stdout


def test_a_plan_with_other_steps_is_told_with_what_differs(run: Run, plan: Path, tmp_path: Path) -> None:
    run("apply", str(plan))
    run("sandbox", "people", "answer", "accept", "--all")
    again = tmp_path / "again.json"
    run("plan", "--out", str(again))
    said = run("show", str(again), "--same-as", str(plan), code=4)
    assert "this is not the plan that was reviewed" in said.stderr
    assert " is new" in said.stderr
    assert "invite acme-dev/member/cy is not in it any more" in said.stderr
    assert "have this plan reviewed" in said.stderr


def test_every_command_tells_later_steps_its_exit_code(
    run: Run, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = tmp_path / "outputs"
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    run("apply", str(plan), "--expect-digest", "ab", code=4)
    lines = outputs.read_text(encoding="utf-8").splitlines()
    assert [lines[0].split("<<")[0], lines[1]] == ["exit_code", "4"]
