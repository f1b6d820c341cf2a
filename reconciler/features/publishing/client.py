"""HTTP to a forge: one token, pages, patience, and errors that never show the token.

ForgeError
├── Missing      what was asked for is not there, or not for this token
├── Denied       the token may not do this
├── Busy         too many requests, or the forge is down for a moment: repeating helps
└── Unanswered   a request to create something was sent, and nobody knows whether it was heard
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler import __version__
from reconciler.deadlines import bound, deadline
from reconciler.model import SECRETS, ReconcilerError, UsageError, dataclass

if TYPE_CHECKING:
    import httpx2

PAGE_SIZE = 100
_MAX_PAGES = 100
_ATTEMPTS = 6
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_MESSAGE = 300
_RIGHT_ADDRESS = "is the address of the interface right?"
_MAX_WAIT = 90.0
"""Seconds; a forge that wants more patience than that is an error."""
_MAX_CALL = 60.0
"""Seconds, the whole answer included."""

# stamina tells of every repetition; without anybody listening that would end up on the terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class ForgeError(ReconcilerError):
    """A forge did not do what it was asked for."""


class Missing(ForgeError):
    """There is no such thing, or it is hidden from this token; forges do not tell which."""


class Denied(ForgeError):
    """The token is not allowed to do this."""


class Busy(ForgeError):
    """It may work later."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message, advice="try again later")
        self.wait = wait
        """Seconds after which the forge wants to be asked again, if it says so."""


class Unanswered(ForgeError):
    """Whether it was done has to be looked up before it is tried again."""


class Content(dict[str, Any]):
    """One thing that a forge tells of. What has to be in it and is not, raises ForgeError."""

    def __missing__(self, name: str) -> Any:
        raise ForgeError(f"the forge answered something without `{name}`", advice=_RIGHT_ADDRESS)

    def part(self, name: str) -> Content:
        """Something that it may hold; empty where it does not."""
        return _content(self.get(name))

    def number(self, name: str) -> int:
        """A number that has to be in it."""
        value = self[name]
        if not isinstance(value, int):
            raise ForgeError(f"the forge answered something where `{name}` is no number", advice=_RIGHT_ADDRESS)
        return value


def _content(value: object) -> Content:
    return Content(value) if isinstance(value, dict) else Content()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAccess:
    """Where the interface of a forge is, and with what to go there."""

    name: str
    """Of the forge, for messages."""
    base_url: str
    token: str = field(repr=False)
    header: str = field(default="Authorization", repr=False)
    """The header that carries the token; `Authorization` wants the word `Bearer` before it."""
    needed: str = ""
    """What the token has to be allowed, as advice for when it is not."""


