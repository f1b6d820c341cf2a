"""A plan: ordered changes per organization, what is held back with the reason, and what became of each change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import field, fields, replace
from datetime import date, datetime
from typing import ClassVar, Literal, NamedTuple, Self

from reconciler.model.address import Action, Address
from reconciler.model.change import Blocked, Cause, Change, LeftOut, Risk, Waiting
from reconciler.model.declared import Mode
from reconciler.model.drift import Drift, DriftSort
from reconciler.model.finding import Finding
from reconciler.model.resource import Attributes, OfOrganizations, Resource, Status, Unread
from reconciler.model.state import Record, WorkOrder
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Carried out; `live` is the resource as the system shows it afterwards, None when it is gone."""

    kind: Literal["applied", "requested"] = "applied"
    """Requested is what only takes effect when somebody else agrees, as `live` tells."""
    live: Resource | None = None

    def __post_init__(self) -> None:
        live = self.live
        is_request = live is not None and (live.status.is_pending or bool(live.pending))
        object.__setattr__(self, "kind", "requested" if is_request else "applied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Handed over: it goes on when somebody else acts."""

    kind: Literal["waits"] = "waits"
    on: str
    why: str
    orders: tuple[WorkOrder, ...] = ()
    """Who has to do what, in sequence; written by the provider without ids, stored by the apply with them."""

    is_asked: bool = False
    """Somebody outside was asked by this very call, which no system remembers: a code was shown, a partnership sent."""

    @property
    def work_order(self) -> str:
        """Id of the first order, empty when there is none or it has not been stored."""
        return self.orders[0].id if self.orders else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The system said no; nothing changed."""

    kind: Literal["failed"] = "failed"
    reason: str
    code: str = ""
    """The system's own code for it, if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not attempted, because what the plan relied on is no longer true."""

    kind: Literal["refused"] = "refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """Sent, but no answer came: it may or may not have taken effect."""

    kind: Literal["in_doubt"] = "in_doubt"
    reason: str
    has_looked: bool = False
    """Whether the provider has looked for the effect as long as it makes sense: the next run shall look, not this."""
    is_accepted: bool = False
    """Whether the system said yes: where nothing comes of it by the next look, it is deferred like a failure."""


Outcome = Applied | Waits | Failed | Refused | InDoubt


def role_behind(change: Change, outcome: Outcome) -> str:
    """The role that gives what is listed although the change took it away, or gave less; mostly empty.

    It was taken away, and stayed: then a provider names the role that explains it, where there is one.
    """
    live = outcome.live if isinstance(outcome, Applied) else None
    if live is None or (change.after is not None and live.fits(change.attributes)):
        return ""
    return live.implied_by


class Result(NamedTuple):
    """One change that was tried, and what became of it."""

    change: Change
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSummary:
    """How many changes came to which outcome."""

    applied: int
    requested: int
    waits: int
    failed: int
    refused: int
    in_doubt: int
    not_tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All outcomes of one apply."""

    JSON_PROPERTIES: ClassVar = ("summary",)

    results: tuple[Result, ...] = ()
    """In the order in which the changes were tried."""
    unread: tuple[Unread, ...] = ()
    """Parts that could not be read when the plan was carried out; while there are any, nothing here is complete."""
    manifests: str = ""
    """SHA-256 of the manifests that the plan was made from; empty while nobody has said which plan it was."""
    blocked: tuple[Blocked, ...] = ()
    """What guards stopped when the plan was carried out."""
    planned: int = 0
    """How many changes the plan had, and how many requests to people."""

    def of(self, *kinds: type[Outcome]) -> list[Result]:
        """The results of the given sorts."""
        return [result for result in self.results if isinstance(result.outcome, kinds)]

    def about(self, plan: Plan) -> Report:
        """This report with what it says of the plan that was carried out."""
        return replace(self, manifests=plan.manifests, planned=len(plan.changes) + len(plan.asks))

    @property
    def summary(self) -> ReportSummary:
        """In numbers."""
        counts = Counter(outcome.kind for _, outcome in self.results)
        return ReportSummary(
            applied=counts["applied"],
            requested=counts["requested"],
            waits=counts["waits"],
            failed=counts["failed"],
            refused=counts["refused"],
            in_doubt=counts["in_doubt"],
            not_tried=self.planned - len(self.results),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a run comes from; everything may be empty, because not every run has a repository or a CI job."""

    commit: str = ""
    branch: str = ""
    job: str = ""
    """URL or number of the CI job."""
    operator: str = ""
    """The person or account that started the run."""
    plan: str = ""
    """SHA-256 of the plan that was carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing that was tried, and its outcome."""

    time: datetime
    serial: int
    """Of the organization's state right after it; 0 for what was refused, which leaves the state as it was."""
    address: str
    action: str
    cause: str
    """Why it was planned, in the words of the plan."""
    outcome: str
    """applied | requested | waits | failed | refused | in_doubt; for what others did and this run was the first to see:
    accepted | declined | expired | cancelled | lapsed | revoked | left | adopted, and seen for drift; for a work order
    its status."""
    detail: str = ""
    """The reason, or on whom it waits."""
    approval: str = ""
    """Reason and origin of the approval that let a blocked change through."""
    actor: str = ""
    """The person in whose name it was done."""
    person: str = ""
    """Key of the person whose access it is about; empty when it is about no person."""
    before: str = ""
    after: str = ""
    """The access before and after, as `name=value` pairs."""
    order: str = ""
    """Id of the work order whose life this is about; for a change that was handed over, the ids of all of them."""
    evidence: str = ""
    """SHA-256 of what proves that a work order was carried out, or of the evidence of an access review."""
    risk: Risk | None = None
    """What the plan said of the change; None for what is no change of a plan, and where that was not kept yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """What one run did to one organization; written whole or not at all."""

    organization: str
    lineage: str
    """Of the organization's state; with it and an entry's serial an entry is named for ever."""
    origin: Origin = field(default_factory=Origin)
    entries: tuple[AuditEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry(AuditEntry):
    """An entry with what its record says of the whole run."""

    record: int
    """Number of the record in the log."""
    organization: str
    lineage: str
    origin: Origin

    @property
    def why(self) -> str:
        """What led to it, who allowed it and what came of it."""
        said = (self.cause, self.approval and f"approval {self.approval}", self.detail)
        return "; ".join(filter(None, said))


def log_entry(entry: AuditEntry, record: AuditRecord, *, number: int) -> LoggedEntry:
    """An entry of a record of the log, by itself."""
    said = {one.name: getattr(entry, one.name) for one in fields(entry)}
    return LoggedEntry(
        **said, record=number, organization=record.organization, lineage=record.lineage, origin=record.origin
    )


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


def name_orders(orders: Iterable[WorkOrder]) -> str:
    """Their ids; empty before they are stored."""
    return ", ".join(order.id for order in orders if order.id)


def describe_outcome(outcome: Outcome) -> tuple[str, str]:
    """The word for an outcome, and the rest of the story."""
    match outcome:
        case Applied():
            detail = ""
        case Waits(on=on, why=why, orders=orders):
            detail = f"{on}: {why}" + (f" (work order {name_orders(orders)})" if name_orders(orders) else "")
        case Failed(reason=reason, code=code):
            detail = reason + (f" [{code}]" if code else "")
        case Refused(reason=reason) | InDoubt(reason=reason):
            detail = reason
    return outcome.kind, detail
