"""What commands write with `--format json`: the shapes from which the published schemas are made.

A new minor version of a format only adds properties. The plan and the state are not here: those are the values of the
core themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Values = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOutput:
    """A position in a file of the workspace; lines and columns count from 1."""

    file: str
    """Relative to the workspace, with forward slashes."""
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsSummaryOutput:
    """How many findings there are of each severity, and in how many files was looked."""

    error: int
    warning: int
    note: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingOutput:
    """One thing that validation or a policy has to say."""

    id: str
    """Stable name, such as `unknown-role`."""
    severity: Literal["error", "warning", "note"]
    message: str
    advice: str
    """What to do; may be empty."""
    address: str
    """`organization/kind/key` it is about; may be empty."""
    place: PlaceOutput | None
    related: list[PlaceOutput]
    """Other places that belong to it, such as the first of two declarations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsOutput:
    """`reconciler validate --format json`."""

    format_version: str
    summary: FindingsSummaryOutput
    findings: list[FindingOutput]
    """In reading order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSummaryOutput:
    """How many changes came to which outcome."""

    applied: int
    waits: int
    failed: int
    refused: int
    in_doubt: int
    not_tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedOutput:
    """Carried out."""

    kind: Literal["applied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitsOutput:
    """Handed over: it goes on when somebody else acts."""

    kind: Literal["waits"]
    on: str
    why: str
    work_orders: tuple[str, ...]
    """Ids of the work orders that say how, in sequence; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedOutput:
    """The system said no; nothing changed."""

    kind: Literal["failed"]
    reason: str
    code: str
    """The system's own; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedOutput:
    """Not attempted, because what the plan relied on is no longer true."""

    kind: Literal["refused"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubtOutput:
    """Sent, but no answer came: it may or may not have taken effect."""

    kind: Literal["in_doubt"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOutput:
    """One change that was tried, and its outcome."""

    address: str
    action: str
    cause: str
    """Why it was planned."""
    consent: str
    """Reason and origin of the consent that let it through; may be empty."""
    outcome: AppliedOutput | WaitsOutput | FailedOutput | RefusedOutput | InDoubtOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOutput:
    """`reconciler apply --format json`."""

    format_version: str
    manifests: str
    """SHA-256 of the manifests that the plan was made from."""
    summary: ReportSummaryOutput
    results: list[ResultOutput]
    """In the order in which they were tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSummaryOutput:
    """What is remembered of one organization, in numbers."""

    organization: str
    lineage: str
    serial: int
    records: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateListOutput:
    """`reconciler state list --format json`."""

    format_version: str
    organizations: list[StateSummaryOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOutput:
    """What one role or permission means in one place."""

    system: str
    variant: str
    """Of the system; may be empty."""
    kind: str
    role: str
    label: str
    """The word the platform shows."""
    may: str
    may_not: str
    cap: int | None
    """How many people can hold it at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemsOutput:
    """`reconciler systems --format json`."""

    format_version: str
    roles: list[RoleOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStateOutput:
    """One state that is kept."""

    version: str
    """What the store calls it."""
    at: str
    """When it was written, ISO 8601."""
    serial: int
    lineage: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOutput:
    """`reconciler state history --format json`."""

    format_version: str
    history: list[PastStateOutput]
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginOutput:
    """Where a run comes from; everything may be empty."""

    commit: str
    branch: str
    job: str
    operator: str
    plan: str
    """SHA-256 of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntryOutput:
    """One thing that was tried, and its outcome."""

    record: int
    """Number of the record in the log."""
    organization: str
    lineage: str
    origin: OriginOutput
    time: str
    """ISO 8601."""
    serial: int
    address: str
    action: str
    cause: str
    outcome: Literal["applied", "waits", "failed", "refused", "in_doubt", "done", "verified", "superseded", "expired"]
    detail: str
    consent: str
    actor: str
    person: str
    before: str
    after: str
    order: str
    """Id of the work order, or of several, that it is about."""
    evidence: str
    """SHA-256 of what proves that a work order was carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogOutput:
    """`reconciler audit log --format json`."""

    format_version: str
    entries: list[AuditEntryOutput]
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredOutput:
    """What the manifests say."""

    values: Values
    place: PlaceOutput
    reason: str
    through: str
    """The group of people it comes through, as `group:NAME`; empty where the person is named."""
    starts: str | None
    ends: str | None
    """The UTC day on which it is gone."""
    excuse: str
    """Why it does not count today; empty when it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOutput:
    """What was last seen."""

    values: Values
    status: str
    identity: str
    """What the system knows it by."""
    since: str | None
    protect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingOutput:
    """One membership, grant, share or ownership."""

    address: str
    standing: Literal["held", "pending", "different", "missing", "undeclared", "over", "absent"] | None
    """How declared and recorded fit together; null for a past day, of which only the records are known."""
    declared: DeclaredOutput | None
    recorded: RecordedOutput | None
    reaches: list[str]
    """Keys of the ad accounts behind an asset group."""
    trouble: str
    """Why the record may be wrong; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOutput:
    """Who it is."""

    key: str
    declared: bool
    """Whether the directory of people has them."""
    name: str
    identities: dict[str, str]
    """email, phone, tiktok or a system -> identifier."""
    employment: str
    starts: str | None
    ends: str | None
    place: PlaceOutput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationHoldingsOutput:
    """Everything the person has in one organization."""

    organization: str
    system: str
    """Empty when no manifest declares the organization and its records do not tell."""
    administers: bool
    """Whether they can give themselves any access here."""
    holdings: list[HoldingOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingOutput:
    """Something that ends within 30 days."""

    address: str
    ends: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoOutput:
    """`reconciler who --format json`."""

    format_version: str
    person: PersonOutput
    today: str
    as_of: str | None
    """The past day that was asked for."""
    groups: list[str]
    """Groups of people they are in, also through other groups."""
    organizations: list[OrganizationHoldingsOutput]
    ends_soon: list[EndingOutput]
    not_kept: list[str]
    """Organizations of which nothing is kept from that day or before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachOutput:
    """One cell of the access matrix."""

    on: str
    """Address of an asset, or of the organization itself."""
    subject: str
    """Address of a member or a partner."""
    effective: Values | None
    """The strongest of what is active; null while nothing is."""
    intended: Values | None
    """The strongest of what is declared for today; null when nothing is."""
    can_take: bool
    """An admin without access, who can give themselves some at any time."""
    ways: list[HoldingOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOutput:
    """`reconciler access --format json`."""

    format_version: str
    address: str
    system: str
    today: str
    as_of: str | None
    """The past day that was asked for."""
    reaches: list[ReachOutput]
    connections: list[HoldingOutput]
    """What is in which asset group, and what may be used in which ad account."""
