"""On a terminal that is too narrow for a line, what belongs together stays together; elsewhere nothing is broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.model import Finding, Inspection, Place, Severity
from reconciler.output.document import Style, display_width
from reconciler.output.text import fold, fold_items
from tests.output.plans import every_kind_of_access, held_back, hostile, large, small

render_plan = RENDERERS.plan["text"]
GOLDEN = Path(__file__).parent / "golden"

CASES = {
    "plan-small-at-60-columns": (small, Style(width=60)),
    "plan-every-kind-of-access-at-80-columns": (every_kind_of_access, Style(width=80)),
    "plan-every-kind-of-access-at-60-columns": (every_kind_of_access, Style(width=60)),
    "plan-held-back-at-60-columns": (held_back, Style(width=60)),
    "plan-hostile-names-at-60-columns": (hostile, Style(width=60)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_on_a_narrow_terminal_reads_exactly_like_its_golden_file(name: str) -> None:
    make, style = CASES[name]
    assert render_plan(make(), style) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_line_of_a_plan_is_wider_than_the_terminal_but_what_is_to_be_pasted(width: int) -> None:
    for line in render_plan(held_back(), Style(width=width)).splitlines():
        assert display_width(line) <= width or line.lstrip().startswith("- {approve:")


@pytest.mark.parametrize("make", [small, every_kind_of_access, held_back, hostile, large])
def test_a_narrow_plan_says_the_same_words_in_the_same_order(make: type) -> None:
    assert render_plan(make(), Style(width=60)).split() == render_plan(make(), Style()).split()


@pytest.mark.parametrize("make", [every_kind_of_access, held_back])
def test_a_wide_terminal_shows_what_a_file_gets(make: type) -> None:
    assert render_plan(make(), Style(width=250)) == render_plan(make(), Style())


@pytest.mark.parametrize("make", [small, held_back])
def test_colour_breaks_no_line_elsewhere(make: type) -> None:
    coloured = render_plan(make(), Style(width=60, color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_plan(make(), Style(width=60))


def test_no_name_can_begin_a_line_where_a_row_begins() -> None:
    def beginnings(style: Style) -> set[str]:
        """What stands in the columns of the signs, of every line that does not go on further in."""
        lines = render_plan(hostile(), style).splitlines()
        return {line[:6] for line in lines if line.startswith("  ") and not line.startswith(" " * 6)}

    assert {one[:4] for one in beginnings(Style(width=40))} <= {one[:4] for one in beginnings(Style())}


def test_a_text_breaks_between_words_and_goes_on_further_in() -> None:
    assert fold("one two three", 10, "  ") == ["  one two", "        three"]
    assert fold("one two three", 0, "  ") == ["  one two three"]
    assert fold("", 10) == [""]


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert fold("see https://example.org/a/very/long/path", 12) == ["see", "      https://example.org/a/very/long/path"]
    assert fold("https://example.org/a/long/path  twice", 12) == ["https://example.org/a/long/path", "      twice"]


def test_wide_letters_count_twice() -> None:
    assert fold("山田 太郎", 8) == ["山田", "      太郎"]
    assert fold("山田 太郎", 9) == ["山田 太郎"]


def test_items_stand_side_by_side_as_far_as_there_is_room() -> None:
    assert fold_items(["+ new", "- old", "~ other"], "   ", 16, "  ") == ["  + new   - old", "  ~ other"]
    assert fold_items(["+ new", "- old", "~ other"], "   ", 0) == ["+ new   - old   ~ other"]
    assert fold_items([], "   ", 16) == []


def test_a_finding_keeps_its_caret_below_the_column() -> None:
    source = "    people: {ana: administrator, bo: administrator, cy: administrater}"
    finding = Finding(
        id="unknown-role",
        severity=Severity.ERROR,
        message="`administrater` is no role here: a member of an account",
        place=Place("access/acme.yaml", 1, source.index("administrater") + 1),
        advice="did you mean `administrator`? There are `administrator`, `editor`",
    )
    text = RENDERERS.findings["text"](
        Inspection(findings=[finding], texts={"access/acme.yaml": source}, files=1), Style(width=50)
    )
    assert text == (
        "access/acme.yaml:1:57: error[unknown-role]:\n"
        "      `administrater` is no role here: a member of\n"
        "      an account\n"
        "  … rator, bo: administrator, cy: administrater}\n"
        "                                  ^\n"
        "  advice: did you mean `administrator`? There are\n"
        "        `administrator`, `editor`\n"
        "1 error in 1 file.\n"
    )
