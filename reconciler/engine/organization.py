"""The plan of one organization: what to do about every difference, in which order, and what must wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.diff import diff
from reconciler.engine.drift import find_drift
from reconciler.engine.guards import judge
from reconciler.engine.lifecycle import leave, next_step
from reconciler.engine.stages import IN_A_GROUP, Decisions, decide
from reconciler.engine.waits import SOMEBODY, wait, with_end
from reconciler.model.address import Address
from reconciler.model.change import Blocked, Cause, Change, LeftOut, Waiting
from reconciler.model.declared import Declared, Mode
from reconciler.model.kinds import KINDS, Action, person_in
from reconciler.model.live import Part
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import Resource


def plan_organization(situation: PlanningContext, targets: Targets) -> OrganizationPlan:
    """Plan one organization. Pure: the same situation always gives the same plan."""
    organization = situation.organization
    part = OrganizationPlan(
        organization=organization.key,
        system=organization.system.name,
        mode=organization.mode,
        lineage=situation.state.lineage,
        serial=situation.state.serial,
        not_managed=organization.not_managed,
        is_first=situation.state.tells_nothing,
    )
    if situation.another:
        verdict = judge(_forgetting(situation), situation)
        part = replace(part, blocked=(verdict,) if isinstance(verdict, Blocked) else ())
        return replace(part, drift=tuple(find_drift(situation, part)))
    decisions = decide(propose(situation, targets), situation)
    waiting = [with_end(item, situation) for item in (*decisions.waiting, *_indistinct(situation, targets))]
    part = replace(
        part,
        changes=decisions.changes,
        waiting=tuple(sorted(waiting, key=lambda item: item.address)),
        blocked=tuple(sorted(decisions.blocked, key=lambda item: item.change.address)),
        left_out=tuple(sorted(decisions.left_out, key=lambda item: item.address)),
        unread=tuple(unread for unread in situation.unread_parts if targets.reach(unread.prefix)),
        limits=decisions.limits,
    )
    drift = find_drift(situation, part)
    return replace(part, drift=tuple(found for found in drift if targets.covers(found.address)))


def propose(situation: PlanningContext, targets: Targets) -> Decisions:
    """The next step for every difference, before anything is held back, and what could not be compared."""
    unreadable = situation.unreadable
    proposed = Decisions(
        left_out=tuple(
            LeftOut(address=address, cause=Cause.UNREAD, reason=found.reason)
            for address, found in unreadable.items()
            # A single thing that cannot be told apart waits instead, see `_indistinct`.
            if found.is_part and address.kind not in situation.live.unmanaged and targets.covers(address)
        )
    )
    if situation.organization.mode is Mode.READ_ONLY:
        return proposed
    readable = {address: one for address, one in situation.wanted.items() if address not in unreadable}
    steps: list[Change | Waiting | None] = [*_settle_contested(situation, readable)]
    steps += [
        next_step(difference, situation)
        for difference in diff(desired=readable, live=_managed_part(situation))
        if not situation.is_contested(difference.address)
    ]
    covered = [step for step in steps if step is not None and targets.covers(step.address)]
    return proposed.and_also(
        _defer(step, situation) if isinstance(step, Change) else step
        for step in _with_groups_whole(covered, situation, targets)
    )


def _managed_part(situation: PlanningContext) -> dict[Address, Resource]:
    """The part of what is live that this plan may touch; the rest it must leave alone.

    An organization that shall be deleted goes in one step, and all that is in it with it.
    """
    live = situation.live.resources
    if situation.organization.deleted:
        return {situation.address: live[situation.address]} if situation.address in live else {}
    return {address: found for address, found in live.items() if situation.is_ours(address)}


def _defer(change: Change, situation: PlanningContext) -> Change | LeftOut:
    """A change that failed by itself before is deferred for the rest of the day."""
    deferral = situation.state.deferred.get(change.address)
    if deferral is None or situation.retry or deferral.tried < situation.today:
        return change
    return LeftOut(address=change.address, cause=Cause.DEFERRED, reason=deferral.reason, since=deferral.since)


def _indistinct(situation: PlanningContext, targets: Targets) -> Iterator[Waiting]:
    """Single people and things that cannot be told apart: nothing is done about them until somebody can."""
    for address, why in situation.indistinct.items():
        if not targets.covers(address):
            continue
        wanted, kind = situation.wanted.get(address), KINDS[address.kind]
        yield Waiting(
            address=address,
            action=kind.create if wanted else kind.delete,
            on=SOMEBODY,
            why=why,
            after=wanted.as_resource() if wanted else None,
            place=situation.place_of(address),
        )


def _forgetting(situation: PlanningContext) -> Change:
    """What somebody has to agree to before anything is done in another organization than the recorded one."""
    return Change(
        address=situation.address,
        action=Action.FORGET,
        before=Resource(address=situation.address, identity=situation.another),
        after=None,
        fingerprint="",
        why=f"declared as {situation.organization.identity}",
        place=situation.organization.place,
    )


def _settle_contested(situation: PlanningContext, wanted: Mapping[Address, Declared]) -> Iterator[Change | Waiting]:
    """Who has an account of which somebody else has the address now loses it first; all the rest waits for that.

    A key in a file is no proof of who somebody is. Where it contradicts what was recorded, nothing else is done.
    """
    for dispute in situation.contested:
        old = situation.member(dispute.recorded)
        why, decision = f"{dispute.identity} is still the account of {dispute.recorded} here", "a decision"
        steps = [
            step
            for address, found in situation.live.resources.items()
            if person_in(address) == dispute.recorded and (step := leave(found, situation)) is not None
        ]
        agreed = any(step.address == old and step.step in situation.approvals for step in steps)
        for step in steps:
            if agreed or step.address == old:
                yield step
            else:
                yield Waiting(address=step.address, action=step.action, on=decision, why=why, before=step.before)
        new = wanted.get(situation.member(dispute.declared))
        if new is not None:
            yield Waiting(
                address=new.address,
                action=KINDS["member"].create,
                on=dispute.recorded if agreed else decision,
                why=why,
                after=new.as_resource(),
                place=new.place,
            )


def _with_groups_whole(
    steps: Sequence[Change | Waiting], situation: PlanningContext, targets: Targets
) -> Iterator[Change | Waiting | LeftOut]:
    """Each step, and all that an asset group that goes would take along, so that it is shown and counted.

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
    key = situation.organization.key
    contents = {group: [Part.all_of(key, kind, one) for kind in IN_A_GROUP for one in ("", group)] for group in going}
    unread = {group: why for group, parts in contents.items() if (why := situation.live.reason_unread(*parts))}
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
