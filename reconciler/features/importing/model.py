"""What an import makes of organizations that no manifest declared, and what becomes of drift that is adopted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from reconciler.model.address import Address
from reconciler.model.live import Unread
from reconciler.model.resource import Resource
from reconciler.model.state import State
from reconciler.model.values import dataclass


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdopted:
    """A difference that cannot be written into the manifests by the tool."""

    address: Address
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Edits that make the manifests say what is live. Nothing is written yet."""

    before: Mapping[str, str]
    """Path -> text, of the files that change."""
    after: Mapping[str, str]
    adopted: tuple[Address, ...] = ()
    """In the words of the manifests afterwards, with what had to come along."""
    people: tuple[str, ...] = ()
    """Keys of the people who were added to the directory."""
    refused: tuple[NotAdopted, ...] = ()
    unread: tuple[Unread, ...] = ()
    """What nobody could look at, so that nothing is known of differences there."""
