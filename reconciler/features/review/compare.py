"""The whole comparison of what two revisions of the manifests want; nothing is known here of records or systems.

What everybody can do with each thing on one side, over all ways that lead there, is in `engine.entitlements`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypedDict, TypeVar

from reconciler.engine.context import approvals_of
from reconciler.engine.entitlements import Cell, dated_accesses, dated_accesses_of, reach, uncovered
from reconciler.engine.guards import marks_of, marks_of_strangers
from reconciler.engine.identities import Dispute, Identities, Names
from reconciler.features.review.model import (
    AccessChange,
    DangerousStep,
    DroppedOrganization,
    Effect,
    PersonChange,
    Rename,
    ThingChange,
    ValueChange,
)
from reconciler.model import (
    KINDS,
    Access,
    Action,
    Address,
    Approval,
    Declared,
    Desired,
    Mark,
    Organization,
    Person,
    Place,
    Shape,
    System,
    dataclass,
    is_administrator,
    is_downgrade,
    person_in,
)

Values = Mapping[str, str]
_Resources = Mapping[Address, Declared]
_LOWERING = frozenset({Action.CHANGE_SHARE, Action.CHANGE_GRANT, Action.CHANGE_LINK})
"""Dangerous only where they take something away."""


def compare(base: Desired, head: Desired, *, today: date) -> dict[str, Any]:
    """What a change from BASE to HEAD does to access from that day on, as fields of a `Review`."""
    names = _names_at_head(base, head)
    found: list[object] = [*_describe_displaced(names, base, head)]
    members: dict[str, set[str]] = {}
    for pair in _pairs(base, head, names):
        found += _compare_organization(pair, head, today=today)
        for address in pair.resources_before.keys() | pair.resources_after.keys():
            if person := person_in(address):
                members.setdefault(person, set()).add(pair.key)
    kinds = {
        "access": AccessChange,
        "things": ThingChange,
        "steps": DangerousStep,
        "dropped": DroppedOrganization,
        "notices": str,
    }
    return {
        **{name: tuple(one for one in found if isinstance(one, kind)) for name, kind in kinds.items()},
        "renames": tuple(_renames(names)),
        "people": tuple(_compare_people(base.people, head.people, organizations=members)),
        "approvals_given": _only_in(head.approvals, base.approvals),
        "approvals_withdrawn": _only_in(base.approvals, head.approvals),
    }


def _only_in(approvals: tuple[Approval, ...], others: tuple[Approval, ...]) -> tuple[Approval, ...]:
    known = {approval.terms for approval in others}
    return tuple(approval for approval in approvals if approval.terms not in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One organization on both sides."""

    key: str
    before: Organization | None
    after: Organization | None
    resources_before: _Resources
    resources_after: _Resources
    notice: str = ""
    """What to say of it besides its rows."""


def _pairs(base: Desired, head: Desired, names: Mapping[str, Names]) -> Iterator[_Pair]:
    """Every organization with what it was; two of them where one key means another organization at HEAD."""
    for key in sorted(base.organizations.keys() | head.organizations.keys()):
        before, after = base.organizations.get(key), head.organizations.get(key)
        had = _with_names(base.resources.get(key, {}), names.get(key, Names()))
        if before and after and (before.system.name, before.identity) != (after.system.name, after.identity):
            # What was under the key is told under one of its own.
            former = f"{key} ({before.identity})"
            left = {Address(former, *at[1:]): one for at, one in had.items() if at.kind != "organization"}
            yield _Pair(
                key=former,
                before=replace(before, key=former),
                after=None,
                resources_before={at: replace(one, address=at) for at, one in left.items()},
                resources_after={},
                notice=f"{key} is another organization on its system now: a plan does nothing there until somebody "
                "agrees, and what is live in the old one stays there",
            )
            before, had = None, {}
        now = head.resources.get(key, {})
        yield _Pair(key=key, before=before, after=after, resources_before=had, resources_after=now)


def _compare_organization(
    pair: _Pair, head: Desired, *, today: date
) -> Iterator[AccessChange | ThingChange | DangerousStep | DroppedOrganization | str]:
    """Everything that differs in one organization; a text is a notice about it."""
    before, after = pair.before or pair.after, pair.after or pair.before
    if before is None or after is None:
        return
    sides = (
        _ComparedSide(system=one.system, reach=reach(one.key, resources, system=one.system, today=today))
        for one, resources in ((before, pair.resources_before), (after, pair.resources_after))
    )
    access = _compare_access(*sides, allowed_domains=head.allowed_domains)
    if pair.notice:
        yield pair.notice
    elif pair.after is None:
        yield (
            f"{before.key} is no longer managed: a plan takes nothing away there, and nobody watches it any more; "
            "to take it down, declare it with `deleted: true`"
        )
    if pair.after is None and not before.deleted:
        # No manifest declares it any more, and no plan takes anything away there, so nothing of it is a loss.
        kept = {change.subject.key for change in access if change.subject.kind == "member"}
        yield DroppedOrganization(organization=after.key, people=tuple(sorted(kept)))
        return
    yield from access
    if found := _differing(pair.before, pair.after, _values_of_organization):
        yield ThingChange(address=Address.whole(after.key), marks=_marks_of(found["values"]), **found)
    yield from _compare_things(pair.resources_before, pair.resources_after, after.system)
    if pair.after is not None and not (pair.before is not None and pair.before.deleted and pair.after.deleted):
        yield from _dangerous_steps(pair, pair.after, approvals_of(head.approvals, after.key, today))


# What the change asks for that a plan would not do without an approval.


