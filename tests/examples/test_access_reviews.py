"""docs/access-reviews.md is typed step by step in a copy of the agency.

After a change of what commands print, `python -m tests.examples.test_access_reviews` writes the page again.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from tests.examples.guide import follow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "access-reviews.md"


def played(folder: Path) -> str:
    """The page as it should read, without what is another one on every day."""
    workspace = folder / "agency"
    shutil.copytree(ROOT / "examples" / "agency", workspace, ignore=shutil.ignore_patterns(".reconciler"))
    page = follow(PAGE.read_text(encoding="utf-8"), workspace)
    return re.sub(
        r"\b[0-9a-f]{64}\b",
        "…",
        re.sub(r"(closed:? +(?:on )?|began: +)20\d\d-\d\d-\d\d(, by \w+)?", r"\g<1>2026-12-14", page),
    )


def test_the_page_says_what_the_commands_print(tmp_path: Path) -> None:
    assert played(tmp_path) == PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(played(Path(name)), encoding="utf-8")
