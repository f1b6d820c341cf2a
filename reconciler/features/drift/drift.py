"""Drift audits: look at everything, compare, and remember what was found until the next time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from reconciler.apply.planning import PlanRequest, ProviderFor, Scopes, read_live, read_worlds, shielded
from reconciler.apply.state_editor import Edits, StateEditor
from reconciler.engine.context import PlanningContext
from reconciler.engine.drift import note_look
from reconciler.engine.identities import Identities, rename_to_today
from reconciler.engine.planner import Worlds, make_contexts, plan_organization
from reconciler.model import (
    KINDS,
    PRESENCE,
    ActivityEntry,
    Address,
    Attributes,
    Desired,
    Drift,
    DriftReport,
    DriftSort,
    KnownDrift,
    Observation,
    OrganizationDrift,
    Provider,
    ProviderError,
    ReconcilerError,
    Record,
    State,
    StateStore,
    Unknown,
    Witness,
    format_access,
    list_with_history,
    remember_drift,
)
from reconciler.systems.catalogue import get_system

_LOG_DAYS = 30
"""How far back a system's own log is asked who did something that is new."""
_MAX_ENTRIES = 2
"""So many of the latest entries are told; what was last done explains what is there now."""
_FRESH = timedelta(hours=1)
"""What was seen within this time was seen just now."""


