"""From values to the shapes of JSON output that are published."""

from __future__ import annotations

import json
from dataclasses import asdict

from reconciler.core.finding import Finding, Place
from reconciler.core.holding import AccessMatrix, Holding, OrganizationHoldings, PersonReport, Reach
from reconciler.core.resource import Attributes
from reconciler.manifests.output_documents import (
    AccessOutput,
    DeclaredOutput,
    EndingOutput,
    FindingOutput,
    HoldingOutput,
    OrganizationHoldingsOutput,
    PersonOutput,
    PlaceOutput,
    ReachOutput,
    RecordedOutput,
    Values,
    WhoOutput,
)
from reconciler.output.style import Style

WHO_FORMAT = ACCESS_FORMAT = "1.0"


def render_output(document: WhoOutput | AccessOutput) -> str:
    """ASCII only: invisible characters stay visible, and any reader and terminal can take it."""
    return json.dumps(asdict(document), indent=2, ensure_ascii=True) + "\n"


def render_person_json(report: PersonReport, _: Style) -> str:
    """`WhoOutput` as JSON."""
    return render_output(describe_person_report(report))


def describe_person_report(report: PersonReport) -> WhoOutput:
    """Everything one person has."""
    return WhoOutput(
        format_version=WHO_FORMAT,
        person=_person(report),
        today=str(report.today),
        as_of=str(report.as_of) if report.as_of else None,
        groups=list(report.groups),
        organizations=[_organization(part, report) for part in report.organizations],
        ends_soon=[EndingOutput(address=str(one.address), ends=str(one.ends)) for one in report.ending],
        not_kept=list(report.not_kept),
    )


def _person(report: PersonReport) -> PersonOutput:
    person = report.person
    if person is None:
        return PersonOutput(
            key=report.key, declared=False, name="", identities={}, employment="", starts=None, ends=None, place=None
        )
    return PersonOutput(
        key=report.key,
        declared=True,
        name=person.name,
        identities=dict(person.identities),
        employment=person.employment,
        starts=str(person.starts) if person.starts else None,
        ends=str(person.ends) if person.ends else None,
        place=place_of(person.place),
    )


def _organization(part: OrganizationHoldings, report: PersonReport) -> OrganizationHoldingsOutput:
    return OrganizationHoldingsOutput(
        organization=part.organization,
        system=part.system,
        administers=part.administers,
        holdings=[_holding(one, compared=report.as_of is None) for one in part.holdings],
    )


def describe_matrix(matrix: AccessMatrix) -> AccessOutput:
    """The access matrix."""
    return AccessOutput(
        format_version=ACCESS_FORMAT,
        address=str(matrix.about),
        system=matrix.system,
        today=str(matrix.today),
        as_of=str(matrix.as_of) if matrix.as_of else None,
        reaches=[_reach(reach, matrix) for reach in matrix.reaches],
        connections=[_holding(one, compared=matrix.as_of is None) for one in matrix.connections],
    )


def _reach(reach: Reach, matrix: AccessMatrix) -> ReachOutput:
    return ReachOutput(
        on=str(reach.on),
        subject=str(reach.subject),
        effective=None if reach.effective is None else values_of(reach.effective),
        intended=None if reach.intended is None else values_of(reach.intended),
        can_take=reach.can_take,
        ways=[_holding(way, compared=matrix.as_of is None) for way in reach.ways],
    )


def _holding(holding: Holding, *, compared: bool = True) -> HoldingOutput:
    """One access; its standing is left out where nothing is declared to compare with."""
    return HoldingOutput(
        address=str(holding.address),
        standing=holding.standing.value if compared else None,
        declared=_declared(holding),
        recorded=_recorded(holding),
        reaches=list(holding.reaches),
        trouble=holding.trouble,
    )


def values_of(attributes: Attributes) -> Values:
    """Sets as lists."""
    return {name: value if isinstance(value, str) else list(value) for name, value in attributes.items()}


def finding_of(finding: Finding) -> FindingOutput:
    """A finding with its places."""
    return FindingOutput(
        id=finding.id,
        severity=finding.severity.value,
        message=finding.message,
        advice=finding.advice,
        address=finding.address,
        place=place_of(finding.place) if finding.place else None,
        related=[place_of(place) for place in finding.related],
    )


def place_of(place: Place) -> PlaceOutput:
    """A place in a manifest."""
    return PlaceOutput(file=place.file, line=place.line, column=place.column)


def _declared(holding: Holding) -> DeclaredOutput | None:
    declared = holding.declared
    if declared is None:
        return None
    return DeclaredOutput(
        values=values_of(declared.attributes),
        place=place_of(declared.place),
        reason=declared.reason,
        through=declared.through,
        starts=str(declared.starts) if declared.starts else None,
        ends=str(declared.expires) if declared.expires else None,
        excuse=holding.excuse,
    )


def _recorded(holding: Holding) -> RecordedOutput | None:
    record = holding.recorded
    if record is None:
        return None
    return RecordedOutput(
        values=values_of(record.attributes),
        status=record.status.value,
        identity=record.identity,
        since=str(record.since) if record.since else None,
        protect=record.protect,
    )
