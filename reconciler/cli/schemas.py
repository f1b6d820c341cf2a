"""JSON Schemas, made from the documents that people write and from the values that are shown."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
import types
from collections.abc import Mapping
from functools import cache, reduce
from itertools import pairwise
from operator import or_
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from reconciler.cli.options import load_outputs
from reconciler.manifests.config import ConfigDocument
from reconciler.manifests.documents import ManifestDocument
from reconciler.manifests.fields import (
    FieldTerms,
    Matching,
    OneOf,
    ShortOrLong,
    StrictDocument,
    is_document,
    keys_of,
    roles_in,
    types_of,
)
from reconciler.model import STATE_FORMAT, Plan, Role, State
from reconciler.output.json import core_schema_of

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_READ: Mapping[str, tuple[str, Any]] = {
    "manifest": ("Access manifest: who may do what on TikTok organizations", ManifestDocument),
    "config": ("Workspace of reconciler (reconciler.yaml)", ConfigDocument),
    "plan": ("Plan: ordered changes and everything that is held back", Plan),
    "state": ("State: everything remembered of one organization", State),
}
"""What is read: title and type. Its schema is as lenient as the reader."""

_OUTPUTS = load_outputs()
SCHEMAS = (*_READ, *_OUTPUTS)
"""Names of all published schemas: first what people write, then what this tool does."""


@cache
def render_schema(name: str) -> str:
    """The text of a published schema."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"


def json_schema(name: str) -> Schema:
    """The schema of one of `SCHEMAS`, in JSON Schema 2020-12."""
    title = _READ[name][0] if name in _READ else _OUTPUTS[name].title
    schema = _schema_of_read(name) if name in _READ else _schema_of_output(name)
    definitions = schema.pop("$defs", {})
    for kind, one in definitions.items():
        one["title"] = _title(kind)
    for one in (schema, *definitions.values()):
        one.pop("discriminator", None)
        for field in one.get("properties", {}).values():
            if "description" in field:
                field["description"] = field.pop("description")  # last, behind what it is about
    named = {"$schema": _DIALECT, "$id": f"urn:reconciler:schema:{name}", **schema, "title": title}
    return {**named, "$defs": definitions} if definitions else named


def _schema_of_read(name: str) -> Schema:
    kind = _READ[name][1]
    model = model_of(kind) if is_document(kind) else kind
    schema = TypeAdapter(model).json_schema(schema_generator=_Described)
    if name == "state":
        schema["properties"]["format_version"] = {
            "type": "string",
            "description": f"This version writes {STATE_FORMAT}; another number before the dot is another format.",
        }
    if name in ("plan", "state"):
        schema["required"] = ["format_version", *schema["required"]]
    return schema


def _schema_of_output(name: str) -> Schema:
    output = _OUTPUTS[name]
    schema = _Described().generate(core_schema_of(output.value), mode="serialization")
    version = {"format_version": {"type": "string"}}
    if not output.under:
        properties = {**version, **schema["properties"]}
        return {**schema, "properties": properties, "required": list(properties)}
    definitions = schema.pop("$defs", {})
    properties = {**version, output.under: schema}
    return {"type": "object", "properties": properties, "required": list(properties), "$defs": definitions}


