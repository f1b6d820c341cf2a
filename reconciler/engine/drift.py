# Long because what a look says of what was remembered and what it says of all else is one question.
"""What a look says of what was remembered, and the one place that detects drift: live, and not made so by this tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

from reconciler.engine.context import PlanningContext
from reconciler.engine.diff import agrees
from reconciler.engine.entitlements import DatedAccess, gained
from reconciler.engine.guards import marks_of, marks_of_strangers
from reconciler.engine.orders import carried_out
from reconciler.model import (
    KINDS,
    PRESENCE,
    Action,
    Address,
    Attributes,
    Declared,
    Drift,
    DriftSort,
    Fate,
    KnownDrift,
    Live,
    Mark,
    Mode,
    OrganizationPlan,
    Part,
    Record,
    Resource,
    Risk,
    Shape,
    State,
    Status,
    System,
    Unknown,
    fingerprint_of,
    is_masked,
    known_from,
    person_in,
    tells_account,
    unless_gone,
)


def find_in_question(
    *, wanted: Mapping[Address, Declared], records: Mapping[Address, Record], live: Mapping[Address, Resource]
) -> tuple[Address, ...]:
    """Every address at which the three worlds do not agree in all that a plan looks at.

    This is the one place that decides that there is nothing to do. Where there is not, there is no step, no drift and
    no warning either, and the record stays as it is, so nearly everything else looks at the rest alone.
    """
    at_rest = {
        address
        for address, declared in wanted.items()
        if (record := records.get(address)) is not None
        and (found := live.get(address)) is not None
        and _is_at_rest(declared, record, found)
    }
    if len(at_rest) == len(wanted) == len(records) == len(live):
        return ()
    return tuple(address for address in dict.fromkeys((*wanted, *records, *live)) if address not in at_rest)


def _is_at_rest(declared: Declared, record: Record, found: Resource) -> bool:
    """Whether it is there as declared, was so when it was last seen, and nothing about it waits or is believed only."""
    attributes = declared.attributes
    return (
        found.status is record.status is Status.ACTIVE
        and found.attributes == attributes == record.attributes == record.granted
        and not (found.pending or found.unread or record.unread or record.confirmed)
        and not (record.implied_by or record.asked)
        and (declared.protect is None or declared.protect == record.protect)
        and declared.expires == record.ends
        and found.identity in (record.identity, "")
        and (found.identity in (declared.identity, "") or not tells_account(found.identity))
        and found.platform_id in (record.platform_id, "")
        and not found.name.startswith("@")  # a TikTok account may have got another handle
    )


def recall(live: Live, *, records: Mapping[Address, Record], wanted: Mapping[Address, Declared]) -> Live:
    """What is live, completed by what is believed of attributes that the system does not show.

    That is what was recorded: it changes only when this tool asks for something else. Where nothing was recorded, or
    only how the last attempt ended, it is what is declared: the alternative would be to ask for it over and over again.
    """
    if not any(found.unread for found in live.resources.values()):
        return live

    def complete(found: Resource) -> Resource:
        record, declared = records.get(found.address), wanted.get(found.address)
        recorded, given = record.attributes if record else {}, declared.attributes if declared else {}
        is_lasting = record is not None and not record.status.is_gone
        return found.believing(*((recorded, given) if is_lasting else (given, recorded)))

    completed = {at: complete(found) if found.unread else found for at, found in live.resources.items()}
    return replace(live, resources=completed)


def grants_in(live: Live, records: Mapping[Address, Record]) -> tuple[Live, Mapping[Address, Attributes]]:
    """What is live without what a role gives and the system lists in the place of grants, and what that was.

    There a grant is as it was recorded. A role that cannot be read may still be there.
    """
    is_unread = any(Part(part).kind.startswith("asset_group") for part in live.unknown)
    given: dict[Address, Resource | None] = {}
    for address, record in records.items():
        found = live.resources.get(address) if record.implied_by else None
        if found is not None and found.implied_by in (record.implied_by, *([""] if is_unread else [])):
            given[address] = None if record.status.is_gone else replace(found, attributes=record.attributes)
    if not given:
        return live, {}
    seen = {**live.resources, **given}
    left = {address: found for address, found in seen.items() if found is not None}
    return replace(live, resources=left), {address: live.resources[address].attributes for address in given}


def without_old_names(state: State, wanted: Mapping[Address, Declared]) -> State:
    """A name that the manifests do not give any more is not looked at, so nothing is to be remembered of it."""
    named = {
        address: record
        for address, record in state.records.items()
        if "called" in record.attributes and not (address in wanted and "called" in wanted[address].attributes)
    }
    for address, record in named.items():
        named[address] = replace(record, attributes={k: v for k, v in record.attributes.items() if k != "called"})
    return replace(state, records={**state.records, **named}) if named else state


def remember(
    *,
    records: Mapping[Address, Record],
    live: Live,
    wanted: Mapping[Address, Declared],
    in_question: Iterable[Address],
    system: System,
    today: date,
    implied: Mapping[Address, Attributes] = MappingProxyType({}),
) -> dict[Address, Record]:
    """The records as they should be stored after looking at the system.

    Kept: what is wanted and there or once was, what is ours and still there, and what a role gives (`implied`, see
    `grants_in`). Dropped: what is neither wanted nor there. What is unknown keeps its record as it is.
    """
    kept = dict(records)
    for address in in_question:
        declared, known = wanted.get(address), records.get(address)
        if declared is None and known is None:
            continue
        if known is not None and address in implied:
            known = replace(known, implied=implied[address])
        elif known is not None and known.implied_by and not isinstance(live.find(address), Unknown):
            known = replace(known, implied_by="", implied={})
        record = _remember_one(address, known, live=live, wanted=declared, system=system, today=today)
        if record is None and address in implied:
            record = known
        if record is not None:
            kept[address] = record if declared is None else record.ending(declared.expires)
        else:
            kept.pop(address, None)
    return kept


def _remember_one(
    address: Address, record: Record | None, *, live: Live, wanted: Declared | None, system: System, today: date
) -> Record | None:
    found = live.find(address)
    if isinstance(found, Unknown):
        return record
    if found is None:
        if record is None or wanted is None or KINDS[address.kind].is_told:
            return None
        status = _status_after_vanishing(record, system, today)
        return record if status is record.status else replace(record, status=status, since=today)
    if record is None:
        record = Record(address=address, since=found.since or today, granted={})
        if found.status.is_pending:
            record = replace(record, asked=1, asked_on=found.since or today)
    record = record.seen(found, on=today)
    if wanted is not None and record.granted != wanted.attributes and found.fits(wanted.attributes):
        record = replace(record, granted=wanted.attributes)
    return record if wanted is None or wanted.protect is None else record.protected(protect=wanted.protect)


def _status_after_vanishing(record: Record, system: System, today: date) -> Status:
    """What to believe of something that was there and that the system does not show any more."""
    kind = KINDS[record.address.kind]
    if record.status is Status.ACTIVE and kind.shape is Shape.MEMBERSHIP:
        return Status.LEFT
    if record.status is Status.ACTIVE and kind.needs_other_party:
        return Status.REVOKED_BY_OWNER
    if record.status is Status.INVITED:
        # Where nobody knows how long an invitation lasts, a vanished one counts as declined.
        hours, sent = system.invitation_hours, record.asked_on
        is_over = hours is not None and sent is not None and sent + timedelta(hours=hours) <= today
        return Status.EXPIRED if is_over else Status.DECLINED
    if record.status is Status.REQUESTED:
        return Status.LAPSED
    return record.status


def note_look(context: PlanningContext) -> dict[str, date]:
    """When each kind was last read whole."""
    blind = {part.kind for part in context.live.unread}
    kinds = [kind for kind in context.organization.kinds if not KINDS[kind].is_told]
    read = [] if "" in blind else [kind for kind in kinds if kind not in blind]
    seen = {kind: context.live.seen_at(kind) for kind in sorted(read)}
    days = {kind: moment.date() if moment else context.today for kind, moment in seen.items()}
    return {**context.state.looked, **days}


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
        advice = f"to keep it as it is now: `reconciler adopt {drift.address}`"
        if fate is Fate.SETTLED or drift.sort is DriftSort.EXPIRED_BUT_ACTIVE:
            advice = ""
        elif is_masked(drift.address.key):  # nobody yet whom a manifest could name
            advice = "to keep it as it is now: declare the person under `people` with the whole address, then adopt it"
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
    """One at each address: of several, the last source knows best."""
    sources = (_drift_of_unverified, _drift_of_memory, _drift_of_records, _drift_of_strangers, _drift_of_unread)
    found = {one.address: one for source in sources for one in source(context)}
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
            if gained(context.organization.system, declared, live):
                yield _moved(context, declared, live)


def _drift_of_memory(context: PlanningContext) -> Iterator[Drift]:
    """What was done by hand, has been recorded since, and is still not as declared."""
    for address, known in context.state.drift.items():
        live = context.live.find(address)
        if known.sort not in _RECORDED_OVER or isinstance(live, Unknown) or known.live != fingerprint_of(live):
            continue
        wanted, there = context.wanted.get(address), unless_gone(live)
        if wanted is None and there is not None:
            yield replace(_added_outside(context, there), sort=known.sort)
        elif wanted is not None and not (there is not None and there.fits(wanted.attributes)):
            expected = Resource(address=address, attributes=wanted.attributes)
            yield replace(_moved(context, expected, live), sort=known.sort)


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
        marks=_marks(gained(context.organization.system, None, live), live, context),
        expected=expected,
        live=live,
        why=why,
        place=context.place_of(live.address),
    )


def _added_outside(context: PlanningContext, live: Resource) -> Drift:
    organization, levels = context.organization, list(Risk)
    gains = gained(organization.system, None, live)
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
    there = unless_gone(live)
    in_use = there if there is not None and there.status is Status.ACTIVE else None
    losses = gained(system, in_use, expected)
    if gains := gained(system, expected, there):
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
