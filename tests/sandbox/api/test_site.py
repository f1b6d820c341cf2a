"""The site on a port: who may speak to it, what people do there, and how connections break."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.messages import ApiRequest
from reconciler.sandbox.api.server import Control, Server, Site
from tests.sandbox.api.desk import BC, NORTH, US, Desk, user


@contextmanager
def served(desk: Desk) -> Iterator[Server]:
    with Server(Site(desk.emulator)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    with served(desk) as server:
        yield server


def call(server: Server, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=300)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = None if body is None else json.dumps(body)
    try:
        connection.request(method, path, sent, {"Content-Type": "application/json", **given})
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    is_json = response.headers.get_content_type() == "application/json"
    return response.status, json.loads(text) if is_json else text.decode()


def control(desk: Desk, method: str, path: str, body: object = None) -> tuple[int, Any]:
    sent = b"" if body is None else json.dumps(body).encode()
    response = Control(desk.emulator).handle(ApiRequest.of(method, f"/_sandbox/{path}", {}, sent))
    return response.status, json.loads(response.body)


def happen(desk: Desk, event: str, **fields: str) -> None:
    assert control(desk, "POST", f"events/{event}", fields) == (200, {})


def test_the_api_answers_on_the_port_as_it_does_in_process(desk: Desk, server: Server) -> None:
    status, answer = call(server, "GET", f"/open_api/v1.3/bc/get/?bc_id={BC}", Access_Token=desk.token)
    assert (status, answer["data"]) == (200, desk.read("bc/get/"))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", ""])
def test_a_foreign_name_that_points_here_reaches_nothing(server: Server, host: str) -> None:
    for path in ("/", "/_sandbox/state", "/open_api/v1.3/bc/get/"):
        assert call(server, "GET", path, Host=host)[0] == 403


@pytest.mark.parametrize(
    "headers", [{"Content_Type": "text/plain"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_a_page_of_another_site_cannot_make_anything_happen(server: Server, headers: dict[str, str]) -> None:
    assert call(server, "POST", "/_sandbox/clock", {"seconds": 60}, **headers)[0] == 403
    assert call(server, "POST", "/_sandbox/clock", {"seconds": 60}, Origin=server.url)[0] == 200


def test_a_method_that_nobody_knows_reaches_nothing(server: Server) -> None:
    assert call(server, "BREW", "/open_api/v1.3/bc/get/")[0] == 405


def test_the_page_needs_nothing_from_elsewhere(server: Server) -> None:
    status, page = call(server, "GET", "/")
    assert status == 200
    assert "http://" not in page
    assert "https://" not in page


def test_a_reset_connection_carries_no_answer_although_the_write_took_effect(desk: Desk, server: Server) -> None:
    desk.emulator.faults.add(Fault(kind="reset", method="POST", after=True))
    body = {"bc_id": BC, "emails": ["eve@x.example"]}
    with pytest.raises((ConnectionResetError, RemoteDisconnected)):
        call(server, "POST", "/open_api/v1.3/bc/member/invite/", body, Access_Token=desk.token)
    assert "eve@x.example" in desk.members()


def test_a_body_without_a_length_or_with_too_much_of_it_is_refused(server: Server) -> None:
    for headers in ({"Content_Length": "99999999"}, {"Transfer_Encoding": "chunked"}):
        assert call(server, "POST", "/open_api/v1.3/bc/member/invite/", **headers)[0] == 413


def test_many_callers_at_once_are_all_answered(desk: Desk, server: Server) -> None:
    seen: list[int] = []

    def invite(number: int) -> None:
        body = {"bc_id": BC, "emails": [f"p{number}@x.example"]}
        seen.append(call(server, "POST", "/open_api/v1.3/bc/member/invite/", body, Access_Token=desk.token)[1]["code"])

    threads = [threading.Thread(target=invite, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0] * 16
    assert len(desk.members()) == 18


def test_people_answer_and_admins_click_by_hand(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["eve@x.example", "zoe@x.example", "kim@x.example", "lou@x.example"])
    happen(desk, "accept", person="eve@x.example", organization=BC)
    happen(desk, "decline", person="zoe@x.example", organization=BC)
    happen(desk, "expire", person="kim@x.example", organization=BC)
    happen(desk, "answer_all", answer="accept")
    happen(desk, "role", person="eve@x.example", organization=BC, role="admin")
    happen(desk, "finance", person="eve@x.example", organization=BC, finance="manager")
    happen(desk, "finance", person="eve@x.example", organization=BC, finance="none")
    happen(desk, "remove", person="bo", organization=BC, admin="eve@x.example")
    happen(desk, "invite", person="mia@x.example", organization=BC, role="standard")
    happen(desk, "leave", person="lou@x.example", organization=BC)
    assert desk.members() == {
        "ana@acme.example": "BOUND ADMIN",
        "eve@x.example": "BOUND ADMIN",
        "zoe@x.example": "REJECTED STANDARD",
        "mia@x.example": "PENDING STANDARD",
    }


def test_what_has_no_endpoint_is_clicked_by_hand(desk: Desk) -> None:
    (pixel,) = desk.rows("bc/asset/admin/get/", asset_type="PIXEL")
    on_pixel = {"person": "bo", "organization": BC, "kind": "pixel", "asset": pixel["asset_id"]}
    happen(desk, "grant", **on_pixel)
    assert len(desk.as_("bo").rows("bc/asset/get/", asset_type="PIXEL")) == 1
    happen(desk, "take", **on_pixel)
    assert desk.as_("bo").rows("bc/asset/get/", asset_type="PIXEL") == []
    foreign = "7100000000000000009"
    happen(desk, "request_access", organization=BC, kind="ad_account", asset=foreign)
    pending = {"relation_status": "PENDING"}
    (row,) = desk.rows("bc/asset/admin/get/", asset_type="ADVERTISER", filtering=pending)
    assert (row["asset_id"], row["relation_type"]) == (foreign, "OWNER_INDIVIDUAL")
    happen(desk, "approve", what=foreign, organization=BC)
    assert desk.rows("bc/asset/admin/get/", asset_type="ADVERTISER", filtering=pending) == []
    happen(desk, "revoke", what=foreign, organization=BC)
    assert len(desk.rows("bc/asset/admin/get/", asset_type="ADVERTISER")) == 2


def test_an_admin_shares_by_hand_what_no_endpoint_shares(desk: Desk) -> None:
    partner = {"partner_id": NORTH, "asset_type": "CATALOG"}
    desk.write("bc/partner/add/", partner_id=NORTH, asset_type="ADVERTISER")
    (catalog,) = desk.rows("bc/asset/admin/get/", asset_type="CATALOG")
    shared = {"organization": BC, "partner": NORTH, "kind": "catalog", "asset": catalog["asset_id"]}
    happen(desk, "share", **shared, role="ad_promote")
    (row,) = desk.rows("bc/partner/asset/get/", **partner, share_type="SHARING")
    assert (row["asset_id"], row["catalog_role"]) == (catalog["asset_id"], "AD_PROMOTE")
    happen(desk, "unshare", **shared)
    assert desk.rows("bc/partner/asset/get/", **partner, share_type="SHARING") == []
    account = {"organization": BC, "partner": NORTH, "kind": "tiktok_account", "asset": "@acme"}
    happen(desk, "share", **account)
    assert control(desk, "POST", "events/share", {**account, "role": "admin"})[0] == 409


def test_an_account_is_linked_by_whoever_scans_the_code_once(desk: Desk) -> None:
    scan = {"handle": "@dee", "organization": BC, "answer": "approve"}
    assert control(desk, "POST", "events/scan", scan)[1]["error"] == "lapsed"
    assert "?code=" in desk.read("bc/asset/account/authorization/")["bc_auth_qr_code"]
    happen(desk, "scan", **scan, permissions="existing_posts,publish_ads_only")
    names = {row["asset_name"] for row in desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")}
    assert names == {"@acme", "@dee"}
    assert control(desk, "POST", "events/scan", scan)[0] == 409
    desk.read("bc/asset/account/authorization/")
    desk.stage.pass_time(hours=25)
    assert control(desk, "POST", "events/scan", scan)[1]["error"] == "lapsed"


def test_approving_a_handle_scans_the_code_when_nothing_else_waits(desk: Desk) -> None:
    desk.read("bc/asset/account/authorization/")
    happen(desk, "approve", what="@dee", organization=BC)
    assert len(desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")) == 2
    desk.read("bc/asset/account/authorization/")
    happen(desk, "refuse", what="@acme", organization=BC)
    assert len(desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")) == 2


def test_a_refusal_of_the_platform_is_told_with_its_word(desk: Desk) -> None:
    asked = {"person": "ana", "organization": BC}
    assert control(desk, "POST", "events/remove", asked) == (
        409,
        {"error": "last-admin", "text": "ana@acme.example is the last admin of Acme"},
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "events/accept", {"person": "bo"}, 400),
        ("POST", "events/accept", {"person": 1, "organization": BC}, 400),
        ("POST", "events/explode", {}, 404),
        ("GET", "events/accept", None, 404),
        ("POST", "clock", {"seconds": -1}, 400),
        ("POST", "clock", [], 400),
        ("PATCH", "options", {"mask": "all"}, 400),
        ("PATCH", "knobs", {"link_hours": "1"}, 400),
        ("POST", "faults", {"kind": "fire"}, 400),
        ("POST", "tokens", {"person": "nobody"}, 409),
        ("POST", "codes", {"person": "ana", "app_id": "1"}, 409),
        ("DELETE", "state", None, 404),
    ],
)
def test_a_mistake_at_the_controls_is_told(desk: Desk, method: str, path: str, body: object, status: int) -> None:
    answer = control(desk, method, path, body)
    assert answer[0] == status
    assert set(answer[1]) == {"error", "text"}


def test_the_controls_tune_break_and_watch_the_emulator(desk: Desk) -> None:
    assert control(desk, "POST", "clock", {"seconds": 3600})[1] == {"now": "2026-11-22T10:00:00+00:00"}
    assert control(desk, "GET", "clock")[1] == {"now": "2026-11-22T10:00:00+00:00"}
    assert control(desk, "PATCH", "options", {"profile": "gateway"})[1]["profile"] == "gateway"
    assert control(desk, "GET", "options")[1]["profile"] == desk.emulator.options.profile == "gateway"
    control(desk, "PATCH", "knobs", {"last_admin_may_go": True})
    assert control(desk, "GET", "knobs")[1]["last_admin_may_go"] is desk.world.knobs.last_admin_may_go is True
    control(desk, "POST", "faults", {"kind": "html_502", "times": 2})
    assert control(desk, "GET", "faults")[1][0]["times"] == 2
    control(desk, "DELETE", "faults")
    assert control(desk, "GET", "faults")[1] == {}
    token = control(desk, "POST", "tokens", {"person": "bo"})[1]["access_token"]
    assert Desk(emulator=desk.emulator, token=token).read("user/info/")["core_user_id"] == user(desk, "bo")
    assert control(desk, "POST", "codes", {"person": "bo"})[1]["auth_code"]
    assert control(desk, "GET", "calls")[1] == {"GET user/info/": 1}
    shown = control(desk, "GET", "state")[1]
    assert {each["name"] for each in shown["organizations"]} >= {"Acme", "North Agency"}
    assert shown["accounts"][1] == {"handle": "@acme", "owner": "cy", "linked": [BC]}


def test_the_command_serves_the_workspace_and_time_does_not_fall_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = "version: 1\npeople: {ana: ana@acme.example}\nbusiness_api: {tokens: {secret-of-ana: ana}}\n"
    (tmp_path / "sandbox.yaml").write_text(seed)
    told: list[Any] = []

    def serve_once(server: Server, poll_interval: float = 0.5) -> None:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        told.append(call(server, "GET", "/open_api/v1.3/user/info/", Access_Token="secret-of-ana")[1])
        thread.join()

    monkeypatch.setattr(Server, "serve_forever", serve_once)
    arguments = ["-C", str(tmp_path), "sandbox", "serve", "--port", "0", "--tier", "basic", "--speed", "100000"]
    run = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert run.exception is None
    assert "the sandbox is at http://127.0.0.1:" in run.stderr
    assert told[0]["data"]["display_name"] == "ana"
    later = CliRunner().invoke(cli, ["-C", str(tmp_path), "sandbox", "clock"], standalone_mode=False)
    assert later.stdout.strip() > told[0]["request_id"][:4]
    shown = later.stdout.replace("-", "").replace(":", "").replace("T", "")[:14]
    assert shown >= told[0]["request_id"][:14]


def test_a_port_that_is_taken_and_a_folder_without_a_sandbox_are_told(tmp_path: Path, server: Server) -> None:
    from reconciler.model import ReconcilerError

    run = CliRunner().invoke(cli, ["-C", str(tmp_path), "sandbox", "serve"], standalone_mode=False)
    assert isinstance(run.exception, ReconcilerError)
    assert "there is no sandbox" in run.exception.message
    (tmp_path / "sandbox.yaml").write_text("version: 1\n")
    port = str(server.server_port)
    run = CliRunner().invoke(cli, ["-C", str(tmp_path), "sandbox", "serve", "--port", port], standalone_mode=False)
    assert isinstance(run.exception, ReconcilerError)
    assert "cannot listen on" in run.exception.message


def test_an_invitation_that_ran_out_promises_nothing_any_more(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["eve@x.example"], asset_ids=[US])
    happen(desk, "expire", person="eve@x.example", organization=BC)
    query = {"asset_type": "ADVERTISER", "filtering": {"user_email": "eve@x.example"}}
    assert desk.read("bc/asset/get/", **query)["list"] == []
