"""Given three worlds, this is drift and nothing else: one file in tests/cases/drift for each rule.

A case is written like those of the planner; of `want` it has `drift` alone, a line for each difference.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.planner import plan
from reconciler.model import (
    Address,
    Drift,
    DriftSort,
    DriftStatus,
    KnownDrift,
    Resource,
    Risk,
    list_with_history,
    remember_drift,
)
from tests.engine.given import read_case
from tests.engine.told import describe_drift

PATHS = sorted((Path(__file__).parents[1] / "cases" / "drift").glob("*.yaml"))
TODAY = date(2026, 11, 22)
EVE = Address("acme-bc", "member", "eve")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_drift_is_what_the_case_wants(path: Path) -> None:
    case = read_case(path)
    parts = plan(case.worlds, case.settings).organizations
    assert [describe_drift(found) for part in parts for found in part.drift] == case.want["drift"]


def deviation(role: str = "admin") -> Drift:
    return Drift(
        address=EVE,
        sort=DriftSort.ADDED_OUTSIDE,
        severity=Risk.CRITICAL,
        expected=None,
        live=Resource(address=EVE, attributes={"role": role}),
        why="nobody declared it",
    )


def status(found: Drift, known: KnownDrift, today: date, max_age: int | None = 30) -> tuple[DriftStatus, int]:
    (item,) = list_with_history([found], {EVE: known}, today=today, max_age=max_age)
    return item.status, item.age


def known(**values: object) -> KnownDrift:
    (first,) = list_with_history([deviation()], {}, today=TODAY, max_age=None)
    assert first.status is DriftStatus.NEW
    made = remember_drift([first])[EVE]
    return KnownDrift(**{name: values.get(name, getattr(made, name)) for name in KnownDrift.__slots__})  # type: ignore[arg-type]  # by name


def test_what_was_seen_before_is_known_until_it_is_too_old() -> None:
    assert status(deviation(), known(), TODAY + timedelta(days=30)) == (DriftStatus.KNOWN, 30)
    assert status(deviation(), known(), TODAY + timedelta(days=31)) == (DriftStatus.OVERDUE, 31)
    assert status(deviation(), known(), TODAY + timedelta(days=999), max_age=None) == (DriftStatus.KNOWN, 999)


def test_an_acceptance_ends_on_its_day() -> None:
    accepted = known(reason="OPS-1", until=TODAY + timedelta(days=40))
    assert status(deviation(), accepted, TODAY + timedelta(days=39)) == (DriftStatus.ACCEPTED, 39)
    assert status(deviation(), accepted, TODAY + timedelta(days=40)) == (DriftStatus.OVERDUE, 40)


@given(st.sampled_from(["standard", "member", "owner", "x"]), st.integers(0, 400))
def test_an_acceptance_never_hides_another_difference_of_the_same_thing(role: str, days: int) -> None:
    accepted = known(reason="OPS-1", until=TODAY + timedelta(days=1000))
    assert status(deviation(role), accepted, TODAY + timedelta(days=days)) == (DriftStatus.NEW, 0)


def test_what_matters_most_comes_first() -> None:
    rest = [
        Drift(
            address=Address("acme-bc", "member", key),
            sort=DriftSort.GONE,
            severity=severity,
            expected=None,
            live=None,
            why="",
        )
        for key, severity in [("a", Risk.LOW), ("c", Risk.HIGH), ("b", Risk.HIGH)]
    ]
    items = list_with_history([*rest, deviation()], {}, today=TODAY, max_age=None)
    assert [item.found.address.key for item in items] == ["eve", "b", "c", "a"]
