"""An access review: what was put before whom, what they decided, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import ClassVar

from reconciler.model.address import Address
from reconciler.model.finding import Finding, Place
from reconciler.model.risk import Mark, Risk
from reconciler.model.values import dataclass


class ReviewDecision(StrEnum):
    """What somebody says of one access."""

    UNDECIDED = "undecided"
    KEEP = "keep"
    REVOKE = "revoke"
    SHORTEN = "shorten"
    """It gets an end, or an earlier one."""


class ReviewerBy(StrEnum):
    """Who is asked about an access."""

    MANAGER = "manager"
    """The `manager` of the person who has it."""
    GROUP = "group"
    """An owner of the group that it comes through."""
    ORGANIZATION = "organization"
    """An admin of the organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedLine:
    """One line of a manifest that gives an access."""

    at: str
    """FILE:LINE; no part of what is compared, because lines move."""
    gives: str
    through: str = ""
    """The group of people, as `group:NAME`."""
    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFacts:
    """One access as it is put before a reviewer."""

    address: Address
    person: str
    """Key or e-mail address; `partner:KEY` for what another company may use."""
    name: str = ""
    gives: str
    risk: Risk
    marks: tuple[Mark, ...] = ()
    """Why it matters more than others."""
    lines: tuple[ReviewedLine, ...]
    ends: date | None = None
    recorded: str
    """What is remembered of it: `active since 2026-11-02`."""
    last_change: str
    """From the audit log."""
    last_use: str
    findings: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[object, ...]:
        """What matters most first; then everything of one person together, what they are a member of first."""
        return self.risk.rank, self.person, self.address.organization, self.address.kind != "member", self.address

    @property
    def terms(self) -> object:
        """What was decided on: everything that it gives, and when, wherever that is written by now."""
        return self.gives, sorted((one.gives, one.through, str(one.starts), str(one.ends)) for one in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedAccess:
    """The facts of an access, and what its reviewer says of it."""

    facts: AccessFacts
    decision: ReviewDecision = ReviewDecision.UNDECIDED
    until: date | None = None
    """For `shorten`: the UTC day on which it is gone."""
    reason: str = ""
    by: str = ""
    """Who decided, where that was not the reviewer."""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSheet:
    """Everything that one reviewer has to decide."""

    campaign: str
    reviewer: str
    accesses: tuple[ReviewedAccess, ...]
    """What matters most first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetMark:
    """What a campaign remembers of a sheet, so that nobody changes what was put before its reviewer."""

    file: str
    """Its name in the folder of the campaign."""
    accesses: int
    facts: str
    """SHA-256 of the facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One review: of what, by whom, until when."""

    name: str
    scope: tuple[str, ...]
    """Patterns of addresses."""
    reviewer_by: ReviewerBy
    due: date
    """The last UTC day on which somebody may decide without being late."""
    undecided: ReviewDecision
    """What closing does with what nobody decided: keep or revoke."""
    started: date
    started_by: str = ""
    manifests: str
    """SHA-256 of the manifests on that day."""
    reviewers: Mapping[str, SheetMark]
    not_declared: tuple[str, ...] = ()
    """Access that is there and that no manifest declares: nobody can decide on it by editing manifests."""
    closed: date | None = None
    evidence: str = ""
    """SHA-256 of the evidence, once it is closed."""


class ReviewOutcome(StrEnum):
    """What closing does with one access."""

    KEPT = "kept"
    REVOKED = "revoked"
    SHORTENED = "shortened"
    GONE = "gone"
    """It ended, or was taken out, since the review began: there is nothing to decide any more."""
    CHANGED = "changed"
    """It is not what the reviewer has seen: it stays as it is."""
    NEW = "new"
    """It was given since the review began, and nobody has reviewed it: it stays as it is."""
    ENDS_TOO = "ends_too"
    """Nobody decided on it, and it cannot stay without a membership that is revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewResult:
    """One access, and what comes of the review."""

    address: Address
    person: str
    gives: str
    """As the reviewer has seen it; of what is new, as it is."""
    risk: Risk = Risk.MEDIUM
    """The same."""
    reviewer: str = ""
    outcome: ReviewOutcome
    decision: ReviewDecision = ReviewDecision.UNDECIDED
    until: date | None = None
    reason: str = ""
    by: str = ""
    note: str = ""
    """Why the outcome is not the decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewClosing:
    """A review at its end: what becomes of each access, the edit, and for which organizations it counts."""

    JSON_HIDDEN: ClassVar = ("edited", "problems")

    campaign: Campaign
    day: date
    results: tuple[ReviewResult, ...] = ()
    """By address."""
    reviewed: tuple[str, ...] = ()
    """Organizations for which the review counts."""
    not_reviewed: Mapping[str, str] = field(default_factory=dict)
    """The others, and why."""
    patch: str = ""
    """The one edit of the manifests."""
    before: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> SHA-256 when the review was closed."""
    after: Mapping[str, str] = field(default_factory=dict)
    """The same after the edit."""
    plan: str = ""
    """SHA-256 of the plan that the edited manifests lead to."""
    audit_head: str = ""
    """Digest of the last record of the audit log then."""
    edited: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> its new text."""
    problems: tuple[Finding, ...] = ()
    """Why it cannot be closed like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetProgress:
    """How far one reviewer is."""

    JSON_PROPERTIES: ClassVar = ("open",)

    reviewer: str
    name: str = ""
    file: str
    total: int
    decided: int
    is_late: bool
    note: str = ""
    """Why nothing can be expected of them, such as that they have left."""

    @property
    def open(self) -> int:
        """What they have not decided."""
        return self.total - self.decided


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignProgress:
    """How far one review is, and what closing it would do now."""

    campaign: Campaign
    today: date
    sheets: tuple[SheetProgress, ...]
    """By reviewer."""
    closing: ReviewClosing | None = None
    """None where it is closed already."""
