"""What the tool needs from the outside world, as small protocols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from reconciler.model.address import Address
from reconciler.model.change import Change, Waiting
from reconciler.model.declared import Organization
from reconciler.model.drift import ActivityEntry, Roster
from reconciler.model.plan import Outcome, Waits
from reconciler.model.resource import Attributes, Live
from reconciler.model.state import WorkOrder
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One organization, and the dictionary between manifest keys and what its system calls things."""

    organization: Organization
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Person key -> identifiers this person may appear under in this system, the one to invite by first."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """The other way round: identifier in lower case -> person key, over the whole directory. An identifier that is
    not listed is itself the key, in lower case."""
    members: AbstractSet[str] = frozenset()
    """Keys of everybody who is declared or recorded as a member; empty where that is not known."""
    roles: Mapping[Address, str] = field(default_factory=dict)
    """Role that is declared for somebody; it settles only what a system shows ambiguously."""
    assets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(kind, key) -> id, handle or client key of assets and partners. What is not listed has its id as key."""
    numbers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(kind, key) -> number the platform has for an asset besides what `assets` says, as the manifests give it."""
    learnt: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The same of assets of which only earlier runs have learnt it."""
    platform_ids: Mapping[str, str] = field(default_factory=dict)
    """Number the platform has for a member -> person key, as the manifests say or earlier runs have learnt it."""
    rosters: Mapping[str, Roster] = field(default_factory=dict)
    """Kind -> what a person last read off the system; only for systems that a program cannot read."""
    told: Mapping[Address, Attributes] = field(default_factory=dict)
    """What is there because whoever did its work order said so, of kinds that no system shows."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Person key -> the name people call them by, of those who have one in the directory."""
    details: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)
    """What the manifests say for the eyes of whoever acts by hand, such as the answers for a research invitation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCode:
    """A QR code for the owner of a TikTok account; as good as a key for as long as it can be scanned."""

    handle: str
    text: str = field(repr=False)
    order: WorkOrder
    """What the owner does with it: what to allow, and what to leave off."""


def declared_names(scope: Scope, kind: str) -> dict[str, str]:
    """Key -> the name that the manifests give a thing of a kind, of those that have one."""
    return {at.key: said["name"] for at, said in scope.details.items() if at.kind == kind and "name" in said}


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


@runtime_checkable
class BatchProvider(Provider, Protocol):
    """A provider whose system takes several changes in one call, or takes some of them only together."""

    def together(self, scope: Scope, changes: Sequence[Change]) -> int:
        """How many of the first changes one call carries out, at least 1; asks nobody.

        Changes come in the order of a plan, and each may rely on those before it: a group, then what is in it. The
        answer for fewer changes may be smaller than that number, where some only go together.
        """
        ...

    def apply_many(self, scope: Scope, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        """Carry out as many changes as `together` said, and say of each what became of it, in the same order.

        A system may do a part of it only; no change gets the outcome of another one.
        """
        ...


@runtime_checkable
class AskingProvider(Provider, Protocol):
    """A provider that reaches people, and can also tell them of steps that nobody else takes for them."""

    def ask(self, scope: Scope, waiting: Waiting) -> Waits | None:
        """What hands a step that waits over to somebody; None where nobody can end the wait by acting."""
        ...


@runtime_checkable
class Witness(Protocol):
    """A provider whose system keeps a log of who did what, by hand or through a program."""

    def read_activity(self, scope: Scope, *, since: datetime, until: datetime) -> tuple[ActivityEntry, ...]:
        """What was done in one organization between two moments, both included, oldest first.

        Raises ProviderError when the log cannot be read; that says nothing about what it may contain.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOrganization:
    """An organization that a system has, whether or not any manifest names it. All texts come from outside."""

    system: str
    variant: str = ""
    identity: str
    """Its id, handle or name, whichever the system uses."""
    name: str = ""
    nickname: str = ""
    """What people call it at the command line; only where the system keeps such a thing."""


@runtime_checkable
class Explorer(Protocol):
    """A provider whose system can be asked what there is, besides what manifests name."""

    def find_organizations(self) -> tuple[FoundOrganization, ...]:
        """Every organization that the credentials reach; raises ProviderError when the system does not say."""
        ...

    def read_names(self, scope: Scope) -> Mapping[Address, str]:
        """What people see as the names of members, assets and partners, for what `read` has just found."""
        ...


@runtime_checkable
class Marking(Protocol):
    """A provider that can tell, without an answer of the size of everything, whether a system still shows the same."""

    def mark(self, organization: Organization) -> str:
        """A text that is another when a reading of the organization would be; empty where that cannot be said."""
        ...