class ForgeClient:
    """Requests with one token. Raises the errors above."""

    def __init__(self, access: TokenAccess) -> None:
        import httpx2

        SECRETS.learn_address(access.base_url)
        SECRETS.learn(access.token)
        parts = urlsplit(access.base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise UsageError(f"{access.base_url} is no place for a token", advice="give an https address")
        self._access = access
        value = f"Bearer {access.token}" if access.header == "Authorization" else access.token
        self._http = httpx2.Client(
            base_url=access.base_url.rstrip("/") + "/",
            headers={access.header: value, "Accept": "application/json", "User-Agent": f"reconciler/{__version__}"},
            timeout=httpx2.Timeout(30.0, connect=10.0),
            # A redirect would carry the token to wherever it points.
            follow_redirects=False,
        )
        bound(self._http)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str) -> Content:
        """One thing."""
        return _content(self._repeat("GET", path).json())

    def get_all(self, path: str, **parameters: str) -> Iterator[Content]:
        """All things of a list, page by page. Addresses of further pages are not followed: they might lead away."""
        for page in range(1, _MAX_PAGES + 1):
            query = {**parameters, "per_page": str(PAGE_SIZE), "page": str(page)}
            response = self._repeat("GET", path, params=query)
            rows = response.json()
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise ForgeError(f"{self._access.name} answered {path} with no list", advice=_RIGHT_ADDRESS)
            yield from map(Content, rows)
            if len(rows) < PAGE_SIZE and "next" not in response.links:
                return

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Content:
        """Write something; what a POST makes anew is repeated only while it is certain that nobody heard it."""
        return _content(self._repeat(method, path, json=SECRETS.hide_in_json(dict(body))).json())

    def _repeat(self, method: str, path: str, **content: Any) -> httpx2.Response:
        import stamina

        for attempt in stamina.retry_context(
            on=self._patience, attempts=_ATTEMPTS, timeout=None, wait_initial=1.0, wait_max=20.0
        ):
            with attempt:
                return self._send(method, path, **content)
        raise AssertionError  # stamina raises the last error by itself

    def _patience(self, error: Exception) -> bool | float:
        """Whether to try again, and after how many seconds where the forge says so; a little more than it wants."""
        if not isinstance(error, Busy):
            return False
        if error.wait is None:
            return True
        if error.wait > _MAX_WAIT:
            return False
        return error.wait + random.uniform(0, 0.25)  # noqa: S311  # spreads clients out, guards nothing

    def _send(self, method: str, path: str, **content: Any) -> httpx2.Response:
        import httpx2

        name = self._access.name
        try:
            with deadline(_MAX_CALL):
                response = self._http.request(method, path, **content)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Busy(SECRETS.hide(f"{name} cannot be reached: {str(error) or type(error).__name__}")) from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            message = SECRETS.hide(f"{name} did not answer: {str(error) or type(error).__name__}")
            raise (Unanswered(message) if method == "POST" else Busy(message)) from error
        self._judge(response, method)
        return response

    def _judge(self, response: httpx2.Response, method: str) -> None:
        """Raise what a status means; also when a success comes without JSON, as from a proxy that wants a login."""
        status = response.status_code
        try:
            content = response.json()
        except (ValueError, RecursionError):
            content = None
        said = (content.get("message") or content.get("error")) if isinstance(content, dict) else ""
        message = f"{self._access.name} answered {status} to {method} {response.url.path}"
        message = SECRETS.hide(f"{message}: {SECRETS.hide(str(said))[:_MAX_MESSAGE]}" if said else message)
        if 200 <= status < 300:
            if not isinstance(content, dict | list):
                raise ForgeError(f"{message}, but not in JSON", advice=_RIGHT_ADDRESS)
        elif status == 429 or (status == 403 and _is_limit(response)):
            raise Busy(message, wait=_read_wait(response))
        elif status >= 500:
            raise Unanswered(message) if method == "POST" else Busy(message, wait=_read_wait(response))
        elif status in (401, 403):
            raise Denied(message, advice=self._access.needed)
        elif status in (404, 410):
            raise Missing(message, advice=self._access.needed)
        else:
            raise ForgeError(message)


def _is_limit(response: httpx2.Response) -> bool:
    """GitHub answers 403 both for a limit and for a lack of permission."""
    headers = response.headers
    is_used_up = headers.get("x-ratelimit-remaining") == "0"
    return "retry-after" in headers or is_used_up or "rate limit" in response.text.lower()


def _read_wait(response: httpx2.Response) -> float | None:
    """Seconds until the forge wants to hear of us again: `Retry-After`, or when its limit begins anew."""
    now = datetime.now(UTC)
    after = response.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    if after:
        try:
            return max(0.0, (parsedate_to_datetime(after) - now).total_seconds())
        except (TypeError, ValueError):
            return None
    reset = response.headers.get("x-ratelimit-reset", "")
    if reset.isdigit() and response.headers.get("x-ratelimit-remaining") == "0":
        return max(0.0, float(reset) - now.timestamp())
    return None


def require_token(token: str, variables: str) -> str:
    """The bare token; raises ReconcilerError, naming the variable and never the value, when none can be sent.

    White space around it is dropped: secrets that were pasted into a form often end in a line break.
    """
    bare = SECRETS.learn(token)
    if not bare:
        raise ReconcilerError("there is no token", advice=f"set {variables}")
    if not (bare.isascii() and bare.isprintable() and " " not in bare):
        message = f"{variables} has characters in it that no token has, such as spaces or line breaks"
        raise ReconcilerError(message, advice=f"set {variables} to the bare token")
    return bare