def _dangerous_steps(
    pair: _Pair, organization: Organization, approvals: Mapping[tuple[Address, Action], Approval]
) -> Iterator[DangerousStep]:
    """The dangerous steps in one organization that is declared on both sides or new, by address.

    Told from the manifests alone: what is done already asks for no step, and is then not in the plan.
    """
    system = organization.system
    for address, action, place in _steps(pair.resources_before, pair.resources_after, organization):
        irreversible, approval = system.irreversible.get(action, ""), approvals.get((address, action))
        if why := irreversible or system.disruptive.get(action, ""):
            is_final = bool(irreversible)
            yield DangerousStep(
                action=action, address=address, why=why, irreversible=is_final, approval=approval, place=place
            )


def _steps(
    before: _Resources, after: _Resources, organization: Organization
) -> Iterator[tuple[Address, Action, Place]]:
    system = organization.system
    if organization.deleted:
        # All that is in it goes with it, in one step.
        yield Address.whole(organization.key), Action.DELETE_ORGANIZATION, organization.place
        return
    for address in sorted(before.keys() | after.keys()):
        was, becomes = before.get(address), after.get(address)
        if was is None and becomes is not None:
            yield address, KINDS[address.kind].create, becomes.place
        elif becomes is None and was is not None:
            yield address, KINDS[address.kind].delete, was.place
        elif was is not None and becomes is not None and was.attributes != becomes.attributes:
            kind, had, has = KINDS[address.kind], was.attributes, becomes.attributes
            loses_admin = is_administrator(system, kind.name, had) and not is_administrator(system, kind.name, has)
            lowers = is_downgrade(system, kind.name, before=had, after=has)
            if loses_admin and not system.demotes_admins:
                yield address, Action.REMOVE_AND_INVITE, becomes.place
            elif kind.change and (lowers or kind.change not in _LOWERING):
                yield address, kind.change, becomes.place


# What is called differently on both sides and is the same, and what only seems to be the same under one key.


def _names_at_head(base: Desired, head: Desired) -> dict[str, Names]:
    """Organization -> what its things of BASE are called at HEAD, told as a plan tells it of what is recorded.

    Something whose key means another one at HEAD goes by its identity: what is on it is lost, and gained on the other.
    """
    identities, found = Identities(head), {}
    for organization, resources in base.resources.items():
        known = {at: one.identity for at, one in resources.items()}
        numbers = {at: one.platform_id for at, one in resources.items()}
        found[organization] = _without_passed_on(identities.names(organization, known, numbers=numbers), base, head)
    return found


def _without_passed_on(names: Names, base: Desired, head: Desired) -> Names:
    """Without names of somebody whom BASE knows as somebody else: an address passed on, which records cannot show."""
    moved = {(move.source.kind, move.source.key) for move in head.moves}
    passed_on = {
        (kind, key)
        for (kind, key), now in names.keys.items()
        if kind == "member" and key in base.people and now in base.people and (kind, key) not in moved
    }
    disputes = [
        Dispute(identity=base.people[key].identities.get("email", key), recorded=key, declared=names.keys[kind, key])
        for kind, key in sorted(passed_on)
    ]
    return replace(
        names,
        keys={name: now for name, now in names.keys.items() if name not in passed_on},
        recorded=names.recorded - passed_on,
        disputes=(*names.disputes, *disputes),
    )


def _renames(names: Mapping[str, Names]) -> Iterator[Rename]:
    """Members and assets of BASE that have another name at HEAD, by address."""
    for organization, found in sorted(names.items()):
        for kind, key in sorted(found.recorded - found.displaced):
            now = found.keys[kind, key]
            yield Rename(before=Address(organization, kind, key), after=Address(organization, kind, now))


def _describe_displaced(names: Mapping[str, Names], base: Desired, head: Desired) -> Iterator[str]:
    """What a reader would otherwise take for the same, because it has the same key."""
    for organization, found in sorted(names.items()):
        for kind, key in sorted(found.displaced):
            address = Address(organization, kind, key)
            now = head.resources.get(organization, {}).get(address)
            became = f", which is {now.identity} now" if now else ""
            former = base.resources[organization][address].identity
            yield f"{KINDS[kind].title} {former} of {organization} had the key {key}{became}: these are two things"
        for one in found.disputes:
            yield (
                f"{one.identity} was the address of {one.recorded} in {organization} and is that of {one.declared} "
                "now: these are two people, and a plan waits until somebody decides about the account"
            )


def _with_names(resources: _Resources, names: Names) -> dict[Address, Declared]:
    """The same declarations under the names that they have at HEAD; what hangs on a thing goes along with it."""
    moved = {names.today(address): declared for address, declared in resources.items()}
    return {at: one if at == one.address else replace(one, address=at) for at, one in moved.items()}


# What differs in one organization and in the directory.


@dataclass(frozen=True, slots=True, kw_only=True)
class _ComparedSide:
    """One organization on one side."""

    system: System
    reach: Mapping[Cell, Access]

    def first_things(self) -> dict[Address, Address]:
        """Subject -> what comes first of all it has: the membership, or the first thing that is shared."""
        first: dict[Address, Address] = {}
        for subject, on in self.reach:
            first[subject] = min(on, first.get(subject, on), key=lambda thing: (thing.kind != "organization", thing))
        return first


def _compare_access(
    before: _ComparedSide, after: _ComparedSide, *, allowed_domains: Collection[str]
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


def _compare_things(before: _Resources, after: _Resources, system: System) -> Iterator[ThingChange]:
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


def _compare_people(
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
