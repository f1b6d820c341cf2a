"""Bringing what was remembered up to what is live, and what a look could not show.

The planner reasons over the result and apply stores it, so that a declined invitation, a person who left or an owner
who revoked is remembered even where the system simply shows nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

from reconciler.engine.context import PlanningContext
from reconciler.model.address import KINDS, Address, Shape
from reconciler.model.declared import Declared, tells_account
from reconciler.model.resource import Attributes, Live, Part, Resource, Status, Unknown
from reconciler.model.state import Record, State
from reconciler.model.system import System


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
    if wanted is None or wanted.protect is None or wanted.protect == record.protect:
        return record
    return replace(record, protect=wanted.protect)


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
