"""What is live and was not made so by this tool.

Compared with what was recorded, because what is recorded is what this tool knew last; what nobody recorded is compared
with what is declared. Something that is declared and was not applied yet is no drift: a plan tells of it. An apply
records what it sees, whether or not it sets it right; so what is known to have been done by hand stays drift until it
is as declared.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from reconciler.core.address import Address
from reconciler.core.declared import Mode
from reconciler.core.drifting import Deviation, DriftSeverity, DriftSort, KnownDrift, known_from
from reconciler.core.kinds import KINDS, Shape
from reconciler.core.live import Unknown
from reconciler.core.planning.orders import carried_out
from reconciler.core.planning.situation import Situation
from reconciler.core.planning.weighing import compare, one_less, severity_of_gains, severity_of_losses
from reconciler.core.resource import Resource, Status, fingerprint_of
from reconciler.core.state import Record

_RECORDED_OVER = (DriftSort.CHANGED, DriftSort.GONE)
"""What cannot be told from what is recorded any more once an apply has recorded it."""


def find_deviations(situation: Situation) -> list[Deviation]:
    """Every difference in one organization, by address; nothing is said of what could not be read."""
    found = {one.address: one for one in (*_of_records(situation), *_of_strangers(situation))}
    found |= {one.address: one for one in _of_memory(situation) if one.address not in found}
    renamed = {address.key for address, one in found.items() if one.sort is DriftSort.RENAMED and _is_member(address)}
    return [found[address] for address in sorted(found) if not _goes_along(found[address], renamed, situation)]


def _goes_along(found: Deviation, renamed: Container[str], situation: Situation) -> bool:
    """Whether it is what a person had who is declared under another key now; that is told of the person."""
    is_gone = found.sort is DriftSort.GONE and not _is_member(found.address)
    return is_gone and situation.person_of(found.address) in renamed


def _is_member(address: Address) -> bool:
    return KINDS[address.kind].shape is Shape.MEMBERSHIP


def take_note(situation: Situation) -> dict[Address, KnownDrift]:
    """What to know of drift after an apply, which records what it sees: else nobody would ever be told of it."""
    known = {address: one for address, one in situation.state.drift.items() if one.told}
    for found in find_deviations(situation):
        before = situation.state.drift.get(found.address)
        if found.sort not in _RECORDED_OVER or (before is not None and before.told and before.is_about(found)):
            continue
        is_same = before is not None and before.is_about(found)
        first_seen = before.first_seen if before is not None and is_same else situation.today
        known[found.address] = known_from(found, first_seen=first_seen, told=False)
    return known


def _of_records(situation: Situation) -> Iterator[Deviation]:
    """What became of things that this tool has made or taken over."""
    asked = carried_out(situation)
    for address, record in situation.state.records.items():
        live = situation.live.find(address)
        if isinstance(live, Unknown):
            continue
        expected = _as_resource(record)
        if live is not None and not live.status.is_gone and (why := _why_over(address, situation)):
            yield _overstayed(address, situation, expected=expected, live=live, why=why)
        elif address not in asked and not _is_as(record, live, situation) and not _is_undone(address, live, situation):
            yield _moved(situation, expected, live)


def _of_strangers(situation: Situation) -> Iterator[Deviation]:
    """What nobody recorded, or what is there although it had ended."""
    for address, live in situation.live.resources.items():
        record = situation.state.records.get(address)
        if live.status.is_gone or (record is not None and not record.status.is_gone):
            continue
        wanted = situation.wanted.get(address)
        if why := _why_over(address, situation):
            yield _overstayed(address, situation, expected=None, live=live, why=why)
        elif wanted is None and not _waits_for_an_order(address, situation):
            yield _appeared(situation, live)
        elif wanted is not None and not live.fits(wanted.attributes):
            declared = Resource(address=address, attributes=wanted.attributes)
            gains, _ = compare(situation.organization.system, declared, live)
            if gains:
                yield _moved(situation, declared, live)


def _of_memory(situation: Situation) -> Iterator[Deviation]:
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
            found = _appeared(situation, live)
        else:
            found = None if live.fits(declared.attributes) else _moved(situation, declared, live)
        if found is not None:
            yield replace(found, sort=known.sort)


def _as_resource(record: Record) -> Resource:
    return Resource(
        address=record.address,
        attributes=record.attributes,
        status=record.status,
        identity=record.identity,
        unread=record.unread,
    )


def _is_as(record: Record, live: Resource | None, situation: Situation) -> bool:
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


def _is_undone(address: Address, live: Resource | None, situation: Situation) -> bool:
    """Whether something that is known as drift is as declared again."""
    known, wanted = situation.state.drift.get(address), situation.wanted.get(address)
    if known is None or known.sort not in _RECORDED_OVER or wanted is None or live is None:
        return False
    return live.status is Status.ACTIVE and live.fits(wanted.attributes)


def _waits_for_an_order(address: Address, situation: Situation) -> bool:
    """Whether somebody was asked to make it, and has."""
    return address in situation.asked_for


def _why_over(address: Address, situation: Situation) -> str:
    """Why somebody or something should not be there today; empty when it may."""
    ended = situation.ended.get(address)
    if ended is not None:
        return ended.why
    person = situation.person_of(address)
    if not person or address in situation.wanted:
        return ""
    if situation.time_is_over(person):
        return f"{person} has left: ends {situation.people[person].ends}"
    if address in situation.state.records and situation.has_left(person):
        return f"{person} is not in the directory any more"
    return ""


def _overstayed(
    address: Address, situation: Situation, *, expected: Resource | None, live: Resource, why: str
) -> Deviation:
    return Deviation(
        address=address,
        sort=DriftSort.OVERSTAYED,
        severity=DriftSeverity.CRITICAL,
        expected=expected,
        live=live,
        why=why,
        advice="run `reconciler plan`: it takes this away",
        place=situation.place_of(address),
    )


def _appeared(situation: Situation, live: Resource) -> Deviation:
    organization = situation.organization
    gains, _ = compare(organization.system, None, live)
    severity = severity_of_gains(gains, live.address, situation)
    why = "nobody declared it"
    advice = f"declare it (`reconciler adopt {live.address}`), or take it away where it was given"
    if organization.mode is Mode.AUTHORITATIVE and situation.is_ours(live.address):
        advice = f"the next apply takes it away; to keep it, declare it (`reconciler adopt {live.address}`)"
    elif organization.mode is Mode.ADDITIVE:
        severity = severity if severity is DriftSeverity.CRITICAL else one_less(severity)
        why = "nobody declared it, and the organization is managed additively"
    return Deviation(
        address=live.address,
        sort=DriftSort.APPEARED,
        severity=severity,
        expected=None,
        live=live,
        why=why,
        advice=advice,
        place=situation.place_of(live.address),
    )


def _moved(situation: Situation, expected: Resource, live: Resource | None) -> Deviation:
    """Something known that is not as it was."""
    address = expected.address
    there = live if live is not None and not live.status.is_gone else None
    in_use = there if there is not None and there.status is Status.ACTIVE else None
    gains, _ = compare(situation.organization.system, expected, there)
    _, losses = compare(situation.organization.system, expected, in_use)
    renamed = _find_renamed(situation, expected) if there is None else None
    if renamed is not None:
        return _renamed(situation, expected, renamed)
    severity = severity_of_gains(gains, address, situation) if gains else severity_of_losses(losses, address)
    wanted = situation.wanted.get(address)
    why = "it was taken away" if there is None else "it is not as recorded"
    if in_use is not None and wanted is not None and in_use.fits(wanted.attributes):
        why, severity = "somebody has already made it what is declared", DriftSeverity.LOW
    elif there is None and wanted is None:
        why, severity = "it is gone, as declared", DriftSeverity.LOW
    return Deviation(
        address=address,
        sort=DriftSort.CHANGED if there is not None else DriftSort.GONE,
        severity=severity,
        expected=expected,
        live=live,
        why=why,
        advice=f"`reconciler plan` shows what sets it right; to keep it, run `reconciler adopt {address}`",
        place=situation.place_of(address),
    )


def _find_renamed(situation: Situation, expected: Resource) -> Address | None:
    """The declared address under which the same identity is live now."""
    if not expected.identity or len(expected.address.parts) > 1:
        return None
    return next(
        (
            address
            for address, live in situation.live.resources.items()
            if address.kind == expected.address.kind
            and address in situation.wanted
            and address not in situation.state.records
            and live.identity.casefold() == expected.identity.casefold()
        ),
        None,
    )


def _renamed(situation: Situation, expected: Resource, address: Address) -> Deviation:
    return Deviation(
        address=expected.address,
        sort=DriftSort.RENAMED,
        severity=DriftSeverity.LOW,
        expected=expected,
        live=None,
        why=f"{expected.identity} is {address} in the manifests now",
        advice=f"say so under `moved:`: - {{from: {expected.address}, to: {address}}}",
        place=situation.place_of(address),
    )
