"""kill -9 at every journal write and every provider call; afterwards a normal run, and nothing is lost or doubled."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from tests.crash.scenario import CHANGES, set_the_scene, what_became
from tests.tiers import is_quick

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")  # noqa: S108  # the folders in it have random names
KILLED = -9
SLICES = 32
"""The sweep in parts, so that several workers can share it."""


def some_of(moments: Sequence[int]) -> list[int]:
    """Every sixth in the quick tier, one further each time, so that none of a cycle is always passed over."""
    return [number for number in moments if not is_quick() or (number + number // 6) % 6 == 1]


@dataclass(slots=True)
class Trials:
    """Starts runs in a process that can be killed, each on its own copy of the scene."""

    folder: Path
    asks: IO[str]
    answers: IO[str]
    count: int = 0

    def copy(self) -> Path:
        self.count += 1
        target = self.folder / f"trial-{self.count}"
        shutil.copytree(self.folder / "scene", target)
        return target

    def run(self, folder: Path, *, die_at: int = 0, together: bool = False) -> dict[str, Any]:
        self.asks.write(json.dumps({"folder": str(folder), "die_at": die_at, "together": together}) + "\n")
        self.asks.flush()
        answer: dict[str, Any] = json.loads(self.answers.readline())
        return answer


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a run leads to that nothing happens to, and the moments at which it could have died."""

    result: dict[str, Any]
    moments: list[str]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    folder = tmp_path_factory.mktemp("crash")
    if MEMORY.is_dir():
        # kill -9 loses nothing that was written, so a disk would only cost minutes.
        folder = Path(tempfile.mkdtemp(prefix="crash-", dir=MEMORY))
    set_the_scene(folder / "scene")
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.victim"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert victim.stdin is not None
    assert victim.stdout is not None
    yield Trials(folder, victim.stdin, victim.stdout)
    victim.stdin.close()
    victim.stdout.close()
    assert victim.wait(10) == 0
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def undisturbed(trials: Trials) -> Undisturbed:
    folder = trials.copy()
    answer = trials.run(folder)
    assert answer["exit"] == 0
    return Undisturbed(what_became(folder), answer["moments"])


def test_an_undisturbed_run_has_as_many_moments_as_it_should(undisturbed: Undisturbed) -> None:
    moments = undisturbed.moments
    assert moments.count("between effect and answer") == CHANGES
    assert moments.count("after append") == 2 * CHANGES
    assert (moments.count("after write"), moments.count("after audit")) == (1, 1)
    assert sum(undisturbed.result["audited"].values()) == CHANGES + 5  # five grants when the scene was set


@pytest.mark.parametrize("part", range(SLICES))
def test_after_a_death_at_any_moment_one_more_run_makes_it_good(
    trials: Trials, undisturbed: Undisturbed, part: int
) -> None:
    for die_at in some_of(range(1, len(undisturbed.moments) + 1))[part::SLICES]:
        folder = trials.copy()
        assert trials.run(folder, die_at=die_at)["exit"] == KILLED
        assert trials.run(folder)["exit"] == 0
        moment = undisturbed.moments[die_at - 1]
        assert (die_at, moment, what_became(folder)) == (die_at, moment, undisturbed.result)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def in_batches(trials: Trials) -> Undisturbed:
    folder = trials.copy()
    answer = trials.run(folder, together=True)
    assert answer["exit"] == 0
    return Undisturbed(what_became(folder), answer["moments"])


def test_changes_that_leave_together_come_to_the_same_in_fewer_calls(
    undisturbed: Undisturbed, in_batches: Undisturbed
) -> None:
    moments = in_batches.moments
    assert in_batches.result == undisturbed.result
    assert moments.count("in the middle of a call") == CHANGES
    calls = 6  # of the invitations two, of everything else one
    assert moments.count("between effect and answer") == calls
    assert moments.count("after append") == 2 * calls


@pytest.mark.parametrize("part", range(SLICES // 2))
def test_after_a_death_in_the_middle_of_several_changes_one_more_run_makes_it_good(
    trials: Trials, in_batches: Undisturbed, part: int
) -> None:
    for die_at in some_of(range(1, len(in_batches.moments) + 1))[part :: SLICES // 2]:
        folder = trials.copy()
        assert trials.run(folder, die_at=die_at, together=True)["exit"] == KILLED
        assert trials.run(folder, together=True)["exit"] == 0
        moment = in_batches.moments[die_at - 1]
        assert (die_at, moment, what_became(folder)) == (die_at, moment, in_batches.result)
        shutil.rmtree(folder)


@pytest.mark.parametrize("again_at", some_of(range(1, 13)))
def test_dying_again_while_the_first_death_is_made_good_changes_nothing(
    trials: Trials, undisturbed: Undisturbed, again_at: int
) -> None:
    first = [number for number, name in enumerate(undisturbed.moments, start=1) if name == "between effect and answer"][
        20
    ]
    folder = trials.copy()
    assert trials.run(folder, die_at=first)["exit"] == KILLED
    assert trials.run(folder, die_at=again_at)["exit"] == KILLED
    assert trials.run(folder)["exit"] == 0
    assert what_became(folder) == undisturbed.result


def test_the_user_is_told_what_a_death_left_behind(trials: Trials, undisturbed: Undisturbed) -> None:
    answered = undisturbed.moments.index("between effect and answer", 20)
    told = []
    for die_at in (answered - 1, answered, answered + 1):  # intent torn; intent written, not sent; sent, no answer
        folder = trials.copy()
        trials.run(folder, die_at=die_at)
        told.append(trials.run(folder)["notices"])
    assert "was cut off by a crash; it never took effect and is left out" in told[0][0]
    assert "had no effect, and is planned anew" in told[1][0]
    assert "it took effect" in told[2][0]