@runtime_checkable
class Metered(Protocol):
    """A provider whose system allows so many calls and no more; calls nobody to answer what is asked here."""

    @property
    def limit(self) -> str:
        """The limit in words, such as "8 calls a second and 480 a minute"; empty where there is none after all."""
        ...

    def count_calls(self, counts: Mapping[str, int], *, changes: Sequence[Change] = (), others: int = 0) -> int:
        """Calls to read everything of one organization once, and to carry out changes after that.

        `counts` is how many resources of each kind it has, `changes` are in the order of a plan, and `others` is how
        many more there are of which nothing is known.
        """
        ...

    @property
    def calls(self) -> int:
        """How many were made so far, repeated ones included."""
        ...

    def seconds_for(self, calls: int) -> int:
        """How long so many calls take under the limit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """What a store keeps of one organization, as of one moment."""

    snapshot: bytes | None = None
    version: str | None = None
    """Of the snapshot; a later write must name it. None where there is no snapshot."""
    journal: tuple[bytes, ...] = ()
    """What was appended since, oldest first."""
    torn: bytes = b""
    """What a crash left of a record that was never acknowledged; the next append drops it."""


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A snapshot that can still be read back."""

    version: str
    at: datetime
    """When it was written, by the store's clock; in a sandbox by the sandbox's, whose days questions are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who holds an organization against other writers, and until when."""

    id: str
    """Random; what a person repeats to break the lock."""
    organization: str
    token: int
    """Grows with every acquisition and is never used again: a store refuses writes with an older one."""
    who: str
    host: str
    process: int
    purpose: str
    job: str = ""
    """Address of the CI job."""
    since: datetime
    expires: datetime
    """By the store's clock; from then on anybody may take the organization over."""


@dataclass(frozen=True, slots=True)
class TornAudit:
    """Parts of records. None is ever deleted, because nobody can tell a crash from an edit."""

    tail: bytes = b""
    """Stands behind the last record now."""
    kept: bytes = b""
    """Stood there once, and was put aside before the next record."""


class StateStore(Protocol):
    """Moves bytes with a version, one state per organization; knows nothing of their meaning.

    Whoever changes a state holds its lock and names the lock's token, so that a holder who was slow, asleep or
    replaced cannot write over its successor. Reading needs no lock. Every method may raise StoreError.
    """

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal, sorted."""
        ...

    def read(self, organization: str) -> StoredState:
        """The last snapshot with its journal, which fit each other whoever is writing meanwhile."""
        ...

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Replace the snapshot and empty the journal, both or neither; durable when it returns the new version.

        Raises StateConflict unless `replacing` is the present version (None: there is none), LeaseLost when a newer
        token was given out.
        """
        ...

    def stamps(self, organization: str | None = None) -> dict[str, str]:
        """Of this organization, or of all, a text that is another after every write; of one without a state, none.

        Cheap, so that a reader can tell for thousands of states at once that they are still the ones it knows.
        """
        ...

    def read_settled(self) -> bytes | None:
        """What `write_settled` wrote last, by whomever, or None."""
        ...

    def write_settled(self, data: bytes) -> None:
        """Keep what is known of settled organizations. The last writer wins; losing it costs time and nothing else."""
        ...

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one record without a newline, durable when it returns; LeaseLost when a newer token was given out."""
        ...

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots ever written, oldest first; the last one is the present one."""
        ...

    def read_past(self, organization: str, version: str) -> bytes:
        """A snapshot of the history; raises StoreError when there is none of that version."""
        ...

    def find_lock(self, organization: str) -> Lock | None:
        """The present lock, expired or not."""
        ...

    def locks(self) -> list[Lock]:
        """All present locks, also those of organizations that have no state yet, by organization."""
        ...

    def acquire(self, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        """Take the lock in the name of this process; raises StateLocked, naming the holder, while somebody has it.

        An expired lock is taken over, and so is that of a holder who is known to be dead.
        """
        ...

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        """Keep the lock for another `ttl` from now; raises LeaseLost when it is not the present one any more."""
        ...

    def release(self, lock: Lock) -> None:
        """Give the lock up; does nothing when it is not the present one any more."""
        ...

    def break_lock(self, organization: str, lock_id: str) -> None:
        """Take the lock away from its holder, whose writes are refused from then on.

        Raises StateConflict when the present lock has another id, or when there is none.
        """
        ...

    def count_audit(self) -> int:
        """How many records the audit log has."""
        ...

    def append_audit(self, record: bytes, *, after: int) -> None:
        """Add record number `after` + 1, durable when it returns; it must not contain a newline.

        Raises StateConflict when the log does not end at `after` any more: read what is new, then try again. No lock
        is needed, because the log belongs to all organizations.
        """
        ...

    def read_audit(self, *, after: int = 0) -> Iterator[bytes]:
        """The records behind number `after`, oldest first."""
        ...

    def torn_audit(self) -> TornAudit:
        """What is no whole record of the audit log, as a crash or an edit leaves it; mostly nothing."""
        ...


class Timer(Protocol):
    """Time that never jumps, whatever happens to the calendar."""

    def elapsed(self) -> float:
        """Seconds since some fixed moment, those included in which the process was stopped or the machine asleep."""
        ...


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        ...
