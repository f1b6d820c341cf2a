"""The whole site on one port. One thread per connection; the world serialises its few callers anyway."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from reconciler.sandbox.api.control import CONTROL_PREFIX, Control
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.messages import ApiRequest, Response, render_json, render_plain

_MAX_BYTES: Final = 4 * 1024 * 1024
_IDLE_SECONDS: Final = 60.0

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Site:
    """One emulator as people and programs reach it: the API, the control prefix, and a page for people at `/`.

    A sandbox has no passwords, so a page on another site must not reach it through the visitor's browser: only requests
    to its own names are answered (a foreign name may point here), and what changes something has to come as JSON from
    the site itself, which browsers do not let other sites send. `names` are host names beside those of this machine.
    """

    def __init__(self, emulator: Emulator, *, names: Iterable[str] = ()) -> None:
        self._emulator = emulator
        self._control = Control(emulator)
        self._names = LOOPBACK | {name.lower() for name in names}

    def handle(self, request: ApiRequest) -> Response:
        """Answer one request."""
        if not self._is_own(f"//{request.headers.get('host', '')}"):
            return render_plain(403, "this sandbox answers only to the names of its own machine")
        if request.path.startswith(CONTROL_PREFIX):
            if request.method != "GET" and not self._comes_from_here(request):
                return render_json({"error": "foreign", "text": "send JSON, from this site"}, status=403)
            return self._control.handle(request)
        if request.path == "/" and request.method == "GET":
            page = files("reconciler.sandbox.api").joinpath("page.html").read_bytes()
            return Response(headers=_PAGE_HEADERS, body=page)
        return self._emulator.handle(request)

    def _comes_from_here(self, request: ApiRequest) -> bool:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        origin = request.headers.get("origin")
        return kind == "application/json" and (origin is None or self._is_own(origin))

    def _is_own(self, url: str) -> bool:
        try:
            return (urlsplit(url).hostname or "") in self._names
        except ValueError:
            return False


class Server(ThreadingHTTPServer):
    """Listens from the moment it exists; port 0 takes any free one."""

    daemon_threads = True
    request_queue_size = 128  # many callers at once: a full queue would reset their connections

    def __init__(self, site: Site, *, host: str = "127.0.0.1", port: int = 0) -> None:
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
            # Lingering for no time makes the kernel send a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name that the base class gives it
        """Say nothing: calls are counted by the emulator."""
