"""What a plan advises about an admin whom no manifest declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.engine.planner import plan
from reconciler.model import UNDECLARED_ADMIN
from tests.engine.given import read_case

CASES = Path(__file__).parents[1] / "cases" / "plan"


@pytest.mark.parametrize(
    ("name", "otherwise"),
    [
        ("somebody-who-became-admin-by-hand-does-not-make-up-for-one-who-leaves", "an apply takes it back"),
        ("an-undeclared-admin-does-not-make-up-for-one-who-leaves", "remove it on the platform, or with `mode:"),
        ("an-undeclared-admin-is-named-where-the-organization-is-read-only", "remove it on the platform"),
    ],
)
def test_the_advice_asks_nobody_to_do_what_an_apply_does(name: str, otherwise: str) -> None:
    case = read_case(CASES / f"{name}.yaml")
    made = plan(case.worlds, case.settings, targets=case.targets)
    advice = {one.advice for one in made.findings if one.id == UNDECLARED_ADMIN}
    assert [told.partition("; else ")[2][: len(otherwise)] for told in advice] == [otherwise]
