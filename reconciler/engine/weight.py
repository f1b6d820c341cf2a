"""How much a difference matters: by what somebody can do more or less than before, and by who they are."""

from __future__ import annotations

from reconciler.engine.context import PlanningContext
from reconciler.engine.coverage import DatedAccess, claims_of, uncovered
from reconciler.model.access import Access, AccessPath
from reconciler.model.address import Address
from reconciler.model.drift import DriftSeverity
from reconciler.model.finding import Place
from reconciler.model.kinds import KINDS, Shape
from reconciler.model.resource import Resource
from reconciler.model.system import System

_NOWHERE = Place("", 1, 1)
_OTHER_PEOPLE = "@"
"""What the key of somebody who is not in the directory has and no other key."""


def severity_of_gains(gains: tuple[DatedAccess, ...], address: Address, situation: PlanningContext) -> DriftSeverity:
    """Of more access than there should be; people and money before everything else, then strangers and partners."""
    if any(claim.administers or claim.handles_money for claim in gains):
        return DriftSeverity.CRITICAL
    if KINDS[address.kind].shape in (Shape.ASSET, Shape.ORGANIZATION):
        return DriftSeverity.HIGH if address.kind in ("app", "partner", "tiktok_account") else DriftSeverity.LOW
    person = situation.person_of(address)
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
