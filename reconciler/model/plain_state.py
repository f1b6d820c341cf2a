"""States as this tool writes them, read from and put into their text in a fraction of the time of JSON and pydantic.

Records differ in little: an address, an identity, a number. What is between those is the same text in nearly all of
them, so each such text is written once, and read once, as JSON and with every check, and remembered with the values it
stands for. Where anything in a state is not as this tool writes it, damage above all, there is no answer, and the
reader that says what is wrong takes over. `tests/manifests/test_plain_states.py` holds the two against each other.

Equal values are shared between records, which is most of their memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any, TypeVar

from reconciler.model.address import Address
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Attributes, Status
from reconciler.model.state import STATE_FORMAT, AuditMark, Record, State

T = TypeVar("T")
_Key = TypeVar("_Key")

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


class _UnusualError(Exception):
    """Something that this reader leaves to the other one."""


def find_plain_records(
    data: bytes, *, load_json: Callable[[str], Any]
) -> tuple[dict[Address, Record], dict[str, Any]] | None:
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
        return _read_records(records, _text(content["organization"])), {**content, "records": {}}
    except (_UnusualError, KeyError, TypeError, ValueError):
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
            mark = AuditMark(number=_whole(mark["number"]), digest=_text(mark["digest"]))
        return State(
            organization=_text(content["organization"]),
            lineage=_text(content["lineage"]),
            serial=_count(content["serial"]),
            removals=_mapping(content["removals"], _day, _count),
            invitations=_mapping(content["invitations"], _day, _count),
            looked=_mapping(content["looked"], _text, _day),
            audit=mark,
        )
    except (_UnusualError, AttributeError, KeyError, TypeError, ValueError):
        return None


def to_canonical(content: Any) -> str:
    """The one form of JSON that is stored: sorted keys, no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_records(records: Mapping[Address, Record], *, dump: Callable[[Record], Mapping[str, Any]]) -> str:
    """All records as they stand in a state; `dump` makes of one what JSON holds."""
    known: dict[tuple[Any, ...], tuple[str, str, str]] = {}
    lines = []
    for address, record in sorted(records.items(), key=lambda item: str(item[0])):
        common = tuple(map(_frozen, _COMMON(record)))
        if common not in known:
            known[common] = _write_template(dump(record))
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
        raise _UnusualError
    for piece in pieces:
        at = coming
        kind, _, key = at[start:].partition("/")
        name, slashes = _KINDS[kind]
        # What `integrity` looks for, and what no address holds at all.
        if not (at.startswith(prefix) and key and piece.startswith(at)) or '"' in at:
            raise _UnusualError
        if slashes and key.count("/") < slashes:
            raise _UnusualError
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
        raise _UnusualError
    return records


@lru_cache(1 << 12)
def _read_template(first: str, second: str, third: str) -> Mapping[str, Any]:
    """The values of a record without the three that are its own."""
    text = f'{{"address":"an address{first}{_IDENTITY}an identity"{second}{_NUMBER}a number"{third}}}'
    body = json.loads(text)
    if text != to_canonical(body):
        raise _UnusualError
    example = body.pop("address"), body.pop("identity"), body.pop("platform_id")
    if body.keys() != _READERS.keys() or example != ("an address", "an identity", "a number"):
        raise _UnusualError
    return {name: read(body[name]) for name, read in _READERS.items()}


def _attributes(values: Any) -> Attributes:
    if type(values) is not dict:
        raise _UnusualError
    return {name: _texts(one) if type(one) is list else _text(one) for name, one in values.items()} or _NOTHING


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _UnusualError
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if type(values) is not list:
        raise _UnusualError
    return tuple(map(_text, values))


@lru_cache(1 << 12)
def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise _UnusualError
    return date.fromisoformat(text)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise _UnusualError
    return value


def _count(value: Any) -> int:
    number = _whole(value)
    if number < 0:
        raise _UnusualError
    return number


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _UnusualError
    return value


def _mapping(values: Any, key: Callable[[Any], _Key], value: Callable[[Any], T]) -> dict[_Key, T]:
    if type(values) is not dict:
        raise _UnusualError
    return {key(name): value(one) for name, one in values.items()}


def _unless_none(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else read(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "attributes": _attributes,
    "status": lambda value: _STATUSES[value],
    "formerly": _texts,
    "unread": _texts,
    "confirmed": _attributes,
    "since": _unless_none(_day),
    "asked": _whole,
    "asked_on": _unless_none(_day),
    "protect": _flag,
    "granted": _unless_none(_attributes),
    "implied_by": _text,
    "implied": _attributes,
    "ends": _unless_none(_day),
}
"""Field of a record that others may share -> what reads it."""
_COMMON = attrgetter(*_READERS)
