"""Several changes in one call: which go together, how many calls that takes, and each with its own outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import yaml

from reconciler.model import Action, Applied, BatchProvider, Change, Failed, InDoubt, Outcome, Refused, Scope, Waits
from reconciler.providers.business_api.batches import GIVING, TAKING, Bundle
from reconciler.providers.business_api.reading import Task, Writer
from reconciler.providers.business_api.session import Session
from reconciler.providers.business_api.vocabulary import ApiError
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.people import decline
from tests.business_api.stage import ASSETS, CENTER, Stage, staged
from tests.sandbox.stage import NORTH, SEED, new_world

NEW = tuple(f"n{number:02}" for number in range(60))
ACCOUNTS = {f"a{number}": str(7100000000000000100 + number) for number in range(4)}
INVITE, UPDATE_GROUP, FOUND = "POST bc/member/invite/", "POST bc/asset_group/update/", "POST bc/asset_group/create/"


def _scope() -> Scope:
    people = {key: (f"{key}@acme.example",) for key in ("ana", "bo", "cy", *NEW)}
    accounts = {("ad_account", key): number for key, number in ACCOUNTS.items()}
    return Scope(organization=CENTER, people=people, assets={**ASSETS, **accounts})


def _seed() -> str:
    seed = yaml.safe_load(SEED)
    seed["people"] |= {key: f"{key}@acme.example" for key in NEW}
    seed["organizations"]["bc"]["members"]["cy"] = "standard"
    seed["organizations"]["bc"]["ad_accounts"] |= {number: key for key, number in ACCOUNTS.items()}
    return yaml.safe_dump(seed)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged(world=new_world(_seed()), scope=_scope()) as made:
        yield made


def invitations(stage: Stage, people: Sequence[str], **attributes: str) -> list[Change]:
    live = stage.provider.read(stage.scope)
    assert not live.unknown
    return [stage.change(Action.INVITE, "member", person, **(attributes or {"role": "standard"})) for person in people]


def grants(stage: Stage, kind: str, keys: Sequence[str], action: Action = Action.GRANT, **more: Any) -> list[Change]:
    return [stage.change(action, kind, key, **more) for key in keys]


def founding(
    stage: Stage, accounts: Sequence[str] = ("us", "eu"), people: Sequence[str] = ("bo", "cy")
) -> list[Change]:
    return [
        stage.change(Action.CREATE_GROUP, "asset_group", "europe"),
        *grants(stage, "asset_group_access", [f"europe/{person}" for person in people], role="analyst"),
        *grants(stage, "asset_group_asset", [f"europe/{account}" for account in accounts]),
    ]


def do(stage: Stage, changes: Sequence[Change]) -> list[Outcome]:
    assert stage.provider.together(stage.scope, changes) == len(changes)
    return list(stage.provider.apply_many(stage.scope, changes))


def kinds(outcomes: Sequence[Outcome]) -> list[type[Outcome]]:
    return [type(outcome) for outcome in outcomes]


def test_it_says_that_it_takes_several(stage: Stage) -> None:
    assert isinstance(stage.provider, BatchProvider)


def test_fifty_people_are_invited_by_one_call(stage: Stage) -> None:
    changes = invitations(stage, NEW[:5])
    assert do(stage, changes) == [Applied(live=stage.live("member", person)) for person in NEW[:5]]
    assert stage.count(INVITE) == 1


def test_a_call_takes_no_more_than_fifty(stage: Stage) -> None:
    [one] = invitations(stage, NEW[:1])
    assert stage.provider.together(stage.scope, [one] * 60) == 50


@pytest.mark.parametrize(
    "other",
    [{"role": "admin"}, {"role": "standard", "finance": "analyst"}],
    ids=["role", "finance"],
)
def test_only_those_with_the_same_role_go_together(stage: Stage, other: dict[str, str]) -> None:
    changes = [*invitations(stage, NEW[:2]), *invitations(stage, NEW[2:4], **other)]
    assert stage.provider.together(stage.scope, changes) == 2


def test_somebody_who_declined_is_invited_alone(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", NEW[1], role="standard")
    decline(stage.world, NEW[1], "bc")
    changes = invitations(stage, NEW[:3])
    assert stage.provider.together(stage.scope, changes) == 1
    assert stage.provider.together(stage.scope, changes[1:]) == 1


@pytest.mark.parametrize(("masks", "looks"), [("none", 3), ("all", 50)])
def test_after_the_call_one_look_shows_everybody(masks: str, looks: int) -> None:
    """53 members at twenty a page; where addresses are masked, a search for each tells more than the list."""
    with staged(world=new_world(_seed()), scope=_scope(), mask_emails=masks) as stage:
        [one] = invitations(stage, NEW[:1])
        assert one.after is not None
        addresses = [one.address._replace(key=person) for person in NEW[:50]]
        changes = [replace(one, address=each, after=replace(one.after, address=each)) for each in addresses]
        stage.provider.read_some(stage.scope, addresses)
        before = stage.count("GET bc/member/get/")
        assert kinds(do(stage, changes)) == [Applied] * 50
        assert (stage.count(INVITE), stage.count("GET bc/member/get/") - before) == (1, looks)


def test_an_address_that_was_invited_meanwhile_is_passed_over_and_found_as_it_is(stage: Stage) -> None:
    changes = invitations(stage, NEW[:3])
    stage.do(Action.INVITE, "member", NEW[1], role="admin")
    outcomes = do(stage, changes)
    assert kinds(outcomes) == [Applied, InDoubt, Applied]
    assert stage.count(INVITE) == 2


def test_one_address_that_is_refused_keeps_nobody_else_out(stage: Stage) -> None:
    """Refused are all seven, the first four, the first two, and the first one alone."""
    changes = invitations(stage, NEW[:7])
    stage.emulator.faults.add(Fault(kind="code", code=40002, path="bc/member/invite/", times=4))
    assert kinds(do(stage, changes)) == [Failed, *[Applied] * 6]
    assert stage.count(INVITE) == 4 + 3


def test_a_refusal_of_the_token_is_not_repeated(stage: Stage) -> None:
    changes = invitations(stage, NEW[:4])
    stage.emulator.faults.add(Fault(kind="code", code=40105, path="bc/member/invite/", times=9))
    outcomes = do(stage, changes)
    assert kinds(outcomes) == [Failed] * 4
    assert "the access token is wrong or was revoked" in str(outcomes[0])
    assert stage.count(INVITE) == 1


def test_what_was_done_before_the_token_was_revoked_is_told_as_done(stage: Stage) -> None:
    changes = invitations(stage, NEW[:4])
    stage.emulator.faults.add(Fault(kind="code", code=40002, path="bc/member/invite/"))
    stage.emulator.faults.add(Fault(kind="code", code=40105, path="bc/member/invite/", skip=1))
    assert kinds(do(stage, changes)) == [Applied, Applied, Failed, Failed]


@pytest.mark.parametrize("fault", [Fault(kind="code", code=50002), Fault(kind="html_502"), Fault(kind="reset")])
@pytest.mark.parametrize("after", [True, False])
def test_a_lost_answer_is_made_good_by_looking_and_never_by_sending_again(
    stage: Stage, fault: Fault, *, after: bool
) -> None:
    changes = invitations(stage, NEW[:3])
    stage.emulator.faults.add(replace(fault, path="bc/member/invite/", after=after))
    assert kinds(do(stage, changes)) == [Applied if after else InDoubt] * 3
    assert stage.count(INVITE) == 1


def test_nothing_is_done_as_somebody_else(stage: Stage) -> None:
    changes = invitations(stage, NEW[:2])
    foreign = stage.change(Action.INVITE, "member", NEW[2], actor="bo", role="standard")
    outcomes = do(stage, [*changes, foreign])
    assert kinds(outcomes) == [Applied, Applied, Failed]


def test_a_role_that_does_not_exist_fails_for_all_and_is_not_sent(stage: Stage) -> None:
    assert kinds(do(stage, invitations(stage, NEW[:2], role="boss"))) == [Failed, Failed]
    assert stage.count(INVITE) == 0


def test_a_group_is_created_with_all_that_belongs_in_it(stage: Stage) -> None:
    outcomes = do(stage, founding(stage))
    assert kinds(outcomes) == [Applied] * 5
    assert (stage.count(FOUND), stage.count(UPDATE_GROUP)) == (1, 0)
    assert [outcome.live for outcome in outcomes if isinstance(outcome, Applied)] == [
        stage.live("asset_group", "europe"),
        stage.live("asset_group_access", "europe/bo"),
        stage.live("asset_group_access", "europe/cy"),
        stage.live("asset_group_asset", "europe/us"),
        stage.live("asset_group_asset", "europe/eu"),
    ]


def test_members_of_a_new_group_get_their_role_and_not_the_one_of_an_admin(stage: Stage) -> None:
    do(stage, founding(stage))
    found = stage.live("asset_group_access", "europe/bo")
    assert found is not None
    assert found.attributes == {"role": "analyst"}


@pytest.mark.parametrize("missing", ["accounts", "people"])
def test_a_group_without_an_ad_account_or_without_a_member_waits(stage: Stage, missing: str) -> None:
    changes = founding(stage, **{missing: ()})
    assert stage.provider.together(stage.scope, changes) == 1
    outcome = stage.provider.apply(stage.scope, changes[0])
    assert isinstance(outcome, Waits)
    assert "its first ad account and its first member" in outcome.why
    assert stage.count(FOUND) == 0


def test_somebody_who_is_no_member_keeps_no_group_from_being_created(stage: Stage) -> None:
    outcomes = do(stage, founding(stage, people=("bo", "n00")))
    assert kinds(outcomes) == [Applied, Applied, Failed, Applied, Applied]


def test_a_group_whose_members_are_all_strangers_is_not_created(stage: Stage) -> None:
    outcomes = do(stage, founding(stage, people=("n00",)))
    assert kinds(outcomes) == [Failed, Failed, Refused, Refused]
    assert outcomes[2] == Refused(reason="acme-bc/asset_group/europe was not created")
    assert stage.count(FOUND) == 0


def test_a_group_that_is_refused_with_all_of_it_is_created_with_the_least_and_filled(stage: Stage) -> None:
    changes = founding(stage, accounts=("us", "eu", "dee"))  # the last one is not the Business Center's
    outcomes = do(stage, changes)
    assert kinds(outcomes) == [Applied, Applied, Applied, Applied, Applied, Failed]
    assert stage.count(FOUND) == 2


def test_a_group_that_is_refused_in_any_case_is_told_with_the_reason(stage: Stage) -> None:
    changes = founding(stage)
    stage.emulator.faults.add(Fault(kind="code", code=40002, message="No.", path="bc/asset_group/create/", times=9))
    outcomes = do(stage, changes)
    assert kinds(outcomes) == [Failed, Failed, Refused, Failed, Refused]
    assert stage.count(FOUND) == 2


def test_a_group_whose_creation_got_no_answer_is_not_created_twice(stage: Stage) -> None:
    changes = founding(stage)
    stage.emulator.faults.add(Fault(kind="html_502", after=True, path="bc/asset_group/create/"))
    assert kinds(do(stage, changes)) == [Applied] * 5
    assert stage.count(FOUND) == 1


def test_what_a_founding_call_has_no_room_for_is_put_in_afterwards(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.providers.business_api.batches.MAX_GROUP_ASSETS", 2)
    monkeypatch.setattr("reconciler.providers.business_api.batches.MAX_GROUP_MEMBERS", 1)
    changes = founding(stage, accounts=("us", "eu", *ACCOUNTS), people=("ana", "bo", "cy"))
    assert kinds(do(stage, changes)) == [Applied] * len(changes)
    assert (stage.count(FOUND), stage.count(UPDATE_GROUP)) == (1, 2)


def test_a_group_is_filled_and_emptied_in_one_call_for_each_side(stage: Stage) -> None:
    do(stage, founding(stage, accounts=("us",), people=("ana",)))
    accounts, people = [f"europe/{key}" for key in ACCOUNTS], ["europe/bo", "europe/cy"]
    assert kinds(do(stage, grants(stage, "asset_group_asset", accounts))) == [Applied] * 4
    assert kinds(do(stage, grants(stage, "asset_group_access", people, role="operator"))) == [Applied] * 2
    assert stage.count(UPDATE_GROUP) == 2
    assert do(stage, grants(stage, "asset_group_asset", accounts, Action.REVOKE)) == [Applied()] * 4
    assert do(stage, grants(stage, "asset_group_access", people, Action.REVOKE)) == [Applied()] * 2
    assert stage.count(UPDATE_GROUP) == 4


def dissolving(
    stage: Stage, contents: Sequence[str] = ("access/europe/bo", "access/europe/cy", "asset/europe/us")
) -> list[Change]:
    leaving = [stage.change(Action.REVOKE, *f"asset_group_{each}".split("/", 1)) for each in contents]
    return [*leaving, stage.change(Action.DELETE_GROUP, "asset_group", "europe")]


def test_a_group_that_may_not_be_emptied_goes_in_one_call_with_all_that_is_in_it(stage: Stage) -> None:
    do(stage, founding(stage, accounts=("us",)))
    stage.emulator.faults.add(Fault(kind="code", code=40002, path="bc/asset_group/update/", times=9))
    assert do(stage, dissolving(stage)) == [Applied()] * 4
    assert (stage.count("POST bc/asset_group/delete/"), stage.count(UPDATE_GROUP)) == (1, 0)
    assert not [found for found in stage.provider.read(stage.scope).resources if "group" in found.kind]


def test_a_group_that_is_not_let_go_keeps_everybody_in_it(stage: Stage) -> None:
    do(stage, founding(stage, accounts=("us",)))
    stage.emulator.faults.add(Fault(kind="code", code=40001, message="No.", path="bc/asset_group/delete/"))
    assert kinds(do(stage, dissolving(stage))) == [Failed] * 4
    assert stage.live("asset_group_access", "europe/bo") is not None


def test_what_a_refused_call_would_have_taken_is_not_told_as_taken(stage: Stage) -> None:
    do(stage, founding(stage))
    changes = grants(stage, "asset_group_access", ["europe/bo", "europe/cy"], Action.REVOKE)
    stage.emulator.faults.add(Fault(kind="code", code=40105, path="bc/asset_group/update/", times=9))
    assert kinds(do(stage, changes)) == [Failed] * 2


def test_what_leaves_a_group_that_stays_or_another_group_goes_without_it(stage: Stage) -> None:
    do(stage, founding(stage, accounts=("us",)))
    *leaving, deletion = dissolving(stage)
    assert stage.provider.together(stage.scope, leaving) == 2
    other = replace(deletion, address=deletion.address._replace(key="asia"))
    assert stage.provider.together(stage.scope, [*leaving, other]) == 2


def test_a_pixel_gets_and_loses_ad_accounts_in_one_call(stage: Stage) -> None:
    keys = ["web/us", "web/eu"]
    assert kinds(do(stage, grants(stage, "pixel_use", keys))) == [Applied] * 2
    assert do(stage, grants(stage, "pixel_use", keys, Action.REVOKE)) == [Applied()] * 2
    assert stage.count("POST bc/pixel/link/update/") == 2


def test_a_partner_gets_and_loses_ad_accounts_in_one_call(stage: Stage) -> None:
    assert isinstance(stage.do(Action.ADD_PARTNER, "partner", "north"), Applied)
    keys = ["north/us", "north/eu"]
    assert kinds(do(stage, grants(stage, "partner_share", keys, Action.SHARE, role="operator"))) == [Applied] * 2
    assert stage.count("POST bc/partner/add/") == 2
    assert do(stage, grants(stage, "partner_share", keys, Action.UNSHARE)) == [Applied()] * 2
    assert stage.count("POST bc/partner/asset/delete/") == 1
    assert NORTH in {found.identity for found in stage.provider.read(stage.scope).resources.values()}


def test_shares_with_another_role_or_partner_go_alone(stage: Stage) -> None:
    [first] = grants(stage, "partner_share", ["north/us"], Action.SHARE, role="operator")
    [role] = grants(stage, "partner_share", ["north/eu"], Action.SHARE, role="analyst")
    [partner] = grants(stage, "partner_share", ["south/eu"], Action.SHARE, role="operator")
    assert stage.provider.together(stage.scope, [first, role]) == 1
    assert stage.provider.together(stage.scope, [first, partner]) == 1


def test_what_the_interface_takes_one_by_one_goes_alone(stage: Stage) -> None:
    changes = grants(stage, "ad_account_access", ["us/bo", "us/cy"], role="operator")
    assert stage.provider.together(stage.scope, changes) == 1


@pytest.mark.parametrize(("bundles", "kind"), [(bundles, kind) for bundles in (GIVING, TAKING) for kind in bundles])
def test_wording_a_call_makes_none(stage: Stage, bundles: Mapping[str, Bundle], kind: str) -> None:
    """Whatever number it lacks has been read before, or the change fails."""
    key = {
        "member": "n01",
        "pixel_use": "web/us",
        "asset_group_asset": "europe/us",
        "asset_group_access": "europe/bo",
        "partner_share": "north/us",
    }[kind]
    role = "standard" if kind == "member" else "operator"
    (change,) = grants(stage, kind, [key], role=role)
    calls = stage.client.calls
    task = Task(writer=Writer(Session(stage.client, stage.scope)), change=change)
    with suppress(ApiError):
        bundles[kind].body([task])
    assert stage.client.calls == calls
