"""The scripts of the workflows, played in a real shell against a real repository and a forge on this machine."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator

import pytest

from tests.features.publishing.double import TOKEN, Forge, running
from tests.pipelines.repository import Repository, make_unreadable
from tests.pipelines.workflow import ROOT, Runner, Value

CY_JOINS = ("      bo: admin\n      # Access ends", "      bo: admin\n      cy: standard\n      # Access ends")

GH = """#!/usr/bin/env bash
echo "gh $*" >> "$HOME/gh-calls"
case "$*" in
  *commits/*/pulls*) [[ ! -d $HOME/artifacts/access-plan ]] || echo 5 head-of-the-branch ;;
  *access-review.yml/runs*) echo 42 ;;
  "run download 42 "*) mkdir -p "${@: -1}" && cp "$HOME"/artifacts/access-plan/* "${@: -1}" ;;
  "workflow run access-apply.yml "*) ;;
  "run rerun 42 "*) ;;
  *collaborators/eve/permission*) echo read ;;
  *collaborators/*/permission*) echo write ;;
  *pulls/5/reviews*) cat "$HOME/reviews" ;;
  *pulls/5*) cat "$HOME/pull-request" ;;
  "pr comment 5 "*) cat > "$HOME/answer" ;;
  *matching-refs/tags/v*) printf 'refs/tags/%s\\n' v1 v1.10.0 v1.9.0 v1.10.0-rc1 ;;
  *commits/v1.10.0*committer*) cat "$HOME/newest" ;;
  *commits/v1.9.0*) printf '%040d\\n' 9 ;;
  *commits/v1.10.0*) printf '%040d\\n' 10 ;;
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
        "GITHUB_WORKFLOW_REF": "acme/access/.github/workflows/access-apply.yml@refs/heads/main",
        "GITHUB_SHA": repository.git("rev-parse", "HEAD"),
        "RUNNER_TEMP": str(home),
        "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
    }
    told: dict[str, Value] = {
        "github.token": TOKEN,
        "github.sha": "c0ffee",
        "github.server_url": "https://forge.example",
        "github.repository": "acme/access",
        "github.run_id": "77",
        "github.event_name": "push",
        "github.event.pull_request.head.repo.full_name": "acme/access",
        "github.event.pull_request.base.sha": "ba5e",
        "inputs.organization": "",
        "runner.temp": str(home),
        "secrets.TIKTOK_READ_TOKEN": "",
        "secrets.TIKTOK_ACCESS_TOKEN": "",
        "vars.ACCESS_ENABLED": "true",
        "vars.ACCESS_READ_ROLE": "",
        "vars.ACCESS_WRITE_ROLE": "",
    }
    inputs: dict[str, Value] = {"workspace": "tiktok"}
    return Runner(checkout=repository.root, environment=environment, told=told, tools=gh.parent, inputs=inputs)


def review(runner: Runner, repository: Repository, *, plan_exits: int = 0) -> None:
    """The three jobs of a pull request, and what it leaves behind."""
    runner.play("review.yml", "check")
    runner.play("review.yml", "plan", failing=("Tell whether something is blocked or unread",) if plan_exits else ())
    repository.git("restore", ".")
    runner.play("review.yml", "comment")


def plan_on_main(runner: Runner) -> str:
    """Which environment the plan would be carried out in."""
    runner.environment["GITHUB_REF"] = "refs/heads/main"
    return runner.play("apply.yml", "plan")["Compare with what was reviewed"].outputs["environment"]


def apply_on_main(runner: Runner, *, code: int = 0) -> str:
    failing = ("Apply",) if code else ()
    done = runner.play("apply.yml", "apply", failing=failing)
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
    assert str(runner.told["needs.plan.outputs.digest"]) in comment["body"]

    repository.merge()
    assert plan_on_main(runner) == "access"
    apply_on_main(runner)
    assert "cy" in repository.call("who", "cy").stdout
    assert "acme-bc" in repository.call("who", "cy").stdout
    assert "head_sha=head-of-the-branch" in (runner.checkout.parent / "gh-calls").read_text(encoding="utf-8")
    runner.play("apply.yml", "tell")
    assert "**Applied 0 changes; 1 requested.**" in comment["body"]
    assert "[The run of apply](https://forge.example/acme/access/actions/runs/77)" in comment["body"]
    assert comment["body"].index("1 requested") < comment["body"].index("### Access review")


