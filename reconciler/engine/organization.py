"""The plan of one organization: what to do about every difference, in which order, and what must wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.diff import diff
from reconciler.engine.drift import find_drift
from reconciler.engine.guards import judge
from reconciler.engine.lifecycle import leave, next_step
from reconciler.engine.membership_counts import MembershipCounts
from reconciler.engine.refresh import doubtful, unread_parts
from reconciler.engine.stages import IN_A_GROUP, Decisions, decide
from reconciler.engine.waits import SOMEBODY, dated, wait
from reconciler.model.address import Address
from reconciler.model.change import Blocked, Cause, Change, LeftOut, Waiting
from reconciler.model.declared import Declared, Mode
from reconciler.model.kinds import KINDS, Action
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
        if not situation.is_contested(difference.address)
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


def forgetting(situation: PlanningContext) -> Change:
    """What somebody has to agree to before anything is done in another organization than the recorded one."""
    organization = situation.organization
    address = Address(organization.key, "organization", organization.key)
    return Change(
        address=address,
        action=Action.FORGET,
        before=Resource(address=address, identity=situation.another),
        after=None,
        fingerprint="",
        why=f"declared as {organization.identity}",
        place=organization.place,
    )


def settle_contested(situation: PlanningContext, wanted: Mapping[Address, Declared]) -> Iterator[Change | Waiting]:
    """Who has an account of which somebody else has the address now loses it first; all the rest waits for that."""
    for dispute in situation.contested:
        old = Address(situation.organization.key, "member", dispute.recorded)
        why = f"{dispute.identity} is still the account of {dispute.recorded} here"
        steps = [
            step
            for address, found in situation.live.resources.items()
            if situation.person_of(address) == dispute.recorded and (step := leave(found, situation)) is not None
        ]
        agreed = any((step.address, step.action) in situation.approvals for step in steps if step.address == old)
        yield from (step if agreed or step.address == old else _until_decided(step, why) for step in steps)
        new = wanted.get(Address(old.organization, "member", dispute.declared))
        if new is not None:
            yield Waiting(
                address=new.address,
                action=KINDS["member"].create,
                on=dispute.recorded if agreed else _DECISION,
                why=why,
                after=Resource(address=new.address, attributes=new.attributes, identity=new.identity),
                place=new.place,
            )


_DECISION = "a decision"


def _until_decided(step: Change, why: str) -> Waiting:
    return Waiting(address=step.address, action=step.action, on=_DECISION, why=why, before=step.before)


def with_groups_whole(
    steps: Sequence[Change | Waiting], situation: PlanningContext, targets: Targets
) -> Iterator[Change | Waiting | LeftOut]:
    """Each step, and all that a group that goes would take along, so that it is shown and counted.

    A group stays while what is in it could not be read, or is excluded from the plan.
    """
    going = {step.address.key: step for step in steps if step.action is Action.DELETE_GROUP}
    known = {step.address for step in steps}
    losses: list[Change | None] = []
    kept: dict[str, Address] = {}
    for address, found in situation.live.resources.items() if going else ():
        if address.kind in IN_A_GROUP and address.parts[0] in going and address not in known:
            losses.append(leave(found, situation))
            if targets.exclude and not replace(targets, include=()).covers(address):
                kept.setdefault(address.parts[0], address)
    for step in (*steps, *filter(None, losses)):
        group = step.address.parts[0] if step.address.kind in _GROUPED else ""
        unread = _find_unread(group, situation) if group in going else ""
        if unread and step.address == going[group].address:
            yield LeftOut(address=step.address, cause=Cause.UNREAD, reason=f"what is in it could not be read: {unread}")
        elif isinstance(step, Change) and group in kept and step.address == going[group].address:
            why = f"{kept[group]} would go with it and is excluded from this plan"
            yield wait(step, on="a plan without the exclusion", why=why)
        elif step.address in known or not (unread or group in kept):
            yield step


def _find_unread(group: str, situation: PlanningContext) -> str:
    """Why it is not known what is in a group; empty where it is."""
    prefixes = [f"{situation.organization.key}/{kind}/{end}" for kind in IN_A_GROUP for end in ("", f"{group}/")]
    return next((why for prefix in prefixes if (why := situation.live.unknown.get(prefix))), "")


_GROUPED = ("asset_group", *IN_A_GROUP)
