"""Invitations, roles, leaving and removing, as every system has them."""

from __future__ import annotations

import pytest

from reconciler.sandbox.members import cancel_invitation
from reconciler.sandbox.people import (
    accept,
    decline,
    give_up_admin,
    invite_by_hand,
    leave,
    promote_by_hand,
    remove_by_hand,
    set_role_by_hand,
)
from tests.sandbox.stage import Stage, new_world, refused

EVERYWHERE = pytest.mark.parametrize(
    ("organization", "admin_role", "other_role"),
    [
        ("dev", "admin", "member"),
        ("brand", "admin", "operator"),
        ("studio", "administrator", "editor"),
        ("bc", "admin", "standard"),
    ],
)


@EVERYWHERE
def test_an_invited_person_is_in_once_they_accept(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    invite_by_hand(stage.world, "ana", "cy", organization, other_role)
    assert stage.members(organization)["cy"] == f"invited {other_role}"
    accept(stage.world, "cy", organization)
    assert stage.members(organization) == {"ana": admin_role, "bo": other_role, "cy": other_role}


@EVERYWHERE
def test_only_an_active_admin_of_that_organization_acts(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    for outsider in ("bo", "gus"):
        with refused("not-an-admin"):
            invite_by_hand(stage.world, outsider, "cy", organization, other_role)
        with refused("not-an-admin"):
            remove_by_hand(stage.world, outsider, "ana", organization)
    invite_by_hand(stage.world, "ana", "cy", organization, admin_role)
    with refused("not-an-admin"):  # a pending admin is not one yet
        remove_by_hand(stage.world, "cy", "bo", organization)


@EVERYWHERE
def test_the_last_admin_can_neither_leave_nor_step_down_nor_be_removed(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    invite_by_hand(stage.world, "ana", "cy", organization, admin_role)  # pending admins do not count
    for go in (leave, give_up_admin):
        with refused("last-admin"):
            go(stage.world, "ana", organization)
    with refused("last-admin"):
        remove_by_hand(stage.world, "ana", "ana", organization)
    with refused("last-admin"):
        set_role_by_hand(stage.world, "ana", "ana", organization, other_role)
    accept(stage.world, "cy", organization)
    leave(stage.world, "ana", organization)
    assert stage.members(organization) == {"cy": admin_role, "bo": other_role}


@EVERYWHERE
def test_giving_up_admin_rights_leaves_the_next_lower_role(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    promote_by_hand(stage.world, "ana", "bo", organization)
    give_up_admin(stage.world, "ana", organization)
    assert stage.members(organization) == {"ana": other_role, "bo": admin_role}


@EVERYWHERE
def test_a_declined_invitation_shows_until_a_new_one_replaces_it(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    invite_by_hand(stage.world, "ana", "cy", organization, other_role)
    decline(stage.world, "cy", organization)
    assert stage.members(organization)["cy"] == f"declined {other_role}"
    with refused("declined"):
        accept(stage.world, "cy", organization)
    invite_by_hand(stage.world, "ana", "cy", organization, admin_role)
    assert stage.members(organization)["cy"] == f"invited {admin_role}"


@EVERYWHERE
def test_whoever_left_or_was_removed_has_no_row_and_needs_a_new_invitation(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    leave(stage.world, "bo", organization)
    assert stage.members(organization) == {"ana": admin_role}
    with refused("unknown"):
        accept(stage.world, "bo", organization)
    invite_by_hand(stage.world, "ana", "bo", organization, other_role)
    accept(stage.world, "bo", organization)
    remove_by_hand(stage.world, "ana", "bo", organization)
    assert stage.members(organization) == {"ana": admin_role}


@EVERYWHERE
def test_a_cancelled_invitation_cannot_be_accepted(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    invite_by_hand(stage.world, "ana", "cy", organization, other_role)
    with refused("not-an-admin"):
        cancel_invitation(stage[organization], actor=stage.person("bo"), address="cy@acme.example")
    cancel_invitation(stage[organization], actor=stage.person("ana"), address="cy@acme.example")
    with refused("unknown"):
        accept(stage.world, "cy", organization)
    with refused("already-a-member"):
        cancel_invitation(stage[organization], actor=stage.person("ana"), address="bo@acme.example")


@EVERYWHERE
def test_an_invitation_needs_a_role_that_the_system_has(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    for role in ("", "boss", "owner"):
        with refused("invalid"):
            invite_by_hand(stage.world, "ana", "cy", organization, role)


@EVERYWHERE
def test_a_pending_invitation_has_no_role_to_change_and_nobody_to_remove(
    stage: Stage, organization: str, admin_role: str, other_role: str
) -> None:
    invite_by_hand(stage.world, "ana", "cy@acme.example", organization, other_role)
    with refused("not-a-member"):
        promote_by_hand(stage.world, "ana", "cy@acme.example", organization)
    with refused("not-a-member"):
        remove_by_hand(stage.world, "ana", "cy@acme.example", organization)


@pytest.mark.parametrize(
    ("organization", "role", "hours"),
    [("dev", "member", 720), ("brand", "operator", 24), ("studio", "editor", 720), ("bc", "standard", 720)],
)
def test_an_unanswered_invitation_expires(stage: Stage, organization: str, role: str, hours: int) -> None:
    invite_by_hand(stage.world, "ana", "cy", organization, role)
    stage.pass_time(hours=hours, seconds=-1)
    assert stage.members(organization)["cy"] == f"invited {role}"
    stage.pass_time(seconds=1)
    assert stage.members(organization)["cy"] == f"expired {role}"
    with refused("expired"):
        accept(stage.world, "cy", organization)
    invite_by_hand(stage.world, "ana", "cy", organization, role)
    accept(stage.world, "cy", organization)
    assert stage.members(organization)["cy"] == role


@pytest.mark.parametrize(("organization", "role"), [("dev", "member"), ("brand", "operator"), ("studio", "editor")])
def test_inviting_twice_is_refused_outside_business_center(stage: Stage, organization: str, role: str) -> None:
    invite_by_hand(stage.world, "ana", "cy", organization, role)
    with refused("already-invited"):
        invite_by_hand(stage.world, "ana", "cy", organization, role)
    with refused("already-a-member"):
        invite_by_hand(stage.world, "ana", "bo", organization, role)


def test_business_center_quietly_ignores_a_second_invitation(stage: Stage) -> None:
    invite_by_hand(stage.world, "ana", "cy", "bc", "standard")
    invite_by_hand(stage.world, "ana", "cy", "bc", "admin")
    invite_by_hand(stage.world, "ana", "bo", "bc", "admin")
    assert stage.members("bc") == {"ana": "admin", "bo": "standard", "cy": "invited standard"}


def test_a_phone_and_an_email_invitation_are_two_and_only_one_can_be_accepted(stage: Stage) -> None:
    invite_by_hand(stage.world, "ana", "+34 600 333 444", "brand", "operator")
    invite_by_hand(stage.world, "ana", "dee@creator.example", "brand", "admin")
    accept(stage.world, "dee", "brand")
    with refused("already-a-member"):
        accept(stage.world, "dee", "brand")
    assert stage.members("brand") == {
        "ana": "admin",
        "bo": "operator",
        "dee": "operator",
        "dee@creator.example": "invited admin",
    }


def test_an_address_is_the_same_in_capitals(stage: Stage) -> None:
    invite_by_hand(stage.world, "ana", "CY@Acme.example", "brand", "operator")
    accept(stage.world, "cy", "brand")
    assert stage.members("brand")["cy"] == "operator"


def test_where_it_is_allowed_the_last_admin_may_go() -> None:
    with new_world(last_admin_may_go=True) as world:
        leave(world, "ana", "brand")
        assert Stage(world).members("brand") == {"bo": "operator"}
