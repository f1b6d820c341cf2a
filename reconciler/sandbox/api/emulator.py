"""Every endpoint there is, the checks that every call passes, in the order of the real gateway, and the envelope.

The endpoints are also an OpenAPI 3.1 document for whoever generates clients or tests from one.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from reconciler.sandbox.api import accounts, assets, members
from reconciler.sandbox.api.calls import Call, Data, Route
from reconciler.sandbox.api.configuration import Caller, Options, RefusedCall, find_caller, read_options, write_options
from reconciler.sandbox.api.faults import Fault, Faults, Limiter, Replica
from reconciler.sandbox.api.messages import (
    JSON_TYPE,
    ApiRequest,
    Response,
    read_parameters,
    record_schema,
    render_plain,
    value_schema,
)
from reconciler.sandbox.world import Refusal, World

PREFIX: Final = "/open_api/v1.3/"

ALL: Final[tuple[Route, ...]] = tuple(route for module in (accounts, members, assets) for route in module.API.routes)

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


_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"

_NOBODY = Caller(app="", person=0, scopes=frozenset())


class Emulator:
    """Speaks the API for one world. Safe for several threads.

    With `options` it is tuned by itself; without, the way the world is, which others who open the world may change.
    """

    def __init__(self, world: World, options: Options | None = None) -> None:
        self.world = world
        self.faults = Faults()
        self.counted: Counter[str] = Counter()
        """How often each endpoint was called, as `GET bc/member/get/`; calls that found no endpoint are not in it."""
        self._own_options = options
        self._limiter = Limiter()
        self._replica = Replica(world)
        self._request_numbers, self._turns = itertools.count(1), itertools.count()

    @property
    def options(self) -> Options:
        """How it is tuned."""
        return self._own_options or read_options(self.world)

    @options.setter
    def options(self, options: Options) -> None:
        if self._own_options is None:
            write_options(self.world, options)
        else:
            self._own_options = options

    def handle(self, request: ApiRequest) -> Response:
        """Answer one request; whatever is wrong with it is in the answer, never an exception."""
        known = ROUTES.get(request.path.removeprefix(PREFIX)) if request.path.startswith(PREFIX) else None
        if known is None:
            return render_plain(404, "404 page not found")
        route = known.get(request.method)
        if route is None:
            return render_plain(405, "405 method not allowed")
        self.counted[f"{route.method} {route.path}"] += 1
        fault = self.faults.take(route.method, route.path)
        return self._answer(route, request) if fault is None else self._fail(fault, route, request)

    def _fail(self, fault: Fault, route: Route, request: ApiRequest) -> Response:
        if fault.kind == "stale":
            self._replica.freeze(until=self.world.seconds() + fault.seconds)
        right = self._answer(route, request) if fault.after or fault.kind in ("slow", "stale") else Response()
        match fault.kind:
            case "code":
                return self._envelope(fault.code, fault.message, {})
            case "html_502":
                return Response(status=502, headers={"Content-Type": "text/html"}, body=_BAD_GATEWAY.encode())
            case "reset":
                return Response(is_lost=True)
            case "slow":
                return Response(status=right.status, headers=right.headers, body=right.body, delay=fault.seconds)
            case "stale":
                return right

    def _answer(self, route: Route, request: ApiRequest) -> Response:
        options = self.options
        try:
            data = self._carry_out(route, request, options)
        except RefusedCall as error:
            return self._envelope(error.code, error.text, {})
        except Refusal as refusal:
            code = options.codes.get(refusal.word) or int(refusal.code("business_center"))
            return self._envelope(code, refusal.text, {})
        return self._envelope(0, "OK", _strip(data) if route.drops_null else data)

    def _carry_out(self, route: Route, request: ApiRequest, options: Options) -> Data:
        caller = _NOBODY if route.serves == "everybody" else self._get_caller(request, options)
        params = read_parameters(_as_json(request) if route.takes_forms else request, route.parameters, options)
        # Reads may lag behind; writes go to the live world, and are not seen at once.
        world, now = self.world, self.world.seconds()
        if route.changes:
            self._replica.before_write(at=now, delay=options.write_visibility_delay)
        else:
            world = self._replica.seen(at=now)
        with world.transaction():
            call = Call(world=world, options=options, caller=caller, params=params, turn=next(self._turns))
            call.require_permission(route)
            return route.answer(call) or {}

    def _get_caller(self, request: ApiRequest, options: Options) -> Caller:
        token = request.headers.get("access-token", "")
        if not token:
            raise RefusedCall(40104, "Access token is null, you should set it in http header with key Access-Token.")
        caller = find_caller(self.world, token)
        if caller is None:
            raise RefusedCall(40105, "Access token is incorrect or has been revoked.")
        self._limiter.admit(caller.app, tier=options.tier, at=self.world.seconds())
        return caller

    def _envelope(self, code: int, message: str, data: Data) -> Response:
        """The answer of every endpoint: HTTP 200, whatever the code; the log id is also a header."""
        stamp = self.world.now().strftime("%Y%m%d%H%M%S")
        request_id = f"{stamp}{next(self._request_numbers):018X}"
        document = {"code": code, "message": message, "request_id": request_id, "data": data}
        body = json.dumps(document, ensure_ascii=False).encode()
        return Response(headers={"Content-Type": JSON_TYPE, "X-TT-LOGID": request_id}, body=body)


def _as_json(request: ApiRequest) -> ApiRequest:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return request
    fields = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    headers = {**request.headers, "content-type": "application/json"}
    return ApiRequest(method=request.method, path=request.path, headers=headers, body=json.dumps(fields).encode())


def _strip(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _strip(item) for name, item in value.items() if item is not None}
    return [_strip(item) for item in value] if isinstance(value, list) else value
