"""A roster as it was understood, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

from reconciler.core.finding import Finding, Place
from reconciler.core.observation import Difference, Observation
from reconciler.core.resource import Attributes, Resource
from reconciler.core.roster import Roster
from reconciler.manifests.output_documents import FindingOutput, PlaceOutput, Values
from reconciler.manifests.roster_documents import DifferenceOutput, ObservationOutput, ObservedOutput, RosterOutput
from reconciler.renderers.observation import tell_shown, what_changed
from reconciler.renderers.style import Style

OBSERVATION_FORMAT = "1.0"


def render_observation_json(observation: Observation, _: Style) -> str:
    """`ObservationOutput` as JSON; ASCII only, so that nothing invisible hides."""
    document = ObservationOutput(
        format_version=OBSERVATION_FORMAT,
        organization=observation.organization,
        kept=observation.is_kept,
        previous=_iso(observation.previous),
        rosters=[_describe_roster(roster, observation) for roster in observation.rosters],
        differences=[_describe_difference(one) for one in observation.differences],
        findings=[_describe_finding(finding) for finding in observation.findings],
    )
    return json.dumps(asdict(document), indent=2, ensure_ascii=True) + "\n"


def _describe_roster(roster: Roster, observation: Observation) -> RosterOutput:
    return RosterOutput(
        kind=roster.kind,
        taken=_iso(roster.taken) or "",
        observed_by=roster.observed_by,
        source=roster.source,
        digest=roster.digest,
        rows=[_describe_row(one, observation) for one in roster.resources],
        unknown=dict(roster.unknown),
    )


def _describe_row(resource: Resource, observation: Observation) -> ObservedOutput:
    place = observation.places.get(resource.address)
    return ObservedOutput(
        address=str(resource.address),
        values=_plain(resource.attributes),
        pending=_plain(resource.pending),
        status=resource.status.value,
        identity=resource.identity,
        since=str(resource.since) if resource.since else None,
        place=_describe_place(place) if place else None,
    )


def _describe_difference(difference: Difference) -> DifferenceOutput:
    return DifferenceOutput(
        address=str(difference.address),
        what=what_changed(difference),
        before=tell_shown(difference.before),
        after=tell_shown(difference.after),
    )


def _plain(attributes: Attributes) -> Values:
    return {name: value if isinstance(value, str) else list(value) for name, value in attributes.items()}


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _describe_finding(finding: Finding) -> FindingOutput:
    return FindingOutput(
        id=finding.id,
        severity=finding.severity.value,
        message=finding.message,
        advice=finding.advice,
        address=finding.address,
        place=_describe_place(finding.place) if finding.place else None,
        related=[_describe_place(place) for place in finding.related],
    )


def _describe_place(place: Place) -> PlaceOutput:
    return PlaceOutput(file=place.file, line=place.line, column=place.column)
