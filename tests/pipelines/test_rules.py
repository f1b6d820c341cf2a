"""What docs/pipelines.md promises of the workflows, beyond what zizmor finds when `make lint` runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.workflow import ROOT, WORKFLOWS

ACTION = ROOT / ".github" / "actions" / "reconciler" / "action.yml"
FILES = [*sorted(WORKFLOWS.glob("*.yml")), ACTION]
PINNED = re.compile(r"uses: (\./\S+|[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)+)$")
NOT_A_FORK = "github.event.pull_request.head.repo.full_name == github.repository"

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
every_workflow = pytest.mark.parametrize("path", FILES[:-1], ids=lambda path: path.name)


def read(path: Path) -> dict[Any, Any]:
    made: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return made


def triggers(path: Path) -> dict[str, Any]:
    made: dict[str, Any] = read(path)[True]  # YAML 1.1 reads the key `on` as true
    return made


def steps(path: Path) -> Iterator[dict[str, Any]]:
    content = read(path)
    for job in [content["runs"]] if "runs" in content else content["jobs"].values():
        yield from job["steps"]


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
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & triggers(path).keys()
    if "pull_request" in triggers(path):
        closed = (NOT_A_FORK, "&& github.event_name == 'schedule'")  # nobody sends a schedule
        jobs = read(path)["jobs"].values()
        open_to_forks = [job for job in jobs if not any(condition in job.get("if", "") for condition in closed)]
        assert open_to_forks
        assert not any(knows_a_secret(job) for job in open_to_forks)


@pytest.mark.parametrize("name", ["access-review", "access-apply", "access-drift"])
def test_nothing_with_a_credential_runs_before_somebody_says_so(name: str) -> None:
    jobs = read(WORKFLOWS / f"{name}.yml")["jobs"]
    begins = [job for job in jobs.values() if knows_a_secret(job) and not {"plan", "apply", "drift"} & set(needs(job))]
    assert begins
    assert all("vars.ACCESS_ENABLED == 'true'" in job["if"] for job in begins)


def needs(job: dict[str, Any]) -> list[str]:
    wanted: str | list[str] = job.get("needs", [])
    return [wanted] if isinstance(wanted, str) else wanted


def test_whoever_writes_the_comment_runs_the_base_branch() -> None:
    checkout = read(WORKFLOWS / "access-review.yml")["jobs"]["comment"]["steps"][0]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


def test_applies_queue_and_none_is_given_up() -> None:
    concurrency = read(WORKFLOWS / "access-apply.yml")["concurrency"]
    assert (concurrency["cancel-in-progress"], concurrency["queue"]) == (False, "max")
