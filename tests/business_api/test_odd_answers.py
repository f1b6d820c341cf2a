"""Answers that nobody documented: each is told for what it is, and none passes for "there is nothing"."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconciler.model import SECRETS, ProviderError
from reconciler.providers.business_api.client import Client, Connection, parse_answer, read_list
from reconciler.providers.business_api.vocabulary import (
    ASSETS,
    CENTERS,
    GROUP_MEMBERS,
    GROUPS,
    MEMBERS,
    ApiError,
    Listing,
)
from reconciler.sandbox.api.transport import BusinessApiTransport
from tests.business_api.scripted import MadeUpTicker, envelope, page, scripted
from tests.business_api.stage import Stage, staged
from tests.business_api.test_network import Handler, say, served
from tests.tiers import scaled

BOMB = gzip.compress(bytes(24 << 20), 1)
ONE = {"user_id": "1", "user_email": "a@b.c", "relation_status": "BOUND"}


INVITATION = {"bc_id": "69", "emails": ["a@b.c"], "user_role": "STANDARD"}


def asked(listing: Listing) -> dict[str, Any]:
    """What a call of this list says at least."""
    more = {
        ASSETS.endpoint: {"asset_type": "ADVERTISER"},
        GROUP_MEMBERS.endpoint: {"asset_group_id": "7", "query_entity": "MEMBER"},
    }
    return {"bc_id": "69", **more.get(listing.endpoint, {})}


def whole(**page_info: Any) -> dict[str, Any]:
    return {"page": 1, "page_size": 20, "total_number": 1, "total_page": 1, **page_info}


NONSENSE: dict[str, tuple[Listing, object, str]] = {
    "no data at all": (MEMBERS, None, "there is no list `list` in it"),
    "data that is a list": (MEMBERS, [ONE], "there is no list `list` in it"),
    "a list that is missing": (MEMBERS, {"page_info": whole()}, "there is no list `list` in it"),
    "null where there should be a row": (MEMBERS, {"list": None, "page_info": whole()}, "there is no list `list`"),
    "a list that is an object": (MEMBERS, {"list": {"0": ONE}, "page_info": whole()}, "there is no list `list`"),
    "a list that is text": (ASSETS, {"list": "none", "page_info": whole()}, "there is no list `list` in it"),
    "the list under another name": (GROUPS, {"list": [], "page_info": whole()}, "there is no list `asset_groups`"),
    "rows that are texts": (MEMBERS, {"list": ["a@b.c"], "page_info": whole()}, "something in it that is no row"),
    "groups that are texts": (GROUP_MEMBERS, {"asset_group": "7"}, "something in it that is no row"),
    "a member without number and address": (
        MEMBERS,
        {"list": [{"relation_status": "BOUND"}], "page_info": whole()},
        "a row has no `user_id`",
    ),
    "an asset without number": (ASSETS, {"list": [{"asset_name": "US"}], "page_info": whole()}, "no `asset_id`"),
    "a member in a state that is new": (
        MEMBERS,
        {"list": [{**ONE, "relation_status": "SUSPENDED"}], "page_info": whole()},
        "`relation_status` of a row is 'SUSPENDED', which nobody has described",
    ),
    "a number that lost its digits": (
        MEMBERS,
        {"list": [{**ONE, "user_id": 6.9e18}], "page_info": whole()},
        "`user_id` of a row is of type float",
    ),
    "an address that is a list": (
        MEMBERS,
        {"list": [{**ONE, "user_email": ["a@b.c"]}], "page_info": whole()},
        "`user_email` of a row is of type list",
    ),
    "a Business Center that is text": (
        CENTERS,
        {"list": [{"bc_info": "69"}], "page_info": whole()},
        "`bc_info` of a row is of type str",
    ),
    "page_info that is text": (MEMBERS, {"list": [ONE] * 20, "page_info": "1/1"}, "how long the list is"),
    "a full page and no page_info": (MEMBERS, {"list": [ONE] * 20}, "how long the list is"),
    "counts that are texts": (MEMBERS, {"list": [ONE], "page_info": whole(total_number="1")}, "how long the list is"),
    "rows on no page": (MEMBERS, {"list": [ONE], "page_info": whole(total_page=0)}, "how long the list is"),
    "pages without end": (
        MEMBERS,
        {"list": [ONE], "page_info": whole(total_number=10**12, total_page=10**10)},
        "the list is said to have 1000000000000 rows on 10000000000 pages",
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_an_answer_that_makes_no_sense_is_an_error_and_no_empty_list(name: str) -> None:
    listing, data, said = NONSENSE[name]
    client, script, _ = scripted(httpx2.Response(200, text=json.dumps({"code": 0, "message": "OK", "data": data})))
    with pytest.raises(ApiError, match="the answer makes no sense") as caught:
        read_list(client, listing, asked(listing))
    assert said in str(caught.value)
    assert len(script.requests) == 1, "the same would come again"


@pytest.mark.parametrize("rows", [[], None])
def test_a_list_that_says_that_it_is_empty_may_be_null(rows: object) -> None:
    client, _, _ = scripted(envelope({"list": rows, "page_info": whole(total_number=0, total_page=0)}))
    assert read_list(client, ASSETS, asked(ASSETS)) == []


def test_what_we_do_not_read_may_be_anything() -> None:
    row = {**ONE, "user_id": 6900000000000000001, "new": {"a": [1.5, None]}, "another": [True], "user_name": None}
    client, _, _ = scripted(page([row], total=1))
    assert read_list(client, MEMBERS, asked(MEMBERS)) == [row]


@pytest.mark.full
def test_an_answer_of_any_depth_is_read_or_refused() -> None:
    """There is a depth that can just be read, and not be written any more."""
    SECRETS.learn("canary-5d41402abc4b2a76")
    for depth in range(1, 1200):
        with suppress(ApiError):
            parse_answer(f'{{"code":0,"data":{"[" * depth}{"]" * depth}}}', status=200, endpoint="x")


def test_a_list_that_never_ends_is_given_up() -> None:
    def next_page(request: httpx2.Request) -> httpx2.Response:
        number = int(request.url.params["page"])
        rows = [{"asset_id": f"{number}{index:02}"} for index in range(50)]
        return page(rows, total=50 * (number + 1), pages=number + 1, number=number)

    client, script, _ = scripted(next_page)
    with pytest.raises(ApiError, match="the list moved each of the 5 times"):
        read_list(client, ASSETS, asked(ASSETS))
    assert len(script.requests) == 10


def as_json(text: str, *, kind: str = "application/json") -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        body = text.encode("utf-8", "surrogatepass")
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def bomb(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(BOMB)))
    handler.end_headers()
    handler.wfile.write(BOMB)


def flood(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 40))
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        threading.Event().wait(0.1)


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-A: b\r\n")
        threading.Event().wait(0.1)


def hint_for_ever(handler: Handler) -> None:
    while True:
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        threading.Event().wait(0.1)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (as_json("[" * 200_000), "without a return code: [[[["),
        (as_json('{"code":' + "9" * 5000 + "}"), "without a return code"),
        (as_json('{"code":' + "9" * 4000 + "}"), "without a return code"),
        (as_json('{"code": 0, "data"'), 'without a return code: {"code": 0, "data"'),
        (as_json("<html>login</html>", kind="text/html"), "without a return code: <html>login</html>"),
        (as_json("code=0&message=OK", kind="text/plain"), "without a return code: code=0"),
        (bomb, "the answer is longer than 16 MiB"),
        (flood, "the answer is longer than 16 MiB"),
        (drip, "the answer was not complete after 0 seconds"),
        (drip_headers, "the answer was not complete after 0 seconds"),
        (hint_for_ever, "the answer was not complete after 0 seconds"),
        (lambda handler: say(handler, 204, b""), "HTTP status 204 without a return code"),
    ],
    ids=[
        "nested",
        "digits",
        "fewer digits",
        "truncated",
        "html",
        "form",
        "bomb",
        "flood",
        "drip",
        "dripped headers",
        "hints",
        "nothing",
    ],
)
def test_an_answer_that_is_no_envelope_is_told_and_a_writing_is_in_doubt(
    answer: Callable[[Handler], None], said: str
) -> None:
    with served(answer) as (client, seen), pytest.raises(ApiError) as caught:
        client.post("bc/member/invite/", INVITATION)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400
    assert caught.value.remedy == "doubt"
    assert len(seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        as_json('{"code": 0, "data": {"ok": 1}}', kind="text/html; charset=iso-8859-1"),
        as_json('\ufeff{"code": 0, "data": {"ok": 1}}', kind="application/json; charset=no-such"),
        as_json('{"code": 0, "data": {"ok": 1}}', kind="application/json; charset=rot13"),
    ],
)
def test_an_envelope_counts_whatever_its_header_says(answer: Callable[[Handler], None]) -> None:
    with served(answer) as (client, _):
        assert client.get("bc/get/", {}) == {"ok": 1}


@pytest.mark.parametrize("half", ['"\\ud83d"', '"\ud83d"', '"\\uDE00!"'])
def test_half_a_character_is_replaced_because_no_file_could_keep_it(half: str) -> None:
    with served(as_json(f'{{"code": 0, "data": {{"name": {half}, "smile": "\\ud83d\\ude00"}}}}')) as (client, _):
        data = client.get("bc/get/", {})
    assert data["smile"] == "😀"
    assert "name" in data
    data["name"].encode()


def test_what_the_platform_says_is_kept_short() -> None:
    client, _, _ = scripted(envelope(code=40002, message=f"no\n\n  {'x' * 100_000}"))
    with pytest.raises(ApiError) as caught:
        client.post("bc/member/invite/", INVITATION)
    assert str(caught.value).startswith("bc/member/invite/: no xxx")
    assert len(str(caught.value)) < 600


def test_a_redirect_is_told_at_once_with_what_may_be_behind_it() -> None:
    moved = httpx2.Response(302, headers={"Location": "https://login.example/"}, text="Found")
    client, script, _ = scripted(moved)
    with pytest.raises(ApiError, match="a redirect is not followed, because it would carry the token away"):
        client.get("bc/get/", {})
    assert len(script.requests) == 1


@pytest.mark.parametrize("token", ["Bearer abc", "abc\ndef", "abc\r\nX-Other: 1", "ab\u00e9", "abc\x00"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(ProviderError, match="the access token has characters in it that no token has") as caught:
        Client(Connection(access_token=token), ticker=MadeUpTicker())
    assert token not in f"{caught.value!r} {caught.value.message} {caught.value.advice}"


class Garbling(httpx2.BaseTransport):
    """Passes everything on, and changes one value in one answer."""

    def __init__(self) -> None:
        self.inner: httpx2.BaseTransport | None = None
        self.call = -1
        """Which answer; -1 for none."""
        self.value = 0
        self.junk: object = None
        self.calls = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert self.inner is not None
        response = self.inner.handle_request(request)
        self.calls += 1
        if self.calls - 1 != self.call:
            return response
        body = json.loads(response.read())
        places = [(body, "data"), *_places(body["data"])]
        holder, name = places[self.value % len(places)]
        if type(holder[name]) is not type(self.junk):
            holder[name] = self.junk
        return httpx2.Response(200, text=json.dumps(body))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document, as what holds it and the name or number in there."""
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield value, name
        yield from _places(value[name])


@pytest.fixture(scope="module")
def garbled() -> Iterator[tuple[Stage, Garbling]]:
    garbling = Garbling()
    with staged(transport=garbling, tier="unlimited") as stage:
        garbling.inner = BusinessApiTransport(stage.emulator, sleep=stage.ticker.sleep)
        yield stage, garbling


@settings(max_examples=scaled(120))
@given(
    call=st.integers(0, 30),
    value=st.integers(0, 200),
    junk=st.sampled_from([[1], {"a": 1}, True, 1.5, ["x"], []]),
)
def test_what_comes_in_another_type_is_unknown_and_never_gone(
    garbled: tuple[Stage, Garbling], call: int, value: int, junk: object
) -> None:
    stage, garbling = garbled
    garbling.call = -1
    before = stage.provider.read(stage.scope)
    assert before.resources
    assert not before.unknown
    garbling.calls, garbling.call, garbling.value, garbling.junk = 0, call, value, junk
    after = stage.provider.read(stage.scope)
    assert [str(address) for address in before.resources if after.find(address) is None] == []
