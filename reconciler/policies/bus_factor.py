"""On every day that can be foreseen, enough people administer an organization."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from reconciler.engine.entitlements import change_days, count_by_day, days_of, on_day
from reconciler.model import Address, Declared, Severity, System, is_administrator
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, administers, number


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    at_least, horizon = number(parameters, "at_least"), world.today + timedelta(days=int(number(parameters, "days")))
    for there in world.overviews.values():
        organization, system = there.organization, there.organization.system
        possible = [
            one
            for one in world.desired.resources[organization.key].values()
            if any(is_administrator(system, one.address.kind, line.attributes) for line in one.lines)
        ]
        days = [world.today, *(day for day in change_days(possible, world.today) if day <= horizon)]
        count = count_by_day(possible, days, system, partial(administers, system))
        short = next((day for day in days if count[day] < at_least), None)
        # Where nobody is ever declared, somebody else looks after the admins; validation says so.
        if short is None or not any(count.values()):
            continue
        stay = sorted(one.address.key for one in possible if _is_admin_on(short, one, system))
        before = sorted(
            (day, one.address.key) for one in possible for day in _first_day(one, world.today, short, system)
        )
        named = f": {', '.join(stay)}" if stay else ""
        ends = ", ".join(f"`{key}`" for _, key in before if key not in stay)
        yield PolicyObjection(
            address=Address.whole(organization.key),
            message=f"{'today' if short == world.today else f'on {short}'} `{organization.key}` has "
            f"{len(stay) or 'no'} {'admin' if len(stay) == 1 else 'admins'}{named}; {at_least:g} are the fewest",
            place=organization.place,
            advice=f"extend the access of {ends}, or declare another admin" if ends else "declare another admin",
        )


def _is_admin_on(day: date, one: Declared, system: System) -> bool:
    item = on_day(one, day, system)
    return item.holds_on(day) and administers(system, item)


def _first_day(one: Declared, today: date, end: date, system: System) -> list[date]:
    """The first day before that one on which somebody administers; none where they never do."""
    days = ((day, item) for day, item in days_of(one, today, system) if day < end)
    return [day for day, item in days if item is not None and administers(system, item)][:1]


RULE = Rule(
    id="bus-factor",
    severity=None,
    sets={"baseline": Severity.WARNING, "strict": Severity.ERROR, "agency": Severity.WARNING},
    asks="On every day within the next `days`, at least so many admins are declared in each organization.",
    because="Whoever is the last admin can be ill, leave, or lose a phone; then nobody can let anybody in, and the "
    "vendors give access back slowly or never.",
    parameters={"at_least": 2, "days": 365},
    check=_check,
    scale=Scale.ORGANIZATION,
)
