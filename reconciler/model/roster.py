"""A roster: what a person read off a system that no program can read, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import ClassVar, Literal

from reconciler.model.address import Address
from reconciler.model.drift import Drift
from reconciler.model.finding import Finding, Place, Severity
from reconciler.model.resource import Resource
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Everything of one kind that an organization showed at a moment; what is neither in it nor unknown was not there.

    An organization has at most one roster for each kind; a kind without a roster is unknown, never empty.
    """

    kind: str
    """Kind of the resources, such as `member` or `app`."""
    taken: datetime
    """When the page was looked at or exported, in UTC."""
    observed_by: str = ""
    """Who handed it in."""
    source: str = ""
    """Name of the file it came from."""
    digest: str = ""
    """SHA-256 of that file."""
    resources: tuple[Resource, ...] = ()
    """Sorted by address."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Prefix of addresses -> reason: rows that could not be understood, and everything that is not listed
    when only part of the page was handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterDifference:
    """What one roster shows otherwise than the one before it."""

    JSON_PROPERTIES: ClassVar = ("what",)

    address: Address
    before: Resource | None
    after: Resource | None

    @property
    def what(self) -> Literal["new", "changed", "gone"]:
        """What has happened to it since."""
        if self.before is None:
            return "new"
        return "gone" if self.after is None else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A roster as it was understood, beside the one before it."""

    JSON_HIDDEN: ClassVar = ("texts",)

    organization: str
    title: str
    """Of the system."""
    rosters: tuple[Roster, ...] = ()
    """By kind; empty when nothing could be understood."""
    findings: tuple[Finding, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """File -> text, for showing the lines that findings are about."""
    places: Mapping[Address, Place] = field(default_factory=dict)
    """Where each resource stands."""
    previous: datetime | None = None
    """When the roster before this one was taken."""
    differences: tuple[RosterDifference, ...] = ()
    """What has changed since then, by address; what is unknown now is not among it."""
    drift: tuple[Drift, ...] = ()
    """What was not made so by this tool, by this roster; what was asked for and came about is not among it."""
    is_kept: bool = False
    """Whether it is the organization's roster from now on."""

    @property
    def is_usable(self) -> bool:
        """Whether it may be kept."""
        return bool(self.rosters) and not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unknown(self) -> dict[str, str]:
        """Prefix of addresses -> why nothing is known of them, over all kinds."""
        return {prefix: reason for roster in self.rosters for prefix, reason in roster.unknown.items()}
