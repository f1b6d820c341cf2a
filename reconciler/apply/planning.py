# Long because the worlds are read as the planner needs them, bit by bit.
"""Making a plan: read what is recorded and live of each organization, then let the planner think."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from reconciler import __version__
from reconciler.apply.journal import LoadedState
from reconciler.apply.states import StateBuilder, load_state
from reconciler.engine.context import ALL_SHARDS, EVERYTHING, PlanningContext, Shard, Targets
from reconciler.engine.identities import (
    Identities,
    Names,
    Renamed,
    identifiers_in,
    rename_rosters,
    rename_to_today,
    with_fingerprints,
)
from reconciler.engine.orders import hold_asked, request_of
from reconciler.engine.planner import Worlds, is_about, join_plans, make_contexts, plan, plan_organization
from reconciler.model import (
    KINDS,
    Action,
    Address,
    Applied,
    AskingProvider,
    Cause,
    Change,
    Declared,
    Desired,
    Failed,
    GuardSettings,
    InDoubt,
    Live,
    OrderStatus,
    Organization,
    OrganizationPlan,
    Outcome,
    Part,
    Plan,
    Provider,
    ProviderError,
    ReconcilerError,
    Record,
    Resource,
    Roster,
    Scope,
    State,
    StateStore,
    Status,
    System,
    Unknown,
    Waiting,
    dataclass,
    find_damage,
    fingerprint_of,
)

_MAX_SHOWN = 200

_IN_TWO_STEPS = frozenset({Action.REINVITE, Action.REMOVE_AND_INVITE, Action.CHANGE_GRANT, Action.CHANGE_SHARE})
"""Take away and give anew, at least where a system cannot do it in place: cut off in between, what is gone is gone
through us. What a partner may do is lowered in no other way."""

_NO_EFFECT = "no answer came; looked at again, it had no effect"
_SOMETHING_ELSE = "no answer came; looked at again, it is neither as it was nor as it should become"

_Directory = tuple[dict[str, tuple[str, ...]], dict[str, str]]
"""Person key -> identifiers, and identifier in lower case -> person key."""


class ProviderBroke(ProviderError):
    """A provider raised what it must not raise, so nobody knows how far it got."""


@contextmanager
def shielded(provider: Provider) -> Iterator[None]:
    """Let only ProviderError out of a call of the provider; ProviderBroke for all that is not meant for a user.

    That says in one line what a report needs: the traceback itself reaches nobody, because the run goes on.
    """
    try:
        yield
    except ReconcilerError:
        raise
    except Exception as error:
        import traceback

        said = " ".join(str(error).split())[:_MAX_SHOWN]
        frames = traceback.extract_tb(error.__traceback__)
        place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        what = f"{type(error).__name__}{place}{f': {said}' if said else ''}"
        raise ProviderBroke(
            f"this is a bug in the provider {provider.name}: {what}", advice="please report it"
        ) from error


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
        return Live(organization=key, unknown={Part.everything(key): error.message})
    if damage:
        return Live(organization=key, unknown={Part.everything(key): f"what was read makes no sense: {damage}"})
    return live


def recorded_as_live(state: State) -> Live:
    """What was last seen, taken for what is there now.

    Unknown is what the records do not tell: calls whose answer never came, what an audit found to be otherwise, and
    everything of an organization of which nothing is recorded.
    """
    key = state.organization
    if state.tells_nothing:
        return Live(
            organization=key, unknown={Part.everything(key): "nothing is recorded of it, and no system was asked"}
        )
    seen = {
        record.address: record.as_resource(platform_id=record.platform_id, since=record.since)
        for record in state.records.values()
        if record.status is Status.ACTIVE or not record.status.is_gone
    }
    unknown = {
        str(address): "an audit found it otherwise than it is recorded, and no system was asked"
        for address, known in state.drift.items()
        if known.live != fingerprint_of(seen.get(address))
    }
    unknown |= {str(address): "the answer to an earlier call never came" for address in state.in_doubt}
    resources = {at: item for at, item in seen.items() if str(at) not in unknown} if unknown else seen
    return Live(organization=key, resources=resources, unknown=unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A state whose doubts are cleared up as far as the system could be read."""

    state: State
    """With the serial it had before: nothing has been written yet."""
    findings: tuple[tuple[Change, Outcome], ...] = ()
    """What became of each change that was in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at an organization has found."""

    scope: Scope | None
    """What the provider was asked with; None where none was."""
    renamed: Renamed
    """What is recorded, under the names of today."""
    live: Live
    settled: Settled


