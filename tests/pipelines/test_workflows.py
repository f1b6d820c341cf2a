"""The scripts of the workflows, played in a real shell against a real repository and a forge on this machine."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator

import pytest

from tests.features.publishing.double import TOKEN, Forge, running
from tests.pipelines.repository import Repository, make_unreadable
from tests.pipelines.workflow import Runner

CY_JOINS = ("      bo: admin\n      # Access ends", "      bo: admin\n      cy: standard\n      # Access ends")

GH = """#!/usr/bin/env bash
echo "gh $*" >> "$HOME/gh-calls"
case "$*" in
  *commits/*/pulls*) echo head-of-the-branch ;;
  *access-review.yml/runs*) echo 42 ;;
  "run download 42 "*) mkdir -p "${@: -1}" && cp "$HOME"/reviewed/* "${@: -1}" ;;
  "workflow run access-apply.yml "*) ;;
  *) exit 1 ;;
esac
"""


@pytest.fixture
def forge() -> Iterator[Forge]:
    with running(Forge()) as forge:
        yield forge


@pytest.fixture
def runner(repository: Repository, forge: Forge) -> Runner:
    """A machine whose `gh` knows one pull request and its run, and whose home keeps what that run uploaded."""
    home = repository.root.parent
    gh = home / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH, encoding="utf-8")
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "acme/access",
        "GITHUB_REF": "refs/pull/5/merge",
        "GITHUB_REF_NAME": "main",
        "GITHUB_RUN_ID": "77",
        "GITHUB_SHA": repository.git("rev-parse", "HEAD"),
        "RUNNER_TEMP": str(home),
        "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
    }
    told = {
        "github.token": TOKEN,
        "github.sha": "c0ffee",
        "inputs.organization": "",
        "secrets.TIKTOK_READ_TOKEN": "",
        "secrets.TIKTOK_ACCESS_TOKEN": "",
    }
    return Runner(checkout=repository.root, environment=environment, told=told, tools=gh.parent, workspace="tiktok")


def review(runner: Runner, repository: Repository, *, plan_exits: int = 0) -> None:
    """The three jobs of a pull request, and what it leaves behind."""
    runner.play("access-review.yml", "check")
    runner.play(
        "access-review.yml", "plan", failing=("Tell whether something is blocked or unread",) if plan_exits else ()
    )
    repository.git("restore", ".")
    runner.play("access-review.yml", "comment")
    shutil.copytree(runner.pages, runner.checkout.parent / "reviewed", dirs_exist_ok=True)


def plan_on_main(runner: Runner) -> str:
    """Which environment the plan would be carried out in."""
    shutil.rmtree(runner.pages)
    runner.environment["GITHUB_REF"] = "refs/heads/main"
    compared = runner.play("access-apply.yml", "plan")["Compare with what was reviewed"]
    runner.told["needs.plan.outputs.digest"] = runner.told["steps.plan.outputs.digest"]
    return compared.outputs["environment"]


def apply_on_main(runner: Runner, *, code: int = 0) -> str:
    failing = ("Apply",) if code else ()
    done = runner.play("access-apply.yml", "apply", failing=failing)
    assert done["Apply"].code == code, done["Apply"].output
    assert done["Apply"].outputs["exit_code"] == str(code)
    return done["Apply"].output


def test_a_reviewed_plan_is_commented_on_and_carried_out_without_another_question(
    runner: Runner, repository: Repository, forge: Forge
) -> None:
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    review(runner, repository)
    (comment,) = forge.comments
    assert "### Access review" in comment["body"]
    assert runner.told["steps.plan.outputs.digest"] in comment["body"]

    repository.merge()
    assert plan_on_main(runner) == "access"
    apply_on_main(runner)
    assert "cy" in repository.call("who", "cy").stdout
    assert "acme-bc" in repository.call("who", "cy").stdout
    assert "head_sha=head-of-the-branch" in (runner.checkout.parent / "gh-calls").read_text(encoding="utf-8")


@pytest.mark.full
def test_a_moved_world_makes_a_new_plan_that_asks_again(runner: Runner, repository: Repository) -> None:
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    review(runner, repository)
    repository.merge()
    repository.call("sandbox", "role", "eve", "acme-bc", "admin", "--as", "ana")
    repository.call("drift")
    assert plan_on_main(runner) == "access-new-plan"


@pytest.mark.full
def test_a_plan_that_got_stale_while_it_waited_starts_the_workflow_again(
    runner: Runner, repository: Repository
) -> None:
    repository.edit(*CY_JOINS)
    repository.commit("Straight to main")
    shutil.copytree(repository.workspace, runner.checkout.parent / "reviewed")  # holds no plan
    runner.pages.mkdir()
    assert plan_on_main(runner) == "access-new-plan"
    repository.call("apply", "--auto-approve")
    assert "has changed since the plan was made" in apply_on_main(runner, code=4)
    runner.play("access-apply.yml", "again")
    calls = (runner.checkout.parent / "gh-calls").read_text(encoding="utf-8")
    assert "workflow run access-apply.yml --repo acme/access --ref main --field organization=" in calls


@pytest.mark.full
def test_another_file_than_the_one_that_was_planned_is_not_carried_out(runner: Runner, repository: Repository) -> None:
    repository.edit(*CY_JOINS)
    repository.commit("Straight to main")
    shutil.copytree(repository.workspace, runner.checkout.parent / "reviewed")
    runner.pages.mkdir()
    plan_on_main(runner)
    plan = runner.pages / "plan.json"
    plan.write_text(plan.read_text(encoding="utf-8").replace('"standard"', '"admin"'), encoding="utf-8")
    assert "is not the plan that was reviewed" in apply_on_main(runner, code=4)


def test_rules_that_no_commit_holds_are_not_applied_under(runner: Runner, repository: Repository) -> None:
    repository.edit(*CY_JOINS)
    repository.commit("Straight to main")
    shutil.copytree(repository.workspace, runner.checkout.parent / "reviewed")
    runner.pages.mkdir()
    plan_on_main(runner)
    with (repository.workspace / "reconciler.yaml").open("a", encoding="utf-8") as config:
        config.write("# of nobody\n")
    assert "in no commit, and --require-clean was given" in apply_on_main(runner, code=1)
    repository.git("restore", ".")
    apply_on_main(runner)


def test_a_change_cannot_loosen_the_rules_that_it_is_judged_by(runner: Runner, repository: Repository) -> None:
    """Nor send a token elsewhere: providers are those of the base too."""
    with repository.pull_request("loosen"):
        config = repository.workspace / "reconciler.yaml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("kind: sandbox", "kind: business_api"), encoding="utf-8")
        (repository.workspace / "policies").mkdir()
        (repository.workspace / "policies" / "loose.yaml").write_text("version: 1\n", encoding="utf-8")
        changed = config.read_text(encoding="utf-8")
    assert (repository.workspace / "reconciler.yaml").read_text(encoding="utf-8") == changed != text
    runner.play("access-review.yml", "plan")
    assert (repository.workspace / "reconciler.yaml").read_text(encoding="utf-8") == text
    assert not (repository.workspace / "policies").exists()


def test_what_is_blocked_is_commented_on_and_fails_the_check(
    runner: Runner, repository: Repository, forge: Forge
) -> None:
    with repository.pull_request("lock-out"):
        repository.edit("      ana: admin\n      bo: admin\n      # Access ends", "      # Access ends")
    review(runner, repository, plan_exits=3)
    (comment,) = forge.comments
    assert "blocked" in comment["body"]


@pytest.mark.full
def test_without_a_plan_the_comment_says_so(runner: Runner, repository: Repository, forge: Forge) -> None:
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    runner.play("access-review.yml", "check")
    runner.play("access-review.yml", "comment")
    (comment,) = forge.comments
    assert "No plan could be made of this change" in comment["body"]


def test_drift_is_one_issue_until_it_is_gone(runner: Runner, repository: Repository, forge: Forge) -> None:
    runner.environment["GITHUB_REF"] = "refs/heads/main"

    def look() -> None:
        shutil.rmtree(runner.pages, ignore_errors=True)
        runner.told |= {
            f"needs.drift.outputs.{name}": text
            for name, text in runner.play("access-drift.yml", "drift")["Look for drift"].outputs.items()
        }
        runner.play("access-drift.yml", "tell")

    repository.call("sandbox", "remove", "eve", "acme-bc")
    repository.call("drift")
    look()  # by now it is known, which keeps the issue open
    (issue,) = forge.issues
    assert (issue["title"], issue["state"], "eve" in issue["body"]) == ("Access drift", "open", True)
    found = json.loads(repository.call("drift", "--no-record", "--format", "json").stdout)["organizations"]
    for item in (item for part in found for item in part["items"]):
        repository.call("drift", "accept", item["found"]["address"], "--until", "2099-01-01", "--reason", "SEC-1")
    look()
    assert issue["state"] == "closed"


@pytest.mark.full
def test_the_issue_stays_open_while_something_cannot_be_read(
    runner: Runner, repository: Repository, forge: Forge
) -> None:
    runner.environment["GITHUB_REF"] = "refs/heads/main"

    def look(*failing: str) -> dict[str, str]:
        shutil.rmtree(runner.pages, ignore_errors=True)
        outputs = runner.play("access-drift.yml", "drift", failing=failing)["Look for drift"].outputs
        runner.told |= {f"needs.drift.outputs.{name}": text for name, text in outputs.items()}
        runner.play("access-drift.yml", "tell")
        return outputs

    repository.call("sandbox", "remove", "eve", "acme-bc")
    assert look()["unread"] == "0"
    (issue,) = forge.issues
    make_unreadable(repository)
    outputs = look("Tell whether everything was read")
    assert (outputs["unread"], outputs["clean"], outputs["new"], outputs["known"] != "0") == ("1", "false", "0", True)
    assert (issue["state"], "eve" in issue["body"]) == ("open", True)
    assert "**Unread: everything of acme-bc." in issue["body"]


def test_a_plan_of_what_can_be_read_is_commented_on_and_fails_the_check(
    runner: Runner, repository: Repository, forge: Forge
) -> None:
    make_unreadable(repository)
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    review(runner, repository, plan_exits=1)
    assert runner.told["steps.plan.outputs.unread"] == "1"
    (comment,) = forge.comments
    assert "**Unread: everything of acme-bc." in comment["body"]
    assert "Access matches the manifests" not in comment["body"]


def test_a_run_that_did_not_end_well_still_gives_its_locks_back(runner: Runner) -> None:
    runner.pages.mkdir()
    (runner.pages / "plan.json").write_text("{}", encoding="utf-8")
    runner.told["needs.plan.outputs.digest"] = "none"
    done = runner.play("access-apply.yml", "apply", failing=("Apply",))
    assert done["Give locks back that a cancelled run has left behind"].code == 0
