"""Four years of real changes: quarter after quarter is planned, applied and accepted until there is nothing left to do.

The planner's own word is not taken for it: after every quarter the tables of the world are compared with the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.history.convert import Center, Quarter, ad_account_id, email, read_quarters, render_manifests
from tests.history.replay import Replay, grants_of, load, members_of

CLEAR_OUTS = {
    "2019-07-01": {"kubernetes-incubator": 100},  # of 394: 42 lost, 58 lowered from admin to operator
    "2020-10-01": {"kubernetes-incubator": 289},  # of 298: everybody but the nine admins, and every team
}
"""Where a quarter takes away more than a quarter of an organization's access, so that the guard asks for approvals.

2020-04-01 in kubernetes-csi comes nearest without being one: 36 of 178. Two of nine people in 2022-07-01 are left alone
by the guard twice over, because organizations that small are.
"""


@pytest.fixture(scope="module")
def quarters() -> list[Quarter]:
    return read_quarters()


def test_the_history_is_what_its_readme_says(quarters: list[Quarter]) -> None:
    largest = quarters[-1].centers["kubernetes"]
    assert len(quarters) == 17
    assert len(largest.members) == 1489
    assert (len(largest.ad_accounts), sum(map(len, largest.ad_accounts.values()))) == (301, 2046)
    centers = [center for quarter in quarters for center in quarter.centers.values()]
    assert max(list(center.members.values()).count("admin") for center in centers) == 16


def test_the_manifests_of_a_quarter_declare_everybody_and_nothing_else(quarters: list[Quarter]) -> None:
    quarter = quarters[2]
    desired = load(render_manifests(quarter))
    for name, center in quarter.centers.items():
        declared = {address: item.attributes.get("role") for address, item in desired.resources[name].items()}
        assert {(*address.parts, role) for address, role in declared.items() if address.kind == "member"} == {
            (person, role) for person, role in center.members.items()
        }
        assert {
            (*address.parts, role) for address, role in declared.items() if address.kind == "ad_account_access"
        } == {(key, person, role) for key, roles in center.ad_accounts.items() for person, role in roles.items()}


def test_the_clear_outs_are_the_quarters_that_lose_more_than_a_quarter(quarters: list[Quarter]) -> None:
    found: dict[str, dict[str, int]] = {}
    for before, after in pairwise(quarters):
        for name, center in before.centers.items():
            lost = count_lost(center, after.centers[name])
            if len(access_of(center)) >= 10 and lost > len(access_of(center)) / 4:
                found.setdefault(str(after.day), {})[name] = lost
    assert found == CLEAR_OUTS


@pytest.mark.full
def test_the_first_year_replays_quarter_by_quarter(quarters: list[Quarter], tmp_path: Path) -> None:
    replay = play_all(quarters[:4], tmp_path)
    days = {str(quarter.day) for quarter in quarters[:4]}
    assert replay.blocked == {day: found for day, found in CLEAR_OUTS.items() if day in days}


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_four_years_replay_quarter_by_quarter(quarters: list[Quarter], tmp_path: Path) -> None:
    replay = play_all(quarters, tmp_path)
    assert replay.blocked == CLEAR_OUTS


def play_all(quarters: Sequence[Quarter], folder: Path) -> Replay:
    replay = Replay.begin(quarters, folder)
    for quarter in quarters:
        plan = replay.play(quarter)
        assert plan.is_settled, (quarter.day, plan.changes[:3], plan.waiting[:3], plan.blocked[:3])
        assert_same(replay, quarter)
    return replay


def assert_same(replay: Replay, quarter: Quarter) -> None:
    """The world holds what the history says, and nothing else."""
    for name, center in quarter.centers.items():
        assert members_of(replay.world, name) == {
            email(person): (role, "active") for person, role in center.members.items()
        }
        assert grants_of(replay.world, name) == {
            (ad_account_id(name, key), email(person)): role
            for key, roles in center.ad_accounts.items()
            for person, role in roles.items()
        }


def access_of(center: Center) -> dict[tuple[str, str], str]:
    """Every membership and every place in a team, with its role."""
    return {
        (key, person): role
        for key, roles in [("", center.members), *center.ad_accounts.items()]
        for person, role in roles.items()
    }


def count_lost(before: Center, after: Center) -> int:
    """How many have less than they had: nothing at all, or another role where they were admin."""
    now = access_of(after)
    return sum(place not in now or (role == "admin" != now[place]) for place, role in access_of(before).items())
