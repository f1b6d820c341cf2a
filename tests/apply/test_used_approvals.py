"""An approval lets one attempt through, whatever comes of it; judged by what the sandbox has sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Change, GuardSettings, Outcome, Plan, Provider, Scope
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox import people
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import terms
from tests.sandbox.faulty import FaultyProvider, Script

BEGIN = datetime(2026, 11, 22, 9, tzinfo=UTC)
MANIFEST = """
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, eve: {email: eve@acme.example}}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin, eve: standard}
"""
APPROVAL = "  - {approve: invite, address: bc/member/eve, reason: SEC-1, expires: 2026-12-31}\n"


class Killed(BaseException):
    """The process ends here."""


class Deadly(SandboxProvider):
    """The process is killed while the call is under way, before the system hears of it."""

    def apply(self, _scope: Scope, _change: Change) -> Outcome:
        raise Killed


@dataclass
class Place:
    """A Business Center whose third member declines whatever she is sent."""

    world: World
    store: LocalFileStore
    approvals: str = ""
    script: dict[int, str] = field(default_factory=dict)

    def request(self) -> PlanRequest:
        text = MANIFEST + (f"approvals:\n{self.approvals}" if self.approvals else "")
        loaded = load_manifests([SourceFile("access.yaml", text.encode())], today=self.world.now().date())
        assert loaded.desired is not None, loaded.findings
        return PlanRequest(desired=loaded.desired, settings=GuardSettings(), today=self.world.now().date(), retry=True)

    def plan(self) -> Plan:
        return make_plan(self.request(), provider_for=lambda _: SandboxProvider(self.world), store=self.store)

    def apply(self, provider: Provider | None = None) -> Plan:
        plan, used = self.plan(), provider or SandboxProvider(self.world)
        run = Run(clock=self.world, terms=terms())
        apply_plan(plan, self.request(), provider_for=lambda _: used, store=self.store, run=run)
        return plan

    def sent(self) -> int:
        rows = self.world.rows("SELECT count(*) AS n FROM event WHERE text LIKE '%invited eve%'", {})
        return int(rows[0]["n"])

    def decline(self) -> None:
        people.decline(self.world, "eve", "bc")
        self.world.advance(timedelta(days=1))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with World.in_memory(clock=lambda: BEGIN) as world:
        people_there = {key: {"email": f"{key}@acme.example"} for key in ("ana", "bo", "eve")}
        center = {"system": "business_center", "id": "6900000000000000001", "members": {"ana": "admin", "bo": "admin"}}
        load_seed(world, {"version": 1, "people": people_there, "organizations": {"bc": center}})
        here = Place(world=world, store=LocalFileStore(tmp_path))
        here.apply()
        here.decline()
        yield here


def told(plan: Plan) -> list[str]:
    return [finding.id for finding in plan.findings]


def test_somebody_who_declines_again_is_not_invited_on_the_same_approval(place: Place) -> None:
    place.approvals = APPROVAL
    for _ in range(4):
        place.apply()
        with suppress(Exception):
            place.decline()
    assert place.sent() == 2
    assert told(place.plan()) == ["used-approval"]


def test_another_line_is_another_approval(place: Place) -> None:
    place.approvals = APPROVAL
    place.apply()
    place.decline()
    place.approvals += APPROVAL.replace("SEC-1", "SEC-2")
    place.apply()
    assert place.sent() == 3
    place.decline()
    assert place.plan().changes == ()


def test_the_same_line_in_another_place_is_the_same_approval(place: Place) -> None:
    place.approvals = APPROVAL
    place.apply()
    place.decline()
    place.approvals = APPROVAL.replace("SEC-1", "SEC-0").replace("invite", "remove") + APPROVAL
    assert place.plan().changes == ()


def test_an_attempt_that_fails_uses_it_up(place: Place) -> None:
    place.approvals = APPROVAL
    place.apply(FaultyProvider(SandboxProvider(place.world), Script(fail={1: "refused"})))
    assert place.sent() == 1
    assert place.plan().changes == ()


def test_an_attempt_that_is_cut_off_uses_it_up(place: Place) -> None:
    place.approvals = APPROVAL
    with pytest.raises(Killed):
        place.apply(Deadly(place.world))
    plan = place.plan()
    assert place.sent() == 1
    assert plan.changes == ()
    assert told(plan) == ["used-approval"]
    place.apply()
    assert told(place.plan()) == ["used-approval"]


def test_what_was_only_planned_uses_nothing_up(place: Place) -> None:
    place.approvals = APPROVAL
    place.plan()
    assert [change.approval_terms for change in place.plan().changes] == [("SEC-1", date(2026, 12, 31))]
