"""What is sent for each action, what comes back, and what happens when it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model import Action, Address, Applied, Failed, InDoubt, Status, Waits
from reconciler.providers.business_api.actions import ACTIONS
from reconciler.providers.business_api.vocabulary import NOT_OFFERED
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.assets import add_asset_to_group, create_group, request_link, set_group_role
from reconciler.sandbox.people import approve, decline
from reconciler.sandbox.registry import get_organization, get_person
from tests.business_api.stage import SCOPE, Stage, staged
from tests.sandbox.stage import new_world


def steps_of(outcome: Waits) -> str:
    """What the work orders tell people to do."""
    return "\n".join(step for order in outcome.orders for step in order.steps)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def role_of(stage: Stage, person: str) -> object:
    found = stage.live("member", person)
    return None if found is None else dict(found.attributes)


LOST = [
    Fault(kind="code", code=50000, after=True),
    Fault(kind="code", code=50002, after=True),
    Fault(kind="code", code=51060, after=True),
    Fault(kind="html_502", after=True),
    Fault(kind="reset", after=True),
    Fault(kind="slow", seconds=3600),
]
BUSY = [Fault(kind="code", code=code, times=2) for code in (40016, 40100, 40132, 40133, 40202, 61000)]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault.kind} {fault.code}")
def test_a_write_whose_answer_is_lost_is_found_by_looking_and_not_sent_again(stage: Stage, fault: Fault) -> None:
    stage.emulator.faults.add(replace(fault, path="bc/member/invite/"))
    outcome = stage.do(Action.INVITE, "member", "cy", role="standard")
    assert outcome == Applied(live=stage.live("member", "cy"))
    assert stage.count("POST bc/member/invite/") == 1


@pytest.mark.parametrize(
    "fault",
    [replace(fault, after=False) for fault in LOST if fault.kind != "slow"],
    ids=lambda fault: f"{fault.kind} {fault.code}",
)
def test_a_write_that_got_lost_is_in_doubt_and_not_sent_again(stage: Stage, fault: Fault) -> None:
    stage.emulator.faults.add(replace(fault, path="bc/member/invite/"))
    assert isinstance(stage.do(Action.INVITE, "member", "cy", role="standard"), InDoubt)
    assert stage.count("POST bc/member/invite/") == 1


@pytest.mark.parametrize("fault", BUSY, ids=lambda fault: str(fault.code))
def test_a_write_that_was_turned_away_is_sent_again_after_a_look(stage: Stage, fault: Fault) -> None:
    stage.emulator.faults.add(replace(fault, path="bc/asset/assign/"))
    assert isinstance(stage.do(Action.GRANT, "ad_account_access", "us/bo", role="operator"), Applied)
    assert stage.count("POST bc/asset/assign/") == 3


def test_a_conflict_that_took_effect_all_the_same_is_not_sent_again(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="code", code=40202, after=True, path="bc/member/invite/"))
    assert isinstance(stage.do(Action.INVITE, "member", "cy", role="standard"), Applied)
    assert stage.count("POST bc/member/invite/") == 1


def test_a_write_that_is_turned_away_for_ever_fails(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="code", code=40202, path="bc/member/delete/", times=99))
    outcome = stage.do(Action.REMOVE, "member", "bo")
    assert isinstance(outcome, Failed)
    assert outcome.code == "40202"
    assert role_of(stage, "bo") == {"role": "standard"}


@pytest.mark.parametrize("seconds", [3.0, 12.0])
def test_a_write_that_shows_late_is_waited_for(seconds: float) -> None:
    with staged(write_visibility_delay=seconds) as stage:
        assert isinstance(stage.do(Action.INVITE, "member", "cy", role="standard"), Applied)


def test_a_write_that_does_not_show_is_in_doubt() -> None:
    with staged(write_visibility_delay=600.0) as stage:
        outcome = stage.do(Action.INVITE, "member", "cy", role="standard")
    assert isinstance(outcome, InDoubt)
    assert "accepted it and does not show it yet" in outcome.reason


def test_a_refusal_is_an_outcome_with_reason_code_and_request(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="code", code=40002, message="Over the cap.", path="bc/member/invite/"))
    outcome = stage.do(Action.INVITE, "member", "cy", role="standard")
    assert isinstance(outcome, Failed)
    assert outcome.code == "40002"
    assert outcome.reason.startswith("bc/member/invite/: Over the cap. (code 40002, request 2026")


@pytest.mark.parametrize("actor", ["", "bo", "nobody"])
def test_only_the_tokens_owner_acts(stage: Stage, actor: str) -> None:
    assert isinstance(stage.do(Action.REMOVE, "member", "bo", actor=actor), Failed)
    assert stage.count("POST bc/member/delete/") == 0


@pytest.mark.parametrize(
    ("action", "after"), [(Action.REMOVE, {}), (Action.CHANGE_ROLE, {"role": "standard"})], ids=["remove", "demote"]
)
def test_the_tokens_owner_is_never_removed_or_demoted(stage: Stage, action: Action, after: dict[str, str]) -> None:
    outcome = stage.do(action, "member", "ana", **after)
    assert outcome == Failed(reason="this is the member whose token is used")


def test_no_admin_goes_while_nobody_knows_whose_token_it_is() -> None:
    with staged(core_user_id="other") as stage:
        stage.do(Action.CHANGE_ROLE, "member", "bo", role="admin")
        with stage.world.transaction() as db:
            db.execute("UPDATE person SET name = 'A' WHERE key = 'ana'")
            db.execute("UPDATE membership SET role = 'admin'")
        stage.emulator.faults.add(Fault(kind="code", code=40001, path="user/info/", times=9))
        outcome = stage.do(Action.REMOVE, "member", "bo")
        assert isinstance(outcome, Failed)
        assert "whose token this is could not be told" in outcome.reason
        assert role_of(stage, "bo") == {"role": "admin"}


def test_a_pending_invitation_with_another_role_is_cancelled_and_sent_again(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    assert isinstance(stage.do(Action.REINVITE, "member", "cy", role="admin", finance="manager"), Applied)
    assert role_of(stage, "cy") == {"role": "admin", "finance": "manager"}


def test_a_role_that_does_not_exist_changes_nothing(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    assert isinstance(stage.do(Action.REINVITE, "member", "cy", role="boss"), Failed)
    assert role_of(stage, "cy") == {"role": "standard"}
    assert stage.count("POST bc/member/delete/") == 0


def test_a_reinvitation_whose_second_half_is_refused_is_in_doubt(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    stage.emulator.faults.add(Fault(kind="code", code=40002, path="bc/member/invite/"))
    outcome = stage.do(Action.REINVITE, "member", "cy", role="admin")
    assert isinstance(outcome, InDoubt)
    assert "the first half is done" in outcome.reason
    assert role_of(stage, "cy") is None


def test_somebody_who_declined_is_invited_again(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    decline(stage.world, "cy", "bc")
    assert isinstance(stage.do(Action.INVITE, "member", "cy", role="standard"), Applied)
    found = stage.live("member", "cy")
    assert found is not None
    assert found.status is Status.INVITED


def test_an_invitation_to_an_address_nobody_knows_is_cancelled_by_hand(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "zoe@other.example", role="standard")
    outcome = stage.do(Action.CANCEL_INVITATION, "member", "z*e@other.example")
    assert isinstance(outcome, Waits)
    assert "z*e@other.example" in outcome.why


def test_a_stranger_whose_address_is_masked_is_removed_by_number(stage: Stage) -> None:
    with stage.world.transaction() as db:
        db.execute("UPDATE membership SET identity = 'stranger@else.example' WHERE identity = 'bo@acme.example'")
    key = next(a.key for a in stage.provider.read(stage.scope).resources if a.key.startswith("s*"))
    assert stage.do(Action.REMOVE, "member", key) == Applied(live=None)


def test_a_finance_role_comes_by_call_and_goes_by_hand(stage: Stage) -> None:
    assert isinstance(stage.do(Action.CHANGE_ROLE, "member", "bo", role="standard", finance="analyst"), Applied)
    outcome = stage.do(Action.CHANGE_ROLE, "member", "bo", role="admin")
    assert isinstance(outcome, Waits)
    assert "Advanced Permissions" in steps_of(outcome)
    assert role_of(stage, "bo") == {"role": "admin", "finance": "analyst"}


@pytest.mark.parametrize(
    ("kind", "key", "first", "second"),
    [
        ("ad_account_access", "us/bo", {"role": "operator"}, {"role": "analyst"}),
        ("catalog_access", "shoes/bo", {"role": "ad_promote"}, {"role": "admin"}),
        ("lead_library_access", "leads/bo", {"role": "admin"}, None),
        ("tiktok_account_access", "handle/bo", {"permissions": ("live", "post")}, {"permissions": ("post",)}),
        ("managed_account_access", "care/bo", {"role": "analyst"}, {"role": "admin"}),
        ("managed_account_access", "care/bo", {"role": "admin"}, {"role": "operator"}),
        ("managed_account_use", "care/us", {}, None),
        ("pixel_use", "web/us", {}, None),
        ("tiktok_account_use", "handle/us", {}, None),
    ],
)
@pytest.mark.parametrize("again", ["replace", "add"])
def test_access_is_given_changed_and_taken_away(
    kind: str, key: str, first: dict[str, Any], second: dict[str, Any] | None, again: str
) -> None:
    with staged(reassign_account_roles=again) as stage:
        for action, attributes in ((Action.GRANT, first), (Action.CHANGE_GRANT, second)):
            if attributes is not None:
                assert isinstance(stage.do(action, kind, key, **attributes), Applied)
                live = stage.live(kind, key)
                assert live is not None
                assert live.attributes == attributes
        assert stage.do(Action.REVOKE, kind, key) == Applied(live=None)
        assert stage.live(kind, key) is None


def test_access_to_a_shop_is_given_by_call_and_taken_away_by_hand(stage: Stage) -> None:
    assert isinstance(stage.do(Action.GRANT, "shop_access", "shop/bo", role="ad_promotion"), Applied)
    outcome = stage.do(Action.REVOKE, "shop_access", "shop/bo")
    assert isinstance(outcome, Waits)
    assert (outcome.on, len(outcome.orders)) == ("ana", 1)
    assert "shop" in steps_of(outcome).casefold()


@pytest.mark.parametrize("action", [Action.GRANT, Action.REVOKE])
def test_access_to_a_pixel_is_given_and_taken_by_hand(stage: Stage, action: Action) -> None:
    outcome = stage.do(action, "pixel_access", "web/bo")
    assert isinstance(outcome, Waits)
    assert "7300000000000000001" in steps_of(outcome)


def test_access_for_somebody_who_has_not_accepted_is_refused_here(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    outcome = stage.do(Action.GRANT, "ad_account_access", "us/cy", role="operator")
    assert isinstance(outcome, Failed)
    assert "cy has not joined" in outcome.reason
    assert stage.count("POST bc/asset/assign/") == 0


@pytest.mark.parametrize("missing", ["ok", "40002", "40007"])
def test_taking_away_what_is_gone_already_is_done_where_the_platform_says_so(missing: str) -> None:
    with staged(unassign_missing=missing) as stage:
        stage.do(Action.GRANT, "ad_account_access", "us/bo", role="operator")
        change = stage.change(Action.REVOKE, "ad_account_access", "us/bo")
        stage.provider.apply(stage.scope, change)
        outcome = stage.provider.apply(stage.scope, change)
    assert isinstance(outcome, Failed if missing == "40002" else Applied)


@pytest.mark.parametrize("again", ["ok", "40012", "40050"])
def test_giving_what_is_there_already_is_done(again: str) -> None:
    with staged(reassign_same_role=again) as stage:
        change = stage.change(Action.GRANT, "ad_account_access", "us/bo", role="operator")
        stage.provider.apply(stage.scope, change)
        assert isinstance(stage.provider.apply(stage.scope, change), Applied)


def _found_group(stage: Stage) -> None:
    """Somebody does by hand what takes a person."""
    bc, ana = get_organization(stage.world, "bc"), get_person(stage.world, "ana")
    create_group(bc, actor=ana, name="Europe")
    add_asset_to_group(bc, actor=ana, name="Europe", ad_account="7100000000000000001")
    set_group_role(bc, actor=ana, name="Europe", address="ana@acme.example", role="analyst")


def test_a_group_with_nothing_and_nobody_to_put_into_it_waits_for_them(stage: Stage) -> None:
    outcome = stage.do(Action.CREATE_GROUP, "asset_group", "europe")
    assert isinstance(outcome, Waits)
    assert outcome.on == "an ad account and a member"


@pytest.mark.parametrize("shape", ["object", "list"])
@pytest.mark.parametrize("again", ["replaces", "ignored"])
def test_groups_are_filled_and_deleted(shape: str, again: str) -> None:
    steps: list[tuple[Action, str, str, dict[str, Any]]] = [
        (Action.GRANT, "asset_group_asset", "europe/eu", {}),
        (Action.GRANT, "asset_group_access", "europe/bo", {"role": "analyst"}),
        (Action.CHANGE_GRANT, "asset_group_access", "europe/bo", {"role": "operator"}),
    ]
    with staged(group_get_shape=shape, group_member_again=again) as stage:
        _found_group(stage)
        for action, kind, key, attributes in steps:
            outcome = stage.do(action, kind, key, **attributes)
            assert isinstance(outcome, Applied)
            assert outcome.live is not None
            assert outcome.live.attributes == attributes
        for kind, key in (("asset_group_access", "europe/bo"), ("asset_group_asset", "europe/eu")):
            assert stage.do(Action.REVOKE, kind, key) == Applied(live=None)
        assert stage.do(Action.DELETE_GROUP, "asset_group", "europe") == Applied(live=None)


def test_a_group_is_renamed_to_what_the_manifests_call_it(stage: Stage) -> None:
    _found_group(stage)
    found = stage.live("asset_group", "europe")
    assert found is not None
    assert not found.attributes
    group = Address("acme-bc", "asset_group", "europe")
    assets = {**SCOPE.assets, ("asset_group", "europe"): found.identity}
    stage.scope = replace(SCOPE, assets=assets, details={group: {"name": "All of Europe"}})
    outcome = stage.do(Action.RENAME_GROUP, "asset_group", "europe", called="All of Europe")
    assert isinstance(outcome, Applied)
    assert outcome.live == replace(found, attributes={"called": "All of Europe"})
    # Somebody who knows only its name, because nothing is recorded, finds the same group.
    stage.scope = replace(stage.scope, assets=SCOPE.assets)
    assert stage.live("asset_group", "europe") == outcome.live


def test_partners_get_shares_that_are_raised_lowered_and_ended(stage: Stage) -> None:
    assert isinstance(stage.do(Action.ADD_PARTNER, "partner", "north"), Applied)
    for action, role in (
        (Action.SHARE, "analyst"),
        (Action.CHANGE_SHARE, "admin"),
        (Action.CHANGE_SHARE, "operator"),
    ):
        outcome = stage.do(action, "partner_share", "north/us", role=role)
        assert isinstance(outcome, Applied)
        assert outcome.live is not None
        assert outcome.live.attributes == {"role": role}
    assert stage.count("POST bc/partner/asset/delete/") == 1
    assert stage.do(Action.UNSHARE, "partner_share", "north/us") == Applied(live=None)
    assert stage.do(Action.REMOVE_PARTNER, "partner", "north") == Applied(live=None)


def test_an_invitation_that_comes_to_nothing_says_where_to_look() -> None:
    with staged(email_domains=["other.example"], outside_domains="dropped") as stage:
        outcome = stage.do(Action.INVITE, "member", "cy", role="standard")
    assert isinstance(outcome, InDoubt)
    assert outcome.is_accepted
    assert "allowed e-mail domains" in outcome.reason


@pytest.mark.parametrize("answer", ["ignored", "40002"])
def test_a_share_that_the_platform_does_not_raise_is_raised_by_hand(answer: Any) -> None:
    with staged(share_again=answer) as stage:
        stage.do(Action.ADD_PARTNER, "partner", "north")
        stage.do(Action.SHARE, "partner_share", "north/us", role="analyst")
        outcome = stage.do(Action.CHANGE_SHARE, "partner_share", "north/us", role="admin")
        assert isinstance(outcome, Waits)
        assert [order.operation for order in outcome.orders] == ["business_center.raise_partner_permission"]
        assert stage.count("POST bc/partner/asset/delete/") == 0, "nobody loses what they have meanwhile"


def test_a_partnership_that_needs_the_other_side_waits_for_it() -> None:
    with staged(world=new_world(partner_must_approve=True)) as stage:
        outcome = stage.do(Action.ADD_PARTNER, "partner", "north")
    assert isinstance(outcome, Waits)
    assert outcome.on == "partner 6900000000000000002"


def test_a_link_waits_for_the_owner_and_its_code_is_shown_and_kept_nowhere(stage: Stage) -> None:
    outcome = stage.do(Action.LINK, "tiktok_account", "creator", permissions=("existing_posts",))
    assert isinstance(outcome, Waits)
    assert outcome.on == "the owner of @dee"
    assert [handle for handle, _ in stage.codes] == ["@dee"]
    assert stage.codes[0][1].startswith("https://")
    assert stage.codes[0][1] not in repr(outcome)


def test_a_link_is_cut_and_what_hangs_on_it_is_gone(stage: Stage) -> None:
    stage.do(Action.GRANT, "tiktok_account_use", "handle/us")
    assert stage.do(Action.UNLINK, "tiktok_account", "handle") == Applied(live=None)
    assert stage.live("tiktok_account_use", "handle/us") is None


def test_access_to_somebody_elses_asset_is_asked_for_by_hand(stage: Stage) -> None:
    outcome = stage.do(Action.REQUEST_ACCESS, "ad_account", "dee")
    assert isinstance(outcome, Waits)
    assert "7100000000000000009" in steps_of(outcome)


def test_forgetting_calls_nobody_for_a_write(stage: Stage) -> None:
    outcome = stage.do(Action.FORGET, "ad_account", "us")
    assert isinstance(outcome, Applied)
    assert outcome.live is not None
    assert not [path for path in stage.emulator.counted if path.startswith("POST")]


@pytest.mark.parametrize("action", list(Action))
def test_what_is_possible_is_done_and_what_is_not_says_why(action: Action) -> None:
    reason = NOT_OFFERED.get(action)
    assert bool(reason) == (action not in {*ACTIONS, Action.FORGET, Action.GIVE_UP_ADMIN})


def test_what_the_platform_does_not_offer_fails_with_the_reason(stage: Stage) -> None:
    outcome = stage.do(Action.DELETE_ORGANIZATION, "organization", "acme-bc")
    assert outcome == Failed(reason="no way to delete a Business Center is documented")


def test_an_invitation_goes_to_the_address_of_the_change(stage: Stage) -> None:
    change = stage.change(Action.INVITE, "member", "cy", role="standard")
    assert change.after is not None
    stage.provider.apply(stage.scope, replace(change, after=replace(change.after, identity="CY@acme.example")))
    found = stage.provider.read_some(stage.scope, [Address("acme-bc", "member", "cy")])
    assert [resource.identity for resource in found.resources.values() if resource.status is Status.INVITED] == [
        "cy@acme.example"
    ]


def test_a_link_that_its_owner_allows_by_scanning_is_there(stage: Stage) -> None:
    bc, ana = get_organization(stage.world, "bc"), get_person(stage.world, "ana")
    request_link(bc, actor=ana, handle="@dee", permissions=["existing_posts"])
    approve(stage.world, "@dee", "bc")
    found = stage.live("tiktok_account", "creator")
    assert found is not None
    assert (found.status, found.attributes, found.unread) == (Status.ACTIVE, {}, ("permissions",))
