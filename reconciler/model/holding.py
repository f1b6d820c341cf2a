"""Who has what: what is declared beside what is recorded, for one person or for one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from reconciler.model.address import Action, Address, person_in
from reconciler.model.declared import Declared, Person
from reconciler.model.drift import DriftSort, KnownDrift
from reconciler.model.plan import LoggedEntry
from reconciler.model.resource import Attributes, Owner, Resource, Status
from reconciler.model.state import Record
from reconciler.model.values import dataclass

SOON = timedelta(days=30)
"""How far ahead an end is worth pointing out."""


class AccessStatus(StrEnum):
    """How what is declared and what is recorded fit together."""

    HELD = "held"
    """Recorded as it is declared."""
    PENDING = "pending"
    """Asked for; somebody else has to act."""
    DIFFERENT = "different"
    """Recorded with other values than declared."""
    MISSING = "missing"
    """Declared, and not there: never given yet, or lost."""
    UNDECLARED = "undeclared"
    """There, and no manifest says so."""
    OVER = "over"
    """There, although what declared it has ended or not begun."""
    IMPLIED = "implied"
    """Listed, not given and not declared: the record says which role gives it."""
    ABSENT = "absent"
    """Not there, and it shall not be: it ended, has not begun, or only the memory of it is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One membership, grant, share or ownership as the manifests and the state see it."""

    JSON_PROPERTIES: ClassVar = ("status",)
    JSON_HIDDEN: ClassVar = ("is_past",)

    address: Address
    declared: Declared | None = None
    recorded: Record | None = None
    changes_on: date | None = None
    """The next UTC day on which other values are declared, without anybody doing anything."""
    becomes: Attributes = field(default_factory=dict)
    """What is declared from that day on."""
    excuse: str = ""
    """Why the declaration does not count today: `ends 2027-01-31`, `starts 2027-02-01`."""
    reaches: tuple[str, ...] = ()
    """Keys of the ad accounts behind an asset group."""
    is_past: bool = False
    """Of a past day, of which only the records are known."""
    trouble: str = ""
    """Why the record may be behind: an open work order, an answer that never came, or a failure that put it aside."""
    drift: KnownDrift | None = None
    """A difference that somebody made outside of this tool and that is known; `recorded` says what was last live."""
    remembered: Record | None = None
    """The record without that difference: what the last apply left there. None where that is nothing."""

    @property
    def people(self) -> tuple[str, ...]:
        """Whose membership or access it is, by the key in its address; of an app, who owns it themselves."""
        if person := person_in(self.address):
            return (person,)
        owners = (Owner.of(side.attributes).person for side in (self.recorded, self.declared) if side is not None)
        return tuple(filter(None, owners))

    @property
    def is_active(self) -> bool:
        """Whether it gives access, as far as is recorded."""
        return self.recorded is not None and self.recorded.status is Status.ACTIVE

    @property
    def is_wanted(self) -> bool:
        """Whether it shall be there today."""
        return self.declared is not None and not self.excuse

    @property
    def status(self) -> AccessStatus | None:
        """What a reader should make of it; None for a past day, because nothing is declared beside the record."""
        if self.is_past:
            return None
        recorded = self.recorded
        if recorded is None or recorded.status.is_gone:
            is_implied = recorded is not None and bool(recorded.implied_by)
            return (
                AccessStatus.MISSING if self.is_wanted else AccessStatus.IMPLIED if is_implied else AccessStatus.ABSENT
            )
        if not self.is_wanted:
            return AccessStatus.UNDECLARED if self.declared is None else AccessStatus.OVER
        if self.declared is not None and recorded.attributes != self.declared.attributes:
            return AccessStatus.DIFFERENT
        return AccessStatus.PENDING if recorded.status.is_pending else AccessStatus.HELD

    @property
    def ends(self) -> date | None:
        """The UTC day on which it is gone."""
        return self.declared.expires if self.declared else None

    def ends_soon(self, today: date) -> bool:
        """Whether its end is near."""
        return self.ends is not None and today < self.ends <= today + SOON


_TAKES_AWAY = frozenset(
    {Action.REMOVE, Action.CANCEL_INVITATION, Action.REVOKE, Action.UNLINK, Action.UNSHARE, Action.REMOVE_PARTNER}
    | {Action.FORGET, Action.DELETE_GROUP, Action.DELETE_ORGANIZATION, "state_rm"}
)
"""Actions of the audit log after which it is not there, or not known of any more."""
_TAKES_EFFECT = frozenset({"applied", "requested", "accepted", "adopted"})
_GOES = frozenset({"declined", "expired", "cancelled", "lapsed", "revoked", "left"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessHistory:
    """What the audit log tells of one access: since when it is there, and by what."""

    address: Address
    """As it is called today."""
    entries: tuple[LoggedEntry, ...] = ()
    """Oldest first, also under the names that it had before."""
    asked: LoggedEntry | None = None
    """The entry that asked for it, where somebody had to agree before it began."""
    began: LoggedEntry | None = None
    """The entry since which it is there; where it has ended, was there."""
    changed: LoggedEntry | None = None
    """The last entry since then that gave it other values."""
    ended: LoggedEntry | None = None
    """The entry with which it ended; None while it is there."""

    @classmethod
    def of(cls, address: Address, entries: tuple[LoggedEntry, ...]) -> Self:
        """What entries tell of an access, given all of them."""
        asked = began = changed = ended = None
        for entry, effect, _ in _effects(entries):
            if effect is not None and effect.is_pending and (began is None or ended is not None):
                asked, began, changed, ended = entry, None, None, None
            elif effect is Status.ACTIVE and (began is None or ended is not None):
                asked = None if ended is not None else asked
                began, changed, ended = entry, None, None
            elif effect is Status.ACTIVE:
                changed = entry
            elif effect is Status.REMOVED:
                ended = entry
        return cls(address=address, entries=entries, asked=asked, began=began, changed=changed, ended=ended)

    @property
    def left(self) -> Record | None:
        """What the entries leave there, None for nothing; without attributes where none of them says with which."""
        found: Record | None = None
        for entry, effect, after in _effects(self.entries):
            if effect is Status.REMOVED:
                found = None
            elif effect is not None:
                since = found.since if found is not None and found.status is effect else entry.time.date()
                found = Record(address=self.address, attributes=after, status=effect, since=since)
        return found


def _effects(entries: tuple[LoggedEntry, ...]) -> Iterator[tuple[LoggedEntry, Status | None, Attributes]]:
    """Each entry with how it stands after it: there, asked for or gone; None where that makes no difference.

    What a work order asks for takes effect when a look shows it; its own entry says nothing of access.
    """
    handed_over: dict[str, LoggedEntry] = {}
    is_there = False
    for entry in entries:
        said = entry
        if entry.outcome == "waits":
            handed_over |= dict.fromkeys(filter(None, entry.order.split(", ")), entry)
        elif entry.action == "work_order" and entry.outcome == "verified" and entry.order in handed_over:
            said = replace(handed_over[entry.order], outcome="applied")
        effect, after = _effect_of(said, is_there=is_there)
        is_there = is_there if effect is None else effect is Status.ACTIVE
        yield entry, effect, after


def _effect_of(entry: LoggedEntry, *, is_there: bool) -> tuple[Status | None, Attributes]:
    """How it stands after an entry, and with which attributes; None for no difference."""
    after = _parse_access(entry.after)
    status = str(after.pop("status", ""))
    if entry.action in ("drift", "drift_reverted") and (entry.before or entry.after):
        return Status(status) if status and not Status(status).is_gone else Status.REMOVED, after
    if entry.action == "drift":  # before entries said how it was
        is_new = entry.detail.startswith(DriftSort.ADDED_OUTSIDE.label)
        is_changed = is_there and entry.detail.startswith(DriftSort.CHANGED.label)
        is_gone = entry.detail.startswith(DriftSort.GONE.label)
        return Status.ACTIVE if is_new or is_changed else Status.REMOVED if is_gone else None, {}
    if entry.outcome in _GOES or (entry.action in _TAKES_AWAY and entry.outcome == "applied"):
        return Status.REMOVED, {}
    if entry.outcome not in _TAKES_EFFECT or not status:
        return None, {}
    is_in = status == Status.ACTIVE or Status(status).is_pending
    return Status(status) if is_in else Status.REMOVED, after


_PAIR = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")


def format_access(held: Resource | Record | None) -> str:
    """Access as the audit log tells it, `permissions=live,post role=admin status=active`."""
    if held is None:
        return ""
    values = {**held.attributes, "status": held.status.value}
    return " ".join(
        f"{name}={value if isinstance(value, str) else ','.join(value)}" for name, value in sorted(values.items())
    )


def _parse_access(text: str) -> dict[str, str | tuple[str, ...]]:
    """What `format_access` wrote."""
    pairs = _PAIR.findall(text)
    return {name: tuple(value.split(",")) if name == "permissions" else value for name, value in pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationHoldings:
    """Everything one person has in one organization."""

    organization: str
    system: str = ""
    """Empty when no manifest declares the organization any more."""
    title: str = ""
    """What a person calls the system."""
    administers: bool = False
    """Holds a role that manages other people's access, and so can give themselves any access here."""
    holdings: tuple[Holding, ...] = ()
    last_read: date | None = None
    """The UTC day of the last look that is recorded; None where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReport:
    """Everything one person has, across all organizations."""

    JSON_PROPERTIES: ClassVar = ("ends_soon",)

    key: str
    person: Person | None = None
    """None for somebody who is not in the directory, or not any more."""
    today: date
    as_of: date | None = None
    """The records are those of the end of this UTC day, and nothing is declared beside them."""
    groups: tuple[str, ...] = ()
    """Groups of people they are in, also through other groups."""
    organizations: tuple[OrganizationHoldings, ...] = ()
    from_log: tuple[str, ...] = ()
    """Organizations of which no state is kept from that day, so that this is what the audit log had by then."""
    not_kept: tuple[str, ...] = ()
    """Organizations that have a state today, and of which nothing at all is known of that day."""
    no_state: tuple[str, ...] = ()
    """Organizations of which nothing is recorded: what is declared there may be there or not."""
    past: tuple[AccessHistory, ...] = ()
    """What they had, by the audit log, where nothing is recorded of them any more, or what had ended by a past day."""

    @property
    def ends_soon(self) -> tuple[Holding, ...]:
        """What ends soon, the nearest first."""
        found = [one for part in self.organizations for one in part.holdings if one.ends_soon(self.today)]
        return tuple(sorted(found, key=lambda one: (one.ends or date.max, one.address)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One cell of the access matrix: what somebody can do with one thing, and how they come to it."""

    on: Address
    """An asset, or the organization itself."""
    subject: Address
    """A member or a partner."""
    ways: tuple[Holding, ...] = ()
    """Memberships, grants and shares that lead there; empty for an admin who could only take access."""
    effective: Attributes | None = None
    """The strongest of what is active; None while nothing is."""
    intended: Attributes | None = None
    """The strongest of what is declared for today; None when nothing is."""
    can_take: bool = False
    """An active admin of the organization, who can give themselves access, or more than they have, at any time."""

    @property
    def since(self) -> date | None:
        """The first day of what is there of it, as far as is recorded."""
        days = (way.recorded.since for way in self.ways if way.recorded and way.is_active)
        return min(filter(None, days), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessMatrix:
    """Who can reach an organization, or one thing in it."""

    address: Address
    system: str = ""
    title: str = ""
    today: date
    as_of: date | None = None
    """The records are those of the end of this UTC day, and nothing is declared beside them."""
    reaches: tuple[Reach, ...] = ()
    """By thing, then people before partners."""
    owned_elsewhere: tuple[Holding, ...] = ()
    """Apps that a person or another organization owns, also while their transfer waits: no member has them."""
    has_no_state: bool = False
    """Whether nothing is recorded of the organization: what is declared there may be there or not."""
    is_from_log: bool = False
    """Whether no state is kept from a past day, so that this is what the audit log had by then."""
    last_read: date | None = None
    """The UTC day of the last look that is recorded, of the kind where it is longest ago; None where none is."""
    connections: tuple[Holding, ...] = ()
    """Edges between things: what is in which asset group, and what may be used in which ad account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReason:
    """One membership, grant, share or edge that access rests on, with its history."""

    holding: Holding
    history: AccessHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyReport:
    """Why somebody can reach an organization or one thing in it, or why not."""

    key: str
    person: Person | None = None
    """None for somebody who is not in the directory, or not any more."""
    today: date
    as_of: date | None = None
    """The records are those of the end of this UTC day, and nothing is declared beside them."""
    reach: Reach
    paths: tuple[AccessReason, ...] = ()
    """The ways of `reach`, each with its lines and its history."""
    requires: tuple[AccessReason, ...] = ()
    """What they rest on: the membership, and what puts an ad account into an asset group."""
    past: tuple[AccessHistory, ...] = ()
    """What once led there and is neither declared nor recorded."""
    owner: Holding | None = None
    """An app that somebody else owns, so that no member has it."""
    has_no_state: bool = False
    """Whether nothing is recorded of the organization, or nothing is known of a past day."""
    is_from_log: bool = False
    """Whether no state is kept from a past day, so that this is what the audit log had by then."""
    last_read: date | None = None
    """The UTC day of the last look that is recorded; None where none is."""