@pytest.mark.full
def test_a_moved_world_makes_a_new_plan_that_asks_again(runner: Runner, repository: Repository, forge: Forge) -> None:
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    review(runner, repository)
    repository.merge()
    repository.call("sandbox", "role", "eve", "acme-bc", "admin", "--as", "ana")
    repository.call("drift")
    assert plan_on_main(runner) == "access-new-plan"
    runner.play("apply.yml", "ask")
    assert "**Merged, and not applied yet.**" in forge.comments[0]["body"]
    apply_on_main(runner)
    runner.play("apply.yml", "tell")
    body = forge.comments[0]["body"]
    assert ("not applied yet" in body, "1 requested" in body, body.count("### Access review")) == (False, True, 1)


@pytest.mark.full
def test_a_plan_that_got_stale_while_it_waited_starts_the_workflow_again(
    runner: Runner, repository: Repository
) -> None:
    repository.edit(*CY_JOINS)
    repository.commit("Straight to main")
    assert plan_on_main(runner) == "access-new-plan"
    repository.call("apply", "--auto-approve")
    assert "has changed since the plan was made" in apply_on_main(runner, code=4)
    runner.play("apply.yml", "again")
    calls = (runner.checkout.parent / "gh-calls").read_text(encoding="utf-8")
    assert "workflow run access-apply.yml --repo acme/access --ref main --field organization=" in calls


@pytest.mark.full
def test_another_file_than_the_one_that_was_planned_is_not_carried_out(runner: Runner, repository: Repository) -> None:
    repository.edit(*CY_JOINS)
    repository.commit("Straight to main")
    plan_on_main(runner)
    plan = runner.artifacts / "access-plan-c0ffee" / "plan.json"
    plan.write_text(plan.read_text(encoding="utf-8").replace('"standard"', '"admin"'), encoding="utf-8")
    assert "is not the plan that was reviewed" in apply_on_main(runner, code=4)


def test_rules_that_no_commit_holds_are_not_applied_under(runner: Runner, repository: Repository) -> None:
    repository.edit(*CY_JOINS)
    repository.commit("Straight to main")
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
    runner.play("review.yml", "plan")
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
    runner.play("review.yml", "check")
    runner.play("review.yml", "comment")
    (comment,) = forge.comments
    assert "No plan could be made of this change" in comment["body"]


def test_drift_is_one_issue_until_it_is_gone(runner: Runner, repository: Repository, forge: Forge) -> None:
    runner.environment["GITHUB_REF"] = "refs/heads/main"

    def look() -> None:
        assert set(runner.run("access-drift.yml").values()) == {"success"}

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
        outputs = runner.play("drift.yml", "drift", failing=failing)["Look for drift"].outputs
        runner.play("drift.yml", "tell")
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
    assert json.loads((runner.artifacts / "access-plan" / "plan.json").read_text())["organizations"][0]["unread"]
    (comment,) = forge.comments
    assert "**Unread: everything of acme-bc." in comment["body"]
    assert "Access matches the manifests" not in comment["body"]


def test_a_run_that_was_cancelled_still_gives_its_locks_back(runner: Runner) -> None:
    (runner.artifacts / "access-plan-c0ffee").mkdir(parents=True)
    runner.told["needs.plan.outputs.digest"] = "none"
    done = runner.play("apply.yml", "apply", cancelled=True)
    assert done["Give locks back that a cancelled run has left behind"].code == 0


@pytest.mark.full
@pytest.mark.parametrize("is_private", [False, True], ids=["public", "private"])
def test_one_line_is_enough_from_the_pull_request_to_what_became_of_it(
    runner: Runner, repository: Repository, forge: Forge, *, is_private: bool
) -> None:
    """A private repository has no licence for code scanning; the one of a public one costs nothing."""
    runner.is_private = is_private
    runner.inputs["code-scanning"] = not is_private
    forge.labels = {"access:money"}
    with repository.pull_request("cy-manages"):
        repository.edit("      bo: admin\n      # Access ends", "      bo: admin\n      cy: admin\n      # Access ends")
    assert runner.run("access-review.yml") == {"check": "success", "plan": "success", "comment": "success"}
    assert forge.labels == {"access:admin"}
    assert set(runner.scanned) == (set() if is_private else {"access-validate", "access-plan"})

    repository.merge()
    runner.environment["GITHUB_REF"] = "refs/heads/main"
    assert runner.run("access-apply.yml") == {
        "plan": "success",
        "ask": "skipped",
        "apply": "success",
        "tell": "success",
        "again": "skipped",
    }
    (comment,) = forge.comments
    assert comment["body"].index("requested") < comment["body"].index("<summary>What was reviewed</summary>")
    runner.told["github.event_name"] = "schedule"
    assert runner.run("access-apply.yml")["tell"] == "skipped"


