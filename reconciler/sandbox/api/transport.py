"""The API under an HTTP client of the same process: no socket, no port, the same answers.

To be imported where it is used, because the HTTP client it plugs into is slow to load.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import httpx2

from reconciler.sandbox.api.configuration import add_token, read_options
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.messages import ApiRequest
from reconciler.sandbox.registry import find_person
from reconciler.sandbox.world import World


class BusinessApiTransport(httpx2.BaseTransport):
    """What `httpx2.Client(transport=...)` takes; faults become the client's own exceptions.

    `sleep` is how a slow answer passes the time; it is never asked for more than the client's read timeout.
    """

    def __init__(self, emulator: Emulator, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._emulator = emulator
        self._sleep = sleep

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Hand a request to the emulator."""
        asked = ApiRequest.of(request.method, str(request.url), dict(request.headers), request.read())
        response = self._emulator.handle(asked)
        patience = request.extensions.get("timeout", {}).get("read")
        if patience is not None and response.delay > patience:
            self._sleep(patience)
            raise httpx2.ReadTimeout("the answer takes too long", request=request)
        if response.delay:
            self._sleep(response.delay)
        if response.is_lost:
            raise httpx2.ReadError("the connection was reset", request=request)
        headers = dict(response.headers)
        return httpx2.Response(response.status, headers=headers, content=response.body, request=request)


def find_access(world: World, name: str) -> tuple[str, BusinessApiTransport] | None:
    """A token of somebody and the way to where it is good, without a pace; None when nobody goes by that name."""
    person = find_person(world, name) if name else None
    if person is None:
        return None
    token = f"sandbox-token-of-{name}"
    add_token(world, token, person=person)
    return token, BusinessApiTransport(Emulator(world, replace(read_options(world), tier="unlimited")))
