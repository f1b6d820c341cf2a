"""What `plan --estimate --format json` writes.

A new minor version of the format only adds properties.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortOutput:
    """What something takes, as far as limits reach."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceOutput:
    """One limit on calls, and what the organizations that share it take together."""

    limit: str
    """In words."""
    organizations: list[str]
    plan: EffortOutput
    """To read everything once."""
    apply: EffortOutput
    """To carry that plan out, for which everything is read once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationForecastOutput:
    """What one organization takes."""

    organization: str
    system: str
    limited: bool
    """Whether calls to its system are limited; where they are not, they are not counted either."""
    recorded: bool
    """Whether something is recorded of it; if not, `changes` is the most there can be."""
    changes: int
    plan_calls: int
    apply_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastOutput:
    """`reconciler plan --estimate --format json`."""

    format_version: str
    plan: EffortOutput
    """In all."""
    apply: EffortOutput
    limits: list[AllowanceOutput]
    organizations: list[OrganizationForecastOutput]
    """By key."""
