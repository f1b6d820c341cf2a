"""One call: what is sent, what is understood, and what is said again."""

from __future__ import annotations

import json
import logging

import httpx2
import pytest

from reconciler.model import ProviderError, ReconcilerError
from reconciler.providers.business_api.client import Connection
from reconciler.providers.business_api.provider import make_client
from reconciler.providers.business_api.vocabulary import CODES, ApiError, Remedy, get_return_code
from tests.business_api.scripted import envelope, scripted

REPEATED = (Remedy.WAIT, Remedy.DOUBT)


def test_a_reading_sends_token_and_json_text_and_leaves_out_what_is_none() -> None:
    client, script, _ = scripted(envelope({"list": []}))
    client.get("bc/member/get/", {"bc_id": "69", "filtering": {"keyword": "a@b.c"}, "page": 1, "other": None})
    request = script.requests[0]
    assert str(request.url).startswith("https://business-api.tiktok.com/open_api/v1.3/bc/member/get/?")
    assert request.headers["access-token"] == "tok-123"
    assert "authorization" not in request.headers
    assert dict(request.url.params) == {"bc_id": "69", "filtering": '{"keyword":"a@b.c"}', "page": "1"}


def test_a_writing_sends_json() -> None:
    client, script, _ = scripted(envelope())
    client.post("bc/member/invite/", {"bc_id": "69", "emails": ["a@b.c"], "nothing": None})
    request = script.requests[0]
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {"bc_id": "69", "emails": ["a@b.c"]}


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_reading_is_repeated_exactly_when_its_return_code_may_pass(code: int) -> None:
    client, script, _ = scripted(envelope(code=code, message="said no"), envelope({"list": [1]}))
    remedy = get_return_code(code).remedy
    if remedy in REPEATED:
        assert client.get("bc/get/", {}) == {"list": [1]}
        assert len(script.requests) == 2
        return
    expected = ProviderError if remedy is Remedy.STOP else ApiError
    with pytest.raises(expected, match=r"bc/get/: said no \(code \d+, request 20261122R1\)"):
        client.get("bc/get/", {})
    assert len(script.requests) == 1


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_writing_is_never_repeated_by_itself(code: int) -> None:
    client, script, _ = scripted(envelope(code=code), envelope())
    with pytest.raises((ApiError, ProviderError)):
        client.post("bc/asset/assign/", {})
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(40999, Remedy.NONE), (50999, Remedy.DOUBT), (52001, Remedy.DOUBT), (51999, Remedy.DOUBT), (7, Remedy.DOUBT)],
)
def test_a_code_that_nobody_described_is_read_by_its_family(code: int, remedy: Remedy) -> None:
    assert get_return_code(code).remedy is remedy


def test_partial_success_is_success() -> None:
    client, _, _ = scripted(envelope({"done": 1}, code=20001))
    assert client.post("bc/asset/assign/", {}) == {"done": 1}


@pytest.mark.parametrize(
    "broken",
    [
        httpx2.Response(502, text="<html>\n<h1>502 Bad Gateway</h1></html>"),
        httpx2.Response(200, text="<html>maintenance</html>"),
        httpx2.Response(503, text=""),
        httpx2.Response(200, text='{"code": "0"}'),
        httpx2.Response(200, text='{"code": true}'),
        httpx2.Response(200, text="[1, 2]"),
        httpx2.ReadError("reset"),
        httpx2.ReadTimeout("late"),
        httpx2.ConnectError("refused"),
    ],
)
def test_what_is_no_envelope_is_repeated_for_a_reading_and_in_doubt_for_a_writing(broken: httpx2.Response) -> None:
    client, _, ticker = scripted(broken, broken, envelope({"ok": 1}))
    assert client.get("bc/get/", {}) == {"ok": 1}
    assert 0.5 <= ticker.slept[0] <= 1
    assert 1 <= ticker.slept[1] <= 2
    client, script, _ = scripted(broken)
    with pytest.raises(ApiError) as caught:
        client.post("bc/member/invite/", {})
    expected = Remedy.WAIT if isinstance(broken, httpx2.ConnectError) else Remedy.DOUBT
    assert (caught.value.remedy, len(script.requests)) == (expected, 1)


@pytest.mark.parametrize("status", [301, 404, 405])
def test_a_wrong_address_is_told_at_once(status: int) -> None:
    client, script, _ = scripted(httpx2.Response(status, text="404 page not found"))
    if status < 400:
        # A redirect would carry the token elsewhere; where it came from, nobody knows how far the call got.
        with pytest.raises(ApiError, match="HTTP status 301 without a return code"):
            client.post("bc/get/", {})
        return
    with pytest.raises(ApiError, match=f"HTTP status {status} without a return code: 404 page not found"):
        client.get("bc/get/", {})
    assert len(script.requests) == 1


def test_giving_up_raises_the_last_error() -> None:
    client, script, _ = scripted(envelope(code=51060, message="BC RPC error"))
    with pytest.raises(ApiError, match="BC RPC error"):
        client.get("bc/get/", {})
    assert len(script.requests) == client.calls == 6


@pytest.mark.parametrize("data", [None, [], "text"])
def test_data_that_is_missing_or_no_object_is_empty(data: object) -> None:
    answer = httpx2.Response(200, text=json.dumps({"code": 0, "data": data}))
    client, _, _ = scripted(answer)
    assert client.get("bc/get/", {}) == {}


def test_the_token_is_in_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client, _, _ = scripted(httpx2.ReadError("reset"), envelope(code=40001, message="No permission"))
    with pytest.raises(ApiError) as caught:
        client.get("bc/get/", {})
    assert "tok-123" not in f"{caught.value!r} {caught.value} {caplog.text} {Connection(access_token='tok-123')!r}"
    assert caplog.records


def test_many_things_are_done_at_once_and_come_back_in_order() -> None:
    client, _, _ = scripted(envelope({}), workers=4)
    assert client.map(lambda number: number * 2, range(20)) == list(range(0, 40, 2))


def test_whoever_interrupts_a_run_does_not_wait_for_the_platform_to_rest() -> None:
    client, script, ticker = scripted(envelope(code=40100), workers=4)

    def interrupt(number: int) -> object:
        if number:
            return client.get("bc/get/", {})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.map(interrupt, range(3))
    before, waited = len(script.requests), [*ticker.slept]
    with pytest.raises(ProviderError, match="the run was interrupted"):
        client.get("bc/get/", {})
    assert len(script.requests) == before
    assert sum(ticker.slept) == sum(waited), "not even a moment"


@pytest.mark.parametrize(
    "way", ["http://api.example", "http://127.0.0.1.api.example", "ftp://127.0.0.1", "api.example"]
)
def test_a_token_never_travels_in_the_clear(way: str) -> None:
    """Only this very machine may be spoken to without TLS, as the emulator is."""
    options = {"access_token": "env:TOKEN", "base_url": way}
    with pytest.raises(ReconcilerError, match="would show the token to others"):
        make_client(options, read_secret=str, notify=lambda *_, **__: None, token="tok-0123456789")
    for other in ("https://api.example", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"):
        make_client(
            {**options, "base_url": other}, read_secret=str, notify=lambda *_, **__: None, token="tok-0123456789"
        ).close()
