"""The site on a port. One thread per connection; a sandbox has few callers, and the world serialises them anyway."""

from __future__ import annotations

import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol

from reconciler.sandbox.api.messages import ApiRequest, Response, render_plain

_MAX_BYTES: Final = 4 * 1024 * 1024
_IDLE_SECONDS: Final = 60.0


class Handles(Protocol):
    """Whatever answers requests."""

    def handle(self, request: ApiRequest) -> Response:
        """Answer one request."""
        ...


class Server(ThreadingHTTPServer):
    """Listens from the moment it exists; port 0 takes any free one."""

    daemon_threads = True
    request_queue_size = 128  # many callers at once: a full queue would reset their connections

    def __init__(self, site: Handles, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.site = site
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{name}:{port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > _MAX_BYTES:
            self.close_connection = True
            self._send(render_plain(413, "say the length of the body, at most 4 MiB"))
            return
        body = self.rfile.read(int(length))
        request = ApiRequest.of(self.command, self.path, dict(self.headers.items()), body)
        self._send(self.server.site.handle(request))

    def __getattr__(self, name: str) -> object:
        """The base class looks for a method per HTTP method; all of them are served, known or not."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _send(self, response: Response) -> None:
        if response.delay:
            time.sleep(response.delay)
        if response.is_lost:
            self._reset()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _reset(self) -> None:
        """Break the connection: lingering for no time makes the kernel send a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name that the base class gives it
        """Say nothing: calls are counted by the emulator."""
