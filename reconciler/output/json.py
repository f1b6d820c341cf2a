"""Values as JSON: every output with its format version, made from the values of the core themselves.

What a value holds is what is written. A new minor version of a format only adds properties. Plans and states are also
read back, so their adapters are in `manifests/saved.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from reconciler.core.audit import LoggedEntry
from reconciler.core.drifting import DriftReport
from reconciler.core.forecast import Forecast
from reconciler.core.holding import AccessMatrix, Holding, PersonReport
from reconciler.core.inspection import Inspection
from reconciler.core.notice import Notice, Notices
from reconciler.core.observation import Difference, Observation
from reconciler.core.offboarding import Offboarding
from reconciler.core.onboarding import Onboarding
from reconciler.core.outcome import Report
from reconciler.core.policy_settings import StandingRule
from reconciler.core.review import Access, AccessChange, Review
from reconciler.core.state import PastState, StateSummary
from reconciler.core.work_order import WorkOrder
from reconciler.manifests.saved import dump_json
from reconciler.systems.table import RoleRow

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, SchemaSerializer


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One document that a command writes with `--format json`: the value, and `format_version` before it."""

    title: str
    version: str = "1.0"
    value: Any
    """The type of what is shown."""
    under: str = ""
    """For a list: the key it is written under."""


OUTPUTS: Mapping[str, Output] = {
    "findings": Output(title="Findings of validate", value=Inspection),
    "state-list": Output(title="Organizations that have a state", value=Sequence[StateSummary], under="organizations"),
    "systems": Output(title="Systems, roles and permissions", value=Sequence[RoleRow], under="roles"),
    "history": Output(title="States of one organization that are kept", value=Sequence[PastState], under="history"),
    "audit-log": Output(title="Audit log", value=Sequence[LoggedEntry], under="entries"),
    "who": Output(title="Everything one person has", value=PersonReport),
    "access": Output(title="Access matrix of an organization or of one thing in it", value=AccessMatrix),
    "review": Output(title="Review of a change: who gains and who loses what", value=Review),
    "policies": Output(title="Policies as they are set in a workspace", value=Sequence[StandingRule], under="policies"),
    "observation": Output(title="Roster: the members or apps that somebody read off a page", value=Observation),
    "report": Output(title="Report: what apply did", value=Report),
    "drift": Output(title="Drift: what is live and was not made so by this tool", value=DriftReport),
    "estimate": Output(title="Calls and time that a run takes", value=Forecast),
    "work-orders": Output(
        title="Work orders: what people are asked to do by hand", value=Sequence[WorkOrder], under="work_orders"
    ),
    "offboarding": Output(
        title="Offboarding: what is left of one person, and who has to do what about it", value=Offboarding
    ),
    "notices": Output(title="Notices: one message for each person who has to act", value=Notices),
    "onboarding": Output(title="Onboarding: what somebody new is given to work like somebody else", value=Onboarding),
}

PROPERTIES: Mapping[type, tuple[str, ...]] = {
    Access: ("starts", "ends"),
    AccessChange: ("organization",),
    Difference: ("what",),
    DriftReport: ("summary",),
    Forecast: ("plan", "apply"),
    Holding: ("standing",),
    Inspection: ("summary",),
    Notice: ("deadline",),
    Offboarding: ("is_complete",),
    PersonReport: ("ends_soon",),
    Report: ("summary",),
    Review: ("summary",),
}
"""What is written besides the fields: the properties of a value that spare a reader from computing them."""

HIDDEN: Mapping[type, tuple[str, ...]] = {
    Holding: ("is_past",),
    Inspection: ("texts", "files", "policies"),
    Observation: ("texts",),
    Offboarding: ("plan", "edited"),
    Onboarding: ("edited",),
}
"""Fields that are not written: what other outputs or fields tell, and texts of files that the reader has."""


def to_json(name: str, value: Any) -> str:
    """The output `name` of `OUTPUTS` for a value."""
    output = OUTPUTS[name]
    content = _serializer(name).to_python(value, mode="json")
    document = {"format_version": output.version, **({output.under: content} if output.under else content)}
    return dump_json(document)


def json_writer(name: str) -> Callable[[Any, object], str]:
    """`to_json` as renderers are called; how a terminal is styled makes no difference to it."""
    return lambda value, _: to_json(name, value)


@cache
def _serializer(name: str) -> SchemaSerializer:
    from pydantic_core import SchemaSerializer

    return SchemaSerializer(core_schema_of(OUTPUTS[name].value))


def core_schema_of(kind: Any) -> CoreSchema:
    """What pydantic knows of a type, with `PROPERTIES` and without what is `HIDDEN`.

    The classes themselves stay as they are: states and journals hold some of them, and shall not hold what follows
    from the rest.
    """
    from pydantic import TypeAdapter

    definitions: dict[str, Any] = {}
    schema = _adapted(TypeAdapter(kind).core_schema, definitions)
    found = {"type": "definitions", "schema": schema, "definitions": list(definitions.values())}
    return cast("CoreSchema", found if definitions else schema)


def _adapted(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_adapted(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "definitions":
        for one in schema["definitions"]:
            if one["ref"] not in definitions:
                definitions[one["ref"]] = one
                definitions[one["ref"]] = _adapted(one, definitions)
        return _adapted(schema["schema"], definitions)
    if schema.get("type") == "named-tuple":
        schema = _named(schema)
    adapted = {key: _adapted(value, definitions) for key, value in schema.items()}
    if schema.get("type") == "dataclass":
        kind, inner = schema["cls"], adapted["schema"]
        for field in inner["fields"]:
            field["serialization_exclude"] = field["name"] in HIDDEN.get(kind, ())
        inner["computed_fields"] = [_computed(kind, name, definitions) for name in PROPERTIES.get(kind, ())]
    return adapted


def _named(schema: Any) -> dict[str, Any]:
    """A NamedTuple is written with its names, like any other value."""
    kind = schema["cls"]
    fields = {
        field["name"]: {"type": "typed-dict-field", "schema": field["schema"], "required": True}
        for field in schema["fields"]
    }
    written = {"type": "typed-dict", "cls": kind, "fields": fields}
    return {**schema, "serialization": {"type": "function-plain", "function": kind._asdict, "return_schema": written}}


def _computed(kind: type, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    from pydantic import TypeAdapter

    told = getattr(kind, name)
    returned = get_type_hints(told.fget)["return"]
    return {
        "type": "computed-field",
        "property_name": name,
        "return_schema": _adapted(TypeAdapter(returned).core_schema, definitions),
        "metadata": {"description": told.__doc__},
    }
