"""How far a run has come: for a person a bar with the time that is left, for the log of a build a line a minute."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from reconciler.output.words import count

EVERY = 60.0
"""Seconds between two lines."""


class Course:
    """What has become of so many steps, and which one is waited for."""

    def __init__(self, total: int, *, awaited: str = "") -> None:
        self.total = total
        self.awaited = awaited
        """What is done now, or waited for: an address, an organization."""
        self.outcomes: Counter[str] = Counter()
        self._began = time.monotonic()

    def note(self, outcome: str, *, awaited: str) -> None:
        """One step more is done, and the next one begins."""
        self.outcomes[outcome] += 1
        self.awaited = awaited

    def describe(self, *, seconds: float | None = None) -> str:
        """`120 of 400 done (115 applied, 5 failed), about 7 minutes left; waiting for acme-bc/member/eve`."""
        done = self.outcomes.total()
        told = ", ".join(f"{number:,} {word}" for word, number in sorted(self.outcomes.items()))
        passed = time.monotonic() - self._began if seconds is None else seconds
        left = passed / done * (self.total - done) / 60 if done else 0.0
        parts = [f"{done:,} of {self.total:,} done{told and f' ({told})'}"]
        parts += [f"about {count(round(left) or 1, 'minute', 'minutes')} left"] if left else []
        return ", ".join(parts) + (f"; waiting for {self.awaited}" if self.awaited else "")


@contextmanager
def ticking(say: Callable[[int], None]) -> Iterator[None]:
    """Until the block ends, `say` hears every minute how many minutes have passed; in a thread of its own."""
    is_over = threading.Event()

    def tick() -> None:
        minutes = 0
        while not is_over.wait(EVERY):
            minutes += 1
            with suppress(OSError, ValueError):  # nobody reads any more: whoever writes the result tells that
                say(minutes)

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
