"""Rows that hide what they are called by: whoever or whatever was not found may be behind one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from reconciler.apply.journal import LeaseTerms
from reconciler.apply.state_editor import StateEditor
from reconciler.features.drift.document import document_of_drift
from reconciler.features.drift.drift import remember, survey
from reconciler.model import Action, Address, Applied, Organization, Resource, Status, Unknown
from reconciler.output.document import Style
from reconciler.output.text import render_text
from reconciler.providers.business_api.client import Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.sandbox.api.calls import user_id
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.people import accept, invite_by_hand
from reconciler.sandbox.registry import get_person
from reconciler.stores.rules import SystemTimer
from tests.business_api.facts import invitations
from tests.business_api.stage import PEOPLE, SCOPE, WorldTicker, staged
from tests.business_api.story import EMAILS, TOKEN, Story, access, desired, members

CY = Address("acme-bc", "member", "cy")
HANDLE, CREATOR = (Address("acme-bc", "tiktok_account", key) for key in ("handle", "creator"))

Blank = Callable[[dict[str, Any]], dict[str, Any]]


class Hiding(httpx2.BaseTransport):
    """Passes everything on, and takes something out of the rows of one list."""

    def __init__(self, path: str, blank: Blank) -> None:
        self.inner: httpx2.BaseTransport | None = None
        self._path = path
        self._blank = blank

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert self.inner is not None
        response = self.inner.handle_request(request)
        if not request.url.path.endswith(self._path):
            return response
        body = json.loads(response.read())
        body["data"]["list"] = [self._blank(row) for row in body["data"]["list"]]
        return httpx2.Response(200, text=json.dumps(body))


def without_address(name: str) -> Blank:
    """The member of this name shows no address."""
    return lambda row: {**row, "user_email": None} if row["user_name"] == name else row


class Hidden:
    """Wires for a story in which a member shows no address."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, emulator: Emulator, ticker: WorldTicker) -> Client:
        hiding = Hiding("bc/member/get/", without_address(self._name))
        hiding.inner = BusinessApiTransport(emulator, sleep=ticker.sleep)
        return Client(Connection(access_token=TOKEN, workers=1), transport=hiding, ticker=ticker)


def test_a_member_without_an_address_keeps_all_who_were_not_found_from_being_invited_or_removed(tmp_path: Path) -> None:
    options = {"keyword_finds_masked": False, "tier": "unlimited"}
    story = Story(tmp_path, Hidden("gil"), options=options, knobs={})
    try:
        plan = story.plan()
        touched = {(change.action, change.address.key) for change in plan.changes if change.address.kind == "member"}
        # Jon was invited in the wrong role, Eve is not declared, Hal is an admin; all of them were found.
        assert touched == {
            (Action.REINVITE, "jon"),
            (Action.REMOVE, "eve"),
            (Action.CHANGE_ROLE, "hal"),
        }
        waiting = {
            item.address.key: item.why
            for part in plan.organizations
            for item in part.waiting
            if item.address.kind == "member" and item.on == "somebody who can tell"
        }
        assert waiting.keys() == {"cy", "gil", "iva"}
        assert "is shown without an e-mail address and may be anybody who was not found" in waiting["gil"]
        before = {key: role for key, role in access(story.world).items() if key.endswith("/gil")}
        story.run()
        assert members(story.world).keys() == {"ana", "bo", "gil", "hal", "jon"}
        invited = invitations(story.world, EMAILS)
        assert invited["cy"] == invited["iva"] == 0
        assert {key: role for key, role in access(story.world).items() if key.endswith("/gil")} == before
    finally:
        story.close()


def test_a_member_without_an_address_is_known_by_a_search_for_the_whole_one(tmp_path: Path) -> None:
    story = Story(tmp_path, Hidden("gil"), options={}, knobs={})
    try:
        story.play()
        story.conclude()
    finally:
        story.close()


def test_an_audit_says_since_when_somebody_cannot_be_told_apart_and_what_ends_that(tmp_path: Path) -> None:
    story = Story(tmp_path, Hidden("gil"), options={"keyword_finds_masked": False, "tier": "unlimited"}, knobs={})
    try:
        terms = LeaseTerms(timer=SystemTimer())
        editor = StateEditor(store=story.store, terms=terms, clock=story.world)
        began = story.world.now().date()

        def provider_for(_: Organization) -> BusinessApiProvider:
            return BusinessApiProvider(story.client, clock=story.world)

        for _ in range(2):
            report = survey(story.request(), provider_for=provider_for, store=story.store)
            remember(report, editor, story.desired)
            story.world.advance(timedelta(days=3))
        doubts = {one.address.key: one for one in report.organizations[0].doubts}
        assert {one.since for one in doubts.values()} == {began}
        assert doubts["gil"].ends == "an answer in the manifests, or a look that can tell"
        told = render_text(document_of_drift(report), Style())
        assert f"cannot be told apart since {began}: bc/member/gil (member 68" in " ".join(told.split())
    finally:
        story.close()


