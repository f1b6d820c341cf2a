"""What differs in one organization and in the directory: access with its marks, things, and people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from math import inf
from typing import TypedDict, TypeVar

from reconciler.engine.entitlements import Cell, dated_accesses, dated_accesses_of, uncovered
from reconciler.engine.guards import marks_of, marks_of_strangers
from reconciler.features.review.model import AccessChange, Effect, PersonChange, SettingChange, ThingChange, ValueChange
from reconciler.model.address import KINDS, Address, Shape
from reconciler.model.change import Access, Mark
from reconciler.model.declared import Declared, Organization, Person
from reconciler.model.finding import Place
from reconciler.model.system import System
from reconciler.model.values import dataclass

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSide:
    """One organization on one side."""

    system: System
    reach: Mapping[Cell, Access] = field(default_factory=dict)

    def first_things(self) -> dict[Address, Address]:
        """Subject -> what comes first of all it has: the membership, or the first thing that is shared."""
        first: dict[Address, Address] = {}
        for subject, on in self.reach:
            first[subject] = min(on, first.get(subject, on), key=lambda thing: (thing.kind != "organization", thing))
        return first


def compare_access(
    before: ComparedSide, after: ComparedSide, *, allowed_domains: Collection[str]
) -> list[AccessChange]:
    """Every person or partner and thing where it differs, in reading order."""
    first_before, first_after = before.first_things(), after.first_things()
    changes = []
    for cell in before.reach.keys() | after.reach.keys():
        had, has = before.reach.get(cell), after.reach.get(cell)
        if had == has:
            continue
        subject, on = cell
        held, holds = dated_accesses_of(had, before.system), dated_accesses_of(has, after.system)
        lost, won = uncovered(held, by=holds), uncovered(holds, by=held)
        is_other_account = had is not None and has is not None and had.identity != has.identity
        pieces = (*held, *holds) if is_other_account else (*lost, *won)
        marks = list(marks_of(subject.kind, pieces))
        if had and has and any(way.protect for way in had.ways) and not any(way.protect for way in has.ways):
            marks.insert(0, Mark.GUARD)
        if subject.kind == "member":
            membership = (subject, Address.whole(subject.organization))
            known = after.reach.get(membership) or before.reach.get(membership)
            marks += marks_of_strangers(subject.key, known.identity if known else "", allowed_domains)
        if is_other_account:
            marks.append(Mark.ACCOUNT)
        # Told once for everything somebody gets or loses, at what comes first of it.
        if subject not in first_before and first_after[subject] == on:
            marks.append(Mark.FIRST)
        if subject not in first_after and first_before[subject] == on:
            marks.append(Mark.LAST)
        gained = Effect.GAIN if won else Effect.WAY
        effect = (Effect.BOTH if won else Effect.LOSS) if lost else gained
        changes.append(AccessChange(subject=subject, on=on, before=had, after=has, effect=effect, marks=tuple(marks)))
    return sorted(changes, key=lambda change: change.rank)


class _Differing(TypedDict):
    """What every change of a thing says; fields as in `ThingChange`."""

    before: Place | None
    after: Place | None
    values: tuple[ValueChange, ...]


_Thing = TypeVar("_Thing", Declared, Organization, Person)


def _differing(was: _Thing | None, becomes: _Thing | None, values_of: Callable[[_Thing], Values]) -> _Differing | None:
    """Where something is on both sides and which of its values differ; None when it is the same."""
    values = compare_values(values_of(was) if was else {}, values_of(becomes) if becomes else {})
    if was and becomes:
        values = tuple(replace(one, marks=(Mark.GUARD,)) if _is_weaker(one) else one for one in values)
    if was and becomes and not values:
        return None
    return {"before": was.place if was else None, "after": becomes.place if becomes else None, "values": values}


def compare_organization(key: str, before: Organization | None, after: Organization | None) -> Iterator[ThingChange]:
    """The organization itself, apart from what is in it; nothing when it is the same."""
    if found := _differing(before, after, _values_of_organization):
        yield ThingChange(address=Address.whole(key), marks=_marks_of(found["values"]), **found)


def compare_things(
    before: Mapping[Address, Declared], after: Mapping[Address, Declared], system: System
) -> Iterator[ThingChange]:
    """Assets, and edges that give nobody access by themselves, by address."""
    for address in sorted(before.keys() | after.keys()):
        kind = KINDS[address.kind]
        is_edge_between_things = kind.shape is Shape.GRANT and kind.person_part is None and not kind.is_share
        if kind.shape is Shape.ASSET or is_edge_between_things:
            sides = before.get(address), after.get(address)
            if found := _differing(*sides, _values_of_thing):
                held, holds = (
                    tuple(dated_accesses(address.kind, one.attributes, system)) if one else () for one in sides
                )
                marks = (*_marks_of(found["values"]), *marks_of(address.kind, uncovered(holds, by=held)))
                yield ThingChange(address=address, marks=marks, **found)


def _marks_of(values: Iterable[ValueChange]) -> tuple[Mark, ...]:
    return tuple(dict.fromkeys(mark for value in values for mark in value.marks))


def _is_weaker(change: ValueChange) -> bool:
    """Whether less is watched, held back or set right, or more is taken away than somebody has written down."""
    match change.name:
        case "mode":
            # Without an end either way: what nobody declared goes at once, or stays for good.
            return True
        case "manages":
            was, becomes = (set(filter(None, side.split(", "))) for side in (change.before, change.after))
            return bool(becomes) and (not was or bool(was - becomes))
        case "protect":
            return change.before == "true"
        case "deleted":
            return change.after == "true"
    return False


_LOOSER_UP = frozenset({"max_removal_ratio", "removal_ratio_from", "max_approval_days", "max_drift_age"})
_LOOSER_UP |= {"max_invitations", "pending_days", "max_expired_invitations", "max_roster_age", "review_every"}
_LOOSER_DOWN = frozenset({"min_admins", "lockout_notice_days"})
"""Numbers of the workspace file by which guards hold back less when they grow, or when they shrink."""
_SEVERITIES = ("off", "note", "warning", "error")


def compare_settings(before: Values, after: Values, places: Mapping[str, Place]) -> tuple[SettingChange, ...]:
    """What changes in the workspace file; everything that is not known to be stricter counts as a weaker guard.

    Nothing is weaker than what was not there: a workspace that is new is judged as a whole. The places are those of
    keys by dotted name.
    """
    changes = []
    for one in compare_values(before, after):
        marks = (Mark.GUARD,) if before and not _is_stricter(one) else ()
        written = one.name
        while written and written not in places:
            written = written.rpartition(".")[0]
        place = places.get(written)
        changes.append(SettingChange(name=one.name, before=one.before, after=one.after, marks=marks, place=place))
    return tuple(changes)


def _is_stricter(change: ValueChange) -> bool:
    name, was, becomes = change.name.rpartition(".")[2], change.before, change.after
    if name in _LOOSER_UP or name in _LOOSER_DOWN:
        # Without a number there is no limit; nothing is reviewed every 0 days.
        limits = [
            inf if side in ("", "0" if name == "review_every" else "") else float(side) for side in (was, becomes)
        ]
        return limits[0] >= limits[1] if name in _LOOSER_UP else float(was or 0) <= float(becomes or 0)
    listed, lists = (set(filter(None, side.split(", "))) for side in (was, becomes))
    if change.name == "guards.required_admins":
        return listed <= lists
    if change.name == "allowed_domains":
        return bool(lists) and (not listed or lists <= listed)
    if change.name.startswith("policies.exceptions."):
        return not becomes
    if change.name.startswith("policies.custom."):
        return not was
    if name == "severity" and was in _SEVERITIES and becomes in _SEVERITIES:
        return _SEVERITIES.index(was) <= _SEVERITIES.index(becomes)
    return name == "severity" and becomes == "error"


def compare_people(
    before: Mapping[str, Person], after: Mapping[str, Person], *, organizations: Mapping[str, Collection[str]]
) -> Iterator[PersonChange]:
    """Entries of the directory, by key; `organizations` says where each person has access on either side."""
    for key in sorted(before.keys() | after.keys()):
        if found := _differing(before.get(key), after.get(key), _values_of_person):
            yield PersonChange(key=key, organizations=tuple(sorted(organizations.get(key, ()))), **found)


def compare_values(before: Values, after: Values) -> tuple[ValueChange, ...]:
    """The values that differ, in the order in which they are usually written; an empty one is as good as none."""
    return tuple(
        ValueChange(name=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in dict.fromkeys((*before, *after))
        if before.get(name, "") != after.get(name, "")
    )


def _values_of_organization(organization: Organization) -> Values:
    system = organization.system
    return {
        "system": f"{system.name} ({system.variant})" if system.variant else system.name,
        "identity": organization.identity,
        "name": organization.name,
        "mode": organization.mode.value,
        "manages": ", ".join(sorted(organization.manages)),
        "deleted": "true" if organization.deleted else "",
    }


def _values_of_thing(declared: Declared) -> Values:
    attributes = {
        name: value if isinstance(value, str) else ", ".join(value) for name, value in declared.attributes.items()
    }
    protect = {} if declared.protect is None else {"protect": str(declared.protect).lower()}
    return {"identity": declared.identity, "id": declared.platform_id, **attributes, **declared.details, **protect}


def _values_of_person(person: Person) -> Values:
    return {
        "name": person.name,
        **person.identities,
        "employment": person.employment,
        "language": person.language,
        "starts": str(person.starts or ""),
        "ends": str(person.ends or ""),
        **{f"statements.{name}": str(day) for name, day in person.statements.items()},
        **{f"registered.{name}": "false" for name in sorted(person.unregistered)},
    }
