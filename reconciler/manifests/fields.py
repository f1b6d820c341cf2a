"""What documents are made of: field types whose errors carry the id of a finding, and the base of all documents.

A document is declared once. `manifests/checks.py` reads files by the declaration; the published schemas are made from
it too (`cli/commands/schema.py`), by pydantic, which takes longer to load than most runs take to read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NoReturn, get_args

from reconciler.model.address import Action
from reconciler.model.system import Role
from reconciler.model.values import dataclass
from reconciler.systems import SYSTEMS

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
        return core_schema.tagged_union_schema(forms, discriminator=lambda value: form_of(value, forms))

    @staticmethod
    def forms(union: Any) -> dict[str, Any]:
        """The type of each form, under the name that it has in the locations of errors."""
        *plain, long = get_args(union)
        role = next((one for one in get_args(plain[0]) if isinstance(one, OneOf) and one.about), None)
        return _named((*plain, long if role is None else _with_role(long, role)))


def _named(types: tuple[Any, ...]) -> dict[str, Any]:
    names = ("short", "long") if len(types) == 2 else ("short", "list", "long")
    return dict(zip(names, types, strict=True))


def form_of(value: object, forms: Container[str]) -> str:
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
