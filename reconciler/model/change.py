"""One step of a plan: what it does, how much it matters and why, and which of two accesses can do more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import field
from datetime import date
from enum import StrEnum
from functools import partial
from typing import ClassVar

from reconciler.model.address import Action, Address, System
from reconciler.model.finding import Place
from reconciler.model.resource import Attributes, Resource, fingerprint_of, role_in, unless_gone
from reconciler.model.values import dataclass


class Risk(StrEnum):
    """How much it matters, most first."""

    CRITICAL = "critical"
    """It cannot be undone, a stranger manages people, or somebody manages people or money who should not."""
    HIGH = "high"
    """It weakens a guard, or is about admins, other companies, messages, money, or people outside the company."""
    MEDIUM = "medium"
    """More access than before."""
    LOW = "low"
    """Less access, or nothing that anybody could do more or less with."""

    @property
    def rank(self) -> int:
        """0 for what matters most."""
        return _RANKS[self]


_RANKS = {risk: rank for rank, risk in enumerate(Risk)}


class Mark(StrEnum):
    """Why a difference deserves a second look; a reviewer reads them in this order."""

    IRREVERSIBLE = "irreversible"
    """It cannot be undone."""
    DISRUPTIVE = "disruptive"
    """It does damage to others, or leaves a gap in access."""
    GUARD = "guard"
    """Something that held dangerous changes back does so less, or an approval lets one through."""
    ADMIN = "admin"
    """A role that manages other people's access is gained or lost."""
    COMPANY = "company"
    """Another company comes in or goes, or can use more or less."""
    MESSAGES = "messages"
    """A right to read or write an account's messages is gained or lost."""
    MONEY = "money"
    """A role that sees or manages money is gained or lost."""
    OUTSIDE_DOMAINS = "outside_domains"
    """Comes in under an e-mail address of none of the allowed domains."""
    OUTSIDE_DIRECTORY = "outside_directory"
    """Named by address: nobody under `people`, so nothing ends when they leave."""
    ACCOUNT = "account"
    """The person keeps the access but becomes another account on the system."""
    FIRST = "first"
    """Had nothing at all in the organization before."""
    LAST = "last"
    """Has nothing at all in the organization afterwards."""


_LATE = frozenset({Mark.ACCOUNT, Mark.FIRST, Mark.LAST, Mark.OUTSIDE_DIRECTORY})
"""Worth knowing, and no risk by themselves."""
_ORDER = {mark: number for number, mark in enumerate(Mark) if mark not in _LATE}


def risk_of(marks: Collection[Mark], *, gains: bool) -> Risk:
    """The risk of a difference that is marked like this and by which somebody gains access, or not."""
    if Mark.IRREVERSIBLE in marks:
        return Risk.CRITICAL
    if Mark.DISRUPTIVE in marks or Mark.GUARD in marks:
        return Risk.HIGH
    if not gains:
        # One admin fewer is one step nearer to none.
        return Risk.HIGH if Mark.ADMIN in marks else Risk.LOW
    if Mark.ADMIN in marks and (Mark.OUTSIDE_DOMAINS in marks or Mark.OUTSIDE_DIRECTORY in marks):
        return Risk.CRITICAL
    return Risk.MEDIUM if _LATE.issuperset(marks) else Risk.HIGH


def reading_order(marks: Collection[Mark], *, is_loss: bool) -> int:
    """Where a difference stands in a review: by its first mark, then gains, then losses.

    What only takes access away is a loss whatever it was, unless it cannot be undone, does damage or weakens a guard.
    """
    first = min((_ORDER[mark] for mark in marks if mark in _ORDER), default=len(Mark))
    if is_loss and first > _ORDER[Mark.GUARD]:
        return len(Mark) + 1
    return first


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One action on one address, with everything needed to carry it out later on another machine.

    action                            before              after
    create_*, invite, grant, ...      None, or how the    what it shall be; its status is what the system
                                      last attempt ended  will show right after the call (invited, active, ...)
    change_*, reinvite                the live resource   the same resource with new attributes
    remove, revoke, unlink, ...       the live resource   None
    """

    address: Address
    action: Action
    before: Resource | None
    after: Resource | None
    fingerprint: str
    """Of the live resource the change was computed from; apply refuses when it no longer fits."""
    why: str
    """The cause in the user's terms: "declared", "no longer declared", "ends 2027-01-31", ..."""
    place: Place | None = None
    """The manifest line that asks for it; for a removal the line of what ended it, if there is one."""
    actor: str = ""
    """Key of the person who acts: an active admin of the organization."""
    needs: tuple[Address, ...] = ()
    """Changes of this plan that must have been applied first."""
    cost: str = ""
    """What it costs besides its purpose: an invitation spent, a gap in access."""
    irreversible: str = ""
    """What cannot be taken back; empty for everything that can."""
    approval: str = ""
    """Reason and origin of the approval that let a blocked change through."""
    approval_terms: tuple[str, date] | None = None
    """Reason and last day of that approval, which this attempt uses up; None for one that holds for one run anyway."""
    exempt: bool = False
    """A removal that the removal ratio does not count, because the person has left."""
    expires: date | None = None
    """The UTC day on which the access that it gives is gone again."""
    risk: Risk = Risk.LOW
    marks: tuple[Mark, ...] = ()
    """Why it has that risk, and what else deserves a second look."""

    @property
    def step(self) -> tuple[Address, Action]:
        """What an approval names."""
        return self.address, self.action

    @property
    def identity(self) -> str:
        """What the system knows the thing by; empty where neither side says it."""
        sides = (self.after, self.before)
        return next((side.identity for side in sides if side and side.identity), "")

    @property
    def attributes(self) -> Attributes:
        """The values it leads to; empty for a removal."""
        return self.after.attributes if self.after else {}


