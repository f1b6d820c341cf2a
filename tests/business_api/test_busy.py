"""Reading is as fast as the tier allows, however long an answer takes: by a clock that knows who is waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import Any

import httpx2
import pytest

from reconciler.model import Address, Live, Scope
from reconciler.providers.business_api.client import TIERS, Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider, estimate_reading
from reconciler.sandbox.api.configuration import issue_token
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.world import World
from tests.business_api.stage import Stage, staged
from tests.business_api.test_size import plant, sized

LATENCY = 2.0
"""Seconds from a call to its answer."""
MAX_CHAIN = 12
"""So many answers a reading waits for one after the other: each tells what is to be asked next."""


class SharedTicker:
    """Time that passes in the world when everybody waits, and then to the first moment somebody waits for."""

    def __init__(self, world: World) -> None:
        self._world, self._changed = world, threading.Condition()
        self._awake, self._waits, self._began = 1, list[float](), world.seconds()
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._changed:
            until = self.time + seconds
            self._waits.append(until)
            self.join(-1)
            self._changed.wait_for(lambda: self.time >= until)

    def join(self, number: int) -> None:
        """So many more are awake, or fewer."""
        with self._changed:
            self._awake += number
            if self._awake == 0 and self._waits:
                self._world.advance(timedelta(seconds=min(self._waits) - self.time))
                self.time = min(self._waits)
                self._awake = sum(until <= self.time for until in self._waits)
                self._waits = [until for until in self._waits if until > self.time]
                self._changed.notify_all()


class TimedClient(Client):
    """Tells the clock who is at work."""

    ticker: SharedTicker

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        todo, results = list(enumerate(items)), dict[int, Any]()
        todo.reverse()
        lock, left = threading.Lock(), [min(self._workers, len(todo))]
        if not todo:
            return []

        def run() -> None:
            while True:
                with lock:
                    if not todo:
                        left[0] -= 1
                        # The last to finish wakes whoever waits for all.
                        self.ticker.join(0 if left[0] == 0 else -1)
                        return
                    index, item = todo.pop()
                results[index] = work(item)

        self.ticker.join(left[0] - 1)  # and whoever asks waits
        threads = [threading.Thread(target=run) for _ in range(left[0])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [results[index] for index in range(len(results))]


class SlowTransport(httpx2.BaseTransport):
    """Answers late."""

    def __init__(self, inner: BusinessApiTransport, ticker: SharedTicker) -> None:
        self._inner, self._ticker = inner, ticker
        self.asked: list[str] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        answer = self._inner.handle_request(request)
        self._ticker.sleep(LATENCY)
        return answer


def read_slowly(stage: Stage, scope: Scope, person: str) -> tuple[Live, SharedTicker, list[str]]:
    """What is read, by which clock, and what was asked for."""
    ticker = SharedTicker(stage.world)
    transport = SlowTransport(BusinessApiTransport(stage.emulator, sleep=ticker.sleep), ticker)
    token = issue_token(stage.world, get_person(stage.world, person))
    with TimedClient(Connection(access_token=token), transport=transport, ticker=ticker) as client:
        return BusinessApiProvider(client, clock=stage.world).read(scope), ticker, transport.asked


@pytest.mark.parametrize(
    ("members", "ad_accounts", "on_each"),
    [(600, 150, 12), pytest.param(4000, 300, 12, marks=pytest.mark.full)],
    ids=str,
)
def test_reading_takes_the_fewest_calls_and_as_long_as_the_tier_demands(
    members: int, ad_accounts: int, on_each: int
) -> None:
    with sized(members, ad_accounts) as stage:
        planted = plant(stage, on_each)
        roles = {Address("acme-bc", "ad_account_access", f"a{a}/p{p}"): "operator" for a, p in planted}
        live, ticker, asked = read_slowly(stage, replace(stage.scope, roles=roles), "p0")
        assert not live.unknown
        assert {address for address in live.resources if address.kind == "ad_account_access"} == roles.keys()
        fewest = 2 + ceil(members / 20) + ceil(ad_accounts / 50) + 6 + ad_accounts * ceil(on_each / 20) + 2
        sizes = {"member": members, "ad_account": ad_accounts, "ad_account_access": len(planted)}
        assert sum(stage.emulator.counted.values()) == len(asked) == fewest == estimate_reading(sizes)
        print(f"{len(asked)} calls in {ticker.time:.1f} seconds of the clock")  # noqa: T201  # asked for by -s
        assert ticker.time <= TIERS["basic"].seconds_for(len(asked)) + MAX_CHAIN * LATENCY


def test_nothing_is_asked_twice_and_all_kinds_are_read_side_by_side() -> None:
    """In a small one only the chain counts, and one answer after the other would take four times as long."""
    with staged(mask_emails="none") as stage:
        inline = stage.provider.read(stage.scope)
        live, ticker, asked = read_slowly(stage, stage.scope, "ana")
        assert (live.resources, live.unknown) == (inline.resources, inline.unknown)
        assert sorted(asked) == sorted(set(asked))
        print(f"{len(asked)} calls in {ticker.time:.1f} seconds of the clock")  # noqa: T201  # asked for by -s
        assert ticker.time <= MAX_CHAIN * LATENCY + TIERS["basic"].seconds_for(len(asked))
