"""The risk of every step of a plan, told from what somebody can do before and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from reconciler.engine.access_paths import DatedAccess, dated_accesses, uncovered
from reconciler.engine.guards import find_damage
from reconciler.model.address import KINDS, Address, Shape, person_in
from reconciler.model.change import Change, Mark, Waiting, risk_of
from reconciler.model.declared import Declared
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import Attributes, Resource
from reconciler.model.system import System

_Step = TypeVar("_Step", bound=Change | Waiting)
_OTHER_PEOPLE = "@"
"""What the key of somebody who is not in the directory has and no other key."""


def with_risks(
    part: OrganizationPlan,
    system: System,
    *,
    wanted: Mapping[Address, Declared],
    allowed_domains: Collection[str] = (),
) -> OrganizationPlan:
    """The same plan; each step says its risk, and the day on which what it gives ends."""
    judge = _StepJudge(system, wanted, allowed_domains)
    return replace(
        part,
        changes=tuple(map(judge.judged, part.changes)),
        waiting=tuple(map(judge.judged, part.waiting)),
        blocked=tuple(replace(one, change=judge.judged(one.change)) for one in part.blocked),
    )


class _StepJudge:
    """Judges the steps of one organization; many of them differ in nothing but whom they are about."""

    def __init__(self, system: System, wanted: Mapping[Address, Declared], domains: Collection[str]) -> None:
        self._system, self._wanted, self._domains = system, wanted, domains
        self._known: dict[object, tuple[tuple[Mark, ...], bool]] = {}

    def judged(self, step: _Step) -> _Step:
        system, action = self._system, step.action
        had, gets = _there(step.before), _there(step.after)
        key = (step.address.kind, action, _frozen(had), _frozen(gets))
        if key not in self._known:
            self._known[key] = _judge(system, step.address.kind, had, gets)
        found, gains = self._known[key]
        marks = list(found)
        if isinstance(step, Change) and step.approval:
            marks.insert(0, Mark.GUARD)
        if isinstance(step, Change) and find_damage(step, system):
            marks.insert(0, Mark.DISRUPTIVE)
        if action in system.irreversible:
            marks.insert(0, Mark.IRREVERSIBLE)
        person = person_in(step.address)
        if gains and person:
            member = self._wanted.get(Address(step.address.organization, "member", person))
            marks += marks_of_strangers(person, member.identity if member else "", self._domains)
        wanted = self._wanted.get(step.address) if step.after is not None else None
        expires = wanted.expires if wanted is not None else None
        if not marks and not gains and expires is None:
            return step
        return replace(step, risk=risk_of(marks, gains=gains), marks=tuple(marks), expires=expires)


def _there(resource: Resource | None) -> Attributes | None:
    return None if resource is None or resource.status.is_gone else resource.attributes


def _frozen(attributes: Attributes | None) -> object:
    return None if attributes is None else tuple(sorted(attributes.items()))


def _judge(system: System, kind: str, had: Attributes | None, gets: Attributes | None) -> tuple[tuple[Mark, ...], bool]:
    """Why a step deserves a second look, and whether anybody gains by it."""
    held, holds = (() if side is None else tuple(dated_accesses(kind, side, system)) for side in (had, gets))
    won, lost = uncovered(holds, held), uncovered(held, holds)
    return tuple(marks_of(kind, (*won, *lost))), any(map(is_access(kind), won))


def is_access(kind: str) -> Callable[[DatedAccess], bool]:
    """Whether something that can be done with a thing of this kind is access: that an asset is there gives none yet."""
    shape = KINDS[kind].shape
    if shape in (Shape.MEMBERSHIP, Shape.GRANT) or kind == "partner":
        return lambda _: True
    return lambda one: one.dimension.startswith("permission ")


def marks_of(kind: str, differing: Iterable[DatedAccess]) -> Iterator[Mark]:
    """Why it deserves a second look that somebody can do this more, or no more, with something of a kind."""
    found = list(differing)
    if any(one.administers for one in found):
        yield Mark.ADMIN
    if found and (kind == "partner" or KINDS[kind].is_share):
        yield Mark.COMPANY
    if any(one.reads_messages for one in found):
        yield Mark.MESSAGES
    if any(one.handles_money for one in found):
        yield Mark.MONEY


def marks_of_strangers(person: str, identity: str, allowed_domains: Collection[str]) -> Iterator[Mark]:
    """Whether somebody is known to the company, by the key and the address under which they are a member."""
    domain = identity.rpartition("@")[2] if "@" in identity else ""
    if domain and allowed_domains and domain not in allowed_domains:
        yield Mark.OUTSIDE_DOMAINS
    if _OTHER_PEOPLE in person:
        yield Mark.OUTSIDE_DIRECTORY
