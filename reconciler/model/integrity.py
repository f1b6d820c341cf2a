"""What is wrong with something that was read: values that do not fit, and addresses that do not fit each other.

Files can be edited, and a provider can be wrong. Everything behind this door relies on known kinds and on keys with as
many parts as their kind has, and a change of one organization must never travel under the lock of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from reconciler.model.address import Address
from reconciler.model.change import Change, LeftOut, Waiting
from reconciler.model.drift import Drift
from reconciler.model.kinds import KINDS
from reconciler.model.live import Live
from reconciler.model.outcome import AuditRecord
from reconciler.model.plan import Plan
from reconciler.model.resource import Resource
from reconciler.model.state import Record, State
from reconciler.model.work_order import OrderStatus, WorkOrder

T = TypeVar("T")


def find_damage(read: object) -> str:
    """The first thing that no plan, state or reading of this tool would say; empty where there is none."""
    match read:
        case Plan():
            problems = _problems_of_plan(read)
        case State():
            problems = _problems_of_state(read)
        case Live():
            problems = _problems_of_things(read.resources, read.organization)
        case AuditRecord():
            problems = _problems_of_times("an entry", (entry.time for entry in read.entries))
        case _:
            return ""
    return next(problems, "")


def _problems_of_plan(plan: Plan) -> Iterator[str]:
    yield from (f"{key} is in it twice" for key in _twice(part.organization for part in plan.organizations))
    for part in plan.organizations:
        key = part.organization
        told: tuple[Waiting | LeftOut | Drift, ...] = (*part.waiting, *part.left_out, *part.drift)
        for one in told:
            yield from _problems_of_address(one.address, key)
        for change in (*part.changes, *(blocked.change for blocked in part.blocked)):
            yield from _problems_of_change(change, key)
        yield from (f"{address} changes twice" for address in _twice(change.address for change in part.changes))


def _problems_of_state(state: State) -> Iterator[str]:
    # A guard would take a negative count for room to spare.
    counts = (state.serial, *state.removals.values(), *state.invitations.values())
    if min(counts) < 0:
        yield f"it counts {min(counts)} of something"
    for address in (*state.deferred, *(order.address for order in state.orders.values())):
        yield from _problems_of_address(address, state.organization)
    yield from _problems_of_things(state.records, state.organization)
    yield from _problems_of_things(state.in_doubt, state.organization)
    for change in state.in_doubt.values():
        yield from _problems_of_change(change, state.organization)
    yield from _problems_of_times("a roster", (roster.taken for roster in state.rosters.values()))
    for key, order in state.orders.items():
        yield from _problems_of_order(key, order)


def _problems_of_order(key: str, order: WorkOrder) -> Iterator[str]:
    """An order without its times would never be verified, and one under another id never be found."""
    if order.id != key:
        yield f"work order {key} calls itself {order.id or 'nothing'}"
    if order.issued is None:
        yield f"work order {key} was never issued"
    if order.status is not OrderStatus.OPEN and order.closed is None:
        yield f"work order {key} is {order.status} since nobody knows when"
    yield from _problems_of_times(f"work order {key}", (order.issued, order.closed, order.expires))


def _problems_of_times(what: str, times: Iterable[datetime | None]) -> Iterator[str]:
    """A time without its zone can be compared with no other."""
    if any(time and time.utcoffset() is None for time in times):
        yield f"{what} has a time without a zone"


def _problems_of_things(things: Mapping[Address, Resource | Record | Change], organization: str) -> Iterator[str]:
    for address, thing in things.items():
        yield from _problems_of_address(address, organization)
        if address != thing.address:
            yield f"{address} is said of {thing.address}"


def _problems_of_change(change: Change, organization: str) -> Iterator[str]:
    yield from _problems_of_address(change.address, organization)
    for side in (change.before, change.after):
        if side is not None and side.address != change.address:
            yield f"{change.address} is said of {side.address}"


def _problems_of_address(address: Address, organization: str) -> Iterator[str]:
    kind = KINDS.get(address.kind)
    if kind is None:
        yield f"{address} is of a kind that this version does not know"
    elif len(address.parts) < len(kind.parents):
        yield f"{address} does not name one {kind.title}"
    elif address.organization != organization:
        yield f"{address} does not belong to {organization}"


def _twice(names: Iterable[T]) -> Iterator[T]:
    return (name for name, count in Counter(names).items() if count > 1)


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
