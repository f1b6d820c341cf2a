"""Somebody leaves: everything that has to end, how far that is, and what has to come first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import ClassVar

from reconciler.model.address import Address
from reconciler.model.finding import Place
from reconciler.model.plan import Plan
from reconciler.model.values import dataclass


class Matter(StrEnum):
    """What sort of thing a leaver leaves behind."""

    ACCESS = "access"
    """A membership, an invitation, a grant or a share that is there, as far as anybody can see."""
    APP = "app"
    """An app that is theirs in person."""
    CREDENTIALS = "credentials"
    """What they know and others go on using: the client secret of an app, the password of an account."""
    WORK_ORDER = "work_order"
    """What they were asked to do and have not done."""
    MANIFEST = "manifest"
    """A line that still speaks of them and has to be taken out by hand."""


class Progress(StrEnum):
    """How far one item is; only what is over counts, and only when it was seen or somebody answers for it."""

    OPEN = "open"
    """Somebody has to do something, or an apply does it."""
    WAITING = "waiting"
    """Asked for; it goes on when somebody acts or a newer look shows it."""
    BLOCKED = "blocked"
    """A guard stops it; something else has to come first."""
    UNKNOWN = "unknown"
    """Nobody can see whether it is over."""
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaverItem:
    """One thing that has to end."""

    matter: Matter
    address: Address
    what: str
    """In words: `standard, finance manager`, `operator on ad account us-brand`."""
    progress: Progress
    why: str
    """What happens next with it, or how it is known to be over."""
    on: str = ""
    """Whom it waits for: a person key, or who that is."""
    since: date | None = None
    """The UTC day on which it was asked for, or was over."""
    work_order: str = ""
    """Id of the work order about it."""
    place: Place | None = None
    """The manifest line that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One organization, and whether anybody has looked there since the person left and found nothing of theirs."""

    organization: str
    title: str
    """What a person calls the system."""
    progress: Progress
    """Never waiting or blocked: those are items."""
    why: str
    seen: date | None = None
    """The UTC day of the last look at its members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """What has to be settled before somebody can go."""

    what: str
    first: str
    """What to do about it, in the imperative."""
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offboarding:
    """The way of one person out of everything."""

    JSON_PROPERTIES: ClassVar = ("is_complete",)
    JSON_HIDDEN: ClassVar = ("plan", "edited")

    person: str
    """Key."""
    name: str = ""
    today: date
    leaves: date | None
    """The UTC day on which the manifests end all access; None while they say nothing of the sort."""
    groups: tuple[str, ...] = ()
    """Groups of people they are in; they give nothing any more from that day on."""
    hurdles: tuple[Blocker, ...] = ()
    items: tuple[LeaverItem, ...] = ()
    """By matter and address."""
    surfaces: tuple[Surface, ...] = ()
    """By organization, those included in which they never had anything: nobody knows before somebody looks."""
    plan: Plan
    """What the manifests, as they are or as they would be edited, lead to for this person on that day."""
    edited: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> its text with the edit that makes the person leave; empty where nothing has to change."""
    patch: str = ""
    """The edit as a unified diff."""

    @property
    def left(self) -> tuple[LeaverItem, ...]:
        """What is not over."""
        return tuple(item for item in self.items if item.progress is not Progress.OVER)

    @property
    def unseen(self) -> tuple[Surface, ...]:
        """Where nobody has looked since."""
        return tuple(surface for surface in self.surfaces if surface.progress is not Progress.OVER)

    @property
    def is_complete(self) -> bool:
        """Whether the day has come, everything is over, and somebody has looked everywhere."""
        has_left = self.leaves is not None and self.leaves <= self.today
        return has_left and not self.left and not self.unseen and not self.edited

    @property
    def age(self) -> int | None:
        """Days since they left; None before that."""
        return (self.today - self.leaves).days if self.leaves is not None and self.leaves <= self.today else None
