"""What commands write with `--format json`: the shapes from which the published schemas are made.

A new minor version of a format only adds properties. The plan and the state are not here: those are the values of the
core themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Values = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOutput:
    """A position in a file of the workspace; lines and columns count from 1."""

    file: str
    """Relative to the workspace, with forward slashes."""
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSummaryOutput:
    """How many changes came to which outcome."""

    applied: int
    waits: int
    failed: int
    refused: int
    in_doubt: int
    not_tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedOutput:
    """Carried out."""

    kind: Literal["applied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitsOutput:
    """Handed over: it goes on when somebody else acts."""

    kind: Literal["waits"]
    on: str
    why: str
    work_orders: tuple[str, ...]
    """Ids of the work orders that say how, in sequence; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedOutput:
    """The system said no; nothing changed."""

    kind: Literal["failed"]
    reason: str
    code: str
    """The system's own; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedOutput:
    """Not attempted, because what the plan relied on is no longer true."""

    kind: Literal["refused"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubtOutput:
    """Sent, but no answer came: it may or may not have taken effect."""

    kind: Literal["in_doubt"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOutput:
    """One change that was tried, and its outcome."""

    address: str
    action: str
    cause: str
    """Why it was planned."""
    consent: str
    """Reason and origin of the consent that let it through; may be empty."""
    outcome: AppliedOutput | WaitsOutput | FailedOutput | RefusedOutput | InDoubtOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOutput:
    """`reconciler apply --format json`."""

    format_version: str
    manifests: str
    """SHA-256 of the manifests that the plan was made from."""
    summary: ReportSummaryOutput
    results: list[ResultOutput]
    """In the order in which they were tried."""
