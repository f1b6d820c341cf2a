"""Whatever bytes somebody hands us are read, or refused with a reason: no traceback, and no change that goes unseen.

`make fuzz` tries the same for as long as one likes, and keeps what it finds.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import JUNK, PIECES, WAYS, Cut, Swap, spoil_bytes, spoil_values
from tests.fuzz.targets import TARGETS
from tests.tiers import scaled

KEPT = Path(__file__).parents[1] / "data" / "fuzz"
"""What once was a fault, a folder for each target: it never is again."""

CUTS = st.lists(
    st.builds(
        Cut,
        at=st.integers(0, 0xFFFF),
        length=st.integers(0, 3) | st.integers(0, 4_000),
        piece=st.sampled_from(PIECES) | st.binary(max_size=4),
        times=st.just(1) | st.integers(1, 200),
    ),
    min_size=1,
    max_size=4,
)
SWAPS = st.lists(
    st.builds(
        Swap,
        path=st.integers(0, 0xFFFF),
        junk=st.sampled_from(JUNK) | st.text(max_size=5),
        way=st.sampled_from(WAYS),
    ),
    min_size=1,
    max_size=3,
)


@cache
def seeds_of(name: str) -> tuple[bytes, ...]:
    return tuple(TARGETS[name].seeds())


@st.composite
def spoilt(draw: st.DrawFn, name: str) -> bytes:
    """A file of this kind with holes in it, or with values that are others."""
    target, seeds = TARGETS[name], seeds_of(name)
    seed = seeds[draw(st.integers(0, 0xFFFF)) % len(seeds)]
    if target.find_json is not None and draw(st.booleans()):
        return target.write(spoil_values(target.find_json(seed), draw(SWAPS)))
    return spoil_bytes(seed, draw(CUTS))


@pytest.mark.parametrize("name", TARGETS)
def test_a_seed_is_fine(name: str) -> None:
    """Or else the rest says little."""
    for seed in seeds_of(name)[: scaled(300)]:
        TARGETS[name].feed(seed)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_was_a_fault_is_none(path: Path) -> None:
    TARGETS[path.parent.name].feed(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_spoilt_is_read_or_refused(name: str) -> None:
    @settings(max_examples=scaled(50), suppress_health_check=list(HealthCheck))
    @given(data=spoilt(name))
    def check(data: Any) -> None:
        TARGETS[name].feed(data)

    check()


def test_the_threat_model_names_targets_that_there_are() -> None:
    page = (KEPT.parents[2] / "docs" / "threat-model.md").read_text(encoding="utf-8")
    named = re.findall(r"test_what_is_spoilt_is_read_or_refused\[([^]]+)\]", page)
    assert named
    assert set(named) <= TARGETS.keys()
