"""Records whose owner is in doubt: what is held back until somebody decides, and what is told of it.

A key in a file is no proof of who somebody is. Where it contradicts what was recorded, the plan says so in one place
and does nothing else about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.engine.context import PlanningContext
from reconciler.engine.lifecycle import leave
from reconciler.model.address import Address
from reconciler.model.change import Change, Waiting
from reconciler.model.declared import Declared
from reconciler.model.finding import Finding, Severity
from reconciler.model.kinds import KINDS, Action
from reconciler.model.resource import Resource


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


def is_contested(address: Address, situation: PlanningContext) -> bool:
    """Whether an address is about somebody whose account is in doubt."""
    person = situation.person_of(address)
    return any(person in (one.recorded, one.declared) for one in situation.contested) if person else False


def objection_to(change: Change, situation: PlanningContext) -> str:
    """Why a change must not be made before somebody decides whose record it is about; empty for all others."""
    if change.after is not None:
        return ""
    if change.action is Action.FORGET:
        declared = situation.organization.identity
        if situation.former_key:
            return (
                f"{declared} is recorded under the key {situation.former_key}: keep that key, or approve beginning "
                "without what was recorded"
            )
        return (
            f"recorded as {situation.another}, declared as {declared}: correct it, or approve forgetting what was "
            "recorded, which neither organization notices"
        )
    for one in situation.contested:
        if change.address == Address(situation.organization.key, "member", one.recorded):
            return (
                f"{one.identity} is recorded as the account of {one.recorded} and declared as the address of "
                f"{one.declared}; when {one.recorded} is out, {one.declared} is invited"
            )
    double = situation.doubles.get(situation.person_of(change.address))
    if double is not None:
        return f"it is shown as {situation.people[double].name}, the name of {double}, who is gone: the same person?"
    for refused in situation.names.refused:
        source = refused.move.source
        if change.address == source or (source.kind == "member" and situation.person_of(change.address) == source.key):
            return f"`moved:` says that it is {refused.move.target} now, and {refused.why}"
    return ""


def tell_of_names(situation: PlanningContext) -> Iterator[Finding]:
    """What goes by another name now, what only seems to, and what cannot be followed."""
    organization = situation.organization.key
    if situation.another:
        return
    if situation.is_forgotten:
        yield Finding(
            id="forgotten",
            severity=Severity.NOTE,
            message=f"{organization} begins anew: what was recorded of another organization is forgotten, as agreed",
            place=situation.organization.place,
            address=f"{organization}/organization/{organization}",
        )
    for (kind, key), now in sorted(situation.names.keys.items()):
        source, target = Address(organization, kind, key), Address(organization, kind, now)
        if (kind, key) not in situation.names.recorded:
            continue
        is_displaced = (kind, key) in situation.names.displaced
        yield _displaced(source, target, situation) if is_displaced else _renamed(source, target, situation)
    for one in situation.contested:
        people = [situation.people.get(key) for key in (one.declared, one.recorded)]
        yield Finding(
            id="other-identity",
            severity=Severity.WARNING,
            message=f"{one.identity} is in {organization} as the account of {one.recorded}, not of {one.declared}",
            place=people[0].place if people[0] else situation.organization.place,
            related=(people[1].place,) if people[1] else (),
            advice=f"if {one.recorded} has left, approve the removal; if both are one person, keep one key",
            address=f"{organization}/member/{one.declared}",
        )
    for stranger, gone in sorted(situation.doubles.items()):
        yield from _tell_of_double(stranger, gone, situation)
    for refused in situation.names.refused:
        yield Finding(
            id="move-refused",
            severity=Severity.WARNING,
            message=f"{refused.move.source} does not become {refused.move.target}: {refused.why}",
            place=refused.move.place,
            advice="take the move out",
            address=str(refused.move.source),
        )


def _tell_of_double(stranger: str, gone: str, situation: PlanningContext) -> Iterator[Finding]:
    """A warning on both lines: on that of who is gone, and on that of who has come."""
    organization, name = situation.organization.key, situation.people[gone].name
    advice = f"if so, add the address of {stranger} to `identities` of {gone}; if not, approve what is held back"
    for key, message in (
        (gone, f"{gone} is gone from {organization}, and {stranger} is shown there as {name}: the same person?"),
        (stranger, f"{stranger} is shown as {name}, the name of {gone}, who is gone: the same person?"),
    ):
        yield Finding(
            id="same-name",
            severity=Severity.WARNING,
            message=message,
            place=situation.place_of(Address(organization, "member", gone)),
            advice=advice,
            address=f"{organization}/member/{key}",
        )


def _renamed(source: Address, target: Address, situation: PlanningContext) -> Finding:
    return Finding(
        id="renamed",
        severity=Severity.NOTE,
        message=f"{source} is {target} now, and what is recorded goes along",
        place=situation.place_of(target),
        address=str(target),
    )


def _displaced(source: Address, target: Address, situation: PlanningContext) -> Finding:
    return Finding(
        id="other-identity",
        severity=Severity.WARNING,
        message=f"{source} was recorded as {target.key} and is another {KINDS[source.kind].title} now",
        place=situation.place_of(source),
        advice=f"what was given on {target.key} goes the way of what is not declared any more",
        address=str(target),
    )
