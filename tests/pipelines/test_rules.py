"""What docs/pipelines.md promises of the workflows, beyond what zizmor finds when `make lint` runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.workflow import ACTION, HERE, ROOT, WORKFLOWS, needs, read, triggers

CALLERS = ["access-review", "access-apply", "access-drift", "access-command"]
CALLED = ["review", "apply", "drift", "command"]
FILES = [*sorted(WORKFLOWS.glob("*.yml")), ACTION]
EXAMPLES = ROOT / "examples" / "pipelines" / "github"
PINNED = re.compile(r"uses: (\$/\.github/\S+|[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)+)$")
NOT_A_FORK = "github.event.pull_request.head.repo.full_name == github.repository"

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
every_workflow = pytest.mark.parametrize("path", FILES[:-1], ids=lambda path: path.name)


def steps(path: Path) -> Iterator[dict[str, Any]]:
    content = read(path)
    for job in [content["runs"]] if "runs" in content else content["jobs"].values():
        yield from job.get("steps", ())


def knows_a_secret(job: dict[str, Any]) -> bool:
    return "secrets." in str(job) or "write" in job["permissions"].values()


@every_file
def test_actions_are_pinned_by_commit_with_the_version_beside_it(path: Path) -> None:
    used = re.findall(r"^ *(?:- )?(uses: .*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert used
    assert [line for line in used if not PINNED.match(line)] == []


@every_file
def test_nothing_from_outside_becomes_text_of_a_script(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@every_workflow
def test_rights_begin_with_none_and_every_job_names_its_own(path: Path) -> None:
    assert read(path)["permissions"] == {}
    assert all("permissions" in job for job in read(path)["jobs"].values())


@every_workflow
def test_no_token_is_left_in_a_checkout(path: Path) -> None:
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every_workflow
def test_nothing_runs_with_secrets_on_what_a_stranger_has_sent(path: Path) -> None:
    comments = set() if path.stem == "access-command" else {"issue_comment"}
    assert not {"pull_request_target", "workflow_run", *comments} & triggers(read(path)).keys()
    if path.stem == "review" or ("pull_request" in triggers(read(path)) and path.stem not in CALLERS):
        closed = (NOT_A_FORK, "&& github.event_name == 'schedule'")  # nobody sends a schedule
        jobs = read(path)["jobs"].values()
        open_to_forks = [job for job in jobs if not any(condition in job.get("if", "") for condition in closed)]
        assert open_to_forks
        assert not any(knows_a_secret(job) for job in open_to_forks)


@pytest.mark.parametrize("name", CALLED)
def test_nothing_with_a_credential_runs_before_somebody_says_so(name: str) -> None:
    jobs = read(WORKFLOWS / f"{name}.yml")["jobs"]
    first = {"plan", "apply", "drift", "judge"}
    begins = [job for key, job in jobs.items() if key == "judge" or (knows_a_secret(job) and not first & {*needs(job)})]
    assert begins
    assert all("vars.ACCESS_ENABLED == 'true'" in job["if"] for job in begins)


def test_whoever_writes_the_comment_runs_the_base_branch() -> None:
    checkout = read(WORKFLOWS / "review.yml")["jobs"]["comment"]["steps"][0]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


def test_a_comment_starts_nothing_on_the_commit_of_a_pull_request() -> None:
    """It runs with the rights of the default branch: so nothing else is ever checked out, nor taken from elsewhere."""
    jobs = read(WORKFLOWS / "command.yml")["jobs"].values()
    all_steps = [step for job in jobs for step in job["steps"]]
    assert all("ref" not in step.get("with", {}) and "artifact" not in step.get("uses", "") for step in all_steps)
    assert not any(word in step.get("run", "") for step in all_steps for word in ("git ", "pip ", "clone", "download"))
    assert not any("secrets." in str(job) for job in jobs)
    assert all(job["permissions"].get("contents", "read") == "read" for job in jobs)


@pytest.mark.parametrize("name", ["apply", "drift"])
def test_applies_queue_and_none_is_given_up(name: str) -> None:
    concurrency = read(WORKFLOWS / f"{name}.yml")["concurrency"]
    assert (concurrency["cancel-in-progress"], concurrency["queue"]) == (False, "max")
    assert concurrency["group"].startswith("access-apply-${{ inputs.workspace }}-")


@pytest.mark.parametrize("name", CALLERS)
def test_a_caller_grants_what_the_jobs_ask_for_and_nothing_more(name: str) -> None:
    """GitHub refuses to start a workflow in which a called job asks for more than the caller has."""
    (call,) = read(WORKFLOWS / f"{name}.yml")["jobs"].values()
    called = read(WORKFLOWS / call["uses"].removeprefix(f"{HERE}workflows/"))
    asked: dict[str, str] = {}
    for job in called["jobs"].values():
        for scope, right in job["permissions"].items():
            asked[scope] = max(right, asked.get(scope, ""))  # "write" stands behind "read"
    assert call["permissions"] == asked
    declared = triggers(called)["workflow_call"]
    assert call["with"].keys() <= declared["inputs"].keys()
    assert call.get("secrets", {}) == {secret: f"${{{{ secrets.{secret} }}}}" for secret in declared.get("secrets", {})}


@pytest.mark.parametrize("name", CALLERS)
def test_the_example_to_copy_is_what_this_repository_runs(name: str) -> None:
    ours = (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8")
    theirs = re.sub(r"uses: \$/(\S+)", r"uses: OWNER/REPOSITORY/\1@COMMIT", ours)
    theirs = theirs.replace("workspace: examples/quickstart", "workspace: . # the folder with reconciler.yaml")
    assert (EXAMPLES / f"{name}.yml").read_text(encoding="utf-8") == theirs


@pytest.mark.parametrize("name", CALLED)
def test_every_input_is_used_and_has_a_default(name: str) -> None:
    text = (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8")
    for given, about in triggers(read(WORKFLOWS / f"{name}.yml"))["workflow_call"]["inputs"].items():
        assert f"inputs.{given}" in text
        assert about["description"].endswith(".")
        assert "default" in about
