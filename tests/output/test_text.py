"""A document on a terminal: every width shows everything, and nothing is broken or cut."""

from __future__ import annotations

import re

import pytest

from reconciler.cli.app import load
from reconciler.output import FORMS
from reconciler.output.document import (
    Document,
    Facts,
    Findings,
    Paragraph,
    Row,
    Section,
    Span,
    SpanStyle,
    Style,
    Table,
    code,
    display_width,
)
from reconciler.output.text import render_text
from tests.output.samples import SIGNED, WIDE, everything


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w@./{}-]+", text))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_every_width_says_the_same_words_and_breaks_none(width: int) -> None:
    wide, narrow = (render_text(everything(), Style(width=room)) for room in (0, width))
    assert words(wide) == words(narrow)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(display_width, render_text(everything(), Style(width=width)).splitlines())) <= width


def test_a_table_that_has_no_room_becomes_a_block_for_each_row() -> None:
    document = Document(title="log", blocks=(WIDE,))
    assert render_text(document, Style(width=60)) == (
        "log\n\n"
        "record 12\n    time: 2026-11-28 10:00:00Z   action: change role\n"
        "    address: acme-bc/member/eve   outcome: applied\n"
        "record 13\n    time: 2026-11-28 10:00:01Z   action: invite\n"
        "    address: acme-bc/member/mallory-of-the-north\n"
        "    outcome: requested\n"
    )


def test_a_cell_without_a_value_is_not_named_in_a_block() -> None:
    table = Table(header=("what", "since", ""), rows=(Row(cells=("a member of everything", "", "in doubt")),))
    assert render_text(Document(title="t", blocks=(table,)), Style(width=20)) == (
        "t\n\na member of\n      everything\n    in doubt\n"
    )


def test_details_of_a_row_stand_below_it_and_the_rest_only_in_full() -> None:
    document = Document(title="t", blocks=(SIGNED,))
    assert "cannot be undone" in render_text(document, Style())
    assert "step 1 of 2" not in render_text(document, Style())
    assert "step 1 of 2" in render_text(document, Style(verbose=True))


def test_one_of_two_tellings_is_chosen() -> None:
    assert "In brief." in render_text(everything(), Style())
    assert "In brief." not in render_text(everything(), Style(verbose=True))
    assert "All of it." in render_text(everything(), Style(verbose=True))


def test_what_is_to_be_copied_stands_in_quotes_that_it_cannot_close() -> None:
    paragraph = Paragraph(text=(Span("Type "), Span('a" and "b', SpanStyle.LITERAL)))
    assert render_text(Document(title="t", blocks=(paragraph,)), Style()).splitlines()[-1] == r'Type "a\" and \"b"'


def test_backticks_stay_as_they_were_typed() -> None:
    assert "run `reconciler plan` again" in render_text(everything(), Style())


def test_colour_changes_no_layout() -> None:
    painted = render_text(everything(), Style(width=60, color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render_text(everything(), Style(width=60))


def test_a_title_that_says_nothing_new_is_left_out() -> None:
    document = Document(title="Access manifests", is_title_needless=True, summary="No findings.")
    assert render_text(document, Style()) == "No findings.\n"


def test_labels_are_aligned() -> None:
    facts = Facts(pairs=(("a", "x"), ("山", code("y"))))
    assert render_text(Document(title="t", blocks=(facts,)), Style()) == "t\na:  x\n山: y\n"


def test_sections_are_set_off_and_a_list_of_findings_is_closed_by_its_summary() -> None:
    document = Document(
        title="t",
        blocks=(Section(title="s", blocks=(Paragraph(text="p"),)), Findings(findings=[])),
        summary="done",
    )
    assert render_text(document, Style()) == "t\n\ns\n  p\ndone\n"


@pytest.mark.parametrize("form", FORMS)
def test_no_form_lets_an_invisible_character_through(form: str) -> None:
    trick = "a\u202eb\x1b[31m\nc"
    blocks = (
        Paragraph(text=trick),
        Facts(pairs=((trick, trick),)),
        Section(title=trick, about=trick, blocks=(Table(header=("x",), rows=(Row(cells=(code(trick),)),)),)),
    )
    document = Document(title=trick, summary=trick, notes=(trick,), blocks=blocks)
    text = "".join(load(FORMS[form])(document, Style()))
    assert all(line.isprintable() for line in text.splitlines())
    assert r"a\u202eb" in text.replace(r"\\", "\\")
