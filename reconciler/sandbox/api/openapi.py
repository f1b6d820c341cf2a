"""The route table as an OpenAPI 3.1 document, for whoever generates clients or tests from one."""

from __future__ import annotations

from typing import Any, Final

from reconciler.sandbox.api.calls import Route
from reconciler.sandbox.api.matrix import acceptable
from reconciler.sandbox.api.options import Options
from reconciler.sandbox.api.parameters import Parameter, Parameters
from reconciler.sandbox.api.routes import ALL, PREFIX

_ENVELOPE: Final = {
    "type": "object",
    "required": ["code", "message", "request_id", "data"],
    "properties": {
        "code": {"type": "integer", "description": "0 is success; everything else is an error, also with HTTP 200"},
        "message": {"type": "string"},
        "request_id": {"type": "string"},
        "data": {"type": "object"},
    },
}

_RESPONSES: Final = {
    "200": {"description": "The envelope", "content": {"application/json": {"schema": _ENVELOPE}}},
}


def openapi(options: Options) -> dict[str, Any]:
    """The document; asset types are those of the profile that is chosen."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ALL:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route, options)
    return {
        "openapi": "3.1.0",
        "info": {"title": "TikTok API for Business, as the sandbox speaks it", "version": "1.3"},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Access-Token"}}},
    }


def _operation(route: Route, options: Options) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.path.strip('/').replace('/', '_')}",
        "responses": _RESPONSES,
        "security": [{"token": []}] if route.needs_token else [],
    }
    if route.method == "GET":
        operation["parameters"] = [
            _query_parameter(name, parameter, options) for name, parameter in route.parameters.items()
        ]
    else:
        content = {"application/json": {"schema": _record(route.parameters, options)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _query_parameter(name: str, parameter: Parameter, options: Options) -> dict[str, Any]:
    """Objects and lists are JSON text in a query."""
    schema = _schema(parameter, options)
    is_plain = parameter.kind not in ("list", "record")
    value = {"schema": schema} if is_plain else {"content": {"application/json": {"schema": schema}}}
    return {"name": name, "in": "query", "required": parameter.required, **value}


def _record(fields: Parameters, options: Options) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _schema(field, options) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
    }


def _schema(parameter: Parameter, options: Options) -> dict[str, Any]:
    match parameter.kind:
        case "number":
            return {"type": "integer", **_bounds(parameter, "minimum", "maximum")}
        case "flag":
            return {"type": "boolean"}
        case "list" if parameter.item is not None:
            items = _schema(parameter.item, options)
            return {"type": "array", "items": items, **_bounds(parameter, "minItems", "maxItems")}
        case "record":
            return _record(parameter.fields, options)
        case "id":
            return {"type": "string", "pattern": "^[0-9]{1,19}$"}
        case "email":
            return {"type": "string", "format": "email"}
        case "asset_type":
            return {"type": "string", "enum": list(acceptable(parameter.matrix, options.profile))}
        case "choice":
            return {"type": "string", "enum": list(parameter.choices)}
        case _:
            return {"type": "string", **_bounds(parameter, "minLength", "maxLength")}


def _bounds(parameter: Parameter, least: str, most: str) -> dict[str, int]:
    bounds = {least: parameter.least, most: parameter.most}
    return {name: value for name, value in bounds.items() if value is not None}
