"""What the platform says to requests that make no sense, and with which code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.sandbox.apps import add_app, remove_manager
from reconciler.sandbox.assets import (
    add_asset,
    answer_access,
    grant,
    request_access,
    request_link,
    set_group_role,
    take_back_access,
)
from reconciler.sandbox.partners import add_partner, answer_partnership, share, unshare
from reconciler.sandbox.people import remove_by_hand, set_role_by_hand
from reconciler.sandbox.world import Refusal
from tests.sandbox.stage import EU, NORTH, OF_DEE, US, Stage, refused

ANA = "ana@acme.example"


def _add(on: Stage, kind: str) -> None:
    add_asset(on.world, kind, "1", None)


def _ask(on: Stage, kind: str, identity: str) -> None:
    request_access(on["bc"], actor=on.person("ana"), kind=kind, identity=identity)


def _answer(on: Stage, owner: str) -> None:
    answer_access(on["bc"], owner=on.person(owner), kind="ad_account", identity=OF_DEE, agree=True)


def _with_partner(on: Stage) -> Stage:
    add_partner(on["bc"], actor=on.person("ana"), partner=NORTH)
    return on


def _answer_partner(on: Stage) -> None:
    answer_partnership(_with_partner(on)["bc"], actor=on.person("gus"), partner=NORTH, approve=True)


def _share(on: Stage, role: str) -> None:
    share(_with_partner(on)["bc"], actor=on.person("ana"), partner=NORTH, identity=US, role=role)


REQUESTS: dict[str, tuple[str, Callable[[Stage], None]]] = {
    "an app of a Business Center": ("invalid", lambda on: add_app(on.world, "awx", on["bc"])),
    "an app nobody manages": (
        "unknown",
        lambda on: remove_manager(on["owned"], actor=on.person("ana"), client_key="awx-lab", address="cy@acme.example"),
    ),
    "an asset of no kind": ("invalid", lambda on: _add(on, "yacht")),
    "asking for a TikTok account without a code": ("invalid", lambda on: _ask(on, "tiktok_account", "@dee")),
    "asking for what one has": ("already-invited", lambda on: _ask(on, "ad_account", US)),
    "answering for another owner": ("not-the-owner", lambda on: _answer(on, "cy")),
    "answering what nobody asked": ("unknown", lambda on: _answer(on, "dee")),
    "taking back what was never given": (
        "unknown",
        lambda on: take_back_access(on["north"], owner=on.person("dee"), kind="ad_account", identity=OF_DEE),
    ),
    "a grant on a kind without grants": (
        "invalid",
        lambda on: grant(on["bc"], actor=on.person("ana"), kind="yacht", identity="1", address=ANA, roles=["admin"]),
    ),
    "a role in a group that is not there": (
        "unknown",
        lambda on: set_group_role(on["bc"], actor=on.person("ana"), name="none", address=ANA, role="admin"),
    ),
    "refusing a code that was never shown": (
        "unknown",
        lambda on: answer_access(on["bc"], owner=on.person("dee"), kind="tiktok_account", identity="@dee", agree=False),
    ),
    "scanning a code that was never shown": (
        "unknown",
        lambda on: answer_access(on["bc"], owner=on.person("dee"), kind="tiktok_account", identity="@dee", agree=True),
    ),
    "answering a partnership that stands": ("unknown", _answer_partner),
    "sharing with a role that is none": ("invalid", lambda on: _share(on, "boss")),
    "sharing what no partner can have": (
        "invalid",
        lambda on: share(
            _with_partner(on)["bc"], actor=on.person("ana"), partner=NORTH, kind="lead_library", identity="1"
        ),
    ),
    "ending a share that is none": (
        "unknown",
        lambda on: unshare(_with_partner(on)["bc"], actor=on.person("ana"), partner=NORTH, identity=EU),
    ),
    "removing a stranger": ("unknown", lambda on: remove_by_hand(on.world, "ana", "stranger@acme.example", "bc")),
    "a role for somebody who is not in": (
        "unknown",
        lambda on: set_role_by_hand(on.world, "ana", "gus", "bc", "standard"),
    ),
}


@pytest.mark.parametrize("request_", list(REQUESTS))
def test_the_platform_refuses(stage: Stage, request_: str) -> None:
    word, attempt = REQUESTS[request_]
    with refused(word):
        attempt(stage)


def test_an_asset_that_nobody_owns_has_nobody_to_answer(stage: Stage) -> None:
    add_asset(stage.world, "pixel", "1", None)
    with refused("unknown"):
        _ask(stage, "pixel", "1")


def test_a_lapsed_code_is_called_so(stage: Stage) -> None:
    request_link(stage["bc"], actor=stage.person("ana"), handle="@dee", permissions=["live"])
    stage.pass_time(hours=24)
    with refused("lapsed"):
        answer_access(stage["bc"], owner=stage.person("dee"), kind="tiktok_account", identity="@dee", agree=True)


@pytest.mark.parametrize(
    ("word", "in_business_center"),
    [("not-an-admin", "40001"), ("unknown", "40007"), ("not-supported", "40008"), ("cap", "40002")],
)
def test_business_center_answers_in_numbers_and_the_portals_in_words(word: str, in_business_center: str) -> None:
    refusal = Refusal(word, "no")
    assert (refusal.code("business_center"), refusal.code("developers")) == (in_business_center, word)
