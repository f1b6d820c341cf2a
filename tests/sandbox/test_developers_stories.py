"""What is special about TikTok for Developers organizations."""

from __future__ import annotations

import pytest

from reconciler.sandbox.apps import add_manager, initiate_transfer, remove_manager
from reconciler.sandbox.members import change_role
from reconciler.sandbox.people import (
    accept,
    give_up_admin,
    invite_by_hand,
    leave,
    promote_by_hand,
    remove_by_hand,
    set_role_by_hand,
    transfer,
)
from reconciler.sandbox.registry import create, delete
from tests.sandbox.stage import Stage, new_world, refused


def test_only_somebody_with_a_developer_account_can_be_invited(stage: Stage) -> None:
    with refused("not-registered"):
        invite_by_hand(stage.world, "ana", "dee", "dev", "member")
    with refused("not-registered"):
        invite_by_hand(stage.world, "ana", "stranger@acme.example", "dev", "member")


def test_an_account_counts_only_under_the_address_it_is_registered_with(stage: Stage) -> None:
    with refused("not-registered"):
        invite_by_hand(stage.world, "ana", "@dee", "dev", "member")


def test_ten_members_are_the_limit_and_pending_ones_count() -> None:
    with new_world(developers_must_be_registered=False) as world:
        for number in range(8):
            invite_by_hand(world, "ana", f"p{number}@acme.example", "dev", "member")
        with refused("cap"):
            invite_by_hand(world, "ana", "one-more@acme.example", "dev", "member")
        remove_by_hand(world, "ana", "bo", "dev")
        invite_by_hand(world, "ana", "one-more@acme.example", "dev", "member")


def test_an_invitation_that_ran_out_takes_no_place() -> None:
    with new_world(developers_members=3) as world:
        invite_by_hand(world, "ana", "cy", "dev", "member")
        with refused("cap"):
            invite_by_hand(world, "ana", "gus", "dev", "member")
        Stage(world).pass_time(days=30)
        invite_by_hand(world, "ana", "gus", "dev", "member")


def test_an_admin_cannot_lower_another_admin_but_everybody_can_give_up(stage: Stage) -> None:
    promote_by_hand(stage.world, "ana", "bo", "dev")
    with refused("admins-step-down-alone"):
        set_role_by_hand(stage.world, "ana", "bo", "dev", "member")
    give_up_admin(stage.world, "bo", "dev")
    assert stage.members("dev") == {"ana": "admin", "bo": "member"}


def test_whether_an_admin_can_remove_an_admin_is_a_knob(stage: Stage) -> None:
    promote_by_hand(stage.world, "ana", "bo", "dev")
    remove_by_hand(stage.world, "ana", "bo", "dev")
    with new_world(admins_remove_admins=False) as world:
        promote_by_hand(world, "ana", "bo", "dev")
        with refused("admins-step-down-alone"):
            remove_by_hand(world, "ana", "bo", "dev")


def test_whoever_creates_an_organization_is_its_first_admin(stage: Stage) -> None:
    bo = stage.person("bo")
    create(stage.world, system="developers", identity="New", variant="", creator=bo, address="bo@acme.example")
    assert stage.members("New") == {"bo": "admin"}


def test_names_are_unique_whatever_their_case(stage: Stage) -> None:
    with refused("name-taken"):
        create(
            stage.world,
            system="developers",
            identity="acme inc.",
            variant="",
            creator=stage.person("bo"),
            address="bo@acme.example",
        )


@pytest.mark.parametrize(
    ("system", "variant"), [("developers", "research"), ("organization_account", ""), ("business_center", "")]
)
def test_nobody_creates_a_research_organization_or_another_system_s(stage: Stage, system: str, variant: str) -> None:
    with refused("not-supported"):
        create(
            stage.world,
            system=system,
            identity="New",
            variant=variant,
            creator=stage.person("bo"),
            address="bo@acme.example",
        )


def test_creating_takes_an_account(stage: Stage) -> None:
    with refused("not-registered"):
        create(
            stage.world,
            system="developers",
            identity="New",
            variant="",
            creator=stage.person("dee"),
            address="dee@creator.example",
        )


def test_an_organization_is_deleted_by_its_admin_once_it_owns_no_app(stage: Stage) -> None:
    with refused("not-an-admin"):
        delete(stage["research"], actor=stage.person("bo"))
    with refused("in-use"):
        delete(stage["dev"], actor=stage.person("ana"))
    with refused("not-supported"):
        delete(stage["bc"], actor=stage.person("ana"))
    delete(stage["research"], actor=stage.person("ana"))
    with refused("unknown"):
        _ = stage["research"]


def test_in_the_owner_role_system_only_the_owner_makes_and_unmakes_admins(stage: Stage) -> None:
    with refused("not-an-admin"):
        promote_by_hand(stage.world, "bo", "cy", "owned")
    promote_by_hand(stage.world, "ana", "cy", "owned")
    with refused("admins-step-down-alone"):
        set_role_by_hand(stage.world, "bo", "cy", "owned", "member")
    set_role_by_hand(stage.world, "ana", "cy", "owned", "member")
    with refused("not-an-admin"):
        invite_by_hand(stage.world, "bo", "gus", "owned", "admin")
    invite_by_hand(stage.world, "bo", "gus", "owned", "member")
    with refused("not-an-admin"):
        delete(stage["owned"], actor=stage.person("bo"))


