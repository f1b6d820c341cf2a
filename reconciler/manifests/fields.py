"""What documents are made of, and whether a mapping from a file fits the declaration of one.

The types of fields carry the id of the finding that a wrong value gives.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Container, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    NoReturn,
    TypedDict,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from reconciler.manifests.nodes import Path
from reconciler.model import Action, Role, dataclass
from reconciler.systems.catalogue import SYSTEMS

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words; the published schema lists them, so that editors can complete them."""

    words: tuple[str | int, ...] | type[StrEnum] = ()
    """Empty for roles. The members of an enumeration have docstrings, which the published schema shows."""
    finding: str = "unknown-value"
    system: str = ""
    kind: str = ""
    """For roles: of which kind in which system, so that a suggestion can be made."""
    about: str = ""
    """For roles: what a mapping with such a role says, for the published schema."""

    @property
    def values(self) -> tuple[str | int, ...]:
        """The words; those of roles are read when a file names such a role, and not those of all systems before."""
        if self.kind:
            return tuple(roles_in(self.system, self.kind))
        return self.words if isinstance(self.words, tuple) else tuple(word.value for word in self.words)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        # To Python, and so to pydantic, `true` equals 1.
        allowed = core_schema.no_info_before_validator_function(_no_boolean, core_schema.literal_schema([*self.values]))
        return _with_finding(self, allowed)


def _no_boolean(value: Any) -> Any:
    return str(value) if isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class Matching:
    """Text of a certain form."""

    pattern: str
    finding: str
    expected: str
    """What it must be, for the message."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return _with_finding(self, core_schema.str_schema(pattern=self.pattern, strict=True))


@dataclass(frozen=True, slots=True)
class FieldSort:
    """A value that may be of several sorts, with one name for all of them in the message."""

    expected: str
    finding: str = "wrong-type"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _with_finding(self, handler(source))


def _with_finding(field: OneOf | Matching | FieldSort, schema: CoreSchema) -> CoreSchema:
    from pydantic_core import core_schema

    return core_schema.custom_error_schema(
        schema,
        custom_error_type=field.finding,
        custom_error_message="is not as it has to be",
        custom_error_context={"field": field},
    )


class ShortOrLong:
    """For a union of a plain value and a mapping with more to say: only the errors of the form that was used appear.

    A list may stand between the two. Where the plain value is a role that says what it is about, the mapping is made
    to hold such a role.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        forms = {name: handler.generate_schema(one) for name, one in _named(get_args(source)).items()}
        return core_schema.tagged_union_schema(forms, discriminator=lambda value: _form_of(value, forms))

    @staticmethod
    def forms(union: Any) -> dict[str, Any]:
        """The type of each form, under the name that it has in the locations of errors."""
        *plain, long = get_args(union)
        role = next((one for one in get_args(plain[0]) if isinstance(one, OneOf) and one.about), None)
        return _named((*plain, long if role is None else _with_role(long, role)))


def _named(types: tuple[Any, ...]) -> dict[str, Any]:
    names = ("short", "long") if len(types) == 2 else ("short", "list", "long")
    return dict(zip(names, types, strict=True))


def _form_of(value: object, forms: Container[str]) -> str:
    """Which of the forms of a `ShortOrLong` is used."""
    if isinstance(value, dict):
        return "long"
    return "list" if isinstance(value, list) and "list" in forms else "short"


@cache
def _with_role(terms: type[StrictDocument], role: OneOf) -> type[StrictDocument]:
    words = role.kind.removesuffix("_access").removeprefix("partner_").split("_")
    # It has no source whose docstrings the published schema could be made from; its base has.
    content = {"__doc__": role.about, "__module__": "made", "__annotations__": {"role": Annotated[str, role]}}
    return type("".join(map(str.capitalize, [*words, "terms"])), (terms,), content)


@dataclass(frozen=True, slots=True, eq=False)
class FieldTerms:
    """What is said of a field besides its type."""

    default: Any
    default_factory: Callable[[], Any] | None
    about: Mapping[str, Any]
    """Limits, examples, another name, as pydantic calls them."""

    @property
    def has_default(self) -> bool:
        """Whether the key may be left out."""
        return self.default is not ... or self.default_factory is not None


