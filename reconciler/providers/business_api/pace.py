"""When the next call may go out: one gate for all threads of a process, as wide as the tier of the app.

Source: https://business-api.tiktok.com/portal/docs?id=1740029171730433. The limits count for the app as a whole, over
all users and processes. Processes do not know of each other: each is told of how many it is one. We stay at 80 % of the
limits, because the platform's second does not begin when ours does.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from reconciler.model.errors import ProviderError
from reconciler.model.values import dataclass

DEFAULT_TIER = "basic"
_SHARE = 0.8
REST_AFTER_MINUTE_LIMIT = 300.0
"""Seconds without any call that TikTok asks for when the limit per minute was broken."""
_ONE_SECOND = 1.0
_MAX_NAP = 1.0
"""Seconds until a thread that waits looks whether it still should."""
_SAME_BREACH = 3.0
"""A second refusal within this time after the pause means that it was not the limit per second."""
_MAX_BACK_OFF = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The limits of one tier."""

    per_second: int
    per_minute: int
    runners: int = 1
    """How many processes share them."""

    @property
    def limit(self) -> str:
        """Our share of it in words; empty for the one that is none."""
        if self.per_second == TIERS["unlimited"].per_second:
            return ""
        return f"{self.calls_per_second} calls a second and {self.calls_per_minute:,} a minute"

    @property
    def calls_per_second(self) -> int:
        """How many calls we make in any second."""
        return int(self.per_second * _SHARE / self.runners)

    @property
    def calls_per_minute(self) -> int:
        """How many calls we make in any minute."""
        return int(self.per_minute * _SHARE / self.runners)


TIERS: dict[str, Tier] = {
    "basic": Tier(per_second=10, per_minute=600),
    "advanced": Tier(per_second=20, per_minute=1200),
    "premium": Tier(per_second=30, per_minute=1800),
    "ultimate": Tier(per_second=50, per_minute=3000),
    "unlimited": Tier(per_second=100_000, per_minute=1_000_000),  # no tier of TikTok's: for an emulator of one's own
}


class Ticker(Protocol):
    """Time that passes, and waiting for it; tests bring one that does not really wait."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after this many seconds."""
        ...


class MachineTicker:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


class Pace:
    """Lets calls through as fast as a tier allows, and none at all while the platform wants peace."""

    def __init__(self, tier: Tier, ticker: Ticker) -> None:
        from pyrate_limiter import InMemoryBucket, Rate

        self.tier = tier
        second, minute = Rate(tier.calls_per_second, 1000), Rate(tier.calls_per_minute, 60_000)
        self._bucket = InMemoryBucket([second, minute])
        self._ticker = ticker
        self.on_rest: Callable[[float], None] = lambda _seconds: None
        """Hears of every long pause before it begins."""
        self._lock = threading.Lock()
        self.calls = 0
        """How many calls were let through."""
        self._is_stopped = False
        self._closed_until = float("-inf")
        self._breach_is_fresh_until = float("-inf")

    def wait(self) -> None:
        """Return when a call may go out; that call is counted. Raises ProviderError when the run was stopped."""
        while (seconds := self._seconds_to_wait()) > 0:
            self._ticker.sleep(min(seconds, _MAX_NAP))
        if self._is_stopped:
            raise ProviderError("the run was interrupted")

    def stop(self) -> None:
        """Let nobody call any more: whoever waits for five minutes to pass must not keep a person waiting as well."""
        self._is_stopped = True

    def note_breach(self) -> None:
        """The platform turned a call away for being one too many: nobody calls for a second, or for five minutes."""
        with self._lock:
            now = self._ticker.now()
            if now < self._closed_until:
                return  # sent before we stopped: the same breach
            again = now < self._breach_is_fresh_until
            rest = REST_AFTER_MINUTE_LIMIT if again else _ONE_SECOND
            self._closed_until = now + rest
            self._breach_is_fresh_until = self._closed_until + _SAME_BREACH
        if again:
            self.on_rest(rest)

    def back_off(self, failures: int) -> None:
        """Wait before a call is repeated: 1, 2, 4, 8 ... seconds, half of it by chance so that threads part."""
        self._ticker.sleep(seconds_to_back_off(failures))

    def _seconds_to_wait(self) -> float:
        from pyrate_limiter import RateItem

        if self._is_stopped:
            return 0.0
        with self._lock:
            now = self._ticker.now()
            if now < self._closed_until:
                return self._closed_until - now
            item = RateItem("call", int(now * 1000))
            self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                self.calls += 1
                return 0.0
            waiting = self._bucket.waiting(item)
            return max(1, waiting if isinstance(waiting, int) else 1) / 1000


def seconds_to_back_off(failures: int) -> float:
    """Between half of and all of 2 ** (failures - 1) seconds."""
    whole = min(_MAX_BACK_OFF, 2.0 ** (failures - 1))
    return whole * random.uniform(0.5, 1)  # noqa: S311  # spreads calls over time, keeps no secret
