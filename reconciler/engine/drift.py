"""The one place that detects drift: what is live and was not made so by this tool.

Compared with what was recorded, because what is recorded is what this tool knew last; what nobody recorded is compared
with what is declared. Something that is declared and was not applied yet is no drift: a plan tells of it. An apply
records what it sees, whether or not it sets it right; so what is known to have been done by hand stays drift until it
is as declared. A key that was renamed, and what somebody was asked for and has agreed to, is no drift either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.engine.access_paths import DatedAccess, dated_accesses, uncovered
from reconciler.engine.context import PlanningContext
from reconciler.engine.diff import agrees
from reconciler.engine.orders import carried_out
from reconciler.engine.risk import marks_of, marks_of_strangers
from reconciler.model.address import KINDS, Action, Address, Shape, person_in
from reconciler.model.change import Mark, Risk
from reconciler.model.declared import Mode, is_masked
from reconciler.model.drift import Drift, DriftSort, Fate, KnownDrift, known_from
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import PRESENCE, Resource, Status, Unknown, fingerprint_of
from reconciler.model.state import Record
from reconciler.model.system import System

_RECORDED_OVER = (DriftSort.CHANGED, DriftSort.GONE)
"""What cannot be told from what is recorded any more once an apply has recorded it."""


def find_drift(context: PlanningContext, part: OrganizationPlan) -> list[Drift]:
    """Every difference in one organization, by address, with what the plan of the same context does about it.

    What was found earlier and could not be looked at now counts as still there.
    """
    fates, found = _fates_by_plan(part), []
    for drift in _differences(context):
        if drift.fate is Fate.UNREAD or drift.sort is DriftSort.UNVERIFIED:
            found.append(drift)
            continue
        fate, outlook = fates.get(drift.address) or _fate_without_a_step(drift, context, part)
        could_be_kept = fate is not Fate.SETTLED and drift.sort is not DriftSort.EXPIRED_BUT_ACTIVE
        advice = _describe_how_to_keep(drift.address) if could_be_kept else ""
        found.append(replace(drift, fate=fate, outlook=outlook, advice=advice))
    return found


def record_drift(context: PlanningContext) -> dict[Address, KnownDrift]:
    """What to know of drift after an apply, which records what it sees: else nobody would ever be told of it."""
    known = {address: one for address, one in context.state.drift.items() if one.told}
    for found in _differences(context):
        before = context.state.drift.get(found.address)
        if found.fate is Fate.UNREAD and before is not None:
            known[found.address] = before
            continue
        same = before if before is not None and before.is_about(found) else None
        if found.sort in _RECORDED_OVER and not (same and same.told):
            first_seen = same.first_seen if same else context.today
            known[found.address] = known_from(found, first_seen=first_seen, told=False)
    return known


def _differences(context: PlanningContext) -> list[Drift]:
    found = {one.address: one for one in (*_drift_of_records(context), *_drift_of_strangers(context))}
    found |= {one.address: one for one in _drift_of_memory(context) if one.address not in found}
    found |= {one.address: one for one in _drift_of_unverified(context) if one.address not in found}
    found |= {one.address: one for one in _drift_of_unread(context)}
    return [found[address] for address in sorted(found)]


def _drift_of_records(context: PlanningContext) -> Iterator[Drift]:
    """What became of things that this tool has made or taken over."""
    asked = carried_out(context)
    for address in context.in_question:
        record, live = context.state.records.get(address), context.live.find(address)
        if record is None or isinstance(live, Unknown):
            continue
        if live is not None and not live.status.is_gone and (why := _reason_to_be_over(address, context)):
            yield _expired_but_active(context, record.as_resource(), live, why)
        elif address not in asked and not _is_expected(record, live, context):
            yield _moved(context, record.as_resource(), live)


def _drift_of_strangers(context: PlanningContext) -> Iterator[Drift]:
    """What nobody recorded, or what is there although it had ended."""
    for address in context.in_question:
        live, record = context.live.resources.get(address), context.state.records.get(address)
        if live is None or live.status.is_gone or (record is not None and not record.status.is_gone):
            continue
        if context.organization.deleted and address.kind == "organization":
            continue  # it is declared, as one that shall be deleted
        wanted = context.wanted.get(address)
        if why := _reason_to_be_over(address, context):
            yield _expired_but_active(context, None, live, why)
        elif wanted is None and address not in context.asked_for:
            yield _added_outside(context, live)
        elif wanted is not None and not live.fits(wanted.attributes):
            declared = Resource(address=address, attributes=wanted.attributes)
            if _gains(context.organization.system, declared, live):
                yield _moved(context, declared, live)


def _drift_of_memory(context: PlanningContext) -> Iterator[Drift]:
    """What was done by hand, has been recorded since, and is still not as declared."""
    for address, known in context.state.drift.items():
        live = context.live.find(address)
        if known.sort not in _RECORDED_OVER or isinstance(live, Unknown) or known.live != fingerprint_of(live):
            continue
        wanted = context.wanted.get(address)
        if wanted is None:
            found = None if live is None or live.status.is_gone else _added_outside(context, live)
        elif live is None or live.status.is_gone or not live.fits(wanted.attributes):
            found = _moved(context, Resource(address=address, attributes=wanted.attributes), live)
        else:
            found = None
        if found is not None:
            yield replace(found, sort=known.sort)


def _drift_of_unverified(context: PlanningContext) -> Iterator[Drift]:
    """What is there, and what an owner may have given more or less of than it was asked for."""
    for address in context.in_question:
        record, live = context.records.get(address), context.live.resources.get(address)
        is_there = live is not None and live.status is Status.ACTIVE and address in context.state.records
        if record is None or not is_there or not record.unverified:
            continue
        if PRESENCE in record.unverified:
            why, on = (
                "it is as whoever did the work order said, and nothing shows it",
                "an admin on the page of the asset",
            )
            others = "or `reconciler work-orders failed` for its work order if it is not there"
        else:
            names = " and ".join(sorted(record.unverified))
            why, on = f"these {names} were asked for, and nothing shows what was given", "its owner in the TikTok app"
            others = f"with --as VALUE for each of the {names} if it is not this"
        believed = replace(record.as_resource(), unread=())
        yield Drift(
            address=address,
            sort=DriftSort.UNVERIFIED,
            severity=Risk.MEDIUM,
            expected=believed,
            live=believed,
            why=why,
            fate=Fate.WAITING,
            outlook=f"waits for somebody who looks at it, such as {on}",
            advice=f"say what you saw: `reconciler drift confirm {address} --evidence TEXT`, {others}",
            place=context.place_of(address),
        )


def _drift_of_unread(context: PlanningContext) -> Iterator[Drift]:
    """What is known, and could not be looked at now."""
    for address, known in context.state.drift.items():
        live = context.live.find(address)
        if not isinstance(live, Unknown) or address.kind in context.live.unmanaged:
            continue
        record, is_added = context.state.records.get(address), known.sort is DriftSort.ADDED_OUTSIDE
        yield Drift(
            address=address,
            sort=known.sort,
            severity=known.severity,
            expected=None if record is None or is_added else record.as_resource(),
            live=None if known.last is None else replace(known.last, address=address),
            why=_describe_undeclared(context) if is_added else known.why,
            fate=Fate.UNREAD,
            outlook=f"known, and could not be looked at: {live.reason}",
            place=context.place_of(address),
        )


def _is_expected(record: Record, live: Resource | None, context: PlanningContext) -> bool:
    """Whether what became of something since it was recorded is no drift.

    What was asked for may be answered in any way; only what nobody has asked for and nobody has declared is not. What
    is known as drift may be as declared again.
    """
    wanted, kind = context.wanted.get(record.address), KINDS[record.address.kind]
    fits = live is not None and wanted is not None and live.fits(wanted.attributes)
    is_active = live is not None and live.status is Status.ACTIVE
    known = context.state.drift.get(record.address)
    if known is not None and known.sort in _RECORDED_OVER and is_active and fits:
        return True
    shows = live is not None and live.shows(record.attributes)
    if record.status is Status.ACTIVE:
        # Owners agree to more only when they are asked, which is what a declared change does.
        is_agreed = fits and kind.needs_other_party and kind.shape is not Shape.MEMBERSHIP
        return is_active and (is_agreed or shows)
    return record.status.is_gone or live is None or live.status.is_gone or shows or fits


def _reason_to_be_over(address: Address, context: PlanningContext) -> str:
    """Why somebody or something should not be there today; empty when it may."""
    if address in context.ended:
        return context.ended[address].why
    person = person_in(address)
    if not person or address in context.wanted:
        return ""
    if context.time_is_over(person):
        return f"{person} has left: ends {context.people[person].ends}"
    if address in context.state.records and context.has_left(person):
        return f"{person} is not in the directory any more"
    return ""


def _expired_but_active(context: PlanningContext, expected: Resource | None, live: Resource, why: str) -> Drift:
    return Drift(
        address=live.address,
        sort=DriftSort.EXPIRED_BUT_ACTIVE,
        severity=Risk.CRITICAL,
        marks=_marks(_gains(context.organization.system, None, live), live, context),
        expected=expected,
        live=live,
        why=why,
        place=context.place_of(live.address),
    )


def _added_outside(context: PlanningContext, live: Resource) -> Drift:
    organization, levels = context.organization, list(Risk)
    gains = _gains(organization.system, None, live)
    severity = _severity_of_gains(gains, live.address)
    if organization.mode is Mode.ADDITIVE and not organization.deleted and severity is not Risk.CRITICAL:
        severity = levels[min(severity.rank + 1, len(levels) - 1)]
    return Drift(
        address=live.address,
        sort=DriftSort.ADDED_OUTSIDE,
        severity=severity,
        marks=_marks(gains, live, context),
        expected=None,
        live=live,
        why=_describe_undeclared(context) + (f"; {live.implied_by} may give it" if live.implied_by else ""),
        place=context.place_of(live.address),
    )


def _describe_undeclared(context: PlanningContext) -> str:
    """What is wrong with something that nobody declared, as the organization is managed today."""
    if context.organization.deleted:
        return "nobody declared it, and the organization shall be deleted"
    is_additive = context.organization.mode is Mode.ADDITIVE
    return "nobody declared it, and the organization is managed additively" if is_additive else "nobody declared it"


def _moved(context: PlanningContext, expected: Resource, live: Resource | None) -> Drift:
    """Something known that is not as it was."""
    address, system = expected.address, context.organization.system
    there = live if live is not None and not live.status.is_gone else None
    in_use = there if there is not None and there.status is Status.ACTIVE else None
    losses = _gains(system, in_use, expected)
    if gains := _gains(system, expected, there):
        severity = _severity_of_gains(gains, address)
    else:
        # One admin fewer is one step nearer to none.
        loses_admin = any(one.administers for one in losses)
        severity = Risk.HIGH if loses_admin or address.kind == "app" else Risk.LOW
    wanted = context.wanted.get(address)
    why = "it was taken away" if there is None else "it is not as recorded"
    if in_use is not None and wanted is not None and in_use.fits(wanted.attributes):
        why, severity = "somebody has already made it what is declared", Risk.LOW
    elif there is None and wanted is None:
        why, severity = "it is gone, as declared", Risk.LOW
    return Drift(
        address=address,
        sort=DriftSort.CHANGED if there is not None else DriftSort.GONE,
        severity=severity,
        marks=_marks((*gains, *losses), live or expected, context),
        expected=expected,
        live=live,
        why=why,
        place=context.place_of(address),
    )


def _marks(differing: Iterable[DatedAccess], about: Resource, context: PlanningContext) -> tuple[Mark, ...]:
    """Why a difference deserves a second look."""
    person = person_in(about.address)
    identity = about.identity if about.address.kind == "member" else ""
    strange = marks_of_strangers(person, identity, context.allowed_domains) if person else ()
    return (*marks_of(about.address.kind, differing), *strange)


def _gains(system: System, before: Resource | None, after: Resource | None) -> tuple[DatedAccess, ...]:
    """What the second has more than the first."""
    had, has = (
        () if one is None else tuple(dated_accesses(one.address.kind, one.attributes, system))
        for one in (before, after)
    )
    return uncovered(has, had)


def _severity_of_gains(gains: tuple[DatedAccess, ...], address: Address) -> Risk:
    """Of more access than there should be; people and money before everything else, then strangers and partners."""
    if any(one.administers or one.handles_money for one in gains):
        return Risk.CRITICAL
    if KINDS[address.kind].shape in (Shape.ASSET, Shape.ORGANIZATION):
        return Risk.HIGH if address.kind in ("app", "partner", "tiktok_account") else Risk.LOW
    person = person_in(address)
    # The key of somebody who is not in the directory is an address; no other key has an @.
    is_stranger = "@" in person or (not person and KINDS[address.kind].is_share)
    return Risk.HIGH if is_stranger else Risk.MEDIUM


def _fates_by_plan(part: OrganizationPlan) -> dict[Address, tuple[Fate, str]]:
    """What the plan does about each address, in the order in which it would be noticed."""
    fates: dict[Address, tuple[Fate, str]] = {}
    for change in part.changes:
        fate = Fate.TAKEN_AWAY if change.after is None else Fate.CHANGED_BACK
        fates.setdefault(change.address, (fate, f"the next apply: {change.action.replace('_', ' ')}"))
    for blocked in part.blocked:
        what = blocked.change.action.replace("_", " ")
        outlook = f"blocked ({what}), {blocked.guard}: {blocked.message}"
        fates.setdefault(blocked.change.address, (Fate.BLOCKED, outlook))
    for waiting in part.waiting:
        fates.setdefault(waiting.address, (Fate.WAITING, f"waits for {waiting.on}: {waiting.why}"))
    for left_out in part.left_out:
        fates.setdefault(left_out.address, (Fate.DEFERRED, f"nothing is done now: {left_out.reason}"))
    return fates


def _fate_without_a_step(found: Drift, context: PlanningContext, part: OrganizationPlan) -> tuple[Fate, str]:
    address, live = found.address, found.live
    is_there = live is not None and not live.status.is_gone
    wanted = context.wanted.get(address)
    if wanted is None and not is_there:
        return Fate.SETTLED, "nothing is to be done: it is gone, as declared"
    if wanted is not None and agrees(wanted, live):
        return Fate.SETTLED, "nothing is to be done: it is as declared"
    if context.organization.mode is Mode.READ_ONLY:
        return Fate.LEFT_ALONE, "left alone: the organization is read only"
    if context.organization.deleted:
        # Deleting an organization takes everything in it along, or nothing.
        if any(change.action is Action.DELETE_ORGANIZATION for change in part.changes):
            return Fate.TAKEN_AWAY, "the next apply: delete the organization, and this with it"
        return Fate.LEFT_ALONE, "left alone until the organization is deleted"
    if not context.is_ours(address):
        return Fate.LEFT_ALONE, "left alone: nobody declared it, and nothing here takes such things away"
    return Fate.LEFT_ALONE, "left alone: this system offers no step for it"


def _describe_how_to_keep(address: Address) -> str:
    """Somebody whose address is shown with stars in it is nobody yet whom a manifest could name."""
    if is_masked(address.key):
        return "to keep it as it is now: declare the person under `people` with the whole address, then adopt it"
    return f"to keep it as it is now: `reconciler adopt {address}`"
