"""Reading an answer: `{"code": 0, "message": "OK", "request_id": "...", "data": {...}}`.

Errors come with HTTP status 200 as well, and the code in the body counts more than the status. What is no such
envelope comes from the gateway in front of the interface: HTML, plain text, or nothing at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.providers.business_api.codes import OK, PARTLY_OK, Remedy
from reconciler.providers.business_api.errors import ApiError

Data = Mapping[str, Any]

_MOST_SHOWN = 80


def parse_answer(text: str, *, status: int, endpoint: str) -> Data:
    """The data of a successful answer, never None; raises ApiError for everything else."""
    body = _parse_object(text)
    code = body.get("code") if body else None
    if body is None or not isinstance(code, int) or isinstance(code, bool):
        raise _not_an_envelope(text, status=status, endpoint=endpoint)
    if code not in (OK, PARTLY_OK):
        message = str(body.get("message") or "")
        raise ApiError(message, endpoint=endpoint, code=code, request_id=str(body.get("request_id") or ""))
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _not_an_envelope(text: str, *, status: int, endpoint: str) -> ApiError:
    """Below 500 the call never reached the interface; from there on nobody knows how far it got."""
    words = " ".join(text.split())
    shown = words if len(words) <= _MOST_SHOWN else f"{words[:_MOST_SHOWN]}..."
    said = f"HTTP status {status} without a return code" + (f": {shown}" if shown else "")
    remedy = Remedy.NONE if 400 <= status < 500 else Remedy.DOUBT
    return ApiError(said, endpoint=endpoint, remedy=remedy)
