"""The provider: rosters are what is live, and every change is handed over to the people who can make it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.address import Address
from reconciler.model.change import Change, Waiting
from reconciler.model.kinds import Action
from reconciler.model.live import Live
from reconciler.model.outcome import Applied, Failed, Outcome
from reconciler.model.ports import Ability, ByHand, Can, Cannot, Scope
from reconciler.model.resource import Resource
from reconciler.model.work_order import WorkOrder
from reconciler.providers.work_orders.rosters import read_rosters
from reconciler.systems import SYSTEMS
from reconciler.systems.drafting import describe_wait, draft_orders

_BY_HAND = "this system has no interface for programs; somebody has to do it on its pages"


class WorkOrdersProvider:
    """Reaches a system through people.

    With `exists` False, an organization of which there is no roster is absent, so that somebody can be asked to create
    it. That is never assumed: what nobody has looked at mostly exists, and a second organization of the same name
    could not be told from the first. The first roster makes the word void.
    """

    name = "work_orders"

    def __init__(self, *, exists: bool = True) -> None:
        self._exists = exists

    def read(self, scope: Scope) -> Live:
        """What the rosters say; a kind that has none is unknown."""
        organization = scope.organization.key
        if not scope.rosters and not self._exists:
            return Live(organization=organization)
        return read_rosters(scope)

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        """The same: there is nothing newer than the rosters."""
        del addresses
        return self.read(scope)

    def apply(self, scope: Scope, change: Change) -> Outcome:
        """Draft the orders of everybody who has to act. Nobody hears of them before they are stored."""
        if change.action is Action.FORGET:
            found = self.read(scope).find(change.address)
            return Applied(live=found if isinstance(found, Resource) else None)
        orders = draft_orders(change, scope)
        if not orders:
            what = change.action.replace("_", " ")
            return Failed(reason=f"nobody knows how to {what} on {scope.organization.system.title} by hand")
        return describe_wait(orders)

    def ask(self, scope: Scope, waiting: Waiting) -> tuple[WorkOrder, ...]:
        """Orders for a step that no plan takes by itself, but that somebody can take when told how."""
        return draft_orders(waiting, scope)

    def ability(self, system: str, action: Action) -> Ability:
        """Everything the system offers is done by hand."""
        if action is Action.FORGET:
            return Can()
        variants = SYSTEMS.get(system, {}).values()
        refusals = [variant.cannot[action] for variant in variants if action in variant.cannot]
        return Cannot(refusals[0]) if refusals and len(refusals) == len(variants) else ByHand(_BY_HAND)
