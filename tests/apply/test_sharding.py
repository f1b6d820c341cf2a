"""Dividing organizations among runners."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.context import Shard, shards_of


@given(st.text(min_size=1), st.integers(1, 50))
def test_every_organization_belongs_to_exactly_one_part(organization: str, count: int) -> None:
    assert [shard.covers(organization) for shard in shards_of(count)].count(True) == 1


def test_a_part_depends_on_the_key_alone_and_stays_the_same_for_ever() -> None:
    keys = ["acme-bc", "acme-dev", "acme-brand", "acme-studio", "株式会社"]
    assert [next(shard.number for shard in shards_of(4) if shard.covers(key)) for key in keys] == [2, 1, 2, 1, 4]


def test_many_organizations_are_divided_about_evenly() -> None:
    counts = [sum(shard.covers(f"org-{number}") for number in range(4000)) for shard in shards_of(4)]
    assert (min(counts) > 900, max(counts) < 1100) == (True, True)


@pytest.mark.parametrize("text", ["1/4", "4/4", "1/1"])
def test_a_part_is_written_as_it_is_read(text: str) -> None:
    assert str(Shard.parse(text)) == text


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "a/b", "-1/4", "1/4/2", " 1/4", "1/4 "])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a shard"):
        Shard.parse(text)
