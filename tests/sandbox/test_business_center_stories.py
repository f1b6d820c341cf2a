"""Assets, grants, groups and partners of Business Centers."""

from __future__ import annotations

import pytest

from reconciler.model import Address, Scope
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.assets import (
    add_asset_to_group,
    allow_use,
    create_group,
    delete_group,
    end_use,
    get_asset,
    grant,
    request_access,
    revoke,
    set_group_role,
    take_asset_from_group,
    take_from_group,
)
from reconciler.sandbox.members import change_role
from reconciler.sandbox.partners import add_partner, remove_partner, share, unshare
from reconciler.sandbox.people import accept, approve, invite_by_hand, promote_by_hand, refuse, remove_by_hand
from reconciler.sandbox.people import revoke as take_back
from tests.business_api.stage import CENTER
from tests.sandbox.stage import EU, NORTH, OF_DEE, US, Stage, new_world, refused

BO, ANA = "bo@acme.example", "ana@acme.example"


def give(stage: Stage, kind: str, identity: str, *roles: str, address: str = BO, actor: str = "ana") -> None:
    grant(
        stage["bc"],
        actor=stage.person(actor),
        kind=kind,
        identity=identity,
        address=address,
        roles=roles,
    )


@pytest.mark.parametrize(
    ("kind", "identity", "roles"),
    [
        ("ad_account", US, ["operator"]),
        ("catalog", "7200000000000000001", ["ad_promote"]),
        ("pixel", "7300000000000000001", []),
        ("shop", "7400000000000000001", ["ad_promotion"]),
        ("lead_library", "7500000000000000001", ["admin"]),
        ("managed_account", "7900000000000000001", ["analyst"]),
        ("tiktok_account", "@acme", ["live", "post"]),
    ],
)
def test_a_member_is_given_access_with_a_role_of_that_kind_and_loses_it(
    stage: Stage, kind: str, identity: str, roles: list[str]
) -> None:
    give(stage, kind, identity, *roles)
    assert stage.look("bc")[f"{kind}_access/{identity}/bo"] == "+".join(roles)
    with refused("invalid"):
        give(stage, kind, identity, "boss")
    with refused("invalid"):
        give(stage, kind, identity, *roles, "admin", "operator")
    ana, bc = stage.person("ana"), stage["bc"]
    revoke(bc, actor=ana, kind=kind, identity=identity, address=BO)
    assert f"{kind}_access/{identity}/bo" not in stage.look("bc")
    with refused("unknown"):
        revoke(bc, actor=ana, kind=kind, identity=identity, address=BO)


def test_a_second_grant_replaces_the_role(stage: Stage) -> None:
    give(stage, "ad_account", US, "operator")
    give(stage, "ad_account", US, "analyst")
    assert stage.look("bc")[f"ad_account_access/{US}/bo"] == "analyst"


def test_access_goes_to_people_who_have_accepted_and_to_assets_the_center_has(stage: Stage) -> None:
    invite_by_hand(stage.world, "ana", "cy", "bc", "standard")
    with refused("not-a-member"):
        give(stage, "ad_account", US, "operator", address="cy@acme.example")
    with refused("unknown"):
        give(stage, "ad_account", US, "operator", address="gus@north.example")
    with refused("no-permission"):
        give(stage, "ad_account", OF_DEE, "operator")
    with refused("no-permission"):
        give(stage, "tiktok_account", "@dee", "post")
    with refused("not-an-admin"):
        give(stage, "ad_account", US, "operator", actor="bo")


def test_a_removed_member_loses_every_grant_and_group(stage: Stage) -> None:
    ana, bc = stage.person("ana"), stage["bc"]
    give(stage, "ad_account", US, "operator")
    create_group(bc, actor=ana, name="all")
    set_group_role(bc, actor=ana, name="all", address=BO, role="analyst")
    remove_by_hand(stage.world, "ana", "bo", "bc")
    invite_by_hand(stage.world, "ana", "bo", "bc", "standard")
    accept(stage.world, "bo", "bc")
    assert not [key for key in stage.look("bc") if "access" in key]


def test_lowering_a_member_keeps_what_they_were_given(stage: Stage) -> None:
    promote_by_hand(stage.world, "ana", "bo", "bc")
    give(stage, "ad_account", US, "admin")
    change_role(stage["bc"], actor=stage.person("ana"), address=BO, role="standard", finance="analyst")
    told = stage.look("bc")
    assert (told["member/bo"], told[f"ad_account_access/{US}/bo"]) == ("standard analyst", "admin")
    with refused("invalid"):
        change_role(stage["bc"], actor=stage.person("ana"), address=BO, role="standard", finance="boss")


