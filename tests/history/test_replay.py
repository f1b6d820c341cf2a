from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.history.convert import Quarter, ad_account_id, email, read_quarters
from tests.history.replay import Replay, grants_of, members_of


@pytest.fixture(scope="module")
def quarters() -> list[Quarter]:
    return read_quarters()


def play_all(quarters: Sequence[Quarter], folder: Path) -> Replay:
    replay = Replay.begin(quarters, folder)
    for quarter in quarters:
        plan = replay.play(quarter)
        assert plan.is_settled, (quarter.day, plan.changes[:3], plan.waiting[:3], plan.blocked[:3])
        assert_same(replay, quarter)
    return replay


def assert_same(replay: Replay, quarter: Quarter) -> None:
    """The world holds what the history says, and nothing else; the planner is not asked."""
    for name, center in quarter.centers.items():
        assert members_of(replay.world, name) == {
            email(person): (role, "active") for person, role in center.members.items()
        }
        assert grants_of(replay.world, name) == {
            (ad_account_id(name, key), email(person)): role
            for key, roles in center.ad_accounts.items()
            for person, role in roles.items()
        }


def test_the_history_is_what_its_readme_says(quarters: list[Quarter]) -> None:
    largest = quarters[-1].centers["kubernetes"]
    assert len(quarters) == 17
    assert len(largest.members) == 1489
    assert (len(largest.ad_accounts), sum(map(len, largest.ad_accounts.values()))) == (301, 2046)
    admins = [
        list(center.members.values()).count("admin") for quarter in quarters for center in quarter.centers.values()
    ]
    assert max(admins) == 16


@pytest.mark.timeout(300)
def test_the_first_year_replays_quarter_by_quarter(quarters: list[Quarter], tmp_path: Path) -> None:
    replay = play_all(quarters[:4], tmp_path)
    assert replay.blocked == {}


@pytest.mark.history
@pytest.mark.timeout(900)
def test_four_years_replay_quarter_by_quarter(quarters: list[Quarter], tmp_path: Path) -> None:
    replay = play_all(quarters, tmp_path)
    assert replay.blocked == {}
