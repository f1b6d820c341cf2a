"""The whole site on one port: the API, the control prefix, and a page for people at `/`.

A sandbox has no passwords, so a page on another site must not reach it through the visitor's browser: only requests
to its own names are answered (a foreign name may point here), and what changes something has to come as JSON from the
site itself, which browsers do not let other sites send.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from urllib.parse import urlsplit

from reconciler.sandbox.api import control
from reconciler.sandbox.api.control import Control
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.messages import ApiRequest, Response, render_json, render_plain

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
    """One emulator as people and programs reach it over HTTP; `names` are host names beside those of this machine."""

    def __init__(self, emulator: Emulator, *, names: Iterable[str] = ()) -> None:
        self._emulator = emulator
        self._control = Control(emulator)
        self._names = LOOPBACK | {name.lower() for name in names}

    def handle(self, request: ApiRequest) -> Response:
        """Answer one request."""
        if not self._is_own(f"//{request.headers.get('host', '')}"):
            return render_plain(403, "this sandbox answers only to the names of its own machine")
        if request.path.startswith(control.PREFIX):
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
