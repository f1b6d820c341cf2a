"""The entries of the audit log: of a change, of a work order, of a new name, and of what others did meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.model import (
    KINDS,
    Address,
    AuditEntry,
    Change,
    OrderStatus,
    Outcome,
    Owner,
    Record,
    Shape,
    Status,
    Waits,
    WorkOrder,
    describe_outcome,
    format_access,
    name_orders,
    person_in,
)


def audit_entry(change: Change, outcome: Outcome, *, serial: int, at: datetime) -> AuditEntry:
    """What to remember for ever of one change."""
    word, detail = describe_outcome(outcome)
    return AuditEntry(
        time=at,
        serial=serial,
        address=str(change.address),
        action=change.action.value,
        cause=change.why,
        approval=change.approval,
        outcome=word,
        detail=detail,
        actor=change.actor,
        person=person_in(change.address),
        before=format_access(change.before),
        after=format_access(change.after),
        order=name_orders(outcome.orders) if isinstance(outcome, Waits) else "",
        risk=change.risk,
    )


def renaming_entry(organization: str, name: tuple[str, str], now: str, *, serial: int, at: datetime) -> AuditEntry:
    """What to remember for ever of a record that goes by another name from now on."""
    kind, key = name
    return AuditEntry(
        time=at,
        serial=serial,
        address=str(Address(organization, kind, now)),
        action="rename",
        cause="the manifests call it so",
        outcome="applied",
        detail=f"was {Address(organization, kind, key)}",
        person=now if kind == "member" else "",
    )


SEEN = "seen"
"""What the audit log calls something that others did about a request or a membership, and that a run first saw."""

OUTCOMES = tuple(
    dict.fromkeys(
        (
            *("applied", "requested", "waits", "failed", "refused", "in_doubt"),
            *("accepted", "declined", "expired", "cancelled", "lapsed", "revoked", "left", "adopted", SEEN),
            *map(str, OrderStatus),
        )
    )
)
"""Every word for what came of something."""

_SEEN_FIRST = "seen by this run for the first time"

_BECAME: Mapping[tuple[Status, Status], str] = {
    (Status.INVITED, Status.ACTIVE): "accepted",
    (Status.INVITED, Status.DECLINED): "declined",
    (Status.INVITED, Status.EXPIRED): "expired",
    (Status.INVITED, Status.CANCELLED): "cancelled",
    (Status.REQUESTED, Status.ACTIVE): "accepted",
    (Status.REQUESTED, Status.DECLINED): "declined",
    (Status.REQUESTED, Status.LAPSED): "lapsed",
    (Status.REQUESTED, Status.REVOKED_BY_OWNER): "revoked",
    (Status.ACTIVE, Status.REVOKED_BY_OWNER): "revoked",
    (Status.ACTIVE, Status.LEFT): "left",
}
"""What was recorded, and what is seen now."""


def sightings(before: Mapping[Address, Record], after: Mapping[Address, Record], *, at: datetime) -> list[AuditEntry]:
    """What became of requests and memberships since the last run, by address; this run is the first that sees it."""
    entries = []
    for address, record in sorted(after.items()):
        known = before.get(address)
        word = _describe_outcome(known, record)
        if not word:
            continue
        entry = AuditEntry(
            time=at,
            serial=0,
            address=str(address),
            action=SEEN,
            cause="there already when it was declared" if word == "adopted" and known is None else _SEEN_FIRST,
            outcome=word,
            person=person_in(address),
            before=format_access(known),
            after=format_access(record),
        )
        entries.append(entry)
    return entries


def _describe_outcome(before: Record | None, record: Record) -> str:
    if before is None:
        is_somebodys = KINDS[record.address.kind].shape in (Shape.MEMBERSHIP, Shape.GRANT)
        return "adopted" if is_somebodys and record.status is Status.ACTIVE else ""
    if before.status is Status.AWAITING_ACCEPTANCE and record.status is Status.ACTIVE:
        is_handed_over = not Owner.of(record.attributes).person
        return "accepted" if is_handed_over else "declined"
    if before.status.is_gone and record.status is Status.ACTIVE:
        return "adopted"  # it is back, and not by this tool
    return _BECAME.get((before.status, record.status), "")


ORDER_ACTION = "work_order"
"""What the audit log calls a step in the life of a work order; the outcome is the order's new status."""


def order_entry(order: WorkOrder, *, serial: int, at: datetime) -> AuditEntry:
    """What to remember for ever of a work order that was done, has failed or has ended otherwise."""
    reason = order.failure.value if order.failure else ""
    return AuditEntry(
        time=at,
        serial=serial,
        address=str(order.address),
        action=ORDER_ACTION,
        cause=f"{order.id}, {order.action.replace('_', ' ')}: {order.reason}",
        outcome=order.status.value,
        detail=": ".join(filter(None, (reason, order.explanation))) or order.evidence,
        actor=order.closed_by if order.is_said else "",
        person=person_in(order.address),
        order=order.id,
        evidence=order.evidence_digest if order.is_said else "",
    )