@pytest.mark.full
def test_a_fork_is_checked_and_gets_nothing_that_needs_a_token(
    runner: Runner, repository: Repository, forge: Forge
) -> None:
    runner.told["github.event.pull_request.head.repo.full_name"] = "mallory/access"
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    assert runner.run("access-review.yml") == {"check": "success", "plan": "skipped", "comment": "skipped"}
    assert forge.comments == []


@pytest.mark.full
def test_a_plan_that_is_not_applied_is_told_as_that(runner: Runner, repository: Repository, forge: Forge) -> None:
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    review(runner, repository)
    repository.merge()
    runner.environment["GITHUB_REF"] = "refs/heads/main"
    (repository.workspace / "reconciler.yaml").write_text("broken", encoding="utf-8")
    done = runner.play("apply.yml", "plan", failing=("Plan",))
    assert done.keys() == {"Find the plan that was reviewed", "Plan"}
    runner.play("apply.yml", "tell")
    (comment,) = forge.comments
    assert "**Nothing of this was applied.**" in comment["body"]
    assert "### Access review" in comment["body"]


def comment(runner: Runner, body: str, *, who: str = "ana", pull: str = "", reviews: str = "") -> dict[str, str]:
    """What a comment on a pull request of cy's starts; by default on one that was merged."""
    home = runner.checkout.parent
    (home / "pull-request").write_text(f"{pull or 'c0ffee acme/access true'} cy\n", encoding="utf-8")
    (home / "reviews").write_text(reviews, encoding="utf-8")
    runner.environment |= {"GITHUB_REF": "refs/heads/main"}
    runner.told |= {
        "github.event.issue.pull_request": True,
        "github.event.issue.number": "5",
        "github.event.comment.body": body,
        "github.event.comment.user.login": who,
    }
    return runner.run("access-command.yml")


def calls(runner: Runner) -> list[str]:
    return (runner.checkout.parent / "gh-calls").read_text(encoding="utf-8").splitlines()


def test_the_review_is_run_again_under_the_rules_of_a_pull_request(runner: Runner) -> None:
    done = comment(runner, "/reconciler plan\r\nplease", pull="c0ffee acme/access false")
    assert done == {"judge": "success", "again": "success", "why": "skipped", "answer": "skipped"}
    assert calls(runner)[-1] == "gh run rerun 42 --repo acme/access"


BO_APPROVES = "User bo APPROVED c0ffee\n"


@pytest.mark.parametrize(
    "reviews",
    [
        BO_APPROVES,
        f"User eve CHANGES_REQUESTED c0ffee\nUser bo CHANGES_REQUESTED 01d\n{BO_APPROVES}User bo COMMENTED c0ffee\n",
    ],
    ids=["approved", "approved in the end"],
)
def test_what_was_approved_and_merged_is_applied_from_main(runner: Runner, reviews: str) -> None:
    assert comment(runner, "/reconciler apply", reviews=reviews)["again"] == "success"
    assert calls(runner)[-1] == "gh workflow run access-apply.yml --repo acme/access --ref main"


@pytest.mark.parametrize(
    "reviews",
    [
        "",
        "User eve APPROVED c0ffee\n",
        "User cy APPROVED c0ffee\n",
        "Bot bo APPROVED c0ffee\n",
        "null null APPROVED c0ffee\n",
        "User bo APPROVED 01d\n",
        "User bo DISMISSED c0ffee\n",
        f"{BO_APPROVES}User bo CHANGES_REQUESTED c0ffee\n",
    ],
    ids=["none", "a stranger", "the author", "a bot", "nobody", "an older commit", "taken back", "changed their mind"],
)
def test_an_approval_counts_of_another_who_may_write_about_what_was_merged(runner: Runner, reviews: str) -> None:
    done = comment(runner, "/reconciler apply", reviews=reviews)
    assert done == {"judge": "success", "again": "skipped", "why": "skipped", "answer": "success"}
    assert (runner.checkout.parent / "answer").read_text(encoding="utf-8").startswith("Nobody else who may write")


@pytest.mark.parametrize(
    ("body", "pull", "told"),
    [
        ("/reconciler apply", "c0ffee acme/access false", "Merge it"),
        ("/reconciler plan", "c0ffee mallory/access false", "This comes from a fork"),
        ("/reconciler plan", "c0ffee - false", "This comes from a fork"),
        ("/reconciler destroy", "", "Write `/reconciler plan`"),
        ("/reconciler why ana --config=/etc/passwd", "", "Write `/reconciler plan`"),
        ("/reconciler why $(id) acme-bc", "", "Write `/reconciler plan`"),
    ],
)
def test_what_is_refused_is_told_and_starts_nothing(runner: Runner, body: str, pull: str, told: str) -> None:
    done = comment(runner, body, pull=pull, reviews=BO_APPROVES)
    assert done == {"judge": "success", "again": "skipped", "why": "skipped", "answer": "success"}
    assert (runner.checkout.parent / "answer").read_text(encoding="utf-8").startswith(told)


