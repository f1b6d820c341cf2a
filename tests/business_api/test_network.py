"""Over a real connection, with the faults that no transport inside the process can show."""

from __future__ import annotations

import http.server
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reconciler.providers.business_api.client import Client, Connection
from reconciler.providers.business_api.vocabulary import ApiError, Remedy
from tests.business_api.scripted import MadeUpTicker

Handler = http.server.BaseHTTPRequestHandler
GOOD = json.dumps({"code": 0, "message": "OK", "request_id": "r", "data": {"ok": 1}}).encode()


def say(handler: Handler, status: int, body: bytes, *, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def well(handler: Handler) -> None:
    say(handler, 200, GOOD)


def bad_gateway(handler: Handler) -> None:
    say(handler, 502, b"<html><body>502 Bad Gateway</body></html>")


def reset(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang_up(handler: Handler) -> None:
    say(handler, 200, GOOD[:20], length=len(GOOD))
    handler.close_connection = True


def too_late(handler: Handler) -> None:
    threading.Event().wait(0.5)
    reset(handler)


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"this is not HTTP\r\n\r\n")
    handler.close_connection = True


def garbled(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", "4")
    handler.end_headers()
    handler.wfile.write(b"nope")


def elsewhere(handler: Handler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:9/steal")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@contextmanager
def served(*answers: Callable[[Handler], None]) -> Iterator[tuple[Client, list[tuple[str, str, dict[str, str]]]]]:
    """A client of a server that gives one answer after the other, and then only good ones."""
    left, seen = list(answers), []

    class Double(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.command, self.path, dict(self.headers)))
            (left.pop(0) if left else well)(self)

        do_GET = do_POST = answer  # noqa: N815  # names that the standard library looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as above
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A handler that closes its own connection cannot go on; that is the point."""

    server = Server(("127.0.0.1", 0), Double)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    connection = Connection(access_token="tok-123", base_url=address, answer_seconds=0.2)
    try:
        with Client(connection, ticker=MadeUpTicker()) as client:
            yield client, seen
    finally:
        server.shutdown()
        server.server_close()


FAULTS = [bad_gateway, reset, hang_up, too_late, no_http, garbled]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_reading_gets_its_answer_in_the_end(fault: Callable[[Handler], None]) -> None:
    with served(fault, fault) as (client, seen):
        assert client.get("bc/get/", {"filtering": {"a": 1}}) == {"ok": 1}
    assert len(seen) == 3
    assert {(method, path) for method, path, _ in seen} == {
        ("GET", "/open_api/v1.3/bc/get/?filtering=%7B%22a%22%3A1%7D")
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_writing_goes_out_once_and_is_in_doubt(fault: Callable[[Handler], None]) -> None:
    with served(fault) as (client, seen), pytest.raises(ApiError) as caught:
        client.post("bc/member/invite/", {"bc_id": "69"})
    assert caught.value.remedy is Remedy.DOUBT
    assert [path for _, path, _ in seen] == ["/open_api/v1.3/bc/member/invite/"]


def test_the_token_goes_nowhere_else() -> None:
    with served(elsewhere) as (client, seen), pytest.raises(ApiError, match="HTTP status 302"):
        client.post("bc/member/invite/", {})
    assert len(seen) == 1
    sent = {name.lower(): value for name, value in seen[0][2].items()}
    assert sent["access-token"] == "tok-123"


def test_whoever_cannot_be_reached_was_not_told_anything() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with Client(Connection(access_token="t", base_url=address), ticker=MadeUpTicker()) as client:
            with pytest.raises(ApiError, match="could not be reached") as caught:
                client.post("bc/member/invite/", {})
            assert caught.value.remedy is Remedy.WAIT


def test_pages_are_read_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=300)

    def meet(handler: Handler) -> None:
        together.wait()
        well(handler)

    with served(*[meet] * 4) as (client, _):
        assert client.map(lambda _: client.get("bc/get/", {}), range(4)) == [{"ok": 1}] * 4