def test_there_is_exactly_one_owner_who_stays(stage: Stage) -> None:
    for step in (leave, give_up_admin):
        with refused("owner"):
            step(stage.world, "ana", "owned")
    with refused("owner"):
        remove_by_hand(stage.world, "ana", "ana", "owned")
    with refused("invalid"):
        set_role_by_hand(stage.world, "ana", "bo", "owned", "owner")


def test_the_owner_does_not_become_an_admin_by_their_own_hand(stage: Stage) -> None:
    with refused("owner"):
        set_role_by_hand(stage.world, "ana", "ana", "owned", "admin")
    set_role_by_hand(stage.world, "ana", "ana", "owned", "owner")
    assert stage.members("owned")["ana"] == "owner"


def test_the_owner_role_system_has_room_for_twenty_admins() -> None:
    with new_world(developers_must_be_registered=False) as world:
        for number in range(19):
            invite_by_hand(world, "ana", f"p{number}@acme.example", "owned", "admin")
        with refused("cap"):
            invite_by_hand(world, "ana", "one-more@acme.example", "owned", "admin")
        with refused("cap"):
            promote_by_hand(world, "ana", "cy", "owned")
        invite_by_hand(world, "ana", "one-more@acme.example", "owned", "member")


def test_an_app_changes_hands_in_two_steps_and_never_back(stage: Stage) -> None:
    dev = stage["dev"]
    with refused("not-the-owner"):
        initiate_transfer(stage.world, "awx-game", to=dev, actor=stage.person("ana"))
    initiate_transfer(stage.world, "awx-game", to=dev, actor=stage.person("bo"))
    assert stage.look("dev")["app/awx-game"] == "awaiting_acceptance person:bo pending organization:Acme Inc."
    with refused("already-invited"):
        initiate_transfer(stage.world, "awx-game", to=stage["owned"], actor=stage.person("bo"))
    with refused("not-an-admin"):
        transfer(stage.world, "awx-game", "bo", "accept")
    transfer(stage.world, "awx-game", "ana", "accept")
    assert stage.look("dev")["app/awx-game"] == "organization:Acme Inc."
    with refused("not-an-admin"):
        initiate_transfer(stage.world, "awx-game", to=stage["owned"], actor=stage.person("bo"))


def test_a_transfer_can_be_turned_down_and_the_app_stays(stage: Stage) -> None:
    initiate_transfer(stage.world, "awx-game", to=stage["dev"], actor=stage.person("bo"))
    transfer(stage.world, "awx-game", "ana", "decline")
    assert "app/awx-game" not in stage.look("dev")
    with refused("unknown"):
        transfer(stage.world, "awx-game", "ana", "accept")


def test_apps_do_not_go_to_research_organizations_or_where_they_are(stage: Stage) -> None:
    with refused("invalid"):
        initiate_transfer(stage.world, "awx-game", to=stage["research"], actor=stage.person("bo"))
    with refused("invalid"):
        initiate_transfer(stage.world, "awx-shop", to=stage["dev"], actor=stage.person("ana"))
    with refused("unknown"):
        initiate_transfer(stage.world, "awx-nothing", to=stage["dev"], actor=stage.person("ana"))


def test_app_managers_are_members_and_lose_the_app_when_it_or_they_go(stage: Stage) -> None:
    owned, ana = stage["owned"], stage.person("ana")
    with refused("unknown"):
        add_manager(owned, actor=ana, client_key="awx-lab", address="gus@north.example")
    with refused("unknown"):
        add_manager(owned, actor=ana, client_key="awx-shop", address="cy@acme.example")
    for person in ("cy", "bo"):
        add_manager(owned, actor=ana, client_key="awx-lab", address=f"{person}@acme.example")
    remove_by_hand(stage.world, "ana", "cy", "owned")
    managers = {key for key in stage.look("owned") if key.startswith("app_access/")}
    assert managers == {"app_access/awx-lab/bo"}
    initiate_transfer(stage.world, "awx-lab", to=stage["dev"], actor=ana)
    transfer(stage.world, "awx-lab", "ana", "accept")
    assert not any(key.startswith("app") for key in stage.look("owned"))
    with refused("not-supported"):
        add_manager(stage["dev"], actor=ana, client_key="awx-lab", address="bo@acme.example")


def test_an_app_has_at_most_twenty_managers() -> None:
    with new_world(developers_must_be_registered=False) as world:
        stage = Stage(world)
        for number in range(20):
            address = f"p{number}@acme.example"
            invite_by_hand(world, "ana", address, "owned", "member")
            accept(world, address, "owned")
            add_manager(stage["owned"], actor=stage.person("ana"), client_key="awx-lab", address=address)
        with refused("cap"):
            add_manager(stage["owned"], actor=stage.person("ana"), client_key="awx-lab", address="cy@acme.example")
        remove_manager(stage["owned"], actor=stage.person("ana"), client_key="awx-lab", address="p0@acme.example")
        add_manager(stage["owned"], actor=stage.person("ana"), client_key="awx-lab", address="cy@acme.example")


def test_a_role_change_to_what_one_has_changes_nothing(stage: Stage) -> None:
    before = stage.members("dev")
    change_role(stage["dev"], actor=stage.person("ana"), address="ana@acme.example", role="admin")
    assert stage.members("dev") == before
