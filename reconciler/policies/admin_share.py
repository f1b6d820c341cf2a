"""Few people administer an organization."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.finding import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, always, number


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    most, share, smallest = (number(parameters, name) for name in ("at_most", "share", "from"))
    for organization in world.organizations():
        admins, members = world.admins(organization), world.members(organization)
        is_large_share = len(members) >= smallest and len(admins) > share * len(members)
        if admins and (len(admins) > most or is_large_share):
            yield PolicyObjection(
                address=admins[0].address,
                message=f"{len(admins)} of {len(members)} members administer `{organization.key}`",
                place=organization.place,
                others=tuple(admin.address for admin in admins),
                advice="lower those who do not manage other people's access",
            )


RULE = Rule(
    id="admin-share",
    severity=Severity.WARNING,
    asks="Only a few people, and only a part of all members, administer an organization.",
    because="Every system advises to give the admin role only to those who need full control; when everybody has it, "
    "nobody's mistakes are contained.",
    parameters={"at_most": 10, "share": 0.5, "from": 6},
    check=_check,
    is_local=always,
    is_timeless=always,
)
