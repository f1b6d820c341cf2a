"""What goes in and what comes out, without any web framework.

What an endpoint takes is data: how a request is checked against it, and its JSON schema. A check goes through required
fields, types, words and lengths, in this order; only the first value that is wrong is told. The texts follow those that
the real gateway is seen to use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, NoReturn
from urllib.parse import parse_qsl, urlsplit

from reconciler.sandbox.api.configuration import Options, RefusedCall

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One HTTP request. Header names are in lower case; of a query parameter that is repeated the last one counts."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> ApiRequest:
        """From a request line; `target` is a path with a query, or a whole URL."""
        parts = urlsplit(target)
        return cls(
            method=method,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response, and how its delivery goes wrong if it does."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    """Seconds until it is sent."""
    is_lost: bool = False
    """The connection breaks instead: whoever asked never sees any of it."""


def render_json(document: object, *, status: int = 200) -> Response:
    """A JSON document outside the API."""
    return Response(
        status=status,
        headers={"Content-Type": JSON_TYPE, "Cache-Control": "no-store"},
        body=json.dumps(document, ensure_ascii=False).encode(),
    )


def render_plain(status: int, text: str) -> Response:
    """What a gateway says when a request never reached the API."""
    return Response(status=status, headers={"Content-Type": "text/plain; charset=utf-8"}, body=text.encode())


_INT64: Final = 2**63 - 1
_INT64_DIGITS: Final = 19
_TYPES: Final = {"number": "a number", "flag": "a boolean", "list": "a list", "record": "an object"}

KINDS: Final = {
    "ADVERTISER": "ad_account",
    "CATALOG": "catalog",
    "TIKTOK_SHOP": "shop",
    "PIXEL": "pixel",
    "LEAD": "lead_library",
    "TT_ACCOUNT": "tiktok_account",
    "MANAGED_BUSINESS_ACCOUNT": "managed_account",
}
"""Asset type -> kind in the world; the other types exist, but nothing in the world is of them."""

_COLUMNS: Final = (*KINDS, "STOREFRONT", "DOMAIN")

_ROWS: Final = {
    #                       ADV CAT SHP PIX LEAD TT MBA STO DOM
    "asset/get": "D D D D D D O Y -",
    "asset/assign": "D D D Y D D O Y Y",
    "asset/unassign": "D D Y Y D D O Y Y",
    "asset/member/get": "D D - - D - O - -",
    "asset/partner/get": "D D Y Y Y Y - Y Y",
    "asset/admin/delete": "Y Y Y Y D D - Y Y",
    "member/invite": "D - - - - - - - -",
    "partner/add": "D - - - - - - - -",
    "partner/asset/get": "D D O O - - - - Y",
    "partner/asset/delete": "D D D D Y Y - D Y",
    "asset/advertiser": "- - - - - D O - -",
    "asset_group": "D - - - - - - - -",
}
"""Which endpoint takes which type of asset.

`D` the documentation allows it, and so does the gateway's schema; `Y` only the gateway's schema does; `O` only the
documentation does. Sources: the reference pages of the API for Business, and the schema files of TikTok's SDK.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value: in a query, in a body, in a list or in a record."""

    kind: Literal["text", "id", "email", "number", "flag", "choice", "asset_type", "list", "record"]
    required: bool = False
    choices: tuple[str, ...] = ()
    matrix: str = ""
    """Of an asset type: the row of the matrix that says which are acceptable."""
    least: int | None = None
    most: int | None = None
    """Smallest and greatest length of a text or list, or value of a number."""
    item: Parameter | None = None
    fields: Mapping[str, Parameter] = field(default_factory=dict)

    def acceptable(self, options: Options) -> tuple[str, ...]:
        """The words it can be, of a choice or an asset type; the latter depend on the profile."""
        if self.kind != "asset_type":
            return self.choices
        marks = "DO" if options.profile == "docs" else "DY"
        return tuple(name for name, mark in zip(_COLUMNS, _ROWS[self.matrix].split(), strict=True) if mark in marks)


Parameters = Mapping[str, Parameter]


text = partial(Parameter, kind="text")
flag = partial(Parameter, kind="flag")
email = partial(Parameter, kind="email")
ident = partial(Parameter, kind="id", most=_INT64_DIGITS)
"""Decimal digits of an int64, as text."""


def choice(*choices: str, required: bool = False) -> Parameter:
    """One of several words."""
    return Parameter(kind="choice", choices=choices, required=required)


def asset_type(row: str, *, required: bool = True) -> Parameter:
    """One of the asset types that the matrix allows here."""
    return Parameter(kind="asset_type", matrix=row, required=required)


def listed(item: Parameter, *, required: bool = False, least: int | None = None, most: int | None = None) -> Parameter:
    """A list."""
    return Parameter(kind="list", item=item, required=required, least=least, most=most)


def record(**fields: Parameter) -> Parameter:
    """An object with named fields."""
    return Parameter(kind="record", fields=fields)


def paged(most: int) -> Parameters:
    """Page and page size, of which `most` rows are the greatest."""
    return {"page": Parameter(kind="number", least=1), "page_size": Parameter(kind="number", least=1, most=most)}


def read_parameters(request: ApiRequest, parameters: Parameters, options: Options) -> dict[str, Any]:
    """What a request says, by name; values that were left out are not in it. Raises RefusedCall 40002."""
    given: object
    if request.method == "GET":
        # Empty means left out.
        given = {
            name: _decode_value(value, parameters[name], name) if name in parameters else value
            for name, value in request.query.items()
            if value
        }
    else:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            _refuse("body: the content type has to be application/json")
        given = _parse_json(request.body, "body")
        if not isinstance(given, dict):
            _refuse("body: the value is not an object")
    return _check_fields(given, parameters, "", options)


