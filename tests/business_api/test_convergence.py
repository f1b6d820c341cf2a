"""Whatever the platform does where its documentation is silent, and whatever goes wrong: the same access in the end.

Around every run the world is looked at by code that shares nothing with the provider: nobody who shall stay is ever
out, nobody is invited twice, and an admin is always there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx2
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconciler.providers.business_api.client import Client, Connection
from reconciler.sandbox.api.configuration import Options
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.world import Knobs
from tests.business_api.facts import invitations
from tests.business_api.stage import WorldTicker
from tests.business_api.story import EMAILS, TODAY, TOKEN, Story, facts_of, members
from tests.tiers import scaled

FAULTY_ROUNDS = 4

OPTIONS: dict[str, tuple[Any, ...]] = {
    "profile": ("gateway",),
    "tier": ("unlimited", "advanced", "premium", "ultimate"),
    "mask_emails": ("some", "none"),
    "keyword_finds_masked": (False,),
    "pending_user_id": ("empty", "zero", "repeated"),
    "rejected_rows": ("hidden",),
    "expired_rows": ("pending", "rejected"),
    "former_members": ("in",),
    "email_domains": (["acme.example"],),
    "outside_domains": ("dropped",),
    "standard_may_list_members": (True,),
    "core_user_id": ("other",),
    "write_visibility_delay": (4.0, 40.0),
    "page_size_above_maximum": ("clamp",),
    "unknown_fields": ("error",),
    "unknown_bc": ("40001", "40007"),
    "missing_scope": ("40130",),
    "self_delete": ("40001", "40002"),
    "reassign_same_role": ("40012", "40050"),
    "reassign_account_roles": ("add",),
    "reassign_role": ("ignored",),
    "unassign_missing": ("40002", "40007"),
    "shared_in_listed": (False,),
    "admin_access": ("by_asset", "everywhere"),
    "pixel_links_need_role": (True,),
    "pixel_updates_need_role": (True,),
    "account_names": ("title",),
    "account_handles": ("assets", "nowhere"),
    "group_access_listed": (True,),
    "group_member_again": ("ignored",),
    "group_get_shape": ("list",),
    "groups_may_be_empty": (False,),
    "partner_again": ("40002", "40050"),
    "share_again": ("ignored", "40002"),
    "pending_partners_listed": (True,),
    "row_order": ("shifting",),
    "codes": ({"unknown": 40002}, {"already-a-member": 40050, "unknown": 40001, "last-admin": 40001}),
}
"""Every option of the emulator, away from its default."""
KNOBS: dict[str, tuple[Any, ...]] = {
    "business_center_must_be_registered": (True,),
    "business_center_invitation_hours": (24,),
    "business_center_members": (9,),
    "last_admin_may_go": (True,),
    "admins_remove_admins": (False,),
    "partner_must_approve": (True,),
    "inviting_a_member_is_ignored": (False,),
}
"""Every knob of the world that a Business Center feels."""
OTHER_SYSTEMS = {"developers_", "organization_account_", "business_account_", "link_hours"}

WRITES = (
    *("bc/member/invite/", "bc/member/delete/", "bc/member/update/"),
    *("bc/asset/assign/", "bc/asset/unassign/", "bc/asset/advertiser/assign/", "bc/pixel/link/update/"),
    *("bc/asset_group/create/", "bc/asset_group/update/", "bc/partner/add/"),
)
READS = (
    "bc/get/",
    "bc/member/get/",
    "bc/asset/*",
    "bc/asset_group/*",
    "bc/partner/*",
    "bc/pixel/link/get/",
    "user/info/",
)
BROKEN = {
    "50002": Fault(kind="code", code=50002),
    "51060": Fault(kind="code", code=51060),
    "40202": Fault(kind="code", code=40202),
    "40100 storm": Fault(kind="code", code=40100, times=12),
    "html": Fault(kind="html_502"),
    "reset": Fault(kind="reset"),
    "slow": Fault(kind="slow", seconds=90.0),
    "stale": Fault(kind="stale", seconds=90.0),
}
FAULTS = st.lists(
    st.builds(
        Fault,
        kind=st.sampled_from(["code", "html_502", "reset", "slow", "stale"]),
        code=st.sampled_from([40001, 40002, 40100, 40202, 50000, 50002, 51060]),
        path=st.sampled_from(["*", "bc/member/*", "bc/asset/*", "bc/asset_group/*", "bc/partner/*", *WRITES]),
        method=st.sampled_from(["GET", "POST", ""]),
        after=st.booleans(),
        skip=st.integers(0, 12),
        times=st.integers(1, 4),
        seconds=st.sampled_from([5.0, 90.0]),
    ),
    max_size=3,
)


class SmallPages(BusinessApiTransport):
    """Lists of a few rows have several pages too, between which rows can trade places."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if "page_size" not in request.url.params:
            return super().handle_request(request)
        url = request.url.copy_set_param("page_size", "3")
        return super().handle_request(httpx2.Request(request.method, url, headers=request.headers))


