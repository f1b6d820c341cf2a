# Long because the quick way to read a state and the exact one have to agree, and both check what they read.
"""Plans and states as text: exact round trips, only formats that this version understands, and only what fits together.

States are read and written in a fraction of the time of `json` and pydantic where this tool wrote them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import islice
from json import JSONDecodeError
from json.encoder import encode_basestring
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.model.address import KINDS, Address
from reconciler.model.change import Change
from reconciler.model.finding import ReconcilerError, StoreError
from reconciler.model.plan import PLAN_FORMAT, AuditRecord, Plan
from reconciler.model.redaction import SECRETS
from reconciler.model.resource import Attributes, Live, Resource, Status
from reconciler.model.state import STATE_FORMAT, AuditMark, OrderStatus, Record, State, WorkOrder

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

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
        for address in map(attrgetter("address"), (*part.waiting, *part.left_out, *part.drift)):
            yield from _problems_of_address(address, key)
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


def describe_first_misfit(error: ValidationError) -> str:
    """What is wrong where, of one value that does not fit."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'/'.join(map(str, first['loc'])) or 'it'} {describe_misfit(first)}"


def _plain(limit: object) -> object:
    """1 rather than 1.0, which is how people write it."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


NO_RECORDS = '"records":{},"removals":'
"""What is in the text of a state without records, where they belong."""
_CUT = "records are read by themselves"
_BEGINNING = ',"records":{'
_ENDING = '},"removals":{'
_OPENING, _CLOSING = '":{"address":"', '},"'
"""What stands between two records in a row, with an address before, between and behind."""
_IDENTITY, _NUMBER = '"identity":"', '"platform_id":"'
_UNPLAIN = bytes([*range(0x20), ord("\\")])
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STATUSES = {status.value: status for status in Status}
_KINDS = {name: (name, max(len(kind.parents) - 1, 0)) for name, kind in KINDS.items()}
"""The one text of each kind, and how many slashes its keys have at least."""
_STATE = {*State.__dataclass_fields__, "format_version"}
_SELDOM: Mapping[str, object] = {
    "deferred": {},
    "drift": {},
    "in_doubt": {},
    "orders": {},
    "rosters": {},
    "used_approvals": [],
    "waits": {},
}
"""Parts of a state that are mostly empty, and how they are empty."""
_NOTHING: Attributes = {}


def find_plain_records(data: bytes) -> tuple[dict[Address, Record], dict[str, Any]] | None:
    """The records of a state, all in order, and the rest of it as JSON says it; None where anything is unusual."""
    try:
        head, _, rest = data.decode().partition(_BEGINNING)
        records, _, tail = rest.partition(_ENDING)
        is_plain = len(data.translate(None, _UNPLAIN)) == len(data) - data.endswith(b"\n")
        if not is_plain or _CUT in head or _CUT in tail:
            return None
        content = load_json(f'{head},"records":"{_CUT}","removals":{{{tail}')
        if content["records"] != _CUT or content["format_version"] != STATE_FORMAT:
            return None
        return _read_records(records, as_text(content["organization"])), {**content, "records": {}}
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def find_plain_state(content: Mapping[str, Any]) -> State | None:
    """A state without its records, all in order; None where there is anything in it that most states do not have."""
    try:
        if content.keys() != _STATE or any(content[name] != empty for name, empty in _SELDOM.items()):
            return None
        mark = content["audit"]
        if mark is not None:
            if mark.keys() != {"number", "digest"}:
                return None
            mark = AuditMark(number=as_count(mark["number"]), digest=as_text(mark["digest"]))
        return State(
            organization=as_text(content["organization"]),
            lineage=as_text(content["lineage"]),
            serial=_count(content["serial"]),
            removals={_day(day): _count(number) for day, number in content["removals"].items()},
            invitations={_day(day): _count(number) for day, number in content["invitations"].items()},
            looked={kind: _day(day) for kind, day in content["looked"].items()},
            audit=mark,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def to_canonical(content: Any) -> str:
    """The one form of JSON that is stored: sorted keys, no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _write_records(records: Mapping[Address, Record]) -> str:
    """All records as they stand in a state."""
    known: dict[tuple[Any, ...], tuple[str, str, str]] = {}
    lines = []
    for address, record in sorted(records.items(), key=lambda item: str(item[0])):
        common = tuple(map(_frozen, _COMMON(record)))
        if common not in known:
            known[common] = _write_template(adapter_of(Record).dump_python(record, mode="json"))
        first, second, third = known[common]
        name = own = encode_basestring(str(address))
        if record.address is not address:
            own = encode_basestring(str(record.address))
        identity, number = encode_basestring(record.identity), encode_basestring(record.platform_id)
        lines.append(
            f'{name}:{{"address":{own},{first},"identity":{identity},{second},"platform_id":{number},{third}}}'
        )
    return f"{{{','.join(lines)}}}"


