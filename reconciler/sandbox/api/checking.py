"""Parameters against what an endpoint takes: required fields, types, words, lengths, in this order.

The texts follow those that the real gateway is seen to use; only the first value that is wrong is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from reconciler.sandbox.api.matrix import acceptable
from reconciler.sandbox.api.messages import ApiRequest, RefusedCall
from reconciler.sandbox.api.options import Options
from reconciler.sandbox.api.parameters import Parameter, Parameters, text

_INT64: Final = 2**63 - 1
_INVALID: Final = 40002


def read_parameters(request: ApiRequest, parameters: Parameters, options: Options) -> dict[str, Any]:
    """What a request says, by name; values that were left out are not in it. Raises ApiError 40002."""
    given = _decode_query(request, parameters) if request.method == "GET" else _decode_body(request)
    return _check_fields(given, parameters, "", options)


def _decode_query(request: ApiRequest, parameters: Parameters) -> dict[str, object]:
    """Scalars are plain text in a query, everything else is JSON text. Empty means left out."""
    return {
        name: _decode_value(value, parameters[name], name) if name in parameters else value
        for name, value in request.query.items()
        if value
    }


def _decode_value(value: str, parameter: Parameter, name: str) -> object:
    match parameter.kind:
        case "number":
            return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else value
        case "flag":
            return {"true": True, "false": False}.get(value.lower(), value)
        case "list" | "record":
            return _parse_json(value, name)
        case _:
            return value


def _decode_body(request: ApiRequest) -> Mapping[str, object]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        _refuse("body: the content type has to be application/json")
    document = _parse_json(request.body, "body")
    if not isinstance(document, dict):
        _refuse("body: the value is not an object")
    return document


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
        _refuse(f"Missing required field(s): {', '.join(missing)}.")
    foreign = [f"{path}{name}" for name in values if name not in parameters]
    if foreign and options.unknown_fields == "error":
        _refuse(f"Unknown field(s): {', '.join(foreign)}.")
    return {
        name: _check(values[name], parameter, f"{path}{name}", options)
        for name, parameter in parameters.items()
        if name in values
    }


def _check(value: object, parameter: Parameter, path: str, options: Options) -> object:
    match parameter.kind:
        case "number":
            return _check_number(value, parameter, path, options)
        case "flag":
            return value if isinstance(value, bool) else _refuse(f"{path}: the value is not a boolean")
        case "list":
            return _check_list(value, parameter, path, options)
        case "record":
            if not isinstance(value, dict):
                _refuse(f"{path}: the value is not an object")
            return _check_fields(value, parameter.fields, f"{path}.", options)
        case _:
            return _check_text(value, parameter, path, options)


def _check_number(value: object, parameter: Parameter, path: str, options: Options) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(f"{path}: the value is not a number")
    if parameter.least is not None and value < parameter.least:
        _refuse(f"{path}: the value is less than {parameter.least}")
    if parameter.most is not None and value > parameter.most:
        if options.page_size_above_maximum == "error":
            _refuse(f"{path}: the value is greater than {parameter.most}")
        return parameter.most
    return min(value, _INT64)


def _check_list(value: object, parameter: Parameter, path: str, options: Options) -> list[object]:
    if not isinstance(value, list):
        _refuse(f"{path}: the value is not a list")
    if len(value) < (parameter.least or 0):
        _refuse(f"{path}: the list has fewer than {parameter.least} elements")
    if parameter.most is not None and len(value) > parameter.most:
        _refuse(f"{path}: the list has more than {parameter.most} elements")
    element = parameter.item or text()
    return [_check(item, element, f"{path}.{index}", options) for index, item in enumerate(value)]


def _check_text(value: object, parameter: Parameter, path: str, options: Options) -> str:
    if not isinstance(value, str):
        _refuse(f"{path}: the value is not a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(f"{path}: the value is not Unicode text")
    choices = acceptable(parameter.matrix, options.profile) if parameter.matrix else parameter.choices
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


def _refuse(why: str) -> NoReturn:
    raise RefusedCall(_INVALID, why)
