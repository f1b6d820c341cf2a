"""Systems that only people can read and change: rosters come in, work orders go out. Nothing here does any I/O."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import (
    KINDS,
    Action,
    Address,
    Applied,
    Change,
    Failed,
    Live,
    Outcome,
    Part,
    Resource,
    Scope,
    Waiting,
    Waits,
)
from reconciler.systems.drafting import describe_wait, draft_orders


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
        return _read_rosters(scope)

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

    def ask(self, scope: Scope, waiting: Waiting) -> Waits | None:
        """Orders for a step that no plan takes by itself, but that somebody can take when told how."""
        orders = draft_orders(waiting, scope)
        return describe_wait(orders) if orders else None


def _read_rosters(scope: Scope) -> Live:
    """One organization as people last read it off its pages, under the names that the manifests use now.

    `observed_at` is the oldest look.
    """
    organization = scope.organization
    rosters = {kind: scope.rosters[kind] for kind in organization.system.kinds if kind in scope.rosters}
    resources: dict[Address, Resource] = {}
    unknown = _unread(scope)
    for roster in rosters.values():
        unknown.update(roster.unknown)
        for resource in roster.resources:
            if resource.address in resources:
                unknown[str(resource.address)] = "several rows of the roster are about this one"
            resources[resource.address] = resource
    for address in [address for address in resources if str(address) in unknown]:
        del resources[address]
    if rosters:
        whole = Address.whole(organization.key)
        resources[whole] = Resource(address=whole, identity=organization.identity)
    taken = {kind: roster.taken for kind, roster in rosters.items()}
    return Live(
        organization=organization.key,
        resources=resources,
        unknown=unknown,
        observed_at=min(taken.values(), default=None),
        taken=taken if not taken else {**taken, "organization": max(taken.values())},
    )


def _unread(scope: Scope) -> dict[str, str]:
    organization = scope.organization
    key, kinds = organization.key, [kind for kind in organization.system.kinds if kind in organization.kinds]
    advice = f"look at its pages and run `reconciler observe {key} --from FILE`"
    if not any(kind in scope.rosters for kind in kinds):
        return {Part.everything(key): f"nobody has handed in a roster of {key} yet; {advice}"}
    ways = {"member": advice, **dict.fromkeys(("app", "app_access"), f"{advice.removesuffix('`')} --kind app`")}
    return {
        Part.all_of(key, kind): f"no roster lists each {KINDS[kind].title} of {key} yet; {ways[kind]}"
        if kind in ways
        else f"no roster of {key} can list each {KINDS[kind].title}; leave the kind out of its `manages:`"
        for kind in kinds
        if kind != "organization" and kind not in scope.rosters
    }
