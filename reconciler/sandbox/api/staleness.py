"""Reads that lag behind writes, as replicas do."""

from __future__ import annotations

import threading
from collections import deque

from reconciler.sandbox.world import World


class Replica:
    """The world that reads see: the live one, or an earlier copy of it. Writes always meet the live one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._before_writes: deque[tuple[float, World]] = deque()
        self._frozen: tuple[float, World] | None = None

    def before_write(self, *, at: float, delay: float) -> None:
        """Keep the world as it is before a write that reads shall not show until `delay` seconds after `at`."""
        if delay > 0:
            with self._lock:
                self._before_writes.append((at + delay, self._world.copy()))

    def freeze(self, *, until: float) -> None:
        """Show the world as it is now, until then."""
        with self._lock:
            self._frozen = (until, self._world.copy())

    def seen(self, *, at: float) -> World:
        """The world that a read sees at this time: as it was before the earliest write that cannot be seen yet."""
        with self._lock:
            if self._frozen is not None and at >= self._frozen[0]:
                self._frozen = None
            while self._before_writes and at >= self._before_writes[0][0]:
                self._before_writes.popleft()
            if self._frozen is not None:
                return self._frozen[1]
            return self._before_writes[0][1] if self._before_writes else self._world
