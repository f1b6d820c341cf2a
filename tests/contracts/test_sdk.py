"""TikTok's own SDK speaks to the emulator, and what it hears is what the contract says.

`tiktok-business-api-sdk-official` sends what it likes: it adds `asset_type` to invitations, escapes JSON as ASCII and
demands `asset_ids`. It raises a plain string for a return code, so code and text are looked for in it.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.sandbox.api.configuration import issue_code
from reconciler.sandbox.api.server import Server, Site
from reconciler.sandbox.people import accept
from reconciler.sandbox.registry import get_person
from tests.contracts.schemas_business_api import NOTHING, PREFIX, RESPONSES, check_request
from tests.sandbox.api.desk import BC, EU, NORTH, SHOES, US, Desk, new_desk, user

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # generated code with invalid escapes, and one helper that is deprecated
    import business_api_client as sdk
    from business_api_client.tiktok_business.tiktok_exceptions import TiktokSDKError

OPERATOR = {"advertiser_role": "OPERATOR"}


class Office:
    """The SDK at work for ana, with everything it hears held against the schemas."""

    def __init__(self, desk: Desk, url: str) -> None:
        configuration = sdk.Configuration()
        configuration.host = url
        self.client = sdk.ApiClient(configuration)
        self.api = sdk.BCApi(self.client)
        self.desk = desk

    def get(self, call: str, *arguments: object, **query: object) -> dict[str, Any]:
        """A read; the SDK drops code and message of a success."""
        answer = getattr(self.api, call)(*arguments, self.desk.token, **query)
        return self._checked("GET", call, answer)

    def post(self, call: str, **body: object) -> dict[str, Any]:
        answer = getattr(self.api, call)(self.desk.token, body={"bc_id": BC, **body})
        return self._checked("POST", call, answer)

    def _checked(self, method: str, call: str, answer: Any) -> dict[str, Any]:
        from jsonschema import Draft202012Validator

        path = call.replace("asset_group", "asset-group").replace("_", "/").replace("-", "_")
        Draft202012Validator(RESPONSES.get(f"{method} {path}/", NOTHING)).validate(answer["data"])
        data: dict[str, Any] = answer["data"]
        return data


@pytest.fixture
def office() -> Iterator[Office]:
    with new_desk() as desk, Server(Site(desk.emulator)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        work = Office(desk, server.url)
        try:
            yield work
        finally:
            work.client.rest_client.pool_manager.clear()
            work.client.pool.close()
            server.shutdown()
            thread.join()


def failing(call: Callable[[], object]) -> str:
    with pytest.raises(TiktokSDKError) as caught:
        call()
    return str(caught.value)


def test_members_are_invited_listed_changed_and_deleted(office: Office) -> None:
    body = sdk.MemberInviteBody(
        bc_id=BC,
        emails=["eve@x.example"],
        asset_ids=[US],
        user_role="STANDARD",
        advertiser_role="ANALYST",
        ext_user_role=sdk.BcmemberinviteExtUserRole(finance_role="ANALYST"),
    )
    assert office.api.bc_member_invite(office.desk.token, body=body)["data"] == {}
    pending = office.get(
        "bc_member_get", BC, filtering=sdk.FilteringBcMemberGet(relation_status="PENDING"), page_size=20
    )
    assert [row["user_email"] for row in pending["list"]] == ["eve@x.example"]
    accept(office.desk.world, "eve@x.example", "bc")
    eve = user(office.desk, "eve@x.example")
    office.post("bc_member_update", user_id=eve, user_role="ADMIN")
    office.post("bc_member_delete", user_id=eve)
    assert office.get("bc_member_get", BC)["page_info"]["total_number"] == 2


def test_the_own_place_is_listed(office: Office) -> None:
    assert office.get("bc_get")["list"][0]["bc_info"]["bc_id"] == BC


def test_access_is_given_listed_and_taken(office: Office) -> None:
    bo = {"user_id": user(office.desk, "bo"), "asset_type": "ADVERTISER", "asset_id": US}
    office.post("bc_asset_assign", **bo, advertiser_role="OPERATOR")
    assert office.get("bc_asset_get", BC, "ADVERTISER", filtering={"user_id": bo["user_id"]})["list"]
    assert office.get("bc_asset_member_get", BC, "ADVERTISER", US)["list"][0]["advertiser_role"] == "OPERATOR"
    assert len(office.get("bc_asset_admin_get", BC, "ADVERTISER")["list"]) == 2
    office.post("bc_asset_unassign", **bo)
    assert office.get("bc_asset_member_get", BC, "ADVERTISER", US)["list"] == []
    assert office.get("bc_asset_member_get", BC, "CATALOG", SHOES)["list"] == []
    account = office.get("bc_asset_admin_get", BC, "TT_ACCOUNT")["list"][0]["asset_id"]
    office.post("bc_asset_admin_delete", asset_ids=[account], asset_type="TT_ACCOUNT")


def test_groups_are_made_changed_and_deleted(office: Office) -> None:
    group = office.post(
        "bc_asset_group_create",
        asset_group_name="Europe",
        assets=[{"asset_id": EU, "asset_type": "ADVERTISER"}],
        members=[{"member_id": user(office.desk, "bo"), "asset_roles": {"ADVERTISER": "ADVERTISER_ROLE_ANALYST"}}],
    )["asset_group_id"]
    office.post("bc_asset_group_update", asset_group_id=group, update_entity="NAME", asset_group_name="EMEA")
    assert office.get("bc_asset_group_list", BC)["asset_groups"][0]["asset_group_name"] == "EMEA"
    assert office.get("bc_asset_group_get", BC, group, "MEMBER")["asset_group"]["members"]
    office.post("bc_asset_group_delete", asset_group_ids=[group])


def test_partners_get_and_lose_ad_accounts(office: Office) -> None:
    shared = {"partner_id": NORTH, "asset_type": "ADVERTISER", "asset_ids": [US]}
    office.post("bc_partner_add", **shared, advertiser_role="ANALYST")
    assert office.get("bc_partner_get", BC)["list"] == [{"bc_id": NORTH, "bc_name": "North Agency"}]
    assert office.get("bc_partner_asset_get", BC, NORTH, "ADVERTISER", "SHARING")["list"]
    assert office.get("bc_asset_partner_get", BC, "ADVERTISER", US)["list"]
    office.post("bc_partner_asset_delete", **shared)
    office.post("bc_partner_delete", partner_id=NORTH)


def test_pixels_are_linked(office: Office) -> None:
    pixel = office.get("bc_asset_admin_get", BC, "PIXEL")["list"][0]["pixel_code"]
    office.post("bc_pixel_link_update", pixel_code=pixel, advertiser_ids=[US], relation_status="LINK")
    assert office.get("bc_pixel_link_get", BC, pixel)["list"] == [{"advertiser_id": US, "advertiser_name": "US brand"}]
    assert "related asset ID is missing" in failing(lambda: office.post("bc_pixel_transfer", pixel_code="C0"))


def test_a_code_becomes_a_token_that_reaches_ad_accounts_and_identities(office: Office) -> None:
    app = {"app_id": "7000000000000000001", "secret": "sandbox-secret"}
    code = issue_code(office.desk.world, get_person(office.desk.world, "bo"))
    body = {**app, "auth_code": code}
    token = sdk.AuthenticationApi(office.client).oauth2_access_token(body=body)["data"]["access_token"]
    office.post("bc_asset_assign", user_id=user(office.desk, "bo"), asset_type="ADVERTISER", asset_id=US, **OPERATOR)
    reached = sdk.AuthenticationApi(office.client).oauth2_advertiser_get(app["app_id"], app["secret"], token)
    assert reached["data"]["list"] == [{"advertiser_id": US, "advertiser_name": "US brand"}]
    identities = sdk.IdentityApi(office.client).identity_get(US, token, identity_type="BC_AUTH_TT")
    assert identities["data"]["identity_list"] == []


def test_a_return_code_is_an_error_with_code_and_text(office: Office) -> None:
    text = failing(lambda: office.get("bc_member_get", BC, page_size=50))
    assert "40002" in text
    assert "page_size: the value is greater than 20" in text


def test_a_wrong_address_is_the_gateways_error_not_an_envelope(office: Office) -> None:
    office.client.configuration.host += "/nowhere"
    with pytest.raises(sdk.rest.ApiException) as caught:
        office.get("bc_get")
    assert caught.value.status == 404


def test_what_the_sdk_sends_fits_the_request_schemas(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quirk is the SDK's: nothing but the type of the promised assets is added to what was asked."""
    sent: list[tuple[str, str, bytes]] = []
    handle = office.desk.emulator.handle

    def keep(request: Any) -> Any:
        from urllib.parse import urlencode

        sent.append((request.method, f"{request.path}?{urlencode(request.query)}", request.body))
        return handle(request)

    monkeypatch.setattr(office.desk.emulator, "handle", keep)
    office.get("bc_asset_get", BC, "ADVERTISER", filtering={"keyword": "ü"}, page=1, page_size=50)
    office.post("bc_member_invite", emails=["eve@x.example"], user_role="STANDARD")
    for method, url, body in sent:
        check_request(method, url, body)
    assert [url.partition("?")[0] for _, url, _ in sent] == [PREFIX + "bc/asset/get/", PREFIX + "bc/member/invite/"]
    assert json.loads(sent[1][2])["emails"] == ["eve@x.example"]
