"""What somebody can do with one thing, over all lines that give it to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from reconciler.model.address import Address
from reconciler.model.finding import Place
from reconciler.model.resource import Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPath:
    """One line that gives access; two ways are the same wherever and for whatever reason they are written."""

    address: Address
    """The membership, grant or share."""
    attributes: Attributes = field(default_factory=dict)
    through: str = ""
    """The group of people it came from, as `group:NAME`."""
    starts: date | None = None
    ends: date | None = None
    """The UTC day on which it is gone."""
    protect: bool | None = None
    reason: str = field(default="", compare=False)
    """The user's own words."""
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSpan:
    """What somebody can do with one thing during some days."""

    attributes: Attributes
    """The strongest role and finance role, and all permissions together."""
    starts: date | None = None
    """None when it holds already."""
    ends: date | None = None
    """The UTC day on which it is gone or something else holds; None when it has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What somebody can do with one thing, over all ways that lead there."""

    JSON_PROPERTIES: ClassVar = ("starts", "ends")

    attributes: Attributes = field(default_factory=dict)
    """The strongest role and finance role, and all permissions together, of all days."""
    ways: tuple[AccessPath, ...]
    """Sorted by address; never empty."""
    spans: tuple[AccessSpan, ...] = ()
    """The same one after the other, where ways begin and end on different days."""
    identity: str = ""
    """For a membership, the account that holds it; empty for everything else."""

    @property
    def starts(self) -> date | None:
        """The first UTC day of it; None when it holds already."""
        days = [way.starts for way in self.ways]
        return None if None in days else min(day for day in days if day)

    @property
    def ends(self) -> date | None:
        """The UTC day on which all of it is gone; None when it has no end."""
        days = [way.ends for way in self.ways]
        return None if None in days else max(day for day in days if day)
