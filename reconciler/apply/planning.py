"""Making a plan: read what is recorded and live, then let the planner think."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from reconciler import __version__
from reconciler.apply.in_doubt import left_behind, settle_renamed
from reconciler.apply.orders import steps_to_ask_for
from reconciler.apply.scopes import Scopes
from reconciler.apply.sharding import EVERYTHING as ALL_SHARDS
from reconciler.apply.sharding import Shard
from reconciler.apply.shielding import shielded
from reconciler.apply.states import load_state
from reconciler.engine.context import EVERYTHING, Targets
from reconciler.engine.identities import Identities, under_todays_names
from reconciler.engine.planner import Worlds, plan, situations
from reconciler.model.declared import Desired, Organization
from reconciler.model.errors import ProviderError
from reconciler.model.integrity import find_damage
from reconciler.model.live import Live
from reconciler.model.plan import Plan
from reconciler.model.ports import AskingProvider, Provider, Scope, StateStore
from reconciler.model.resource import Resource, fingerprint_of
from reconciler.model.settings import GuardSettings
from reconciler.model.state import State

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
    made = replace(made, is_from_records=not request.refresh)
    return _with_asks(made, worlds, request, provider_for)


def _with_asks(made: Plan, worlds: Worlds, request: PlanRequest, provider_for: ProviderFor) -> Plan:
    """The plan, in which waiting steps say whether an apply asks somebody for them; that is up to the provider."""
    providers = {
        part.organization: provider
        for part in made.organizations
        if part.waiting
        and isinstance(provider := provider_for(request.desired.organizations[part.organization]), AskingProvider)
    }
    if not providers:
        return made
    # As apply does: what was deferred is waited for only where somebody may be asked again.
    asking = replace(worlds, live={key: worlds.live[key] for key in providers}, retry=True)
    scopes = Scopes(request.desired)
    parts = {part.organization: part for part in made.organizations}
    for situation in situations(asking, request.settings):
        key = situation.organization.key
        scope, part = scopes.scope_of(key, situation.state), parts[key]
        asked = [one for one in steps_to_ask_for(part, situation) if providers[key].ask(scope, one)]
        waiting = tuple(replace(one, asks=True) if one in asked else one for one in part.waiting)
        parts[key] = replace(part, waiting=waiting)
    return replace(made, organizations=tuple(parts.values()))


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
    live: dict[str, Live] = {}
    scopes, identities = Scopes(desired), Identities(desired)
    for key in sorted({*store.organizations(), *desired.organizations}):
        if not request.shard.covers(key):
            continue
        loaded = load_state(store, key)
        organization = desired.organizations.get(key)
        if organization is None:
            recorded[key] = loaded.state
            continue
        renamed = under_todays_names(loaded.state, identities)
        seen = _look(request, provider_for, organization, scopes.scope_of(key, loaded.state), renamed.state)
        settled = settle_renamed(loaded.state, renamed, seen, system=organization.system, today=request.today)
        # With nothing settled the planner takes the state as it is stored, and tells of new names.
        live[key], recorded[key] = seen, settled.state if settled.findings else loaded.state
        is_running = loaded.has_journal and store.find_lock(key) is not None
        for text in left_behind(loaded, settled, is_running=is_running):
            on_notice(text)
    return Worlds(
        desired=desired, recorded=recorded, live=live, today=request.today, moment=request.moment, retry=request.retry
    )


def _look(
    request: PlanRequest, provider_for: ProviderFor, organization: Organization, scope: Scope, state: State
) -> Live:
    return read_live(provider_for(organization), scope) if request.refresh else recorded_as_live(state)


def read_live(provider: Provider, scope: Scope) -> Live:
    """One organization as its system shows it; entirely unknown when that cannot be read or makes no sense.

    An admin of another organization who slipped in would count as one of this.
    """
    key = scope.organization.key
    try:
        with shielded(provider):
            live = provider.read(scope)
            damage = find_damage(live) if live.organization == key else f"it is of {live.organization}"
    except ProviderError as error:
        return Live(organization=key, unknown={f"{key}/": error.message})
    if damage:
        return Live(organization=key, unknown={f"{key}/": f"what was read makes no sense: {damage}"})
    return live


def recorded_as_live(state: State) -> Live:
    """What was last seen, taken for what is there now.

    Unknown is what the records do not tell: calls whose answer never came, what an audit found to be otherwise, and
    everything of an organization of which nothing is recorded.
    """
    key = state.organization
    if state.tells_nothing:
        return Live(organization=key, unknown={f"{key}/": "nothing is recorded of it, and no system was asked"})
    seen = {item.address: item for item in _resources(state)}
    unknown = {
        str(address): "an audit found it otherwise than it is recorded, and no system was asked"
        for address, known in state.drift.items()
        if known.live != fingerprint_of(seen.get(address))
    }
    unknown |= {str(address): "the answer to an earlier call never came" for address in state.in_doubt}
    resources = {address: item for address, item in seen.items() if str(address) not in unknown}
    return Live(organization=key, resources=resources, unknown=unknown)


def _resources(state: State) -> Iterable[Resource]:
    for record in state.records.values():
        if not record.status.is_gone:
            yield Resource(
                address=record.address,
                attributes=record.attributes,
                status=record.status,
                identity=record.identity,
                platform_id=record.platform_id,
                unread=record.unread,
                since=record.since,
            )
