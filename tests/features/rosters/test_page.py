"""docs/rosters.md lists every finding that rosters can have, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "rosters.md").read_text(encoding="utf-8")
SOURCES = [
    *(ROOT / "reconciler/features/rosters").glob("*.py"),
    *(ROOT / "reconciler/features").glob("*.py"),
]
CASES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/cases/rosters").glob("*.yaml"))


def ids_in_code() -> set[str]:
    constants = (
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    )
    return {text for text in constants if isinstance(text, str) and re.fullmatch(r"roster-[a-z-]+", text)}


def ids_on_page() -> list[str]:
    return re.findall(r"^\| `(roster-[a-z-]+)` \|", PAGE, re.MULTILINE)


def test_every_finding_about_rosters_is_documented_once() -> None:
    assert sorted(ids_on_page()) == sorted(ids_in_code())


def test_every_finding_about_rosters_is_shown_by_a_case() -> None:
    assert [one for one in ids_on_page() if f"[{one}]" not in CASES] == []
