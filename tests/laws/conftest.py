"""What the laws need besides the world."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def disk_that_answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of applies would mostly wait for the disk; what a crash leaves behind is tested in tests/crash."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(os, "fdatasync", lambda _descriptor: None)
