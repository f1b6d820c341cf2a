"""Pydantic's errors in the words of the person who wrote the file."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from reconciler.core.finding import Place
from reconciler.manifests.fields import Matching, OneOf, Sort
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.manifests.roles import note_unknown_role
from reconciler.manifests.secrets import is_secret_name
from reconciler.manifests.structure import path_in
from reconciler.manifests.suggest import did_you_mean, listed
from reconciler.systems import SYSTEMS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
}


def note_structure_error(model: type[BaseModel], error: ErrorDetails, top: Cursor, notes: Notes) -> None:
    """Tell one error of validating `model` against the file that `top` stands for."""
    path = path_in(top.node, error["loc"])
    told = _SPECIAL.get(error["type"])
    if told is not None:
        told(model, error, path, top, notes)
        return
    custom = error.get("ctx", {}).get("field")
    place = _value_place(top, path)
    if isinstance(custom, (OneOf, Matching)):
        _note_custom(custom, error, path, place, notes)
    elif isinstance(custom, Sort):
        _note_wrong_type(error["input"], custom.expected, path, place, notes)
    elif error["type"] in _EXPECTED:
        _note_wrong_type(error["input"], _EXPECTED[error["type"]], path, place, notes)
    else:
        name = path[-1] if path else "this"
        notes.error("out-of-range", f"`{name}`: {error['msg'].removeprefix('Input ').lower()}", place)


def _note_unknown_key(
    model: type[BaseModel], error: ErrorDetails, path: tuple[str | int, ...], top: Cursor, notes: Notes
) -> None:
    key, place = str(path[-1]), top.key(*path)
    if is_secret_name(key):
        notes.error("secret", f"`{key}`: a file in git never holds a secret", place, advice="delete it")
        return
    notes.error(
        "unknown-key", f"`{key}` is not known here", place, advice=did_you_mean(key, _keys_at(model, error["loc"][:-1]))
    )


def _note_missing(
    _model: type[BaseModel], error: ErrorDetails, path: tuple[str | int, ...], top: Cursor, notes: Notes
) -> None:
    owner = f"`{path[-2]}`" if len(path) > 1 and isinstance(path[-2], str) else "this"
    notes.error("missing-key", f"{owner} has no `{path[-1]}`", top.key(*path[:-1]), advice=f"write `{path[-1]}: ...`")


def _note_no_system(
    _model: type[BaseModel], error: ErrorDetails, path: tuple[str | int, ...], top: Cursor, notes: Notes
) -> None:
    systems = listed(SYSTEMS)
    notes.error("missing-key", f"`{path[-1]}` has no `system`", top.key(*path), advice=f"write one of {systems}")


def _note_unknown_system(
    _model: type[BaseModel], error: ErrorDetails, path: tuple[str | int, ...], top: Cursor, notes: Notes
) -> None:
    written = str(error["ctx"]["tag"])
    place = _value_place(top, (*path, "system"))
    notes.error("unknown-system", f"`{written}` is no system", place, advice=did_you_mean(written, SYSTEMS))


def _note_empty(
    _model: type[BaseModel], error: ErrorDetails, path: tuple[str | int, ...], top: Cursor, notes: Notes
) -> None:
    notes.error("empty-value", f"`{path[-1]}` must not be empty", _value_place(top, path), advice="or delete the key")


_SPECIAL: dict[str, Callable[[type[BaseModel], ErrorDetails, tuple[str | int, ...], Cursor, Notes], None]] = {
    "extra_forbidden": _note_unknown_key,
    "missing": _note_missing,
    "union_tag_not_found": _note_no_system,
    "union_tag_invalid": _note_unknown_system,
    "too_short": _note_empty,
}


def _note_custom(
    field: OneOf | Matching, error: ErrorDetails, path: tuple[str | int, ...], place: Place, notes: Notes
) -> None:
    value = error["input"]
    if isinstance(field, OneOf) and isinstance(field.values[0], int):
        notes.error(field.finding, f"version {value!r} is not known", place, advice=f"write {field.values[0]}")
    elif not isinstance(value, str) and not (field.finding == "bad-date" and type(value) is int):
        _note_wrong_type(value, "text", path, place, notes)
    elif isinstance(field, Matching):
        message = "there is nothing in the quotes" if value == "" else f"`{value}` is not {field.expected}"
        notes.error(field.finding, message, place, advice=_repair(field, str(value)))
    elif field.kind:
        note_unknown_role(notes, value, list(SYSTEMS[field.system].values()), field.kind, place)
    else:
        notes.error(
            field.finding, f"`{value}` is not known for `{path[-1]}`", place,
            advice=did_you_mean(value, map(str, field.values)),
        )  # fmt: skip


def _repair(field: Matching, value: str) -> str:
    if field.finding == "bad-handle" and value and not value.startswith("@") and " " not in value:
        return f'write "@{value}"'
    return ""


def _note_wrong_type(value: object, expected: str, path: tuple[str | int, ...], place: Place, notes: Notes) -> None:
    name = next((part for part in reversed(path) if isinstance(part, str)), "the file")
    if value is None:
        notes.error("no-value", f"`{name}` has no value", place, advice=f"write {expected}, or delete the key")
    elif expected == "text" and isinstance(value, (int, float)):
        read = str(value).lower() if isinstance(value, bool) else str(value)
        message = f"`{name}` is text, but {read} is read as {_sort_of(value)}"
        notes.error("unquoted-text", message, place, advice=f'write "{read}" in quotes')
    else:
        notes.error("wrong-type", f"`{name}` must be {expected}, not {_sort_of(value)}", place)


def _sort_of(value: object) -> str:
    sorts = {bool: "true or false", int: "a number", float: "a number", str: "text"}
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return sorts.get(type(value), "this")


def _value_place(top: Cursor, path: tuple[str | int, ...]) -> Place:
    """Where the value at the end of a path is written."""
    cursor = top
    for part in path[:-1]:
        cursor = cursor.into(part)
    last = path[-1] if path else ""
    return cursor.value(last) if isinstance(last, str) else cursor.key(last)


def _keys_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that the mapping at a location may have, found by walking the types of the documents."""
    found: Any = model
    for part in loc:
        found = _step(found, part)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [info.alias or name for name, info in found.model_fields.items()]
    return []


def _step(annotation: Any, part: str | int) -> Any:
    """The type one level further in; for a union, the member that pydantic named in the location."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        info = annotation.model_fields.get(str(part))
        return None if info is None else info.annotation
    arguments = get_args(annotation)
    if get_origin(annotation) in {Union, types.UnionType}:
        if part in {"short", "long"}:
            return arguments[part == "long"]
        return next((one for one in arguments if part in get_args(one.model_fields["system"].annotation)), None)
    return arguments[-1] if arguments else None
