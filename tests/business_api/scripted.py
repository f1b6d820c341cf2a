"""A client whose answers are written down, and whose time is made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx2

from reconciler.providers.business_api.client import Client, Connection

Answer = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


class MadeUpTicker:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Script(httpx2.BaseTransport):
    """Gives one answer after the other; the last one for ever."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


def envelope(data: object = None, *, code: int = 0, message: str = "OK", status: int = 200) -> httpx2.Response:
    body = {"code": code, "message": message, "request_id": "20261122R1", "data": data if data is not None else {}}
    return httpx2.Response(status, text=json.dumps(body))


def page(rows: list[dict[str, Any]], *, total: int, pages: int = 1, number: int = 1) -> httpx2.Response:
    info = {"page": number, "page_size": 20, "total_number": total, "total_page": pages}
    return envelope({"list": rows, "page_info": info})


def scripted(*answers: Answer, **connection: Any) -> tuple[Client, Script, MadeUpTicker]:
    script, ticker = Script(answers), MadeUpTicker()
    made = Connection(**{"access_token": "tok-123", "workers": 1, **connection})
    return Client(made, transport=script, ticker=ticker), script, ticker
