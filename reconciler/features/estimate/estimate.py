"""What a run takes, told before it starts from what is declared and recorded; no system is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import read_state
from reconciler.features.estimate.model import Allowance, Effort, Forecast, OrganizationForecast
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.declared import Organization
from reconciler.model.kinds import KINDS, Shape
from reconciler.model.ports import Metered, Provider, StateStore
from reconciler.model.state import State


def estimate_run(
    request: PlanRequest, *, provider_for: Callable[[Organization], Provider], store: StateStore
) -> Forecast:
    """The forecast for all organizations of a request.

    What nobody declared or recorded is not counted, and neither are calls that have to be repeated.
    """
    changes = _find_changes(request, provider_for, store)
    parts: list[OrganizationForecast] = []
    sharing: dict[int, tuple[Metered, list[OrganizationForecast]]] = {}
    for key, organization in sorted(request.desired.organizations.items()):
        if not request.shard.covers(key):
            continue
        provider = provider_for(organization)
        part = _forecast(request, organization, read_state(store, key), provider, changes=changes.get(key, ()))
        parts.append(part)
        if isinstance(provider, Metered) and part.is_limited:
            sharing.setdefault(id(provider), (provider, []))[1].append(part)
    allowances = [_allow(provider, sharers) for provider, sharers in sharing.values()]
    return Forecast(organizations=tuple(parts), allowances=tuple(allowances))


def _find_changes(
    request: PlanRequest, provider_for: Callable[[Organization], Provider], store: StateStore
) -> Mapping[str, Sequence[Change]]:
    """Organization -> changes that a plan has which takes the record for what is there."""
    plan = make_plan(replace(request, refresh=False), provider_for=provider_for, store=store)
    return {part.organization: part.changes for part in plan.organizations}


def _forecast(
    request: PlanRequest, organization: Organization, state: State, provider: Provider, *, changes: Sequence[Change]
) -> OrganizationForecast:
    is_recorded = bool(state.records)
    declared = request.desired.resources.get(organization.key, {})
    part = OrganizationForecast(
        organization=organization.key,
        system=organization.system.name,
        is_limited=isinstance(provider, Metered) and bool(provider.limit),
        is_recorded=is_recorded,
        changes=len(changes) if is_recorded else len(declared),
    )
    if not isinstance(provider, Metered) or not part.is_limited:
        return part
    present = {record.address for record in state.records.values() if not record.status.is_gone}
    counts = Counter(address.kind for address in {*present, *declared} - (_absent(changes) if is_recorded else set()))
    return replace(
        part,
        plan_calls=provider.count_calls(counts),
        apply_calls=(
            provider.count_calls(counts, changes=changes)
            if is_recorded
            else provider.count_calls(counts, others=part.changes)
        ),
    )


def _absent(changes: Sequence[Change]) -> set[Address]:
    """Who is to come, and access to give: it is not read before it is there. An asset may be there and not recorded."""
    shapes = {change.address: KINDS[change.address.kind].shape for change in changes if change.before is None}
    return {address for address, shape in shapes.items() if shape is not Shape.ASSET}


def _allow(provider: Metered, sharers: Iterable[OrganizationForecast]) -> Allowance:
    parts = list(sharers)

    def effort(calls: Iterator[int]) -> Effort:
        total = sum(calls)
        return Effort(calls=total, seconds=provider.seconds_for(total))

    return Allowance(
        limit=provider.limit,
        organizations=tuple(part.organization for part in parts),
        plan=effort(part.plan_calls for part in parts),
        apply=effort(part.apply_calls for part in parts),
    )
