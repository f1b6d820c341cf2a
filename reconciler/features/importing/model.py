"""What an import makes of organizations that no manifest declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.address import Address
from reconciler.model.resource import Resource
from reconciler.model.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """Something that is there and is not declared."""

    resource: Resource
    reason: str
    because_of: Address | None = None
    """What it hangs on, where that is not declared and nothing else is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedOrganization:
    """One organization as it was imported."""

    organization: str
    file: str
    declared: tuple[Address, ...] = ()
    groups: tuple[str, ...] = ()
    """Names of the groups that are proposed."""
    held_back: tuple[HeldBack, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    """What could not be read, as in `Live.unknown`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import writes. Nothing is written yet."""

    before: Mapping[str, str]
    """Path -> text, of the files that change."""
    after: Mapping[str, str]
    """Path -> text, of the files that change or are new."""
    people: tuple[str, ...]
    """Keys of the people who are new to the directory."""
    organizations: tuple[ImportedOrganization, ...]
    states: Mapping[str, State] = field(default_factory=dict)
    """Organization -> what will be remembered of it."""
