"""What an endpoint takes, as data; the OpenAPI document is made from the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["text", "id", "email", "number", "flag", "choice", "asset_type", "list", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value: in a query, in a body, in a list or in a record."""

    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    matrix: str = ""
    """Of an asset type: the row of the matrix that says which are acceptable."""
    least: int | None = None
    most: int | None = None
    """Smallest and greatest length of a text or list, or value of a number."""
    item: Parameter | None = None
    fields: Mapping[str, Parameter] = field(default_factory=dict)


Parameters = Mapping[str, Parameter]

_INT64_DIGITS: Final = 19


def text(*, required: bool = False, most: int | None = None) -> Parameter:
    """Any text."""
    return Parameter(kind="text", required=required, most=most)


def number(*, least: int = 1, most: int | None = None) -> Parameter:
    """A whole number."""
    return Parameter(kind="number", least=least, most=most)


def flag() -> Parameter:
    """True or false."""
    return Parameter(kind="flag")


def ident(*, required: bool = False) -> Parameter:
    """Decimal digits of an int64, as text."""
    return Parameter(kind="id", required=required, most=_INT64_DIGITS)


def email(*, required: bool = False) -> Parameter:
    """An e-mail address."""
    return Parameter(kind="email", required=required)


def choice(*choices: str, required: bool = False) -> Parameter:
    """One of several words."""
    return Parameter(kind="choice", choices=choices, required=required)


def asset_type(row: str, *, required: bool = True) -> Parameter:
    """One of the asset types that the matrix allows here."""
    return Parameter(kind="asset_type", matrix=row, required=required)


def listed(item: Parameter, *, required: bool = False, least: int | None = None, most: int | None = None) -> Parameter:
    """A list."""
    return Parameter(kind="list", item=item, required=required, least=least, most=most)


def record(*, required: bool = False, **fields: Parameter) -> Parameter:
    """An object with named fields."""
    return Parameter(kind="record", fields=fields, required=required)


def paged(most: int) -> dict[str, Parameter]:
    """Page and page size, of which `most` rows are the greatest."""
    return {"page": number(), "page_size": number(most=most)}
