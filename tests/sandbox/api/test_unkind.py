"""What the platform may do that nobody would wish for: each answer to an open question that makes work."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.people import accept, leave
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from tests.sandbox.api.desk import BC, EU, LEADS, NORTH, PIXEL, SHOES, US, Desk, new_desk, user


@pytest.mark.parametrize(("choice", "number"), [("zero", "0"), ("repeated", "6800000000000000000")])
def test_people_who_have_not_accepted_may_share_a_number_that_reaches_nobody(
    desk: Desk, choice: str, number: str
) -> None:
    desk.tune(pending_user_id=choice)
    desk.write("bc/member/invite/", emails=["eve@acme.example", "zoe@acme.example"])
    rows = desk.rows("bc/member/get/", filtering={"relation_status": "PENDING"})
    assert [row["user_id"] for row in rows] == [number, number]
    assert desk.refused("bc/member/delete/", user_id=number)[0] == 40007


def test_an_invitation_that_ran_out_and_is_listed_as_pending_stands_in_the_way_of_another(desk: Desk) -> None:
    desk.tune(expired_rows="pending")
    desk.write("bc/member/invite/", emails=["eve@acme.example"])
    desk.stage.pass_time(days=31)
    desk.write("bc/member/invite/", emails=["eve@acme.example"], user_role="ADMIN")
    assert desk.members()["eve@acme.example"] == "PENDING STANDARD"
    desk.write("bc/member/delete/", user_email="eve@acme.example")
    desk.write("bc/member/invite/", emails=["eve@acme.example"], user_role="ADMIN")
    assert desk.members()["eve@acme.example"] == "PENDING ADMIN"
    accept(desk.world, "eve@acme.example", "bc")


@pytest.mark.parametrize("is_removed", [True, False])
def test_somebody_who_was_a_member_may_be_back_without_accepting(desk: Desk, *, is_removed: bool) -> None:
    desk.tune(former_members="in")
    if is_removed:
        desk.write("bc/member/delete/", user_id=user(desk, "bo"))
    else:
        leave(desk.world, "bo", "bc")
    invited = ["Bo@acme.example", "eve@acme.example"]
    desk.write("bc/member/invite/", emails=invited, asset_ids=[US], advertiser_role="OPERATOR")
    assert desk.members()["bo@acme.example"] == "BOUND STANDARD"
    assert desk.members()["eve@acme.example"] == "PENDING STANDARD"
    (row,) = desk.rows("bc/asset/member/get/", asset_type="ADVERTISER", asset_id=US)
    assert (row["user_email"], row["advertiser_role"]) == ("bo@acme.example", "OPERATOR")


def test_an_address_of_another_domain_spoils_its_batch_or_is_passed_over(desk: Desk) -> None:
    desk.tune(email_domains=["acme.example"])
    both = ["eve@ACME.example", "sam@contract.example"]
    text = "emails.1: the domain is not allowed in this business center"
    assert desk.refused("bc/member/invite/", emails=both) == (40002, text)
    assert "eve@acme.example" not in desk.members()
    desk.tune(outside_domains="dropped")
    desk.write("bc/member/invite/", emails=both)
    assert "eve@acme.example" in desk.members()
    assert "sam@contract.example" not in desk.members()


def test_another_role_for_somebody_who_has_access_may_be_ignored(desk: Desk) -> None:
    desk.tune(reassign_role="ignored")
    given = {"user_id": user(desk, "bo"), "asset_type": "ADVERTISER", "asset_id": US}
    for role in ("ANALYST", "OPERATOR"):
        desk.write("bc/asset/assign/", **given, advertiser_role=role)
        (row,) = desk.rows("bc/asset/member/get/", asset_type="ADVERTISER", asset_id=US)
        assert row["advertiser_role"] == "ANALYST"
    desk.write("bc/asset/unassign/", **given)
    desk.write("bc/asset/assign/", **given, advertiser_role="OPERATOR")
    (row,) = desk.rows("bc/asset/member/get/", asset_type="ADVERTISER", asset_id=US)
    assert row["advertiser_role"] == "OPERATOR"


@pytest.mark.parametrize("choice", ["explicit", "by_asset", "everywhere"])
def test_admins_may_be_listed_with_access_that_nobody_gave_and_nobody_can_take(desk: Desk, choice: str) -> None:
    desk.tune(admin_access=choice)
    ana = {"user_id": user(desk, "ana"), "asset_type": "ADVERTISER", "asset_id": US}
    desk.write("bc/asset/assign/", **ana, advertiser_role="ANALYST")
    desk.write("bc/asset/unassign/", **ana)
    desk.write("bc/asset/assign/", **ana, advertiser_role="ANALYST")
    for kind, asset, field in (("ADVERTISER", US, "advertiser_role"), ("CATALOG", SHOES, "catalog_role")):
        listed = desk.rows("bc/asset/member/get/", asset_type=kind, asset_id=asset)
        own = {row["asset_id"]: row[field] for row in desk.rows("bc/asset/get/", asset_type=kind)}
        given = {"ANALYST"} if kind == "ADVERTISER" else set()
        assert {row[field] for row in listed} == (given if choice == "explicit" else {"ADMIN"})
        assert set(own.values()) == ({"ADMIN"} if choice == "everywhere" else given)
    leads = desk.rows("bc/asset/member/get/", asset_type="LEAD", asset_id=LEADS)
    assert [row["user_id"] for row in leads] == ([] if choice == "explicit" else [ana["user_id"]])


def test_the_access_of_an_admin_goes_with_the_role_and_what_was_given_stays(desk: Desk) -> None:
    desk.tune(admin_access="everywhere")
    bo = user(desk, "bo")
    desk.write("bc/asset/assign/", user_id=bo, asset_type="ADVERTISER", asset_id=US, advertiser_role="ANALYST")
    for role, seen in (("ADMIN", {US: "ADMIN", EU: "ADMIN"}), ("STANDARD", {US: "ANALYST"})):
        desk.write("bc/member/update/", user_id=bo, user_role=role)
        rows = desk.as_("bo").rows("bc/asset/get/", asset_type="ADVERTISER")
        assert {row["asset_id"]: row["advertiser_role"] for row in rows} == seen


NAMED = """
version: 1
people: {ana: ana@acme.example, cy: cy@acme.example, dee: dee@acme.example}
organizations: {bc: {system: business_center, id: "6900000000000000001", members: {ana: admin},
  ad_accounts: {"7100000000000000001": US}}}
