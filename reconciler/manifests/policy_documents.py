"""What `reconciler policy list --format json` writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOutput:
    """One policy as it is set in a workspace."""

    id: str
    """Name in reconciler.yaml, and id of its findings."""
    severity: Literal["off", "note", "warning", "error"]
    asks: str
    because: str
    parameters: dict[str, str | bool | int | float | list[str] | dict[str, list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesOutput:
    """`reconciler policy list --format json`."""

    format_version: str
    policies: list[PolicyOutput]
