"""Every page of the documentation is typed step by step; what its commands print is what it shows."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from reconciler.manifests.config import load_config
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Finding, Severity
from tests.examples.guide import BLOCK, LANGUAGES, NOT_IN_GIT, PAGES, ROOT, Page, follow, pages

ALL = pages()
NOT_LISTED = {"index.md", *NOT_IN_GIT}
QUICK = {"docs/access-reviews.md", "docs/getting-started.md"}
"""The tutorial, and the page that shows most; the others are played in the full tier."""
PLAYED = [
    pytest.param(page, id=page.name, marks=[] if page.name in QUICK else pytest.mark.full)
    for page in ALL
    if page.commands()
]


@pytest.mark.parametrize("page", PLAYED)
def test_every_command_of_a_page_runs_and_prints_what_the_page_shows(page: Page, tmp_path: Path) -> None:
    assert follow(page, tmp_path) == page.text, "python -m tests.examples.guide"


def test_every_block_says_what_it_is() -> None:
    sorts = {(page.name, block["sort"]) for page in ALL for block in page.blocks() if block["sort"] is not None}
    assert {(name, sort) for name, sort in sorts if sort not in LANGUAGES} == set()


def test_every_file_that_a_page_shows_is_good() -> None:
    """A piece of one, which begins with no name of a file, only has to be YAML."""
    wrong: list[Finding] = []
    for page in ALL:
        for block in page.blocks():
            if block["sort"] != "yaml":
                continue
            text = textwrap.dedent(block["body"])
            yaml.safe_load(text)
            source = SourceFile(text.partition("\n")[0].removeprefix("# "), text.encode())
            if source.path == "reconciler.yaml":
                wrong += load_config(source).findings
            elif source.path.startswith("access/"):
                wrong += load_manifests([source]).findings
    assert [one for one in wrong if one.severity is Severity.ERROR and one.id != "missing-key"] == []


def test_no_command_hides_in_a_block_that_is_not_typed() -> None:
    hidden = [
        f"{page.name}: {line}"
        for page in ALL
        for block in page.blocks()
        if block["sort"] in {"text", "yaml", "diff"} and not block["note"]
        for line in block["body"].splitlines()
        if line.strip().removeprefix("$ ").startswith("reconciler ")
    ]
    assert hidden == []


def test_what_is_not_run_is_little_and_says_why() -> None:
    notes = [f"{page.name}: {block['note']}" for page in ALL for block in page.blocks() if block["note"]]
    assert len(notes) <= 8, notes
    assert all(len(note.partition("not run: ")[2]) > 20 for note in notes), notes


def anchors_of(page: Path) -> set[str]:
    """As forges make them from headings."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_somewhere() -> None:
    lost = []
    for page in (*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tests/README.md"))):
        for link in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in anchors_of(target)):
                lost.append(f"{page.relative_to(ROOT)}: {link}")
    assert lost == []


def test_every_page_is_in_the_list_of_pages_once() -> None:
    listed = re.findall(
        r"^- \[[^\]]+\]\((\S+)\): ", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == [page.name for page in PAGES if page.parent.name == "docs" and page.name not in NOT_LISTED]
