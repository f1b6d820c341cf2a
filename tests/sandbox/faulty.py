"""A provider that goes wrong on purpose, for rehearsals and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.model import Address, Change, Failed, InDoubt, Live, Outcome, Provider, ProviderError, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What goes wrong. Calls of `apply` count from 1, over all organizations."""

    fail: Mapping[int, str] = field(default_factory=dict)
    """Call -> reason: refused, without any effect."""
    lose_answer: Mapping[int, str] = field(default_factory=dict)
    """Call -> reason: it takes effect, but nobody hears of it."""
    lose_request: Mapping[int, str] = field(default_factory=dict)
    """Call -> reason: it has no effect, and nobody can tell."""
    crash: Mapping[int, str] = field(default_factory=dict)
    """Call -> reason: the provider gives up with a ProviderError before anything happens."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Address prefix, as in `Live.unknown` -> reason: it cannot be read."""


class FaultyProvider:
    """Passes everything on to another provider, except for what its script says."""

    def __init__(self, inner: Provider, script: Script) -> None:
        self.name = inner.name
        self._inner = inner
        self._script = script
        self.calls: list[Change] = []
        """Every change that `apply` was asked for, in order."""

    def read(self, scope: Scope) -> Live:
        """What the inner provider reads, without what the script makes unreadable."""
        return self._hide(self._inner.read(scope))

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        """As `read`."""
        return self._hide(self._inner.read_some(scope, addresses))

    def apply(self, scope: Scope, change: Change) -> Outcome:
        """What the script says for this call, else what the inner provider does."""
        self.calls.append(change)
        call = len(self.calls)
        if call in self._script.crash:
            raise ProviderError(self._script.crash[call])
        if call in self._script.fail:
            return Failed(reason=self._script.fail[call])
        if call in self._script.lose_request:
            return InDoubt(reason=self._script.lose_request[call])
        outcome = self._inner.apply(scope, change)
        if call in self._script.lose_answer:
            return InDoubt(reason=self._script.lose_answer[call])
        return outcome

    def _hide(self, live: Live) -> Live:
        hidden = self._script.unknown
        resources = {
            address: resource
            for address, resource in live.resources.items()
            if not any(f"{address}/".startswith(prefix) or str(address) == prefix for prefix in hidden)
        }
        own = {prefix: reason for prefix, reason in hidden.items() if prefix.startswith(f"{live.organization}/")}
        return replace(live, resources=resources, unknown={**live.unknown, **own})
