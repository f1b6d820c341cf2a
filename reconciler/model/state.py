"""What is remembered between runs, one state per organization, with the work orders that people have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

from reconciler.model.address import KINDS, Action, Address
from reconciler.model.change import Change
from reconciler.model.drift import KnownDrift, Roster
from reconciler.model.finding import Place
from reconciler.model.resource import PRESENCE, Attributes, Resource, Status
from reconciler.model.values import dataclass


class OrderStatus(StrEnum):
    """Where a work order stands; only an open one asks anybody for anything."""

    OPEN = "open"
    DONE = "done"
    """Somebody says so; that it is true is only known when a later look at the system shows it."""
    VERIFIED = "verified"
    """A look at the system, taken after it was issued, shows what it asked for."""
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """Nobody needs it any more: the manifests or the system moved on."""
    EXPIRED = "expired"

    @property
    def is_pending(self) -> bool:
        """Whether the same thing must not be asked for again: it is being done, or waits to be verified."""
        return self in (OrderStatus.OPEN, OrderStatus.DONE)


class RotationTask(StrEnum):
    """What is asked for and no plan can bring about, because no system shows whether it is so."""

    ROTATION = "rotate_secret"
    """The client secret of an app that a leaver could read."""
    LOGIN = "reset_login"
    """The password of an account itself, which they may know, and the devices that are logged in with it."""
    REVIEW = "review_access"
    """Decisions of an access review; only a reminder, which no state keeps."""


class Capacity(StrEnum):
    """What somebody has to be in the organization, by a look at it, to carry an order out."""

    ANYBODY = ""
    MEMBER = "member"
    ADMIN = "admin"


class FailureReason(StrEnum):
    """Why a person could not carry an order out; the usual ones of these platforms."""

    WRONG_ADDRESS = "wrong_address"
    SPAM = "spam"
    """The mail was not found, or was filed as spam."""
    OTHER_ACCOUNT = "other_account"
    """The invitee was logged in with another account."""
    REGISTRATION_MISSING = "registration_missing"
    CAP_REACHED = "cap_reached"
    EXPIRED = "expired"
    DECLINED = "declined"
    NO_PERMISSION = "no_permission"
    STEPS_DIFFER = "steps_differ"
    """The pages do not look as described any more."""
    NOT_SEEN = "not_seen"
    """It was said to be done, and a later look at the system does not show it. Found by the tool, said by nobody."""
    OTHER = "other"


class OrderRequest(NamedTuple):
    """What one change asks for; the orders to all its parties have the same."""

    address: Address
    action: Action | RotationTask
    wanted: tuple[tuple[str, str | tuple[str, ...]], ...]
    identity: str

    @classmethod
    def of(cls, address: Address, action: Action | RotationTask, wanted: Attributes, identity: str) -> OrderRequest:
        """The order of attributes and the case of an address make no difference."""
        return cls(address, action, tuple(sorted(wanted.items())), identity.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """What one person is asked to do in one system.

    A change that takes several people is several orders with the same address and action and growing `party`; the
    second is issued together with the first, and says that it begins when the first is done.
    """

    id: str = ""
    """Short and stable, such as `wo-7k3f2a`; given when the order is stored, empty before."""
    operation: str
    """Key of the step data it was written from, such as `developers.invite`."""
    address: Address
    action: Action | RotationTask
    wanted: Attributes = field(default_factory=dict)
    """The values it shall lead to; together with address and action it says what is asked for."""
    identity: str = ""
    """What the system shall know the resource by, such as the address to invite; a corrected one is another request."""
    fingerprint: str = ""
    """Of the live resource that the change was computed from."""
    system: str
    actor: str = ""
    """Person key; empty when whoever must act is not in the directory."""
    actor_role: str
    """In which capacity they act: "an admin of acme-dev", "the owner of @acme"."""
    capacity: Capacity = Capacity.ANYBODY
    """What of that a list of members shows; whoever is that no longer cannot carry it out."""
    party: int = 1
    parties: int = 1
    after: str = ""
    """Id of the order to the party before, which has to be done first; given when it is stored."""
    title: str
    """One line in the imperative: what this order is for."""
    preconditions: tuple[str, ...] = ()
    steps: tuple[str, ...]
    done_when: str = ""
    undo: str = ""
    """How to take it back; empty when `irreversible` says why that cannot be done or nothing is known."""
    irreversible: str = ""
    note: str = ""
    reason: str
    """The cause in the user's terms, from the change."""
    leaver: str = ""
    """Key of the person whose leaving makes a chore necessary; empty for what a plan asks for."""
    place: Place | None = None
    issued: datetime | None = None
    """Given when the order is stored, in UTC, as are all times here."""
    lasts: timedelta | None = None
    """How long it can be done once the part before it has been done; None where that is not limited or not known."""
    due: date | None = None
    """The UTC day by the end of which somebody wants it done; None where nobody has named one."""
    expires: datetime | None = None
    """When what it asks for stops making sense, such as an invitation that lasts 24 hours; None when it does not."""
    status: OrderStatus = OrderStatus.OPEN
    closed: datetime | None = None
    """When it was last said to be done, failed, expired or superseded."""
    closed_by: str = ""
    """Who said so."""
    evidence: str = ""
    """What proves it, as text or the name of a file."""
    evidence_digest: str = ""
    """SHA-256 of the evidence."""
    failure: FailureReason | None = None
    explanation: str = ""
    """In words: why it failed, or why nobody needs it any more."""

    @property
    def deadline(self) -> datetime | None:
        """When it should be done: by the day it is due, else by when it ends, which is never later."""
        end_of_day = datetime.combine(self.due, time.max, UTC) if self.due else None
        return min(filter(None, (end_of_day, self.expires)), default=None)

    def is_overdue(self, at: datetime) -> bool:
        """Whether somebody should have done it by now."""
        return self.status is OrderStatus.OPEN and self.deadline is not None and self.deadline <= at

    @property
    def request(self) -> OrderRequest:
        """What is asked for, whoever carries out which part of it."""
        return OrderRequest.of(self.address, self.action, self.wanted, self.identity)

    @property
    def is_chore(self) -> bool:
        """Whether no look at a system can ever show that it was done: the word of whoever did it is all there is."""
        return isinstance(self.action, RotationTask)

    @property
    def is_pending(self) -> bool:
        """Whether it waits for somebody to act or, where a look can show it, for that look."""
        return self.status.is_pending and not self.is_taken

    @property
    def is_taken(self) -> bool:
        """Whether the word that it was done counts, because no look can ever show it."""
        return self.status is OrderStatus.DONE and (self.is_chore or KINDS[self.address.kind].is_told)

    @property
    def is_said(self) -> bool:
        """Whether how it stands is somebody's word; else it is open, or was found by the tool."""
        said = self.status is OrderStatus.DONE or self.status is OrderStatus.FAILED
        return said and self.failure is not FailureReason.NOT_SEEN

    @property
    def takes_away(self) -> bool:
        """Whether what it is about shall not be there afterwards."""
        return self.action in (KINDS[self.address.kind].delete, Action.CANCEL_INVITATION)


