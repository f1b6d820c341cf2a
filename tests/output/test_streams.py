"""What is written in pieces is what was written as a whole, and no piece is as large as what is shown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from reconciler.cli.app import load
from reconciler.cli.options import RENDERERS
from reconciler.model import Address, Finding, Inspection, Place, Plan, Severity
from reconciler.output import ANNOTATION_FORMS, FORMS
from reconciler.output.document import Document, Section, Style, Table
from reconciler.output.rows import ADD, row_of
from reconciler.output.text import MAX_ROWS
from tests.output import plans

ROWS = 100_000
PIECE = 1 << 18
WIDE = Style(width=120)


def big(rows: int = ROWS, *, each: int = 1000) -> Document:
    """As many rows in chapters."""
    chapters = []
    for start in range(0, rows, each):
        found = tuple(row_of(ADD, f"p{number}@acme.example", "operator") for number in range(start, start + each))
        table = Table(header=("who or what", "access"), rows=found)
        chapters.append(
            Section(title=f"org-{start}", blocks=(Section(title="Gains", blocks=(table,)),), is_folded=True)
        )
    return Document(title="plan", blocks=tuple(chapters), summary="that is all")


@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=() if form == "text" else pytest.mark.full) for form in FORMS]
)
def test_a_hundred_thousand_rows_are_never_one_text(form: str) -> None:
    longest = total = 0
    for piece in load(FORMS[form])(big(each=200 if form == "html" else ROWS), Style()):
        longest, total = max(longest, len(piece)), total + len(piece)
    assert total > 20 * ROWS
    assert longest < PIECE


@pytest.mark.parametrize("form", ANNOTATION_FORMS)
def test_annotations_of_a_hundred_thousand_findings_are_never_one_text(form: str) -> None:
    found = [
        Finding(id="x-y", severity=Severity.WARNING, message="m", place=Place(f"f{n // 100}.yaml", n % 100 + 1, 1))
        for n in range(ROWS // 10)
    ]
    pieces = list(RENDERERS.findings.write(form, Inspection(findings=found), Style()))
    assert max(map(len, pieces)) < PIECE


def test_json_is_written_in_pieces_too() -> None:
    found = [Finding(id="x-y", message=f"m{number}\\ud800") for number in range(ROWS // 10)]
    pieces = list(RENDERERS.findings.write("json", Inspection(findings=found), Style()))
    assert len(pieces) > 10
    assert max(map(len, pieces)) < PIECE


@pytest.mark.parametrize("make", [plans.small, plans.long, plans.mischief, plans.held_back])
def test_markdown_of_any_length_is_what_has_room_in_a_huge_budget(make: Callable[[], Plan]) -> None:
    """One is written row by row, the other is fitted into its room."""
    assert RENDERERS.plan["markdown"](make(), Style()) == RENDERERS.plan["markdown"](make(), Style(max_chars=10**9))


def test_a_terminal_shows_a_thousand_rows_and_says_how_to_see_all() -> None:
    lines = "".join(load(FORMS["text"])(big(), WIDE)).splitlines()
    assert sum("@acme.example" in line for line in lines) == MAX_ROWS
    assert lines[-1] == "that is all"
    (told,) = [line for line in lines if "not shown" in line]
    assert told == (
        f"{ROWS - MAX_ROWS:,} lines are not shown on a terminal: -v lists all, and so does a file (`> FILE`) "
        "or --format json"
    )
    assert sum(line.startswith("org-") for line in lines) == 1, "chapters without a line are only counted"
    assert not [one for one, other in pairwise(lines) if not one and not other]


@pytest.mark.parametrize("style", [Style(), Style(width=120, verbose=True)], ids=["a file", "-v"])
def test_a_file_and_whoever_asks_get_everything(style: Style) -> None:
    text = "".join(load(FORMS["text"])(big(5_000), style))
    assert text.count("@acme.example") == 5_000
    assert "not shown" not in text


def test_what_is_foremost_is_shown_however_much_it_is() -> None:
    found = tuple(row_of(ADD, str(Address("bc", "member", f"p{number}")), "admin") for number in range(2 * MAX_ROWS))
    table = Table(header=("who or what", "access"), rows=found)
    first = Section(title="Look at this first", blocks=(table,), is_foremost=True)
    rest = Section(title="Gains", blocks=(table,))
    lines = "".join(load(FORMS["text"])(Document(title="plan", blocks=(first, rest)), WIDE)).splitlines()
    assert sum("bc/member/" in line for line in lines) == 3 * MAX_ROWS


def test_a_table_of_which_a_part_has_room_ends_where_the_room_does() -> None:
    lines = "".join(load(FORMS["text"])(big(1_500, each=1_500), WIDE)).splitlines()
    assert sum("@acme.example" in line for line in lines) == MAX_ROWS
    assert any("500 lines are not shown" in line for line in lines)
