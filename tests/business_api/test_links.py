"""Links to TikTok accounts, of which the platform shows that they stand and not what their owners allow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.state_editor import StateEditor
from reconciler.features.drift.drift import confirm, survey
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, GuardSettings, LinkCode, Outcome, Plan, ReconcilerError, Waits
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.sandbox.assets import open_codes
from reconciler.sandbox.people import approve, revoke, scan
from reconciler.sandbox.registry import get_organization
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.business_api.stage import Stage, staged
from tests.sandbox.stage import US, refused

Screen = Callable[[LinkCode], None] | None


class Office:
    """A workspace around the staged Business Center; links are all that changes in it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.store = LocalFileStore(folder)
        self.ad_account = ""
        self.screen: Screen = lambda code: stage.codes.append((code.handle, code.text))

    def plan(self, **links: list[str]) -> Plan:
        """A plan for exactly these links: key -> permissions."""
        return make_plan(self.request(links), provider_for=lambda _: self.provider(), store=self.store)

    def apply(self, **links: list[str]) -> list[Outcome]:
        request, provider = self.request(links), self.provider()
        plan = make_plan(request, provider_for=lambda _: provider, store=self.store)
        run = Run(clock=self.stage.world, terms=LeaseTerms(timer=SystemTimer()))
        report = apply_plan(plan, request, provider_for=lambda _: provider, store=self.store, run=run)
        return [outcome for _, outcome in report.results]

    def drift(self, **links: list[str]) -> list[tuple[str, str, str]]:
        """What an audit finds: sort, key, permissions."""
        report = survey(self.request(links), provider_for=lambda _: self.provider(), store=self.store)
        return [
            (item.found.sort.value, item.found.address.key, "+".join(item.found.live.attributes["permissions"]))
            for item in report.items
            if item.found.live is not None and not item.found.is_unmanaged
        ]

    def confirm(self, *values: str) -> None:
        editor = StateEditor(
            store=self.store,
            terms=LeaseTerms(timer=SystemTimer()),
            clock=self.stage.world,
        )
        confirm(Address("bc", "tiktok_account", "dee"), editor, values=values, evidence="seen on the page")

    def provider(self) -> BusinessApiProvider:
        return BusinessApiProvider(self.stage.client, clock=self.stage.world, show_code=self.screen)

    def request(self, links: dict[str, list[str]]) -> PlanRequest:
        accounts = {key: {"handle": f"@{key}", "permissions": permissions} for key, permissions in links.items()}
        used = [self.ad_account] if self.ad_account else []
        for account in accounts.values():
            account["ad_accounts"] = used
        center = {
            "system": "business_center",
            "id": "6900000000000000001",
            "members": {"ana": "admin"},
            "ad_accounts": {key: {"id": US} for key in used},
            "tiktok_accounts": accounts,
        }
        manifest = {"version": 1, "people": {"ana": {"email": "ana@acme.example"}}, "organizations": {"bc": center}}
        loaded = load_manifests([SourceFile("all.yaml", json.dumps(manifest).encode())], today=date(2026, 11, 22))
        assert loaded.desired is not None, loaded.findings
        settings = GuardSettings(min_admins=1)
        return PlanRequest(desired=loaded.desired, settings=settings, today=date(2026, 11, 22))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with staged() as stage:
        yield Office(stage, tmp_path)


def actions(plan: Plan) -> list[tuple[str, str]]:
    return [(change.action.value, change.address.key) for change in plan.changes]


def test_a_link_is_asked_for_again_until_it_stands_and_then_as_it_was_asked_for(office: Office) -> None:
    wanted = ["existing_posts", "live"]
    for _ in range(2):
        (outcome,) = office.apply(dee=wanted)
        assert isinstance(outcome, Waits)
        assert outcome.is_asked
    assert [handle for handle, _ in office.stage.codes] == ["@dee", "@dee"]
    approve(office.stage.world, "@dee", "bc")
    assert office.apply(dee=wanted) == []
    plan = office.plan(dee=wanted)
    assert plan.is_settled
    assert not plan.is_as_declared, "nobody knows yet"
    assert office.drift(dee=wanted) == [("unverified", "dee", "existing_posts+live")]


def test_other_permissions_are_asked_for_once_because_nothing_shows_what_came_of_it(office: Office) -> None:
    assert office.apply(acme=["existing_posts"]) == []
    more = ["existing_posts", "live"]
    plan = office.plan(acme=more)
    assert actions(plan) == [("change_link", "acme")]
    assert plan.changes[0].before is not None
    assert plan.changes[0].before.attributes == {"permissions": ("existing_posts",)}
    (outcome,) = office.apply(acme=more)
    assert isinstance(outcome, Waits)
    assert "unverified until somebody looks" in outcome.why
    assert office.plan(acme=more).is_settled
    assert office.drift(acme=more) == [("unverified", "acme", "existing_posts+live")]
    assert actions(office.plan(acme=["existing_posts"])) == [("change_link", "acme")]


