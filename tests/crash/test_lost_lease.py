"""A run that slept through its lease (SIGSTOP, SIGCONT) touches nothing when it wakes up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler.providers.sandbox.provider import SandboxProvider
from tests.crash.scenario import AFTER, Files, reconcile, set_the_scene, what_became
from tests.crash.sleeper import TTL

ROOT = Path(__file__).parents[2]
MOMENTS = {
    "a call is about to leave": "after append",
    "a call has taken effect": "between effect and answer",
    "its answer is about to be written down": "in the middle of append",
    "its answer was written down": "after append",
}
"""In this order, from the eleventh moment on."""
SLEEP_AT = dict(zip(MOMENTS, range(11, 15), strict=True))


def sleep_and_wake(folder: Path, sleep_at: int) -> dict[str, Any]:
    """While it sleeps longer than its lease, somebody else does the work."""
    command = [sys.executable, "-m", "tests.crash.sleeper", str(folder), str(sleep_at)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sleeper:
        try:
            _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            time.sleep(TTL.total_seconds() + 0.2)
            with Files(folder).world() as world:
                reconcile(AFTER, SandboxProvider(world), Files(folder).store())
        finally:
            sleeper.send_signal(signal.SIGCONT)
        text, _ = sleeper.communicate(timeout=300)
    answer: dict[str, Any] = json.loads(text)
    return answer


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("undisturbed")
    set_the_scene(folder)
    with Files(folder).world() as world:
        reconcile(AFTER, SandboxProvider(world), Files(folder).store())
    return what_became(folder)


@pytest.mark.parametrize(
    "when", [pytest.param(when, marks=pytest.mark.full if number % 2 else []) for number, when in enumerate(MOMENTS)]
)
def test_no_call_leaves_and_nothing_is_written_after_somebody_else_took_over(
    tmp_path: Path, expected: dict[str, Any], when: str
) -> None:
    set_the_scene(tmp_path)
    answer = sleep_and_wake(tmp_path, SLEEP_AT[when])
    assert answer["moments"][SLEEP_AT[when] - 1] == MOMENTS[when]
    assert "bc" in answer["error"]
    assert {"between effect and answer", "after append", "after write", "after audit"}.isdisjoint(
        answer["moments"][SLEEP_AT[when] :]
    )
    assert what_became(tmp_path) == expected
