"""Whether a mapping from a file fits the declaration of a document, and the document that it then is.

For each type that a declaration uses there is one function, made when the first such value is read. Errors have the
types, locations and contexts that pydantic would give them: it reads the same declarations to publish them, and a test
lets it judge what is said here.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Annotated, Any, Literal, TypedDict, TypeVar, Union, get_args, get_origin

from reconciler.manifests.fields import (
    FieldSort,
    FieldTerms,
    Matching,
    OneOf,
    ShortOrLong,
    StrictDocument,
    form_of,
    is_document,
)
from reconciler.manifests.nodes import Path

D = TypeVar("D", bound=StrictDocument)


class Misfit(TypedDict):
    """One value that does not fit."""

    type: str
    loc: Path
    """Keys and indexes, and the names of forms and systems where a choice was made."""
    input: Any
    ctx: dict[str, Any]


Errors = list[Misfit]
_Check = Callable[[Any, Path, Errors], Any]
"""Gives the value that goes into the document, and adds what is wrong with it."""


def read_mapping(model: type[D], node: Mapping[str, object]) -> tuple[D, Errors]:
    """The document, which is one only where there are no errors."""
    errors: Errors = []
    document: D = _document_check(model)(node, (), errors)  # type: ignore[arg-type]  # a type has a hash
    return document, errors


def keys_of(model: Any) -> dict[str, str]:
    """Key in files -> name of the field, base classes first."""
    return {_key_of(model, name): name for name in types_of(model) if name != "other_keys"}


@cache
def types_of(model: Any) -> Mapping[str, Any]:
    """Name of a field -> its type, base classes first."""
    if model is StrictDocument:
        return {}
    (base,) = model.__bases__
    return {**types_of(base), **inspect.get_annotations(model, eval_str=True)}


def _key_of(model: type[StrictDocument], name: str) -> str:
    said = model.field_terms.get(name)
    return name if said is None else str(said.about.get("alias", name))


def _add(errors: Errors, type_: str, loc: Path, value: object, **ctx: object) -> None:
    errors.append({"type": type_, "loc": loc, "input": value, "ctx": ctx})


@cache
def _document_check(model: Any) -> _Check:
    annotations, names = types_of(model), keys_of(model)
    checks = {key: (name, _check_of(annotations[name], model.field_terms.get(name))) for key, name in names.items()}
    others = _check_of(get_args(annotations["other_keys"])[1]) if "other_keys" in annotations else None
    required = {key for key, name in names.items() if name in model.required_fields}
    ranks: dict[object, int] = {key: rank for rank, key in enumerate(names)}

    def check(value: Any, at: Path, errors: Errors) -> Any:
        if not isinstance(value, dict):
            return _add(errors, "model_type", at, value, class_name=model.__name__)
        document = object.__new__(model)
        content = document.__dict__
        own: Errors = []
        if others is not None:
            content["other_keys"] = {}
        for key, item in value.items():
            known = checks.get(key)
            if known is not None:
                content[known[0]] = known[1](item, (*at, key), own)
            elif others is not None:
                content["other_keys"][key] = others(item, (*at, key), own)
            else:
                _add(own, "extra_forbidden", (*at, key), item, known=list(names))
        if not required <= value.keys():
            for key in required - value.keys():
                _add(own, "missing", (*at, key), value)
        if own:
            # As the fields are declared, and then what is not known as it is written.
            place = len(at)
            errors += sorted(own, key=lambda one: ranks.get(one["loc"][place], len(ranks)))
        return document

    return check


def _check_of(annotation: Any, said: FieldTerms | None = None) -> _Check:
    """The function for a type; what is said of the field may limit it further."""
    if is_document(annotation):
        return _document_check(annotation)
    base, *more = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    terms = [one for one in (*more, said) if isinstance(one, FieldTerms)]
    limits = {name: limit for one in terms for name, limit in one.about.items()}
    own = next((one for one in more if one not in terms), None)
    match own:
        case OneOf():
            return _word_check(own)
        case Matching():
            return _pattern_check(own)
        case FieldSort():
            return _sort_check(own, [_check_of(one) for one in get_args(base)])
        case ShortOrLong():
            return _form_check({name: _later(one) for name, one in ShortOrLong.forms(base).items()})
    if "discriminator" in limits:
        return _choice_check(limits["discriminator"], get_args(base))
    return _plain_check(base, limits)


def _later(annotation: Any) -> _Check:
    """The function for a type, made when there is a value of it."""
    made: list[_Check] = []

    def check(value: Any, at: Path, errors: Errors) -> Any:
        if not made:
            made.append(_check_of(annotation))
        return made[0](value, at, errors)

    return check


def _word_check(field: OneOf) -> _Check:
    words = {value: value for value in field.values}

    def check(value: Any, at: Path, errors: Errors) -> Any:
        # To Python `true` equals 1; that 1.0 does is meant.
        if value.__hash__ is None or isinstance(value, bool) or value not in words:
            return _add(errors, field.finding, at, value, field=field)
        return words[value]

    return check


def _pattern_check(field: Matching) -> _Check:
    # `$` is the very end to pydantic, and to Python also what stands before a last line break.
    matches = re.compile(field.pattern.replace("$", r"\Z")).search

    def check(value: Any, at: Path, errors: Errors) -> Any:
        if not isinstance(value, str) or matches(value) is None:
            _add(errors, field.finding, at, value, field=field)
        return value

    return check


def _sort_check(field: FieldSort, sorts: list[_Check]) -> _Check:
    def check(value: Any, at: Path, errors: Errors) -> Any:
        for sort in sorts:
            wrong: Errors = []
            read = sort(value, at, wrong)
            if not wrong:
                return read
        return _add(errors, field.finding, at, value, field=field)

    return check


def _form_check(forms: Mapping[str, _Check]) -> _Check:
    def check(value: Any, at: Path, errors: Errors) -> Any:
        form = form_of(value, forms)
        return forms[form](value, (*at, form), errors)

    return check


def _choice_check(key: str, models: tuple[Any, ...]) -> _Check:
    choices = {get_args(types_of(model)[key])[0]: _later(model) for model in models}

    def check(value: Any, at: Path, errors: Errors) -> Any:
        if not isinstance(value, dict):
            return _add(errors, "model_attributes_type", at, value)
        if key not in value:
            return _add(errors, "union_tag_not_found", at, value)
        tag = value[key]
        if not isinstance(tag, str) or tag not in choices:
            return _add(errors, "union_tag_invalid", at, value, tag=str(tag))
        return choices[tag](value, (*at, tag), errors)

    return check


def _plain_check(kind: Any, limits: Mapping[str, Any]) -> _Check:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any or origin is Literal:  # a literal is the tag that chose the document
        return _anything
    if origin in {Union, types.UnionType}:
        return _optional_check(_check_of(next(one for one in inner if one is not types.NoneType)))
    if origin is dict:
        return _dict_check(_later(inner[1]), _short_words(inner[1]))
    if origin is list:
        return _list_check(_later(inner[0]), limits.get("min_length", 0))
    return _scalar_check(kind, limits)


def _anything(value: Any, _: Path, __: Errors) -> Any:
    return value


def _optional_check(inner: _Check) -> _Check:
    return lambda value, at, errors: None if value is None else inner(value, at, errors)


def _short_words(annotation: Any) -> Callable[[], AbstractSet[object]]:
    """Gives the words that fit a type which is written as a word or as a mapping; none for other types."""
    base, *more = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    short = get_args(get_args(base)[0]) if any(isinstance(one, ShortOrLong) for one in more) else ()
    word = next((one for one in short if isinstance(one, OneOf)), None)
    return cache(lambda: frozenset(word.values if word else ()))


def _dict_check(inner: _Check, short_words: Callable[[], AbstractSet[object]]) -> _Check:
    def check(value: Any, at: Path, errors: Errors) -> Any:
        if not isinstance(value, dict):
            return _add(errors, "dict_type", at, value)
        words = short_words()
        return {
            # Nearly all there is are words, such as roles.
            key: item if item.__class__ is str and item in words else inner(item, (*at, key), errors)
            for key, item in value.items()
        }

    return check


def _list_check(inner: _Check, least: int) -> _Check:
    def check(value: Any, at: Path, errors: Errors) -> Any:
        if not isinstance(value, list):
            return _add(errors, "list_type", at, value)
        if len(value) < least:
            return _add(errors, "too_short", at, value)
        return [inner(item, (*at, index), errors) for index, item in enumerate(value)]

    return check


_SCALARS = {str: "string_type", bool: "bool_type", int: "int_type", float: "float_type"}


def _scalar_check(kind: type, limits: Mapping[str, Any]) -> _Check:
    accepted = {float, int} if kind is float else {kind}
    ge, le = limits.get("ge"), limits.get("le")

    def check(value: Any, at: Path, errors: Errors) -> Any:
        if type(value) not in accepted:
            return _add(errors, _SCALARS[kind], at, value)
        if ge is not None and value < ge:
            _add(errors, "greater_than_equal", at, value, ge=ge)
        elif le is not None and value > le:
            _add(errors, "less_than_equal", at, value, le=le)
        return float(value) if kind is float else value

    return check
