"""A store and a provider that die with the whole process at one chosen moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from reconciler.model import Change, Live, Outcome, Scope
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.stores.local_file import LocalFileStore

T = TypeVar("T")


class Fate:
    """Counts the moments at which a process can die, and lets it die, or fall asleep, at one of them."""

    def __init__(self, die_at: int, *, by: signal.Signals = signal.SIGKILL) -> None:
        self._die_at = die_at
        self._by = by
        self.moments: list[str] = []

    def moment(self, name: str, *, last_words: Callable[[], None] = lambda: None) -> None:
        self.moments.append(name)
        if len(self.moments) == self._die_at:
            last_words()
            os.kill(os.getpid(), self._by)

    def around(self, name: str, act: Callable[[], T]) -> T:
        self.moment(f"before {name}")
        result = act()
        self.moment(f"after {name}")
        return result


class MortalStore(LocalFileStore):
    def __init__(self, root: Path, fate: Fate) -> None:
        super().__init__(root)
        self._root, self._fate = root, fate

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        return self._fate.around(
            "write", lambda: LocalFileStore.write(self, organization, data, replacing=replacing, token=token)
        )

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Dying before it is dying after what came before it; `after` an intent is before its call."""
        self._fate.moment("in the middle of append", last_words=lambda: self._tear(organization, record))
        super().append(organization, record, token=token)
        self._fate.moment("after append")

    def append_audit(self, record: bytes, *, after: int) -> None:
        self._fate.around("audit", lambda: LocalFileStore.append_audit(self, record, after=after))

    def _tear(self, organization: str, record: bytes) -> None:
        """The first half of a record, as a disk keeps it when the power goes."""
        newest = max((self._root / "organizations" / organization).glob("*.json"))
        with newest.with_suffix(".journal").open("ab") as file:
            file.write(record[: len(record) // 2])


class MortalProvider(SandboxProvider):
    def __init__(self, world: Any, fate: Fate) -> None:
        super().__init__(world)
        self._fate = fate

    def read(self, scope: Scope) -> Live:
        return self._fate.around("read", lambda: SandboxProvider.read(self, scope))

    def apply(self, scope: Scope, change: Change) -> Outcome:
        outcome = super().apply(scope, change)
        self._fate.moment("between effect and answer")
        return outcome
