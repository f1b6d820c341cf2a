"""Times `plan --no-refresh` and `validate` as whole processes, and the stages of a plan inside one process.

    python -m bench.plan_cost 10000 100000

Prints medians of RUNS runs, peak memory of the largest process, and what each stage takes. Machines are noisy: compare
figures of one run with each other, not with those of another day.
"""

from __future__ import annotations

import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import yaml

from bench.workspaces import make_workspace
from reconciler.apply.reading import recorded_as_live
from reconciler.apply.states import read_state
from reconciler.engine.planner import Worlds, plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model.json import plan_to_json
from reconciler.model.settings import GuardSettings
from reconciler.stores.local_file import LocalFileStore

RUNS = 3
_Result = TypeVar("_Result")


def main() -> None:
    """Measure every size named on the command line."""
    sizes = [int(text) for text in sys.argv[1:]] or [10_000]
    print(f"{'memberships':>12}  {'what':34} {'seconds':>8} {'CPU s':>8} {'MiB':>7}")
    for size in sizes:
        for changed in (0.0, 0.01):
            with tempfile.TemporaryDirectory() as folder:
                make_workspace(Path(folder), size, changed=changed)
                _measure_commands(Path(folder), size, changed)
                if not changed:
                    _measure_stages(Path(folder), size)


def _measure_commands(root: Path, size: int, changed: float) -> None:
    commands = {f"plan --no-refresh, {changed:.0%} changed": ["plan", "--no-refresh", "--format", "json"]}
    if not changed:
        commands["validate"] = ["validate"]
    for name, arguments in commands.items():
        runs = [_run([sys.executable, "-m", "reconciler", "-C", str(root), *arguments]) for _ in range(RUNS)]
        wall, cpu = (statistics.median(figures) for figures in zip(*((w, c) for w, c, _ in runs), strict=True))
        _row(size, name, wall, cpu, max(peak for *_, peak in runs))


def _run(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(["/usr/bin/env", "time", "-f", "%M", *command], capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, int(done.stderr.split()[-1]) / 1024


def _measure_stages(root: Path, size: int) -> None:
    """Each stage once, in order, in this process, with its imports done before."""

    def read() -> list[SourceFile]:
        return [SourceFile(path.name, path.read_bytes()) for path in sorted((root / "access").iterdir())]

    load_manifests([])
    gc.disable()
    files = _timed(size, "  read the files", read)
    _timed(
        size,
        "  yaml.load(CSafeLoader), to compare",
        lambda: [yaml.load(f.data, yaml.CSafeLoader) for f in files if f.data],
    )
    _timed(size, "  parse YAML with positions", lambda: [parse_file(file) for file in files])
    loaded = _timed(size, "  load: parse, check, resolve", lambda: load_manifests(files, today=date(2026, 11, 22)))
    store = LocalFileStore(root / ".reconciler" / "state")
    states = _timed(size, "  load the states", lambda: {key: read_state(store, key) for key in store.organizations()})
    assert loaded.desired is not None
    live = {key: recorded_as_live(state) for key, state in states.items()}
    worlds = Worlds(desired=loaded.desired, recorded=states, live=live, today=date(2026, 11, 22))
    made = _timed(size, "  plan", lambda: plan(worlds, GuardSettings()))
    _timed(size, "  write the plan as JSON", lambda: plan_to_json(made))
    gc.enable()


def _load_plainly(file: SourceFile) -> object:
    return yaml.load(file.data or b"", yaml.CSafeLoader)  # the safe loader, in C


def _timed(size: int, name: str, work: Callable[[], _Result]) -> _Result:
    began, cpu = time.perf_counter(), time.process_time()
    result = work()
    _row(size, name, time.perf_counter() - began, time.process_time() - cpu, None)
    return result


def _row(size: int, name: str, wall: float, cpu: float, peak: float | None) -> None:
    memory = f"{peak:7.0f}" if peak is not None else ""
    print(f"{size:12,}  {name:34} {wall:8.2f} {cpu:8.2f} {memory}", flush=True)


if __name__ == "__main__":
    main()
