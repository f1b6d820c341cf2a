"""What commands write about work orders with `--format json`.

A new minor version of a format only adds properties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.manifests.output_documents import PlaceOutput, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderOutput:
    """What one person is asked to do.

    The texts from `title` to `note` are prose in which backticks mark what is to be copied exactly; inside and outside
    of them a backslash makes a backtick or a backslash an ordinary character. All other texts are plain.
    """

    id: str
    operation: str
    """Key of the steps it was written from, such as `developers.invite`; the list is in docs/work-orders.md."""
    address: str
    """`organization/kind/key` it is about."""
    action: str
    wanted: Values
    """The values it shall lead to; empty where something shall be gone."""
    identity: str
    """Address, number or handle that the system shall know the resource by; may be empty."""
    system: str
    actor: str
    """Person key; empty when whoever must act is not in the directory."""
    actor_role: str
    """In which capacity they act: `an admin of acme-dev`."""
    party: int
    """Which part it is, from 1; each part begins when the one before it is done."""
    parties: int
    after: str
    """Id of the part before it, which has to be done first; empty for the first one."""
    title: str
    """Prose with marks: one line in the imperative."""
    preconditions: list[str]
    """Prose with marks: to be made sure of before the first step."""
    steps: list[str]
    """Prose with marks."""
    done_when: str
    """Prose with marks; may be empty."""
    undo: str
    """Prose with marks: how to take it back; may be empty."""
    irreversible: str
    """Prose with marks: what cannot be taken back; empty for everything that can."""
    note: str
    """Prose with marks; may be empty."""
    reason: str
    place: PlaceOutput | None
    """The manifest line that asks for it."""
    issued: str | None
    """A time in UTC, as are all times here."""
    valid_hours: float | None
    """How long it can be done once the part before it has been done; null where that is not limited or not known."""
    expires: str | None
    status: Literal["open", "done", "verified", "failed", "superseded", "expired"]
    """`done` is what somebody says; `verified` is what the system was seen to show after it."""
    closed: str | None
    closed_by: str
    evidence: str
    evidence_digest: str
    """SHA-256 of the evidence."""
    failure: str | None
    """Why it could not be carried out, as one word."""
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrdersOutput:
    """`reconciler work-orders list|show --format json`."""

    format_version: str
    work_orders: list[WorkOrderOutput]
