"""Which addresses a partial plan covers."""

from __future__ import annotations

import pytest

from reconciler.engine.context import EVERYTHING, Targets
from reconciler.model import Address

EVE = Address("acme-bc", "member", "eve")


@pytest.mark.parametrize(
    ("include", "exclude", "covered"),
    [
        (("acme-bc/member/eve",), (), True),
        (("acme-bc",), (), True),
        (("acme-bc/member/*",), (), True),
        (("*/eve",), (), True),
        (("acme-bc/member/ev?",), (), True),
        (("acme",), (), False),
        (("acme-bc/member/ev",), (), False),
        (("acme-bc/member/EVE",), (), False),
        (("acme-dev", "acme-bc"), (), True),
        ((), ("acme-bc",), False),
        ((), ("acme-dev",), True),
        (("acme-bc",), ("acme-bc/member/eve",), False),
    ],
)
def test_patterns_cover_addresses(include: tuple[str, ...], exclude: tuple[str, ...], *, covered: bool) -> None:
    assert Targets(include=include, exclude=exclude).covers(EVE) is covered


def test_without_patterns_everything_is_covered() -> None:
    assert EVERYTHING.covers(EVE)
    assert EVERYTHING.describe() == ()


def test_a_plan_records_exclusions_with_a_mark() -> None:
    assert Targets(include=("acme-bc",), exclude=("*/eve",)).describe() == ("acme-bc", "!*/eve")