def in_process(emulator: Emulator, ticker: WorldTicker) -> Client:
    """Without a port; whatever is waited for passes in the world."""
    kind = SmallPages if emulator.options.row_order == "shifting" else BusinessApiTransport
    transport = kind(emulator, sleep=ticker.sleep)
    return Client(Connection(access_token=TOKEN, workers=1), transport=transport, ticker=ticker)


def play(
    options: Mapping[str, Any], faults: Sequence[Sequence[Fault]] = (), *, knobs: Mapping[str, Any] | None = None
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="story-"))
    if "outside_domains" in options:
        options = {"email_domains": OPTIONS["email_domains"][0], **options}
    story = Story(folder, in_process, options=options, knobs=knobs or {})
    try:
        story.play(faults)
        story.conclude()
    finally:
        story.close()
        shutil.rmtree(folder)


def each(table: Mapping[str, Sequence[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def in_sets(table: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every value once, in as few sets as the longest row has values; its neighbours are in other sets or at rest."""
    sets: list[dict[str, Any]] = [{} for _ in range(max(map(len, table.values())))]
    for row, (name, values) in enumerate(table.items()):
        for column, value in enumerate(values):
            sets[(row + column) % len(sets)][name] = value
    return sets


def in_pairs(table: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Few sets in which every value, and every option at rest, meets every other one at least once."""
    choices = {name: (*values, None) for name, values in table.items()}
    cells = [(name, index) for name, values in choices.items() for index in range(len(values))]
    missing = {frozenset(pair) for pair in combinations(cells, 2) if pair[0][0] != pair[1][0]}
    sets = []
    while missing:
        row: list[tuple[str, int]] = sorted(min(missing, key=sorted))
        for name in [name for name in choices if name not in dict(row)]:
            gains = [sum(frozenset({(name, i), met}) in missing for met in row) for i in range(len(choices[name]))]
            row.append((name, gains.index(max(gains))))
        missing -= {frozenset(pair) for pair in combinations(row, 2)}
        sets.append({name: choices[name][index] for name, index in row if choices[name][index] is not None})
    return sets


def test_no_open_question_is_left_out() -> None:
    assert set(OPTIONS) == {field.name for field in fields(Options)}
    felt = {field.name for field in fields(Knobs) if not any(field.name.startswith(name) for name in OTHER_SYSTEMS)}
    assert set(KNOBS) == felt


def test_the_sets_hold_every_value() -> None:
    for table in (OPTIONS, KNOBS):
        held = [(name, value) for values in in_sets(table) for name, value in values.items()]
        assert sorted(map(str, held)) == sorted(map(str, each(table)))
    together = in_pairs(OPTIONS)
    for (one, first), (other, second) in combinations([*each(OPTIONS), *((name, None) for name in OPTIONS)], 2):
        assert one == other or any((row.get(one), row.get(other)) == (first, second) for row in together)


@pytest.mark.parametrize("options", in_sets(OPTIONS), ids=lambda options: "-".join(options)[:60])
def test_answers_to_many_open_questions_lead_to_the_same_access(options: dict[str, Any]) -> None:
    play(options)


@pytest.mark.parametrize("knobs", in_sets(KNOBS), ids=lambda knobs: "-".join(knobs)[:60])
def test_rules_that_a_world_may_have_lead_to_the_same_access(knobs: dict[str, Any]) -> None:
    play({}, knobs=knobs)


@pytest.mark.full
@pytest.mark.parametrize("options", in_pairs(OPTIONS))
def test_every_two_answers_lead_to_the_same_access(options: dict[str, Any]) -> None:
    play(options)


@pytest.mark.full
@pytest.mark.parametrize(("option", "value"), each(OPTIONS))
def test_every_answer_to_an_open_question_leads_to_the_same_access(option: str, value: object) -> None:
    play({option: value})


@pytest.mark.full
@pytest.mark.parametrize(("knob", "value"), each(KNOBS))
def test_every_rule_that_a_world_may_have_leads_to_the_same_access(knob: str, value: object) -> None:
    play({}, knobs={knob: value})


@pytest.mark.parametrize(
    ("name", "after"),
    [
        pytest.param(name, after, marks=[] if number % 2 == 0 and after is (number % 4 == 0) else pytest.mark.full)
        for number, name in enumerate(BROKEN)
        for after in (True, False)
    ],
)
def test_every_fault_of_every_writing_leads_to_the_same_access(name: str, *, after: bool) -> None:
    fault = replace(BROKEN[name], method="POST", after=after)
    play({"tier": "unlimited"}, [[replace(fault, path=path) for path in WRITES]])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full if number % 3 else []) for number, name in enumerate(BROKEN)]
)
def test_every_fault_of_every_reading_leads_to_the_same_access(name: str) -> None:
    fault = replace(BROKEN[name], method="GET")
    later = replace(fault, skip=9, times=3)
    play({"tier": "unlimited"}, [[replace(fault, path=path) for path in READS], [replace(later, path="*")]])


@settings(max_examples=scaled(8))
@given(
    options=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in OPTIONS.items()}),
    knobs=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in KNOBS.items()}),
    faults=st.lists(FAULTS, max_size=FAULTY_ROUNDS),
)
def test_all_of_it_together_leads_to_the_same_access(
    options: dict[str, Any], knobs: dict[str, Any], faults: list[list[Fault]]
) -> None:
    play(options, faults, knobs=knobs)


