"""One call: header, parameters, pace, repetition, answer. It knows nothing of what the calls are about."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from reconciler.deadlines import bound, deadline
from reconciler.model.errors import ProviderError
from reconciler.model.redaction import SECRETS
from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.envelope import Data, parse_answer
from reconciler.providers.business_api.errors import ApiError, stopping
from reconciler.providers.business_api.pace import MachineTicker, Pace, Ticker
from reconciler.providers.business_api.tiers import DEFAULT_TIER, TIERS, Tier

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
R = TypeVar("R")

BASE_URL = "https://business-api.tiktok.com"
PREFIX = "/open_api/v1.3/"
_ATTEMPTS = 6
_MAX_WORKERS = 40
_MAX_BYTES = 16 * 1024 * 1024
"""Far more than a page of fifty rows."""
_PATIENCE = 2
"""So many times the time for one piece of an answer, a call may take in all."""

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
    """How many calls may be under way at once; 0 for as many as the tier allows per second."""


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
        self._workers = connection.workers or min(_MAX_WORKERS, connection.tier.calls_per_second)
        self._patience = _PATIENCE * connection.answer_seconds
        headers = {"Access-Token": connection.access_token} if connection.access_token else {}
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
            on=_may_pass, attempts=_ATTEMPTS, timeout=None, wait_initial=0, wait_max=0, wait_jitter=0
        )
        query = {name: as_query(value) for name, value in parameters.items() if value is not None}
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
            message = f"could not be reached: {_told(error)}"
            raise ApiError(message, endpoint=endpoint, remedy=Remedy.WAIT) from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            is_late = isinstance(error, httpx2.TimeoutException) and time.monotonic() - began >= self._patience
            late = f"the answer was not complete after {self._patience:.0f} seconds"
            message = late if is_late else f"no answer came: {_told(error)}"
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
        # JSON is UTF-8, whatever the header says of it.
        return response.status_code, b"".join(parts).decode("utf-8-sig", "replace")


def _require_sendable(token: str) -> None:
    """A token with a line break or an accent would be quoted by whoever fails to send it."""
    if not (token.isascii() and (token.isprintable() or not token) and " " not in token):
        message = "the access token has characters in it that no token has, such as spaces or line breaks"
        raise ProviderError(message, advice="look at what `access_token` refers to; only the bare token belongs there")


def as_query(value: object) -> str:
    """A parameter of a reading call as the interface wants it: all but text as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _may_pass(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.remedy in (Remedy.WAIT, Remedy.DOUBT)


def _told(error: Exception) -> str:
    return SECRETS.hide(str(error)) or type(error).__name__
