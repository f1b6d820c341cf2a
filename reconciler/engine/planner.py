"""The plan of every organization, a pure function of what is desired, recorded and live; and whether one is at rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, date, datetime, time, timedelta

from reconciler.engine.context import EVERYTHING, PlanningContext, Targets, approvals_of
from reconciler.engine.diff import agrees, diff
from reconciler.engine.drift import find_drift, find_in_question, grants_in, recall, remember, without_old_names
from reconciler.engine.entitlements import change_days, split_by_date
from reconciler.engine.guards import judge, with_risks
from reconciler.engine.identities import Identities, Renamed, remembered_in, rename_to_today, with_fingerprints
from reconciler.engine.lifecycle import SOMEBODY, leave, next_step, wait, wait_for, with_end
from reconciler.engine.orders import count_invitations, review
from reconciler.engine.plan_warnings import find_lockout, find_warnings
from reconciler.engine.stages import IN_A_GROUP, Decisions, decide
from reconciler.model import (
    KINDS,
    Action,
    Address,
    Blocked,
    Cause,
    Change,
    Desired,
    Finding,
    GuardSettings,
    LeftOut,
    Live,
    Mode,
    Organization,
    OrganizationPlan,
    Owner,
    Part,
    Plan,
    Record,
    Resource,
    State,
    Waiting,
    dataclass,
    is_masked,
    person_in,
    role_in,
)


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
    left_out: frozenset[Address] = frozenset()
    renamed: Mapping[str, Renamed] = field(default_factory=dict)
    """Organization key -> what is recorded of it under the names of today, where that was worked out already."""


def make_contexts(worlds: Worlds, settings: GuardSettings) -> list[PlanningContext]:
    """What the planner looks at, organization by organization, sorted."""
    identities = Identities(worlds.desired)
    found = [
        _make_context(key, worlds, settings, identities)
        for key in sorted(worlds.desired.organizations.keys() & worlds.live.keys())
    ]
    owned = _owned_apps(found)
    return [replace(context, owned_apps=owned) for context in found] if owned else found


def plan(worlds: Worlds, settings: GuardSettings, *, targets: Targets = EVERYTHING, tool_version: str = "") -> Plan:
    """Everything to be done, waited for and decided to make the systems what the manifests say."""
    looked_at = make_contexts(worlds, settings)
    organizations = tuple(plan_organization(context, targets) for context in looked_at)
    findings = find_warnings(looked_at, organizations, worlds.desired, recorded=worlds.recorded, targets=targets)
    return Plan(
        tool_version=tool_version,
        manifests=worlds.desired.digest,
        today=worlds.today,
        organizations=organizations,
        findings=_in_order(findings),
        targets=targets.describe(),
    )


def join_plans(plans: Sequence[Plan], settled: Iterable[OrganizationPlan] = ()) -> Plan:
    """One plan of what was planned in parts, with the parts that are known already.

    What concerns no organization alone is found in each part, and told once.
    """
    organizations = [*(part for one in plans for part in one.organizations), *settled]
    return replace(
        plans[0],
        organizations=tuple(sorted(organizations, key=lambda part: part.organization)),
        findings=_in_order(found for one in plans for found in one.findings),
    )


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key))


def _make_context(key: str, worlds: Worlds, settings: GuardSettings, identities: Identities) -> PlanningContext:
    desired = worlds.desired
    organization = desired.organizations[key]
    wanted, ended = split_by_date(desired.resources.get(key, {}), worlds.today, organization.system)
    recorded = worlds.recorded.get(key) or State(organization=key)
    renamed = worlds.renamed.get(key) or rename_to_today(recorded, identities)
    unused = approvals_of(desired.approvals, key, worlds.today, used=recorded.used_approvals)
    former_key = _recorded_elsewhere(organization, worlds)
    another = renamed.another or former_key
    is_forgotten = bool(another) and (Address.whole(key), Action.FORGET) in unused
    seen = worlds.live[key]
    state = without_old_names(with_fingerprints(renamed.state, renamed.names, seen), wanted)
    if another and not is_forgotten:
        state, seen = recorded, Live(organization=key, unknown={Part.everything(key): f"it is recorded as {another}"})
    managed = seen.managing(organization.kinds) if organization.manages else seen
    in_question = find_in_question(wanted=wanted, records=state.records, live=managed.resources)
    managed, implied = grants_in(managed, state.records)
    live = recall(managed, records=state.records, wanted=wanted)
    records = remember(
        records=state.records,
        live=live,
        wanted=wanted,
        in_question=in_question,
        system=organization.system,
        today=worlds.today,
        implied=implied,
    )
    moment = worlds.moment or datetime.combine(worlds.today, time(), UTC)
    orders = review(state.orders, live, moment=moment, system=organization.system)
    # A work order that still runs is part of the attempt that an approval is for.
    asked = {(order.address, order.action) for order in orders.values() if order.status.is_pending}
    spent = [used for used in state.used_approvals if (used.address, used.approve) not in asked]
    return PlanningContext(
        organization=organization,
        wanted=wanted,
        ended=ended,
        records=count_invitations(records, state, orders, live),
        state=state,
        in_question=in_question,
        names=renamed.names,
        another="" if is_forgotten else another,
        former_key=former_key,
        is_forgotten=is_forgotten,
        live=live,
        orders=orders,
        asked_for=frozenset(order.address for order in orders.values() if not (order.takes_away or order.is_chore)),
        people=desired.people,
        approvals=approvals_of(desired.approvals, key, worlds.today, used=spent),
        refusals=desired.refusals,
        allowed_domains=desired.allowed_domains,
        settings=settings,
        today=worlds.today,
        moment=moment,
        retry=worlds.retry,
        left_out=worlds.left_out,
    )


def is_about(state: State, organization: Organization) -> bool:
    """Whether a state is of this very organization, under whatever key.

    A handle may be that of an account in two systems, whose roles tell them apart.
    """
    record = state.records.get(Address.whole(state.organization))
    if record is None or not record.identity or record.identity.casefold() != organization.identity.casefold():
        return False
    roles = {role_in(one.attributes) for at, one in state.records.items() if at.kind == "member"} - {""}
    return not record.identity.startswith("@") or all(organization.system.find_role("member", role) for role in roles)


def _recorded_elsewhere(organization: Organization, worlds: Worlds) -> str:
    """The key of a state that no manifest names any more and that is about this very organization."""
    if organization.key in worlds.recorded and worlds.recorded[organization.key].records:
        return ""
    others = sorted(worlds.recorded.keys() - worlds.desired.organizations.keys())
    return next((key for key in others if is_about(worlds.recorded[key], organization)), "")


def _owned_apps(found: list[PlanningContext]) -> dict[str, tuple[Address, ...]]:
    """Person key -> apps this person still owns although the manifests give them to an organization."""
    owned: dict[str, list[Address]] = defaultdict(list)
    for context in found:
        for address, declared in context.wanted.items():
            if address.kind != "app":
                continue
            live = context.live.resources.get(address)
            owner = Owner.of(live.attributes).person if live and not agrees(declared, live) else ""
            if owner:
                owned[owner].append(address)
    return {person: tuple(sorted(apps)) for person, apps in owned.items()}


def plan_organization(context: PlanningContext, targets: Targets) -> OrganizationPlan:
    """Plan one organization. Pure: the same context always gives the same plan."""
    organization = context.organization
    part = OrganizationPlan(
        organization=organization.key,
        system=organization.system.name,
        mode=organization.mode,
        lineage=context.state.lineage,
        serial=context.state.serial,
        not_managed=organization.not_managed,
        is_first=context.state.tells_nothing,
    )
    if context.another:
        verdict = judge(_forgetting(context), context)
        part = replace(part, blocked=(verdict,) if isinstance(verdict, Blocked) else ())
        part = replace(part, drift=tuple(find_drift(context, part)))
        return with_risks(part, context)
    decisions = decide(propose(context, targets), context)
    waiting = [with_end(item, context) for item in (*decisions.waiting, *_indistinct(context, targets))]
    part = replace(
        part,
        changes=decisions.changes,
        waiting=tuple(sorted(waiting, key=lambda item: item.address)),
        blocked=tuple(sorted(decisions.blocked, key=lambda item: item.change.address)),
        left_out=tuple(sorted(decisions.left_out, key=lambda item: item.address)),
        unread=tuple(unread for unread in context.unread_parts if targets.reach(unread.prefix)),
        limits=decisions.limits,
    )
    drift = find_drift(context, part)
    part = replace(part, drift=tuple(found for found in drift if targets.covers(found.address)))
    return with_risks(part, context)


def propose(context: PlanningContext, targets: Targets) -> Decisions:
    """The next step for every difference, before anything is held back, and what could not be compared."""
    unreadable = context.unreadable
    proposed = Decisions(
        left_out=tuple(
            LeftOut(address=address, cause=Cause.UNREAD, reason=found.reason)
            for address, found in unreadable.items()
            # A single thing that cannot be told apart waits instead, see `_indistinct`.
            if found.is_part and address.kind not in context.live.unmanaged and targets.covers(address)
        )
    )
    if context.organization.mode is Mode.READ_ONLY:
        return proposed
    steps: list[Change | Waiting | None] = [*_settle_contested(context)]
    steps += [
        next_step(difference, context)
        for difference in diff(desired=context.find_readable(), live=_managed_part(context))
        if not context.is_contested(difference.address)
    ]
    covered = [step for step in steps if step is not None and targets.covers(step.address)]
    return proposed.and_also(_defer(step, context) for step in _with_groups_whole(covered, context, targets))


def _managed_part(context: PlanningContext) -> dict[Address, Resource]:
    """The part of what is live that this plan may touch; the rest it must leave alone.

    An organization that shall be deleted goes in one step, and all that is in it with it.
    """
    if context.organization.deleted:
        whole = context.live.resources.get(context.address)
        return {} if whole is None else {context.address: whole}
    return context.find_ours()


def _defer(step: Change | Waiting | LeftOut, context: PlanningContext) -> Change | Waiting | LeftOut:
    """A change that failed by itself before is deferred for the rest of the day, and for good by a plan that did so."""
    deferral = context.state.deferred.get(step.address)
    is_left_out = step.address in context.left_out and not isinstance(step, LeftOut)
    is_too_early = isinstance(step, Change) and not context.retry and deferral and deferral.tried >= context.today
    if not (is_left_out or is_too_early):
        return step
    reason, since = (deferral.reason, deferral.since) if deferral else ("the plan does not try it again", None)
    return LeftOut(address=step.address, cause=Cause.DEFERRED, reason=reason, since=since)


def _indistinct(context: PlanningContext, targets: Targets) -> Iterator[Waiting]:
    """Single people and things that cannot be told apart: nothing is done about them until somebody can."""
    for address, why in context.indistinct.items():
        if not targets.covers(address):
            continue
        wanted, kind = context.wanted.get(address), KINDS[address.kind]
        yield Waiting(
            address=address,
            action=kind.create if wanted else kind.delete,
            on=SOMEBODY,
            why=why,
            after=wanted.as_resource() if wanted else None,
            place=context.place_of(address),
        )


def _forgetting(context: PlanningContext) -> Change:
    """What somebody has to agree to before anything is done in another organization than the recorded one."""
    return Change(
        address=context.address,
        action=Action.FORGET,
        before=Resource(address=context.address, identity=context.another),
        after=None,
        fingerprint="",
        why=f"declared as {context.organization.identity}",
        place=context.organization.place,
    )


def _settle_contested(context: PlanningContext) -> Iterator[Change | Waiting]:
    """Who has an account of which somebody else has the address now loses it first; all the rest waits for that.

    A key in a file is no proof of who somebody is. Where it contradicts what was recorded, nothing else is done.
    """
    for dispute in context.contested:
        old = context.member(dispute.recorded)
        why, decision = f"{dispute.identity} is still the account of {dispute.recorded} here", "a decision"
        steps = [
            step
            for address, found in context.live.resources.items()
            if person_in(address) == dispute.recorded and (step := leave(found, context)) is not None
        ]
        agreed = any(step.address == old and step.step in context.approvals for step in steps)
        for step in steps:
            if agreed or step.address == old:
                yield step
            else:
                yield Waiting(address=step.address, action=step.action, on=decision, why=why, before=step.before)
        new = context.wanted.get(context.member(dispute.declared))
        if new is not None and new.address not in context.unreadable:
            yield wait_for(new, None, KINDS["member"].create, on=dispute.recorded if agreed else decision, why=why)


def _with_groups_whole(
    steps: Sequence[Change | Waiting], context: PlanningContext, targets: Targets
) -> Iterator[Change | Waiting | LeftOut]:
    """Each step, and all that an asset group that goes would take along, so that it is shown and counted.

    A group stays while what is in it could not be read, or is excluded from the plan.
    """
    going = {step.address.key: step for step in steps if step.action is Action.DELETE_GROUP}
    known = {step.address for step in steps}
    losses: list[Change | None] = []
    kept: dict[str, Address] = {}
    for address, found in context.live.resources.items() if going else ():
        if address.kind in IN_A_GROUP and address.parts[0] in going and address not in known:
            losses.append(leave(found, context))
            if targets.exclude and not replace(targets, include=()).covers(address):
                kept.setdefault(address.parts[0], address)
    key = context.organization.key
    contents = {group: [Part.all_of(key, kind, one) for kind in IN_A_GROUP for one in ("", group)] for group in going}
    unread = {group: why for group, parts in contents.items() if (why := context.live.reason_unread(*parts))}
    for step in (*steps, *filter(None, losses)):
        group = step.address.parts[0] if step.address.kind in ("asset_group", *IN_A_GROUP) else ""
        is_deletion = group in going and step.address == going[group].address
        if group in unread and is_deletion:
            reason = f"what is in it could not be read: {unread[group]}"
            yield LeftOut(address=step.address, cause=Cause.UNREAD, reason=reason)
        elif isinstance(step, Change) and group in kept and is_deletion:
            why = f"{kept[group]} would go with it and is excluded from this plan"
            yield wait(step, on="a plan without the exclusion", why=why)
        elif step.address in known or not (group in unread or group in kept):
            yield step


EVERY_ORGANIZATION = "/"
"""A name that every organization has: whatever goes by it matters to all of them."""
EVERY_PERSON = "@"
"""A name that every person has: an organization that names it may be about anybody."""


def is_settled(context: PlanningContext, part: OrganizationPlan, desired: Desired) -> bool:
    """Whether nothing is to be done, waited for, shown or remembered; in doubt it is not.

    What is pending anywhere, what was found otherwise and what people read for us changes with time or with what
    somebody says, so an organization that has any of it is looked at every time.
    """
    state, live = context.state, context.live
    is_at_rest = not (state.drift or state.waits or state.deferred or state.in_doubt or state.rosters or live.taken)
    has_pending = (
        any(order.is_pending for order in state.orders.values())
        or any(found.status.is_pending for found in live.resources.values())
        or any(record.status.is_pending for record in state.records.values())
    )
    says_nothing = part.is_settled and not (part.drift or part.is_first)
    if has_pending or not (is_at_rest and says_nothing):
        return False
    return not find_warnings([context], [part], desired, recorded={}, targets=EVERYTHING)


def find_next_day(context: PlanningContext, desired: Desired) -> date | None:
    """The first UTC day on which dates alone may change the plan of a settled organization; None if none ever does.

    These are the days of all lines, those of the people themselves included, the announced ends that are recorded, and
    the day on which a plan begins to warn that no admin will be left.
    """
    today = context.today
    days = change_days(desired.resources.get(context.organization.key, {}).values(), today)
    days += [record.ends for record in context.state.records.values() if record.ends and record.ends > today]
    if (lockout := find_lockout(context)) is not None:
        days.append(lockout - timedelta(days=context.settings.lockout_notice_days))
    return min(days, default=None)


def find_names(context: PlanningContext, desired: Desired) -> set[str]:
    """Everything by which a settled organization may be about somebody, or about a group, of the directory.

    Whoever and whatever goes by no such name may come, change and go, and its plan is the same. These are keys and
    identities of people who are declared, remembered or shown there, who own or have reviewed something, groups, and
    required admins, of whom a plan of any organization tells that they are nobody. A group that nobody is in leaves no
    trace in what is declared; what it lets in is for `EVERY_ORGANIZATION`.
    """
    state, live = context.state, context.live
    declared = desired.resources.get(context.organization.key, {})
    remembered = remembered_in(state)
    seen: list[Record | Resource] = [*state.records.values(), *live.resources.values()]
    found = {*context.organization.owners, *context.settings.required_admins, live.acting}
    found.update(person_in(address) for known in (declared, remembered, live.resources) for address in known)
    found.update(name for one in declared.values() for name in one.owners)
    found.update(name for one in declared.values() for line in one.lines for name in (line.through, line.reviewed_by))
    found.update(identity for identity in remembered.values() if identity)
    found.update(one.identity for one in live.resources.values())
    found.update(one.platform_id for one in seen)
    # Whose a mask is, or an app that a person owns, is worked out from the accounts of all people.
    if live.unknown or any(map(is_masked, found)) or any(Owner.of(one.attributes).person for one in seen):
        found.add(EVERY_PERSON)
    return found - {""} | {EVERY_ORGANIZATION}
