"""Making a plan: read what is recorded and live, then let the planner think."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from reconciler import __version__
from reconciler.apply.choice import steps_to_ask_for
from reconciler.apply.reading import Scopes, describe_left_behind
from reconciler.apply.states import load_state
from reconciler.engine.context import ALL_SHARDS, EVERYTHING, Shard, Targets
from reconciler.engine.identities import Renamed
from reconciler.engine.planner import Worlds, join_plans, make_contexts, plan
from reconciler.model.declared import Desired, GuardSettings, Organization
from reconciler.model.plan import OrganizationPlan, Plan
from reconciler.model.ports import AskingProvider, Provider, StateStore
from reconciler.model.resource import Live
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
    is_part: bool = False
    """Whether there are more organizations, so that nobody knows here which are recorded and not declared."""


_BATCH = 4_000
"""So many declared resources are compared at once; what was read and made of them is dropped before the next."""


def make_plan(
    request: PlanRequest,
    *,
    provider_for: ProviderFor,
    store: StateStore,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> Plan:
    """A plan over the declared organizations. Reads, and changes nothing.

    What is recorded and live is read of some organizations at a time, or all of it would be in memory at once.
    """
    reader = _WorldReader(request, provider_for=provider_for, store=store, on_notice=on_notice)
    others, plans = reader.read_undeclared(), []
    for keys in divide(request.desired, reader.declared, size=_BATCH):
        worlds = reader.read(keys, others)
        made = plan(worlds, request.settings, targets=request.targets, tool_version=__version__)
        asked = _mark_asked(made, worlds, request, provider_for)
        plans.append(replace(made, is_from_records=not request.refresh, organizations=asked))
    return join_plans(plans, request.settled)


def divide(desired: Desired, keys: Iterable[str], *, size: int) -> Iterator[list[str]]:
    """The organizations in batches of so many declared resources, at least one batch.

    All in which the owner of an app may have to stay are in the last one.
    """
    apart = {key for key in keys if "app" in desired.organizations[key].system.kinds}
    if not any(address.kind == "app" for key in apart for address in desired.resources.get(key, ())):
        apart = set()
    batch: list[str] = []
    filled = 0
    for key in sorted({*keys} - apart):
        if filled >= size:
            yield batch
            batch, filled = [], 0
        batch.append(key)
        filled += len(desired.resources.get(key, ()))
    yield [*batch, *sorted(apart)]


def _mark_asked(
    made: Plan, worlds: Worlds, request: PlanRequest, provider_for: ProviderFor
) -> tuple[OrganizationPlan, ...]:
    """The parts of a plan; where a provider reaches people, steps say whether an apply asks somebody for them."""
    parts = {part.organization: part for part in made.organizations}
    providers = {
        key: provider
        for key, part in parts.items()
        if part.waiting and isinstance(provider := provider_for(request.desired.organizations[key]), AskingProvider)
    }
    if not providers:
        return made.organizations
    # As apply does: what was deferred is waited for only where somebody may be asked again.
    asking = replace(worlds, live={key: worlds.live[key] for key in providers}, retry=True)
    scopes = Scopes(request.desired)
    for situation in make_contexts(asking, request.settings):
        key = situation.organization.key
        scope, part = scopes.scope_of(key, situation.state), parts[key]
        asked = [one for one in steps_to_ask_for(part, situation) if providers[key].ask(scope, one)]
        waiting = tuple(replace(one, asks=True) if one in asked else one for one in part.waiting)
        parts[key] = replace(part, waiting=waiting)
    return tuple(parts.values())


def read_worlds(
    request: PlanRequest,
    *,
    provider_for: ProviderFor,
    store: StateStore,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> Worlds:
    """What is declared, recorded and live, of everything at once.

    What an earlier run left in doubt is settled from what is live before anybody thinks about it, and told to
    `on_notice`; the next apply writes it down.
    """
    reader = _WorldReader(request, provider_for=provider_for, store=store, on_notice=on_notice)
    return reader.read(reader.declared, reader.read_undeclared())


class _WorldReader:
    """Reads what is recorded and live of the organizations that a request is about."""

    def __init__(
        self,
        request: PlanRequest,
        *,
        provider_for: ProviderFor,
        store: StateStore,
        on_notice: Callable[[str], None],
    ) -> None:
        self._request = request
        self._provider_for = provider_for
        self._store = store
        self._on_notice = on_notice
        self._scopes = Scopes(request.desired)
        self.declared = sorted(filter(request.shard.covers, request.desired.organizations))

    def read_undeclared(self) -> dict[str, State]:
        """What is recorded of organizations that no manifest names."""
        if self._request.is_part:
            return {}
        settled = {part.organization for part in self._request.settled}
        others = {*self._store.organizations()} - self._request.desired.organizations.keys() - settled
        return {key: load_state(self._store, key).state for key in sorted(filter(self._request.shard.covers, others))}

    def read(self, keys: Iterable[str], others: Mapping[str, State]) -> Worlds:
        """The worlds of some organizations, beside what is recorded of others."""
        request = self._request
        recorded: dict[str, State] = {**others}
        renamed: dict[str, Renamed] = {}
        live: dict[str, Live] = {}
        for key in keys:
            loaded = load_state(self._store, key)
            provider = self._provider_for(request.desired.organizations[key]) if request.refresh else None
            look = self._scopes.look(loaded, provider, today=request.today)
            # With nothing settled the planner takes the state as it is stored, and tells of new names.
            live[key], recorded[key] = look.live, look.settled.state if look.settled.findings else loaded.state
            if not look.settled.findings:
                renamed[key] = look.renamed
            lock = self._store.find_lock(key) if loaded.has_journal else None
            is_running = lock is not None and (request.moment is None or request.moment < lock.expires)
            for text in describe_left_behind(loaded, look.settled, is_running=is_running):
                self._on_notice(text)
        return Worlds(
            desired=request.desired,
            recorded=recorded,
            live=live,
            today=request.today,
            moment=request.moment,
            retry=request.retry,
            renamed=renamed,
        )
