"""What became of one change."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.change import Change
from reconciler.core.resource import Resource
from reconciler.core.work_order import WorkOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Carried out; `live` is the resource as the system shows it afterwards, None when it is gone."""

    live: Resource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Handed over: it goes on when somebody else acts."""

    on: str
    why: str
    orders: tuple[WorkOrder, ...] = ()
    """Who has to do what, in sequence; written by the provider without ids, stored by the workflow with them."""

    is_blind: bool = False
    """Nothing will ever show what becomes of it, so from now on it is taken for done."""

    @property
    def work_order(self) -> str:
        """Id of the first order, empty when there is none or it has not been stored."""
        return self.orders[0].id if self.orders else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The system said no; nothing changed."""

    reason: str
    code: str = ""
    """The system's own code for it, if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not attempted, because what the plan relied on is no longer true."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """Sent, but no answer came: it may or may not have taken effect."""

    reason: str
    has_looked: bool = False
    """Whether the provider has looked for the effect as long as it makes sense: the next run shall look, not this."""


Outcome = Applied | Waits | Failed | Refused | InDoubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All outcomes of one apply, in the order in which the changes were tried."""

    results: tuple[tuple[Change, Outcome], ...] = ()

    def of(self, *kinds: type[Outcome]) -> list[tuple[Change, Outcome]]:
        """The results of the given sorts."""
        return [(change, outcome) for change, outcome in self.results if isinstance(outcome, kinds)]
