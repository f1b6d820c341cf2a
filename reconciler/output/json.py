"""Values as JSON: every output with its format version, made from the values themselves.

What a value holds is what is written, with the properties that its class names in `JSON_PROPERTIES` and without the
fields in `JSON_HIDDEN`. A new minor version of a format only adds properties. Plans and states are also read back, so
their adapters are in `model/json.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from reconciler.model import dataclass, write_json

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, SchemaSerializer


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One document that a command writes with `--format json`: the value, and `format_version` before it."""

    name: str
    """Of its schema."""
    title: str
    version: str = "1.0"
    value: Any
    """The type of what is shown."""
    under: str = ""
    """For a list: the key it is written under."""

    def write(self, value: Any) -> Iterator[str]:
        """The document for a value, in pieces."""
        content = _serializer(self.value).to_python(value, mode="json")
        return write_json({"format_version": self.version, **({self.under: content} if self.under else content)})

    def digest(self, value: Any) -> str:
        """SHA-256 of the document for a value."""
        digest = hashlib.sha256()
        for piece in self.write(value):
            digest.update(piece.encode())
        return digest.hexdigest()


@cache
def _serializer(kind: Any) -> SchemaSerializer:
    from pydantic_core import SchemaSerializer

    return SchemaSerializer(core_schema_of(kind))


def core_schema_of(kind: Any) -> CoreSchema:
    """What pydantic knows of a type, with its `JSON_PROPERTIES` and without what is in `JSON_HIDDEN`.

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
            field["serialization_exclude"] = field["name"] in getattr(kind, "JSON_HIDDEN", ())
        inner["computed_fields"] = [_computed(kind, name, definitions) for name in getattr(kind, "JSON_PROPERTIES", ())]
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

    described = getattr(kind, name)
    returned = get_type_hints(described.fget)["return"]
    return {
        "type": "computed-field",
        "property_name": name,
        "return_schema": _adapted(TypeAdapter(returned).core_schema, definitions),
        "metadata": {"description": described.__doc__},
    }
