"""Text of strangers: nothing invisible stays invisible, and columns are counted as a terminal draws them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.output.document import display_width, make_visible, pad


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ana López 山田 🎉", "Ana López 山田 🎉"),
        ("a\tb\nc\rd", r"a\tb\nc\rd"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202eevil\u202c", r"\u202eevil\u202c"),
        ("a\u200db", r"a\u200db"),
        ("a\u00a0b", r"a\xa0b"),
        ("a\u2028b", r"a\u2028b"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\u3164", r"\u3164"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert make_visible(text) == shown


@given(st.text())
def test_whatever_comes_out_can_be_seen_and_printed(text: str) -> None:
    shown = make_visible(text)
    assert shown.isprintable()
    assert {unicodedata.category(character) for character in shown if character != " "}.isdisjoint({"Zs", "Cf", "Cs"})
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("山田", 4), ("e\u0301", 1), ("", 0), ("ﾊﾛ", 2)])
def test_width_is_counted_in_terminal_columns(text: str, width: int) -> None:
    assert display_width(text) == width


def test_padding_fills_up_to_the_width_and_never_cuts() -> None:
    assert pad("山", 4) == "山  "
    assert pad("abcdef", 4) == "abcdef"
