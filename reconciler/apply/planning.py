"""Making a plan: read what is recorded and live, then let the planner think; and which of it a saved plan chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from reconciler import __version__
from reconciler.apply.reading import Scopes, describe_left_behind
from reconciler.apply.states import load_state
from reconciler.engine.context import ALL_SHARDS, EVERYTHING, PlanningContext, Shard, Targets
from reconciler.engine.guards import COMMAND_LINE
from reconciler.engine.identities import Renamed
from reconciler.engine.orders import hold_asked, request_of
from reconciler.engine.planner import Worlds, join_plans, make_contexts, plan
from reconciler.model.address import Action, Address
from reconciler.model.change import Change, Risk, Waiting
from reconciler.model.declared import Desired, GuardSettings, Organization
from reconciler.model.plan import OrganizationPlan, Plan
from reconciler.model.ports import AskingProvider, Provider, StateStore
from reconciler.model.resource import Live, Resource, Unknown, fingerprint_of
from reconciler.model.state import OrderStatus, State
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is carried out of one organization's plan."""

    changes: tuple[Change, ...]
    """As they are planned now, in the order of now."""
    refused: tuple[tuple[Change, str], ...]
    """What the file wants and what is not planned like this, with the reason. Nothing but the name of the step is from
    the file."""


def choose(part: OrganizationPlan, fresh: OrganizationPlan, live: Live) -> Choice:
    """What a plan chooses of `fresh`, which is planned from what apply sees, for the targets of the plan.

    For these targets, because a whole plan takes away more at once: the removal ratio would stop what it let through
    in the smaller one.
    """
    planned = {change.step: change for change in fresh.changes}
    stopped = {blocked.change.step: blocked.change for blocked in fresh.blocked}
    chosen: set[Address] = set()
    refused: list[tuple[Change, str]] = []
    for change in part.changes:
        again = planned.get(change.step)
        if again is None:
            known = stopped.get(change.step) or _bare_step(change, live)
            refused.append((known, _reason_not_planned(change, fresh, live)))
        elif difference := _difference(change, again):
            refused.append((again, difference))
        else:
            chosen.add(change.address)
    return Choice(changes=tuple(change for change in fresh.changes if change.address in chosen), refused=tuple(refused))


def _bare_step(change: Change, live: Live) -> Change:
    """The step that a file wants, without anything else that the file says of it."""
    before = live.resources.get(change.address)
    return Change(
        address=change.address,
        action=change.action,
        before=before,
        after=None,
        fingerprint=fingerprint_of(before),
        why="not planned now",
    )


def _reason_not_planned(change: Change, fresh: OrganizationPlan, live: Live) -> str:
    address, found = change.address, live.find(change.address)
    if not isinstance(found, Unknown) and fingerprint_of(found) != change.fingerprint:
        return describe_stale(change, found)
    instead = next((one for one in fresh.changes if one.address == address), None)
    if instead is not None:
        return f"it would be {instead.action.replace('_', ' ')} now"
    held_back = {one.change.address: f"{one.guard}: {one.message}" for one in fresh.blocked}
    held_back |= {one.address: f"it has to wait for {one.on}: {one.why}" for one in fresh.waiting}
    held_back |= {one.address: one.reason for one in fresh.left_out}
    why = held_back.get(address, "it would not be planned now")
    if change.approval.endswith(COMMAND_LINE):
        # A hint for those who relied on an approval that only held for the run that made the plan.
        why += f"; an approval of the command line holds for one run: apply with --approve {change.action}:{address}"
    return why


def agreed_to(change: Change) -> Change:
    """What somebody agrees to who reviews a step: what it starts from, where it leads, why, and what it costs.

    Not since when something has been so, which line asks for it, and how the tool judges it. Nor who carries it out:
    admins are asked in turn, so that every other step that is done or dropped moves it to somebody else, who may do it
    just as well. Who creates an organization becomes its admin, though, and who transfers an app was its owner.
    """
    is_about_actor = change.action in (Action.CREATE_ORGANIZATION, Action.TRANSFER_APP)
    actor, before = change.actor if is_about_actor else "", _without_age(change.before)
    return replace(change, before=before, actor=actor, place=None, risk=Risk.LOW, marks=())


