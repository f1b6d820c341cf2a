"""What `offboard`, `onboard` and `notices` write with `--format json`.

A new minor version of a format only adds properties. All texts are plain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.manifests.output_documents import PlaceOutput
from reconciler.manifests.work_order_documents import WorkOrderOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class HurdleOutput:
    """What has to be settled before somebody can go."""

    what: str
    first: str
    """What to do about it."""
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOutput:
    """One thing that has to end."""

    matter: Literal["access", "app", "credentials", "work_order", "manifest"]
    address: str
    what: str
    progress: Literal["open", "waiting", "blocked", "unknown", "over"]
    why: str
    """What happens next with it, or how it is known to be over."""
    on: str
    """Whom it waits for; may be empty."""
    since: str | None
    """A UTC day: when it was asked for, or was over."""
    work_order: str
    """Id; may be empty."""
    place: PlaceOutput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceOutput:
    """One organization, and whether anybody has looked there since the person left and found nothing of theirs."""

    organization: str
    system: str
    """What a person calls it."""
    progress: Literal["open", "waiting", "blocked", "unknown", "over"]
    why: str
    seen: str | None
    """The UTC day of the last look at its members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffboardingOutput:
    """`reconciler offboard --format json`."""

    format_version: str
    person: str
    name: str
    today: str
    leaves: str | None
    """The UTC day on which all access ends; null while the manifests say nothing of the sort."""
    complete: bool
    groups: list[str]
    first: list[HurdleOutput]
    items: list[ItemOutput]
    surfaces: list[SurfaceOutput]
    patch: str
    """The edit of the manifests that is not made yet, as a unified diff; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeOutput:
    """What one person has to do now."""

    person: str
    """Key; empty when it is nobody in the directory."""
    name: str
    """For somebody who is not in the directory, who that is."""
    email: str
    phone: str
    """Where they can be reached; either may be empty."""
    deadline: str | None
    """When the first of it stops making sense; a time in UTC."""
    subject: str
    markdown: str
    """The message, ready to be sent; what strangers wrote is escaped in it."""
    work_orders: list[WorkOrderOutput]
    """The same for programs; what has no id is asked for by a system, not by a work order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesOutput:
    """`reconciler notices --format json`."""

    format_version: str
    at: str
    notices: list[NoticeOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOutput:
    """One access that a newcomer gets."""

    address: str
    what: str
    through: str
    """The group that gives it, as `group:NAME`; empty for what is given to them by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparedOutput:
    """Something the other one has, or is in, that the newcomer does not get."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomeOutput:
    """What the newcomer will hear from one system."""

    organization: str
    name: str
    title: str
    role: str
    identifier: str
    """The address or number that is invited, and has to be used."""
    hours: int | None
    """How long the invitation lasts; null where that is not published."""
    must_register: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingOutput:
    """`reconciler onboard --format json`."""

    format_version: str
    person: str
    name: str
    like: str
    groups: list[str]
    """Groups that the newcomer joins."""
    given: list[GivenOutput]
    left_out: list[SparedOutput]
    objections: list[str]
    """What policies have against it."""
    welcomes: list[WelcomeOutput]
    patch: str
    """The edit of the manifests as a unified diff; may be empty."""
