"""Given this file, these rows, these doubts and these findings: one file in tests/cases/rosters for each rule."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.features.rosters.given import PATHS, describe, read_case


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_roster_says_what_the_case_wants(path: Path) -> None:
    case = read_case(path)
    told = describe(case.look())
    wanted: dict[str, Any] = {"rows": {}, "unknown": {}, "findings": [], **case.want}
    told = {name: told[name] for name in wanted}
    if wanted != told:
        lines = difflib.unified_diff(_lines(wanted), _lines(told), "wanted", "told", lineterm="", n=9)
        pytest.fail("\n".join(lines), pytrace=False)


def test_there_are_cases() -> None:
    assert len(PATHS) > 30


def _lines(value: Any) -> list[str]:
    return yaml.safe_dump(value, width=200, allow_unicode=True).splitlines()
