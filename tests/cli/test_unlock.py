"""`state unlock`: by its ID, or everything that a job which was cancelled has left behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.app import App
from reconciler.cli.main import cli
from reconciler.model import Lock, StateStore

Run = Callable[..., Result]
STATE = "sqlite:///state.db"
KILLED = """
import os, sys
from datetime import timedelta
from pathlib import Path
from reconciler.cli.app import App
App(root=Path(sys.argv[2])).open_store(sys.argv[1]).acquire("acme-bc", purpose="apply", ttl=timedelta(minutes=5))
os._exit(9)
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(*words: str, code: int = 0, **environment: str) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words], env=environment)
        assert result.exit_code == code, result.output
        return result

    start("init")
    config = tmp_path / "reconciler.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("state: file:.reconciler/state", f"state: {STATE}"), encoding="utf-8")
    return start


@pytest.fixture
def store(run: Run, tmp_path: Path) -> StateStore:
    return App(root=tmp_path).open_store(STATE)


@pytest.fixture
def left_behind(store: StateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lock:
    """The lock of a process that was killed while it held it, in the job 77."""
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    killed = subprocess.run([sys.executable, "-c", KILLED, STATE, str(tmp_path)], check=False)
    assert killed.returncode == 9
    (lock,) = store.locks()
    return lock


def test_what_a_killed_run_of_this_job_held_is_free_again(run: Run, store: StateStore, left_behind: Lock) -> None:
    assert "acme-bc is unlocked" in run("state", "unlock", "--left-behind").stderr
    assert store.locks() == []
    assert "state unlock" in run("audit", "log").stdout
    run("apply", "--auto-approve")


def test_another_job_leaves_the_lock_alone(run: Run, store: StateStore, left_behind: Lock) -> None:
    run("state", "unlock", "--left-behind", GITHUB_RUN_ID="78")
    assert store.locks() == [left_behind]


def test_a_lock_at_work_is_left_alone(run: Run, store: StateStore) -> None:
    held = store.acquire("acme-bc", purpose="apply", ttl=timedelta(minutes=5))
    run("state", "unlock", "--left-behind")
    assert store.locks() == [held]


def test_one_that_hangs_is_unlocked_by_its_id(run: Run, store: StateStore) -> None:
    held = store.acquire("acme-bc", purpose="apply", ttl=timedelta(minutes=5))
    run("state", "unlock", held.id, "--yes")
    assert store.locks() == []


def test_an_organization_in_place_of_an_id_is_told_with_the_id(run: Run, store: StateStore) -> None:
    held = store.acquire("acme-bc", purpose="apply", ttl=timedelta(minutes=5))
    said = run("state", "unlock", "acme-bc", code=4).stderr
    assert "acme-bc is an organization, not a lock" in said
    assert f"its lock has the ID {held.id}" in said


@pytest.mark.parametrize("words", [(), ("some-id", "--left-behind")])
def test_an_id_and_left_behind_exclude_each_other(run: Run, words: tuple[str, ...]) -> None:
    assert "either the ID" in run("state", "unlock", *words, code=64).stderr
