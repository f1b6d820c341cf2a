"""The benchmarks run, on workspaces too small to measure anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "words", [("bench.plan_cost", "--rounds", "1", "10"), ("bench.state_cost", "10", "2")], ids=" ".join
)
def test_a_benchmark_runs(words: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
