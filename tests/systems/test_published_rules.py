"""What the vendor publishes, said once more by hand: a slip in the data shows here.

Sources: developers.tiktok.com/doc/working-with-organizations and manage-roles-and-access for developers;
ads.tiktok.com/help for the others; the roles of a Business Account come from guides only.
"""

from __future__ import annotations

import pytest

from reconciler.model import Action
from reconciler.systems.catalogue import SYSTEMS, get_system

DEVELOPERS = SYSTEMS["developers"]


def _names(system: str, kind: str, variant: str = "") -> list[str]:
    known = get_system(system, variant)
    return [role.name for role in (*known.roles.get(kind, ()), *known.permissions.get(kind, ()))]


def test_the_four_systems_are_known() -> None:
    assert list(SYSTEMS) == ["developers", "organization_account", "business_account", "business_center"]


@pytest.mark.parametrize(
    ("system", "variant", "roles"),
    [
        ("developers", "", ["admin", "member"]),
        ("developers", "research", ["admin", "member"]),
        ("developers", "owner", ["owner", "admin", "member"]),
        ("organization_account", "", ["admin", "operator"]),
        ("business_account", "", ["administrator", "editor", "moderator", "analyst"]),
        ("business_center", "", ["admin", "standard"]),
    ],
)
def test_members_have_the_roles_of_their_system(system: str, variant: str, roles: list[str]) -> None:
    assert _names(system, "member", variant) == roles


@pytest.mark.parametrize(
    ("system", "variant", "cap"),
    [
        ("developers", "", 10),
        ("developers", "research", 10),
        ("developers", "owner", None),
        ("organization_account", "", None),
        ("business_account", "", None),
        ("business_center", "", 4000),
    ],
)
def test_the_number_of_members_is_limited_where_a_limit_is_published(
    system: str, variant: str, cap: int | None
) -> None:
    assert get_system(system, variant).member_cap == cap


def test_a_business_center_has_room_for_20_admins_beside_3980_others() -> None:
    members = get_system("business_center").roles["member"]
    assert {role.name: role.cap for role in members} == {"admin": 20, "standard": 3980}


def test_a_new_developers_organization_has_one_owner_20_admins_and_20_managers_for_each_app() -> None:
    owner = DEVELOPERS["owner"]
    assert {role.name: role.cap for role in owner.roles["member"]} == {"owner": 1, "admin": 20, "member": None}
    assert [(role.name, role.cap) for role in owner.roles["app_access"]] == [("app_manager", 20)]


def test_roles_for_single_apps_exist_only_where_there_is_an_owner() -> None:
    assert [variant for variant, system in DEVELOPERS.items() if "app_access" in system.kinds] == ["owner"]


@pytest.mark.parametrize("variant", ["", "research"])
def test_a_developers_admin_cannot_be_lowered_by_another(variant: str) -> None:
    system = DEVELOPERS[variant]
    assert not system.demotes_admins
    assert Action.GIVE_UP_ADMIN not in system.cannot
    assert "invitation" in system.disruptive[Action.REMOVE_AND_INVITE]


def test_where_there_is_an_owner_only_the_owner_manages_admins_and_hands_the_role_over() -> None:
    owner, admin, _ = DEVELOPERS["owner"].roles["member"]
    assert (owner.name, owner.handed_over, owner.manages_admins) == ("owner", True, True)
    assert (admin.name, admin.handed_over, admin.manages_admins) == ("admin", False, False)
    assert DEVELOPERS["owner"].demotes_admins


@pytest.mark.parametrize("variant", list(DEVELOPERS))
def test_transferring_an_app_or_deleting_the_organization_is_for_good(variant: str) -> None:
    assert set(DEVELOPERS[variant].irreversible) == {Action.TRANSFER_APP, Action.DELETE_ORGANIZATION}


def test_only_company_organizations_of_developers_are_created_by_the_tool() -> None:
    creatable = {
        (name, variant)
        for name, variants in SYSTEMS.items()
        for variant, system in variants.items()
        if not system.creatable
    }
    assert creatable == {("developers", ""), ("developers", "owner")}


def test_a_research_organization_is_created_by_the_vendor() -> None:
    assert DEVELOPERS["research"].creatable.startswith("TikTok creates it")


@pytest.mark.parametrize(
    ("system", "invited"),
    [
        ("developers", (("email",), True)),
        ("organization_account", (("email", "phone"), False)),
        ("business_account", (("email",), False)),
        ("business_center", (("email",), True)),
    ],
)
def test_who_can_be_invited_and_by_what(system: str, invited: tuple[tuple[str, ...], bool]) -> None:
    for variant in SYSTEMS[system].values():
        assert (variant.identifiers, variant.must_be_registered) == invited


