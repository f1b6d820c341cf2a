"""Somewhere states can be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from reconciler.cli.app import App
from reconciler.model import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somewhere states can be kept; every `open` is another instance, as another process would have it."""

    kind: str
    address: str
    root: Path
    ttl: timedelta
    """A short lease, for tests that wait until it runs out."""
    key: str = ""
    """Reference to the key, where personal data is sealed."""

    def open(self) -> StateStore:
        """A store as the command line makes it."""
        return App(root=self.root).open_store(self.address, key=self.key)
