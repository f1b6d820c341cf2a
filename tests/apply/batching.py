"""A provider over the sandbox that takes several changes in one call, and goes wrong on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.model import Address, Change, Failed, InDoubt, Live, Outcome, ProviderError, Scope
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.world import World

Answer = Callable[[Change], Outcome | None]


def nothing_special(_change: Change) -> None:
    """Every change is carried out."""


def refusing(*keys: str) -> Answer:
    """The system says no to these, and does the others."""
    return lambda change: Failed(reason="unknown address") if change.address.key in keys else None


def ignoring(*keys: str) -> Answer:
    """The system does nothing about these, and says nothing."""
    return lambda change: InDoubt(reason="accepted, and not shown") if change.address.key in keys else None


class InBatches:
    """Takes up to `most` changes together, if they are alike or `mixed` ones go together too."""

    name = "in batches"

    def __init__(self, world: World, *, most: int = 50, mixed: bool = False, answer: Answer = nothing_special) -> None:
        self.answer = answer
        self.calls: list[tuple[str, ...]] = []
        """Keys of the changes of each call."""
        self.looks: list[tuple[str, ...]] = []
        """Keys of each look before or after a call."""
        self.before_look: Callable[[], None] = lambda: None
        self.in_call: Callable[[], None] = lambda: None
        self.after_call: Callable[[], None] = lambda: None
        self.is_blind = False
        self.drops_outcomes = False
        self._most = most
        self._mixed = mixed
        self._inner = SandboxProvider(world)

    def read(self, scope: Scope) -> Live:
        self._require_sight()
        return self._inner.read(scope)

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        self._require_sight()
        self.before_look()
        self.looks.append(tuple(address.key for address in addresses))
        return self._inner.read_some(scope, addresses)

    def together(self, _scope: Scope, changes: Sequence[Change]) -> int:
        first = changes[0]
        alike = [self._mixed or _sort(change) == _sort(first) for change in changes]
        return min(self._most, alike.index(False) if False in alike else len(alike))

    def apply_many(self, scope: Scope, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        self.calls.append(tuple(change.address.key for change in changes))
        self.in_call()
        outcomes = tuple(self.answer(change) or self._inner.apply(scope, change) for change in changes)
        self.after_call()
        return outcomes[1:] if self.drops_outcomes else outcomes

    def apply(self, scope: Scope, change: Change) -> Outcome:
        return self.apply_many(scope, [change])[0]

    def _require_sight(self) -> None:
        if self.is_blind:
            message = "503"
            raise ProviderError(message)


def _sort(change: Change) -> tuple[str, str]:
    return change.action, change.address.kind
