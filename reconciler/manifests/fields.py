"""Field types whose errors carry the id of a finding instead of pydantic's own words, and the base of all documents."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from reconciler.model.kinds import Action
from reconciler.model.values import dataclass
from reconciler.systems import SYSTEMS


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words; the published schema lists them, so that editors can complete them."""

    values: tuple[str | int, ...]
    finding: str = "unknown-value"
    system: str = ""
    kind: str = ""
    """For roles: of which kind in which system, so that a suggestion can be made."""
    about: str = ""
    """For roles: what a mapping with such a role says, for the published schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        allowed = core_schema.literal_schema(list(self.values))
        return core_schema.custom_error_schema(
            # To Python, and so to pydantic, `true` equals 1.
            core_schema.no_info_before_validator_function(_no_boolean, allowed),
            custom_error_type=self.finding,
            custom_error_message="not one of the allowed values",
            custom_error_context={"field": self},
        )


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
        return core_schema.custom_error_schema(
            core_schema.str_schema(pattern=self.pattern, strict=True),
            custom_error_type=self.finding,
            custom_error_message="not of the expected form",
            custom_error_context={"field": self},
        )


class ShortOrLong:
    """For a union of a plain value and a mapping with more to say: only the errors of the form that was used appear.

    Where the plain value is a role that says what it is about, the mapping is made to hold such a role.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        short, long = get_args(source)
        role = next((one for one in get_args(short) if isinstance(one, OneOf) and one.about), None)
        if role is not None:
            long = _with_role(long, role)
        choices = {"short": handler.generate_schema(short), "long": handler.generate_schema(long)}
        return core_schema.tagged_union_schema(choices, discriminator=_form)


@cache
def _with_role(terms: type[BaseModel], role: OneOf) -> type[BaseModel]:
    words = role.kind.removesuffix("_access").removeprefix("partner_").split("_")
    name = "".join(map(str.capitalize, [*words, "terms"]))
    # It has no source whose docstrings the published schema could be made from; its base has.
    made: type[BaseModel] = create_model(
        name, __base__=terms, __doc__=role.about, __module__="pydantic", role=(Annotated[str, role], ...)
    )
    return made


@dataclass(frozen=True, slots=True)
class FieldSort:
    """A value that may be of several sorts, with one name for all of them in the message."""

    expected: str
    finding: str = "wrong-type"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source),
            custom_error_type=self.finding,
            custom_error_message="not of the expected sort",
            custom_error_context={"field": self},
        )


def _form(value: Any) -> str:
    return "long" if isinstance(value, dict) else "short"


def roles_of(system: str, kind: str, about: str = "") -> OneOf:
    """The roles, or permissions, that any variant of a system knows for a kind; the resolver knows the variant."""
    variants = SYSTEMS[system].values()
    named = [role.name for one in variants for role in (*one.roles.get(kind, ()), *one.permissions.get(kind, ()))]
    return OneOf(tuple(dict.fromkeys(named)), finding="unknown-role", system=system, kind=kind, about=about)


def developers_variant(kind: object, role_system: object) -> str:
    """The variant of the system that these two words choose, right or wrong as they may be."""
    if kind == "research":
        return "research"
    return "owner" if role_system == "owner" else ""


Text = Annotated[str, Matching(r"\S", "empty-value", "some text")]
Day = Annotated[str, Matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "bad-date", "a day such as 2027-01-31")]
Interval = Annotated[str, Matching(r"^[1-9][0-9]{0,3}d$", "bad-interval", "a number of days such as 90d")]
NumericId = Annotated[str, Matching(r"^[0-9]{1,19}$", "bad-id", "an id of at most 19 digits in quotes")]
Handle = Annotated[str, Matching(r"^@[^@\s/]+$", "bad-handle", "a handle that begins with @")]
Version = Annotated[int, OneOf((1,), "unknown-version"), Field(title="Version")]
ActionName = Annotated[str, OneOf(tuple(action.value for action in Action), "unknown-action")]


class StrictDocument(BaseModel):
    """A mapping in a file; keys that are not listed are refused.

    Nothing is nullable: a key without a value (`expires:`) is a mistake, not a default.
    """

    # Each is built once, as a part of the document of a file, and not a second time for itself.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
