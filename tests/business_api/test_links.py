"""Links to TikTok accounts, of which the platform shows that they stand and not what their owners allow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from reconciler.audit.log import AuditLog
from reconciler.core.outcome import Outcome, Waits
from reconciler.core.plan import Plan
from reconciler.core.settings import GuardSettings
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.ports import LinkCode
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.providers.sandbox.codes import find_code
from reconciler.providers.sandbox.organizations import get_organization
from reconciler.providers.sandbox.people import approve, scan
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.process import SystemTimer
from reconciler.workflows.applying import Run, apply_plan
from reconciler.workflows.leases import LeaseTerms
from reconciler.workflows.planning import PlanRequest, make_plan
from tests.business_api.stage import Stage, staged
from tests.sandbox.stage import refused

Screen = Callable[[LinkCode], None] | None


class Office:
    """A workspace around the staged Business Center; links are all that changes in it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.store = LocalFileStore(folder)
        self.screen: Screen = lambda code: stage.codes.append((code.handle, code.text))

    def plan(self, **links: list[str]) -> Plan:
        """A plan for exactly these links: key -> permissions."""
        return make_plan(self.request(links), provider_for=lambda _: self.provider(), store=self.store)

    def apply(self, **links: list[str]) -> list[Outcome]:
        request, provider = self.request(links), self.provider()
        plan = make_plan(request, provider_for=lambda _: provider, store=self.store)
        run = Run(clock=self.stage.world, terms=LeaseTerms(timer=SystemTimer()), audit=AuditLog(self.store))
        report = apply_plan(plan, request, provider_for=lambda _: provider, store=self.store, run=run)
        return [outcome for _, outcome in report.results]

    def provider(self) -> BusinessApiProvider:
        return BusinessApiProvider(self.stage.client, clock=self.stage.world, show_code=self.screen)

    def request(self, links: dict[str, list[str]]) -> PlanRequest:
        accounts = {key: {"handle": f"@{key}", "permissions": permissions} for key, permissions in links.items()}
        center = {
            "system": "business_center",
            "id": "6900000000000000001",
            "members": {"ana": "admin"},
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
        assert not outcome.is_blind
    assert [handle for handle, _ in office.stage.codes] == ["@dee", "@dee"]
    approve(office.stage.world, "@dee", "bc")
    assert office.apply(dee=wanted) == []
    plan = office.plan(dee=wanted)
    assert plan.is_settled
    assert [found.address for found in plan.organizations[0].drift if not found.is_unmanaged] == []


def test_other_permissions_are_asked_for_once_because_nothing_shows_what_came_of_it(office: Office) -> None:
    assert office.apply(acme=["existing_posts"]) == []
    more = ["existing_posts", "live"]
    plan = office.plan(acme=more)
    assert actions(plan) == [("change_link", "acme")]
    assert plan.changes[0].before is not None
    assert plan.changes[0].before.attributes == {"permissions": ("existing_posts",)}
    (outcome,) = office.apply(acme=more)
    assert isinstance(outcome, Waits)
    assert "from now on it is taken to be as declared" in outcome.why
    settled = office.plan(acme=more)
    assert settled.is_settled
    assert [found.address for found in settled.organizations[0].drift if not found.is_unmanaged] == []
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
    code = find_code(office.stage.world, get_organization(office.stage.world, "bc"))
    assert code is not None
    assert bool(code["ads_only"]) is is_narrowed
    if is_narrowed:
        with refused("invalid"):
            scan(office.stage.world, "@dee", "bc", "approve", "publish_to_profile")
    scan(office.stage.world, "@dee", "bc", "approve", ",".join(wanted))


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
    run = Run(clock=office.stage.world, terms=LeaseTerms(timer=SystemTimer()), audit=AuditLog(office.store))
    report = apply_plan(offline, request, provider_for=lambda _: provider, store=office.store, run=run)
    assert [type(outcome) for _, outcome in report.results] == [Waits]
