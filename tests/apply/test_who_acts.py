"""Apply, as far as it is about who carries a change out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Applied, Change, GuardSettings, Outcome, Provider, Refused, Scope
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.people import leave
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import Refusal, World
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import NOW, TODAY, Still, terms
from tests.sandbox.faulty import FaultyProvider, Script

PEOPLE = {key: {"email": f"{key}@acme.example"} for key in ("ana", "bo", "cy", "eve")}


def applied(folder: Path, provider: Provider, manifest: str) -> Mapping[str, Outcome]:
    """What became of each change of one plan, by address."""
    request, store = _request(manifest), LocalFileStore(folder)
    plan = make_plan(request, provider_for=lambda _: provider, store=store)
    run = Run(clock=Still(), terms=terms())
    report = apply_plan(plan, request, provider_for=lambda _: provider, store=store, run=run)
    return {str(change.address): outcome for change, outcome in report.results}


def _request(manifest: str) -> PlanRequest:
    loaded = load_manifests([SourceFile("access.yaml", manifest.encode())])
    assert loaded.desired is not None, loaded.findings
    return PlanRequest(desired=loaded.desired, settings=GuardSettings(), today=TODAY)


def world_with(organizations: dict[str, Any]) -> World:
    world = World.in_memory(clock=lambda: NOW)
    load_seed(world, {"version": 1, "people": PEOPLE, "organizations": organizations})
    return world


PEOPLE_LINE = "people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, cy: {email: cy@acme.example}}"


def center(members: str) -> str:
    """The manifest of a Business Center that has these members and no others."""
    return f"""
version: 1
{PEOPLE_LINE}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    mode: authoritative
    members: {members}
"""


@pytest.mark.parametrize(("role_system", "first"), [("legacy", "admin"), ("owner", "owner")])
def test_whoever_creates_an_organization_invites_the_others_in_the_same_run(
    tmp_path: Path, role_system: str, first: str
) -> None:
    manifest = f"""
version: 1
{PEOPLE_LINE}
organizations:
  dev:
    system: developers
    role_system: {role_system}
    name: New Games
    members: {{ana: admin, bo: {first}, cy: member}}
"""
    with world_with({}) as world:
        results = applied(tmp_path, SandboxProvider(world), manifest)
    founder = "bo" if first == "owner" else "ana"
    assert set(results) == {"dev/organization/dev", *(f"dev/member/{who}" for who in {"ana", "bo", "cy"} - {founder})}
    assert all(isinstance(outcome, Applied) for outcome in results.values())


def test_nobody_acts_as_an_admin_whose_promotion_failed(tmp_path: Path) -> None:
    """Bo is the only one left who could remove Ana, and becomes admin by a call that fails."""
    manifest = center("{ana: {role: admin, finance: manager}, bo: admin}")
    seed = {"system": "business_center", "id": "6900000000000000001", "members": {"ana": "admin", "bo": "standard"}}
    with world_with({"bc": seed}) as world:
        provider = FaultyProvider(SandboxProvider(world), Script(fail={1: "refused"}))
        results = applied(tmp_path, provider, manifest)
    assert results["bc/member/ana"] == Refused(reason="bo, who should do it, is not an active admin")
    assert len(provider.calls) == 1


class Deserted(SandboxProvider):
    """Bo leaves as soon as the first change is made."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._inhabited = world

    def apply(self, scope: Scope, change: Change) -> Outcome:
        outcome = super().apply(scope, change)
        with suppress(Refusal):
            leave(self._inhabited, "bo", "bc")
        return outcome


def test_admins_are_counted_again_before_one_of_them_goes(tmp_path: Path) -> None:
    members = dict.fromkeys(("ana", "bo", "cy", "eve"), "admin")
    seed = {"system": "business_center", "id": "6900000000000000001", "members": members}
    everybody = center("{ana: admin, bo: admin, cy: admin, eve@acme.example: admin}")
    with world_with({"bc": seed}) as world:
        applied(tmp_path, SandboxProvider(world), everybody)
        results = applied(tmp_path, Deserted(world), center("{ana: admin, bo: admin}"))
    assert isinstance(results["bc/member/cy"], Applied)
    assert results["bc/member/eve@acme.example"] == Refused(reason="1 active admin would remain, at least 2 must")


def test_what_a_planned_admin_cannot_do_any_more_another_one_does(tmp_path: Path) -> None:
    """A reviewer agrees to who gets what, not to which admin sends the invitation; the plan is not stale for it."""
    admins = {"ana": "admin", "bo": "admin", "cy": "admin"}
    seed = {"system": "business_center", "id": "6900000000000000001", "members": admins}
    manifest = center("{ana: admin, bo: admin, cy: admin, eve@acme.example: standard}")
    with world_with({"bc": seed}) as world:
        request, store = _request(manifest), LocalFileStore(tmp_path)
        provider = FaultyProvider(SandboxProvider(world), Script())
        plan = make_plan(request, provider_for=lambda _: provider, store=store)
        (planned,) = plan.changes
        leave(world, planned.actor, "bc")
        run = Run(clock=Still(), terms=terms())
        report = apply_plan(plan, request, provider_for=lambda _: provider, store=store, run=run)
    (done,) = provider.calls
    assert (done.address, done.after) == (planned.address, planned.after)
    assert done.actor in admins.keys() - {planned.actor}
    assert [one.change.address for one in report.of(Applied)] == [planned.address]
