"""The one place that detects drift: what is live and was not made so by this tool.

Compared with what was recorded, because what is recorded is what this tool knew last; what nobody recorded is compared
with what is declared. Something that is declared and was not applied yet is no drift: a plan tells of it. An apply
records what it sees, whether or not it sets it right; so what is known to have been done by hand stays drift until it
is as declared. A key that was renamed, and what somebody was asked for and has agreed to, is no drift either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.engine.access_paths import DatedAccess, claims_of, uncovered
from reconciler.engine.context import PlanningContext
from reconciler.engine.diff import agrees
from reconciler.engine.orders import carried_out
from reconciler.model.access import Access, AccessPath
from reconciler.model.address import Address
from reconciler.model.declared import Mode
from reconciler.model.drift import Drift, DriftSeverity, DriftSort, Fate, KnownDrift, known_from
from reconciler.model.finding import Place
from reconciler.model.kinds import KINDS, Action, Shape, person_in
from reconciler.model.live import Unknown
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import PRESENCE, Resource, Status, fingerprint_of
from reconciler.model.state import Record
from reconciler.model.system import System

_RECORDED_OVER = (DriftSort.CHANGED, DriftSort.GONE)
"""What cannot be told from what is recorded any more once an apply has recorded it."""


def find_drift(situation: PlanningContext, part: OrganizationPlan) -> list[Drift]:
    """Every difference in one organization, by address, with what the plan of the same situation does about it.

    What was found earlier and could not be looked at now counts as still there.
    """
    return [_decided(found, situation, part) for found in _differences(situation)]


def _differences(situation: PlanningContext) -> list[Drift]:
    found = {one.address: one for one in (*_of_records(situation), *_of_strangers(situation))}
    found |= {one.address: one for one in _of_memory(situation) if one.address not in found}
    found |= {one.address: one for one in _of_the_unverified(situation) if one.address not in found}
    found |= {one.address: one for one in _of_the_unread(situation)}
    return [found[address] for address in sorted(found)]


def _of_the_unverified(situation: PlanningContext) -> Iterator[Drift]:
    """What is there, and what an owner may have given more or less of than it was asked for."""
    for address, record in situation.records.items():
        live = situation.live.resources.get(address)
        if address not in situation.state.records or live is None or live.status is not Status.ACTIVE:
            continue
        if not record.unverified:
            continue
        believed = replace(record.as_resource(), unread=())
        why, on, others = _say_unverified(record)
        yield Drift(
            address=address,
            sort=DriftSort.UNVERIFIED,
            severity=DriftSeverity.MEDIUM,
            expected=believed,
            live=believed,
            why=why,
            fate=Fate.WAITING,
            outlook=f"waits for somebody who looks at it, such as {on}",
            advice=f"say what you saw: `reconciler drift confirm {address} --evidence TEXT`, {others}",
            place=situation.place_of(address),
        )


def _say_unverified(record: Record) -> tuple[str, str, str]:
    """Why, who could look, and what else they may have seen."""
    if PRESENCE in record.unverified:
        others = "or `reconciler work-orders failed` for its work order if it is not there"
        return (
            "it is as whoever did the work order said, and nothing shows it",
            "an admin on the page of the asset",
            others,
        )
    names = " and ".join(sorted(record.unverified))
    others = f"with --as VALUE for each of the {names} if it is not this"
    return f"these {names} were asked for, and nothing shows what was given", "its owner in the TikTok app", others


def _of_the_unread(situation: PlanningContext) -> Iterator[Drift]:
    """What is known, and could not be looked at now."""
    for address, known in situation.state.drift.items():
        live = situation.live.find(address)
        if not isinstance(live, Unknown) or address.kind in situation.live.unmanaged:
            continue
        record = situation.state.records.get(address)
        yield Drift(
            address=address,
            sort=known.sort,
            severity=known.severity,
            expected=None if record is None or known.sort is DriftSort.ADDED_OUTSIDE else record.as_resource(),
            live=None if known.last is None else replace(known.last, address=address),
            why=_why_strange(situation) if known.sort is DriftSort.ADDED_OUTSIDE else known.why,
            fate=Fate.UNREAD,
            outlook=f"known, and could not be looked at: {live.reason}",
            place=situation.place_of(address),
        )


def _decided(found: Drift, situation: PlanningContext, part: OrganizationPlan) -> Drift:
    if found.fate is Fate.UNREAD or found.sort is DriftSort.UNVERIFIED:
        return found
    fate, outlook = _fate_of(found, situation, part)
    advice = _how_to_keep(found.address) if _could_be_kept(found, fate) else ""
    return replace(found, fate=fate, outlook=outlook, advice=advice)


def _how_to_keep(address: Address) -> str:
    """Somebody whose address is shown with stars in it is nobody yet whom a manifest could name."""
    if "*" in address.key:
        return "to keep it as it is now: declare the person under `people` with the whole address, then adopt it"
    return f"to keep it as it is now: `reconciler adopt {address}`"


def _could_be_kept(found: Drift, fate: Fate) -> bool:
    return fate is not Fate.SETTLED and found.sort is not DriftSort.EXPIRED_BUT_ACTIVE


def _fate_of(found: Drift, situation: PlanningContext, part: OrganizationPlan) -> tuple[Fate, str]:
    """What the plan does about one address, in the order in which it would be noticed."""
    address = found.address
    for change in part.changes:
        if change.address == address:
            fate = Fate.TAKEN_AWAY if change.after is None else Fate.CHANGED_BACK
            return fate, f"the next apply: {change.action.replace('_', ' ')}"
    for blocked in part.blocked:
        if blocked.change.address == address:
            what = blocked.change.action.replace("_", " ")
            return Fate.BLOCKED, f"blocked ({what}), {blocked.guard}: {blocked.message}"
    for waiting in part.waiting:
        if waiting.address == address:
            return Fate.WAITING, f"waits for {waiting.on}: {waiting.why}"
    for left_out in part.left_out:
        if left_out.address == address:
            return Fate.DEFERRED, f"nothing is done now: {left_out.reason}"
    return _fate_without_a_step(found, situation, part)


def _fate_without_a_step(found: Drift, situation: PlanningContext, part: OrganizationPlan) -> tuple[Fate, str]:
    address, live = found.address, found.live
    is_there = live is not None and not live.status.is_gone
    wanted = situation.wanted.get(address)
    if wanted is None and not is_there:
        return Fate.SETTLED, "nothing is to be done: it is gone, as declared"
    if wanted is not None and agrees(wanted, live):
        return Fate.SETTLED, "nothing is to be done: it is as declared"
    if situation.organization.mode is Mode.READ_ONLY:
        return Fate.LEFT_ALONE, "left alone: the organization is read only"
    if situation.organization.deleted:
        return _fate_with_the_organization(part)
    if not situation.is_ours(address):
        return Fate.LEFT_ALONE, "left alone: nobody declared it, and nothing here takes such things away"
    return Fate.LEFT_ALONE, "left alone: this system offers no step for it"


def _fate_with_the_organization(part: OrganizationPlan) -> tuple[Fate, str]:
    """Of something in an organization that shall be deleted, which takes everything along or nothing."""
    if any(change.action is Action.DELETE_ORGANIZATION for change in part.changes):
        return Fate.TAKEN_AWAY, "the next apply: delete the organization, and this with it"
    return Fate.LEFT_ALONE, "left alone until the organization is deleted"


def take_note(situation: PlanningContext) -> dict[Address, KnownDrift]:
    """What to know of drift after an apply, which records what it sees: else nobody would ever be told of it."""
    known = {address: one for address, one in situation.state.drift.items() if one.told}
    for found in _differences(situation):
        before = situation.state.drift.get(found.address)
        if found.fate is Fate.UNREAD and before is not None:
            known[found.address] = before
            continue
        if found.sort not in _RECORDED_OVER or (before is not None and before.told and before.is_about(found)):
            continue
        is_same = before is not None and before.is_about(found)
        first_seen = before.first_seen if before is not None and is_same else situation.today
        known[found.address] = known_from(found, first_seen=first_seen, told=False)
    return known


def _of_records(situation: PlanningContext) -> Iterator[Drift]:
    """What became of things that this tool has made or taken over."""
    asked = carried_out(situation)
    for address, record in situation.state.records.items():
        live = situation.live.find(address)
        if isinstance(live, Unknown):
            continue
        expected = record.as_resource()
        if live is not None and not live.status.is_gone and (why := _why_over(address, situation)):
            yield _expired_but_active(address, situation, expected=expected, live=live, why=why)
        elif address not in asked and not _is_as(record, live, situation) and not _is_undone(address, live, situation):
            yield _moved(situation, expected, live)


def _of_strangers(situation: PlanningContext) -> Iterator[Drift]:
    """What nobody recorded, or what is there although it had ended."""
    for address, live in situation.live.resources.items():
        record = situation.state.records.get(address)
        if live.status.is_gone or (record is not None and not record.status.is_gone):
            continue
        if situation.organization.deleted and address.kind == "organization":
            continue  # it is declared, as one that shall be deleted
        wanted = situation.wanted.get(address)
        if why := _why_over(address, situation):
            yield _expired_but_active(address, situation, expected=None, live=live, why=why)
        elif wanted is None and not _waits_for_an_order(address, situation):
            yield _added_outside(situation, live)
        elif wanted is not None and not live.fits(wanted.attributes):
            declared = Resource(address=address, attributes=wanted.attributes)
            gains, _ = compare(situation.organization.system, declared, live)
            if gains:
                yield _moved(situation, declared, live)


def _of_memory(situation: PlanningContext) -> Iterator[Drift]:
    """What was done by hand, has been recorded since, and is still not as declared."""
    for address, known in situation.state.drift.items():
        live = situation.live.find(address)
        if known.sort not in _RECORDED_OVER or isinstance(live, Unknown) or known.live != fingerprint_of(live):
            continue
        wanted = situation.wanted.get(address)
        declared = None if wanted is None else Resource(address=address, attributes=wanted.attributes)
        if live is None or live.status.is_gone:
            found = None if declared is None else _moved(situation, declared, live)
        elif declared is None:
            found = _added_outside(situation, live)
        else:
            found = None if live.fits(declared.attributes) else _moved(situation, declared, live)
        if found is not None:
            yield replace(found, sort=known.sort)


def _is_as(record: Record, live: Resource | None, situation: PlanningContext) -> bool:
    """Whether what became of something since it was recorded is no drift.

    What was asked for may be answered in any way; only what nobody has asked for and nobody has declared is not.
    """
    wanted, kind = situation.wanted.get(record.address), KINDS[record.address.kind]
    fits = live is not None and wanted is not None and live.fits(wanted.attributes)
    if record.status is Status.ACTIVE:
        is_there = live is not None and live.status is Status.ACTIVE
        # Owners agree to more only when they are asked, which is what a declared change does.
        is_agreed = fits and kind.needs_other_party and kind.shape is not Shape.MEMBERSHIP
        return is_there and (is_agreed or (live is not None and live.shows(record.attributes)))
    return record.status.is_gone or live is None or live.status.is_gone or live.shows(record.attributes) or fits


def _is_undone(address: Address, live: Resource | None, situation: PlanningContext) -> bool:
    """Whether something that is known as drift is as declared again."""
    known, wanted = situation.state.drift.get(address), situation.wanted.get(address)
    if known is None or known.sort not in _RECORDED_OVER or wanted is None or live is None:
        return False
    return live.status is Status.ACTIVE and live.fits(wanted.attributes)


def _waits_for_an_order(address: Address, situation: PlanningContext) -> bool:
    """Whether somebody was asked to make it, and has."""
    return address in situation.asked_for


def _why_over(address: Address, situation: PlanningContext) -> str:
    """Why somebody or something should not be there today; empty when it may."""
    ended = situation.ended.get(address)
    if ended is not None:
        return ended.why
    person = person_in(address)
    if not person or address in situation.wanted:
        return ""
    if situation.time_is_over(person):
        return f"{person} has left: ends {situation.people[person].ends}"
    if address in situation.state.records and situation.has_left(person):
        return f"{person} is not in the directory any more"
    return ""


def _expired_but_active(
    address: Address, situation: PlanningContext, *, expected: Resource | None, live: Resource, why: str
) -> Drift:
    return Drift(
        address=address,
        sort=DriftSort.EXPIRED_BUT_ACTIVE,
        severity=DriftSeverity.CRITICAL,
        expected=expected,
        live=live,
        why=why,
        place=situation.place_of(address),
    )


def _added_outside(situation: PlanningContext, live: Resource) -> Drift:
    organization = situation.organization
    gains, _ = compare(organization.system, None, live)
    severity = severity_of_gains(gains, live.address)
    if organization.mode is Mode.ADDITIVE and not organization.deleted and severity is not DriftSeverity.CRITICAL:
        severity = one_less(severity)
    return Drift(
        address=live.address,
        sort=DriftSort.ADDED_OUTSIDE,
        severity=severity,
        expected=None,
        live=live,
        why=_why_strange(situation) + (f"; {live.implied_by} may give it" if live.implied_by else ""),
        place=situation.place_of(live.address),
    )


def _why_strange(situation: PlanningContext) -> str:
    """What is wrong with something that nobody declared, as the organization is managed today."""
    if situation.organization.deleted:
        return "nobody declared it, and the organization shall be deleted"
    is_additive = situation.organization.mode is Mode.ADDITIVE
    return "nobody declared it, and the organization is managed additively" if is_additive else "nobody declared it"


def _moved(situation: PlanningContext, expected: Resource, live: Resource | None) -> Drift:
    """Something known that is not as it was."""
    address = expected.address
    there = live if live is not None and not live.status.is_gone else None
    in_use = there if there is not None and there.status is Status.ACTIVE else None
    gains, _ = compare(situation.organization.system, expected, there)
    _, losses = compare(situation.organization.system, expected, in_use)
    severity = severity_of_gains(gains, address) if gains else severity_of_losses(losses, address)
    wanted = situation.wanted.get(address)
    why = "it was taken away" if there is None else "it is not as recorded"
    if in_use is not None and wanted is not None and in_use.fits(wanted.attributes):
        why, severity = "somebody has already made it what is declared", DriftSeverity.LOW
    elif there is None and wanted is None:
        why, severity = "it is gone, as declared", DriftSeverity.LOW
    return Drift(
        address=address,
        sort=DriftSort.CHANGED if there is not None else DriftSort.GONE,
        severity=severity,
        expected=expected,
        live=live,
        why=why,
        place=situation.place_of(address),
    )


_NOWHERE = Place("", 1, 1)
_OTHER_PEOPLE = "@"
"""What the key of somebody who is not in the directory has and no other key."""


def severity_of_gains(gains: tuple[DatedAccess, ...], address: Address) -> DriftSeverity:
    """Of more access than there should be; people and money before everything else, then strangers and partners."""
    if any(claim.administers or claim.handles_money for claim in gains):
        return DriftSeverity.CRITICAL
    if KINDS[address.kind].shape in (Shape.ASSET, Shape.ORGANIZATION):
        return DriftSeverity.HIGH if address.kind in ("app", "partner", "tiktok_account") else DriftSeverity.LOW
    person = person_in(address)
    if _OTHER_PEOPLE in person or (not person and KINDS[address.kind].is_share):
        return DriftSeverity.HIGH
    return DriftSeverity.MEDIUM


def severity_of_losses(losses: tuple[DatedAccess, ...], address: Address) -> DriftSeverity:
    """Of less access than there should be; an admin less is one step nearer to none."""
    if any(claim.administers for claim in losses) or address.kind == "app":
        return DriftSeverity.HIGH
    return DriftSeverity.LOW


def one_less(severity: DriftSeverity) -> DriftSeverity:
    """The next lower severity, where there is one."""
    levels = list(DriftSeverity)
    return levels[min(severity.rank + 1, len(levels) - 1)]


def compare(
    system: System, before: Resource | None, after: Resource | None
) -> tuple[tuple[DatedAccess, ...], tuple[DatedAccess, ...]]:
    """What the second has more than the first, and what it has less."""
    had, has = _claims(system, before), _claims(system, after)
    return uncovered(has, had), uncovered(had, has)


def _claims(system: System, resource: Resource | None) -> tuple[DatedAccess, ...]:
    if resource is None:
        return ()
    way = AccessPath(address=resource.address, attributes=resource.attributes, place=_NOWHERE)
    return claims_of(Access(attributes=resource.attributes, ways=(way,)), system)
