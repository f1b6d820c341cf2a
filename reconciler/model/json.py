"""Plans and states as text: exact round trips, and only formats that this version understands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import islice
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.model.errors import ReconcilerError, StoreError
from reconciler.model.integrity import describe_misfit, find_damage
from reconciler.model.plain_state import (
    NO_RECORDS,
    find_plain_records,
    find_plain_state,
    to_canonical,
    write_records,
)
from reconciler.model.plan import PLAN_FORMAT, Plan
from reconciler.model.redaction import SECRETS
from reconciler.model.state import STATE_FORMAT, Record, State
from reconciler.model.values import dataclass

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
Content = dict[str, Any]
_ESCAPES = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(\\ud[89a-f][0-9a-f]{2})")
"""A backslash, a whole character in two halves, and half of one."""
_UPGRADE = "use the version of reconciler that wrote it, or a newer one"

_HALVES = (b"\\ud", b"\\uD")
_TOKENS = 1 << 12
SEALED = b"sealed."
"""What bytes begin with when a store keeps e-mail addresses and phone numbers out of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One step from a format of the state to the next one."""

    source: str
    target: str
    change: Callable[[Content], Content]


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


UPGRADES: tuple[Upgrade, ...] = (
    Upgrade(source="1.0", target="1.1", change=_remember_doubts),
    Upgrade(source="1.1", target="1.2", change=_unchanged),
    Upgrade(source="1.2", target="1.3", change=_unchanged),
    Upgrade(source="1.3", target="1.4", change=with_todays_words),
)
"""From the oldest format to the present one. Written down once and never edited: states out there need them."""


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
    records = write_records(state.records, dump=lambda one: adapter_of(Record).dump_python(one, mode="json"))
    return f"{SECRETS.hide(before + empty.replace('{}', records, 1) + behind)}\n".encode()


def to_line(content: Content) -> bytes:
    """Canonical JSON in one line, for what is stored, without secrets."""
    return SECRETS.hide(to_canonical(content)).encode()


def state_from_json(data: bytes) -> State:
    """The state in `data`, upgraded when its format is older; raises ReconcilerError when it is no state.

    A state of any newer format is refused, also when only the number behind the dot has grown. What this version would
    leave out is not only lost with the next write: a reader that did not know of `in_doubt` would have repeated calls.
    """
    refuse_sealed(data, "the state")
    if plain := find_plain_records(data, load_json=load_json):
        records, rest = plain
        return replace(find_plain_state(rest) or _validated(State, rest, "state"), records=records)
    content = _read(data, "state", STATE_FORMAT)
    for upgrade in UPGRADES:
        if content["format_version"] == upgrade.source:
            try:
                content = {**upgrade.change(content), "format_version": upgrade.target}
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                message = f"the state is damaged: it is no state of format {upgrade.source}"
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
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        message = f"the {what} is damaged: {where or 'it'} {describe_misfit(first)}"
        raise ReconcilerError(message) from error
    if damage := find_damage(read):
        message = f"the {what} is damaged: {damage}"
        raise ReconcilerError(message)
    return read