def test_newcomers_register_while_accepting_unless_the_knob_says_otherwise(stage: Stage) -> None:
    invite_by_hand(stage.world, "ana", "new@acme.example", "bc", "standard")
    accept(stage.world, "new@acme.example", "bc")
    assert stage.members("bc")["new@acme.example"] == "standard"
    with new_world(business_center_must_be_registered=True) as world, refused("not-registered"):
        invite_by_hand(world, "ana", "new@acme.example", "bc", "standard")


def test_twenty_admins_are_the_limit_pending_ones_included(stage: Stage) -> None:
    for number in range(19):
        invite_by_hand(stage.world, "ana", f"p{number}@acme.example", "bc", "admin")
    with refused("cap"):
        invite_by_hand(stage.world, "ana", "one-more@acme.example", "bc", "admin")
    with refused("cap"):
        promote_by_hand(stage.world, "ana", "bo", "bc")
    invite_by_hand(stage.world, "ana", "one-more@acme.example", "bc", "standard")


def test_the_member_limit_counts_pending_invitations() -> None:
    with new_world(business_center_members=3) as world:
        invite_by_hand(world, "ana", "cy", "bc", "standard")
        with refused("cap"):
            invite_by_hand(world, "ana", "gus", "bc", "standard")


def test_access_to_somebody_else_s_ad_account_is_asked_for_and_the_owner_answers(stage: Stage) -> None:
    ana, bc = stage.person("ana"), stage["bc"]
    with refused("unknown"):
        request_access(bc, actor=ana, kind="ad_account", identity="1")
    request_access(bc, actor=ana, kind="ad_account", identity=OF_DEE)
    assert stage.look("bc")[f"ad_account/{OF_DEE}"] == "requested"
    with refused("no-permission"):
        give(stage, "ad_account", OF_DEE, "operator")
    with refused("already-invited"):
        request_access(bc, actor=ana, kind="ad_account", identity=OF_DEE)
    refuse(stage.world, OF_DEE, "bc")
    assert stage.look("bc")[f"ad_account/{OF_DEE}"] == "declined"
    request_access(bc, actor=ana, kind="ad_account", identity=OF_DEE)
    approve(stage.world, OF_DEE, "bc")
    give(stage, "ad_account", OF_DEE, "operator")
    take_back(stage.world, OF_DEE, "bc")
    assert not [key for key in stage.look("bc") if OF_DEE in key]


def test_what_another_center_owns_is_answered_by_its_admin(stage: Stage) -> None:
    request_access(stage["north"], actor=stage.person("gus"), kind="ad_account", identity=EU)
    approve(stage.world, EU, "north")
    assert stage.look("north")[f"ad_account/{EU}"] == ""
    take_back(stage.world, EU, "north")
    assert f"ad_account/{EU}" not in stage.look("north")


def test_a_pixel_is_used_by_ad_accounts_of_the_same_center(stage: Stage) -> None:
    ana, bc, pixel = stage.person("ana"), stage["bc"], "7300000000000000001"
    with refused("no-permission"):
        allow_use(bc, actor=ana, kind="pixel", identity=pixel, ad_account=OF_DEE)
    with refused("invalid"):
        allow_use(bc, actor=ana, kind="catalog", identity="7200000000000000001", ad_account=US)
    allow_use(bc, actor=ana, kind="pixel", identity=pixel, ad_account=US)
    assert f"pixel_use/{pixel}/{US}" in stage.look("bc")
    end_use(bc, actor=ana, kind="pixel", identity=pixel, ad_account=US)
    with refused("unknown"):
        end_use(bc, actor=ana, kind="pixel", identity=pixel, ad_account=US)


def test_a_group_takes_ad_accounts_the_center_has_and_people_who_are_in(stage: Stage) -> None:
    ana, bc = stage.person("ana"), stage["bc"]
    create_group(bc, actor=ana, name="europe")
    with refused("name-taken"):
        create_group(bc, actor=ana, name="Europe")
    with refused("no-permission"):
        add_asset_to_group(bc, actor=ana, name="europe", ad_account=OF_DEE)
    with refused("unknown"):
        set_group_role(bc, actor=ana, name="europe", address="gus@north.example", role="analyst")
    with refused("invalid"):
        set_group_role(bc, actor=ana, name="europe", address=BO, role="boss")
    add_asset_to_group(bc, actor=ana, name="europe", ad_account=EU)
    set_group_role(bc, actor=ana, name="europe", address=BO, role="analyst")
    set_group_role(bc, actor=ana, name="europe", address=BO, role="operator")
    told = stage.look("bc")
    assert (told[f"asset_group_asset/europe/{EU}"], told["asset_group_access/europe/bo"]) == ("", "operator")
    take_asset_from_group(bc, actor=ana, name="europe", ad_account=EU)
    take_from_group(bc, actor=ana, name="europe", address=BO)
    with refused("unknown"):
        take_from_group(bc, actor=ana, name="europe", address=BO)
    with refused("unknown"):
        take_asset_from_group(bc, actor=ana, name="europe", ad_account=EU)
    delete_group(bc, actor=ana, name="europe")
    with refused("unknown"):
        delete_group(bc, actor=ana, name="europe")


