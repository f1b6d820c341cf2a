"""What is left of somebody who leaves: one file in tests/cases/offboarding for each rule.

A case is written like those of the planner, with the `person` who leaves. It wants `first`, what has to be settled
before; `left`, a line for each thing with how far it is; `looks`, the organizations; and the `result`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from reconciler.engine.holdings import OrganizationHoldings, PersonReport, index_access
from reconciler.features.offboarding.document import Offboarding, summary_of_offboarding
from reconciler.features.offboarding.offboarding import Leaver, follow_leaver, leaving_day
from reconciler.model import State, person_in
from tests.engine.given import Case, read_case

PATHS = sorted((Path(__file__).parents[2] / "cases" / "offboarding").glob("*.yaml"))


def follow(case: Case, person: str) -> Offboarding:
    worlds = case.worlds
    parts = []
    for organization in sorted({*worlds.desired.organizations, *worlds.recorded}):
        state = worlds.recorded.get(organization, State(organization=organization))
        ledger = index_access(organization, desired=worlds.desired, state=state, today=worlds.today, as_of=None)
        theirs = tuple(one for one in ledger.holdings.values() if person_in(one.address) == person)
        parts.append(OrganizationHoldings(organization=organization, holdings=theirs))
    report = PersonReport(
        key=person, person=worlds.desired.people.get(person), today=worlds.today, organizations=tuple(parts)
    )
    leaver = Leaver(report=report, leaves=leaving_day(report, worlds.desired, worlds.today))
    return follow_leaver(leaver, worlds, settings=case.settings, today=worlds.today)


def describe(found: Offboarding) -> dict[str, list[str]]:
    told = {
        "first": [f"{one.what}: {one.first}" for one in found.hurdles],
        "left": [
            f"{one.progress} {one.address} {one.what} ({one.why})" + (f" on {one.on}" if one.on else "")
            for one in found.items
        ],
        "looks": [f"{one.progress} {one.organization} ({one.why})" for one in found.surfaces],
        "result": [summary_of_offboarding(found)],
    }
    return {section: lines for section, lines in told.items() if lines}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_is_left_is_what_the_case_wants(path: Path) -> None:
    case = read_case(path)
    person = yaml.safe_load(path.read_text(encoding="utf-8"))["person"]
    assert describe(follow(case, person)) == case.want


@pytest.mark.parametrize("part", ["", "member/"])
def test_where_nothing_could_be_read_nobody_has_looked(part: str) -> None:
    case = read_case(next(path for path in PATHS if path.stem.startswith("everything-of-a-leaver")))
    day = datetime(2026, 11, 25, tzinfo=UTC)
    key, before = next(iter(sorted(case.worlds.live.items())))
    unread = replace(before, resources={}, unknown={f"{key}/{part}": "no answer"}, observed_at=day, taken={})
    for live, seen in ((unread, None), (replace(unread, taken={"member": day}), day.date())):
        found = follow(replace(case, worlds=replace(case.worlds, live={**case.worlds.live, key: live})), "eve")
        assert [one.seen for one in found.surfaces if one.organization == key] == [seen]
