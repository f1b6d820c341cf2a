"""Carrying a plan out, one organization after the other, honest at every point about what has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.core.change import Change
from reconciler.core.errors import StalePlan
from reconciler.core.outcome import Outcome, Report
from reconciler.core.plan import OrganizationPlan, Plan
from reconciler.core.planning.planner import Worlds, situations
from reconciler.core.planning.situation import Situation
from reconciler.ports import Provider, Scope, StateStore
from reconciler.workflows.ledger import Ledger
from reconciler.workflows.planning import PlanRequest, ProviderFor, read_live
from reconciler.workflows.scopes import Scopes
from reconciler.workflows.states import LoadedState, load_state, save_state
from reconciler.workflows.steps import Steps

OnResult = Callable[[Change, Outcome], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """One organization, locked and freshly read."""

    loaded: LoadedState
    situation: Situation
    scope: Scope
    provider: Provider


def apply_plan(
    plan: Plan,
    request: PlanRequest,
    *,
    provider_for: ProviderFor,
    store: StateStore,
    on_result: OnResult = lambda _change, _outcome: None,
) -> Report:
    """Carry out the changes of a plan and record everything that was seen.

    Exactly the plan's changes are tried, each only while the live resource is still what the plan saw. Raises
    StalePlan before anything is touched when the plan belongs to other manifests or to another state, and
    StateLocked when somebody else is at work on the organization.
    """
    if plan.manifests != request.desired.digest:
        message = "the plan was made from other manifests"
        raise StalePlan(message, advice="plan again and apply the new plan")
    results = []
    for part in plan.organizations:
        for change, outcome in _apply_organization(part, request, provider_for=provider_for, store=store):
            on_result(change, outcome)
            results.append((change, outcome))
    return Report(results=tuple(results))


def _apply_organization(
    part: OrganizationPlan, request: PlanRequest, *, provider_for: ProviderFor, store: StateStore
) -> Iterator[tuple[Change, Outcome]]:
    with store.lock(part.organization, purpose="apply"):
        loaded = load_state(store, part.organization)
        _refuse_stale(part, loaded)
        ground = _survey(part, request, loaded=loaded, provider_for=provider_for)
        ledger = Ledger(ground.situation)
        steps = Steps(
            situation=ground.situation, scope=ground.scope, provider=ground.provider, ledger=ledger, store=store
        )
        try:
            for change in part.changes:
                yield change, steps.carry_out(change)
        finally:
            save_state(store, loaded, ledger.state())


def _refuse_stale(part: OrganizationPlan, loaded: LoadedState) -> None:
    state = loaded.state
    if (part.lineage, part.serial) != (state.lineage, state.serial):
        message = (
            f"the state of {part.organization} is at serial {state.serial} of lineage {state.lineage or 'none'}; "
            f"the plan was made at serial {part.serial} of lineage {part.lineage or 'none'}"
        )
        raise StalePlan(message, advice="plan again and apply the new plan")


def _survey(part: OrganizationPlan, request: PlanRequest, *, loaded: LoadedState, provider_for: ProviderFor) -> _Ground:
    """Read the organization again, under the lock."""
    organization = request.desired.organizations[part.organization]
    provider = provider_for(organization)
    scope = Scopes(request.desired).scope_of(part.organization, loaded.state)
    live = read_live(provider, scope)
    worlds = Worlds(
        desired=request.desired,
        recorded={part.organization: loaded.state},
        live={part.organization: live},
        today=request.today,
    )
    (situation,) = situations(worlds, request.settings)
    return _Ground(loaded=loaded, situation=situation, scope=scope, provider=provider)
