"""Times whole runs, interleaved with octoDNS and Terraform on the same memberships, and says which targets are met.

    python -m bench.plan_cost --rounds 3 10000 100000

Prints tables in Markdown, for docs/performance.md: medians with the peak memory, the stages of a plan, and the targets
by ratios of CPU seconds. Machines are noisy: compare figures of one run with each other, not with those of another day.
What takes too long is left out: Terraform and most layouts beyond 10,000 memberships; octoDNS, stages, organizations of
10 and a change of 1 % beyond 100,000, where everything runs once.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from bench.peers import OCTODNS, prepare_octodns, prepare_terraform
from bench.workspaces import LAYOUTS, change_one_file, keep_settled, make_workspace, name_member
from reconciler.apply.planning import recorded_as_live
from reconciler.apply.states import read_state
from reconciler.engine.planner import Worlds, plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model import GuardSettings, plan_to_json
from reconciler.stores.local_file import LocalFileStore

FEW, MANY = 10_000, 100_000
"""How many memberships are too many for Terraform and most layouts, and for octoDNS, stages and rounds."""
_OURS = [sys.executable, "-m", "reconciler"]
_LEAST = "plan --no-refresh"
"""The run that has next to nothing to plan."""
PLANNED = date(2026, 11, 22)
_PLAIN_YAML = (
    "import sys, yaml, pathlib\n"
    "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()): yaml.load(path.read_bytes(), yaml.CSafeLoader)"
)
_STOPWATCH = """
import json, os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
began = time.perf_counter()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet), 0)
wall = time.perf_counter() - began
print(json.dumps([os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: seconds, and MiB at its peak."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Contest:
    """Commands that take turns."""

    size: int
    commands: dict[str, tuple[list[str], Path]] = field(default_factory=dict)
    costs: dict[str, list[Cost]] = field(default_factory=dict)

    def run(self, rounds: int) -> Mapping[str, Cost]:
        """Run each command so often, and print the medians."""
        for _ in range(rounds):
            for name, (command, folder) in self.commands.items():
                self.costs.setdefault(name, []).append(run_process(command, folder))
        medians = {}
        for name, costs in self.costs.items():
            wall, cpu, peak = (statistics.median(getattr(cost, one) for cost in costs) for one in Cost.__slots__)
            medians[name] = Cost(wall, cpu, peak)
            print_row(self.size, name, wall, cpu, peak)
        return medians


def run_process(command: list[str], folder: Path) -> Cost:
    """One process with its own children, timed by a small one: memory of a large parent would count as the child's."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    timing = [sys.executable, "-S", "-E", "-c", _STOPWATCH, *command]
    done = subprocess.run(timing, cwd=folder, capture_output=True, text=True, env=environment, check=True)
    status, wall, cpu, peak = json.loads(done.stdout)
    if status:
        sys.exit(f"{' '.join(command)} failed with {status}:\n{done.stderr[-2000:]}")
    return Cost(wall=wall, cpu=cpu, peak=peak / 1024)


def main() -> None:
    """Measure every size named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000], metavar="N", help="numbers of memberships")
    parser.add_argument("--rounds", type=int, default=3, help="how often each command is timed")
    given = parser.parse_args()
    subprocess.run([sys.executable, "-m", "compileall", "-q", "reconciler"], check=True)
    print(f"{describe_machine()}\n")
    print(f"| {'memberships':>11} | {'what':34} | {'seconds':>8} | CPU sec. | peak MiB |")
    print(f"|{'-' * 12}:|{'-' * 36}|{'-' * 9}:|{'-' * 9}:|{'-' * 9}:|")
    verdicts: list[Verdict] = []
    costs: dict[int, Mapping[str, Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="plan-cost-") as folder:
        costs[0] = measure_start(Path(folder) / "start", given.rounds)
        verdicts += judge_start(costs[0])
        for size in sorted(given.sizes):
            root = Path(folder) / str(size)
            costs[size] = measure_size(root, size, given.rounds if size <= MANY else 1)
            verdicts += judge_size(size, costs)
            if size <= MANY:
                measure_stages(root / "settled", size)
            shutil.rmtree(root)
    print(f"\n| {'target':64} | {'goal':>8} | {'is':>8} | result |\n|{'-' * 66}|{'-' * 9}:|{'-' * 9}:|--------|")
    for name, value, goal, is_met in verdicts:
        print(f"| {name:64} | {goal:>8} | {value:8.2f} | {'met' if is_met else 'missed'} |")


def describe_machine() -> str:
    """What a reader of the tables has to know of the day."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    peers = OCTODNS.replace("==", " ") + (", Terraform" if shutil.which("terraform") else "")
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load} at the beginning; beside {peers}."


def measure_start(root: Path, rounds: int) -> Mapping[str, Cost]:
    """What a run costs that has next to nothing to do."""
    make_workspace(root, 10)
    contest = Contest(10)
    contest.commands["python -c pass"] = [sys.executable, "-c", "pass"], root
    for name in ("--version", "--help", _LEAST):
        contest.commands[name] = [*_OURS, *name.split()], root
    return contest.run(max(rounds, 5))


def measure_size(root: Path, size: int, rounds: int) -> Mapping[str, Cost]:
    """Everything that performance is judged by, for one number of memberships."""
    contest = Contest(size)
    commands = contest.commands
    make_workspace(root / "settled", size)
    keep_settled(root / "settled")
    shutil.copytree(root / "settled", root / "one")
    change_one_file(root / "one")
    planned = [*_OURS, "plan", "--no-refresh"]
    commands["plan, none changed"] = [*planned, "--full"], root / "settled"
    commands["plan, files unchanged since"] = planned, root / "settled"
    commands["plan, one file changed"] = planned, root / "one"
    commands["validate"] = [*_OURS, "validate"], root / "settled"
    commands["who"] = [*_OURS, "who", name_member(3, 0)], root / "settled"
    commands["yaml.load(CSafeLoader)"] = [sys.executable, "-c", _PLAIN_YAML, "access"], root / "settled"
    if size <= MANY:
        make_workspace(root / "changed", size, changed=0.01)
        commands["plan, 1 % changed"] = planned, root / "changed"
    layouts = LAYOUTS[1:] if size <= FEW else ("tens",) if size <= MANY else ()
    for layout in layouts:
        make_workspace(root / layout, size, layout=layout)
        commands[f"plan, layout {layout}"] = planned, root / layout
    for name, changed in (("none", 0.0), ("1 %", 0.01)):
        if size <= MANY:
            folder = root / f"octodns-{changed}"
            commands[f"octoDNS, {name} changed"] = prepare_octodns(folder, size, changed=changed), folder
        folder = root / f"terraform-{changed}"
        if size <= FEW and (command := prepare_terraform(folder, size, changed=changed)):
            commands[f"Terraform, {name} changed"] = command, folder
    return contest.run(rounds)


Verdict = tuple[str, float, str, bool]
"""Target, what is, the goal in words, and whether it is met."""


def judge_start(costs: Mapping[str, Cost]) -> Iterator[Verdict]:
    """How many times the start of Python a run takes at least."""
    for name in ("--version", "--help"):
        yield at_most(f"{name} / python -c pass", costs[name].cpu / costs["python -c pass"].cpu, 4)
    yield at_most("plan of 10 members, CPU seconds", costs[_LEAST].cpu, 0.2)


def judge_size(size: int, measured: Mapping[int, Mapping[str, Cost]]) -> Iterator[Verdict]:
    """The targets that speak of this size, by CPU seconds because the machine may be shared; 0 is the start alone."""
    if size < FEW:  # most of it is the start
        return
    costs = measured[size]
    cpu = {name: cost.cpu for name, cost in costs.items()}
    cold = cpu["plan, none changed"]
    goals = (
        {"octoDNS": (60, 120), "Terraform": (150, 400)}
        if size >= 100_000
        else {"octoDNS": (45, 120), "Terraform": (150, 400)}
    )
    for peer, (first, again) in goals.items():
        for work, goal in (("none changed", first), ("1 % changed", first), ("files unchanged since", again)):
            whole = f"{peer}, {'1 % changed' if work.startswith('1') else 'none changed'}"
            if whole in cpu:
                yield at_least(f"{size:,}: {peer} / plan, {work}", cpu[whole] / cpu[f"plan, {work}"], goal)
    peaks = {name: max(costs[name].peak - measured[0][_LEAST].peak, 0) * 2**20 / size for name in costs}
    if size == MANY:
        yield at_most(f"{size:,}: validate / plan", cpu["validate"] / cold, 0.6)
        yield at_most(f"{size:,}: plan / yaml.load(CSafeLoader)", cold / cpu["yaml.load(CSafeLoader)"], 1)
        yield at_most(f"{size:,}: files unchanged since / plan", cpu["plan, files unchanged since"] / cold, 0.2)
        changed = cpu["plan, one file changed"]
        yield at_most(f"{size:,}: one file changed, only the store at hand / plan", changed / cold, 0.15)
        faster = cpu["octoDNS, none changed"] / changed
        yield at_least(f"{size:,}: octoDNS / plan, one file changed, only the store at hand", faster, 300)
        yield at_most(f"{size:,}: peak bytes a membership, organizations of 10", peaks["plan, layout tens"], 500)
        yield at_most(f"{size:,}: who, seconds", costs["who"].wall, 0.5)
    if size == 1_000_000:
        yield at_most(f"{size:,}: files unchanged since, CPU seconds", cpu["plan, files unchanged since"], 3)
        yield at_most(f"{size:,}: peak bytes a membership", peaks["plan, none changed"], 300)
        if before := measured.get(MANY):
            yield at_most("CPU seconds, 1,000,000 / 100,000", cold / before["plan, none changed"].cpu, 13)


def at_most(name: str, value: float, goal: float) -> Verdict:
    """A target that less is better for."""
    return name, value, f"<= {goal:g}", value <= goal


def at_least(name: str, value: float, goal: float) -> Verdict:
    """A target that more is better for."""
    return name, value, f">= {goal:g}", value >= goal


def measure_stages(root: Path, size: int) -> None:
    """Each stage once, in order, in this process, with its imports done before."""
    load_manifests([])
    gc.disable()
    paths = sorted((root / "access").iterdir())
    files = timed(size, "stage: read the files", lambda: [SourceFile(path.name, path.read_bytes()) for path in paths])
    timed(size, "stage: parse YAML with positions", lambda: [parse_file(file) for file in files])
    loaded = timed(size, "stage: load: parse, check, resolve", lambda: load_manifests(files, today=PLANNED))
    store = LocalFileStore(root / ".reconciler" / "state")
    keys = store.organizations()
    states = timed(size, "stage: load the states", lambda: {key: read_state(store, key) for key in keys})
    assert loaded.desired is not None
    live = {key: recorded_as_live(state) for key, state in states.items()}
    worlds = Worlds(desired=loaded.desired, recorded=states, live=live, today=PLANNED)
    made = timed(size, "stage: plan", lambda: plan(worlds, GuardSettings()))
    timed(size, "stage: write the plan as JSON", lambda: plan_to_json(made))
    gc.enable()


def timed(size: int, name: str, work: Callable[[], _Result]) -> _Result:
    """Do it and print what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    result = work()
    print_row(size, name, time.perf_counter() - began, time.process_time() - cpu, None)
    return result


def print_row(size: int, name: str, wall: float, cpu: float, peak: float | None) -> None:
    """One line of the table."""
    memory = f"{peak:.0f}" if peak is not None else ""
    print(f"| {size:11,} | {name:34} | {wall:8.2f} | {cpu:8.2f} | {memory:>8} |", flush=True)


if __name__ == "__main__":
    main()
