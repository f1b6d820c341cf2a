"""What every test gets."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a shared machine is slow now and then
settings.register_profile("long", deadline=None, max_examples=2000)  # make laws
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same output everywhere: what colours or widens a terminal's output is not inherited."""
    for name in ("CI", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
