"""A plan: ordered changes per organization, and everything that is held back with the reason."""

from __future__ import annotations

from datetime import date

from reconciler.model.change import Blocked, Cause, Change, LeftOut, Waiting
from reconciler.model.declared import Mode
from reconciler.model.drift import Drift
from reconciler.model.finding import Finding
from reconciler.model.live import OfOrganizations, Unread
from reconciler.model.values import dataclass

PLAN_FORMAT = "1.0"

OBSERVED_DIFFERENCE = "observed-difference"
"""The finding about what an apply would do where nothing is ever applied."""

ORDER_WITHDRAWN = "work-order-withdrawn"
"""Id of the findings about work orders that the next apply withdraws."""

UNDECLARED_ADMIN = "undeclared-admin"
"""Id of the findings about admins whom no manifest declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many people an organization can have, as the plan took it to be."""

    what: str
    """`members`, invited ones included, or a role of theirs."""
    used: int
    """So many there are now, or may be at any moment because somebody was asked for them."""
    most: int
    origin: str
    """The manifest line that gives it, or who publishes the usual one, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationPlan:
    """The part of a plan that concerns one organization and its state."""

    organization: str
    system: str
    mode: Mode
    lineage: str
    """Of the state the plan was computed from; empty when there was no state yet."""
    serial: int
    changes: tuple[Change, ...] = ()
    """In the order in which they are carried out; every prefix is safe to stop after."""
    waiting: tuple[Waiting, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    """Nothing is done about these; the cause says why."""
    unread: tuple[Unread, ...] = ()
    """Parts of the system that had to be read and could not be; what is declared or recorded there is left out."""
    not_managed: tuple[str, ...] = ()
    """Kinds that the organization leaves out of its `manages:`; they were not read."""
    is_first: bool = False
    """Whether nothing is recorded of the organization: this is its first run, or its state was lost."""
    limits: tuple[Limit, ...] = ()
    """The limits that changes were held to; none where the members could not be read, or nothing limits them."""
    drift: tuple[Drift, ...] = ()
    """What was not made so by this tool, with what this plan does about it; by address."""

    @property
    def is_settled(self) -> bool:
        """Nothing to do, nothing waiting, nothing held back, nothing unread."""
        return not (self.changes or self.waiting or self.blocked or self.left_out or self.unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(OfOrganizations):
    """What would be done to bring the systems to what the manifests say."""

    format_version: str = PLAN_FORMAT
    tool_version: str = ""
    manifests: str = ""
    """SHA-256 over the manifests it was made from; apply refuses a plan of other manifests."""
    today: date
    """The UTC day the plan was made for; it decides which access has begun and ended."""
    organizations: tuple[OrganizationPlan, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Warnings that belong to the plan rather than to a manifest alone: unused approvals, lockouts ahead."""
    targets: tuple[str, ...] = ()
    """Addresses or patterns the plan was limited to; empty for a whole plan."""
    is_from_records: bool = False
    """Made against what is recorded, without reading any system."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes in order."""
        return tuple(change for part in self.organizations for change in part.changes)

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """Everything that waits."""
        return tuple(waiting for part in self.organizations for waiting in part.waiting)

    @property
    def asks(self) -> tuple[Waiting, ...]:
        """What an apply asks people for besides its changes."""
        return tuple(waiting for waiting in self.waiting if waiting.asks)

    @property
    def withdrawals(self) -> tuple[Finding, ...]:
        """What an apply tells people not to do any more."""
        return tuple(finding for finding in self.findings if finding.id == ORDER_WITHDRAWN)

    @property
    def does_nothing(self) -> bool:
        """Whether an apply changes nothing, and asks nobody for anything."""
        return not (self.changes or self.asks or self.withdrawals)

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        """Everything a guard stopped."""
        return tuple(blocked for part in self.organizations for blocked in part.blocked)

    @property
    def undeclared_admins(self) -> tuple[Finding, ...]:
        """What stands at the top of every plan, in every mode and form."""
        return tuple(finding for finding in self.findings if finding.id == UNDECLARED_ADMIN)

    @property
    def deferred(self) -> tuple[LeftOut, ...]:
        """Every change that failed earlier and is not tried again now."""
        return tuple(one for part in self.organizations for one in part.left_out if one.cause is Cause.DEFERRED)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to do, to wait for or to decide."""
        return all(part.is_settled for part in self.organizations)

    @property
    def is_as_declared(self) -> bool:
        """Whether everything that is managed is as the manifests say, and not only left alone as it is."""
        drifts = any(found.stays for part in self.organizations for found in part.drift)
        differs = any(finding.id == OBSERVED_DIFFERENCE for finding in self.findings)
        return self.is_settled and not drifts and not differs
