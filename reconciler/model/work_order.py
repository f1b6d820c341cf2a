"""A work order: exact steps for one person, remembered until the system shows what became of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

from reconciler.model.address import Address
from reconciler.model.finding import Place
from reconciler.model.kinds import KINDS, Action
from reconciler.model.resource import Attributes
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