def in_turn(keys: Collection[str], address: Address) -> list[str]:
    """The same people, beginning with another one for each address, and always the same for one."""
    people = sorted(keys)
    first = crc32(str(address).encode()) % len(people) if people else 0
    return [*people[first:], *people[:first]]


STATE_FORMAT = "1.4"
"""1.1 added `in_doubt`; 1.2 work orders, rosters, known drift and platform ids; 1.3 what was granted, known ends, used
approvals, the mark of the audit log, when what was last read, since when things wait, and what a role gives; 1.4
other names, and the days by which work orders are due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The last thing this tool knows of one resource that it manages or managed."""

    address: Address
    attributes: Attributes = field(default_factory=dict)
    status: Status = Status.ACTIVE
    identity: str = ""
    """What the system knows it by; kept so that someone deleted from the directory can still be removed."""
    platform_id: str = ""
    """The number the platform has for it besides the identity: a member's user id, a TikTok account's asset id."""
    formerly: tuple[str, ...] = ()
    """Keys that the manifests gave it before, so that whoever asks by an old one finds it; the latest comes last."""
    unread: tuple[str, ...] = ()
    """Names of the attributes that are believed and not seen, because the system does not show them."""
    confirmed: Attributes = field(default_factory=dict)
    """What is known of those for sure: a person has looked, or the system showed it before it stopped to. Any other
    value is unverified."""
    since: date | None = None
    """The UTC day on which the status was first seen."""
    asked: int = 0
    """How often in a row it was invited or asked for without success."""
    asked_on: date | None = None
    """The UTC day of the last invitation or request."""
    protect: bool = False
    """Outlives the manifest block that set it: lifting it takes `protect: false`, not deleting the block."""
    granted: Attributes | None = None
    """What the manifests last gave: asked for by this tool, or seen as declared. What is there beyond it somebody gave
    by hand. None where that was not kept yet."""
    implied_by: str = ""
    """The role, in words, that gives what is listed there: it stayed after the system had taken the grant away. Then
    status and attributes are what was given besides. Empty again once the role gives nothing."""
    implied: Attributes = field(default_factory=dict)
    """What that role gives, as it was last listed."""
    ends: date | None = None
    """The UTC day on which the manifests ended it when an apply last saw it in force. An end that was not known before
    it had passed is more likely a mistake, and counts as a removal."""

    def seen(self, live: Resource, *, on: date) -> Record:
        """This record brought up to what the system shows."""
        attributes = live.believing(self.attributes).attributes
        identity, platform_id = live.identity or self.identity, live.platform_id or self.platform_id
        confirmed = self._still_confirmed(live)
        asked = 0 if live.status is Status.ACTIVE else self.asked
        news = (attributes, live.status, identity, platform_id, live.unread, confirmed, asked)
        known = (self.attributes, self.status, self.identity, self.platform_id, self.unread, self.confirmed, self.asked)
        if news == known:
            return self  # as nearly always, and a copy costs more than the comparison
        return replace(
            self,
            attributes=attributes,
            status=live.status,
            identity=identity,
            platform_id=platform_id,
            unread=live.unread,
            confirmed=confirmed,
            since=self.since if live.status is self.status else (live.since or on),
            asked=asked,
        )

    def as_resource(self, *, platform_id: str = "", since: date | None = None) -> Resource:
        """The access that is there if nothing has changed since it was last seen."""
        return Resource(
            address=self.address,
            attributes=self.attributes,
            status=self.status,
            identity=self.identity,
            unread=self.unread,
            platform_id=platform_id,
            since=since,
        )

    def _still_confirmed(self, live: Resource) -> Attributes:
        if self.status.is_gone or not live.unread:
            return {}
        was_shown = {*live.unread} - {*self.unread} if self.status is Status.ACTIVE else set()
        known = {**self.confirmed, **{name: self.attributes[name] for name in was_shown if name in self.attributes}}
        return {name: known[name] for name in live.unread if name in known}

    @property
    def unverified(self) -> Attributes:
        """What is believed because it was asked for, and nobody knows whether it was given."""
        if not self.unread:
            return {}
        known = {PRESENCE: "yes", **self.attributes}
        believed = {name: known[name] for name in self.unread if name in known}
        return {name: value for name, value in believed.items() if self.confirmed.get(name) != value}

    def asked_again(self, on: date) -> Record:
        """This record after one more invitation or request."""
        return replace(self, asked=self.asked + 1, asked_on=on)

    def ending(self, day: date | None) -> Record:
        """This record with the day on which the manifests end it."""
        return self if self.ends == day else replace(self, ends=day)

    def protected(self, *, protect: bool) -> Record:
        """This record with or without protection."""
        return self if self.protect == protect else replace(self, protect=protect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """A resource that could not be handled and was deferred so that the rest can go on."""

    reason: str
    since: date
    """The UTC day on which it first failed."""
    tried: date
    """The UTC day of the last attempt; it is tried again on a later day, or at once when asked to."""
    identity: str = ""
    """What the system knows it by, so that it is the same thing under another key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMark:
    """One record of the audit log, as whoever wrote it remembers it."""

    number: int
    """From 1."""
    digest: str
    """SHA-256 of its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadWitness:
    """What the state of one organization says of the log."""

    organization: str
    mark: AuditMark | None = None
    is_behind: bool = False
    """Whether records may be there that it does not know yet: a run is under way or was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSummary:
    """What is remembered of one organization, in numbers."""

    organization: str
    lineage: str
    serial: int
    records: int
    deferred: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedApproval:
    """An approval that has let its one attempt through, whatever came of it."""

    approve: Action
    address: Address
    reason: str
    expires: date
    used_on: date
    """UTC day."""

    @property
    def terms(self) -> tuple[Action, Address, str, date | None]:
        """As `Approval.terms`."""
        return self.approve, self.address, self.reason, self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything remembered of one organization."""

    organization: str
    lineage: str = ""
    """A random name given once; two states with different lineages were never the same state."""
    serial: int = 0
    """Grows by one with every durable write, snapshots and journal records alike."""
    records: Mapping[Address, Record] = field(default_factory=dict)
    deferred: Mapping[Address, Deferral] = field(default_factory=dict)
    removals: Mapping[date, int] = field(default_factory=dict)
    """UTC day -> how many things were taken away, for the rolling removal guard; older days are dropped."""
    invitations: Mapping[date, int] = field(default_factory=dict)
    """UTC day -> how many invitations were sent, for the invitation budget."""
    in_doubt: Mapping[Address, Change] = field(default_factory=dict)
    """Begun, and never heard of again: what became of these is read from the system before anything else happens."""
    orders: Mapping[str, WorkOrder] = field(default_factory=dict)
    """Work orders by id: those that are pending, and the closed ones of the last year."""
    rosters: Mapping[str, Roster] = field(default_factory=dict)
    """Kind -> the last roster of it; only organizations that people have to read for the tool have any."""
    used_approvals: tuple[UsedApproval, ...] = ()
    """Those that would still count if they had not been used."""
    drift: Mapping[Address, KnownDrift] = field(default_factory=dict)
    """Differences that audits have found and that are still there, as far as anybody could look."""
    looked: Mapping[str, date] = field(default_factory=dict)
    """Kind -> the UTC day of the last look that was recorded and could read all of it."""
    waits: Mapping[Address, date] = field(default_factory=dict)
    """What waits for somebody, or for somebody who can tell it apart -> the UTC day since which it does."""
    audit: AuditMark | None = None
    """The end of the audit log when this organization last wrote to it. It vouches for that record, which the chain
    alone cannot, because no later record names it."""

    @property
    def tells_nothing(self) -> bool:
        """Whether nothing was ever recorded: an audit, a roster or a blind run leaves a state as well."""
        return not (self.records or self.deferred or self.in_doubt or self.orders)

    @property
    def summary(self) -> StateSummary:
        """As lists show it."""
        return StateSummary(
            organization=self.organization,
            lineage=self.lineage,
            serial=self.serial,
            records=len(self.records),
            deferred=len(self.deferred),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastState:
    """One state of the history, as lists show it."""

    version: str
    """What the store calls it."""
    at: datetime
    """When it was written."""
    serial: int
    lineage: str
    records: int
    problem: str = ""
    """Why it cannot be read; then nothing is known of it but when it was written."""
