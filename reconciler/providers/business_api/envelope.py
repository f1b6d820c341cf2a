"""Reading an answer: `{"code": 0, "message": "OK", "request_id": "...", "data": {...}}`.

Errors come with HTTP status 200 as well, and the code in the body counts more than the status. What is no such
envelope comes from the gateway in front of the interface: HTML, plain text, or nothing at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from reconciler.model.redaction import SECRETS
from reconciler.providers.business_api.codes import OK, PARTLY_OK, Remedy
from reconciler.providers.business_api.errors import ApiError

Data = Mapping[str, Any]

_MAX_SHOWN = 80
_MAX_MESSAGE = 500
"""What the platform says ends up in plans, states and logs."""


def parse_answer(text: str, *, status: int, endpoint: str) -> Data:
    """The data of a successful answer, never None; raises ApiError for everything else."""
    body = _parse_object(text)
    code = body.get("code") if body else None
    if body is None or not isinstance(code, int) or isinstance(code, bool):
        raise _not_an_envelope(text, status=status, endpoint=endpoint)
    if code not in (OK, PARTLY_OK):
        message = _shorten(str(body.get("message") or ""), _MAX_MESSAGE)
        request_id = _shorten(str(body.get("request_id") or ""), _MAX_SHOWN)
        raise ApiError(message, endpoint=endpoint, code=code, request_id=request_id)
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
        if "\\ud" in text.lower():
            # Half a character cannot be written to any file of ours.
            body = json.loads(json.dumps(body, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    # A server that quotes a token must not get it into a plan, a state or a message.
    return cast("dict[str, Any]", SECRETS.hide_in_json(body)) if isinstance(body, dict) else None


def _not_an_envelope(text: str, *, status: int, endpoint: str) -> ApiError:
    """Below 500 the call never reached the interface; from there on nobody knows how far it got."""
    shown = _shorten(SECRETS.hide(text), _MAX_SHOWN)
    said = f"HTTP status {status} without a return code" + (f": {shown}" if shown else "")
    if 300 <= status < 400:
        said += "; a redirect is not followed, because it would carry the token away: look at `base_url` and the proxy"
        return ApiError(said, endpoint=endpoint, remedy=Remedy.LOOK)
    remedy = Remedy.NONE if 400 <= status < 500 else Remedy.DOUBT
    return ApiError(said, endpoint=endpoint, remedy=remedy)


def _shorten(text: str, most: int) -> str:
    words = " ".join(text[: 4 * most].split())
    return words if len(words) <= most else f"{words[:most]}..."
