"""An end for every HTTP call as a whole, and not only for each piece of its answer.

The HTTP client gives up when a piece does not come in time. A server that sends a byte, a header or an interim answer
(`103 Early Hints`) now and then is never late with a piece, and could keep a run, and the lock it holds, for ever. So
what is left of the call's time bounds every wait on its connection.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from reconciler.model import dataclass

if TYPE_CHECKING:
    import ssl

    import httpx2
    from httpcore2 import NetworkBackend, NetworkStream

_ends: ContextVar[float | None] = ContextVar("end of the call", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Whatever this thread does on a bounded client ends after so many seconds: with a timeout, unless it is done."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def bound(client: httpx2.Client) -> None:
    """Let `deadline` hold for a client: for its own connections, and for those through proxies of the environment.

    The client has no public way to give its connection pool another network; a test notices when this one is gone.
    """
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001  # see above
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _Network(pool._network_backend)  # noqa: SLF001  # see above


def _left(timeout: float | None) -> float | None:
    """How long to wait at most; raises the timeout of the HTTP client when the call has no time left."""
    ends = _ends.get()
    if ends is None:
        return timeout
    left = ends - time.monotonic()
    if left <= 0:
        from httpcore2 import ReadTimeout

        raise ReadTimeout("the answer was not complete in time")
    return left if timeout is None else min(timeout, left)


@dataclass(frozen=True, slots=True)
class _Network:
    """A network whose connections know the end of the call."""

    _inner: NetworkBackend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        made = self._inner.connect_tcp(
            host, port, timeout=_left(timeout), local_address=local_address, socket_options=socket_options
        )
        return _Stream(made)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> _Stream:
        return _Stream(self._inner.connect_unix_socket(path, timeout=_left(timeout), socket_options=socket_options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(_left(seconds) or 0)


@dataclass(frozen=True, slots=True)
class _Stream:
    """A connection that waits no longer than its call may last."""

    _inner: NetworkStream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout=_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=_left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname=server_hostname, timeout=_left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
