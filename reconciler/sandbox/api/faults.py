"""What goes wrong: faults on demand, too many calls, and reads that lag behind writes."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, get_args

from reconciler.sandbox.api.configuration import RefusedCall, Tier
from reconciler.sandbox.world import World

FaultKind = Literal["code", "html_502", "reset", "slow", "stale"]

LIMITS: Final[dict[Tier, tuple[int, int, int]]] = {
    "basic": (10, 600, 864_000),
    "advanced": (20, 1_200, 1_728_000),
    "premium": (30, 1_800, 2_592_000),
    "ultimate": (50, 3_000, 4_320_000),
}
"""Tier -> calls per second, per minute, per day."""

_WINDOWS: Final = {"QPS": 1, "QPM": 60, "QPD": 86_400}
_REST: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, once or several times.

    kind       what the caller sees
    code       an envelope with `code` and `message`: 40100, 40202, 50002, 51060, ...
    html_502   HTTP 502 with a page instead of JSON
    reset      the connection breaks
    slow       the right answer, `seconds` late
    stale      from the first call that fits, all reads show the world as it is then, for `seconds`
    """

    kind: FaultKind
    code: int = 50002
    message: str = "Service error, please retry later."
    path: str = "*"
    """Which endpoints, as a shell pattern over paths such as `bc/member/invite/`."""
    method: str = ""
    """GET or POST; both when empty."""
    after: bool = False
    """Whether a write takes effect all the same: the answer is wrong, not the deed."""
    skip: int = 0
    """How many calls that fit go well first."""
    times: int = 1
    seconds: float = 0.0

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Fault:
        """From JSON; raises ValueError for a wrong name or value."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for name, value in values.items():
            if name not in fields:
                raise ValueError(f"a fault has no {name!r}; it has {', '.join(fields)}")
            example = "" if name == "kind" else fields[name].default
            is_number = isinstance(example, float) and type(value) in (int, float)
            if type(value) is not type(example) and not is_number:
                raise ValueError(f"{name} of a fault takes {type(example).__name__}, not {value!r}")
        kinds = get_args(FaultKind)
        if values.get("kind") not in kinds:
            raise ValueError(f"a fault is one of {', '.join(kinds)}")
        if min(values.get("seconds", 0), values.get("skip", 0), values.get("times", 1)) < 0:
            raise ValueError("numbers of a fault are not negative")
        return cls(**values)


class Faults:
    """The faults that are still to come, in order; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let it go wrong."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let all be well."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """What is still to come; `skip` and `times` say how much of it is left."""
        with self._lock:
            return list(self._waiting)

    def take(self, method: str, path: str) -> Fault | None:
        """What goes wrong with this call; the first fault that fits, if any."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.method not in ("", method) or not fnmatchcase(path, fault.path):
                    continue
                if fault.skip:
                    self._waiting[index] = dataclasses.replace(fault, skip=fault.skip - 1)
                    continue
                left = dataclasses.replace(fault, times=fault.times - 1)
                self._waiting[index : index + 1] = [left] if left.times > 0 else []
                return fault
        return None


class Limiter:
    """How many calls an app may make: per second, minute and day, summed over all of its users and endpoints.

    Windows are those of the calendar. Whoever exceeds the limit of a minute is turned away for five minutes, that of a
    day until midnight UTC. Calls that were turned away are not counted, and of several limits the longest is told.
    Safe for several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._barred_until: dict[str, float] = {}
        self._counted: dict[str, Counter[tuple[str, int]]] = {}
        """App -> calls in its present second, minute and day."""

    def admit(self, app: str, *, tier: Tier, at: float) -> None:
        """Count a call at this time in seconds, or turn it away with 40100."""
        if tier == "unlimited":
            return
        with self._lock:
            if at < self._barred_until.get(app, 0.0):
                raise RefusedCall(40100, "Too many requests. Please retry in some time.")
            before, counted = self._counted.get(app, Counter()), Counter[tuple[str, int]]()
            for (unit, length), limit in reversed([*zip(_WINDOWS.items(), LIMITS[tier], strict=True)]):
                number = int(at // length)
                if before[unit, number] >= limit:
                    self._barred_until[app] = at + _REST if unit == "QPM" else float((number + 1) * length)
                    raise RefusedCall(40100, f"Too many requests: the {unit} limit of this app is {limit}.")
                counted[unit, number] = before[unit, number] + 1
            self._counted[app] = counted


class Replica:
    """The world that reads see: the live one, or an earlier copy of it, as replicas lag behind.

    Writes always meet the live one.
    """

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
