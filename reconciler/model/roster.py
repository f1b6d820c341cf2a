"""A roster: what a person read off a system that no program can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.resource import Resource


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
    """Prefix of addresses -> reason, as in `Live`: rows that could not be understood, and everything that is not listed
    when only part of the page was handed in."""
