"""Access lasts no longer than somebody's employment and role allow."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Address, Entitlement, Severity, count, person_in, role_in
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, by_name

_FOR_OUTSIDERS = {"admin": 90, "administrator": 90, "owner": 90, "any": 365}


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    for organization, declared in world.everything():
        person = world.find_person(declared.address)
        if person is None:
            continue
        limits, there = by_name(parameters, person.employment, int), world.overviews[organization.key]
        membership = there.resources.get(Address(organization.key, "member", person.key))
        # What a membership ends needs no end of its own.
        has_end = membership is not None and membership.expires is not None
        for line in declared.lines:
            most = limits.get(role_in(line.attributes), limits.get("any", 0))
            if (line.expires or not has_end) and (lasts := _too_long(line, most, world)) is not None:
                role = role_in(line.attributes) or "access"
                yield PolicyObjection.to(
                    declared,
                    f"`{person_in(declared.address)}` ({person.employment}) has {role} {lasts}, and "
                    f"{count(most, 'day is', 'days are')} the most: {declared.address}",
                    advice="let it end earlier; extending it is one reviewed line",
                    person=person,
                )
                break


def _too_long(line: Entitlement, most: int, world: PolicyInput) -> str | None:
    """How long it lasts, from its beginning or from today on; None where that is short enough or over."""
    if not most or (line.expires is not None and line.expires <= world.today):
        return None
    if line.expires is None:
        return "without an end"
    days = (line.expires - (line.starts or world.today)).days
    return f"for {count(days, 'day', 'days')}" if days > most else None


RULE = Rule(
    id="longest-grant",
    severity=None,
    sets={"strict": Severity.WARNING, "agency": Severity.WARNING},
    asks="Access of people employed as each list says ends within so many days, by role; `any` is for all other roles, "
    "and 0 is no limit.",
    because="What somebody needs changes; an end that is near makes somebody ask again, soonest for the strongest "
    "roles.",
    parameters={
        "employee": {"any": 0},
        "contractor": _FOR_OUTSIDERS,
        "agency": _FOR_OUTSIDERS,
        "creator": _FOR_OUTSIDERS,
    },
    check=_check,
    scale=Scale.PERSON,
)
