"""Making a plan: read what is recorded and live, then let the planner think."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from reconciler import __version__
from reconciler.core.declared import Desired, Organization
from reconciler.core.errors import ProviderError
from reconciler.core.live import Live
from reconciler.core.plan import Plan
from reconciler.core.planning.planner import Worlds, plan
from reconciler.core.planning.targets import EVERYTHING, Targets
from reconciler.core.resource import Resource
from reconciler.core.settings import GuardSettings
from reconciler.core.state import State
from reconciler.ports import Provider, Scope, StateStore
from reconciler.workflows.scopes import Scopes
from reconciler.workflows.states import read_state

ProviderFor = Callable[[Organization], Provider]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What to plan, under which rules, for which day."""

    desired: Desired
    settings: GuardSettings
    today: date
    targets: Targets = EVERYTHING
    refresh: bool = True
    """False plans against what is recorded, without asking any system."""
    retry: bool = False
    """Try again at once what failed earlier today."""


def make_plan(request: PlanRequest, *, provider_for: ProviderFor, store: StateStore) -> Plan:
    """A plan over all declared organizations. Reads, and changes nothing."""
    desired = request.desired
    recorded = {key: read_state(store, key) for key in store.organizations()}
    scopes = Scopes(desired)
    live = {}
    for key, organization in desired.organizations.items():
        state = recorded.get(key) or State(organization=key)
        if request.refresh:
            live[key] = read_live(provider_for(organization), scopes.scope_of(key, state))
        else:
            live[key] = recorded_as_live(state)
    worlds = Worlds(desired=desired, recorded=recorded, live=live, today=request.today, retry=request.retry)
    return plan(worlds, request.settings, targets=request.targets, tool_version=__version__)


def read_live(provider: Provider, scope: Scope) -> Live:
    """One organization as its system shows it; entirely unknown when the system cannot be reached."""
    key = scope.organization.key
    try:
        return provider.read(scope)
    except ProviderError as error:
        return Live(organization=key, unknown={f"{key}/": error.message})


def recorded_as_live(state: State) -> Live:
    """What was last seen, taken for what is there now."""
    return Live(organization=state.organization, resources={r.address: r for r in _resources(state)})


def _resources(state: State) -> Iterable[Resource]:
    for record in state.records.values():
        if not record.status.is_gone:
            yield Resource(
                address=record.address,
                attributes=record.attributes,
                status=record.status,
                identity=record.identity,
                since=record.since,
            )
