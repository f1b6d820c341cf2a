"""Plans and states as text: exact round trips, and only formats that this version understands."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.core.errors import ReconcilerError
from reconciler.core.plan import PLAN_FORMAT, Plan
from reconciler.core.state import STATE_FORMAT, State
from reconciler.manifests.integrity import find_damage

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
_UPGRADE = "use the version of reconciler that wrote it, or a newer one"


@cache
def plan_adapter() -> TypeAdapter[Plan]:
    """Reads and writes plans; built on first use, because building it takes longer than using it."""
    from pydantic import TypeAdapter

    return TypeAdapter(Plan)


@cache
def state_adapter() -> TypeAdapter[State]:
    """Reads and writes states."""
    from pydantic import TypeAdapter

    return TypeAdapter(State)


def plan_to_json(plan: Plan) -> str:
    """The plan as indented JSON, for files that people look into too."""
    return plan_adapter().dump_json(plan, indent=2).decode() + "\n"


def plan_from_json(text: str) -> Plan:
    """The plan in `text`; raises ReconcilerError when it is no plan or of a format that is not known."""
    return _validated(plan_adapter(), _read(text, "plan", PLAN_FORMAT), "plan")


def state_to_json(state: State) -> bytes:
    """The state in its one canonical form: sorted keys, no spaces, one newline at the end."""
    content = {"format_version": STATE_FORMAT, **state_adapter().dump_python(state, mode="json")}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def state_from_json(data: bytes) -> State:
    """The state in `data`; raises ReconcilerError when it is no state or of a format that is not known."""
    return _validated(state_adapter(), _read(data, "state", STATE_FORMAT), "state")


def _read(data: str | bytes, what: str, known: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"the {what} is not JSON: {error}"
        raise ReconcilerError(message) from error
    if not isinstance(value, dict) or not isinstance(version := value.get("format_version"), str):
        message = f"this is no {what}: it has no format_version"
        raise ReconcilerError(message)
    if version.partition(".")[0] != known.partition(".")[0]:
        message = f"the {what} has format {version}, but this version reads {known}"
        raise ReconcilerError(message, advice=_UPGRADE)
    return value


def _validated(adapter: TypeAdapter[T], value: dict[str, Any], what: str) -> T:
    from pydantic import ValidationError

    try:
        read = adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        message = f"the {what} is damaged at {where}: {first['msg']}"
        raise ReconcilerError(message) from error
    if damage := find_damage(read):
        message = f"the {what} is damaged: {damage}"
        raise ReconcilerError(message)
    return read
