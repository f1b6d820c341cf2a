"""How fast calls go out, and when none does."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from reconciler.providers.business_api.client import TIERS, Pace, seconds_to_back_off
from tests.business_api.scripted import MadeUpTicker, envelope, scripted


def test_no_second_and_no_minute_has_more_calls_than_the_tier_allows() -> None:
    tier, ticker = TIERS["basic"], MadeUpTicker()
    pace = Pace(tier, ticker)
    times = []
    for _ in range(1200):
        pace.wait()
        times.append(ticker.now())
    for index, start in enumerate(times):
        assert sum(start <= time < start + 1 for time in times[index : index + 20]) <= tier.per_second
        assert sum(start <= time < start + 60 for time in times[index : index + 700]) <= tier.per_minute
    assert times[-1] - times[0] < 160  # 1,200 calls at 480 in a minute


def test_as_many_runners_as_are_named_stay_within_the_limits_together() -> None:
    tiers = [replace(tier, runners=runners) for tier in TIERS.values() for runners in range(1, tier.calls_per_second)][
        :99
    ]
    assert all(0 < tier.calls_per_second * tier.runners <= tier.per_second * 0.8 for tier in tiers)
    assert all(0 < tier.calls_per_minute * tier.runners <= tier.per_minute * 0.8 for tier in tiers)
    assert replace(TIERS["basic"], runners=3).limit == "2 calls a second and 160 a minute"


def test_after_a_breach_nobody_calls_for_a_second_and_after_another_for_five_minutes() -> None:
    ticker = MadeUpTicker()
    told: list[float] = []
    pace = Pace(TIERS["basic"], ticker)
    pace.on_rest = told.append
    pace.note_breach()
    pace.note_breach()  # the answer to a call that went out before the first one
    pace.wait()
    assert ticker.slept == [1.0]
    assert told == []
    pace.note_breach()
    assert told == [300.0]  # before the silence, so that whoever looks at a log knows why nothing comes
    pace.wait()
    assert sum(ticker.slept) == 301.0


def test_a_breach_long_after_another_is_a_first_one() -> None:
    ticker = MadeUpTicker()
    pace = Pace(TIERS["basic"], ticker)
    pace.note_breach()
    ticker.time += 60
    pace.note_breach()
    pace.wait()
    assert sum(ticker.slept) == 1.0


@pytest.mark.parametrize("code", [40100, 40016, 61000])
def test_a_call_that_is_one_too_many_stops_all_and_goes_out_again(code: int) -> None:
    client, script, ticker = scripted(envelope(code=code), envelope(code=code), envelope({"ok": 1}))
    assert client.get("bc/get/", {}) == {"ok": 1}
    assert len(script.requests) == 3
    assert sum(ticker.slept) >= 300


def test_all_threads_share_one_pace() -> None:
    ticker = MadeUpTicker()
    pace = Pace(TIERS["basic"], ticker)

    def call_eight_times() -> None:
        for _ in range(8):
            pace.wait()

    threads = [threading.Thread(target=call_eight_times) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ticker.slept) >= 3  # 32 calls, 8 in a second


def test_backing_off_doubles_up_to_half_a_minute() -> None:
    for failures, whole in ((1, 1), (2, 2), (3, 4), (6, 30), (60, 30)):
        assert whole / 2 <= seconds_to_back_off(failures) <= whole
