"""Every endpoint there is, and the same as an OpenAPI 3.1 document for whoever generates clients or tests from one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.sandbox.api import accounts, assets, groups, members, partners, uses
from reconciler.sandbox.api.calls import Route
from reconciler.sandbox.api.options import Options
from reconciler.sandbox.api.parameters import record_schema, value_schema

PREFIX: Final = "/open_api/v1.3/"

ALL: Final[tuple[Route, ...]] = tuple(
    route for module in (accounts, members, assets, uses, groups, partners) for route in module.API.routes
)

ROUTES: Final[Mapping[str, Mapping[str, Route]]] = {
    route.path: {other.method: other for other in ALL if other.path == route.path} for route in ALL
}
"""Path behind the prefix -> method -> endpoint. Paths end with a slash; without it there is nothing."""

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

_RESPONSES: Final = {"200": {"description": "The envelope", "content": {"application/json": {"schema": _ENVELOPE}}}}


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
        "operationId": route.path.strip("/").replace("/", "_"),
        "responses": _RESPONSES,
        "security": [] if route.serves == "everybody" else [{"token": []}],
    }
    if route.method == "POST":
        content = {"application/json": {"schema": record_schema(route.parameters, options)}}
        return {**operation, "requestBody": {"required": True, "content": content}}
    operation["parameters"] = []
    for name, parameter in route.parameters.items():
        value: dict[str, Any] = {"schema": value_schema(parameter, options)}
        if parameter.kind in ("list", "record"):
            value = {"content": {"application/json": value}}  # JSON text in a query
        operation["parameters"].append({"name": name, "in": "query", "required": parameter.required, **value})
    return operation
