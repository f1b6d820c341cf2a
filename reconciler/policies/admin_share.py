"""Few people administer an organization."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from reconciler.engine.entitlements import count_by_day
from reconciler.model import Severity
from reconciler.policies.rule import (
    Overview,
    Parameters,
    PolicyInput,
    PolicyObjection,
    Rule,
    Scale,
    administers,
    number,
)


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    most, share, smallest = (number(parameters, name) for name in ("at_most", "share", "from"))
    for there in world.overviews.values():
        organization = there.organization
        for day, (admins, members) in _count(there, world).items():
            if admins and (admins > most or (members >= smallest and admins > share * members)):
                key = organization.key
                named = world.on(day, {key: world.desired.resources[key]}).overviews[key].admins
                yield PolicyObjection(
                    address=named[0].address,
                    message=f"{admins} of {members} members administer `{key}`",
                    place=organization.place,
                    others=tuple(admin.address for admin in named),
                    advice="lower those who do not manage other people's access",
                    since=day if day > world.today else None,
                )
                break


def _count(there: Overview, world: PolicyInput) -> dict[date, tuple[int, int]]:
    """How many administer it, and how many members it has, today and on the days on which something begins in it."""
    organization, found = there.organization, {world.today: (len(there.admins), len(there.members))}
    if days := world.begins.get(organization.key):
        system, declared = organization.system, world.desired.resources[organization.key]
        members = [one for address, one in declared.items() if address.kind == "member"]
        admins = count_by_day(members, days, system, partial(administers, system))
        count = count_by_day(members, days, system, lambda _: True)
        found |= {day: (admins[day], count[day]) for day in days}
    return found


RULE = Rule(
    id="admin-share",
    severity=Severity.WARNING,
    asks="Only a few people, and only a part of all members, administer an organization.",
    because="Every system advises to give the admin role only to those who need full control; when everybody has it, "
    "nobody's mistakes are contained.",
    parameters={"at_most": 10, "share": 0.5, "from": 6},
    check=_check,
    scale=Scale.ORGANIZATION,
    is_timeless=True,
)
