"""What `observe --format json` writes: the shape from which the published schema is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.manifests.output_documents import FindingOutput, PlaceOutput, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedOutput:
    """One row of a roster."""

    address: str
    """`organization/kind/key`."""
    values: Values
    """Role or owner, and the like."""
    pending: Values
    """Values that take effect when somebody else agrees, such as the owner after a transfer."""
    status: str
    identity: str
    """The address, number or client key that the page shows; empty when it shows a name only."""
    since: str | None
    """YYYY-MM-DD, where the page tells."""
    place: PlaceOutput | None
    """In the file that was handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterOutput:
    """Everything of one kind."""

    kind: str
    taken: str
    """When the page was looked at, ISO 8601 in UTC."""
    observed_by: str
    source: str
    digest: str
    """SHA-256 of the file; of several, that of their digests one below the other."""
    rows: list[ObservedOutput]
    unknown: dict[str, str]
    """Prefix of addresses -> why nothing is known of them, apart from those in `rows`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceOutput:
    """What is otherwise than in the roster before."""

    address: str
    what: Literal["new", "changed", "gone"]
    before: str
    """Values and status in words; empty when it was not there."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationOutput:
    """`reconciler observe --format json`."""

    format_version: str
    organization: str
    kept: bool
    """Whether it is the organization's roster from now on."""
    previous: str | None
    """When the roster before it was taken, ISO 8601 in UTC."""
    rosters: list[RosterOutput]
    differences: list[DifferenceOutput]
    findings: list[FindingOutput]
