"""Speaking with a provider about one change or several, and finding out what it did not answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from reconciler.apply.in_doubt import judge
from reconciler.apply.shielding import ProviderBroke, shielded
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.errors import ProviderError
from reconciler.model.live import Live, Unknown
from reconciler.model.outcome import Failed, InDoubt, Outcome
from reconciler.model.ports import BatchProvider, Provider, Scope


class ProviderCaller:
    """A provider, asked about one organization."""

    def __init__(self, provider: Provider, scope: Scope) -> None:
        self._provider = provider
        self._scope = scope

    def together(self, changes: Sequence[Change]) -> int:
        """How many of the first changes one call carries out."""
        if not isinstance(self._provider, BatchProvider):
            return 1
        try:
            with shielded(self._provider):
                number = self._provider.together(self._scope, changes)
        except ProviderError:
            return 1  # whatever it is that it cannot say of several, it says of the one
        return max(1, min(number, len(changes)))

    def read(self, addresses: Sequence[Address]) -> Live:
        """Look at these addresses; raises ProviderError."""
        with shielded(self._provider):
            return self._provider.read_some(self._scope, addresses)

    def apply(self, changes: Sequence[Change]) -> list[Outcome]:
        """Carry out what goes together, and settle what came back without an answer."""
        try:
            with shielded(self._provider):
                outcomes = self._call(changes)
        except ProviderBroke as error:
            outcomes = [InDoubt(reason=error.message)] * len(changes)
        except ProviderError as error:
            outcomes = [Failed(reason=error.message)] * len(changes)
        return self._settle(changes, outcomes)

    def _call(self, changes: Sequence[Change]) -> list[Outcome]:
        if len(changes) == 1 or not isinstance(self._provider, BatchProvider):
            return [self._provider.apply(self._scope, change) for change in changes]
        outcomes = list(self._provider.apply_many(self._scope, changes))
        if len(outcomes) != len(changes):
            message = f"{len(outcomes)} outcomes for {len(changes)} changes"
            raise ValueError(message)
        return outcomes

    def _settle(self, changes: Sequence[Change], outcomes: list[Outcome]) -> list[Outcome]:
        """Find out by one look which calls without an answer took effect; never by sending them again.

        Where the provider has looked already, what it did not see may still be on its way, and is no failure yet.
        """
        doubtful = [change.address for change, outcome in zip(changes, outcomes, strict=True) if _can_settle(outcome)]
        if not doubtful:
            return outcomes
        try:
            live = self.read(doubtful)
        except ProviderError:
            return outcomes
        return [
            _settled(change, outcome, live) if _can_settle(outcome) else outcome
            for change, outcome in zip(changes, outcomes, strict=True)
        ]


def _can_settle(outcome: Outcome) -> TypeGuard[InDoubt]:
    return isinstance(outcome, InDoubt) and not outcome.has_looked


def _settled(change: Change, doubt: InDoubt, live: Live) -> Outcome:
    found = live.find(change.address)
    if isinstance(found, Unknown):
        return doubt
    outcome = judge(change, found)
    if isinstance(outcome, Failed):
        return Failed(reason=f"{doubt.reason}; {outcome.reason}")
    return outcome or doubt