def _difference(change: Change, again: Change) -> str:
    """What a reviewer saw of a change and what is not so now; empty when they come to the same."""
    seen, now = agreed_to(change), agreed_to(again)
    if seen.fingerprint != now.fingerprint:
        return describe_stale(change, again.before)
    if seen.before != now.before:
        return "it does not begin from what the plan says"
    if seen.after != now.after:
        return "it would lead to something else now"
    if seen.actor != now.actor:
        return f"it would be done as {now.actor} now"
    if change.why != again.why:
        return f"its reason is another one now: {again.why}"
    if (change.irreversible, change.exempt, change.cost) != (again.irreversible, again.exempt, again.cost):
        return "it would be judged differently now"
    if (change.approval, change.approval_terms) != (again.approval, again.approval_terms):
        return "it would be let through by another approval now, or by none"
    if change.place != again.place:
        return "another line of the manifests asks for it"
    first = set(again.needs) - set(change.needs)
    return f"{min(first)} has to go first" if first else ""


def _without_age(resource: Resource | None) -> Resource | None:
    """Systems round the day of a status, and show numbers on some pages only; names people see are not recorded.

    What role may give the same is no part of what is there.
    """
    return None if resource is None else replace(resource, since=None, platform_id="", name="", implied_by="")


def describe_stale(change: Change, found: Resource | None) -> str:
    """That something is not what a plan has seen any more, and in what."""
    said = "it is not what the plan saw any more"
    return said if change.before == found else f"{said}: {describe_move(seen=change.before, found=found)}"


def describe_move(*, seen: Resource | None, found: Resource | None) -> str:
    """The fields that moved, as `role admin -> standard, permissions + live`; or that it came or went."""
    if seen is None or found is None:
        return "it is absent now" if found is None else f"it is {found.status} now"
    return ", ".join(sorted(_moved_fields(_fields(seen), _fields(found))))


def _fields(resource: Resource) -> dict[str, Any]:
    values: dict[str, Any] = {"status": str(resource.status), "identity": resource.identity}
    for name, value in (*resource.shown.items(), *((f"pending {n}", v) for n, v in resource.pending.items())):
        values[name] = value if isinstance(value, str) else list(value)
    return values


def _moved_fields(seen: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """One text a field; sets of permissions are compared whatever their order, which is what DeepDiff is here for."""
    from deepdiff import DeepDiff

    differences = DeepDiff(seen, found, ignore_order=True, view="tree")
    for level in (one for kind in differences.values() for one in kind):
        name = level.path(output_format="list")[0]
        if isinstance(seen.get(name), list) and isinstance(found.get(name), list):
            lost = f" - {level.t1}" if isinstance(level.t1, str) else ""
            gained = f" + {level.t2}" if isinstance(level.t2, str) else ""
            yield f"{name}{lost}{gained}"
        else:
            yield f"{name} {_shown(seen.get(name))} -> {_shown(found.get(name))}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " + ".join(map(str, value)) or "none"
    return str(value) if value else "none"


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


def chosen_requests(part: OrganizationPlan, fresh: OrganizationPlan, situation: PlanningContext) -> Iterator[Waiting]:
    """The steps to ask for now that a reviewer has seen like this in a saved plan."""
    seen = {(waiting.address, waiting.action, waiting.on): waiting for waiting in part.waiting if waiting.asks}
    for waiting in steps_to_ask_for(fresh, situation):
        reviewed = seen.get((waiting.address, waiting.action, waiting.on))
        if reviewed is not None and is_same_request(reviewed, waiting):
            yield waiting


def is_same_request(waiting: Waiting, again: Waiting) -> bool:
    """Whether somebody is asked for what a reviewer saw: how long it has waited already does not matter."""
    bare, bare_again = (
        replace(one, before=_without_age(one.before), since=None, ends="", place=None, work_order="", asks=False)
        for one in (waiting, again)
    )
    return bare == bare_again


def as_change(waiting: Waiting) -> Change:
    """A step that waits as the change it would be; nobody is appointed to act."""
    return Change(
        address=waiting.address,
        action=waiting.action,
        before=waiting.before,
        after=waiting.after,
        fingerprint=fingerprint_of(waiting.before),
        why=waiting.why,
        place=waiting.place,
    )


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
