"""Few people administer an organization."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from reconciler.engine.entitlements import count_by_day
from reconciler.model.access import is_administrator
from reconciler.model.declared import Declared
from reconciler.model.finding import Severity
from reconciler.model.system import System
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, always, number


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    most, share, smallest = (number(parameters, name) for name in ("at_most", "share", "from"))
    for organization in world.organizations():
        key, system, resources = organization.key, organization.system, world.desired.resources[organization.key]
        declared = [one for address, one in resources.items() if address.kind == "member"]
        starts = {line.starts for one in resources.values() for line in one.lines if line.starts}
        days = {world.today, *(day for day in starts if day > world.today)}
        count = count_by_day(declared, days, system, always)
        for day, admins in count_by_day(declared, days, system, partial(_administers, system)).items():
            is_large_share = count[day] >= smallest and admins > share * count[day]
            if admins and (admins > most or is_large_share):
                named = world.on(day, {key: resources}).admins(organization)
                yield PolicyObjection(
                    address=named[0].address,
                    message=f"{admins} of {count[day]} members administer `{key}`",
                    place=organization.place,
                    others=tuple(admin.address for admin in named),
                    advice="lower those who do not manage other people's access",
                    since=day if day > world.today else None,
                )
                break


def _administers(system: System, one: Declared) -> bool:
    return is_administrator(system, "member", one.attributes)


RULE = Rule(
    id="admin-share",
    severity=Severity.WARNING,
    asks="Only a few people, and only a part of all members, administer an organization.",
    because="Every system advises to give the admin role only to those who need full control; when everybody has it, "
    "nobody's mistakes are contained.",
    parameters={"at_most": 10, "share": 0.5, "from": 6},
    check=_check,
    scale=Scale.ORGANIZATION,
    is_timeless=always,
)
