"""Some roles are not for everybody."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words

_STRONGEST = ("admin", "administrator", "owner")


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    for organization, member, person in world.every_member():
        role = str(member.attributes["role"])
        if person is not None and role in words(parameters, person.employment):
            yield PolicyObjection.to(
                member,
                f"`{person.key}` ({person.employment}) is {role} of `{organization.key}`",
                advice=f"give a weaker role, or make an exception with a reason and an end for {member.address}",
                person=person,
            )


RULE = Rule(
    id="role-by-employment",
    severity=Severity.WARNING,
    sets={"strict": Severity.ERROR},
    asks="Nobody has a role that people employed as they are must not have; each list names those roles.",
    because="Least privilege: a role fits what somebody is responsible for, and people from outside are not "
    "responsible for who may do what.",
    where={"employee": "employee", "contractor": "contractor", "agency": "agency", "creator": "creator"},
    parameters={"employee": (), "contractor": _STRONGEST, "agency": _STRONGEST, "creator": _STRONGEST},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
