"""What a lock tells others about its holder."""

from __future__ import annotations

import getpass
import os

import pytest

from reconciler.stores.rules import SystemTimer, this_process

VARIABLES = [
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
    "GITHUB_RUN_ID",
    "CI_JOB_URL",
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "BUILD_URL",
]


@pytest.fixture(autouse=True)
def no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_at_a_desk_it_is_the_user_and_no_job() -> None:
    holder = this_process()
    assert (holder.who, holder.process, holder.job) == (getpass.getuser(), os.getpid(), "")


def test_on_github_it_is_who_started_the_run_and_the_address_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "ana")
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/access")
    holder = this_process()
    assert (holder.who, holder.job) == ("ana", "https://github.example/acme/access/actions/runs/42")


def test_on_gitlab_it_is_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_USER_LOGIN", "bo")
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.example/acme/-/jobs/7")
    holder = this_process()
    assert (holder.who, holder.job) == ("bo", "https://gitlab.example/acme/-/jobs/7")


def test_a_container_whose_user_has_no_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert this_process().who == f"user {os.getuid()}"


def test_time_goes_forward() -> None:
    timer = SystemTimer()
    assert 0 <= timer.elapsed() <= timer.elapsed()
