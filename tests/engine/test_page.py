"""docs/planning.md names what the planner does."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.model import Guard

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "planning.md").read_text(encoding="utf-8")


def test_every_guard_that_exists_can_stop_something() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "reconciler" / "engine").glob("*.py")))
    assert set(re.findall(r"\bGuard\.([A-Z_]+)", code)) == {guard.name for guard in Guard}


def test_the_bound_on_the_page_is_the_one_that_is_tested() -> None:
    laws = (ROOT / "tests" / "laws" / "test_convergence.py").read_text(encoding="utf-8")
    assert "ROUNDS = 8\n" in laws
    assert "at most eight more plans" in PAGE