def _decode_value(value: str, parameter: Parameter, name: str) -> object:
    """Scalars are plain text in a query, everything else is JSON text."""
    match parameter.kind:
        case "number":
            return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else value
        case "flag":
            return {"true": True, "false": False}.get(value.lower(), value)
        case "list" | "record":
            return _parse_json(value, name)
        case _:
            return value


def _parse_json(value: str | bytes, name: str) -> object:
    try:
        document: object = json.loads(value)
    except (ValueError, RecursionError):
        _refuse(f"{name}: the value is not valid JSON")
    return document


def _check_fields(given: Mapping[str, object], parameters: Parameters, path: str, options: Options) -> dict[str, Any]:
    values = {name: value for name, value in given.items() if value is not None}
    missing = [f"{path}{name}" for name, parameter in parameters.items() if parameter.required and name not in values]
    if missing:
        refuse_missing(*missing)
    foreign = [f"{path}{name}" for name in values if name not in parameters]
    if foreign and options.unknown_fields == "error":
        _refuse(f"Unknown field(s): {', '.join(foreign)}.")
    return {
        name: _check(values[name], parameter, f"{path}{name}", options)
        for name, parameter in parameters.items()
        if name in values
    }


def _check(value: object, parameter: Parameter, path: str, options: Options) -> object:
    match parameter.kind, value:
        case "flag", bool():
            return value
        case "number", int() as number if not isinstance(value, bool):
            return _check_number(number, parameter, path, options)
        case "list", list() as items:
            return _check_list(items, parameter, path, options)
        case "record", dict() as fields:
            return _check_fields(fields, parameter.fields, f"{path}.", options)
        case "text" | "id" | "email" | "choice" | "asset_type", str() as said:
            return _check_text(said, parameter, path, options)
        case _:
            return _refuse(f"{path}: the value is not {_TYPES.get(parameter.kind, 'a string')}")


def _check_number(value: int, parameter: Parameter, path: str, options: Options) -> int:
    if parameter.least is not None and value < parameter.least:
        _refuse(f"{path}: the value is less than {parameter.least}")
    if parameter.most is not None and value > parameter.most:
        if options.page_size_above_maximum == "error":
            _refuse(f"{path}: the value is greater than {parameter.most}")
        return parameter.most
    return min(value, _INT64)


def _check_list(value: list[object], parameter: Parameter, path: str, options: Options) -> list[object]:
    if len(value) < (parameter.least or 0):
        _refuse(f"{path}: the list has fewer than {parameter.least} elements")
    if parameter.most is not None and len(value) > parameter.most:
        _refuse(f"{path}: the list has more than {parameter.most} elements")
    element = parameter.item or text()
    return [_check(item, element, f"{path}.{index}", options) for index, item in enumerate(value)]


def _check_text(value: str, parameter: Parameter, path: str, options: Options) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(f"{path}: the value is not Unicode text")
    choices = parameter.acceptable(options)
    if choices and value not in choices:
        _refuse(f"{path}: one or more value of the param is not acceptable, correct is {list(choices)}")
    if parameter.kind == "id" and not (value.isascii() and value.isdigit() and int(value[:20]) <= _INT64):
        _refuse(f"{path}: the value is not an int64")
    if parameter.kind == "email" and not _is_address(value):
        _refuse(f"{path}: the value is not a valid email")
    if parameter.most is not None and len(value) > parameter.most:
        _refuse(f"{path}: the length of the value is greater than {parameter.most}")
    return value


def _is_address(value: str) -> bool:
    local, at, domain = value.partition("@")
    plain = value.isprintable() and " " not in value and "," not in value
    return bool(local and at and "." in domain.strip(".") and "@" not in domain and plain and len(value) <= 254)


def refuse_missing(*names: str) -> NoReturn:
    """What a request needs and does not say; raises RefusedCall."""
    _refuse(f"Missing required field(s): {', '.join(names)}.")


def _refuse(why: str) -> NoReturn:
    raise RefusedCall(40002, why)


def record_schema(fields: Parameters, options: Options) -> dict[str, Any]:
    """The JSON schema of an object with these fields."""
    return {
        "type": "object",
        "properties": {name: value_schema(field, options) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
    }


def value_schema(parameter: Parameter, options: Options) -> dict[str, Any]:
    """The JSON schema of one value; asset types are those of the profile that is chosen."""

    def bounds(least: str, most: str) -> dict[str, int]:
        known = {least: parameter.least, most: parameter.most}
        return {name: value for name, value in known.items() if value is not None}

    match parameter.kind:
        case "number":
            return {"type": "integer", **bounds("minimum", "maximum")}
        case "flag":
            return {"type": "boolean"}
        case "list":
            items = value_schema(parameter.item or text(), options)
            return {"type": "array", "items": items, **bounds("minItems", "maxItems")}
        case "record":
            return record_schema(parameter.fields, options)
        case "id":
            return {"type": "string", "pattern": "^[0-9]{1,19}$"}
        case "email":
            return {"type": "string", "format": "email"}
        case "asset_type" | "choice":
            return {"type": "string", "enum": list(parameter.acceptable(options))}
        case _:
            return {"type": "string", **bounds("minLength", "maxLength")}
