"""What a review leads to: one file in tests/cases/certification for each rule.

A case has manifests, how the review is begun, what is decided, and what changes meanwhile; of everything that comes
out it wants what it is about.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.certification.given import PATHS, read_case, told


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_review_leads_to_what_the_case_wants(path: Path) -> None:
    case = read_case(path)
    found = told(case)
    assert {key: found.get(key) for key in case["want"]} == case["want"]
