"""What goes wrong on demand."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

Kind = Literal["code", "html_502", "reset", "slow", "stale"]
_KINDS = ("code", "html_502", "reset", "slow", "stale")


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

    kind: Kind
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
        if values.get("kind") not in _KINDS:
            raise ValueError(f"a fault is one of {', '.join(_KINDS)}")
        if min(values.get("seconds", 0), values.get("skip", 0), values.get("times", 1)) < 0:
            raise ValueError("numbers of a fault are not negative")
        return cls(**values)

    def fits(self, method: str, path: str) -> bool:
        """Whether it is about this call."""
        return self.method in ("", method) and fnmatchcase(path, self.path)


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
                if not fault.fits(method, path):
                    continue
                if fault.skip:
                    self._waiting[index] = dataclasses.replace(fault, skip=fault.skip - 1)
                    continue
                left = dataclasses.replace(fault, times=fault.times - 1)
                self._waiting[index : index + 1] = [left] if left.times > 0 else []
                return fault
        return None