def test_the_answer_to_the_question_that_a_plan_asks_settles_it(tmp_path: Path) -> None:
    story = Story(tmp_path, Hidden("gil"), options={"keyword_finds_masked": False, "tier": "unlimited"}, knobs={})
    try:
        [why] = {one.why for one in story.plan().waiting if one.address == Address("bc", "member", "gil")}
        _, _, line = why.partition("Add `identities: ")
        story.desired = desired(gil=yaml.safe_load(line.partition("`")[0]))
        story.play()
        story.conclude()
    finally:
        story.close()


def test_somebody_who_was_found_is_removed_for_good_next_to_a_member_without_an_address() -> None:
    hiding = Hiding("bc/member/get/", without_address("cy"))
    with staged(transport=hiding, keyword_finds_masked=False) as stage:
        hiding.inner = BusinessApiTransport(stage.emulator, sleep=stage.ticker.sleep)
        invite_by_hand(stage.world, "ana", "cy", "bc", "standard")
        accept(stage.world, "cy", "bc")
        assert isinstance(stage.provider.read(SCOPE).find(CY), Unknown)
        assert stage.do(Action.REMOVE, "member", "bo") == Applied(live=None)


@pytest.mark.parametrize("number", ["0", "", "-", "6800000000000000001"])
def test_a_number_that_says_nothing_of_who_was_invited_leaves_everybody_readable(number: str) -> None:
    """The last one is that of a member, which every invitation shows."""
    hiding = Hiding(
        "bc/member/get/",
        lambda row: {**row, "user_id": number} if row["relation_status"] == "PENDING" else row,
    )
    with staged(transport=hiding) as stage:
        hiding.inner = BusinessApiTransport(stage.emulator, sleep=stage.ticker.sleep)
        for key in ("cy", "gus@north.example"):
            assert isinstance(stage.do(Action.INVITE, "member", key, role="standard"), Applied)
        live = stage.provider.read(replace(SCOPE, people={**PEOPLE, "gus": ("gus@north.example",)}))
    assert not live.unknown
    seen = {
        one.address.key: (one.status, bool(one.platform_id))
        for one in live.resources.values()
        if one.address.kind == "member"
    }
    in_, invited = (Status.ACTIVE, True), (Status.INVITED, False)
    assert seen == {"ana": in_, "bo": in_, "cy": invited, "gus": invited}


def test_access_of_a_member_whose_number_is_not_shown_is_unknown() -> None:
    hiding = Hiding("bc/member/get/", lambda row: {**row, "user_id": "0"} if row["user_name"] == "bo" else row)
    with staged(transport=hiding) as stage:
        hiding.inner = BusinessApiTransport(stage.emulator, sleep=stage.ticker.sleep)
        live = stage.provider.read(SCOPE)
        number = user_id(get_person(stage.world, "bo"))
        told = stage.provider.read(replace(SCOPE, platform_ids={number: "bo"}))
    assert isinstance(live.find(Address("acme-bc", "member", "bo")), Resource)
    for kind, asset in (("ad_account", "us"), ("pixel", "web"), ("tiktok_account", "handle")):
        found = live.find(Address("acme-bc", f"{kind}_access", f"{asset}/bo"))
        assert isinstance(found, Unknown)
        assert "shows no number of theirs" in found.reason
    assert not told.unknown, "a number that the manifests or an earlier look tell is as good"


def test_an_account_without_a_name_does_not_make_a_declared_one_look_absent() -> None:
    hiding = Hiding("bc/asset/admin/get/", lambda row: {**row, "asset_name": None})
    with staged(transport=hiding) as stage:
        hiding.inner = BusinessApiTransport(stage.emulator, sleep=stage.ticker.sleep)
        live = stage.provider.read(SCOPE)
    for address in (HANDLE, CREATOR):
        found = live.find(address)
        assert isinstance(found, Unknown)
        assert "whose handle is not shown; if it is, add `id: " in found.reason
    assert not [found for found in live.resources if found.kind.startswith("tiktok_account")]
    access_of_bo = live.find(Address("acme-bc", "tiktok_account_access", "handle/bo"))
    assert isinstance(access_of_bo, Unknown)
    assert isinstance(live.find(Address("acme-bc", "tiktok_account_use", "handle/us")), Unknown)


def test_an_account_without_a_name_says_nothing_once_all_declared_ones_were_found() -> None:
    def hide_others(row: dict[str, Any]) -> dict[str, Any]:
        return row if row["asset_name"] in ("@acme", "acme") else {**row, "asset_name": None}

    hiding = Hiding("bc/asset/admin/get/", hide_others)
    scope = replace(SCOPE, assets={key: name for key, name in SCOPE.assets.items() if key[1] != "creator"})
    with staged(transport=hiding, scope=scope) as stage:
        hiding.inner = BusinessApiTransport(stage.emulator, sleep=stage.ticker.sleep)
        live = stage.provider.read(scope)
    assert isinstance(live.find(HANDLE), Resource)
    assert not [prefix for prefix in live.unknown if "tiktok_account" in prefix]