@pytest.mark.parametrize("code", ["40001", "40130"])
def test_what_the_token_may_not_see_is_left_alone(code: str, tmp_path: Path) -> None:
    story = Story(tmp_path, in_process, options={"missing_scope": code}, knobs={}, scopes="150,156")
    try:
        before = facts_of(story.world)
        story.play()
        # Whoever was removed has lost their access with it.
        kept = {key: role for key, role in before.items() if not key.startswith("member/") and not key.endswith("/eve")}
        assert {key: role for key, role in facts_of(story.world).items() if not key.startswith("member/")} == kept
        assert members(story.world).keys() == {"ana", "bo", "cy", "gil", "hal", "iva", "jon"}
        assert invitations(story.world, EMAILS)["cy"] == 1
    finally:
        story.close()


def test_what_nobody_answers_is_asked_again_or_overdue_and_never_pending_for_ever(tmp_path: Path) -> None:
    """Over half a year, where an invitation that ran out is listed as pending like any other."""
    knobs = {"business_center_invitation_hours": 24}
    story = Story(tmp_path, in_process, options={"expired_rows": "pending", "tier": "unlimited"}, knobs=knobs)
    try:
        for _ in range(5):
            story.run()
            story.world.advance(timedelta(days=31))
        plan, sent = story.plan(), invitations(story.world, EMAILS)
        assert (sent["cy"], sent["iva"]) == (4, 4), "the first and three more"
        assert {found.change.address.key for found in plan.blocked if found.guard == "expired"} >= {"cy", "iva"}
        assert not {one.address.key for one in plan.waiting if one.address.kind == "member"}
        assert all(one.since and one.ends for one in plan.waiting)
        late = {one.on for one in plan.waiting if one.since and (plan.today - one.since).days >= 30}
        told = " ".join(one.message for one in plan.findings if one.id == "overdue")
        assert TODAY in {one.since for one in plan.waiting if one.on == "cy"}, "access waits since the first invitation"
        assert not {on for on in late if f" for {on} since " not in told}
    finally:
        story.close()


@pytest.mark.parametrize("expired_rows", OPTIONS["expired_rows"] + ("hidden",))
def test_invitations_that_nobody_answers_in_time_are_not_sent_over_and_over(expired_rows: str, tmp_path: Path) -> None:
    knobs = {"business_center_invitation_hours": 1}
    story = Story(tmp_path, in_process, options={"expired_rows": expired_rows}, knobs=knobs)
    try:
        story.play()
        assert members(story.world).keys() == {"ana", "bo", "gil", "hal"}
        assert story.plan().changes == ()
    finally:
        story.close()
