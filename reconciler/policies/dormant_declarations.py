"""What is declared comes about, or is taken out again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from reconciler.model import Address, Severity, State, Status, count
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, number

_WAS_THERE = frozenset({Status.ACTIVE, Status.LEFT, Status.REMOVED, Status.REVOKED_BY_OWNER})


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    most = number(parameters, "days")
    for organization, declared in world.everything():
        state = world.recorded.get(organization.key)
        since, what = _find_wait(state, declared.address) if state is not None else (None, "")
        if since is not None and (age := (world.today - since).days) > most:
            yield PolicyObjection.to(
                declared,
                f"{declared.address} is declared and was never there: {what} since {since} "
                f"({count(age, 'day', 'days')})",
                advice="ask whoever has to act, or take it out until somebody needs it",
                person=world.find_person(declared.address),
            )


def _find_wait(state: State, address: Address) -> tuple[date | None, str]:
    """Since when something is asked for or fails, and what it is; nothing where it is, or was, there."""
    if (deferred := state.deferred.get(address)) is not None:
        return deferred.since, f"it fails ({deferred.reason})"
    record = state.records.get(address)
    if record is None or record.status in _WAS_THERE:
        return None, ""
    return record.since or record.asked_on, str(record.status).replace("_", " ")


RULE = Rule(
    id="dormant-declarations",
    severity=None,
    sets={"baseline": Severity.NOTE, "strict": Severity.WARNING, "agency": Severity.WARNING},
    asks="What is declared has become active within so many days of being asked for.",
    because="An invitation that nobody took is access that nobody needs; whoever finds it later, in a forgotten "
    "mailbox, is in.",
    parameters={"days": 90},
    needs_state=True,
    check=_check,
    scale=Scale.PERSON,
)
