"""Who decides about people does not also decide about money."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    barred = words(parameters, "finance")
    for organization, admin, _ in world.every_member(admins_only=True):
        finance = admin.attributes.get("finance")
        if finance in barred:
            role = admin.attributes["role"]
            yield PolicyObjection.to(
                admin,
                f"`{admin.address.key}` is {role} and finance {finance} of `{organization.key}`",
                advice="give the finance role to somebody who does not administer, or make an exception",
            )


RULE = Rule(
    id="separate-money",
    severity=Severity.WARNING,
    sets={"strict": Severity.ERROR},
    asks="Nobody is an admin and has one of these finance roles in the same organization.",
    because="Changes of payment are for a few trusted people; whoever can let people in and also pay can do both "
    "without anybody noticing.",
    where={"finances": "finance"},
    parameters={"finance": ("manager",)},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
