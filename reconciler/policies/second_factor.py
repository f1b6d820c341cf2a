"""People have confirmed that they sign in with a second factor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, number


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    oldest = world.today - timedelta(days=int(number(parameters, "days")))
    for organization, member, person in world.every_member(admins_only=parameters["admins_only"] is True):
        confirmed = person.statements.get("second_factor") if person else None
        if confirmed is None or confirmed <= oldest:
            since = f" since {confirmed}" if confirmed else ""
            yield PolicyObjection.to(
                member,
                f"`{member.address.key}` ({organization.key}) has not confirmed a second factor{since}",
                advice="ask them, and write the day: `statements: {second_factor: ...}`",
                person=person,
            )


RULE = Rule(
    id="second-factor",
    severity=None,
    sets={"strict": Severity.WARNING},
    asks="Admins, or all members, have confirmed within so many days that they sign in with a second factor.",
    because="A second factor is advised for everybody, and no system tells this tool who has one; so people say it, "
    "and the manifests keep since when.",
    parameters={"admins_only": False, "days": 365},
    check=_check,
    scale=Scale.PERSON,
)
