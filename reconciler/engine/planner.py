"""The plan over all organizations: a pure function of what is desired, recorded and live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from reconciler.engine.context import EVERYTHING, PlanningContext, Targets, approvals_of
from reconciler.engine.diff import agrees
from reconciler.engine.entitlements import split_by_date
from reconciler.engine.identities import Identities, rename_to_today, with_fingerprints
from reconciler.engine.orders import count_invitations, review
from reconciler.engine.organization import plan_organization
from reconciler.engine.plan_warnings import find_warnings
from reconciler.engine.refresh import grants_in, recall, remember, without_old_names
from reconciler.model.address import Address
from reconciler.model.declared import Desired, Organization
from reconciler.model.kinds import Action
from reconciler.model.live import Live, Part
from reconciler.model.plan import Plan
from reconciler.model.resource import Owner
from reconciler.model.settings import GuardSettings
from reconciler.model.state import State, UsedApproval
from reconciler.model.work_order import WorkOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """The three sources of a plan, and the day it is made for."""

    desired: Desired
    recorded: Mapping[str, State]
    """Organization key -> state; one that is missing has never been applied."""
    live: Mapping[str, Live]
    """Organization key -> what its system shows. Organizations that are missing are not planned."""
    today: date
    moment: datetime | None = None
    """The time on that day, where it is known; else it is its beginning."""
    retry: bool = False


def situations(worlds: Worlds, settings: GuardSettings) -> list[PlanningContext]:
    """What the planner looks at, organization by organization, sorted."""
    identities = Identities(worlds.desired)
    found = [
        _situation(key, worlds, settings, identities)
        for key in sorted(worlds.desired.organizations)
        if key in worlds.live
    ]
    owned = _owned_apps(found)
    return [replace(situation, owned_apps=owned) for situation in found] if owned else found


def plan(worlds: Worlds, settings: GuardSettings, *, targets: Targets = EVERYTHING, tool_version: str = "") -> Plan:
    """Everything to be done, waited for and decided to make the systems what the manifests say."""
    looked_at = situations(worlds, settings)
    organizations = tuple(plan_organization(situation, targets) for situation in looked_at)
    findings = find_warnings(looked_at, organizations, worlds.desired, recorded=worlds.recorded, targets=targets)
    return Plan(
        tool_version=tool_version,
        manifests=worlds.desired.digest,
        today=worlds.today,
        organizations=organizations,
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        targets=targets.describe(),
    )


def _situation(key: str, worlds: Worlds, settings: GuardSettings, identities: Identities) -> PlanningContext:
    desired = worlds.desired
    organization = desired.organizations[key]
    wanted, ended = split_by_date(desired.resources.get(key, {}), worlds.today, organization.system)
    recorded = worlds.recorded.get(key) or State(organization=key)
    renamed = rename_to_today(recorded, identities)
    unused = approvals_of(desired.approvals, key, worlds.today, used=recorded.used_approvals)
    former_key = _recorded_elsewhere(organization, worlds)
    another = renamed.another or former_key
    is_forgotten = bool(another) and (Address.whole(key), Action.FORGET) in unused
    seen = worlds.live[key]
    state = without_old_names(with_fingerprints(renamed.state, renamed.names, seen), wanted)
    if another and not is_forgotten:
        state, seen = recorded, Live(organization=key, unknown={Part.everything(key): f"it is recorded as {another}"})
    managed = seen.managing(organization.kinds) if organization.manages else seen
    managed, implied = grants_in(managed, state.records)
    live = recall(managed, records=state.records, wanted=wanted)
    records = remember(
        records=state.records,
        live=live,
        wanted=wanted,
        system=organization.system,
        today=worlds.today,
        implied=implied,
    )
    moment = worlds.moment or datetime.combine(worlds.today, time(), UTC)
    orders = review(state.orders, live, moment=moment, system=organization.system)
    return PlanningContext(
        organization=organization,
        wanted=wanted,
        ended=ended,
        records=count_invitations(records, state, orders, live),
        state=state,
        names=renamed.names,
        another="" if is_forgotten else another,
        former_key=former_key,
        is_forgotten=is_forgotten,
        live=live,
        orders=orders,
        asked_for=frozenset(order.address for order in orders.values() if not (order.takes_away or order.is_chore)),
        people=desired.people,
        approvals=approvals_of(desired.approvals, key, worlds.today, used=_spent(state, orders)),
        refusals=desired.refusals,
        settings=settings,
        today=worlds.today,
        moment=moment,
        retry=worlds.retry,
    )


def _recorded_elsewhere(organization: Organization, worlds: Worlds) -> str:
    """The key of a state that no manifest names any more and that is about this very organization."""
    if organization.key in worlds.recorded and worlds.recorded[organization.key].records:
        return ""
    for key in sorted(worlds.recorded.keys() - worlds.desired.organizations.keys()):
        record = worlds.recorded[key].records.get(Address.whole(key))
        if record is not None and record.identity and record.identity == organization.identity:
            return key
    return ""


def _spent(state: State, orders: Mapping[str, WorkOrder]) -> Iterator[UsedApproval]:
    """Approvals that are used up; a work order that still runs is part of the attempt."""
    asked = {(order.address, order.action) for order in orders.values() if order.status.is_pending}
    yield from (used for used in state.used_approvals if (used.address, used.approve) not in asked)


def _owned_apps(found: list[PlanningContext]) -> dict[str, tuple[Address, ...]]:
    """Person key -> apps this person still owns although the manifests give them to an organization."""
    owned: dict[str, list[Address]] = defaultdict(list)
    for situation in found:
        for address, declared in situation.wanted.items():
            if address.kind != "app":
                continue
            live = situation.live.resources.get(address)
            owner = Owner.of(live.attributes).person if live and not agrees(declared, live) else ""
            if owner:
                owned[owner].append(address)
    return {person: tuple(sorted(apps)) for person, apps in owned.items()}