pixels: {"7300000000000000009": {owner: dee, name: Hers, granted: [bc]}}
tiktok_accounts:
  "@acme": {owner: cy, name: Acme Shoes, linked: {bc: [publish_ads_only]}}
  "@the.other": {owner: dee, linked: {bc: [existing_posts]}}
business_api: {options: {tier: unlimited}, tokens: {of-ana: ana}}
"""


@pytest.fixture
def named() -> Any:
    import yaml

    from reconciler.sandbox.api.emulator import Emulator

    with World.in_memory() as world:
        load_seed(world, yaml.safe_load(NAMED))
        yield Desk(emulator=Emulator(world), token="of-ana")


@pytest.mark.parametrize("names", ["handle", "title"])
@pytest.mark.parametrize("handles", ["identities", "assets", "nowhere"])
def test_a_tiktok_account_is_called_by_its_handle_or_its_title(named: Desk, names: str, handles: str) -> None:
    named.tune(account_names=names, account_handles=handles)
    rows = named.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")
    wanted = ["@acme", "@the.other"] if names == "handle" else ["Acme Shoes", "The Other"]
    assert [row["asset_name"] for row in rows] == wanted
    told = ["@acme", "@the.other"] if handles == "assets" else [None, None]
    assert [row.get("tt_asset_handle") for row in rows] == told
    for row in rows:
        use = {"asset_id": row["asset_id"], "advertiser_id": US, "asset_type": "TT_ACCOUNT"}
        named.write("bc/asset/advertiser/assign/", **use)
    identities = named.rows("identity/get/", key="identity_list", advertiser_id=US)
    assert [row["display_name"] for row in identities] == wanted
    known = [None, None] if handles == "nowhere" else ["acme", "the.other"]
    assert [row["username"] for row in identities] == known
    assert [row["ads_only_mode"] for row in identities] == [True, False]


def test_a_pixel_may_belong_to_somebody_else_than_the_business_center(named: Desk) -> None:
    (row,) = named.rows("bc/asset/admin/get/", asset_type="PIXEL")
    assert (row["asset_name"], row["relation_type"], row["relation_status"]) == ("Hers", "OWNER_INDIVIDUAL", "BOUND")


@pytest.mark.parametrize("has_role", [True, False])
def test_links_of_a_pixel_may_be_changed_only_by_who_has_a_role_on_it(desk: Desk, *, has_role: bool) -> None:
    desk.tune(pixel_updates_need_role=True, profile="gateway")
    (pixel,) = desk.rows("bc/asset/admin/get/", asset_type="PIXEL")
    link = {"pixel_code": pixel["pixel_code"], "advertiser_ids": [US], "relation_status": "LINK"}
    if has_role:
        desk.write("bc/asset/assign/", user_id=user(desk, "ana"), asset_type="PIXEL", asset_id=PIXEL)
        desk.write("bc/pixel/link/update/", **link)
    else:
        text = f"You don't have permission to the asset({PIXEL})"
        assert desk.refused("bc/pixel/link/update/", **link) == (40002, text)
    assert len(desk.rows("bc/pixel/link/get/", pixel_code=pixel["pixel_code"])) == has_role


@pytest.mark.parametrize("entity", ["ASSET", "MEMBER"])
def test_the_last_one_may_have_to_stay_in_a_group_which_goes_in_one_call(desk: Desk, entity: str) -> None:
    desk.tune(groups_may_be_empty=False)
    all_of = {
        "assets": [{"asset_id": US}, {"asset_id": EU}],
        "members": [{"member_id": user(desk, "ana")}, {"member_id": user(desk, "bo")}],
    }
    made = desk.write("bc/asset_group/create/", asset_group_name="g", **all_of)
    key = f"{entity.lower()}s"
    change = {"asset_group_id": made["asset_group_id"], "update_entity": entity, "action": "DELETE"}
    refusal = (40002, "asset group g can not be empty")
    assert desk.refused("bc/asset_group/update/", **change, **{key: all_of[key]}) == refusal
    desk.write("bc/asset_group/update/", **change, **{key: all_of[key][:1]})
    assert desk.refused("bc/asset_group/update/", **change, **{key: all_of[key][1:]}) == refusal
    desk.write("bc/asset_group/delete/", asset_group_ids=[made["asset_group_id"]])
    assert desk.rows("bc/asset_group/list/", key="asset_groups") == []


def test_a_share_may_be_what_it_is_until_it_ends(desk: Desk) -> None:
    share = {"partner_id": NORTH, "asset_type": "ADVERTISER", "asset_ids": [US]}
    desk.write("bc/partner/add/", **share, advertiser_role="ANALYST")
    desk.tune(share_again="40002")
    refusal = (40002, f"asset({US}) is shared with {NORTH} already")
    assert desk.refused("bc/partner/add/", **{**share, "asset_ids": [EU, US]}, advertiser_role="ADMIN") == refusal
    desk.write("bc/partner/add/", **share, advertiser_role="ANALYST")
    desk.tune(share_again="ignored")
    desk.write("bc/partner/add/", **{**share, "asset_ids": [EU, US]}, advertiser_role="ADMIN")
    rows = desk.rows("bc/partner/asset/get/", partner_id=NORTH, asset_type="ADVERTISER", share_type="SHARING")
    assert {row["asset_id"]: row["advertiser_role"] for row in rows} == {US: "ANALYST", EU: "ADMIN"}


def test_rows_may_trade_places_between_two_pages_so_that_one_is_missing(desk: Desk) -> None:
    desk.write("bc/member/invite/", emails=[f"p{number}@x.example" for number in range(48)])
    desk.tune(row_order="shifting")
    pages = [desk.read("bc/member/get/", page=page, page_size=20) for page in (1, 2, 3)]
    found = [row["user_email"] for page in pages for row in page["list"]]
    assert len(found) == 50 > len(set(found))
    assert {page["page_info"]["total_number"] for page in pages} == {50}
    again = desk.read("bc/member/get/", page=1, page_size=20)["list"]
    assert again[0] == pages[0]["list"][0]
    assert again != pages[0]["list"]


def test_the_answers_of_a_world_are_kept_with_it() -> None:
    with new_desk() as desk:
        from reconciler.sandbox.api.emulator import Emulator

        first, second = Emulator(desk.world), Emulator(desk.world)
        first.options = first.options.changed({"email_domains": ["acme.example"]})
        assert second.options.email_domains == ("acme.example",)
        assert BC in desk.read("bc/get/")["list"][0]["bc_info"].values()
