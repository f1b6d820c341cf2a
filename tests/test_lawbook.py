"""The book of laws notices what a case breaks, and says which."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lawbook import Lawbook


def test_every_broken_law_is_named_and_none_that_holds() -> None:
    laws = Lawbook()

    @laws.law
    def nobody_is_lost(path: Path) -> None:
        assert path.name == "other", "ana is lost"

    @laws.law
    def everybody_is_told_once(path: Path) -> None:
        assert path.name == "case"

    @laws.law
    def nothing_else_is_there(path: Path) -> None:
        pytest.fail("eve is there")

    with pytest.raises(pytest.fail.Exception) as caught:
        laws.check(Path("case"))
    said = str(caught.value)
    assert "nobody is lost:\nana is lost" in said
    assert "nothing else is there:\neve is there" in said
    assert "everybody is told once" not in said
    Lawbook().check(Path("case"))