def _frozen(value: Any) -> Any:
    return value if value.__hash__ else (*value.items(),)


def _write_template(content: Mapping[str, Any]) -> tuple[str, str, str]:
    """What stands before the identity, between it and the number, and behind that."""
    names = sorted(content.keys() - {"address"})
    identity, number = names.index("identity"), names.index("platform_id")
    parts = names[:identity], names[identity + 1 : number], names[number + 1 :]
    first, second, third = (to_canonical({name: content[name] for name in part})[1:-1] for part in parts)
    return first, second, third


def _read_records(text: str, organization: str) -> dict[Address, Record]:
    """Each record is cut at its three own texts; as there is no backslash, a quotation mark always ends a text.

    That all between them is as it should be, names and order of the fields included, is known of the template.
    """
    before, *pieces = f'{text},"'.split(_OPENING) if text else ['"']
    prefix, records, new = f"{organization}/", {}, tuple.__new__
    start, coming = len(prefix), before.removeprefix('"')
    if coming == before or not organization:
        raise ValueError
    for piece in pieces:
        at = coming
        kind, _, key = at[start:].partition("/")
        name, slashes = _KINDS[kind]
        # What `find_damage` looks for, and what no address holds at all.
        if not (at.startswith(prefix) and key and piece.startswith(at)) or '"' in at or key.count("/") < slashes:
            raise ValueError
        body, _, coming = piece[len(at) :].rpartition(_CLOSING)
        first, _, rest = body.partition(_IDENTITY)
        identity, _, rest = rest.partition('"')
        second, _, rest = rest.partition(_NUMBER)
        number, _, third = rest.partition('"')
        address = new(Address, (organization, name, key))  # as its class makes one, in half the time
        records[address] = Record(
            address=address,
            identity=key if identity == key else identity,
            platform_id=number,
            **_read_template(first, second, third),
        )
    if coming or len(records) != len(pieces):
        raise ValueError
    return records


@lru_cache(1 << 12)
def _read_template(first: str, second: str, third: str) -> Mapping[str, Any]:
    """The values of a record without the three that are its own."""
    text = f'{{"address":"an address{first}{_IDENTITY}an identity"{second}{_NUMBER}a number"{third}}}'
    body = json.loads(text)
    if text != to_canonical(body):
        raise ValueError
    example = body.pop("address"), body.pop("identity"), body.pop("platform_id")
    if body.keys() != _READERS.keys() or example != ("an address", "an identity", "a number"):
        raise ValueError
    return {name: read(body[name]) for name, read in _READERS.items()}


def as_text(value: object) -> str:
    """A value that JSON held; raises TypeError for anything but text."""
    if not isinstance(value, str):
        raise TypeError
    return value


def as_count(value: object) -> int:
    """A value that JSON held; raises TypeError for anything but a whole number, as 8.0 and True are not."""
    if type(value) is not int:
        raise TypeError
    return value


def _attributes(values: Any) -> Attributes:
    return {name: _texts(one) if type(one) is list else as_text(one) for name, one in values.items()} or _NOTHING


def _texts(values: Any) -> tuple[str, ...]:
    if type(values) is not list:
        raise ValueError
    return tuple(map(as_text, values))


@lru_cache(1 << 12)
def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError
    return date.fromisoformat(text)