BY_ITSELF = "the plan after that"
"""What ends the wait for something that the plan names already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something wanted that cannot go on until somebody or something else moves."""

    address: Address
    action: Action
    on: str
    """Person key, or a description of who: "the owner of @acme", "the platform"."""
    why: str
    since: date | None = None
    """The UTC day since which it waits, as far as that is recorded. A plan always says it."""
    ends: str = ""
    """What ends the wait, as the end of a sentence: "an answer, or a new invitation on 2026-12-20"."""
    before: Resource | None = None
    after: Resource | None = None
    place: Place | None = None
    work_order: str = ""
    """Id of the work order that asks for it, if there is one: it is not asked for again."""
    asks: bool = False
    """Whether an apply of this plan asks somebody for it."""
    expires: date | None = None
    """The UTC day on which the access that it gives is gone again."""
    risk: Risk = Risk.LOW
    marks: tuple[Mark, ...] = ()

    @property
    def reason(self) -> str:
        """Why it waits, and what ends that, unless the plan names it anyhow."""
        return self.why if self.ends in ("", BY_ITSELF) else f"{self.why}; ends with {self.ends}"

    def as_change(self) -> Change:
        """The step as it would be; nobody is appointed to act."""
        return Change(
            address=self.address,
            action=self.action,
            before=self.before,
            after=self.after,
            fingerprint=fingerprint_of(self.before),
            why=self.why,
            place=self.place,
        )


class Guard(StrEnum):
    """What can stop a change; where nothing lifts it, no approval does. `docs/planning.md` shows them all."""

    MIN_ADMINS = "min_admins"
    """It would leave fewer admins than `min_admins`; an approval lifts it, down to one declared admin."""
    NO_ADMIN = "no_admin"
    """Nobody is left who could carry it out; it waits for a new admin."""
    CAP = "cap"
    """It would make more members, or holders of a role, than the system allows."""
    SELF = "self"
    """It removes or demotes whoever the tool acts as."""
    SERVICE_IDENTITY = "service_identity"
    """Whoever the tool acts as is no active admin."""
    UNREGISTERED = "unregistered"
    """The manifests say (`registered:`) that the person has no account there."""
    IMPOSSIBLE = "impossible"
    """The system does not offer it."""
    POLICY = "policy"
    """A policy of severity error objects; an exception in `reconciler.yaml` lifts it."""
    OTHER_IDENTITY = "other_identity"
    """What is there is not, or may not be, what was recorded: the organization has another id, handle or name, the
    address of an account is somebody else's in the manifests, a `moved:` line contradicts the records, or an undeclared
    member has the name and role of somebody declared who is gone; an approval lifts it."""
    PROTECTED = "protected"
    """`protect: true` covers it, even after its block is gone; an approval lifts it."""
    REQUIRED_ADMIN = "required_admin"
    """It removes or demotes somebody in `guards.required_admins`; an approval lifts it."""
    IRREVERSIBLE = "irreversible"
    """It cannot be taken back; an approval lifts it."""
    DISRUPTIVE = "disruptive"
    """It does damage to others, such as to running campaigns, or leaves a gap in access; an approval lifts it."""
    DECLINED = "declined"
    """The person declined an invitation; an approval lifts it."""
    PREVIOUS_MEMBER = "previous_member"
    """The person was in and is gone; an approval lifts it."""
    REVOKED_BY_OWNER = "revoked_by_owner"
    """The owner took this access away; an approval lifts it."""
    EXPIRED = "expired"
    """Too many invitations expired unanswered; an approval lifts it."""
    EMPTY_SOURCE = "empty_source"
    """The manifests name nobody any more, so everything would go; an approval lifts it."""
    REMOVAL_RATIO = "removal_ratio"
    """It takes away more than `max_removal_ratio` at once, or within seven days; approvals lift it one by one."""
    INVITATION_BUDGET = "invitation_budget"
    """It would be more than `max_invitations` within seven days; an approval lifts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A change that a guard stopped."""

    change: Change
    guard: Guard
    message: str
    """Why, with the numbers."""
    approval: str = ""
    """The manifest line that would allow exactly this; empty when nothing may."""


