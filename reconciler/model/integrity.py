"""What is wrong with something that was read: values that do not fit, and addresses that do not fit each other.

Files can be edited, and a provider can be wrong. Everything behind this door relies on known kinds and on keys with as
many parts as their kind has, and a change of one organization must never travel under the lock of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.kinds import KINDS
from reconciler.model.live import Live
from reconciler.model.plan import OrganizationPlan, Plan
from reconciler.model.resource import Resource
from reconciler.model.state import State
from reconciler.model.work_order import OrderStatus, WorkOrder


def find_damage(read: object) -> str:
    """The first thing that no plan, state or reading of this tool would say; empty where there is none."""
    match read:
        case Plan():
            return _damage_in_plan(read)
        case State():
            return _damage_in_state(read)
        case Live():
            return _damage_in_live(read)
        case _:
            return ""


def _damage_in_plan(plan: Plan) -> str:
    organizations = [part.organization for part in plan.organizations]
    twice = _twice(organizations)
    return f"{twice} is in it twice" if twice else _first(map(_damage_in_part, plan.organizations))


def _damage_in_state(state: State) -> str:
    addresses = [*state.records, *state.deferred, *state.in_doubt, *(o.address for o in state.orders.values())]
    counts = (state.serial, *state.removals.values(), *state.invitations.values())
    return (
        # A guard would take a negative count for room to spare.
        (f"it counts {min(counts)} of something" if min(counts) < 0 else "")
        or _first(_damage_of(address, state.organization) for address in addresses)
        or _first(_mismatch(address, record.address) for address, record in state.records.items())
        or _first(_mismatch(address, change.address) for address, change in state.in_doubt.items())
        or _first(_damage_in_change(change, state.organization) for change in state.in_doubt.values())
        or _first(_damage_in_order(key, order) for key, order in state.orders.items())
    )


def _damage_in_order(key: str, order: WorkOrder) -> str:
    """An order without its times would never be verified, and one under another id never be found."""
    if order.id != key:
        return f"work order {key} calls itself {order.id or 'nothing'}"
    if order.issued is None:
        return f"work order {key} was never issued"
    if order.status is not OrderStatus.OPEN and order.closed is None:
        return f"work order {key} is {order.status} since nobody knows when"
    times = (order.issued, order.closed, order.expires)
    return f"work order {key} has a time without a zone" if any(t and t.tzinfo is None for t in times) else ""


def _damage_in_live(live: Live) -> str:
    return _first(_damage_of(address, live.organization) for address in live.resources) or _first(
        _mismatch(address, resource.address) for address, resource in live.resources.items()
    )


def _damage_in_part(part: OrganizationPlan) -> str:
    steps = (*part.changes, *(blocked.change for blocked in part.blocked))
    twice = _twice([str(change.address) for change in part.changes])
    return (
        _first(_damage_of(address, part.organization) for address in _addresses(part))
        or _first(_damage_in_change(change, part.organization) for change in steps)
        or (f"{twice} changes twice" if twice else "")
    )


def _addresses(part: OrganizationPlan) -> Iterator[Address]:
    yield from (waiting.address for waiting in part.waiting)
    yield from (left_out.address for left_out in part.left_out)
    yield from (drift.address for drift in part.drift)


def _damage_in_change(change: Change, organization: str) -> str:
    sides: Iterable[Resource | None] = (change.before, change.after)
    return _damage_of(change.address, organization) or _first(
        _mismatch(change.address, side.address) for side in sides if side is not None
    )


def _damage_of(address: Address, organization: str) -> str:
    kind = KINDS.get(address.kind)
    if kind is None:
        return f"{address} is of a kind that this version does not know"
    if len(address.parts) < len(kind.parents):
        return f"{address} does not name one {kind.title}"
    return "" if address.organization == organization else f"{address} does not belong to {organization}"


def _mismatch(address: Address, other: Address) -> str:
    return "" if address == other else f"{address} is said of {other}"


def _twice(names: list[str]) -> str:
    return next((name for name, count in Counter(names).items() if count > 1), "")


def _first(problems: Iterable[str]) -> str:
    return next(filter(None, problems), "")


EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "frozen_set_type": "a list",
    "set_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "none_required": "null",
    "date_type": "a date",
    "date_parsing": "a date",
    "date_from_datetime_parsing": "a date",
    "datetime_type": "a time",
    "datetime_parsing": "a time",
    "datetime_from_date_parsing": "a time",
    "timezone_aware": "a time with its zone",
}
"""The type of an error -> what should have been there."""

_LIMITS = {
    "greater_than_equal": "be at least {ge}",
    "greater_than": "be more than {gt}",
    "less_than_equal": "be at most {le}",
    "less_than": "be less than {lt}",
    "too_short": "have at least {min_length} entries",
    "too_long": "have at most {max_length} entries",
    "string_too_short": "have at least {min_length} characters",
    "string_too_long": "have at most {max_length} characters",
    "literal_error": "be {expected}",
    "enum": "be {expected}",
    "missing": "not be missing",
    "missing_argument": "not be missing",
    "extra_forbidden": "not be there",
    "unexpected_keyword_argument": "not be there",
}


def describe_misfit(error: Mapping[str, Any]) -> str:
    """What is wrong, to be read after the name of the value, from one of pydantic's `errors()`."""
    kind = error["type"]
    context = {name: _plain(one) for name, one in error.get("ctx", {}).items()}
    if kind in EXPECTED:
        return f"must be {EXPECTED[kind]}"
    if kind in {"value_error", "assertion_error"}:
        return f"cannot be used: {context['error']}"
    try:
        return f"must {_LIMITS[kind].format_map(context)}"
    except KeyError:
        return "has a value that cannot be used"


def _plain(limit: object) -> object:
    """1 rather than 1.0, which is how people write it."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
