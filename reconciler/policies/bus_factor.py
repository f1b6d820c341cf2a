"""On every day that can be foreseen, enough people administer an organization."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from reconciler.engine.entitlements import change_days, on_day
from reconciler.model.access import is_administrator
from reconciler.model.address import Address
from reconciler.model.declared import Organization
from reconciler.model.finding import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, always, number


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    at_least, horizon = number(parameters, "at_least"), world.today + timedelta(days=int(number(parameters, "days")))
    for organization in world.organizations():
        admins = _admins_by_day(organization, world, horizon)
        short = next((day for day, keys in admins.items() if len(keys) < at_least), None)
        # Where nobody is ever declared, somebody else looks after the admins; validation says so.
        if short is None or not any(admins.values()):
            continue
        stay, before = admins[short], [key for day, keys in admins.items() if day < short for key in keys]
        named = f": {', '.join(stay)}" if stay else ""
        ends = ", ".join(f"`{key}`" for key in dict.fromkeys(before) if key not in stay)
        yield PolicyObjection(
            address=Address.whole(organization.key),
            message=f"{'today' if short == world.today else f'on {short}'} `{organization.key}` has "
            f"{len(stay) or 'no'} {'admin' if len(stay) == 1 else 'admins'}{named}; {at_least:g} are the fewest",
            place=organization.place,
            advice=f"extend the access of {ends}, or declare another admin" if ends else "declare another admin",
        )


def _admins_by_day(organization: Organization, world: PolicyInput, horizon: date) -> dict[date, list[str]]:
    """Today, and each day on which a line of an admin begins or ends -> keys of those who administer then."""
    system = organization.system
    possible = [
        declared
        for address, declared in world.desired.resources[organization.key].items()
        if any(is_administrator(system, address.kind, line.attributes) for line in declared.lines)
    ]
    days = [world.today, *(day for day in change_days(possible, world.today) if day <= horizon)]
    return {
        day: sorted(
            one.address.key
            for one in (on_day(each, day, system) for each in possible)
            if one.holds_on(day) and is_administrator(system, "member", one.attributes)
        )
        for day in days
    }


RULE = Rule(
    id="bus-factor",
    severity=None,
    sets={"baseline": Severity.WARNING, "strict": Severity.ERROR, "agency": Severity.WARNING},
    asks="On every day within the next `days`, at least so many admins are declared in each organization.",
    because="Whoever is the last admin can be ill, leave, or lose a phone; then nobody can let anybody in, and the "
    "vendors give access back slowly or never.",
    parameters={"at_least": 2, "days": 365},
    check=_check,
    is_local=always,
)