class Cause(StrEnum):
    """Why a plan says nothing about an address."""

    UNREAD = "unread"
    """It, or what it hangs on, could not be read."""
    DEFERRED = "deferred"
    """The change failed by itself, and is tried again later."""
    REPORTED = "reported"
    """Somebody who was asked to do it has reported that it does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An address that the plan says nothing about, with the reason."""

    address: Address
    cause: Cause
    reason: str
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPath:
    """One line that gives access; two ways are the same wherever and for whatever reason they are written."""

    address: Address
    """The membership, grant or share."""
    attributes: Attributes = field(default_factory=dict)
    through: str = ""
    """The group of people it came from, as `group:NAME`."""
    starts: date | None = None
    ends: date | None = None
    """The UTC day on which it is gone."""
    protect: bool | None = None
    reason: str = field(default="", compare=False)
    """The user's own words."""
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSpan:
    """What somebody can do with one thing during some days."""

    attributes: Attributes
    """The strongest role and finance role, and all permissions together."""
    starts: date | None = None
    """None when it holds already."""
    ends: date | None = None
    """The UTC day on which it is gone or something else holds; None when it has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What somebody can do with one thing, over all ways that lead there."""

    JSON_PROPERTIES: ClassVar = ("starts", "ends")

    attributes: Attributes = field(default_factory=dict)
    """The strongest role and finance role, and all permissions together, of all days."""
    ways: tuple[AccessPath, ...]
    """Sorted by address; never empty."""
    spans: tuple[AccessSpan, ...] = ()
    """The same one after the other, where ways begin and end on different days."""
    identity: str = ""
    """For a membership, the account that holds it; empty for everything else."""

    @property
    def starts(self) -> date | None:
        """The first UTC day of it; None when it holds already."""
        days = [way.starts for way in self.ways]
        return None if None in days else min(day for day in days if day)

    @property
    def ends(self) -> date | None:
        """The UTC day on which all of it is gone; None when it has no end."""
        days = [way.ends for way in self.ways]
        return None if None in days else max(day for day in days if day)


def is_downgrade(system: System, kind: str, *, before: Attributes, after: Attributes) -> bool:
    """Whether any part of the access gets less: a lower role, a permission or a finance role lost."""
    return any(
        _rank(system, _role_kind(kind, name), before.get(name)) > _rank(system, _role_kind(kind, name), after.get(name))
        for name in ("role", "finance")
    ) or bool(_permissions(before) - _permissions(after))


def takes_away(change: Change, system: System) -> bool:
    """Whether anybody has less access after the change than before."""
    before, after, kind = unless_gone(change.before), change.after, change.address.kind
    if before is None:
        return False
    if after is None or change.action is Action.REMOVE_AND_INVITE:
        return True
    is_lower = is_downgrade(system, kind, before=before.attributes, after=after.attributes)
    return is_lower and change.action is not Action.REINVITE


def is_administrator(system: System, kind: str, attributes: Attributes) -> bool:
    """Whether a membership with these attributes manages other members."""
    return kind == "member" and system.administers(role_in(attributes))


def strongest(found: Sequence[Attributes], kind: str, system: System | None) -> Attributes | None:
    """The highest role, the highest finance role and all permissions together; None when there is nothing at all.

    The order of what was found never matters.
    """
    if not found:
        return None
    joined: dict[str, str | tuple[str, ...]] = {}
    for name in sorted({name for attributes in found for name in attributes}):
        values = [attributes[name] for attributes in found if name in attributes]
        words = sorted({word for value in values for word in ((value,) if isinstance(value, str) else value)})
        rank = partial(_rank, system, _role_kind(kind, name))
        joined[name] = max(words, key=rank) if isinstance(values[0], str) else tuple(words)
    return joined


def _role_kind(kind: str, attribute: str) -> str:
    return kind if attribute == "role" else f"{kind}.{attribute}"


def _rank(system: System | None, kind: str, name: str | tuple[str, ...] | None) -> int:
    if not isinstance(name, str):
        return -1
    role = system.find_role(kind, name) if system is not None else None
    return role.rank if role else 0


def _permissions(attributes: Attributes) -> set[str]:
    permissions = attributes.get("permissions", ())
    return {permissions} if isinstance(permissions, str) else set(permissions)
