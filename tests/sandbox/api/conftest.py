"""A desk for every story."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.api.desk import Desk, new_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with new_desk() as desk:
        yield desk