def test_whoever_may_not_write_is_not_even_answered(runner: Runner) -> None:
    done = comment(runner, "/reconciler why ana acme-bc", who="eve")
    assert done == {"judge": "success", "again": "skipped", "why": "skipped", "answer": "skipped"}
    assert len(calls(runner)) == 1


@pytest.mark.parametrize("body", ["/reconcilerplan", "Please `/reconciler apply`", "> /reconciler plan"])
def test_other_comments_start_nothing(runner: Runner, body: str) -> None:
    assert set(comment(runner, body).values()) == {"skipped"}


@pytest.mark.full
def test_why_is_answered_from_the_manifests_of_main(runner: Runner) -> None:
    assert comment(runner, "/reconciler why bo acme-bc")["answer"] == "success"
    assert "admin" in (runner.checkout.parent / "answer").read_text(encoding="utf-8")
    assert comment(runner, "/reconciler why nobody acme-bc")["answer"] == "success"
    assert "nobody" in (runner.checkout.parent / "answer").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("pinned", "newest", "told"),
    [
        (f"{10:040d} # v1.10.0", "2026-01-01T00:00:00Z", ""),
        (f"{9:040d} # v1.9.0", "9999-01-01T00:00:00Z", ""),
        (f"{9:040d} # v1.9.0", "2026-01-01T00:00:00Z", "actions/some is v1.9.0; there is v1.10.0 since 2026-01-01"),
        (f"{7:040d} # v1.10.0", "2026-01-01T00:00:00Z", f"actions/some@{7:040d} is not v1.10.0, which is {10:040d}"),
    ],
    ids=["newest", "newer since a day", "old", "another commit"],
)
def test_every_week_somebody_looks_whether_pinned_actions_are_old_or_not_what_they_say(
    runner: Runner, pinned: str, newest: str, told: str
) -> None:
    workflow = runner.checkout / ".github" / "workflows" / "ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(f"      - uses: actions/some@{pinned}\n", encoding="utf-8")
    (runner.checkout.parent / "newest").write_text(newest, encoding="utf-8")
    step = "Ask what the pinned actions are, and what is newer"
    done = runner.play("ci.yml", "pins", failing=(step,) if told else ())[step]
    assert done.outputs["found"].strip() == (f"- {told}" if told else "")


PYTHON = """#!/usr/bin/env bash
case "$*" in
  "-m venv "*)
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
    echo 'echo reconciler 9.9' > "$3/bin/reconciler" && chmod +x "$3/bin/reconciler" ;;
  *install*) echo "${@:6}" >> "$HOME/installed" ;;
esac
"""


@pytest.mark.parametrize(
    ("inputs", "installed"),
    [
        (
            {"extras": "cloud"},
            [
                "--require-hashes --requirement {lock}/build.txt --requirement {lock}/extras.txt",
                "--no-deps --no-build-isolation {root}",
            ],
        ),
        ({"extras": "cloud", "version": "0.1.0"}, ["access-reconciler[cloud]==0.1.0"]),
        (
            {"version": "0.1.0", "requirements": "tiktok/reconciler.yaml"},
            ["--require-hashes --requirement tiktok/reconciler.yaml", "access-reconciler==0.1.0"],
        ),
        (
            {"extras": "cloud,policy", "requirements": "tiktok/reconciler.yaml"},
            ["--require-hashes --requirement tiktok/reconciler.yaml", "{root}[cloud,policy]"],
        ),
    ],
    ids=["commit", "release", "release, pinned", "commit, pinned"],
)
def test_the_action_installs_what_the_commit_or_the_inputs_pin(
    runner: Runner, inputs: dict[str, str], installed: list[str]
) -> None:
    python = runner.tools / "python"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    runner.environment["GITHUB_PATH"] = str(runner.checkout.parent / "path")
    runner.told["github.action_path"] = str(ROOT / ".github" / "actions" / "reconciler")
    done = runner.install(**inputs)
    assert done["install"].outputs["version"] == "9.9"
    wanted = [line.format(root=ROOT, lock=ROOT / "requirements") for line in installed]
    assert (runner.checkout.parent / "installed").read_text(encoding="utf-8").splitlines() == wanted
    other = runner.install(**{**inputs, "version": "0.2.0"})
    assert done["choose"].outputs["key"] != other["choose"].outputs["key"]
