"""Whatever a name is, Markdown shows it and does nothing else; a CommonMark parser is the judge."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.output.document import make_visible, plain
from reconciler.output.markdown_text import code, code_block, heading, inline, table_cell, table_row

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
TRICKS = (
    "**bold**",
    "[click](https://evil.example)",
    "<img src=x onerror=alert(1)>",
    "<!-- ",
    "` `` ```",
    "# heading #",
    "1. one",
    "- [x] done",
    "+ item",
    "> quote",
    "---",
    "===",
    "| a | b |",
    "\\",
    "\\|",
    "&amp; &#64;",
    "@octocat",
    "ana@acme.example",
    "see #12, !34, GH-56 and acme/site#7",
    "https://evil.example www.evil.example",
    ":skull: :+1: ~~gone~~ $x^2$ {+ added +} [[_TOC_]]",
    "/close",
    "    indented",
    "trailing  ",
    "a\nb\r\n\n# c",
    "\x1b[31mred\u202eder",
    "",
)
names = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="\\`*_[](){}<>#+-.!|~&$^:@/=1a \n\t\u202e\x1b", max_size=30),
    st.lists(st.sampled_from(TRICKS), max_size=4).map(" ".join),
)
MENTION_OR_REFERENCE = re.compile(
    r"@[A-Za-z0-9]|[#!$~%&^]\d|\bGH-\d|://|www\.|:[\w+-]+:|\[\[?_?TOC|\{\+|\[-", re.IGNORECASE
)


def test_a_number_is_escaped_only_where_it_would_begin_a_list() -> None:
    shown = [inline(text) for text in ("22.11.2026, 09:05", "3.5 of 4", "1. one", "2)")]
    assert shown == ["22.11.2026, 09:05", "3.5 of 4", "1\\. one", "2\\)"]


def inside(markdown: str) -> list[Token]:
    """The tokens within the only paragraph that a text makes."""
    tokens = PARSER.parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    return tokens[1].children or []


def read(tokens: list[Token]) -> str:
    """What a reader sees, provided that there is only text."""
    assert {token.type for token in tokens} <= {"text", "text_special"}
    return "".join(token.content for token in tokens).replace("\u200b", "")


@given(names)
def test_a_text_shows_itself_and_nothing_else(text: str) -> None:
    assert read(inside(f"for {inline(text)} end")) == f"for {make_visible(text)} end"


@given(names.filter(bool))
def test_a_text_that_begins_a_line_begins_nothing_else(text: str) -> None:
    assert read(inside(inline(text))) == make_visible(text)


@given(names.filter(bool))
def test_a_text_in_an_item_is_neither_a_nested_item_nor_a_ticked_box(text: str) -> None:
    tokens = PARSER.parse(f"- {inline(text)} x\n")
    kinds = [token.type for token in tokens]
    assert kinds.count("list_item_open") == 1
    content = next(token for token in tokens if token.type == "inline")
    assert read(content.children or []) == f"{make_visible(text)} x"


@given(names, st.integers(1, 6))
def test_a_heading_shows_all_of_a_text(text: str, level: int) -> None:
    tokens = PARSER.parse(heading(level, plain(f"x{text}")))
    assert [token.tag for token in tokens] == [f"h{level}", "", f"h{level}"]
    assert read(tokens[1].children or []) == f"x{make_visible(text)}"


@given(names)
def test_a_code_span_holds_exactly_the_text(text: str) -> None:
    (span,) = inside(code(text))
    assert (span.type, span.content) == ("code_inline", make_visible(text) or " ")


@given(names, names)
def test_a_row_has_as_many_cells_as_it_was_given(first: str, second: str) -> None:
    table = "\n".join([table_row("a", "b"), table_row("---", "---"), table_row(inline(first), code(second)), "", "end"])
    tokens = PARSER.parse(table)
    cells = [after for before, after in pairwise(tokens) if before.type == "td_open"]
    assert len(cells) == 2
    assert read(cells[0].children or []) == make_visible(first)
    (span,) = cells[1].children or []
    assert (span.type, span.content) == ("code_inline", make_visible(second) or " ")


@given(names)
def test_a_block_keeps_its_lines_and_ends_where_it_ends(text: str) -> None:
    block, *rest = PARSER.parse(f"{code_block(text)}\nafter\n")
    assert block.type == "fence"
    assert block.content == "\n".join(map(make_visible, text.split("\n"))) + "\n"
    assert [token.content for token in rest if token.type == "inline"] == ["after"]


@given(names)
@example("@ana #1 !2 $3 ~4 %5 &6 ^7 GH-8 :tada: www.x.example https://x.example [[_TOC_]] {+a+} [-b-]")
def test_nobody_is_called_and_nothing_is_linked(text: str) -> None:
    """Forges search the finished text, so the text itself must not hold what they look for."""
    finished = "".join(token.content for token in inside(f"x {inline(text)} x"))
    assert not MENTION_OR_REFERENCE.search(finished)


def test_no_line_begins_with_a_quick_action() -> None:
    assert inline("/close").startswith("\\/")


@pytest.mark.parametrize(
    "text", ["Ana Lopez", "Ana Lopez-García", "O'Neill, Bo (contractor)", "李雷", "a.b", "50 %", "at 9:30"]
)
def test_an_ordinary_name_is_left_alone(text: str) -> None:
    assert inline(text) == text


@pytest.mark.parametrize("text", ["ana@acme.example", "+34600111222", "us-brand/eve", "6900000000000000001"])
def test_what_is_copied_is_written_as_it_is(text: str) -> None:
    assert code(text) == f"`{text}`"


def test_a_bar_ends_no_cell() -> None:
    assert table_cell(code("a|b")) == r"`a\|b`"
