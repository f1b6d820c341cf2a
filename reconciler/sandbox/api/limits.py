"""How many calls an app may make: per second, per minute and per day, summed over all of its users and endpoints.

Windows are those of the calendar. Whoever exceeds the limit of a minute is turned away for five minutes, that of a day
until midnight UTC. Calls that were turned away are not counted, and of several limits the longest is told.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.options import Tier

LIMITS: Final[dict[Tier, tuple[int, int, int]]] = {
    "basic": (10, 600, 864_000),
    "advanced": (20, 1_200, 1_728_000),
    "premium": (30, 1_800, 2_592_000),
    "ultimate": (50, 3_000, 4_320_000),
}
"""Tier -> calls per second, per minute, per day."""

_WINDOWS: Final = (1, 60, 86_400)
_REST: Final = 300.0


@dataclass(slots=True)
class _Counter:
    """Calls of one app in the present second, minute and day, and until when it is turned away."""

    windows: list[int] = field(default_factory=lambda: [0, 0, 0])
    calls: list[int] = field(default_factory=lambda: [0, 0, 0])
    barred_until: float = 0.0


class Limiter:
    """Counts calls; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[str, _Counter] = {}

    def admit(self, app: str, *, tier: Tier, at: float) -> None:
        """Count a call at this time in seconds, or turn it away with 40100."""
        if tier == "unlimited":
            return
        with self._lock:
            counter = self._counters.setdefault(app, _Counter())
            if at < counter.barred_until:
                raise RefusedCall(40100, "Too many requests. Please retry in some time.")
            self._begin_windows(counter, at)
            for index, unit in reversed(list(enumerate(("QPS", "QPM", "QPD")))):
                limit = LIMITS[tier][index]
                if counter.calls[index] >= limit:
                    counter.barred_until = self._end_of_rest(index, at)
                    raise RefusedCall(40100, f"Too many requests: the {unit} limit of this app is {limit}.")
            counter.calls = [calls + 1 for calls in counter.calls]

    @staticmethod
    def _begin_windows(counter: _Counter, at: float) -> None:
        for index, length in enumerate(_WINDOWS):
            window = int(at // length)
            if window != counter.windows[index]:
                counter.windows[index], counter.calls[index] = window, 0

    @staticmethod
    def _end_of_rest(index: int, at: float) -> float:
        if index == 1:
            return at + _REST
        length = _WINDOWS[index]
        return float((at // length + 1) * length)
