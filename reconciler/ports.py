"""What the workflows need from the outside world, as small protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from reconciler.core.address import Address
from reconciler.core.change import Change
from reconciler.core.declared import Organization
from reconciler.core.kinds import Action
from reconciler.core.live import Live
from reconciler.core.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One organization, and the dictionary between manifest keys and what its system calls things."""

    organization: Organization
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Person key -> identifiers this person may appear under in this system, the one to invite by first."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """The other way round: identifier in lower case -> person key, over the whole directory. An identifier that is
    not listed is itself the key, in lower case."""
    assets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(kind, key) -> id, handle or client key of assets and partners. What is not listed has its id as key."""


@dataclass(frozen=True, slots=True)
class Can:
    """The provider does it by itself."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """A person has to do it; the provider writes down how."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cannot:
    """It cannot be done at all this way."""

    reason: str


Ability = Can | ByHand | Cannot


class Provider(Protocol):
    """A way to reach systems. It never plans and never prints."""

    name: str

    def read(self, scope: Scope) -> Live:
        """Everything the system shows of one organization; what could not be read is listed as unknown.

        Raises ProviderError only when nothing at all can be said, for instance for wrong credentials.
        """
        ...

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        """Like `read`, but only these addresses need to be right; used just before and after a write."""
        ...

    def apply(self, scope: Scope, change: Change) -> Outcome:
        """Carry out one change as `change.actor`; every refusal of the system is a Failed outcome."""
        ...

    def ability(self, system: str, action: Action) -> Ability:
        """Whether this provider can carry out an action in a system."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Stored bytes with the version that a later write must name."""

    data: bytes
    version: str


class StateStore(Protocol):
    """Moves bytes with a version, one state per organization; knows nothing of their meaning."""

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a state, sorted."""
        ...

    def read(self, organization: str) -> Snapshot | None:
        """The last snapshot, or None when there is none."""
        ...

    def write(self, organization: str, data: bytes, *, replacing: str | None) -> str:
        """Replace the snapshot and empty the journal; raises StateConflict unless `replacing` is its version.

        `replacing` is None for the first write. Durable when it returns. Returns the new version.
        """
        ...

    def read_journal(self, organization: str) -> list[bytes]:
        """Records appended since the last snapshot, oldest first."""
        ...

    def append(self, organization: str, record: bytes) -> None:
        """Add one record, durable when it returns; it must not contain a newline."""
        ...

    def lock(self, organization: str, *, purpose: str) -> AbstractContextManager[None]:
        """Hold the organization against other writers; raises StateLocked, naming the holder."""
        ...


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        ...
