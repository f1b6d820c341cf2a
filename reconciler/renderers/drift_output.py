"""From a drift report to the shape of its JSON output."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from reconciler.core.drifting import DriftItem, DriftReport, OrganizationDrift, Standing
from reconciler.core.resource import Resource
from reconciler.manifests.drift_documents import (
    AcceptanceOutput,
    DeedOutput,
    DriftItemOutput,
    DriftOutput,
    DriftSideOutput,
    DriftSummaryOutput,
    OrganizationDriftOutput,
    RevertedOutput,
    UnseenOutput,
)
from reconciler.output.style import Style
from reconciler.renderers.outputs import place_of, values_of


def render_drift_json(report: DriftReport, _: Style) -> str:
    """ASCII only: invisible characters stay visible, and any reader and terminal can take it."""
    counts = [item.standing for item in report.items]
    document = DriftOutput(
        format_version=report.format_version,
        today=str(report.today),
        summary=DriftSummaryOutput(
            new=counts.count(Standing.NEW),
            overdue=counts.count(Standing.OVERDUE),
            known=counts.count(Standing.KNOWN),
            accepted=counts.count(Standing.ACCEPTED),
            reverted=sum(len(part.reverted) for part in report.organizations),
        ),
        organizations=[_organization(part) for part in report.organizations],
    )
    return json.dumps(asdict(document), indent=2, ensure_ascii=True) + "\n"


def _organization(part: OrganizationDrift) -> OrganizationDriftOutput:
    return OrganizationDriftOutput(
        organization=part.organization,
        system=part.system,
        mode=part.mode,
        observed_at=_moment(part.observed_at) if part.observed_at else None,
        items=[_item(item) for item in part.items],
        reverted=[RevertedOutput(address=str(one.address), first_seen=str(one.first_seen)) for one in part.reverted],
        unseen=[UnseenOutput(prefix=prefix, reason=reason) for prefix, reason in part.unknown.items()],
    )


def _item(item: DriftItem) -> DriftItemOutput:
    found, known = item.found, item.known
    accepted = None
    if known is not None and known.reason:
        until = str(known.until) if known.until else None
        accepted = AcceptanceOutput(by=known.accepted_by, reason=known.reason, until=until)
    return DriftItemOutput(
        address=str(found.address),
        sort=found.sort.value,
        severity=found.severity.value,
        standing=item.standing.value,
        first_seen=str(item.first_seen),
        age_days=item.age,
        expected=_side(found.expected),
        live=_side(found.live),
        why=found.why,
        fate=found.fate.value,
        outlook=found.outlook,
        advice=found.advice,
        place=place_of(found.place) if found.place else None,
        accepted=accepted,
        deeds=[DeedOutput(at=_moment(deed.at), who=deed.who, what=deed.what) for deed in item.deeds],
    )


def _side(resource: Resource | None) -> DriftSideOutput | None:
    if resource is None:
        return None
    return DriftSideOutput(
        values=values_of(resource.attributes), status=resource.status.value, identity=resource.identity
    )


def _moment(moment: datetime) -> str:
    return moment.isoformat()
