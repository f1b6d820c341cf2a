"""What the endpoints do, told as stories of admins at work."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.people import accept, decline
from reconciler.sandbox.registry import get_person
from tests.sandbox.api.desk import BC, EU, LEADS, NORTH, PIXEL, SHOES, SHOP, US, Desk, new_desk, user


def test_an_invitation_shows_without_a_number_until_it_is_accepted(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["Eve@acme.example"], ext_user_role={"finance_role": "ANALYST"})
    (row,) = desk.rows("bc/member/get/", filtering={"relation_status": "PENDING"})
    assert row == {
        "user_id": None,
        "user_name": None,
        "user_email": "eve@acme.example",
        "user_role": "STANDARD",
        "relation_status": "PENDING",
        "ext_user_role": {"finance_role": "ANALYST"},
    }
    accept(desk.world, "eve@acme.example", "bc")
    (row,) = desk.rows("bc/member/get/", filtering={"keyword": "eve@acme.example"})
    assert (row["relation_status"], row["user_name"]) == ("BOUND", "eve")
    assert row["user_id"] == user(desk, "eve@acme.example")


def test_inviting_twice_changes_nothing_and_says_nothing(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["eve@acme.example", "bo@acme.example"])
    desk.write("bc/member/invite/", emails=["eve@acme.example"], user_role="ADMIN")
    assert desk.members() == {
        "ana@acme.example": "BOUND ADMIN",
        "bo@acme.example": "BOUND STANDARD",
        "eve@acme.example": "PENDING STANDARD",
    }


def test_an_invitation_brings_ad_accounts_with_it_but_not_before_it_is_accepted(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["eve@acme.example"], asset_ids=[US, EU], advertiser_role="OPERATOR")
    promised = desk.rows("bc/asset/get/", asset_type="ADVERTISER", filtering={"user_email": "eve@acme.example"})
    assert {row["asset_id"]: row["advertiser_role"] for row in promised} == {US: "OPERATOR", EU: "OPERATOR"}
    assert desk.rows("bc/asset/member/get/", asset_type="ADVERTISER", asset_id=US) == []
    accept(desk.world, "eve@acme.example", "bc")
    (row,) = desk.rows("bc/asset/member/get/", asset_type="ADVERTISER", asset_id=US)
    assert (row["user_email"], row["advertiser_role"]) == ("eve@acme.example", "OPERATOR")


def test_one_ad_account_that_is_not_ours_spoils_the_whole_invitation(desk: Desk) -> None:
    foreign = "7100000000000000009"
    code, text = desk.refused("bc/member/invite/", emails=["eve@acme.example"], asset_ids=[US, foreign])
    assert (code, text) == (40002, f"You don't have permission to the asset({foreign})")
    assert "eve@acme.example" not in desk.members()


def test_a_declined_invitation_stays_visible_until_it_is_deleted_or_sent_again(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["eve@acme.example"])
    decline(desk.world, "eve@acme.example", "bc")
    assert desk.members()["eve@acme.example"] == "REJECTED STANDARD"
    desk.write("bc/member/invite/", emails=["eve@acme.example"])
    assert desk.members()["eve@acme.example"] == "PENDING STANDARD"
    desk.write("bc/member/delete/", user_email="eve@acme.example")
    assert "eve@acme.example" not in desk.members()


def test_an_update_leaves_alone_what_it_does_not_name(desk: Desk) -> None:
    desk.write("bc/member/update/", user_id=user(desk, "bo"), ext_user_role={"finance_role": "MANAGER"})
    desk.write("bc/member/update/", user_id=user(desk, "bo"), user_role="ADMIN")
    desk.write("bc/member/update/", user_id=user(desk, "bo"), user_name="Bo B.")
    (row,) = desk.rows("bc/member/get/", filtering={"keyword": "Bo B."})
    assert (row["user_role"], row["ext_user_role"]) == ("ADMIN", {"finance_role": "MANAGER"})


@pytest.mark.parametrize("body", [{}, {"user_id": "1", "user_email": "bo@acme.example"}])
def test_a_member_is_deleted_by_number_or_by_address_and_not_by_both(desk: Desk, body: dict[str, str]) -> None:
    assert desk.refused("bc/member/delete/", **body)[0] == 40002


def test_a_deleted_member_has_nothing_left(desk: Desk) -> None:
    bo = user(desk, "bo")
    desk.write("bc/asset/assign/", user_id=bo, asset_type="ADVERTISER", asset_id=US, advertiser_role="ADMIN")
    desk.write("bc/member/delete/", user_id=bo)
    assert desk.rows("bc/asset/member/get/", asset_type="ADVERTISER", asset_id=US) == []
    code, text = desk.refused("bc/member/delete/", user_id=bo)
    assert (code, text) == (40007, f"user {bo} is not a member of business center {BC}")


@pytest.mark.parametrize(
    ("kind", "asset", "field", "roles"),
    [
        ("ADVERTISER", US, "advertiser_role", "OPERATOR"),
        ("CATALOG", SHOES, "catalog_role", "AD_PROMOTE"),
        ("TIKTOK_SHOP", SHOP, "store_role", "AD_PROMOTION"),
        ("LEAD", LEADS, "form_library_role", "ADMIN"),
        ("TT_ACCOUNT", "@acme", "tt_account_roles", ["LIVE", "POST"]),
        ("MANAGED_BUSINESS_ACCOUNT", "@acme.care", "business_account_roles", ["BUSINESS_ACCOUNT_OPERATOR"]),
    ],
)
def test_access_to_each_type_of_asset_is_given_with_its_own_role_field(
    desk: Desk, kind: str, asset: str, field: str, roles: object
) -> None:
    (row,) = [
        row
        for row in desk.rows("bc/asset/admin/get/", asset_type=kind)
        if asset in (row["asset_id"], row["asset_name"])
    ]
    given = {"user_id": user(desk, "bo"), "asset_type": kind, "asset_id": row["asset_id"]}
    assert desk.refused("bc/asset/assign/", **given) == (40002, f"Missing required field(s): {field}.")
    desk.write("bc/asset/assign/", **given, **{field: roles})
    (own,) = desk.as_("bo").rows("bc/asset/get/", asset_type=kind)
    shown = None if field == "form_library_role" else field
    assert own["asset_id"] == row["asset_id"]
    assert {name for name in own if name.endswith(("_role", "_roles")) and own[name]} == {shown} - {None}
    if shown:
        assert own[shown] == roles


def test_only_admins_look_at_what_others_have(desk: Desk) -> None:
    bo = desk.as_("bo")
    query: dict[str, Any] = {"asset_type": "ADVERTISER", "filtering": {"user_id": user(desk, "ana")}}
    assert bo.get("bc/asset/get/", **query)["code"] == 40001
    assert bo.get("bc/member/get/")["code"] == 40001
    assert bo.rows("bc/asset/get/", asset_type="ADVERTISER") == []
    assert desk.rows("bc/asset/get/", **query) == []


def test_pixels_have_a_code_beside_their_number_and_are_linked_by_it(desk: Desk) -> None:
    (pixel,) = desk.rows("bc/asset/admin/get/", asset_type="PIXEL")
    code = pixel["pixel_code"]
    desk.write("bc/pixel/link/update/", pixel_code=code, advertiser_ids=[US, EU], relation_status="LINK")
    linked = desk.rows("bc/pixel/link/get/", pixel_code=code)
    assert [row["advertiser_id"] for row in linked] == [US, EU]
    desk.write("bc/pixel/link/update/", pixel_code=code, advertiser_ids=[US], relation_status="UNLINK")
    assert len(desk.rows("bc/pixel/link/get/", pixel_code=code)) == 1
    answer = desk.get("bc/pixel/link/get/", pixel_code=PIXEL)
    assert answer["message"] == "Invalid value of 'pixel_code': related asset ID is missing"


def test_one_bad_id_fails_a_whole_batch_of_pixel_links(desk: Desk) -> None:
    (pixel,) = desk.rows("bc/asset/admin/get/", asset_type="PIXEL")
    code = pixel["pixel_code"]
    bad = {"pixel_code": code, "advertiser_ids": [US, "1"], "relation_status": "LINK"}
    assert desk.refused("bc/pixel/link/update/", **bad) == (40002, "You don't have permission to the asset(1)")
    assert desk.rows("bc/pixel/link/get/", pixel_code=code) == []


def test_a_tiktok_account_may_be_used_by_an_ad_account_and_becomes_its_identity(desk: Desk) -> None:
    (account,) = desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")
    both = {"asset_id": account["asset_id"], "advertiser_id": US, "asset_type": "TT_ACCOUNT"}
    desk.write("bc/asset/advertiser/assign/", **both)
    assert desk.rows("bc/asset/advertiser/assigned/", asset_id=both["asset_id"], asset_type="TT_ACCOUNT") == [
        {"advertiser_id": US, "advertiser_name": "US brand"}
    ]
    (identity,) = desk.rows("identity/get/", key="identity_list", advertiser_id=US)
    assert (identity["display_name"], identity["identity_authorized_bc_id"]) == ("@acme", BC)
    desk.write("bc/asset/advertiser/unassign/", **both)
    assert desk.rows("identity/get/", key="identity_list", advertiser_id=US) == []


def test_a_disconnected_tiktok_account_is_gone(desk: Desk) -> None:
    (account,) = desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")
    desk.write("bc/asset/admin/delete/", asset_ids=[account["asset_id"]], asset_type="TT_ACCOUNT")
    assert desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT") == []


def test_a_group_is_made_filled_changed_and_deleted(desk: Desk) -> None:
    bo, ana = user(desk, "bo"), user(desk, "ana")
    operator = {"ADVERTISER": "ADVERTISER_ROLE_OPERATOR"}
    group = desk.write(
        "bc/asset_group/create/",
        asset_group_name="Europe",
        assets=[{"asset_id": EU}],
        members=[{"member_id": bo, "asset_roles": operator}],
    )["asset_group_id"]
    change = {"asset_group_id": group}
    desk.write("bc/asset_group/update/", **change, update_entity="NAME", asset_group_name="EMEA")
    desk.write("bc/asset_group/update/", **change, update_entity="ASSET", action="ADD", assets=[{"asset_id": US}])
    desk.write("bc/asset_group/update/", **change, update_entity="ASSET", action="DELETE", assets=[{"asset_id": EU}])
    desk.write("bc/asset_group/update/", **change, update_entity="MEMBER", action="ADD", members=[{"member_id": ana}])
    desk.write("bc/asset_group/update/", **change, update_entity="MEMBER", action="DELETE", members=[{"member_id": bo}])
    assert desk.rows("bc/asset_group/list/", key="asset_groups", filtering={"keyword": "EMEA"}) == [
        {"asset_group_id": group, "asset_group_name": "EMEA"}
    ]
    assets = desk.read("bc/asset_group/get/", **change, query_entity="ASSET")["asset_group"]
    assert assets["assets"] == [{"asset_type": "ADVERTISER", "asset_id": US}]
    members = desk.read("bc/asset_group/get/", **change, query_entity="MEMBER")["asset_group"]
    assert members["members"] == [{"member_id": ana, "asset_roles": {"ADVERTISER": "ADVERTISER_ROLE_ADMIN"}}]
    desk.write("bc/asset_group/delete/", asset_group_ids=[group])
    assert desk.rows("bc/asset_group/list/", key="asset_groups") == []


def test_a_partner_sees_what_is_shared_and_both_lose_it_when_it_ends(desk: Desk) -> None:
    gus = desk.as_("gus")
    partner = {"partner_id": NORTH}
    desk.write("bc/partner/add/", **partner, asset_type="ADVERTISER", asset_ids=[US], advertiser_role="OPERATOR")
    assert desk.rows("bc/partner/get/") == [{"bc_id": NORTH, "bc_name": "North Agency"}]
    assert gus.rows("bc/partner/get/", bc_id=NORTH) == [{"bc_id": BC, "bc_name": "Acme"}]
    (mine,) = desk.rows("bc/partner/asset/get/", **partner, asset_type="ADVERTISER", share_type="SHARING")
    shared = {"bc_id": NORTH, "partner_id": BC, "asset_type": "ADVERTISER", "share_type": "SHARED"}
    assert gus.rows("bc/partner/asset/get/", **shared) == [mine]
    assert (mine["asset_id"], mine["advertiser_role"]) == (US, "OPERATOR")
    (seen,) = gus.rows("bc/asset/admin/get/", bc_id=NORTH, asset_type="ADVERTISER")
    assert (seen["asset_id"], seen["relation_type"], seen["owner_bc_name"]) == (US, "OWNER_PARTNER", "Acme")
    assert desk.rows("bc/asset/partner/get/", asset_type="ADVERTISER", asset_id=US) == [
        {"bc_id": NORTH, "bc_name": "North Agency"}
    ]
    desk.write("bc/partner/asset/delete/", **partner, asset_type="ADVERTISER", asset_ids=[US])
    assert gus.rows("bc/asset/admin/get/", bc_id=NORTH, asset_type="ADVERTISER") == []
    gus.write("bc/partner/delete/", bc_id=NORTH, partner_id=BC)
    assert desk.rows("bc/partner/get/") == gus.rows("bc/partner/get/", bc_id=NORTH) == []


def test_a_partners_role_is_raised_but_not_lowered_in_place(desk: Desk) -> None:
    share = {"partner_id": NORTH, "asset_type": "ADVERTISER", "asset_ids": [US]}
    desk.write("bc/partner/add/", **share)
    desk.write("bc/partner/add/", **share, advertiser_role="ADMIN")
    assert desk.refused("bc/partner/add/", **share, advertiser_role="ANALYST")[0] == 40002


def test_the_activity_log_tells_who_did_what_latest_first(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=["eve@acme.example"])
    desk.stage.pass_time(days=1)
    accept(desk.world, "eve@acme.example", "bc")
    desk.write("bc/partner/add/", partner_id=NORTH, asset_type="ADVERTISER")
    rows = desk.rows("changelog/get/", key="changelog_list")
    assert [(row["activity_type"], row["activity_log"]) for row in rows] == [
        ("BUSINESS", f"added partner {NORTH}"),
        ("USER", "eve@acme.example accepted"),
        ("USER", "invited eve@acme.example as standard"),
    ]
    assert rows[2]["operator_id"] == user(desk, "ana")
    assert rows[2]["time"] == "2026-11-22 09:00:00"
    only = {"start_date": "2026-11-22", "end_date": "2026-11-22", "activity_type": "USER"}
    assert desk.rows("changelog/get/", key="changelog_list", filtering=only) == rows[2:]
    desk.stage.pass_time(days=8)
    assert desk.rows("changelog/get/", key="changelog_list") == []


def test_the_owner_of_a_token_is_known_by_number_name_and_address() -> None:
    with new_desk(mask_emails="all") as desk:
        info = desk.read("user/info/")
        assert (info["core_user_id"], info["email"]) == (user(desk, "ana"), "a*a@acme.example")
        (place,) = desk.rows("bc/get/")
        assert (place["bc_info"]["bc_id"], place["user_role"], place["ext_user_role"]) == (BC, "ADMIN", {})


def test_an_ad_account_tells_its_owner_only_to_admins_of_the_owner(desk: Desk) -> None:
    for person in ("ana", "bo"):
        given = {"user_id": user(desk, person), "asset_type": "ADVERTISER", "asset_id": US}
        desk.write("bc/asset/assign/", **given, advertiser_role="ANALYST")
    fields = ["advertiser_id", "owner_bc_id"]
    told = [desk.as_(who).read("advertiser/info/", advertiser_ids=[US], fields=fields)["list"] for who in ("ana", "bo")]
    assert told == [[{"advertiser_id": US, "owner_bc_id": BC}], [{"advertiser_id": US, "owner_bc_id": None}]]
    answer = desk.get("advertiser/info/", advertiser_ids=[EU])
    assert (answer["code"], answer["message"]) == (40001, f"No permission to operate advertiser {EU}")


def test_people_keep_their_number_whatever_happens_to_their_membership(desk: Desk) -> None:
    before = user(desk, "bo")
    desk.write("bc/member/delete/", user_id=before)
    desk.write("bc/member/invite/", emails=["bo@acme.example"])
    accept(desk.world, "bo", "bc")
    (row,) = desk.rows("bc/member/get/", filtering={"keyword": "bo@"})
    assert row["user_id"] == before == str(6_800_000_000_000_000_000 + get_person(desk.world, "bo"))