def survey(
    request: PlanRequest,
    *,
    provider_for: ProviderFor,
    store: StateStore,
    max_age: int | None = None,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> DriftReport:
    """What drifted in the declared organizations. Reads, and changes nothing."""
    worlds = read_worlds(request, provider_for=provider_for, store=store, on_notice=on_notice)
    for key in sorted(worlds.recorded.keys() - request.desired.organizations.keys()):
        if worlds.recorded[key].records:
            on_notice(f"{key} has a state but is not declared any more: nobody looks for drift there")
    scopes = Scopes(request.desired)
    parts = []
    for context in make_contexts(worlds, request.settings):
        part = _organization(context, request, max_age=max_age)
        provider = provider_for(context.organization)
        parts.append(_with_activity(part, provider, scopes, context) if request.refresh else part)
    return DriftReport(today=request.today, organizations=tuple(parts))


def drift_after(
    observation: Observation, request: PlanRequest, *, provider: Provider, state: State
) -> tuple[Drift, ...]:
    """What drifted in an organization by the rosters that were just handed in, whether or not they are kept."""
    if not observation.is_usable:
        return ()
    seen = replace(state, rosters={**state.rosters, **{roster.kind: roster for roster in observation.rosters}})
    live = read_live(provider, Scopes(request.desired).scope_of(observation.organization, seen))
    key = observation.organization
    worlds = Worlds(
        desired=request.desired, recorded={key: seen}, live={key: live}, today=request.today, moment=request.moment
    )
    return tuple(
        found
        for context in make_contexts(worlds, request.settings)
        for found in plan_organization(context, request.targets).drift
    )


def remember(report: DriftReport, editor: StateEditor, desired: Desired) -> None:
    """Keep what was found, organization by organization under its lock; nothing is written where nothing is new.

    Acceptances that came in since the survey stay, as long as they are about the same difference.
    """
    identities = Identities(desired)
    for part in report.organizations:
        change = partial(_with_report, part=part, today=report.today, identities=identities)
        if part.items or part.resolved or part.doubts:
            editor.edit(part.organization, purpose="drift", change=change)


def accept(address: Address, editor: StateEditor, *, reason: str, until: date) -> KnownDrift:
    """Agree to live with a difference that an audit has found, until a UTC day; raises ReconcilerError without one."""

    def note(state: State) -> tuple[State, Edits]:
        by = editor.origin.operator
        known = replace(_get_known(state, address), told=True, reason=reason, accepted_by=by, until=until)
        edit = (str(address), "accept_drift", f"until {until}, by {by}: {reason}")
        return replace(state, drift={**state.drift, address: known}), [edit]

    return editor.edit(address.organization, purpose="drift accept", change=note).drift[address]


def forget(address: Address, editor: StateEditor) -> None:
    """Take an acceptance back; the next audit tells of the difference as if it were new."""

    def drop(state: State) -> tuple[State, Edits]:
        _get_known(state, address)
        rest = {key: known for key, known in state.drift.items() if key != address}
        return replace(state, drift=rest), [(str(address), "forget_drift", "")]

    editor.edit(address.organization, purpose="drift forget", change=drop)


def confirm(address: Address, editor: StateEditor, *, values: Sequence[str], evidence: str) -> Record:
    """Take somebody's word for what the system does not show, as recorded or as `values`; raises ReconcilerError."""
    offered = get_system("business_center").permissions.get(address.kind, ())
    if foreign := set(values) - {role.name for role in offered}:
        message = f"{address} cannot have {', '.join(sorted(foreign))}"
        raise ReconcilerError(message, advice=f"there are: {', '.join(role.name for role in offered)}")

    def note(state: State) -> tuple[State, Edits]:
        record = state.records.get(address)
        is_open = record is not None and (record.status.is_pending or (not record.status.is_gone and record.unread))
        is_told = KINDS[address.kind].is_told
        if record is None or not (offered or is_told) or not is_open:
            message = f"nothing about {address} has to be confirmed"
            raise ReconcilerError(message, advice="`reconciler drift` lists what is unverified")
        seen = tuple(sorted(set(values) or set(record.attributes.get("permissions", ())))) or ("there",)
        confirmed: Attributes = {PRESENCE: "yes"} if is_told else {"permissions": seen}
        asked = {} if is_told else confirmed
        known = replace(record, attributes={**record.attributes, **asked}, confirmed=confirmed)
        edit = (str(address), "confirm", f"{' '.join(seen)}, by {editor.origin.operator}: {evidence}")
        return replace(state, records={**state.records, address: known}), [edit]

    return editor.edit(address.organization, purpose="drift confirm", change=note).records[address]


def _get_known(state: State, address: Address) -> KnownDrift:
    known = state.drift.get(address)
    if known is None:
        there = ", ".join(map(str, sorted(state.drift)))
        advice = f"there are: {there}" if there else f"run `reconciler drift` first, with {address.organization} in it"
        raise ReconcilerError(f"no drift of {address} is known", advice=advice)
    return known


def _organization(context: PlanningContext, request: PlanRequest, *, max_age: int | None) -> OrganizationDrift:
    plan = plan_organization(context, request.targets)
    known, observed = context.state.drift, context.live.observed_at
    still = {one.address for one in plan.drift}
    # What was known and is neither there any more nor hidden by something that could not be read.
    resolved = [
        one
        for address, one in sorted(known.items())
        if address not in still
        and one.told
        and request.targets.covers(address)
        and not isinstance(context.live.find(address), Unknown)
    ]
    return OrganizationDrift(
        organization=context.organization.key,
        system=context.organization.system.name,
        mode=context.organization.mode,
        items=list_with_history(plan.drift, known, today=context.today, max_age=max_age),
        resolved=tuple(resolved),
        unread=tuple(unread for unread in context.unread_parts if request.targets.reach(unread.prefix)),
        doubts=tuple(one for one in plan.waiting if one.address in context.indistinct),
        looked=note_look(context),
        not_managed=plan.not_managed,
        unseen=tuple(context.organization.system.unseen),
        is_first=plan.is_first,
        observed_at=observed if observed and context.moment - observed >= _FRESH else None,
    )


def _with_activity(
    part: OrganizationDrift, provider: Provider, scopes: Scopes, context: PlanningContext
) -> OrganizationDrift:
    """The items that are new or overdue, with what the system's own log says about them."""
    if not isinstance(provider, Witness) or not any(item.status.wants_attention for item in part.items):
        return part
    until = max(context.moment, datetime.combine(context.today, time.max, UTC))
    scope = scopes.scope_of(part.organization, context.state)
    try:
        with shielded(provider):
            entries = provider.read_activity(scope, since=until - timedelta(days=_LOG_DAYS), until=until)
    except ProviderError as error:
        return replace(part, log=error.message)
    about: dict[Address | None, list[ActivityEntry]] = defaultdict(list)
    for entry in entries:
        about[entry.address].append(entry)
    items = [
        replace(item, deeds=tuple(about[item.found.address][-_MAX_ENTRIES:])) if item.status.wants_attention else item
        for item in part.items
    ]
    return replace(part, items=tuple(items))


def _with_report(state: State, *, part: OrganizationDrift, today: date, identities: Identities) -> tuple[State, Edits]:
    """The state with what was found in place of what earlier audits found, and what is to be written down of it."""
    gone, now_known = {one.address for one in part.resolved}, remember_drift(part.items)
    names = rename_to_today(state, identities).names
    # The report speaks of today's names: what it says of something replaces what is kept of it under a former one.
    kept = {
        address: known
        for address, known in state.drift.items()
        if (now := names.today(address)) not in gone and (now == address or now not in now_known)
    }
    for address, new in now_known.items():
        known = state.drift.get(address)
        is_same = known is not None and known.told and (known.sort, known.live) == (new.sort, new.live)
        kept[address] = known if known is not None and is_same else new
    waits = {**{one.address: one.since or today for one in part.doubts}, **state.waits}
    if (kept, waits) == (dict(state.drift), dict(state.waits)):
        return state, []

    def recorded(address: Address) -> str:
        return format_access(state.records.get(address))

    edits = [
        (str(one.address), "cannot_tell", one.why, "", "") for one in part.doubts if one.address not in state.waits
    ]
    for found in (item.found for item in part.items if state.drift.get(item.found.address) != kept[item.found.address]):
        detail = f"{found.sort.label}, {found.severity}: {found.why}"
        is_seen = found.live is not None or found.sort is DriftSort.GONE
        sides = (recorded(found.address), format_access(found.live)) if is_seen else ("", "")
        edits.append((str(found.address), "drift", detail, *sides))
    for one in part.resolved:
        detail = f"first seen {one.first_seen}"
        edits.append((str(one.address), "drift_reverted", detail, format_access(one.last), recorded(one.address)))
    return replace(state, drift=kept, waits=waits, looked={**state.looked, **part.looked}), edits
