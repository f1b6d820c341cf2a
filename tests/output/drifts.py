"""Drift reports that every renderer is shown with: one with everything there is, and one whose names are tricks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from reconciler.model import (
    ActivityEntry,
    Address,
    Drift,
    DriftItem,
    DriftReport,
    DriftSort,
    DriftStatus,
    Fate,
    KnownDrift,
    OrganizationDrift,
    Place,
    Resource,
    Risk,
    Status,
    Unread,
    known_from,
)
from tests.output.plans import TODAY, TRICKS, resource

OUTLOOK = "the next apply: change role"
ADVICE = "to keep it as it is now: `reconciler adopt ADDRESS`"


def deviation(
    address: str,
    sort: DriftSort,
    severity: Risk,
    *,
    expected: Resource | None = None,
    live: Resource | None = None,
    why: str = "it is not as recorded",
    line: int = 0,
) -> Drift:
    return Drift(
        address=Address.parse(address),
        sort=sort,
        severity=severity,
        expected=expected,
        live=live,
        why=why,
        fate=Fate.CHANGED_BACK,
        outlook=OUTLOOK,
        advice=ADVICE,
        place=Place("access/acme.yaml", line, 7) if line else None,
    )


def item(
    found: Drift, status: DriftStatus = DriftStatus.NEW, *, age: int = 0, deeds: tuple[ActivityEntry, ...] = ()
) -> DriftItem:
    seen = TODAY - timedelta(days=age)
    known = None if status is DriftStatus.NEW else known_from(found, first_seen=seen)
    return DriftItem(found=found, status=status, first_seen=seen, age=age, known=known, deeds=deeds)


def accepted(found: DriftItem, until: date, *, by: str = "ana", reason: str = "OPS-1: covers for Bo") -> DriftItem:
    assert found.known is not None
    return replace(found, known=replace(found.known, reason=reason, accepted_by=by, until=until))


def every_sort() -> DriftReport:
    """Every sort, severity and status, with who did it, what is resolved and what was not seen."""
    eve, finn = "acme-bc/member/eve", "acme-bc/member/finn@outside.example"
    deed = ActivityEntry(at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC), who="bo", what="made eve@acme.example admin")
    promoted = deviation(
        eve,
        DriftSort.CHANGED,
        Risk.CRITICAL,
        expected=resource(eve, role="standard"),
        live=resource(eve, role="admin", finance="manager"),
        line=11,
    )
    stranger = deviation(
        finn,
        DriftSort.ADDED_OUTSIDE,
        Risk.HIGH,
        live=resource(finn, Status.INVITED, role="standard"),
        why="nobody declared it",
    )
    raised = "acme-bc/ad_account_access/us/gil"
    grant = deviation(
        raised,
        DriftSort.CHANGED,
        Risk.MEDIUM,
        expected=resource(raised, role="analyst"),
        live=resource(raised, role="operator"),
        line=14,
    )
    left = "acme-brand/member/hal"
    expired_but_active = deviation(
        left,
        DriftSort.EXPIRED_BUT_ACTIVE,
        Risk.CRITICAL,
        expected=resource(left, role="operator"),
        live=resource(left, role="operator"),
        why="hal has left: ends 2026-10-31",
        line=4,
    )
    link = "acme-bc/tiktok_account/clips"
    gone = deviation(
        link,
        DriftSort.GONE,
        Risk.LOW,
        expected=resource(link, permissions=("existing_posts", "live")),
        why="it was taken away",
        line=21,
    )
    again = known_from(deviation("acme-bc/member/lou", DriftSort.ADDED_OUTSIDE, Risk.LOW), first_seen=TODAY)
    return DriftReport(
        today=TODAY,
        organizations=(
            OrganizationDrift(
                organization="acme-bc",
                system="business_center",
                mode="authoritative",
                items=(
                    item(promoted, deeds=(deed,)),
                    accepted(item(stranger, DriftStatus.OVERDUE, age=40), date(2026, 11, 1)),
                    item(grant, DriftStatus.KNOWN, age=1),
                    accepted(item(gone, DriftStatus.ACCEPTED, age=5), date(2026, 12, 24)),
                ),
                resolved=(again,),
                unread=(
                    Unread(
                        organization="acme-bc",
                        prefix="acme-bc/pixel/",
                        reason="HTTP 500",
                        last_read=TODAY - timedelta(days=1),
                    ),
                ),
                log="HTTP 403",
            ),
            OrganizationDrift(
                organization="acme-brand",
                system="organization_account",
                mode="additive",
                items=(item(expired_but_active, DriftStatus.OVERDUE, age=31),),
                observed_at=datetime(2026, 11, 20, 17, 5, tzinfo=UTC),
            ),
            OrganizationDrift(organization="acme-quiet", system="developers", mode="read_only"),
        ),
    )


def tricks() -> DriftReport:
    """A report in which every text that comes from outside is a trick."""
    return DriftReport(today=TODAY, organizations=tuple(_trick(trick) for trick in TRICKS))


def _trick(trick: str) -> OrganizationDrift:
    name = trick.replace("/", "\u2215")
    address = f"o/member/{name}"
    live = Resource(address=Address.parse(address), attributes={"role": trick}, identity=trick)
    found = replace(
        deviation(address, DriftSort.ADDED_OUTSIDE, Risk.CRITICAL, live=live, why=trick),
        advice=trick,
        place=Place(trick, 7, 3),
    )
    deed = ActivityEntry(at=datetime(2026, 11, 22, tzinfo=UTC), who=trick, what=trick)
    resolved = KnownDrift(
        address=Address.parse(f"o/member/{name}2"), sort=DriftSort.GONE, live="absent", first_seen=TODAY
    )
    return OrganizationDrift(
        organization=trick,
        system="business_center",
        mode="additive",
        items=(
            item(found, deeds=(deed,)),
            accepted(item(found, DriftStatus.OVERDUE, age=3), TODAY, by=trick, reason=trick),
            accepted(item(found, DriftStatus.ACCEPTED, age=3), TODAY, by=trick, reason=trick),
        ),
        resolved=(resolved,),
        unread=(Unread(organization=f"{trick}/", prefix=f"{trick}/", reason=trick),),
        log=trick,
    )
