"""What the workspace file says about guards and policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Literal

from reconciler.model.finding import Place
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """Limits that stop a dangerous change; each can be lifted for one change only, by an approval."""

    max_removal_ratio: float = 0.25
    """Share of an organization's access that one plan, and any seven days, may take away."""
    removal_ratio_from: int = 10
    """The ratio speaks only in organizations with at least this many counted things; in smaller ones a single
    removal would always exceed it, and the admin guards protect what matters."""
    min_admins: int = 2
    """Active admins an organization keeps; where it has fewer already, it keeps those."""
    required_admins: tuple[str, ...] = ()
    """Person keys that are never removed or demoted anywhere they are admin."""
    max_invitations: int | None = None
    """Invitations per organization in any seven days; None for no limit of our own."""
    pending_days: int = 30
    """After how many days without an answer an invitation is cancelled and sent again, and a work order that nobody has
    done is asked for again; whatever else waits is overdue then."""
    max_approval_days: int = 90
    """How far ahead an approval may end."""
    max_expired_invitations: int = 3
    """How often an invitation that expired unanswered is sent again, or a work order that was not done asked for again,
    before it is only reported."""
    lockout_notice_days: int = 30
    """How long ahead a plan warns that dates leave an organization without an admin."""
    max_roster_age: int = 30
    """Days after which a plan warns that what people read off a system is old."""


Parameter = str | int | float | bool | tuple[str, ...] | Mapping[str, tuple[str, ...]] | Mapping[str, int]
"""What a rule can be told: a word, a number, a list of words, or lists of words, or numbers, by name."""

POLICY_EXCEPTION = "policy-exception"
"""Id of the finding that tells of an exception while it holds."""
POLICY_SETS = ("baseline", "strict", "agency")
"""Which rules hold, and how much they matter, for whoever does not want to go through all of them."""
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
    owner: str
    """Who answers for it."""
    reason: str
    until: date
    """The last UTC day on which it counts."""
    place: Place


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
    needs_state: bool = False
    """Whether it looks at what is recorded."""
    exceptions: tuple[RuleException, ...] = ()
    """Where it is not applied, ended ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """Everything under `policies`."""

    sources: tuple[str, ...] = ()
    """Files or folders with rules of one's own."""
    set: str = ""
    """One of the sets; empty for what each rule says by itself."""
    place: Place | None = None
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    exceptions: tuple[RuleException, ...] = ()