class Planned(NamedTuple):
    """One organization as the planner sees it, and its plan."""

    context: PlanningContext
    part: OrganizationPlan


class Scopes:
    """Makes the dictionary between what manifests call people and assets and what each system calls them.

    What is common to all organizations of a system is made once.
    """

    def __init__(self, desired: Desired) -> None:
        self._desired = desired
        self._identities = Identities(desired)
        self._by_system: dict[str, _Directory] = {}
        self._names = {key: person.name for key, person in desired.people.items() if person.name}

    def scope_of(self, organization: str, state: State) -> Scope:
        """Everything the manifests and the state know about names in one organization.

        The state adds people who are not in the directory any more and addresses that were corrected since, so that
        what was given under them can still be found and removed. An account that is recorded as one person's stays
        theirs although the manifests give its address to another; an address of somebody who is gone does not.
        """
        return self._scope(organization, rename_to_today(state, self._identities))

    def _scope(self, organization: str, renamed: Renamed) -> Scope:
        state = renamed.state
        declared = self._desired.resources.get(organization, {})
        present = {at: record for at, record in state.records.items() if not record.status.is_gone}
        known: list[Record | Declared] = [*state.records.values(), *declared.values()]
        system = self._desired.organizations[organization].system
        people, keys = self._directory(system)
        everybody = self._desired.people.items()
        numbers = {number: key for key, one in everybody if (number := one.identities.get(f"{system.name}_id"))}
        own_people = {
            item.address.key: _unique(item.identity, *people.get(item.address.key, ()))
            for item in declared.values()
            if item.identity and item.address.kind == "member"
        }
        held = {
            one.identity.lower(): one.recorded
            for one in renamed.names.disputes
            if Address(organization, "member", one.recorded) in present
        }
        claimed = ChainMap(held, _reverse(own_people), keys)
        for record in state.records.values():
            key = record.address.key
            if record.identity and record.address.kind == "member" and _is_free(record.identity, key, claimed):
                own_people[key] = _unique(*own_people.get(key, people.get(key, ())), record.identity)
        whose = ChainMap(held, _reverse(own_people), keys)
        return Scope(
            organization=self._desired.organizations[organization],
            people=ChainMap(own_people, people),
            keys=whose,
            members=frozenset(at.key for at in (*declared, *state.records) if at.kind == "member"),
            roles={at: role for at, item in declared.items() if isinstance(role := item.attributes.get("role"), str)},
            assets={
                (item.address.kind, item.address.key): item.identity
                for item in known
                if item.identity and item.address.kind != "member" and len(item.address.parts) == 1
            },
            numbers={(at.kind, at.key): item.platform_id for at, item in declared.items() if item.platform_id},
            learnt={
                (at.kind, at.key): record.platform_id
                for at, record in present.items()
                if record.platform_id and at.kind != "member"
            },
            names=self._names,
            details={address: item.details for address, item in declared.items() if item.details},
            platform_ids=_platform_ids(state, claimed, numbers),
            rosters=rename_rosters(state.rosters, _names_now(state.rosters.get("member"), whose)),
            told={at: record.attributes for at, record in present.items() if KINDS[at.kind].is_told},
        )

    def look(self, loaded: LoadedState, provider: Provider | None, *, today: date) -> Look:
        """Read an organization, and settle by what is seen what an earlier run left in doubt.

        Without a provider, what was last seen is taken for live. What was begun while the state was about another
        organization stays in doubt.
        """
        state = loaded.state
        renamed = rename_to_today(state, self._identities)
        scope: Scope | None = None
        if provider is None:
            live = recorded_as_live(renamed.state)
        else:
            scope = self._scope(state.organization, renamed)
            live = read_live(provider, scope)
        known, seen = renamed.state, live
        if renamed.another:
            unknown: dict[str, str] = {Part.everything(state.organization): f"{renamed.another} was not looked at"}
            known, seen = state, Live(organization=state.organization, unknown=unknown)
        settled = settle(known, seen, system=self._desired.organizations[state.organization].system, today=today)
        return Look(scope=scope, renamed=renamed, live=live, settled=settled)

    def rename(self, state: State, look: Look) -> State:
        """A state under the names of today, and with the fingerprints that what was seen has under them."""
        return with_fingerprints(rename_to_today(state, self._identities).state, look.renamed.names, look.live)

    def _directory(self, system: System) -> _Directory:
        """Identifiers of everybody in the directory in one system, both ways."""
        if system.name not in self._by_system:
            people = {key: identifiers_in(system, person) for key, person in self._desired.people.items()}
            self._by_system[system.name] = people, _reverse(people)
        return self._by_system[system.name]


