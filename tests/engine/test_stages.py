"""The stages of a plan: each holds something back, and none loses an address or tells one twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engine.context import EVERYTHING, PlanningContext
from reconciler.engine.planner import make_contexts, propose
from reconciler.engine.stages import STAGES, Decisions, without_founder
from reconciler.model import Action, Address
from tests.engine.given import read_case
from tests.tiers import is_quick

CASES = sorted((Path(__file__).parents[1] / "cases" / "plan").glob("*.yaml"))


def addresses(decisions: Decisions) -> Counter[Address]:
    told = [one.address for one in decisions.changes]
    told += [one.address for one in decisions.waiting]
    told += [one.change.address for one in decisions.blocked]
    told += [one.address for one in decisions.left_out]
    return Counter(told)


def proposed(path: Path) -> Iterator[tuple[PlanningContext, Decisions]]:
    case = read_case(path)
    for situation in make_contexts(case.worlds, case.settings):
        if not situation.another:
            yield situation, propose(situation, EVERYTHING)


def test_the_cases_give_the_stages_work() -> None:
    """Otherwise the laws below would hold for nothing: every stage changes something in some case."""
    idle = {stage.__name__ for stage in STAGES}
    for path in CASES:
        for situation, first in proposed(path):
            decisions = first
            for stage in STAGES:
                after = stage(decisions, situation)
                if after != decisions:
                    idle.discard(stage.__name__)
                decisions = after
    assert idle == set()


@pytest.mark.parametrize("path", CASES[:: 5 if is_quick() else 1], ids=lambda path: path.stem)
def test_no_stage_loses_or_doubles_an_address(path: Path) -> None:
    """In the order of the list, and each alone on what was proposed."""
    for situation, first in proposed(path):
        decisions = first
        assert max(addresses(decisions).values(), default=1) == 1
        for stage in STAGES:
            assert addresses(stage(first, situation)) <= addresses(first), stage.__name__
            after = stage(decisions, situation)
            lost = addresses(decisions) - addresses(after)
            if stage is without_founder and any(one.action is Action.CREATE_ORGANIZATION for one in decisions.changes):
                assert len(lost) <= 1
            else:
                assert lost == Counter(), stage.__name__
            assert addresses(after) - addresses(decisions) == Counter(), stage.__name__
            decisions = after