def test_only_owned_ad_accounts_are_shared_and_only_with_another_center(stage: Stage) -> None:
    ana, bc, world = stage.person("ana"), stage["bc"], stage.world
    for nobody in ("6900000000000000001", "123"):
        with refused("unknown"):
            add_partner(bc, actor=ana, partner=nobody)
    with refused("unknown"):
        share(bc, actor=ana, partner=NORTH, identity=US, role="analyst")
    add_partner(bc, actor=ana, partner=NORTH)
    request_access(bc, actor=ana, kind="ad_account", identity=OF_DEE)
    approve(world, OF_DEE, "bc")
    with refused("not-the-owner"):
        share(bc, actor=ana, partner=NORTH, identity=OF_DEE, role="analyst")
    share(bc, actor=ana, partner=NORTH, identity=US, role="analyst")
    assert stage.look("bc")[f"partner_share/{NORTH}/{US}"] == "analyst"
    assert f"ad_account/{US}" in stage.look("north")


def test_a_partner_s_role_is_raised_in_place_but_not_lowered(stage: Stage) -> None:
    ana, bc = stage.person("ana"), stage["bc"]
    add_partner(bc, actor=ana, partner=NORTH)
    for role in ("analyst", "operator", "admin"):
        share(bc, actor=ana, partner=NORTH, identity=US, role=role)
    with refused("no-lowering"):
        share(bc, actor=ana, partner=NORTH, identity=US, role="operator")
    unshare(bc, actor=ana, partner=NORTH, identity=US)
    share(bc, actor=ana, partner=NORTH, identity=US, role="analyst")
    assert stage.look("bc")[f"partner_share/{NORTH}/{US}"] == "analyst"


def test_when_sharing_stops_the_partner_s_people_lose_the_asset(stage: Stage) -> None:
    ana, bc, gus = stage.person("ana"), stage["bc"], stage.person("gus")
    add_partner(bc, actor=ana, partner=NORTH)
    for ad_account in (US, EU):
        share(bc, actor=ana, partner=NORTH, identity=ad_account, role="operator")
        grant(
            stage["north"],
            actor=gus,
            kind="ad_account",
            identity=ad_account,
            address="gus@north.example",
            roles=["operator"],
        )
    unshare(bc, actor=ana, partner=NORTH, identity=US)
    assert not [key for key in stage.look("north") if US in key]
    remove_partner(bc, actor=ana, partner=NORTH)
    assert stage.look("north") == {"member/gus": "admin"}
    assert not [key for key in stage.look("bc") if key.startswith("partner")]


def test_where_partners_must_approve_nothing_is_usable_before() -> None:
    with new_world(partner_must_approve=True) as world:
        stage = Stage(world)
        ana, bc = stage.person("ana"), stage["bc"]
        add_partner(bc, actor=ana, partner=NORTH)
        share(bc, actor=ana, partner=NORTH, identity=US, role="analyst")
        assert (stage.look("bc")[f"partner/{NORTH}"], stage.look("north")) == ("requested", {"member/gus": "admin"})
        with refused("already-invited"):
            add_partner(bc, actor=ana, partner=NORTH)
        refuse(world, NORTH, "bc")
        add_partner(bc, actor=ana, partner=NORTH)
        share(bc, actor=ana, partner=NORTH, identity=US, role="analyst")
        approve(world, NORTH, "bc")
        assert f"ad_account/{US}" in stage.look("north")


def test_a_tiktok_account_may_be_declared_by_the_id_that_the_business_center_has_for_it() -> None:
    """With and without its handle; the world itself knows it by that."""
    world = new_world()
    number = str(7600000000000000000 + get_asset(world, "tiktok_account", "@acme")["id"])
    for assets in ({("tiktok_account", "care"): number}, {("tiktok_account", "care"): "@acme"}):
        live = SandboxProvider(world).read(Scope(organization=CENTER, assets=assets))
        found = live.resources[Address(CENTER.key, "tiktok_account", "care")]
        assert (found.identity, found.platform_id) == ("@acme", number)
    world.close()
