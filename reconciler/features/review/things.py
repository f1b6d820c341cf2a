"""Organizations, assets, connections between assets and people that appear, change or go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.features.review.model import PersonChange, ThingChange, ValueChange
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Organization, Person
from reconciler.model.kinds import KINDS, Shape

Values = Mapping[str, str]


def compare_organization(before: Organization | None, after: Organization | None) -> ThingChange | None:
    """The organization itself, apart from what is in it; None when it is the same."""
    values = compare_values(_values_of_organization(before), _values_of_organization(after))
    either = after or before
    if either is None or not values:
        return None
    return ThingChange(
        address=Address.whole(either.key),
        before=before.place if before else None,
        after=after.place if after else None,
        values=values,
    )


def compare_things(before: Mapping[Address, Declared], after: Mapping[Address, Declared]) -> Iterator[ThingChange]:
    """Assets, and edges that give nobody access by themselves, by address."""
    for address in sorted(before.keys() | after.keys()):
        if not _is_thing(address):
            continue
        was, becomes = before.get(address), after.get(address)
        values = compare_values(_values_of_thing(was), _values_of_thing(becomes))
        if values or was is None or becomes is None:
            yield ThingChange(
                address=address,
                before=was.place if was else None,
                after=becomes.place if becomes else None,
                values=values,
            )


def _is_thing(address: Address) -> bool:
    kind = KINDS[address.kind]
    is_edge_between_things = kind.shape is Shape.GRANT and kind.person_part is None and not kind.is_share
    return kind.shape is Shape.ASSET or is_edge_between_things


def compare_people(
    before: Mapping[str, Person], after: Mapping[str, Person], *, organizations: Mapping[str, frozenset[str]]
) -> Iterator[PersonChange]:
    """Entries of the directory, by key; `organizations` says where each person has access on either side."""
    for key in sorted(before.keys() | after.keys()):
        was, becomes = before.get(key), after.get(key)
        values = compare_values(_values_of_person(was), _values_of_person(becomes))
        if values or was is None or becomes is None:
            yield PersonChange(
                key=key,
                before=was.place if was else None,
                after=becomes.place if becomes else None,
                values=values,
                organizations=tuple(sorted(organizations.get(key, ()))),
            )


def compare_values(before: Values, after: Values) -> tuple[ValueChange, ...]:
    """The values that differ, in the order in which they are usually written; an empty one is as good as none."""
    return tuple(
        ValueChange(name=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in dict.fromkeys((*before, *after))
        if before.get(name, "") != after.get(name, "")
    )


def _values_of_organization(organization: Organization | None) -> Values:
    if organization is None:
        return {}
    system = organization.system
    return {
        "system": f"{system.name} ({system.variant})" if system.variant else system.name,
        "identity": organization.identity,
        "name": organization.name,
        "mode": organization.mode.value,
        "manages": ", ".join(sorted(organization.manages)),
        "deleted": "true" if organization.deleted else "",
    }


def _values_of_thing(declared: Declared | None) -> Values:
    if declared is None:
        return {}
    attributes = {
        name: value if isinstance(value, str) else ", ".join(value) for name, value in declared.attributes.items()
    }
    protect = {} if declared.protect is None else {"protect": str(declared.protect).lower()}
    return {"identity": declared.identity, "id": declared.platform_id, **attributes, **declared.details, **protect}


def _values_of_person(person: Person | None) -> Values:
    if person is None:
        return {}
    return {
        "name": person.name,
        **person.identities,
        "employment": person.employment,
        "starts": str(person.starts or ""),
        "ends": str(person.ends or ""),
        **{f"statements.{name}": str(day) for name, day in person.statements.items()},
        **{f"registered.{name}": "false" for name in sorted(person.unregistered)},
    }
