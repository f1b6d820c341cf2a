"""A provider that watches every call from outside, lets the world move in between, and goes wrong on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.model import Address, Change, Failed, InDoubt, Live, Outcome, Provider, Scope


class Stopped(BaseException):  # it stands for a process that is stopped, not for an error
    """The process ends here."""


class Broken(BaseException):
    """A call that must not be made. Apply takes every other exception for a fault of the provider, and goes on."""


@dataclass
class Mischief:
    """What goes wrong during one apply. Calls count from 0."""

    fail: frozenset[int] = frozenset()
    lose_answer: frozenset[int] = frozenset()
    lose_request: frozenset[int] = frozenset()
    stop_before: int | None = None
    between: Callable[[int], None] | None = None
    """Lets people in the world act after a call."""

    @property
    def is_none(self) -> bool:
        return self == Mischief()


@contextmanager
def _seen_by_all() -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise Broken(str(error)) from error


class ObservedProvider:
    """Wraps the sandbox; `before` and `after` look at the world around every call."""

    def __init__(
        self,
        inner: Provider,
        mischief: Mischief,
        *,
        before: Callable[[Change], None],
        after: Callable[[Change, Outcome], None],
    ) -> None:
        self.name = inner.name
        self.calls: list[Change] = []
        self._inner = inner
        self._mischief = mischief
        self._before = before
        self._after = after

    def read(self, scope: Scope) -> Live:
        return self._inner.read(scope)

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        return self._inner.read_some(scope, addresses)

    def apply(self, scope: Scope, change: Change) -> Outcome:
        call = len(self.calls)
        if call == self._mischief.stop_before:
            raise Stopped
        self.calls.append(change)
        if call in self._mischief.fail:
            return Failed(reason="the fault that was asked for")
        if call in self._mischief.lose_request:
            return InDoubt(reason="the request was lost")
        with _seen_by_all():
            self._before(change)
        outcome = self._inner.apply(scope, change)
        with _seen_by_all():
            self._after(change, outcome)
        if self._mischief.between:
            self._mischief.between(call)
        if call in self._mischief.lose_answer:
            return InDoubt(reason="the answer was lost")
        return outcome
