"""Pages for forges and build servers, in full: what a reviewer sees is part of the contract."""

from __future__ import annotations

import pytest

from reconciler.cli.options import RENDERERS
from tests.output.pages import GOLDEN, SUFFIXES, pages, settled


@pytest.mark.parametrize("name", pages())
def test_a_page_reads_exactly_like_its_golden_file(name: str) -> None:
    """Write them again with `python -m tests.output.pages`, and read the difference."""
    assert settled(pages()[name]()) == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_golden_file_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(pages())


def test_plans_reports_and_findings_come_in_every_form() -> None:
    for renderers in (RENDERERS.plan, RENDERERS.report, RENDERERS.findings, RENDERERS.drift):
        assert set(renderers) >= {"text", "json", *SUFFIXES}
