"""Whoever is asked about drift says the same: a plan, an audit, and the plan of an organization that is only watched.

Over every case of the planner and of the audits. What is compared is the whole list, severity and fate aside: what
weighs less where only our own is managed, and what is left alone where nothing may be changed, depend on the mode.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from reconciler.apply.planning import PlanRequest
from reconciler.engine.planner import Worlds, plan
from reconciler.features.drift import drift as drifting
from reconciler.model import Address, Drift, DriftSort, Fate, Mode, OrganizationPlan, Status, Unknown
from tests.engine.given import Case, read_case
from tests.lawbook import Lawbook

CASES = Path(__file__).parents[1] / "cases"
PATHS = sorted([*(CASES / "plan").glob("*.yaml"), *(CASES / "drift").glob("*.yaml")])

Told = list[tuple[object, ...]]

every_case = pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
LAWS = Lawbook()


@cache
def _case(path: Path) -> Case:
    return read_case(path)


def _told(drift: Iterable[Drift]) -> Told:
    return [(found.address, found.sort, found.expected, found.live) for found in drift]


def by_plan(case: Case) -> list[Drift]:
    made = plan(case.worlds, case.settings, targets=case.targets)
    return [found for part in made.organizations for found in part.drift]


def by_audit(case: Case) -> list[Drift]:
    request = PlanRequest(
        desired=case.worlds.desired, settings=case.settings, today=case.worlds.today, targets=case.targets
    )
    report = drifting.survey(request, provider_for=lambda _: object(), store=None)  # type: ignore[arg-type, return-value]  # nothing is read, see `worlds_of`
    return sorted((item.found for item in report.items), key=lambda found: found.address)


def by_watching(case: Case) -> list[Drift]:
    return by_plan(replace(case, worlds=_only_watched(case.worlds)))


def _only_watched(worlds: Worlds) -> Worlds:
    organizations = {key: replace(one, mode=Mode.READ_ONLY) for key, one in worlds.desired.organizations.items()}
    return replace(worlds, desired=replace(worlds.desired, organizations=organizations))


@pytest.fixture(autouse=True)
def worlds_of(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """An audit of a case looks at the worlds of the case instead of at systems."""
    path = request.node.callspec.params["path"] if hasattr(request.node, "callspec") else PATHS[0]
    monkeypatch.setattr(drifting, "read_worlds", lambda *_args, **_more: _case(path).worlds)


@LAWS.law
def plan_and_audit_tell_the_same_drift(path: Path) -> None:
    case = _case(path)
    assert _told(by_audit(case)) == _told(by_plan(case))


@LAWS.law
def plan_and_watching_tell_the_same_drift(path: Path) -> None:
    case = _case(path)
    assert _told(by_watching(case)) == _told(by_plan(case))


@LAWS.law
def what_is_said_to_become_of_drift_is_what_the_plan_does(path: Path) -> None:
    case = _case(path)
    for part in plan(case.worlds, case.settings, targets=case.targets).organizations:
        organization = case.worlds.desired.organizations[part.organization]
        for found in part.drift:
            assert found.outlook
            if organization.deleted and found.fate is Fate.TAKEN_AWAY:
                assert [change.action for change in part.changes] == ["delete_organization"]
                continue
            assert _fate_by_hand(found, part) is found.fate, found
            if found.fate is Fate.BLOCKED:
                [guard] = [one.guard for one in part.blocked if one.change.address == found.address]
                assert f", {guard}: " in found.outlook


@every_case
def test_every_law_holds_for_the_case(path: Path) -> None:
    LAWS.check(path)


def _fate_by_hand(found: Drift, part: OrganizationPlan) -> Fate:
    """The fate as whoever reads the sections of the plan would tell it; nobody plans to look at what is not shown."""
    if found.sort is DriftSort.UNVERIFIED:
        return Fate.WAITING
    sections = {
        Fate.CHANGED_BACK: [change.address for change in part.changes if change.after is not None],
        Fate.TAKEN_AWAY: [change.address for change in part.changes if change.after is None],
        Fate.WAITING: [waiting.address for waiting in part.waiting],
        Fate.BLOCKED: [blocked.change.address for blocked in part.blocked],
        Fate.DEFERRED: [left_out.address for left_out in part.left_out],
    }
    for fate, addresses in sections.items():
        if found.address in addresses:
            return fate
    without = (Fate.LEFT_ALONE, Fate.SETTLED, Fate.UNREAD)
    return found.fate if found.fate in without else Fate.LEFT_ALONE


def _recorded_against_live(case: Case) -> set[Address]:
    """What looks like a detector, and was one: every record that is not live as it was recorded."""
    return {
        address
        for key, live in case.worlds.live.items()
        if key in case.worlds.recorded
        for address, record in case.worlds.recorded[key].records.items()
        if not isinstance(found := live.find(address), Unknown)
        if record.status is Status.ACTIVE
        if found is None or found.status is not Status.ACTIVE or not found.shows(record.attributes)
    }


def test_the_cases_tell_a_second_detector_from_the_one() -> None:
    cases = [_case(path) for path in PATHS]
    told = [{found.address for found in by_plan(case)} for case in cases]
    assert sum(_recorded_against_live(case) != known for case, known in zip(cases, told, strict=True)) > 20
