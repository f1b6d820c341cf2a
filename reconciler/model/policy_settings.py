"""What the workspace file says about policies: which rules hold, how much they matter, and where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from reconciler.model.finding import Place

Parameter = str | int | float | bool | tuple[str, ...] | Mapping[str, tuple[str, ...]]
"""What a rule can be told: a word, a number, a list of words, or lists of words by name."""

OFF: Literal["off"] = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """What is said of one rule; what is not said stays as the rule has it."""

    severity: str = ""
    """off | note | warning | error; empty for the rule's own."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleException:
    """An agreement that a rule does not hold for some addresses, until a day."""

    rule: str
    address: str
    """Address, or pattern with `*`."""
    reason: str
    until: date | None = None
    """The last UTC day on which it counts."""
    place: Place

    def holds(self, today: date) -> bool:
        """Whether it counts on a day."""
        return self.until is None or today <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Something that is true or false of one declaration."""

    text: str
    """Empty for what is always true."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomRule:
    """A rule of one's own, as it is written."""

    id: str
    severity: str
    asks: str
    because: str = ""
    when: Expression
    require: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRule:
    """One rule as it holds in a workspace, for lists."""

    id: str
    severity: Literal["off", "note", "warning", "error"]
    asks: str
    because: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """Everything under `policies`."""

    sources: tuple[str, ...] = ()
    """Files or folders with rules of one's own."""
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    exceptions: tuple[RuleException, ...] = ()