def Field(*, default: Any = ..., default_factory: Callable[[], Any] | None = None, **about: Any) -> Any:  # noqa: N802
    """A field of a document, said as pydantic's function of this name would have it."""
    return FieldTerms(default, default_factory, about)


def roles_of(system: str, kind: str, about: str = "") -> OneOf:
    """The roles, or permissions, that any variant of a system knows for a kind; the resolver knows the variant."""
    return OneOf(finding="unknown-role", system=system, kind=kind, about=about)


@cache
def roles_in(system: str, kind: str) -> Mapping[str, tuple[Role, ...]]:
    """Word -> what it is in each variant that has it."""
    found: dict[str, tuple[Role, ...]] = {}
    for one in SYSTEMS[system].values():
        for role in (*one.roles.get(kind, ()), *one.permissions.get(kind, ())):
            found[role.name] = (*found.get(role.name, ()), role)
    return found


def developers_variant(kind: object, role_system: object) -> str:
    """The variant of the system that these two words choose, right or wrong as they may be."""
    if kind == "research":
        return "research"
    return "owner" if role_system == "owner" else ""


Text = Annotated[str, Matching(r"\S", "empty-value", "some text")]
Day = Annotated[str, Matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "bad-date", "a day such as 2027-01-31")]
Interval = Annotated[str, Matching(r"^[1-9][0-9]{0,3}d$", "bad-interval", "a number of days such as 90d")]
Language = Annotated[str, Matching(r"^[a-z]{2,3}(_[A-Z]{2})?$", "unknown-value", "a language such as de or pt_BR")]
NumericId = Annotated[str, Matching(r"^[0-9]{1,19}$", "bad-id", "an id of at most 19 digits in quotes")]
Handle = Annotated[str, Matching(r"^@[^@\s/]+$", "bad-handle", "a handle that begins with @")]
Version = Annotated[int, OneOf((1,), "unknown-version"), Field(title="Version")]
ActionName = Annotated[str, OneOf(Action, "unknown-action")]


class StrictDocument:
    """A mapping in a file; keys that are not listed are refused, unless it has a field `other_keys`.

    Nothing is nullable: a key without a value (`expires:`) is a mistake, not a default. An instance holds what is
    written; defaults stay with the class.
    """

    field_terms: ClassVar[Mapping[str, FieldTerms]] = {}
    """Of all fields with such."""
    required_fields: ClassVar[AbstractSet[str]] = frozenset()
    """Names of the fields without a default."""

    def __init_subclass__(cls) -> None:
        """Let the class itself show the defaults."""
        names = inspect.get_annotations(cls).keys() - {"other_keys"}
        own = {name: value for name, value in vars(cls).items() if isinstance(value, FieldTerms)}
        open_ = {name for name in names if name not in vars(cls) or (name in own and not own[name].has_default)}
        cls.required_fields = cls.required_fields - names | open_
        inherited = {name: said for name, said in cls.field_terms.items() if name not in names}
        cls.field_terms = {**inherited, **own}
        for name, said in own.items():
            delattr(cls, name)
            if said.has_default:
                setattr(cls, name, said.default_factory() if said.default_factory else said.default)

    def __init__(self, **written: Any) -> None:
        self.__dict__.update(written)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Documents are what a file says."""
        raise AttributeError(name)

    @property
    def keys_written(self) -> set[str]:
        """Names of the fields that the file gives a value."""
        return set(self.__dict__) - {"other_keys"}


def is_document(kind: Any) -> bool:
    """Whether a type is a class of documents."""
    return isinstance(kind, type) and issubclass(kind, StrictDocument)


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
        form = _form_of(value, forms)
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
        return lambda value, _at, _errors: value
    if origin in {Union, types.UnionType}:
        check = _check_of(next(one for one in inner if one is not types.NoneType))
        return lambda value, at, errors: None if value is None else check(value, at, errors)
    if origin is dict:
        return _dict_check(_later(inner[1]), _short_words(inner[1]))
    if origin is list:
        return _list_check(_later(inner[0]), limits.get("min_length", 0))
    return _scalar_check(kind, limits)


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
