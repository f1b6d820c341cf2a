from __future__ import annotations

import re
from pathlib import Path

from tests.examples.guide import BLOCK, GUIDE, follow

DAY = re.compile(r"\b20\d\d-\d\d-\d\d(T[\d:+]+)?")
"""A day, or a moment: the only thing in the guide that differs from run to run."""


def test_every_command_of_the_guide_prints_what_the_guide_shows(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert len(BLOCK.findall(text)) >= 10
    assert without_days(follow(text, tmp_path)) == without_days(text)


def test_the_guide_links_to_pages_that_exist() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", GUIDE.read_text(encoding="utf-8"))
    assert [target for target in targets if not (GUIDE.parent / target.partition("#")[0]).exists()] == []


def without_days(text: str) -> str:
    """The text with a word of the same width for every day, so that tables stay aligned."""
    return DAY.sub(lambda found: "#" * len(found[0]), text)
