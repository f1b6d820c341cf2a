"""What goes in and what comes out, without any web framework."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

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


class RefusedCall(Exception):
    """A return code that is not 0; nothing was changed."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


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
