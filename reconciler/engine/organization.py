"""The plan of one organization: what to do about every difference, in which order, and what must wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.engine.contested import forgetting, is_contested, settle_contested
from reconciler.engine.context import PlanningContext
from reconciler.engine.diff import diff
from reconciler.engine.drift import find_drift
from reconciler.engine.empty_groups import with_groups_whole
from reconciler.engine.guards import judge
from reconciler.engine.lifecycle import next_step
from reconciler.engine.membership_counts import MembershipCounts
from reconciler.engine.patience import dated
from reconciler.engine.readiness import SOMEBODY
from reconciler.engine.sight import doubtful, unread_parts
from reconciler.engine.stages import Decisions, decide
from reconciler.engine.targets import Targets
from reconciler.model.address import Address
from reconciler.model.change import Blocked, Cause, Change, LeftOut, Waiting
from reconciler.model.declared import Declared, Mode
from reconciler.model.kinds import KINDS
from reconciler.model.live import Unknown
from reconciler.model.plan import Limit, OrganizationPlan
from reconciler.model.resource import Resource


def plan_organization(situation: PlanningContext, targets: Targets) -> OrganizationPlan:
    """Plan one organization. Pure: the same situation always gives the same plan."""
    if situation.another:
        verdict = judge(forgetting(situation), situation)
        part = replace(_empty(situation), blocked=(verdict,) if isinstance(verdict, Blocked) else ())
        return replace(part, drift=tuple(find_drift(situation, part)))
    decisions = decide(propose(situation, targets), situation).and_also(_doubtful(situation, targets))
    part = replace(
        _empty(situation),
        changes=decisions.changes,
        waiting=tuple(sorted((dated(item, situation) for item in decisions.waiting), key=lambda item: item.address)),
        blocked=tuple(sorted(decisions.blocked, key=lambda item: item.change.address)),
        left_out=tuple(sorted(decisions.left_out, key=lambda item: item.address)),
        unread=tuple(unread for unread in unread_parts(situation) if targets.reach(unread.prefix)),
        limits=_limits(situation),
    )
    drift = find_drift(situation, part)
    return replace(part, drift=tuple(found for found in drift if targets.covers(found.address)))


def propose(situation: PlanningContext, targets: Targets) -> Decisions:
    """The next step for every difference, before anything is held back, and what could not be compared."""
    unreadable = _unreadable(situation)
    proposed = Decisions(left_out=tuple(_left_out(unreadable, situation, targets)))
    if situation.organization.mode is Mode.READ_ONLY:
        return proposed
    readable = {address: one for address, one in situation.wanted.items() if address not in unreadable}
    return proposed.and_also(_steps(readable, situation, targets))


def _empty(situation: PlanningContext) -> OrganizationPlan:
    return OrganizationPlan(
        organization=situation.organization.key,
        system=situation.organization.system.name,
        mode=situation.organization.mode,
        lineage=situation.state.lineage,
        serial=situation.state.serial,
        not_managed=situation.organization.not_managed,
        is_first=situation.state.tells_nothing,
    )


def _limits(situation: PlanningContext) -> tuple[Limit, ...]:
    """None where nobody counted the members."""
    key, live = situation.organization.key, situation.live
    is_counted = "member" not in live.unmanaged and not {f"{key}/", f"{key}/member/"} & live.unread.keys()
    return MembershipCounts.of(situation).limits if is_counted else ()


def _managed_part(situation: PlanningContext) -> dict[Address, Resource]:
    """The part of what is live that this plan may touch; the rest it must leave alone."""
    if situation.organization.deleted:
        return _all_of_it(situation)
    return {address: found for address, found in situation.live.resources.items() if situation.is_ours(address)}


def _all_of_it(situation: PlanningContext) -> dict[Address, Resource]:
    """An organization that shall be deleted goes in one step, and all that is in it with it."""
    organization = Address(situation.organization.key, "organization", situation.organization.key)
    found = situation.live.resources.get(organization)
    return {} if found is None else {organization: found}


def _unreadable(situation: PlanningContext) -> dict[Address, Unknown]:
    """What is declared or recorded and could not be read, in whole parts or alone."""
    if not situation.live.unknown and not situation.live.unmanaged:
        return {}
    known = sorted({*situation.wanted, *situation.records})
    found = ((address, situation.live.find(address)) for address in known)
    return {address: one for address, one in found if isinstance(one, Unknown)}


def _left_out(unreadable: Mapping[Address, Unknown], situation: PlanningContext, targets: Targets) -> Iterator[LeftOut]:
    """Say what could not be read; a single thing that cannot be told apart waits instead, see `_doubtful`."""
    for address, found in unreadable.items():
        if found.is_part and address.kind not in situation.live.unmanaged and targets.covers(address):
            yield LeftOut(address=address, cause=Cause.UNREAD, reason=found.reason)


def _doubtful(situation: PlanningContext, targets: Targets) -> Iterator[Waiting]:
    """Single people and things that cannot be told apart: nothing is done about them until somebody can."""
    for address, why in doubtful(situation).items():
        wanted = situation.wanted.get(address)
        if targets.covers(address):
            kind = KINDS[address.kind]
            yield Waiting(
                address=address,
                action=kind.create if wanted else kind.delete,
                on=SOMEBODY,
                why=why,
                after=Resource(address=address, attributes=wanted.attributes, identity=wanted.identity)
                if wanted
                else None,
                place=situation.place_of(address),
            )


def _steps(
    readable: Mapping[Address, Declared], situation: PlanningContext, targets: Targets
) -> Iterator[Change | Waiting | LeftOut]:
    """The next step for every difference, and for those whose record is in doubt what would settle that."""
    steps: list[Change | Waiting | None] = [*settle_contested(situation, readable)]
    steps += [
        next_step(difference, situation)
        for difference in diff(desired=readable, live=_managed_part(situation))
        if not is_contested(difference.address, situation)
    ]
    covered = [step for step in steps if step is not None and targets.covers(step.address)]
    for step in with_groups_whole(covered, situation, targets):
        yield step if isinstance(step, LeftOut) else _deferred(step, situation) or step


def _deferred(step: Change | Waiting, situation: PlanningContext) -> LeftOut | None:
    """A change that failed by itself before is deferred for the rest of the day."""
    deferral = situation.state.deferred.get(step.address)
    if deferral is None or situation.retry or deferral.tried < situation.today or isinstance(step, Waiting):
        return None
    return LeftOut(address=step.address, cause=Cause.DEFERRED, reason=deferral.reason, since=deferral.since)
