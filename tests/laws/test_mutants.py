"""A law that cannot fail tells nothing: each one fails where a safeguard that it watches over is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.laws.mutants import MUTANTS


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_law_notices_that_a_safeguard_is_missing(name: str) -> None:
    """In a process of its own, because it is the tool itself that is broken."""
    words = [sys.executable, "-m", "tests.laws.mutants", name]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, f"{MUTANTS[name].harm}, and nobody notices"
    assert "AssertionError" in done.stdout, done.stdout