@pytest.mark.parametrize(
    ("wanted", "is_narrowed"),
    [
        (["publish_ads_only"], True),
        (["existing_posts", "publish_ads_only"], True),
        (["existing_posts"], False),
        (["publish_ads_only", "publish_to_profile"], False),
    ],
)
def test_a_code_offers_publishing_to_the_profile_only_where_that_is_wanted(
    office: Office, wanted: list[str], is_narrowed: bool
) -> None:
    office.apply(dee=wanted)
    (code,) = open_codes(office.stage.world, get_organization(office.stage.world, "bc"))
    assert bool(code["ads_only"]) is is_narrowed
    if is_narrowed:
        with refused("invalid"):
            scan(office.stage.world, "@dee", "bc", "approve", "publish_to_profile")
    scan(office.stage.world, "@dee", "bc", "approve", ",".join(wanted))


@pytest.mark.parametrize("given", ["existing_posts,live", "live", "existing_posts,direct_message,publish_ads_only"])
def test_what_an_owner_allows_that_was_not_asked_for_is_found_by_the_next_drift_where_an_ad_account_shows_it(
    office: Office, given: str
) -> None:
    office.ad_account = "us"
    asked = ["existing_posts", "publish_ads_only"]
    office.apply(dee=asked)
    scan(office.stage.world, "@dee", "bc", "approve", given)
    office.apply(dee=asked)
    assert office.drift(dee=asked) == [("changed", "dee", "+".join(sorted(given.split(","))))]
    (outcome,) = office.apply(dee=asked)
    assert isinstance(outcome, Waits)
    assert "every further apply shows a new one" in outcome.why, "it is shown, so it is asked for until it is given"
    scan(office.stage.world, "@dee", "bc", "approve", ",".join(asked))
    assert office.apply(dee=asked) == []
    assert office.drift(dee=asked) == []


def test_what_was_shown_once_and_is_not_any_more_counts_as_seen_and_a_new_request_does_not(office: Office) -> None:
    office.ad_account = "us"
    office.apply(acme=["existing_posts"])
    office.apply(acme=["existing_posts"])
    office.stage.emulator.options = office.stage.emulator.options.changed({"account_handles": "nowhere"})
    office.apply(acme=["existing_posts"])
    assert office.drift(acme=["existing_posts"]) == [], "no title tells whose identity is shown"
    office.apply(acme=["existing_posts", "live"])
    assert office.drift(acme=["existing_posts", "live"]) == [("unverified", "acme", "existing_posts+live")]


def test_what_nothing_shows_is_unverified_until_somebody_says_what_they_saw(office: Office) -> None:
    asked = ["existing_posts"]
    office.apply(dee=asked)
    scan(office.stage.world, "@dee", "bc", "approve", "existing_posts,live")
    assert [sort for sort, *_ in office.drift(dee=asked)] == ["unverified"], "before anything recorded it"
    office.apply(dee=asked)
    assert office.drift(dee=asked) == [("unverified", "dee", "existing_posts")]
    office.confirm("existing_posts", "live")
    assert office.drift(dee=asked) == []
    assert actions(office.plan(dee=asked)) == [("change_link", "dee")], "what was seen is not what is declared"
    office.apply(dee=asked)
    assert office.drift(dee=asked) == [("unverified", "dee", "existing_posts")], "something else was asked for since"
    office.confirm()
    assert office.drift(dee=asked) == []
    assert office.plan(dee=asked).is_as_declared
    with pytest.raises(ReconcilerError, match="cannot have everything"):
        office.confirm("everything")
    revoke(office.stage.world, "@dee", "bc")
    office.apply(dee=asked)
    with pytest.raises(ReconcilerError, match="nothing about bc/tiktok_account/dee"):
        office.confirm()


def test_where_nobody_sees_a_code_none_is_made_and_the_link_is_asked_for_another_time(office: Office) -> None:
    office.apply(acme=["existing_posts"])
    office.screen = None
    wanted = {"acme": ["existing_posts", "live"], "dee": ["existing_posts"]}
    for outcome in office.apply(**wanted):
        assert isinstance(outcome, Waits)
        assert "apply from a terminal" in outcome.why
    assert office.stage.count("GET bc/asset/account/authorization/") == 0
    assert actions(office.plan(**wanted)) == [("change_link", "acme"), ("link", "dee")]


def test_a_plan_from_the_record_alone_is_the_plan_that_apply_finds(office: Office) -> None:
    office.apply(acme=["existing_posts"])
    request = office.request({"acme": ["existing_posts", "live"]})
    provider = office.provider()
    offline = make_plan(
        PlanRequest(desired=request.desired, settings=request.settings, today=request.today, refresh=False),
        provider_for=lambda _: provider,
        store=office.store,
    )
    assert actions(offline) == [("change_link", "acme")]
    run = Run(clock=office.stage.world, terms=LeaseTerms(timer=SystemTimer()))
    report = apply_plan(offline, request, provider_for=lambda _: provider, store=office.store, run=run)
    assert [type(outcome) for _, outcome in report.results] == [Waits]
