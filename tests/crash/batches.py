"""The provider that dies, taking many changes in one call: also half-way through what the call does."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Change, Outcome, Scope
from reconciler.providers.sandbox.provider import SandboxProvider
from tests.crash.saboteur import MortalProvider


class MortalInBatches(MortalProvider):
    """Whatever is alike goes together, ten at a time."""

    def together(self, _scope: Scope, changes: Sequence[Change]) -> int:
        alike = [change.action is changes[0].action for change in changes[:10]]
        return alike.index(False) if False in alike else len(alike)

    def apply_many(self, scope: Scope, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        outcomes = []
        for change in changes:
            outcomes.append(SandboxProvider.apply(self, scope, change))
            self._fate.moment("in the middle of a call")
        self._fate.moment("between effect and answer")
        return tuple(outcomes)
