"""Making a plan: read what is recorded and live, then let the planner think."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from reconciler import __version__
from reconciler.apply.choice import steps_to_ask_for
from reconciler.apply.reading import Scopes, describe_left_behind
from reconciler.apply.states import load_state
from reconciler.engine.context import ALL_SHARDS, EVERYTHING, Shard, Targets
from reconciler.engine.identities import Renamed
from reconciler.engine.planner import Worlds, make_contexts, plan
from reconciler.model.declared import Desired, Organization
from reconciler.model.live import Live
from reconciler.model.plan import OrganizationPlan, Plan
from reconciler.model.ports import AskingProvider, Provider, StateStore
from reconciler.model.settings import GuardSettings
from reconciler.model.state import State
from reconciler.model.values import dataclass

ProviderFor = Callable[[Organization], Provider]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What to plan, under which rules, for which day."""

    desired: Desired
    settings: GuardSettings
    today: date
    moment: datetime | None = None
    """The time on that day, where it is known."""
    targets: Targets = EVERYTHING
    shard: Shard = ALL_SHARDS
    """Only these organizations are looked at."""
    refresh: bool = True
    """False plans against what is recorded, without asking any system."""
    retry: bool = False
    """Try again at once what failed earlier today."""
    settled: tuple[OrganizationPlan, ...] = ()
    """What a plan has of organizations that were left out of `desired` because nothing is to be said of them."""


def make_plan(
    request: PlanRequest,
    *,
    provider_for: ProviderFor,
    store: StateStore,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> Plan:
    """A plan over the declared organizations. Reads, and changes nothing."""
    worlds = read_worlds(request, provider_for=provider_for, store=store, on_notice=on_notice)
    made = plan(worlds, request.settings, targets=request.targets, tool_version=__version__)
    parts = {part.organization: part for part in (*made.organizations, *request.settled)}
    parts |= _mark_asked(parts, worlds, request, provider_for)
    organizations = tuple(parts[key] for key in sorted(parts))
    return replace(made, is_from_records=not request.refresh, organizations=organizations)


def _mark_asked(
    parts: dict[str, OrganizationPlan], worlds: Worlds, request: PlanRequest, provider_for: ProviderFor
) -> dict[str, OrganizationPlan]:
    """Those parts whose provider reaches people, with steps that say whether an apply asks somebody for them."""
    providers = {
        key: provider
        for key, part in parts.items()
        if part.waiting and isinstance(provider := provider_for(request.desired.organizations[key]), AskingProvider)
    }
    if not providers:
        return {}
    # As apply does: what was deferred is waited for only where somebody may be asked again.
    asking = replace(worlds, live={key: worlds.live[key] for key in providers}, retry=True)
    scopes = Scopes(request.desired)
    found = {}
    for situation in make_contexts(asking, request.settings):
        key = situation.organization.key
        scope, part = scopes.scope_of(key, situation.state), parts[key]
        asked = [one for one in steps_to_ask_for(part, situation) if providers[key].ask(scope, one)]
        waiting = tuple(replace(one, asks=True) if one in asked else one for one in part.waiting)
        found[key] = replace(part, waiting=waiting)
    return found


def read_worlds(
    request: PlanRequest,
    *,
    provider_for: ProviderFor,
    store: StateStore,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> Worlds:
    """What is declared, recorded and live.

    What an earlier run left in doubt is settled from what is live before anybody thinks about it, and told to
    `on_notice`; the next apply writes it down.
    """
    desired = request.desired
    recorded: dict[str, State] = {}
    renamed: dict[str, Renamed] = {}
    live: dict[str, Live] = {}
    scopes, settled = Scopes(desired), {part.organization for part in request.settled}
    for key in sorted({*store.organizations(), *desired.organizations} - settled):
        if not request.shard.covers(key):
            continue
        loaded = load_state(store, key)
        organization = desired.organizations.get(key)
        if organization is None:
            recorded[key] = loaded.state
            continue
        provider = provider_for(organization) if request.refresh else None
        look = scopes.look(loaded, provider, today=request.today)
        # With nothing settled the planner takes the state as it is stored, and tells of new names.
        live[key], recorded[key] = look.live, look.settled.state if look.settled.findings else loaded.state
        if not look.settled.findings:
            renamed[key] = look.renamed
        is_running = loaded.has_journal and store.find_lock(key) is not None
        for text in describe_left_behind(loaded, look.settled, is_running=is_running):
            on_notice(text)
    return Worlds(
        desired=desired,
        recorded=recorded,
        live=live,
        today=request.today,
        moment=request.moment,
        retry=request.retry,
        renamed=renamed,
    )
