"""What a run takes, told before it starts from what is declared and recorded; no system is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import read_state
from reconciler.model import KINDS, Change, Metered, Organization, Provider, Shape, State, StateStore, count, dataclass
from reconciler.output.document import Block, Document, Item, Items, Paragraph, Tone, plain
from reconciler.output.json import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What something takes."""

    calls: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationForecast:
    """What one organization takes, from what is declared and recorded of it."""

    organization: str
    system: str
    is_limited: bool
    """Whether calls are counted at all; where they are not, both numbers of calls are 0."""
    is_recorded: bool
    """Whether an apply has recorded it; if not, `changes` is everything that is declared, so the most there can be."""
    changes: int
    plan_calls: int = 0
    """To read everything once."""
    apply_calls: int = 0
    """To read everything again, carry the changes out, and look at each of them before and afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One limit, and what the organizations that share it take together."""

    limit: str
    """In words, such as "8 calls a second and 480 a minute"."""
    organizations: tuple[str, ...]
    plan: Effort
    apply: Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run over several organizations takes."""

    JSON_PROPERTIES: ClassVar = ("plan", "apply")

    organizations: tuple[OrganizationForecast, ...] = ()
    """By key."""
    allowances: tuple[Allowance, ...] = ()

    @property
    def plan(self) -> Effort:
        """Making a plan of all of it; organizations are read one after the other."""
        return _sum(allowance.plan for allowance in self.allowances)

    @property
    def apply(self) -> Effort:
        """Carrying that plan out."""
        return _sum(allowance.apply for allowance in self.allowances)


def _sum(efforts: Iterable[Effort]) -> Effort:
    every = list(efforts)
    return Effort(calls=sum(one.calls for one in every), seconds=sum(one.seconds for one in every))


def estimate_run(
    request: PlanRequest, *, provider_for: Callable[[Organization], Provider], store: StateStore
) -> Forecast:
    """The forecast for all organizations of a request.

    What nobody declared or recorded is not counted, and neither are calls that have to be repeated.
    """
    # A plan that takes the record for what is there.
    plan = make_plan(replace(request, refresh=False), provider_for=provider_for, store=store)
    changes = {part.organization: part.changes for part in plan.organizations}
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
    allowances = [
        Allowance(
            limit=provider.limit,
            organizations=tuple(part.organization for part in sharers),
            plan=_effort(provider, (part.plan_calls for part in sharers)),
            apply=_effort(provider, (part.apply_calls for part in sharers)),
        )
        for provider, sharers in sharing.values()
    ]
    return Forecast(organizations=tuple(parts), allowances=tuple(allowances))


def _effort(provider: Metered, calls: Iterable[int]) -> Effort:
    total = sum(calls)
    return Effort(calls=total, seconds=provider.seconds_for(total))


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
    looked_at = {record.address for record in state.records.values() if not record.status.is_gone} | declared.keys()
    if is_recorded:
        # Who is to come, and access to give, is not read before it is there; an asset may be there and not recorded.
        new = (change.address for change in changes if change.before is None)
        looked_at -= {address for address in new if KINDS[address.kind].shape is not Shape.ASSET}
    counts = Counter(address.kind for address in looked_at)
    known, others = (changes, 0) if is_recorded else ((), part.changes)
    apply_calls = provider.count_calls(counts, changes=known, others=others)
    return replace(part, plan_calls=provider.count_calls(counts), apply_calls=apply_calls)


ESTIMATE = Output(name="estimate", title="Calls and time that a run takes", value=Forecast)


def document_of_forecast(forecast: Forecast) -> Document:
    """The time in all, then each organization, then what the numbers leave out."""
    return Document(title="What a run takes", is_title_needless=True, blocks=tuple(_blocks(forecast)))


def _blocks(forecast: Forecast) -> Iterator[Block]:
    free = [one.organization for one in forecast.organizations if not one.is_limited]
    if forecast.allowances:
        times = f"A plan takes {_describe(forecast.plan)}; to apply it, {_describe(forecast.apply)}."
        yield Paragraph(text=times, tone=Tone.STRONG)
    for allowance in forecast.allowances:
        yield Paragraph(text=plain(f"At most {allowance.limit}, for all of these together:"))
        limited = (one for one in forecast.organizations if one.organization in allowance.organizations)
        yield Items(items=tuple(Item(text=plain(_describe_organization(one))) for one in limited))
    if free:
        yield Paragraph(text=plain(f"Nothing limits the calls for {', '.join(free)}."))
    if forecast.allowances:
        yield Paragraph(
            text="Counted from what is declared and recorded. What else is there, and calls that have to be repeated, "
            "come on top; nothing has been asked yet."
        )
    elif not free:
        yield Paragraph(text="There is no organization to plan.")


def _describe_organization(one: OrganizationForecast) -> str:
    most, first = ("", "") if one.is_recorded else ("at most ", ", nothing of it is recorded yet")
    plan, apply = (count(calls, "call", "calls") for calls in (one.plan_calls, one.apply_calls))
    changes = count(one.changes, "change", "changes")
    return f"{one.organization}: {plan} to plan, {apply} to apply {most}{changes}{first}"


def _describe(effort: Effort) -> str:
    """As people say it; nobody needs the seconds of an hour."""
    minutes = effort.seconds // 60
    if effort.seconds < 120:
        time = count(effort.seconds, "second", "seconds")
    elif minutes < 120:
        time = count(minutes, "minute", "minutes")
    else:
        time = f"{minutes // 60} h {minutes % 60} min"
    return f"about {count(effort.calls, 'call', 'calls')} and {time}"
