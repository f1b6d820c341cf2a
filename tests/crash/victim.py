"""Runs in a process of its own: for every line on stdin, forks a child that reconciles once and may die on the way.

A line is `{"folder": ..., "die_at": N, "together": ...}`: N = 0 for never, `together` for many changes in one call. The
answer is `{"signal": ..., "moments": [...]}`. Forking saves the second that Python takes to start, and this process has
no threads that a fork could break.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from tests.crash.batches import MortalInBatches
from tests.crash.saboteur import Fate, MortalProvider, MortalStore
from tests.crash.scenario import AFTER, CHANGES, Files, reconcile


def live(folder: Path, die_at: int, pipe: int, *, together: bool) -> None:
    fate = Fate(die_at)
    notices: list[str] = []
    with Files(folder).world() as world:
        provider = (MortalInBatches if together else MortalProvider)(world, fate)
        report = reconcile(AFTER, provider, MortalStore(folder / "state", fate), notices=notices)
    assert len(report.results) <= CHANGES
    os.write(pipe, json.dumps({"moments": fate.moments, "notices": notices}).encode())


def one(folder: Path, die_at: int, *, together: bool) -> dict[str, object]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            live(folder, die_at, writing, together=together)
        except BaseException:  # noqa: BLE001  # a child must never get into the loop of its parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        text = told.read()
    status = os.waitpid(child, 0)[1]
    return {"exit": os.waitstatus_to_exitcode(status), **(json.loads(text) if text else {})}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(one(Path(asked["folder"]), asked["die_at"], together=asked["together"])) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
