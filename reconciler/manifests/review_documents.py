"""What `reconciler diff --format json` writes: the shapes from which the published schema is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.manifests.output_documents import FindingOutput, PlaceOutput, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class SideOutput:
    """One of the two revisions."""

    name: str
    """As it was asked for."""
    commit: str
    """Full id; empty for the working tree."""
    digest: str
    """SHA-256 over the manifests."""
    problems: list[FindingOutput]
    """Errors that keep it from being read as a whole; at HEAD they keep everything from being compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOutput:
    """One line that gives access."""

    address: str
    """The membership, grant or share."""
    values: Values
    through: str
    """The group of people it came from, as `group:NAME`; empty for somebody who is named."""
    starts: str | None
    ends: str | None
    """The UTC day on which it is gone."""
    protect: bool | None
    reason: str
    place: PlaceOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSideOutput:
    """What somebody can do with one thing, over all ways that lead there."""

    values: Values
    """The strongest role and finance role, and all permissions together."""
    starts: str | None
    ends: str | None
    identity: str
    """For a membership, the account that holds it."""
    ways: list[WayOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChangeOutput:
    """One person or partner and one thing."""

    organization: str
    subject: str
    """Address of the member or the partner."""
    on: str
    """Address of the asset, or of the organization itself."""
    effect: Literal["gain", "loss", "both", "way"]
    """`both` is more in one respect and less in another, `way` the same access in another way."""
    marks: list[Literal["admin", "money", "account", "first", "last", "outside_directory", "outside_domains"]]
    """Why it deserves a second look."""
    before: AccessSideOutput | None
    after: AccessSideOutput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChangeOutput:
    """One value before and after; empty where it is not said."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingChangeOutput:
    """An organization, an asset or a connection that appears, changes or goes."""

    address: str
    before: PlaceOutput | None
    """Where it was declared; null for something new."""
    after: PlaceOutput | None
    """Where it is declared; null for something that goes."""
    values: list[ValueChangeOutput]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChangeOutput:
    """An entry of the directory that appears, changes or goes."""

    key: str
    before: PlaceOutput | None
    after: PlaceOutput | None
    values: list[ValueChangeOutput]
    organizations: list[str]
    """Where the person has access, before or afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameOutput:
    """A member or an asset with another name in the manifests."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentOutput:
    """A permission for one blocked change."""

    allow: str
    address: str
    reason: str
    until: str | None
    """The last UTC day on which it counts."""
    place: PlaceOutput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutput:
    """A step that a plan will not take without a consent."""

    action: str
    address: str
    why: str
    irreversible: bool
    consent: ConsentOutput | None
    """The consent that lets it through."""
    place: PlaceOutput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummaryOutput:
    """What there is to judge."""

    is_empty: bool
    gains: int
    losses: int
    admins: int
    """Changes of a role that manages other people's access."""
    money: int
    """Changes of a role that sees or manages money."""
    steps_without_consent: int
    new_errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutput:
    """`reconciler diff --format json`."""

    format_version: str
    tool_version: str
    today: str
    """The UTC day by which dates are judged."""
    base: SideOutput
    head: SideOutput
    summary: ReviewSummaryOutput
    access: list[AccessChangeOutput]
    """By organization, admins and money first."""
    things: list[ThingChangeOutput]
    people: list[PersonChangeOutput]
    settings: list[ValueChangeOutput]
    """What changes in reconciler.yaml, by dotted name."""
    renames: list[RenameOutput]
    steps: list[StepOutput]
    consents_given: list[ConsentOutput]
    consents_withdrawn: list[ConsentOutput]
    findings: list[FindingOutput]
    """What validation says at HEAD and did not say at BASE."""
    policy_findings: list[FindingOutput]
    """What policies say at HEAD and did not say at BASE."""
    resolved: list[FindingOutput]
    """What is said no more."""
    notices: list[str]
