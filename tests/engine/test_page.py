"""docs/planning.md names what the planner does."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLANNING = ROOT / "reconciler" / "engine"
PAGE = (ROOT / "docs" / "planning.md").read_text(encoding="utf-8")
NAMES = (
    r'Objection\(\s*"([a-z_]+)"',
    r'return "([a-z_]+)", (?:f?"|shortage)',
    r'Status\.[A-Z_]+: \("([a-z_]+)", ',
)


def test_every_guard_is_explained_and_none_that_does_not_exist() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PLANNING.glob("*.py")))
    guards = {name for pattern in NAMES for name in re.findall(pattern, code)}
    assert set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)) == guards


def test_the_bound_on_the_page_is_the_one_that_is_tested() -> None:
    laws = (ROOT / "tests" / "laws" / "test_convergence.py").read_text(encoding="utf-8")
    assert "ROUNDS = 8\n" in laws
    assert "at most eight more plans" in PAGE
