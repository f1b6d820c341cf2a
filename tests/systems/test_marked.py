"""What is copied stays apart from what is read, whatever characters it has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.systems.catalogue import MarkupPiece, literal, plain, quote, split, strip_marks

texts = st.one_of(st.text(max_size=20), st.text(alphabet="`\\a ", max_size=12))


@given(texts, texts)
def test_a_literal_comes_out_as_it_went_in(prose: str, value: str) -> None:
    pieces = split(f"{plain(prose)}{literal(value)}")
    assert [piece for piece in pieces if piece.is_literal] == [MarkupPiece(value, is_literal=True)]
    assert "".join(piece.text for piece in pieces if not piece.is_literal) == prose


@given(st.lists(st.tuples(st.booleans(), texts.filter(bool)), max_size=5))
def test_nothing_is_lost_between_marks(parts: list[tuple[bool, str]]) -> None:
    marked = "".join(literal(text) if is_literal else plain(text) for is_literal, text in parts)
    assert strip_marks(marked) == "".join(text for _, text in parts)


def test_a_quoted_name_ends_where_it_ends() -> None:
    name = literal('a" and')
    assert quote(f"Remove {name} now") == r'Remove "a\" and" now'


@given(texts)
def test_a_text_that_nobody_marked_is_still_shown(text: str) -> None:
    assert strip_marks(text).replace("`", "").replace("\\", "") == text.replace("`", "").replace("\\", "")