class _Described(GenerateJsonSchema):
    """With the docstrings of classes and attributes, where editors show them, and without what says nothing.

    Pydantic could read them itself (`use_attribute_docstrings`), but only when it builds a class: every run that reads
    a manifest would pay for a schema that it does not make.
    """

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A document that people write."""
        return _described(super().model_schema(schema), schema["cls"].document)

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """A value of the model."""
        return _described(super().dataclass_schema(schema), schema["cls"])

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """A pair of values."""
        return _described(super().typed_dict_schema(schema), schema["cls"])

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        """Words with the docstrings of their members."""
        return _with_words(super().enum_schema(schema), docstrings_of(schema["cls"]))

    def custom_error_schema(self, schema: core_schema.CustomErrorSchema) -> JsonSchemaValue:
        """What documents declare, with what each word means, and what editors say of text that has not its form."""
        made = super().custom_error_schema(schema)
        field: Any = schema["custom_error_context"]["field"]
        if isinstance(field, Matching):
            return {**made, "patternErrorMessage": f"It must be {field.expected}."}
        return _with_words(made, _told(field)) if isinstance(field, OneOf) else made

    def computed_field_schema(self, schema: core_schema.ComputedField) -> JsonSchemaValue:
        """A property of such a value."""
        told = _one_line(schema["metadata"]["description"])
        return {**super().computed_field_schema(schema), "description": told}

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,  # noqa: FBT001  # pydantic's own signature
    ) -> bool:
        """Everything that is written is always there."""
        return self.mode == "serialization" or super().field_is_required(field, total)


def _told(field: OneOf) -> dict[str, str]:
    """Word -> what it means."""
    if not field.kind:
        return {} if isinstance(field.words, tuple) else docstrings_of(field.words)
    return {name: _role(roles) for name, roles in roles_in(field.system, field.kind).items()}


def _role(roles: tuple[Role, ...]) -> str:
    """What it allows; variants of a system may differ in that."""
    told = (f"{one.label}. May: {one.may}{f' May not: {one.may_not}' if one.may_not else ''}" for one in roles)
    return " Or, by the kind of organization: ".join(dict.fromkeys(told))


def _with_words(schema: Schema, told: Mapping[str, str]) -> Schema:
    """Editors show the descriptions beside the words."""
    words = schema.pop("enum", None) or [schema.pop("const")]
    texts = [told.get(str(word), "") for word in words]
    return {"enum": words, **({"enumDescriptions": texts} if any(texts) else {}), **schema}


def _described(schema: Schema, kind: type) -> Schema:
    schema["description"] = _one_line(kind.__doc__ or "")
    for name, told in docstrings_of(kind).items():
        if name in schema.get("properties", {}):
            schema["properties"][name]["description"] = told
    for field in schema.get("properties", {}).values():
        # Titles only repeat the name of the key; an empty default means that the key may be left out.
        field.pop("title", None)
        if field.get("default") in ("", 0, [], {}) and field.get("default") is not False:
            del field["default"]
    return schema


def _title(kind: str) -> str:
    """In the words of users: `DeveloperTerms` is "Developer access"."""
    words = re.findall(r"TikTok|[A-Z][a-z]*", kind.removesuffix("Document"))
    text = " ".join([words[0], *(word if word == "TikTok" else word.lower() for word in words[1:])])
    text = re.sub(r"\bterms$", "access", text)
    return re.sub(r"(Business|Organization) (center|account)", lambda found: found[0].title(), text)


@cache
def docstrings_of(kind: type) -> dict[str, str]:
    """Key in JSON -> docstring of the attribute, inherited ones included."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith("reconciler."):
            found |= _attributes_of(ast.parse(textwrap.dedent(inspect.getsource(one))).body[0])
    keys = {name: key for key, name in keys_of(kind).items()} if is_document(kind) else {}
    return {keys.get(name, name): told for name, told in found.items()}


def _attributes_of(node: ast.stmt) -> dict[str, str]:
    about: dict[str, str] = {}
    body = node.body if isinstance(node, ast.ClassDef) else []
    for statement, following in pairwise(body):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(value=ast.Constant(value=str() | int() as name)):
                if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                    about[str(name)] = _one_line(str(following.value.value))
    return about


def _one_line(text: str) -> str:
    """The first paragraph, with JSON's word for None."""
    return re.sub(r"\bNone\b", "`null`", " ".join(text.partition("\n\n")[0].split()))


@cache
def model_of(document: Any) -> type[BaseModel]:
    """A document as pydantic declares it."""
    if document is StrictDocument:
        settings = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
        return type("StrictModel", (BaseModel,), {"model_config": settings, "__module__": __name__})
    (base,) = document.__bases__
    kinds = dict(types_of(document))
    content: dict[str, Any] = {"__module__": document.__module__, "__doc__": document.__doc__}
    if others := kinds.pop("other_keys", None):
        content["model_config"] = ConfigDict(extra="allow")
    own = {name: kind for name, kind in kinds.items() if name in inspect.get_annotations(document)}
    content["__annotations__"] = {name: _translated(kind) for name, kind in own.items()}
    if others:
        content["__annotations__"]["__pydantic_extra__"] = _translated(others)
    for name in own:
        default = ... if name in document.required_fields else getattr(document, name)
        if name in document.field_terms:
            content[name] = _pydantic_field(document.field_terms[name])
        elif default is not ...:
            content[name] = model_of(cast("Any", type(default)))() if isinstance(default, StrictDocument) else default
    made: Any = type(document.__name__, (model_of(base),), content)
    made.document = document
    return made  # type: ignore[no-any-return]  # pydantic's class made it


def _pydantic_field(said: FieldTerms) -> Any:
    default: dict[str, Any] = {} if said.default is ... else {"default": said.default}
    if said.default_factory:
        default["default_factory"] = said.default_factory
    return Field(**default, **said.about)


def _translated(kind: Any) -> Any:
    """A type with models in place of documents."""
    if is_document(kind):
        return model_of(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        said = [_pydantic_field(one) if isinstance(one, FieldTerms) else one for one in inner[1:]]
        is_named = any(isinstance(one, ShortOrLong) for one in said)
        base = reduce(or_, ShortOrLong.forms(inner[0]).values()) if is_named else inner[0]
        return Annotated[(_translated(base), *said)]
    if origin in {Union, types.UnionType}:
        return reduce(or_, map(_translated, inner))
    return origin[tuple(map(_translated, inner))] if origin in {dict, list} else kind
