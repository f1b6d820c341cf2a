"""What every call meets before an endpoint looks at it, and every open question answered both ways."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.sandbox.api.calls import mask
from reconciler.sandbox.api.configuration import Options, add_api_app, add_token, issue_code
from reconciler.sandbox.api.emulator import ALL, PREFIX, Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.messages import ApiRequest, Response
from reconciler.sandbox.people import accept, decline
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from tests.contracts.schemas_business_api import REQUESTS
from tests.sandbox.api.desk import BC, EU, NORTH, US, Desk, new_desk, user


def ask(desk: Desk, path: str, *, method: str = "GET", token: str | None = None, body: bytes = b"") -> Response:
    headers = {"content-type": "application/json", "access-token": desk.token if token is None else token}
    return desk.emulator.handle(ApiRequest.of(method, PREFIX + path, headers, body))


@pytest.mark.parametrize("path", ["bc/member/get", "bc/nothing/", "", "../bc/get/"])
def test_without_its_slash_or_its_name_there_is_no_endpoint(desk: Desk, path: str) -> None:
    response = ask(desk, path)
    assert (response.status, response.body) == (404, b"404 page not found")


def test_the_wrong_method_reaches_nothing(desk: Desk) -> None:
    assert ask(desk, "bc/member/get/", method="POST").status == 405


def test_every_endpoint_of_the_contract_is_there() -> None:
    assert {f"{route.method} {route.path}" for route in ALL} >= set(REQUESTS)


@pytest.mark.parametrize(
    ("token", "code", "text"),
    [
        ("", 40104, "Access token is null, you should set it in http header with key Access-Token."),
        ("garbage", 40105, "Access token is incorrect or has been revoked."),
        ("Bearer {}", 40105, "Access token is incorrect or has been revoked."),
    ],
)
def test_a_token_comes_before_everything_else(desk: Desk, token: str, code: int, text: str) -> None:
    stranger = Desk(emulator=desk.emulator, token=token.format(desk.token) or " ")
    if token:
        answer = stranger.get("bc/member/get/", page_size=99)
        assert (answer["code"], answer["message"]) == (code, text)
    else:
        assert str(code).encode() in ask(desk, "bc/member/get/", token="").body


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("bc/member/invite/", {}, "Missing required field(s): emails."),
        ("bc/member/invite/", {"emails": []}, "emails: the list has fewer than 1 elements"),
        ("bc/member/invite/", {"emails": [f"{n}@x.example" for n in range(51)]}, "emails: the list has more than 50"),
        ("bc/member/invite/", {"emails": ["a@x.example", "nobody"]}, "emails.1: the value is not a valid email"),
        (
            "bc/member/invite/",
            {"emails": ["a@x.example"], "user_role": "admin"},
            "user_role: one or more value of the param is not acceptable, correct is ['ADMIN', 'STANDARD']",
        ),
        ("bc/member/update/", {"user_id": 1}, "user_id: the value is not a string"),
        ("bc/member/update/", {"user_id": "9223372036854775808"}, "user_id: the value is not an int64"),
        ("bc/member/update/", {"user_id": "1", "user_name": "x" * 251}, "user_name: the length"),
        (
            "bc/asset_group/create/",
            {"asset_group_name": "g", "assets": [{}], "members": []},
            "Missing required field(s): assets.0.asset_id.",
        ),
    ],
)
def test_what_is_wrong_with_a_body_is_named_by_its_path(desk: Desk, path: str, body: dict[str, Any], text: str) -> None:
    code, told = desk.refused(path, **body)
    assert code == 40002
    assert told.startswith(text)


def test_a_filter_has_to_be_json_and_a_page_has_its_maximum(desk: Desk) -> None:
    assert desk.get("bc/member/get/", filtering="relation_status=BOUND")["code"] == 40002
    assert desk.get("bc/member/get/", page_size=21)["message"] == "page_size: the value is greater than 20"
    desk.tune(page_size_above_maximum="clamp")
    assert desk.read("bc/member/get/", page_size=21)["page_info"]["page_size"] == 20


def test_a_body_that_is_no_json_object_is_refused(desk: Desk) -> None:
    for body in (b"", b"[]", b"{", b"\xff", b"[" * 100_000):
        assert b"40002" in ask(desk, "bc/member/invite/", method="POST", body=body).body


def test_pages_together_hold_every_row_once(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=[f"p{number}@x.example" for number in range(48)])
    pages = [desk.read("bc/member/get/", page=page, page_size=20) for page in (1, 2, 3, 4)]
    found = [row["user_email"] for page in pages for row in page["list"]]
    assert len(found) == len(set(found)) == 50
    assert pages[3] == {
        "list": [],
        "page_info": {"page": 4, "page_size": 20, "total_number": 50, "total_page": 3},
    }


def test_another_ones_business_center_is_out_of_bounds_for_members_and_strangers(desk: Desk) -> None:
    gus = desk.as_("gus")
    answer = gus.get("bc/member/get/")
    assert (answer["code"], answer["message"]) == (40001, f"No permission to operate business center {BC}")
    assert gus.get("bc/asset/get/", asset_type="ADVERTISER")["code"] == 40001
    assert gus.rows("bc/get/") == []
    for choice in ("40001", "40007"):
        desk.tune(unknown_bc=choice)
        assert gus.get("bc/get/")["code"] == int(choice)


def test_a_scope_that_was_not_given_is_missing(desk: Desk) -> None:
    add_api_app(desk.world, "7000000000000000009", scopes="150")
    add_token(desk.world, "narrow", person=get_person(desk.world, "ana"), app="7000000000000000009")
    narrow = Desk(emulator=desk.emulator, token="narrow")
    assert len(narrow.rows("bc/get/")) == 1
    assert narrow.get("bc/member/get/")["code"] == 40001
    desk.tune(missing_scope="40130")
    assert narrow.get("bc/member/get/")["code"] == 40130


def test_a_code_is_exchanged_once_for_a_token_that_works_until_it_is_revoked(desk: Desk) -> None:
    app = {"app_id": "7000000000000000001", "secret": "sandbox-secret"}
    code = issue_code(desk.world, get_person(desk.world, "bo"))
    assert desk.refused("oauth2/access_token/", **{**app, "secret": "wrong"}, auth_code=code)[0] == 40101
    assert desk.refused("oauth2/access_token/", **{**app, "app_id": "1"}, auth_code=code)[0] == 40113
    given = desk.write("oauth2/access_token/", **app, auth_code=code)
    assert given["scope"] == [1, 2, 10, 15, 69, 7153155400966176769]
    assert desk.refused("oauth2/access_token/", **app, auth_code=code)[0] == 40110
    bo = Desk(emulator=desk.emulator, token=given["access_token"])
    assert bo.read("user/info/")["display_name"] == "bo"
    assert bo.read("oauth2/advertiser/get/", **app) == {"list": []}
    assert bo.write("oauth2/revoke_token/", **app, access_token=bo.token) == {
        "app_id": app["app_id"],
        "advertiser_ids": [],
    }
    assert bo.get("user/info/")["code"] == 40105


def test_a_code_that_nobody_used_for_an_hour_is_worth_nothing(desk: Desk) -> None:
    code = issue_code(desk.world, get_person(desk.world, "bo"))
    desk.stage.pass_time(hours=1)
    app = {"app_id": "7000000000000000001", "secret": "sandbox-secret"}
    assert desk.refused("oauth2/access_token/", **app, auth_code=code)[0] == 40110


def test_the_other_exchange_takes_a_web_form(desk: Desk) -> None:
    form = (
        "client_id=7000000000000000001&client_secret=sandbox-secret&grant_type=authorization_code&code="
        + issue_code(desk.world, get_person(desk.world, "bo"))
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = desk.emulator.handle(ApiRequest.of("POST", f"{PREFIX}oauth/token/", headers, form.encode()))
    assert b'"token_type": "Bearer"' in response.body


def test_limits_are_those_of_the_tier_and_a_minute_too_many_costs_five() -> None:
    now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    with World.in_memory(clock=lambda: now) as world:
        load_seed(
            world, {"version": 1, "people": {"ana": "ana@acme.example"}, "business_api": {"tokens": {"t": "ana"}}}
        )
        emulator = Emulator(world)
        asked = ApiRequest.of("GET", f"{PREFIX}user/info/", {"access-token": "t"})

        def calls(number: int) -> int:
            return sum(b'"code": 0' in emulator.handle(asked).body for _ in range(number))

        assert calls(11) == 10
        went_well = 0
        for _ in range(59):
            now = now.replace(second=now.second + 1)
            went_well += calls(10)
        assert went_well == 590
        assert calls(1) == 0
        now = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
        assert calls(1) == 0
        now = datetime(2026, 11, 22, 9, 6, tzinfo=UTC)
        assert calls(1) == 1
        assert emulator.counted["GET user/info/"] == 11 + 590 + 3


def test_who_breaks_the_limit_of_a_minute_waits_for_five_minutes() -> None:
    from reconciler.sandbox.api.configuration import RefusedCall
    from reconciler.sandbox.api.faults import Limiter

    limiter = Limiter()
    for number in range(600):
        limiter.admit("app", tier="basic", at=number // 10)
    for at in (59.9, 60.0, 359.0):
        with pytest.raises(RefusedCall, match="Too many requests"):
            limiter.admit("app", tier="basic", at=at)
    limiter.admit("app", tier="basic", at=360.0)
    limiter.admit("other", tier="basic", at=59.95)


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("user@example.com", "u**r@example.com"),
        ("bob@example.com", "b*b@example.com"),
        ("bo@example.com", "b*@example.com"),
        ("b@example.com", "*@example.com"),
    ],
)
def test_masks_keep_the_ends_the_length_and_the_domain(address: str, masked: str) -> None:
    assert mask(address) == masked


def test_addresses_are_masked_everywhere_or_for_some_or_for_nobody(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=[f"person{number}@x.example" for number in range(8)])
    stars = {}
    for choice in ("all", "some", "none"):
        desk.tune(mask_emails=choice)
        stars[choice] = sum("*" in row["user_email"] for row in desk.rows("bc/member/get/", page_size=20))
    assert stars["all"] == 10 > stars["some"] > stars["none"] == 0
    desk.tune(mask_emails="all")
    assert len(desk.rows("bc/member/get/", filtering={"keyword": "person3@x.example"})) == 1
    desk.tune(keyword_finds_masked=False)
    assert desk.rows("bc/member/get/", filtering={"keyword": "person3@x.example"}) == []


def test_open_questions_about_members_have_both_answers(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["eve@x.example", "zoe@x.example"])
    desk.tune(pending_user_id="empty")
    assert {row["user_id"] for row in desk.rows("bc/member/get/", filtering={"relation_status": "PENDING"})} == {""}
    decline(desk.world, "zoe@x.example", "bc")
    desk.tune(rejected_rows="hidden")
    assert "zoe@x.example" not in desk.members()
    desk.stage.pass_time(days=31)
    assert "eve@x.example" not in desk.members()
    desk.tune(expired_rows="rejected")
    assert desk.members()["eve@x.example"] == "REJECTED STANDARD"
    desk.tune(standard_may_list_members=True)
    assert desk.as_("bo").members() == desk.members()
    desk.tune(self_delete="40001")
    assert desk.refused("bc/member/delete/", user_id=user(desk, "ana"))[0] == 40001
    desk.tune(self_delete="allow", codes={"last-admin": 40001})
    assert desk.refused("bc/member/delete/", user_id=user(desk, "ana"))[0] == 40001
    desk.tune(core_user_id="other")
    assert desk.read("user/info/")["core_user_id"] != user(desk, "ana")


def test_open_questions_about_access_have_both_answers(desk: Desk) -> None:
    given = {"user_id": user(desk, "bo"), "asset_type": "ADVERTISER", "asset_id": US}
    desk.write("bc/asset/unassign/", **given)
    desk.write("bc/asset/assign/", **given, advertiser_role="ANALYST")
    desk.write("bc/asset/assign/", **given, advertiser_role="ANALYST")
    desk.tune(reassign_same_role="40050", unassign_missing="40007")
    assert desk.refused("bc/asset/assign/", **given, advertiser_role="ANALYST")[0] == 40050
    desk.write("bc/asset/assign/", **given, advertiser_role="OPERATOR")
    desk.write("bc/asset/unassign/", **given)
    assert desk.refused("bc/asset/unassign/", **given)[0] == 40007
    (account,) = desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")
    on_account = {**given, "asset_type": "TT_ACCOUNT", "asset_id": account["asset_id"]}
    for choice, roles in (("replace", ["POST"]), ("add", ["LIVE", "POST"])):
        desk.tune(reassign_account_roles=choice)
        desk.write("bc/asset/assign/", **on_account, tt_account_roles=["LIVE"])
        desk.write("bc/asset/assign/", **on_account, tt_account_roles=["POST"])
        (row,) = desk.as_("bo").rows("bc/asset/get/", asset_type="TT_ACCOUNT")
        assert row["tt_account_roles"] == roles


def test_open_questions_about_pixels_groups_and_partners_have_both_answers(desk: Desk) -> None:
    (pixel,) = desk.rows("bc/asset/admin/get/", asset_type="PIXEL")
    desk.tune(pixel_links_need_role=True, unknown_fields="error")
    answer = desk.get("bc/pixel/link/get/", pixel_code=pixel["pixel_code"])
    assert answer["message"] == f"You don't have permission to the asset({pixel['asset_id']})"
    assert desk.refused("bc/partner/delete/", partner_id=NORTH, child_bc_id="1")[1] == "Unknown field(s): child_bc_id."
    bo = {"member_id": user(desk, "bo"), "asset_roles": {"ADVERTISER": "ADVERTISER_ROLE_ANALYST"}}
    group = desk.write("bc/asset_group/create/", asset_group_name="g", assets=[{"asset_id": EU}], members=[bo])[
        "asset_group_id"
    ]
    desk.tune(group_member_again="ignored", group_get_shape="list")
    again = [{"member_id": bo["member_id"]}]
    desk.write("bc/asset_group/update/", asset_group_id=group, update_entity="MEMBER", action="ADD", members=again)
    (shown,) = desk.read("bc/asset_group/get/", asset_group_id=group, query_entity="MEMBER")["asset_group"]
    assert shown["members"] == [bo]
    desk.write("bc/partner/add/", partner_id=NORTH, asset_type="ADVERTISER", asset_ids=[US])
    desk.write("bc/partner/add/", partner_id=NORTH, asset_type="ADVERTISER")
    desk.tune(partner_again="40050", shared_in_listed=False)
    assert desk.refused("bc/partner/add/", partner_id=NORTH, asset_type="ADVERTISER")[0] == 40050
    assert desk.as_("gus").rows("bc/asset/admin/get/", bc_id=NORTH, asset_type="ADVERTISER") == []


def test_a_partner_who_has_to_approve_is_listed_only_afterwards_or_at_once() -> None:
    with new_desk(knobs={"partner_must_approve": True}) as desk:
        desk.write("bc/partner/add/", partner_id=NORTH, asset_type="ADVERTISER", asset_ids=[US])
        assert desk.rows("bc/partner/get/") == []
        desk.tune(pending_partners_listed=True)
        assert len(desk.rows("bc/partner/get/")) == 1


def test_the_gateways_own_schema_takes_other_asset_types_than_the_documentation(desk: Desk) -> None:
    (pixel,) = desk.rows("bc/asset/admin/get/", asset_type="PIXEL")
    given = {"user_id": user(desk, "bo"), "asset_type": "PIXEL", "asset_id": pixel["asset_id"]}
    assert "correct is ['ADVERTISER', 'CATALOG'" in desk.refused("bc/asset/assign/", **given)[1]
    desk.tune(profile="gateway")
    desk.write("bc/asset/assign/", **given)
    assert len(desk.as_("bo").rows("bc/asset/get/", asset_type="PIXEL")) == 1
    assert desk.get("bc/asset/get/", asset_type="MANAGED_BUSINESS_ACCOUNT")["code"] == 40002


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"mask": "all"}, "there is no option 'mask'"),
        ({"mask_emails": "most"}, "it is one of all, some, none"),
        ({"write_visibility_delay": -1}, "a number of seconds"),
        ({"codes": {"cap": "x"}}, "word: code"),
        ({"shared_in_listed": 1}, "true or false"),
    ],
)
def test_a_wrong_option_is_named(values: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Options().changed(values)


@pytest.mark.parametrize(
    "values", [{"kind": "fire"}, {}, {"kind": "code", "code": "1"}, {"kind": "slow", "seconds": -1.0}, {"what": 1}]
)
def test_a_wrong_fault_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fault"):
        Fault.from_mapping(values)


def test_faults_come_in_order_and_as_often_as_was_said(desk: Desk) -> None:
    desk.emulator.faults.add(Fault(kind="code", code=40100, message="slow down", method="GET", skip=1, times=2))
    codes = [desk.get("bc/member/get/")["code"] for _ in range(4)]
    assert codes == [0, 40100, 40100, 0]
    desk.emulator.faults.add(Fault(kind="code", path="bc/asset/*"))
    assert desk.get("bc/member/get/")["code"] == 0
    assert len(desk.emulator.faults.waiting()) == 1


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("kind", ["code", "html_502", "reset"])
def test_a_lost_answer_does_not_tell_whether_the_write_took_effect(desk: Desk, kind: Any, is_done: bool) -> None:
    import httpx2

    desk.emulator.faults.add(Fault(kind=kind, method="POST", after=is_done))
    with desk.client() as client:
        body = {"bc_id": BC, "emails": ["eve@x.example"]}
        try:
            seen = client.post("bc/member/invite/", json=body).text[:20]
        except httpx2.ReadError:
            seen = "nothing"
    assert seen.startswith({"code": '{"code": 50002', "html_502": "<html>", "reset": "nothing"}[kind])
    assert ("eve@x.example" in desk.members()) is is_done


def test_a_slow_answer_is_waited_for_or_given_up(desk: Desk) -> None:
    import httpx2

    desk.emulator.faults.add(Fault(kind="slow", seconds=4.0, times=2))
    assert len(desk.rows("bc/get/")) == 1
    with desk.client(timeout=3.0) as client, pytest.raises(httpx2.ReadTimeout):
        client.get("bc/get/")
    assert desk.slept == [4.0, 3.0]


def test_reads_may_lag_behind_writes_but_writes_never_do(desk: Desk) -> None:
    desk.tune(write_visibility_delay=10.0)
    desk.write("bc/member/invite/", emails=["eve@x.example"])
    desk.stage.pass_time(seconds=6)
    desk.write("bc/member/invite/", emails=["zoe@x.example"])
    assert len(desk.members()) == 2
    desk.stage.pass_time(seconds=5)
    assert [*desk.members()][2:] == ["eve@x.example"]
    desk.write("bc/member/delete/", user_email="zoe@x.example")
    desk.stage.pass_time(seconds=20)
    assert [*desk.members()][2:] == ["eve@x.example"]


def test_stale_reads_show_one_moment_for_a_while(desk: Desk) -> None:
    desk.emulator.faults.add(Fault(kind="stale", seconds=30.0))
    before = desk.members()
    desk.write("bc/member/delete/", user_id=user(desk, "bo"))
    assert desk.members() == before
    desk.stage.pass_time(seconds=30)
    assert len(desk.members()) == 1


def test_options_without_an_owner_belong_to_the_world(desk: Desk) -> None:
    first, second = Emulator(desk.world), Emulator(desk.world)
    first.options = first.options.changed({"profile": "gateway"})
    assert second.options.profile == "gateway"
    assert desk.emulator.options.profile == "docs"


def test_somebody_who_left_keeps_a_token_that_reaches_nothing(desk: Desk) -> None:
    bo = desk.as_("bo")
    desk.write("bc/member/delete/", user_id=user(desk, "bo"))
    assert bo.rows("bc/get/") == []
    desk.write("bc/member/invite/", emails=["bo@acme.example"])
    accept(desk.world, "bo", "bc")
    assert len(bo.rows("bc/get/")) == 1
