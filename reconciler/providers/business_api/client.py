"""One call: header, parameters, pace, repetition, answer. It knows nothing of what the calls are about.

An answer is `{"code": 0, "message": "OK", "request_id": "...", "data": {...}}`. Errors come with HTTP status 200 as
well, and the code in the body counts more than the status. What is no such envelope comes from the gateway in front of
the interface: HTML, plain text, or nothing at all.

The pace is one gate for all threads of a process, as wide as the tier of the app
(https://business-api.tiktok.com/portal/docs?id=1740029171730433). The limits count for the app as a whole, over all
users and processes. We stay at 80 % of them, because the platform's second does not begin when ours does.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, cast

from reconciler.deadlines import bound, deadline
from reconciler.model.finding import ProviderError
from reconciler.model.redaction import SECRETS
from reconciler.model.values import dataclass
from reconciler.providers.business_api.vocabulary import OK, PARTLY_OK, ApiError, Remedy, stopping

if TYPE_CHECKING:
    import httpx2

DEFAULT_TIER = "basic"
_SHARE = 0.8
REST_AFTER_MINUTE_LIMIT = 300.0
"""Seconds without any call that TikTok asks for when the limit per minute was broken."""
_ONE_SECOND = 1.0
_MAX_NAP = 1.0
"""Seconds until a thread that waits looks whether it still should."""
_SAME_BREACH = 3.0
"""A second refusal within this time after the pause means that it was not the limit per second."""
_MAX_BACK_OFF = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The limits of one tier."""

    per_second: int
    per_minute: int
    runners: int = 1
    """How many processes share them."""

    @property
    def limit(self) -> str:
        """Our share of it in words; empty for the one that is none."""
        if self.per_second == TIERS["unlimited"].per_second:
            return ""
        return f"{self.calls_per_second} calls a second and {self.calls_per_minute:,} a minute"

    @property
    def calls_per_second(self) -> int:
        """How many calls we make in any second."""
        return int(self.per_second * _SHARE / self.runners)

    @property
    def calls_per_minute(self) -> int:
        """How many calls we make in any minute."""
        return int(self.per_minute * _SHARE / self.runners)

    def seconds_for(self, calls: int) -> int:
        """How long so many calls take, rounded up."""
        by_minute = calls / self.calls_per_minute * 60 if calls > self.calls_per_minute else 0
        return ceil(max(calls / self.calls_per_second, by_minute))


TIERS: dict[str, Tier] = {
    "basic": Tier(per_second=10, per_minute=600),
    "advanced": Tier(per_second=20, per_minute=1200),
    "premium": Tier(per_second=30, per_minute=1800),
    "ultimate": Tier(per_second=50, per_minute=3000),
    "unlimited": Tier(per_second=100_000, per_minute=1_000_000),  # no tier of TikTok's: for an emulator of one's own
}


class Ticker(Protocol):
    """Time that passes, and waiting for it; tests bring one that does not really wait."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after this many seconds."""
        ...


class MachineTicker:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


class Pace:
    """Lets calls through as fast as a tier allows, and none at all while the platform wants peace."""

    def __init__(self, tier: Tier, ticker: Ticker) -> None:
        from pyrate_limiter import InMemoryBucket, Rate

        self.tier = tier
        second, minute = Rate(tier.calls_per_second, 1000), Rate(tier.calls_per_minute, 60_000)
        self._bucket = InMemoryBucket([second, minute])
        self._ticker = ticker
        self.on_rest: Callable[[float], None] = lambda _seconds: None
        """Hears of every long pause before it begins."""
        self._lock = threading.Lock()
        self.calls = 0
        """How many calls were let through."""
        self._is_stopped = False
        self._closed_until = float("-inf")
        self._breach_is_fresh_until = float("-inf")

    def wait(self) -> None:
        """Return when a call may go out; that call is counted. Raises ProviderError when the run was stopped."""
        while (seconds := self._seconds_to_wait()) > 0:
            self._ticker.sleep(min(seconds, _MAX_NAP))
        if self._is_stopped:
            raise ProviderError("the run was interrupted")

    def stop(self) -> None:
        """Let nobody call any more: whoever waits for five minutes to pass must not keep a person waiting as well."""
        self._is_stopped = True

    def note_breach(self) -> None:
        """The platform turned a call away for being one too many: nobody calls for a second, or for five minutes."""
        with self._lock:
            now = self._ticker.now()
            if now < self._closed_until:
                return  # sent before we stopped: the same breach
            again = now < self._breach_is_fresh_until
            rest = REST_AFTER_MINUTE_LIMIT if again else _ONE_SECOND
            self._closed_until = now + rest
            self._breach_is_fresh_until = self._closed_until + _SAME_BREACH
        if again:
            self.on_rest(rest)

    def back_off(self, failures: int) -> None:
        """Wait before a call is repeated: 1, 2, 4, 8 ... seconds, half of it by chance so that threads part."""
        self._ticker.sleep(seconds_to_back_off(failures))

    def _seconds_to_wait(self) -> float:
        from pyrate_limiter import RateItem

        if self._is_stopped:
            return 0.0
        with self._lock:
            now = self._ticker.now()
            if now < self._closed_until:
                return self._closed_until - now
            item = RateItem("call", int(now * 1000))
            self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                self.calls += 1
                return 0.0
            waiting = self._bucket.waiting(item)
            return max(1, waiting if isinstance(waiting, int) else 1) / 1000


def seconds_to_back_off(failures: int) -> float:
    """Between half of and all of 2 ** (failures - 1) seconds."""
    whole = min(_MAX_BACK_OFF, 2.0 ** (failures - 1))
    return whole * random.uniform(0.5, 1)  # noqa: S311  # spreads calls over time, keeps no secret


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
