"""Access of people from outside ends on a day that is known."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.finding import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    outside = words(parameters, "employment")
    for organization in world.organizations():
        for member in world.members(organization):
            person = world.find_person(member.address)
            if person is not None and person.employment in outside and member.expires is None:
                yield PolicyObjection(
                    address=member.address,
                    message=f"`{person.key}` ({person.employment}) is in `{organization.key}` without an end",
                    place=member.place,
                    advice=f"give `{person.key}` an `ends`, or this membership an `expires`",
                    related=(person.place,),
                )


RULE = Rule(
    id="temporary-outsiders",
    severity=Severity.WARNING,
    asks="Contractors and agencies have an end date.",
    because="Their work ends, and access that nobody ends stays; a date makes it end by itself, and extending it is "
    "one reviewed line.",
    parameters={"employment": ("contractor", "agency")},
    check=_check,
)
