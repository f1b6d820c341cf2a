"""The files of an access review: what may stand where. The tool writes them, and people write decisions into them."""

from __future__ import annotations

from typing import Annotated

from reconciler.manifests.fields import Day, Field, Matching, OneOf, StrictDocument, Text, Version
from reconciler.model.change import Mark, Risk


class ReviewLineDocument(StrictDocument):
    """One line of a manifest that gives an access."""

    at: Text
    gives: Text
    through: str = ""
    starts: Day = ""
    ends: Day = ""


class ReviewedAccessDocument(StrictDocument):
    """One access, and what is decided about it."""

    person: Text
    name: str = ""
    gives: Text
    risk: Annotated[str, OneOf(tuple(Risk))]
    marks: list[Annotated[str, OneOf(tuple(Mark))]] = Field(default_factory=list)
    lines: list[ReviewLineDocument]
    ends: Day = ""
    recorded: Text
    last_change: Text
    last_use: Text
    findings: list[str] = Field(default_factory=list)
    decision: Annotated[str, OneOf(("undecided", "keep", "revoke", "shorten"))] = "undecided"
    until: Day = ""
    reason: str = ""
    by: Text = ""


class ReviewSheetDocument(StrictDocument):
    """What one reviewer has to decide."""

    version: Version = 1
    campaign: Text
    reviewer: Text
    accesses: dict[str, ReviewedAccessDocument]


class SheetMarkDocument(StrictDocument):
    """What is remembered of a sheet."""

    file: Annotated[str, Matching(r"^[a-z0-9][a-z0-9_-]*\.yaml$", "unknown-value", "the name of a sheet")]
    accesses: int
    facts: Text


class CampaignDocument(StrictDocument):
    """One review."""

    version: Version = 1
    name: Text
    scope: list[Text]
    reviewer_by: Annotated[str, OneOf(("manager", "group", "organization"))]
    due: Day
    undecided: Annotated[str, OneOf(("keep", "revoke"))]
    started: Day
    started_by: str = ""
    manifests: Text
    reviewers: dict[str, SheetMarkDocument]
    not_declared: list[Text] = Field(default_factory=list)
    closed: Day = ""
    evidence: Text = ""
    seal: Text
    """SHA-256 over all others, so that a change by hand shows."""
