"""Names of files and objects for the keys of organizations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import StoreError
from reconciler.stores.rules import find_key, name_of

KEYS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(KEYS)
def test_a_key_comes_back_from_its_name(key: str) -> None:
    assert find_key(name_of(key)) in {key, None}
    assert len(name_of(key)) <= 180


@given(KEYS, KEYS)
def test_two_keys_never_share_a_name_even_where_case_does_not_count(one: str, other: str) -> None:
    assert (name_of(one).casefold() == name_of(other).casefold()) is (one == other)


def test_what_is_no_text_has_no_name() -> None:
    for key in ("\udcff", "acme\ud800"):
        with pytest.raises(StoreError, match="cannot be part of the key"):
            name_of(key)


@given(KEYS)
def test_a_name_is_plain(key: str) -> None:
    name = name_of(key)
    assert name
    assert name.isascii()
    assert not {"/", "\\", "%", " ", ":", "\0"} & set(name)
    assert not name.startswith(".")
