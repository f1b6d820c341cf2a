"""How many calls a run takes before it starts, where a system limits them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What something takes."""

    calls: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationForecast:
    """What one organization takes, from what is declared and recorded of it."""

    organization: str
    system: str
    is_limited: bool
    """Whether calls are counted at all; where they are not, both numbers of calls are 0."""
    is_recorded: bool
    """Whether an apply has recorded it; if not, `changes` is everything that is declared, so the most there can be."""
    changes: int
    plan_calls: int = 0
    """To read everything once."""
    apply_calls: int = 0
    """To read everything again, carry the changes out, and look at each of them before and afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One limit, and what the organizations that share it take together."""

    limit: str
    """In words, such as "8 calls a second and 480 a minute"."""
    organizations: tuple[str, ...]
    plan: Effort
    apply: Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run over several organizations takes."""

    JSON_PROPERTIES: ClassVar = ("plan", "apply")

    organizations: tuple[OrganizationForecast, ...] = ()
    """By key."""
    allowances: tuple[Allowance, ...] = ()

    @property
    def plan(self) -> Effort:
        """Making a plan of all of it; organizations are read one after the other."""
        return _sum(allowance.plan for allowance in self.allowances)

    @property
    def apply(self) -> Effort:
        """Carrying that plan out."""
        return _sum(allowance.apply for allowance in self.allowances)


def _sum(efforts: Iterable[Effort]) -> Effort:
    every = list(efforts)
    return Effort(calls=sum(one.calls for one in every), seconds=sum(one.seconds for one in every))
