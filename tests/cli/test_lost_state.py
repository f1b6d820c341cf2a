"""A state that is not there is asked about, and what failed fails again: a lack of memory is never called fine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

Run = Callable[..., Result]
MANIFEST = """version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
  nia: {email: nia@acme.example}
organizations:
  dev: {system: developers, name: Acme, members: {ana: admin, bo: admin}}
"""
PLATFORM = """version: 1
people: {ana: ana@acme.example, bo: bo@acme.example, gus: gus@acme.example}
organizations:
  dev: {system: developers, name: Acme, members: {ana: admin, bo: admin}}
"""
QUESTION = "No state of dev: first run, or lost?"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    (tmp_path / "access").mkdir()
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: sandbox}}\n", encoding="utf-8")
    (tmp_path / "sandbox.yaml").write_text(PLATFORM, encoding="utf-8")
    (tmp_path / "access" / "acme.yaml").write_text(MANIFEST, encoding="utf-8")
    start("apply", "--auto-approve")
    return start


def test_a_lost_state_is_asked_about(run: Run, tmp_path: Path) -> None:
    assert "No changes. Access matches the manifests." in run("plan").stdout
    assert "No drift. Everything is as recorded." in run("drift").stdout
    assert "as declared" in run("who", "bo").stdout
    shutil.rmtree(tmp_path / ".reconciler" / "state")
    assert f"No changes. {QUESTION}" in run("plan").stdout
    assert f"No drift that could be told. {QUESTION}" in run("drift").stdout
    told = run("who", "bo", code=1).stdout
    assert QUESTION in told
    assert "not there" not in told
    told = run("access", "dev", code=1).stdout
    assert QUESTION in told
    assert "declared, nothing recorded" in told
    assert "not there" not in told
    assert "0 people" not in told
    assert QUESTION in run("plan", "--format", "markdown").stdout


def test_no_question_is_answered_without_a_state_as_if_all_were_well(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "access" / "acme.yaml"
    manifest.write_text(MANIFEST.replace("people:", "people:\n  nil: {email: nil@acme.example}"), encoding="utf-8")
    for words in (lists := [["who", "--all"], ["access", "--all"], ["who", "--can", "admin"], ["expiring"]]):
        run(*words)
    shutil.rmtree(tmp_path / ".reconciler" / "state")
    why = run("why", "bo", "dev", code=1).stdout
    assert "nobody can tell whether they have access in dev; declared: admin" in why
    assert "live:     not known" in why
    for words in [*lists, ["who", "nil"], ["who", "--all", "--format", "csv"], ["why", "bo", "dev"]]:
        told = run(*words, code=1)
        assert "nothing is known of what is there in dev: there is no state\n  advice: " in told.stderr
        assert "not there" not in told.stdout
        assert "not given yet" not in told.stdout


def test_an_audit_after_the_loss_does_not_make_anybody_missing(run: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / ".reconciler" / "state")
    for words in (("invite", "gus@acme.example", "dev", "member"), ("accept", "gus@acme.example", "dev")):
        run("sandbox", *words)
    assert "gus" in run("drift").stdout
    for question in (("who", "bo"), ("access", "dev")):
        told = run(*question, code=1).stdout
        assert QUESTION in told
        assert "not there" not in told
    assert "not declared" in run("who", "gus@acme.example").stdout
    assert QUESTION in run("plan").stdout
    assert QUESTION in run("drift").stdout


def test_what_failed_makes_the_next_apply_of_the_day_fail_again(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "access" / "acme.yaml"
    manifest.write_text(MANIFEST.replace("bo: admin}}", "bo: admin, nia: member}}"), encoding="utf-8")
    run("apply", "--auto-approve", code=1)
    told = run("apply", "--auto-approve", code=1).output
    assert "nia" in told
    assert "Access matches the manifests" not in told


def test_a_state_that_was_written_where_nothing_could_be_read_shows_nobody_as_absent(run: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / ".reconciler" / "state")
    config = tmp_path / "reconciler.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("sandbox", "work_orders"), encoding="utf-8")
    run("apply", "--auto-approve", code=1)
    assert "dev" in run("state", "list").stdout
    for words in (["who", "bo"], ["access", "dev"]):
        told = run(*words, code=1).stdout
        assert "declared, nothing recorded" in told
        assert "not there" not in told


def test_a_plan_that_reads_nothing_says_so_first_and_forgets_nobody(run: Run, tmp_path: Path) -> None:
    run("sandbox", "invite", "gus@acme.example", "dev", "admin")
    run("sandbox", "accept", "gus@acme.example", "dev")
    run("drift")
    manifest = tmp_path / "access" / "acme.yaml"
    manifest.write_text(MANIFEST.replace("bo: admin}}", "bo: admin, nia: member}}"), encoding="utf-8")
    told = run("plan", "--no-refresh").stdout
    assert "gus@acme.example is an admin of dev, and no manifest says so" in told
    assert told.index("Nothing was read from any system") < told.index("invite")
    assert "Nothing was read from any system" in run("plan", "--no-refresh", "--format", "markdown").stdout


def test_a_plan_that_reads_nothing_knows_of_what_was_made_more_by_hand(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "access" / "acme.yaml"
    more = MANIFEST.replace("{ana: admin, bo: admin}", "{ana: admin, bo: admin, gus: member}")
    manifest.write_text(more.replace("people:", "people:\n  gus: {email: gus@acme.example}"), encoding="utf-8")
    run("apply", "--auto-approve")
    run("sandbox", "accept", "gus@acme.example", "dev")
    run("apply", "--auto-approve")
    run("sandbox", "promote", "gus@acme.example", "dev")
    run("drift")
    told = run("plan", "--no-refresh").stdout
    assert "gus is an admin of dev, and no manifest says so" in told
    assert "No changes" not in told


def test_a_plan_without_a_look_or_a_record_is_unread(run: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / ".reconciler" / "state")
    told = run("plan", "--no-refresh", code=1).stdout
    assert "everything of dev" in told
    assert "nothing is recorded of it" in told
    run("plan", "--estimate")


def test_a_state_that_nobody_has_is_not_verified(run: Run) -> None:
    assert "has no state" in run("state", "verify", "dv", code=1).stderr
    assert "1 organization: everything can be read" in run("state", "verify", "dev").stderr


def test_a_state_is_not_moved_to_where_it_is(run: Run) -> None:
    told = run("state", "migrate", "file:.reconciler/state", "--yes", code=64)
    assert "the state is there already" in told.stderr
    assert "unlock" not in told.stderr