def test_an_organization_account_is_the_only_one_whose_invitations_are_known_to_end_after_24_hours() -> None:
    hours = {name: {system.invitation_hours for system in variants.values()} for name, variants in SYSTEMS.items()}
    assert hours.pop("organization_account") == {24}
    assert set().union(*hours.values()) == {None}


def test_an_operator_of_an_organization_account_has_content_chats_and_connections_and_nothing_else() -> None:
    operator = get_system("organization_account").find_role("member", "operator")
    assert operator is not None
    assert operator.may == "Content, chats and connections."
    assert not operator.administers
    for withheld in ("settings", "roles", "permissions", "sensitive actions"):
        assert withheld in operator.may_not.lower()


def test_an_editor_of_a_business_account_creates_content_without_billing_and_settings() -> None:
    editor = get_system("business_account").find_role("member", "editor")
    assert editor is not None
    assert (editor.may, editor.may_not) == ("Create and schedule content.", "Billing and sensitive settings.")


def test_an_analyst_of_a_business_account_reads_and_changes_nothing() -> None:
    analyst = get_system("business_account").find_role("member", "analyst")
    assert analyst is not None
    assert (analyst.may, analyst.may_not) == ("Read analytics.", "Post or change anything.")


def test_a_moderator_of_a_business_account_answers_comments() -> None:
    moderator = get_system("business_account").find_role("member", "moderator")
    assert moderator is not None
    assert moderator.may == "Answer comments."


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_exactly_these_member_roles_manage_other_people(system: str) -> None:
    managing = {
        role.name for variant in SYSTEMS[system].values() for role in variant.roles["member"] if role.administers
    }
    assert managing == {
        "developers": {"owner", "admin"},
        "organization_account": {"admin"},
        "business_account": {"administrator"},
        "business_center": {"admin"},
    }.get(system)


def test_finance_roles_come_besides_the_member_role_and_manage_nobody() -> None:
    center = get_system("business_center")
    assert [role.name for role in center.roles["member.finance"]] == ["manager", "analyst"]
    assert not center.administers("manager")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ad_account_access", ["admin", "operator", "analyst"]),
        ("asset_group_access", ["admin", "operator", "analyst"]),
        ("partner_share", ["admin", "operator", "analyst"]),
        ("catalog_access", ["admin", "ad_promote"]),
        ("shop_access", ["ad_promotion"]),
        ("lead_library_access", ["admin"]),
        ("managed_account_access", ["admin", "operator", "analyst"]),
        ("managed_account_use", []),
        ("pixel_access", []),
        ("tiktok_account_use", []),
        ("pixel_use", []),
        ("asset_group_asset", []),
    ],
)
def test_each_asset_of_a_business_center_offers_its_own_roles(kind: str, words: list[str]) -> None:
    assert _names("business_center", kind) == words
    assert kind in get_system("business_center").kinds


def test_only_the_admin_of_an_ad_account_reaches_its_finance() -> None:
    roles = get_system("business_center").roles["ad_account_access"]
    assert [role.name for role in roles if "finance" in role.may] == ["admin"]


def test_access_to_a_tiktok_account_is_a_set_of_permissions_for_people_and_for_the_business_center() -> None:
    permissions = get_system("business_center").permissions
    assert {name: {role.name for role in roles} for name, roles in permissions.items()} == {
        "tiktok_account": {"existing_posts", "publish_ads_only", "publish_to_profile", "live", "direct_message"},
        "tiktok_account_access": {"post", "live", "direct_message"},
    }


@pytest.mark.parametrize("withheld", ["Post,", "answer comments", "manage the profile"])
def test_the_least_a_link_gives_is_existing_posts_without_a_voice_on_the_account(withheld: str) -> None:
    least = get_system("business_center").permissions["tiktok_account"][-1]
    assert least.name == "existing_posts"
    assert withheld in least.may_not


def test_disconnecting_a_tiktok_account_warns_of_running_campaigns() -> None:
    assert "campaigns" in get_system("business_center").disruptive[Action.UNLINK]


def test_lowering_a_partner_leaves_a_gap() -> None:
    assert "gap" in get_system("business_center").disruptive[Action.CHANGE_SHARE]


def test_the_same_word_means_different_things_in_different_places() -> None:
    writes = get_system("organization_account").find_role("member", "operator")
    advertises = get_system("business_center").find_role("ad_account_access", "operator")
    assert writes is not None
    assert advertises is not None
    assert "Content" in writes.may
    assert "ads" in advertises.may
    assert get_system("business_center").find_role("member", "operator") is None