def _count(value: Any) -> int:
    if as_count(value) < 0:
        raise ValueError
    return as_count(value)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _unless_none(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else read(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "attributes": _attributes,
    "status": lambda value: _STATUSES[value],
    "formerly": _texts,
    "unread": _texts,
    "confirmed": _attributes,
    "since": _unless_none(_day),
    "asked": as_count,
    "asked_on": _unless_none(_day),
    "protect": _flag,
    "granted": _unless_none(_attributes),
    "implied_by": as_text,
    "implied": _attributes,
    "ends": _unless_none(_day),
}
"""Field of a record that others may share -> what reads it."""
_COMMON = attrgetter(*_READERS)


Content = dict[str, Any]
_ESCAPES = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(\\ud[89a-f][0-9a-f]{2})")
"""A backslash, a whole character in two halves, and half of one."""
_UPGRADE = "use the version of reconciler that wrote it, or a newer one"

_HALVES = (b"\\ud", b"\\uD")
_TOKENS = 1 << 12
SEALED = b"sealed."
"""What bytes begin with when a store keeps e-mail addresses and phone numbers out of them."""


def _remember_doubts(content: Content) -> Content:
    """1.0 was also what the first versions wrote that knew of changes in doubt: theirs are kept."""
    return {"in_doubt": {}, **content}


def _unchanged(content: Content) -> Content:
    """Everything that 1.2 and 1.3 added may be missing."""
    return content


def with_todays_words(content: Content) -> Content:
    """1.4 gave what failed, approvals and drift other names. What has them already stays as it is.

    A journal that a run of an older version left behind holds parts of a state in these words too.
    """
    content = _renamed(content, {"quarantined": "deferred", "used_consents": "used_approvals"})
    if "used_approvals" in content:
        words = {"allow": "approve", "until": "expires"}
        content["used_approvals"] = [_renamed(one, words) for one in content["used_approvals"]]
    if "drift" in content:
        sorts = {"appeared": "added_outside", "overstayed": "expired_but_active"}
        content["drift"] = {
            address: {**known, "sort": sorts.get(known["sort"], known["sort"])}
            for address, known in content["drift"].items()
        }
    if "in_doubt" in content:
        content["in_doubt"] = {at: change_with_todays_words(one) for at, one in content["in_doubt"].items()}
    return content


def change_with_todays_words(change: Content) -> Content:
    """The same for one change, as states and journals hold those that are not settled, and for what the log says."""
    return _renamed(change, {"consent": "approval", "consent_terms": "approval_terms"})


def _renamed(content: Content, names: dict[str, str]) -> Content:
    return {names.get(name, name): value for name, value in content.items()}


UPGRADES: Mapping[str, tuple[str, Callable[[Content], Content]]] = {
    "1.0": ("1.1", _remember_doubts),
    "1.1": ("1.2", _unchanged),
    "1.2": ("1.3", _unchanged),
    "1.3": ("1.4", with_todays_words),
}
"""Format of the state -> the next one, and the step to it, from the oldest to the present one. Written down once and
never edited: states out there need them."""


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """Reads and writes values of a type; built on first use, because building it takes longer than using it."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def plan_to_json(plan: Plan) -> str:
    """The plan as indented JSON, for files that people look into too."""
    return "".join(write_plan(plan))


def write_plan(plan: Plan) -> Iterator[str]:
    """The same in pieces."""
    return write_json(adapter_of(Plan).dump_python(plan, mode="json"))


def write_json(content: Content) -> Iterator[str]:
    """Indented JSON in ASCII, in pieces: what is invisible stays visible, and any reader and terminal can take it.

    Half a character, as names of files may hold, becomes the six characters of its escape: as an escape most readers
    would refuse it.
    """
    tokens = json.JSONEncoder(indent=2).iterencode(content)
    while some := "".join(islice(tokens, _TOKENS)):  # a text is one token, so no escape is torn
        yield _ESCAPES.sub(lambda found: f"\\{found[0]}" if found[1] else found[0], some)
    yield "\n"


def plan_from_json(text: str) -> Plan:
    """The plan in `text`; raises ReconcilerError when it is no plan or of a format that is not known."""
    return _validated(Plan, _read(text, "plan", PLAN_FORMAT), "plan")


def state_to_json(state: State) -> bytes:
    """The state in its one canonical form: sorted keys, no spaces, one newline at the end."""
    rest = adapter_of(State).dump_python(replace(state, records={}), mode="json")
    before, empty, behind = to_canonical({"format_version": STATE_FORMAT, **rest}).partition(NO_RECORDS)
    records = empty.replace("{}", _write_records(state.records), 1)
    return f"{SECRETS.hide(before + records + behind)}\n".encode()


def to_line(content: Content) -> bytes:
    """Canonical JSON in one line, for what is stored, without secrets."""
    return SECRETS.hide(to_canonical(content)).encode()


def state_from_json(data: bytes) -> State:
    """The state in `data`, upgraded when its format is older; raises ReconcilerError when it is no state.

    A state of any newer format is refused, also when only the number behind the dot has grown. What this version would
    leave out is not only lost with the next write: a reader that did not know of `in_doubt` would have repeated calls.
    """
    refuse_sealed(data, "the state")
    if plain := find_plain_records(data):
        records, rest = plain
        return replace(find_plain_state(rest) or _validated(State, rest, "state"), records=records)
    content = _read(data, "state", STATE_FORMAT)
    while (source := content["format_version"]) in UPGRADES:
        target, upgrade = UPGRADES[source]
        try:
            content = {**upgrade(content), "format_version": target}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"the state is damaged: it is no state of format {source}"
            raise ReconcilerError(message) from error
    if content["format_version"] != STATE_FORMAT:
        raise _unknown_format("state", content["format_version"], STATE_FORMAT)
    return _validated(State, content, "state")


def read_as(kind: Any, content: Content | bytes) -> Any:
    """A value from JSON, or from what JSON held; raises pydantic's ValidationError.

    Strictly: a serial of `1.0` or `true` is none, whatever checksum stands beside it. Only of JSON itself pydantic can
    tell these apart and still take texts for days.
    """
    data = content if isinstance(content, bytes) else json.dumps(content)
    return adapter_of(kind).validate_json(data, strict=True)


def checked(made: T) -> T:
    """What was made of values that JSON held; raises TypeError where one is of another type than its field.

    Anybody can work out a digest that fits. For small values: pydantic costs more to load than to read them.
    """
    for name, annotation in type(made).__annotations__.items():
        outer, _, inner = annotation.removesuffix("]").partition("[")
        value = getattr(made, name)
        items = value.values() if type(value) is dict else value
        is_right = type(value).__name__ == {"Sequence": "list", "Mapping": "dict"}.get(outer, outer)
        if not is_right or (inner and any(type(one).__name__ != inner.rpartition(" ")[2] for one in items)):
            raise TypeError(f"{name} is of another type")
    return made


def load_json(data: str | bytes) -> Any:
    """What was once written as JSON; raises ValueError for everything that no file of ours can hold.

    Half a character, as an escape, is allowed in JSON, and can neither be shown nor written again.
    """
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
        encoded = data if isinstance(data, bytes) else data.encode()
        if any(half in encoded for half in _HALVES):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("it holds half a character") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def load_time(text: Any) -> datetime:
    """A moment that was once written; raises an error for one without its zone, which could be compared with none."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError("it has a time without a zone")
    return moment


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def refuse_sealed(data: bytes, what: str) -> None:
    """Raises StoreError for bytes that a sealed store wrote, when they are read without their key."""
    if data.startswith(SEALED):
        message = f"{what} is sealed"
        advice = "give `state:` in reconciler.yaml `personal_data: sealed` and the key"
        raise StoreError(message, advice=advice)


def _read(data: str | bytes, what: str, known: str) -> Content:
    try:
        value = load_json(data)
    except ValueError as error:
        message = f"the {what} is not JSON{_where(error)}"
        raise ReconcilerError(message) from error
    if not isinstance(value, dict) or not isinstance(version := value.get("format_version"), str):
        message = f"this is no {what}: it has no format_version"
        raise ReconcilerError(message)
    if version.partition(".")[0] != known.partition(".")[0]:
        raise _unknown_format(what, version, known)
    return value


def _where(error: ValueError) -> str:
    """The place alone: Python words what is wrong there in another way with every version."""
    return f" at line {error.lineno} column {error.colno}" if isinstance(error, JSONDecodeError) else f": {error}"


def _unknown_format(what: str, version: str, known: str) -> ReconcilerError:
    message = f"the {what} has format {version}, but this version reads {known}"
    return ReconcilerError(message, advice=_UPGRADE)


def _validated(kind: type[T], value: Content, what: str) -> T:
    from pydantic import ValidationError

    try:
        read: T = read_as(kind, value)
    except ValidationError as error:
        message = f"the {what} is damaged: {describe_first_misfit(error)}"
        raise ReconcilerError(message) from error
    if damage := find_damage(read):
        message = f"the {what} is damaged: {damage}"
        raise ReconcilerError(message)
    return read
