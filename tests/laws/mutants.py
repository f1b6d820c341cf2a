"""Safeguards of the planner and the apply that can be taken out, each with the law, or the test, that watches over it.

`python -m tests.laws.mutants NAME` runs the law of one without its safeguard; `test_mutants.py` expects it to fail.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import pytest

from reconciler.apply import apply, steps
from reconciler.engine import guards, lifecycle, stages
from reconciler.engine.membership_counts import MembershipCounts


class Mutant(NamedTuple):
    """`owner.name` is replaced by `instead`; `harm` is what the law then sees."""

    law: str
    owner: Any
    name: str
    instead: Any
    harm: str


MUTANTS = {
    "order": Mutant(
        "laws/test_convergence.py",
        stages,
        "_predecessors",
        lambda by_address: {address: set() for address in by_address},
        "a membership goes before the grants that hang on it",
    ),
    "urgency": Mutant(
        "laws/test_convergence.py",
        stages,
        "_urgency",
        lambda *_: 0,
        "an admin is lowered before another one is made, or whoever has left keeps access for longer",
    ),
    "last-admin": Mutant(
        "laws/test_convergence.py",
        MembershipCounts,
        "shortage_without",
        lambda *_, **__: "",
        "the number of active admins falls below what is required",
    ),
    "cap": Mutant(
        "laws/test_convergence.py",
        MembershipCounts,
        "_over_cap",
        lambda *_: None,
        "the platform refuses an invitation that was planned",
    ),
    "readiness": Mutant(
        "laws/test_convergence.py",
        lifecycle,
        "_first_obstacle",
        lambda *_: None,
        "a grant is sent for somebody who has not accepted",
    ),
    "ended-before": Mutant(
        "laws/test_convergence.py",
        guards,
        "_ENDINGS",
        {},
        "whoever declined or left is invited again without an approval",
    ),
    "pending": Mutant(
        "laws/test_convergence.py",
        lifecycle,
        "_await_answer",
        lambda wanted, _, context: lifecycle._enter(wanted, None, context),  # noqa: SLF001  # what it is without
        "a pending invitation is sent again",
    ),
    "moved": Mutant(
        "apply/test_together.py",
        steps.Steps,
        "_find_move",
        lambda *_: None,
        "a change is carried out on what is not as planned any more",
    ),
    "choose": Mutant(
        "laws/test_saved_plans.py",
        apply,
        "choose",
        lambda plan, *_, **__: steps.Choice(changes=plan.changes, refused=()),
        "an edited `before` removes or promotes somebody else",
    ),
    "difference": Mutant(
        "laws/test_saved_plans.py",
        steps,
        "_difference",
        lambda *_: "",
        "what a reviewer saw is not what is carried out",
    ),
    "requests": Mutant(
        "laws/test_saved_plans.py",
        apply,
        "chosen_requests",
        lambda plan, *_: plan.waiting,
        "somebody is asked for what no plan asks for",
    ),
}


def run(name: str) -> int:
    """Run the law of one mutant in this process; the exit code of pytest."""
    mutant = MUTANTS[name]
    getattr(mutant.owner, mutant.name)
    setattr(mutant.owner, mutant.name, mutant.instead)
    return pytest.main(
        [f"tests/{mutant.law}", "-qx", "--tb=line", "--hypothesis-profile=mutants", "-p", "no:cacheprovider"]
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
