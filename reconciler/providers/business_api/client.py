"""One call: header, parameters, pace, repetition, answer. It knows nothing of what the calls are about.

An answer is `{"code": 0, "message": "OK", "request_id": "...", "data": {...}}`. Errors come with HTTP status 200 as
well, and the code in the body counts more than the status. What is no such envelope comes from the gateway in front of
the interface: HTML, plain text, or nothing at all.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from reconciler.deadlines import bound, deadline
from reconciler.model.errors import ProviderError
from reconciler.model.redaction import SECRETS
from reconciler.model.values import dataclass
from reconciler.providers.business_api.errors import OK, PARTLY_OK, ApiError, Remedy, stopping
from reconciler.providers.business_api.pace import DEFAULT_TIER, TIERS, MachineTicker, Pace, Ticker, Tier

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
R = TypeVar("R")
Data = Mapping[str, Any]

BASE_URL = "https://business-api.tiktok.com"
PREFIX = "/open_api/v1.3/"
_ATTEMPTS = 6
_MAX_WORKERS = 64
_BUSY_SECONDS = 4
"""Answers may take so long, and calls still go out as fast as the tier allows."""
_MAX_BYTES = 16 * 1024 * 1024
"""Far more than a page of fifty rows."""
_PATIENCE = 2
"""So many times the time for one piece of an answer, a call may take in all."""
_MAX_CODE = 10**9
_MAX_SHOWN = 80
_MAX_MESSAGE = 500
"""What the platform says ends up in plans, states and logs."""

# stamina tells of every repetition; without anybody listening that would end up on the terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where to call and how often."""

    access_token: str = field(repr=False, default="")
    """Empty only for getting one."""
    base_url: str = BASE_URL
    tier: Tier = TIERS[DEFAULT_TIER]
    connect_seconds: float = 10.0
    answer_seconds: float = 60.0
    workers: int = 0
    """How many calls may be under way at once; 0 for as many as keep the pace of the tier."""


class Client:
    """Calls that share one connection pool, one token and one pace; may be used from several threads.

    `transport` replaces the network, `ticker` the time.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        transport: httpx2.BaseTransport | None = None,
        ticker: Ticker | None = None,
    ) -> None:
        import httpx2

        SECRETS.learn(connection.access_token)
        _require_sendable(connection.access_token)
        self.ticker: Ticker = ticker or MachineTicker()
        self.pace = Pace(connection.tier, self.ticker)
        self._workers = connection.workers or min(_MAX_WORKERS, _BUSY_SECONDS * connection.tier.calls_per_second)
        self._patience = _PATIENCE * connection.answer_seconds
        headers = {"Access-Token": connection.access_token} if connection.access_token else {}
        self.date = ""
        """When the last answer was given, as its header says."""
        self._http = httpx2.Client(
            base_url=connection.base_url.rstrip("/") + PREFIX,
            headers=headers,
            timeout=httpx2.Timeout(connection.answer_seconds, connect=connection.connect_seconds),
            transport=transport,
            # A redirect would carry the token to wherever it points.
            follow_redirects=False,
        )
        bound(self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    @property
    def calls(self) -> int:
        """How many requests went out, repeated ones included."""
        return self.pace.calls

    def get(self, endpoint: str, parameters: Mapping[str, Any]) -> Data:
        """Read something. Repeated after failures that may pass; raises ApiError when they do not.

        Texts and numbers go as they are, everything else as JSON text; what is None is left out.
        """
        import stamina

        # The waiting between attempts is our pace's, because all threads have to keep it.
        attempts = stamina.retry_context(
            on=_is_transient, attempts=_ATTEMPTS, timeout=None, wait_initial=0, wait_max=0, wait_jitter=0
        )
        query = {
            name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            for name, value in parameters.items()
            if value is not None
        }
        for attempt in attempts:
            with attempt:
                if attempt.num > 1:
                    self.pace.back_off(attempt.num - 1)
                return self._send("GET", endpoint, params=query)
        raise AssertionError  # stamina raises the last error by itself

    def post(self, endpoint: str, body: Mapping[str, Any]) -> Data:
        """Write something, sent exactly once: whoever calls looks what became of it before sending it again."""
        return self._send("POST", endpoint, json={name: value for name, value in body.items() if value is not None})

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Do the same with many things at once; the results are in the order of the things."""
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            return [work(item) for item in todo]
        with ThreadPoolExecutor(min(self._workers, len(todo))) as pool:
            try:
                return list(pool.map(work, todo))
            except KeyboardInterrupt:
                self.pace.stop()
                raise

    def _send(self, method: str, endpoint: str, **content: Any) -> Data:
        import httpx2

        self.pace.wait()
        began = time.monotonic()
        try:
            status, text = self._exchange(method, endpoint, **content)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            message = f"could not be reached: {_message_of(error)}"
            raise ApiError(message, endpoint=endpoint, remedy=Remedy.WAIT) from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            is_late = isinstance(error, httpx2.TimeoutException) and time.monotonic() - began >= self._patience
            late = f"the answer was not complete after {self._patience:.0f} seconds"
            message = late if is_late else f"no answer came: {_message_of(error)}"
            raise ApiError(message, endpoint=endpoint, remedy=Remedy.DOUBT) from error
        try:
            return parse_answer(text, status=status, endpoint=endpoint)
        except ApiError as error:
            if error.is_over_limit:
                self.pace.note_breach()
            if error.remedy is Remedy.STOP:
                raise stopping(error) from error
            raise

    def _exchange(self, method: str, endpoint: str, **content: Any) -> tuple[int, str]:
        """Status and body, read to its end as long as that is in sight."""
        size, parts = 0, []
        with deadline(self._patience), self._http.stream(method, endpoint, **content) as response:
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > _MAX_BYTES:
                    message = f"the answer is longer than {_MAX_BYTES >> 20} MiB"
                    raise ApiError(message, endpoint=endpoint, remedy=Remedy.DOUBT)
        self.date = response.headers.get("date", "")
        # JSON is UTF-8, whatever the header says of it.
        return response.status_code, b"".join(parts).decode("utf-8-sig", "replace")


def _require_sendable(token: str) -> None:
    """A token with a line break or an accent would be quoted by whoever fails to send it."""
    if not (token.isascii() and (token.isprintable() or not token) and " " not in token):
        message = "the access token has characters in it that no token has, such as spaces or line breaks"
        raise ProviderError(message, advice="look at what `access_token` refers to; only the bare token belongs there")


def _is_transient(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.remedy in (Remedy.WAIT, Remedy.DOUBT)


def _message_of(error: Exception) -> str:
    return SECRETS.hide(str(error)) or type(error).__name__


def parse_answer(text: str, *, status: int, endpoint: str) -> Data:
    """The data of a successful answer, never None; raises ApiError for everything else."""
    body = _parse_object(text)
    code = body.get("code") if body else None
    if body is None or not isinstance(code, int) or isinstance(code, bool) or abs(code) > _MAX_CODE:
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
        # A server that quotes a token must not get it into a plan, a state or a message.
        return cast("dict[str, Any]", SECRETS.hide_in_json(body)) if isinstance(body, dict) else None
    except (ValueError, RecursionError):  # what can just be read may be too deep to be written
        return None


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
