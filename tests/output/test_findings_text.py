"""Findings as text: one per line, the source line, and a caret that points at the right column."""

from __future__ import annotations

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.model import Finding, Inspection, Place, Severity
from reconciler.output.document import Style
from reconciler.output.findings import summary_of_findings

FILE = "access/acme.yaml"


def finding(line: int = 1, column: int = 1, message: str = "no such role") -> Finding:
    return Finding(id="unknown-role", message=message, place=Place(FILE, line, column))


def render(text: str, *findings: Finding) -> str:
    return RENDERERS.findings["text"](Inspection(findings=findings, texts={FILE: text}, files=1), Style())


def caret_lines(text: str, column: int) -> list[str]:
    return render(text, finding(column=column)).splitlines()[1:3]


def test_a_finding_shows_place_line_caret_advice_and_related_places() -> None:
    told = Finding(
        id="two-roles",
        message="eve is operator here and analyst there",
        place=Place(FILE, 2, 8),
        advice="keep one of them",
        related=(Place("access/other.yaml", 9, 3),),
    )
    assert render("members:\n  eve: operator\n", told) == (
        "access/acme.yaml:2:8: error[two-roles]: eve is operator here and analyst there\n"
        "    eve: operator\n"
        "         ^\n"
        "  see also: access/other.yaml:9:3\n"
        "  advice: keep one of them\n"
        "1 error in 1 file.\n"
    )


def test_a_tab_before_the_column_moves_the_caret_as_far_as_the_text() -> None:
    assert caret_lines("\teve: x", 2) == ["      eve: x", "      ^"]


def test_a_wide_character_before_the_column_counts_twice() -> None:
    assert caret_lines("山田: x", 5) == ["  山田: x", "        ^"]


def test_a_combining_character_before_the_column_counts_nothing() -> None:
    assert caret_lines("e\u0301ve: x", 7) == ["  e\u0301ve: x", "       ^"]


def test_an_invisible_character_before_the_column_is_shown_and_counted() -> None:
    assert caret_lines("e\u200bve: x", 7) == [r"  e\u200bve: x", "             ^"]


@pytest.mark.parametrize("column", [1, 60, 200, 399, 400])
def test_a_very_long_line_is_cut_around_the_column(column: int) -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(400))
    line, caret = caret_lines(text, column)
    assert len(line) < 140
    assert line[caret.index("^")] == text[column - 1]


def test_a_caret_may_point_behind_the_end_of_the_line() -> None:
    assert caret_lines("eve:", 5) == ["  eve:", "      ^"]


@pytest.mark.parametrize("place", [None, Place(FILE, 99, 1), Place(FILE, 0, 0), Place("gone.yaml", 1, 1)])
def test_without_a_source_line_there_is_no_caret(place: Place | None) -> None:
    text = render("eve: x", Finding(id="x-y", message="m", place=place))
    assert "^" not in text
    assert "error[x-y]: m\n" in text


def test_findings_come_in_reading_order_with_placeless_ones_last() -> None:
    told = [Finding(id="z-z", message="no place"), finding(2, 1, "second"), finding(1, 5, "first")]
    lines = render("a\nb\n", *told).splitlines()
    assert [line.rpartition(": ")[2] for line in lines if "error[" in line] == ["first", "second", "no place"]


def test_messages_cannot_smuggle_in_control_characters_or_lines() -> None:
    told = Finding(id="x-y", message="a\x1b[31m\nerror: forged", place=Place("a\x1b.yaml", 1, 1), advice="\u202eevil")
    assert render("", told) == (
        "a\\x1b.yaml:1:1: error[x-y]: a\\x1b[31m\\nerror: forged\n  advice: \\u202eevil\n1 error in 1 file.\n"
    )


def test_colour_marks_the_severity() -> None:
    text = RENDERERS.findings["text"](Inspection(findings=[finding()]), Style(color=True))
    assert "\x1b[1;31merror[unknown-role]\x1b[0m: no such role" in text


@pytest.mark.parametrize(
    ("severities", "files", "summary"),
    [
        ([], 3, "No findings in 3 files."),
        ([], 0, "No findings."),
        ([Severity.NOTE], 1, "1 note in 1 file."),
        ([Severity.WARNING, Severity.ERROR, Severity.ERROR], 2, "2 errors and 1 warning in 2 files."),
        ([Severity.WARNING, Severity.ERROR, Severity.NOTE], 1200, "1 error, 1 warning and 1 note in 1,200 files."),
    ],
)
def test_the_summary_counts_by_severity(severities: list[Severity], files: int, summary: str) -> None:
    findings = [Finding(id="x-y", message="m", severity=severity) for severity in severities]
    assert summary_of_findings(Inspection(findings=findings, files=files)) == summary


def test_a_line_that_holds_a_secret_is_shown_for_no_finding_on_it() -> None:
    secret = Finding(id="secret", message="`password`: a file in git never holds a secret", place=Place(FILE, 1, 12))
    other = Finding(id="unknown-key", message="`colour` is not known here", place=Place(FILE, 1, 2))
    shown = render("{colour: red, password: hunter2}\n", other, secret)
    assert "hunter2" not in shown
    assert shown.count("(the line is not shown, because it may hold a secret)") == 2