def _names_now(members: Roster | None, whose: Mapping[str, str]) -> Names:
    """The keys of those who have the accounts in a roster by now, whatever the keys that it was read under mean."""
    rows = [(one.address.key, whose.get(one.identity.lower())) for one in (members.resources if members else ())]
    return Names(keys={("member", key): now for key, now in rows if now not in (None, key)})


def _platform_ids(state: State, claimed: Mapping[str, str], declared: Mapping[str, str]) -> dict[str, str]:
    """Whose number is whose: as the manifests say, else as the state knows it while it still means the same person.

    Where the address under which it was learnt is somebody else's by now, nobody can say which of the two the number
    means.
    """
    certain = set(declared.values())
    found: dict[str, str] = {}
    disputed: set[str] = set()
    for address, record in state.records.items():
        if address.kind != "member" or not record.platform_id:
            continue
        if found.setdefault(record.platform_id, address.key) != address.key or not _is_free(
            record.identity, address.key, claimed
        ):
            disputed.add(record.platform_id)
    learnt = {number: key for number, key in found.items() if number not in disputed and key not in certain}
    return {**learnt, **declared}


def _unique(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _reverse(people: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name.lower(): key for key, names in people.items() for name in names}


def _is_free(identity: str, key: str, claimed: Mapping[str, str]) -> bool:
    """Whether a remembered address still means the same person."""
    return claimed.get(identity.lower(), key) == key


def settle(state: State, live: Live, *, system: System, today: date) -> Settled:
    """Clear up everything that an earlier run began and never heard of again."""
    if not state.in_doubt:
        return Settled(state=state)
    builder = StateBuilder(state, system=system, today=today)
    findings = [(change, _settle_one(change, live, builder)) for change in state.in_doubt.values()]
    return Settled(state=replace(builder.state(), serial=state.serial), findings=tuple(findings))


def _settle_one(change: Change, live: Live, builder: StateBuilder) -> Outcome:
    found = live.find(change.address)
    if isinstance(found, Unknown):
        return InDoubt(reason=f"no answer came, and it could not be read since: {found.reason}")
    outcome = judge(change, found) or Failed(reason=_SOMETHING_ELSE)
    if isinstance(outcome, Failed):
        # Nobody refused it, so nobody is to be kept from trying again today; it is planned anew from what is there.
        builder.forget(change)
    else:
        builder.take(change, outcome)
    return outcome


def judge(change: Change, found: Resource | None) -> Applied | Failed | None:
    """What became of a change, from what the system shows now; None when it is neither done nor as it was."""
    if fingerprint_of(found) == change.fingerprint:
        return Failed(reason=_NO_EFFECT)
    if _is_in_effect(change, found):
        return Applied(live=found)
    if found is None and change.action in _IN_TWO_STEPS:
        return Applied(live=None)
    was_absent = change.before is None or change.before.status.is_gone
    if found is not None and not found.status.is_gone and was_absent:
        # It went on from there: an invitation that was accepted meanwhile, for instance.
        return Applied(live=found)
    return None


def _is_in_effect(change: Change, found: Resource | None) -> bool:
    if change.after is None:
        return found is None or found.status.is_gone
    return (
        found is not None
        and found.status is change.after.status
        and (found.shows(change.after.attributes) or found.pending == change.after.attributes)
    )


def describe_left_behind(loaded: LoadedState, settled: Settled, *, is_running: bool = False) -> list[str]:
    """What to say to the user of a run that did not come to its end, or has not yet, or got no answer."""
    told = []
    if loaded.is_torn and not is_running:
        torn = "the last journal record was cut off by a crash; it never took effect and is left out"
        told.append(f"{loaded.state.organization}: {torn}")
    ends = {Applied: "it took effect", Failed: "it had no effect, and is planned anew"}
    for change, outcome in settled.findings:
        who = "an earlier run got no answer to"
        if change.address in loaded.unanswered:
            who = "another run is at" if is_running else "an earlier run was cut off during"
        end = ends.get(type(outcome), "whether it took effect cannot be told yet, so it is left alone")
        told.append(f"{change.address}: {who} {change.action.value.replace('_', ' ')}; {end}")
    return told


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
    left_out: frozenset[Address] = frozenset()
    """What the plan that is applied does not try again, and so is held up by nothing and holds nothing up."""
    settled: tuple[OrganizationPlan, ...] = ()
    """What a plan has of organizations that were left out of `desired` because nothing is to be said of them."""
    is_part: bool = False
    """Whether there are more organizations, so that nobody knows here which are recorded and not declared."""

    def for_apply(self, made: Plan) -> PlanRequest:
        """The same for what a plan is about. What was deferred today is in it only if it was to be tried again."""
        causes = Cause.DEFERRED, Cause.REPORTED
        left_out = (one for part in made.organizations for one in part.left_out if one.cause in causes)
        addresses = frozenset(one.address for one in left_out)
        return replace(self, targets=Targets.parse(made.targets), retry=True, left_out=addresses)

    def plan_again(
        self, state: State, live: Live, *, moment: datetime, others: Mapping[str, State] | None = None
    ) -> Planned:
        """One organization, planned from what is recorded and live of it at a moment.

        `others` is what is recorded of organizations that no manifest names; it may be about this one.
        """
        key = state.organization
        worlds = Worlds(
            desired=self.desired,
            recorded={**(others or {}), key: state},
            live={key: live},
            today=self.today,
            moment=moment,
            retry=self.retry,
            left_out=self.left_out,
        )
        (context,) = make_contexts(worlds, self.settings)
        return Planned(context, plan_organization(context, self.targets))


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
    others, plans = read_undeclared(request, store), []
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


def steps_to_ask_for(part: OrganizationPlan, situation: PlanningContext) -> Iterator[Waiting]:
    """What a plan waits for, as far as nobody is asked for it already.

    An admin is not asked to give up the rights while the plan waits for another admin to come first, and nobody is
    asked a second time to answer the same invitation.
    """
    answers = (order for order in situation.orders.values() if order.party == order.parties)
    answered = {order.request for order in answers if order.status is not OrderStatus.SUPERSEDED}
    for waiting in part.waiting:
        is_early = waiting.action is Action.GIVE_UP_ADMIN and waiting.on != waiting.address.key
        if is_early or waiting.work_order or isinstance(situation.live.find(waiting.address), Unknown):
            continue
        is_answer = waiting.before is not None and waiting.before.status.is_pending
        if is_answer and request_of(waiting) in answered:
            continue
        if hold_asked(waiting, situation) is None:
            yield waiting


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
    return reader.read(reader.declared, read_undeclared(request, store))


def read_undeclared(request: PlanRequest, store: StateStore) -> dict[str, State]:
    """What is recorded of organizations that no manifest names.

    One that may have another key now counts wherever that is declared, also in another shard.
    """
    if request.is_part:
        return {}
    settled = {part.organization for part in request.settled}
    others = sorted({*store.organizations()} - request.desired.organizations.keys() - settled)
    own = [one for key, one in request.desired.organizations.items() if request.shard.covers(key)]
    states = {key: load_state(store, key).state for key in others}
    return {
        key: state
        for key, state in states.items()
        if request.shard.covers(key) or any(is_about(state, one) for one in own)
    }


class _WorldReader:
    """Reads what is recorded and live of the organizations that a request is about."""

    def __init__(
        self, request: PlanRequest, *, provider_for: ProviderFor, store: StateStore, on_notice: Callable[[str], None]
    ) -> None:
        self._request = request
        self._provider_for = provider_for
        self._store = store
        self._on_notice = on_notice
        self._scopes = Scopes(request.desired)
        self.declared = sorted(filter(request.shard.covers, request.desired.organizations))

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
