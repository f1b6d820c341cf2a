"""Access of people from outside ends on a day that is known."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    outside = words(parameters, "employment")
    for organization, member, person in world.every_member():
        if person is not None and person.employment in outside and member.expires is None:
            yield PolicyObjection.to(
                member,
                f"`{person.key}` ({person.employment}) is in `{organization.key}` without an end",
                advice=f"give `{person.key}` an `ends`, or this membership an `expires`",
                person=person,
            )


RULE = Rule(
    id="temporary-outsiders",
    severity=Severity.WARNING,
    sets={"strict": Severity.ERROR},
    asks="Contractors and agencies have an end date.",
    because="Their work ends, and access that nobody ends stays; a date makes it end by itself, and extending it is "
    "one reviewed line.",
    where={"employments": "employment"},
    parameters={"employment": ("contractor", "agency")},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
