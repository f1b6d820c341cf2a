"""What `drift --format json` writes.

A new minor version of the format only adds properties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.manifests.output_documents import PlaceOutput, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSideOutput:
    """A resource as it is, or as it should be."""

    values: Values
    status: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedOutput:
    """What the system's own log says."""

    at: str
    """UTC, RFC 3339."""
    who: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceOutput:
    """Who agreed to live with it, why and until which UTC day."""

    by: str
    reason: str
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftItemOutput:
    """One difference."""

    address: str
    sort: Literal["appeared", "changed", "gone", "overstayed"]
    severity: Literal["critical", "high", "medium", "low"]
    standing: Literal["new", "overdue", "known", "accepted"]
    first_seen: str
    """UTC day."""
    age_days: int
    expected: DriftSideOutput | None
    """As recorded, else as declared; null when nothing should be there."""
    live: DriftSideOutput | None
    why: str
    fate: Literal["changed_back", "taken_away", "waiting", "blocked", "deferred", "left_alone", "settled"]
    """What the plan of the same look does about it."""
    outlook: str
    """The same in words, with the guard, the person or the reason."""
    advice: str
    place: PlaceOutput | None
    accepted: AcceptanceOutput | None
    deeds: list[DeedOutput]
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertedOutput:
    """What an earlier audit found and is no more."""

    address: str
    first_seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenOutput:
    """What could not be read: an address, or the beginning of addresses."""

    prefix: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationDriftOutput:
    """One organization."""

    organization: str
    system: str
    mode: str
    observed_at: str | None
    """UTC, RFC 3339: when it was looked at, if that was not just now."""
    items: list[DriftItemOutput]
    """The worst first."""
    reverted: list[RevertedOutput]
    unseen: list[UnseenOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSummaryOutput:
    """How many differences there are of each standing."""

    new: int
    overdue: int
    known: int
    accepted: int
    reverted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOutput:
    """`reconciler drift --format json`."""

    format_version: str
    today: str
    summary: DriftSummaryOutput
    organizations: list[OrganizationDriftOutput]
