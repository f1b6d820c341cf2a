"""`reconciler publish` as a pipeline runs it: the environment says where."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.cli.options import RENDERERS
from reconciler.features.publishing.client import ForgeClient, TokenAccess
from reconciler.features.publishing.forges import detect_forge, find_pull_request
from reconciler.features.publishing.sticky import marker
from reconciler.model import DriftReport, OrganizationDrift, Unread, UsageError
from reconciler.output.document import Style
from tests.features.publishing.double import TOKEN, Forge

Run = Callable[..., Result]
VARIABLES = (
    "CI_API_V4_URL",
    "CI_JOB_TOKEN",
    "CI_MERGE_REQUEST_IID",
    "CI_PROJECT_ID",
    "GITHUB_API_URL",
    "GITHUB_EVENT_PATH",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_TOKEN",
    "GITLAB_CI",
    "GITLAB_TOKEN",
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder; its own environment is empty but for what a test sets."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def start(*words: str, code: int = 0, input: str = "### Plan\n", **environment: str) -> Result:  # noqa: A002  # click's name
        arguments = ["-C", str(tmp_path), "publish", *words]
        result = CliRunner().invoke(cli, arguments, input=input, env=environment)
        assert result.exit_code == code, result.output
        return result

    return start


def in_github(double: Forge) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": double.url,
        "GITHUB_REPOSITORY": "acme/access",
        "GITHUB_REF": "refs/pull/5/merge",
        "GITHUB_TOKEN": TOKEN,
    }


def in_gitlab(double: Forge) -> dict[str, str]:
    return {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{double.url}/api/v4",
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "5",
        "GITLAB_TOKEN": TOKEN,
    }


@pytest.mark.parametrize("environment", [in_github, in_gitlab])
def test_a_pipeline_says_where_and_the_comment_goes_there(
    double: Forge, run: Run, environment: Callable[[Forge], dict[str, str]]
) -> None:
    assert run(**environment(double)).output == "comment: created https://forge.example/101\n"
    assert [row["body"] for row in double.comments] == [f"{marker('.')}\n### Plan\n"]
    assert run(input="### Other\n", **environment(double)).output.startswith("comment: updated")


def test_a_file_a_name_and_a_place_can_be_given(double: Forge, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "plan.md"
    page.write_text("from a file", encoding="utf-8")
    words = ("--to", "github", "--from", str(page), "--name", "eu", "--repository", "a/b", "--number", "5")
    run(*words, "--api", double.url, GITHUB_TOKEN=TOKEN)
    assert double.comments[0]["body"] == f"{marker('eu')}\nfrom a file\n"


@pytest.mark.parametrize("environment", [in_github, in_gitlab])
def test_the_request_is_found_by_the_commit_that_it_was_merged_with(
    double: Forge, run: Run, environment: Callable[[Forge], dict[str, str]]
) -> None:
    where = {**environment(double), "GITHUB_REF": "refs/heads/main", "CI_MERGE_REQUEST_IID": ""}
    run("--merged-with", "c0ffee", **where)
    assert len(double.comments) == 1
    assert "nothing is published" in run("--merged-with", "decaf", **where).output
    assert len(double.comments) == 1


def test_labels_come_from_a_saved_plan_and_the_outcome_from_the_apply_of_it(
    double: Forge, run: Run, tmp_path: Path
) -> None:
    plan, told = str(tmp_path / "plan.json"), str(tmp_path / "told.md")

    def call(*words: str) -> None:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == 0, result.output

    call("init")
    call("plan", "--out", plan)
    double.labels = {"access:admin", "bug"}  # as an earlier version of the change asked
    assert run("--labels-from", plan, **in_github(double)).output.endswith("labels: none\n")
    call("apply", plan, "--format", "json", "--comment-to", told)
    run("--keep", "--from", told, **in_github(double))
    assert "**Applied 0 changes; 2 requested.**" in double.comments[0]["body"]
    assert "### Plan" in double.comments[0]["body"]
    assert double.labels == {"bug"}
    assert "about a comment" in run("--issue", "--title", "t", "--keep", code=64, **in_github(double)).output


def test_a_workspace_in_a_folder_of_its_repository_gives_the_comment_its_name(
    double: Forge, run: Run, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "access").mkdir()
    run("-C", str(tmp_path / "access"), **in_github(double))
    assert double.comments[0]["body"].startswith(marker("access"))


def test_the_drift_of_a_schedule_is_one_issue_until_it_is_settled(double: Forge, run: Run) -> None:
    where = {**in_github(double), "GITHUB_REF": "refs/heads/main"}
    assert run("--issue", "--title", "Access drift", "--label", "access", **where).output.startswith("issue: created")
    assert run("--issue", "--title", "Access drift", input="less", **where).output.startswith("issue: updated")
    assert "nothing to publish" in run("--issue", "--close", input="", code=64, **where).output
    assert run("--issue", "--close", input="No drift.", **where).output.startswith("issue: closed")
    assert run("--issue", "--close", input="No drift.", **where).output == "issue: nothing\n"


def test_an_issue_is_not_closed_by_a_report_that_did_not_see_everything(
    double: Forge, run: Run, tmp_path: Path
) -> None:
    where = {**in_github(double), "GITHUB_REF": "refs/heads/main"}
    run("--issue", "--title", "Access drift", **where)
    part = Unread(organization="bc", prefix="bc/", reason="revoked")
    blind = DriftReport(
        today=date(2026, 11, 28),
        organizations=(
            OrganizationDrift(organization="bc", system="business_center", mode="additive", unread=(part,)),
        ),
    )
    page = tmp_path / "drift.md"
    for report in (blind, replace(blind, organizations=())):
        page.write_text(RENDERERS.drift["markdown"](report, Style()), encoding="utf-8")
        told = run("--issue", "--close", "--from", str(page), code=1 if report is blind else 0, **where).output
        assert ("something is unread" in told) == (report is blind)
        assert double.issues[0]["state"] == ("open" if report is blind else "closed")


def test_the_job_summary_needs_no_forge(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    run("--summary", GITHUB_STEP_SUMMARY=str(path))
    assert path.read_text(encoding="utf-8") == "before\n### Plan\n\n"
    assert "1 MiB" in run("--summary", input="x" * 2**20, code=1, GITHUB_STEP_SUMMARY=str(path)).output
    assert "GITHUB_STEP_SUMMARY is not set" in run("--summary", code=1).output


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        ((), {}, "--to github or --to gitlab"),
        (("--to", "github"), {"GITHUB_TOKEN": TOKEN}, "which repository?"),
        (("--to", "github", "--repository", "a/b"), {"GITHUB_TOKEN": TOKEN}, "this runs for no pull request"),
        (("--to", "gitlab", "--repository", "a/b"), {"GITLAB_TOKEN": TOKEN}, "this runs for no pull request"),
        (
            ("--to", "github", "--number", "1", "--repository", "a/b", "--api", "http://forge.example"),
            {"GITHUB_TOKEN": TOKEN},
            "no place for a token",
        ),
        (("--issue",), {}, "an issue needs a title"),
        (("--title", "x"), {}, "give --issue too"),
        (("--summary", "--issue", "--title", "x"), {}, "two places"),
    ],
)
def test_what_is_missing_is_told(run: Run, words: tuple[str, ...], environment: dict[str, str], told: str) -> None:
    assert told in run(*words, code=64, **environment).output


def test_without_a_token_nothing_is_tried(run: Run) -> None:
    assert "set GITHUB_TOKEN" in run("--to", "github", "--repository", "a/b", "--number", "1", code=1).output


def test_nothing_to_publish_is_a_mistake(double: Forge, run: Run) -> None:
    assert "nothing to publish" in run(input=" \n", code=64, **in_github(double)).output
    assert double.comments == []


def test_a_wrong_token_is_told_and_not_shown(double: Forge, run: Run) -> None:
    output = run(code=1, **{**in_github(double), "GITHUB_TOKEN": "wrong-secret"}).output
    assert "401" in output
    assert "pull-requests: write" in output
    assert "wrong-secret" not in output


def test_the_token_of_a_gitlab_job_is_told_to_be_too_weak(double: Forge, run: Run) -> None:
    environment = {**in_gitlab(double), "CI_JOB_TOKEN": "job"}
    del environment["GITLAB_TOKEN"]
    assert "CI_JOB_TOKEN may not write notes" in run(code=1, **environment).output


def test_the_pull_request_is_found_in_the_event_too(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 12}}), encoding="utf-8")
    assert find_pull_request({"GITHUB_REF": "refs/heads/x", "GITHUB_EVENT_PATH": str(event)}) == 12
    event.write_text("[]", encoding="utf-8")
    assert find_pull_request({"GITHUB_EVENT_PATH": str(event)}) == 0
    assert find_pull_request({"GITHUB_REF": "refs/pull/7/merge"}) == 7


def test_outside_of_a_pipeline_somebody_has_to_say_where() -> None:
    assert detect_forge({"GITLAB_CI": "true"}) == "gitlab"
    with pytest.raises(UsageError):
        detect_forge({})


def test_an_access_does_not_show_its_token() -> None:
    assert TOKEN not in repr(TokenAccess(name="GitHub", base_url="https://forge.example", token=TOKEN))
    ForgeClient(TokenAccess(name="GitHub", base_url="https://forge.example", token=TOKEN)).close()


@pytest.mark.parametrize("environment", [in_github, in_gitlab])
def test_a_token_that_got_into_the_text_is_not_published(
    double: Forge, run: Run, environment: Callable[[Forge], dict[str, str]]
) -> None:
    run(input=f"### Plan\nrefused: {TOKEN}\n", **environment(double))
    assert [TOKEN in row["body"] for row in double.comments] == [False]
    assert "refused: ***" in double.comments[0]["body"]


def test_a_forge_that_never_ends_its_answer_is_given_up(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends a header now and then, so no piece is ever late."""
    monkeypatch.setattr("reconciler.features.publishing.client._MAX_CALL", 0.5)
    monkeypatch.setattr("reconciler.features.publishing.client._ATTEMPTS", 1)
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        link, _ = listening.accept()
        with link, suppress(OSError):
            link.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                link.sendall(b"X-A: b\r\n")
                threading.Event().wait(0.05)

    threading.Thread(target=drip, daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    said = run(
        "--to", "github", "--repository", "acme/access", "--number", "7", "--api", url, code=1, GITHUB_TOKEN=TOKEN
    )
    listening.close()
    assert "GitHub did not answer" in said.stderr
