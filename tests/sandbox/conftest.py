"""A stage for every story."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.stage import Stage, new_world


@pytest.fixture
def stage() -> Iterator[Stage]:
    with new_world() as world:
        yield Stage(world)
