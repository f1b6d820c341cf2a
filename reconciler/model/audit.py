"""What the audit log keeps: who changed what, on whose word, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime

from reconciler.model.outcome import Applied, Failed, InDoubt, Outcome, Refused, Waits
from reconciler.model.work_order import WorkOrder


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
    accepted | declined | expired | cancelled | lapsed | revoked | left | adopted."""
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
    """SHA-256 of what proves that a work order was carried out."""


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


def entries_of(record: AuditRecord, *, number: int) -> Iterator[LoggedEntry]:
    """The entries of a record of the log, each by itself."""
    for entry in record.entries:
        said = {one.name: getattr(entry, one.name) for one in fields(entry)}
        yield LoggedEntry(
            **said, record=number, organization=record.organization, lineage=record.lineage, origin=record.origin
        )


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
