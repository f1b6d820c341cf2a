"""One step of a plan, and the things a plan holds back."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from reconciler.model.address import Address
from reconciler.model.finding import Place
from reconciler.model.kinds import Action
from reconciler.model.resource import Attributes, Resource
from reconciler.model.risk import Mark, Risk
from reconciler.model.values import dataclass


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
