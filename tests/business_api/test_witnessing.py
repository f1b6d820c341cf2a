"""Who did what, from the activity log: by hand, by us, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from reconciler.model import Action, ActivityEntry, Address, ProviderError, Witness
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.members import invite, remove
from reconciler.sandbox.registry import get_organization, get_person
from tests.business_api.scripted import envelope, scripted
from tests.business_api.stage import SCOPE, Stage, staged
from tests.sandbox.stage import START


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def deeds(stage: Stage, *, days: int = 1) -> list[tuple[str, str, str]]:
    """Who, what, and the address it is about."""
    now = stage.world.now()
    found = stage.provider.read_activity(stage.scope, since=now - timedelta(days=days), until=now)
    return [(deed.who, deed.what, str(deed.address or "")) for deed in found]


def test_what_an_admin_did_by_hand_is_told_with_who_and_what_it_is_about(stage: Stage) -> None:
    bc, ana = get_organization(stage.world, "bc"), get_person(stage.world, "ana")
    remove(bc, actor=ana, address="bo@acme.example")
    assert deeds(stage) == [("ana", "removed bo@acme.example", "acme-bc/member/bo")]


def test_the_log_is_told_oldest_first_and_only_between_the_two_moments(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    stage.world.advance(timedelta(hours=2))
    stage.do(Action.GRANT, "ad_account_access", "us/bo", role="analyst")
    told = deeds(stage)
    assert [what for _, what, _ in told] == [
        "invited cy@acme.example as standard",
        "bo@acme.example has analyst on ad_account 7100000000000000001",
    ]
    assert told[1][2] == "acme-bc/ad_account_access/us/bo"
    since = START + timedelta(hours=1)
    late = stage.provider.read_activity(SCOPE, since=since, until=stage.world.now())
    assert [deed.what for deed in late] == [told[1][1]]


def test_a_long_time_is_asked_for_in_pieces_that_miss_no_day(stage: Stage) -> None:
    bc = get_organization(stage.world, "bc")
    for day in range(400):
        bc.log("leave", f"{day}", actor=None)
        stage.world.advance(timedelta(days=1))
    now = stage.world.now()
    found = stage.provider.read_activity(SCOPE, since=START, until=now)
    assert [deed.what for deed in found] == [str(day) for day in range(400)]
    assert stage.count("GET changelog/get/") == 9  # 180, 180 and 41 days, fifty entries a page


def test_a_log_that_may_not_be_read_says_which_scope_is_missing(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="code", code=40001, path="changelog/*", times=9))
    with pytest.raises(ProviderError) as caught:
        deeds(stage)
    assert "scope 2, Ads Management" in caught.value.advice


def test_somebody_who_is_no_member_any_more_is_told_by_the_number_that_was_learnt() -> None:
    with staged(person="ana") as stage:
        number = stage.provider.read(SCOPE)
        ((_, bo),) = [(a, r) for a, r in number.resources.items() if a.key == "bo" and a.kind == "member"]
        bc = get_organization(stage.world, "bc")
        stage.do(Action.CHANGE_ROLE, "member", "bo", role="admin")
        invite(bc, actor=get_person(stage.world, "bo"), address="new@acme.example", role="standard")
        stage.do(Action.REMOVE, "member", "bo")
        forgetful = BusinessApiProvider(stage.client, clock=stage.world)
        window = {"since": START, "until": stage.world.now()}
        unknown = [deed.who for deed in forgetful.read_activity(SCOPE, **window)]
        assert unknown == ["ana", bo.platform_id, "ana"]
        knowing = replace(SCOPE, platform_ids={bo.platform_id: "bo"})
        assert [deed.who for deed in forgetful.read_activity(knowing, **window)] == ["ana", "bo", "ana"]


@pytest.mark.parametrize("time", ["yesterday", None, "2026-11-22"])
def test_an_entry_without_a_time_spoils_the_reading(time: str | None) -> None:
    row = {"time": time, "activity_type": "USER", "operator_id": None, "activity_log": "x"}
    info = {"page": 1, "page_size": 50, "total_number": 1, "total_page": 1}
    answer: httpx2.Response = envelope({"changelog_list": [row], "page_info": info})
    client, _, _ = scripted(answer)
    with staged() as stage, pytest.raises(ProviderError, match="is no time"):
        BusinessApiProvider(client, clock=stage.world).read_activity(SCOPE, since=START, until=START)


def test_the_sandbox_tells_the_same_without_the_interface(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    sandbox = SandboxProvider(stage.world)
    scope = replace(SCOPE, keys={"cy@acme.example": "cy"})
    window = {"since": datetime(2026, 11, 22, tzinfo=UTC), "until": stage.world.now()}
    (deed,) = sandbox.read_activity(scope, **window)
    assert deed == stage.provider.read_activity(scope, **window)[0]
    address = Address("acme-bc", "member", "cy")
    assert deed == ActivityEntry(at=deed.at, who="ana", what="invited cy@acme.example as standard", address=address)
    assert deed.at - START < timedelta(minutes=1)
    assert all(isinstance(provider, Witness) for provider in (sandbox, stage.provider))
