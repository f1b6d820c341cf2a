"""A roster as it was understood, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

from reconciler.core.observation import Difference, Observation
from reconciler.core.resource import Resource
from reconciler.core.roster import Roster
from reconciler.manifests.roster_documents import DifferenceOutput, ObservationOutput, ObservedOutput, RosterOutput
from reconciler.output.style import Style
from reconciler.renderers.observation import tell_shown, what_changed
from reconciler.renderers.outputs import finding_of, place_of, values_of

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
        findings=[finding_of(finding) for finding in observation.findings],
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
        values=values_of(resource.attributes),
        pending=values_of(resource.pending),
        status=resource.status.value,
        identity=resource.identity,
        since=str(resource.since) if resource.since else None,
        place=place_of(place) if place else None,
    )


def _describe_difference(difference: Difference) -> DifferenceOutput:
    return DifferenceOutput(
        address=str(difference.address),
        what=what_changed(difference),
        before=tell_shown(difference.before),
        after=tell_shown(difference.after),
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
