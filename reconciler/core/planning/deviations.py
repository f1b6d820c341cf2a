"""What is live and was not made so by this tool, and how much each difference matters.

Compared with what was recorded, because what is recorded is what this tool knew last; what nobody recorded is compared
with what is declared. Something that is declared and was not applied yet is no drift: a plan tells of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.address import Address
from reconciler.core.comparison.claims import Claim, claims_of, uncovered
from reconciler.core.declared import Mode
from reconciler.core.drifting import Deviation, DriftSeverity, DriftSort
from reconciler.core.finding import Place
from reconciler.core.kinds import KINDS, Shape
from reconciler.core.live import Unknown
from reconciler.core.planning.situation import Situation
from reconciler.core.resource import Resource, Status
from reconciler.core.review import Access, Way
from reconciler.core.state import Record
from reconciler.core.system import System

_NOWHERE = Place("", 1, 1)
_OTHER_PEOPLE = "@"
"""What the key of somebody who is not in the directory has and no other key."""


def find_deviations(situation: Situation) -> list[Deviation]:
    """Every difference in one organization, by address; nothing is said of what could not be read."""
    found = [*_of_records(situation), *_of_strangers(situation)]
    return sorted(found, key=lambda deviation: deviation.address)


def _of_records(situation: Situation) -> Iterator[Deviation]:
    """What became of things that this tool has made or taken over."""
    for address, record in situation.state.records.items():
        live = situation.live.find(address)
        if isinstance(live, Unknown):
            continue
        expected = _as_resource(record)
        if live is not None and not live.status.is_gone and (why := _why_over(address, situation)):
            yield _overstayed(address, situation, expected=expected, live=live, why=why)
        elif record.status is Status.ACTIVE and not _is_as(record, live):
            yield _moved(situation, expected, live)


def _of_strangers(situation: Situation) -> Iterator[Deviation]:
    """What nobody recorded."""
    for address, live in situation.live.resources.items():
        if address in situation.state.records or live.status.is_gone:
            continue
        wanted = situation.wanted.get(address)
        if why := _why_over(address, situation):
            yield _overstayed(address, situation, expected=None, live=live, why=why)
        elif wanted is None and not _waits_for_an_order(address, situation):
            yield _appeared(situation, live)
        elif wanted is not None and not live.fits(wanted.attributes):
            declared = Resource(address=address, attributes=wanted.attributes)
            gains, _ = _compare(situation.organization.system, declared, live)
            if gains:
                yield _moved(situation, declared, live)


def _as_resource(record: Record) -> Resource:
    return Resource(
        address=record.address,
        attributes=record.attributes,
        status=record.status,
        identity=record.identity,
        unread=record.unread,
    )


def _is_as(record: Record, live: Resource | None) -> bool:
    return live is not None and live.status is Status.ACTIVE and live.shows(record.attributes)


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
    gains, _ = _compare(organization.system, None, live)
    severity = _severity_of_gains(gains, live.address, situation)
    why = "nobody declared it"
    advice = f"declare it (`reconciler adopt {live.address}`), or take it away where it was given"
    if organization.mode is Mode.AUTHORITATIVE and situation.is_ours(live.address):
        advice = f"the next apply takes it away; to keep it, declare it (`reconciler adopt {live.address}`)"
    elif organization.mode is Mode.ADDITIVE:
        severity = _one_less(severity)
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
    gains, losses = _compare(situation.organization.system, expected, there)
    renamed = _find_renamed(situation, expected) if there is None else None
    if renamed is not None:
        return _renamed(situation, expected, renamed)
    severity = _severity_of_gains(gains, address, situation) if gains else _severity_of_losses(losses, address)
    wanted = situation.wanted.get(address)
    why = "it was taken away" if there is None else "it is not as recorded"
    if there is not None and wanted is not None and there.fits(wanted.attributes):
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
        advice=f"plan and apply set it right; to keep it, run `reconciler adopt {address}`",
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


def _severity_of_gains(gains: tuple[Claim, ...], address: Address, situation: Situation) -> DriftSeverity:
    if any(claim.administers or claim.handles_money for claim in gains):
        return DriftSeverity.CRITICAL
    if KINDS[address.kind].shape in (Shape.ASSET, Shape.ORGANIZATION):
        return DriftSeverity.HIGH if address.kind in ("app", "partner", "tiktok_account") else DriftSeverity.LOW
    person = situation.person_of(address)
    if _OTHER_PEOPLE in person or (not person and address.kind == "partner_share"):
        return DriftSeverity.HIGH
    return DriftSeverity.MEDIUM


def _severity_of_losses(losses: tuple[Claim, ...], address: Address) -> DriftSeverity:
    if any(claim.administers for claim in losses) or address.kind == "app":
        return DriftSeverity.HIGH
    return DriftSeverity.LOW


def _one_less(severity: DriftSeverity) -> DriftSeverity:
    levels = list(DriftSeverity)
    return levels[min(severity.rank + 1, len(levels) - 1)]


def _compare(
    system: System, before: Resource | None, after: Resource | None
) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """What the second has more than the first, and what it has less."""
    had, has = _claims(system, before), _claims(system, after)
    return uncovered(has, had), uncovered(had, has)


def _claims(system: System, resource: Resource | None) -> tuple[Claim, ...]:
    if resource is None:
        return ()
    way = Way(address=resource.address, attributes=resource.attributes, place=_NOWHERE)
    return claims_of(Access(attributes=resource.attributes, ways=(way,)), system)
