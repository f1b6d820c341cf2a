"""Several changes in one call: checked one by one, written down before it, and each with its own outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import load_state
from reconciler.audit.entries import SEEN
from reconciler.audit.log import AuditLog
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Applied,
    BatchProvider,
    Failed,
    GuardSettings,
    InDoubt,
    Outcome,
    Provider,
    ProviderError,
    Refused,
)
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.members import invite
from reconciler.sandbox.registry import get_organization, get_person
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from tests.apply.batching import InBatches, ignoring, refusing
from tests.apply.given import NOW, ORIGIN, TODAY, Still, terms

OLD = {"ana": "admin", "bo": "admin", "cy": "admin", "dee": "standard"}
NEW = ("eve", "finn", "gil", "hal")
INVITED: dict[str, Any] = {**OLD, **dict.fromkeys(NEW, "standard")}
CENTER = {"system": "business_center", "id": "6900000000000000001"}
GROUP = {"europe": {"ad_accounts": ["us"], "access": {"dee": "analyst"}}}


@dataclass(slots=True)
class Scene:
    """A Business Center, and what becomes of it run by run."""

    world: World
    store: LocalFileStore
    told: list[str] = field(default_factory=list)

    def run(self, provider: Provider, members: Mapping[str, Any] = INVITED, **more: Any) -> dict[str, Outcome]:
        settings = GuardSettings(removal_ratio_from=more.pop("ratio_from", 10))
        retry, day = more.pop("retry", True), more.pop("applied_on", TODAY)
        accounts = {"us": {"id": "7100000000000000001", "access": more.pop("access", {})}}
        center = {**CENTER, "members": dict(members), "ad_accounts": accounts, **more}
        people = {key: {"email": f"{key}@acme.example"} for key in (*OLD, *NEW)}
        document = {"version": 1, "people": people, "organizations": {"bc": center}}
        desired = load_manifests([SourceFile("access.yaml", json.dumps(document).encode())]).desired
        assert desired is not None
        request = PlanRequest(desired=desired, settings=settings, today=TODAY, retry=retry)
        plan = make_plan(request, provider_for=lambda _: provider, store=self.store, on_notice=self.told.append)
        run = Run(clock=Still(), terms=terms(), origin=ORIGIN)
        request = replace(request, today=day)
        report = apply_plan(plan, request, provider_for=lambda _: provider, store=self.store, run=run)
        return {change.address.key: outcome for change, outcome in report.results}

    def invite_by_hand(self, person: str, role: str) -> None:
        center = get_organization(self.world, "bc")
        address = f"{person}@acme.example"
        invite(center, actor=get_person(self.world, "ana"), address=address, role=role)

    def invitations(self) -> list[str]:
        return [event.text for event in self.world.events() if event.verb == "invite"]

    def audited(self) -> list[tuple[str, str]]:
        entries = [entry for record in AuditLog(self.store).records() for entry in record.entries]
        return [(entry.address, entry.outcome) for entry in entries if entry.action != SEEN]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    people = {key: f"{key}@acme.example" for key in (*OLD, *NEW)}
    center = {**CENTER, "name": "Acme", "members": OLD, "ad_accounts": {"7100000000000000001": "US"}}
    with World.in_memory(clock=lambda: NOW) as world:
        load_seed(world, {"version": 1, "people": people, "organizations": {"bc": center}})
        yield Scene(world, LocalFileStore(tmp_path))


def kinds(results: Mapping[str, Outcome]) -> dict[str, type[Outcome]]:
    return {key: type(outcome) for key, outcome in results.items()}


def test_only_a_provider_that_says_so_is_given_several_changes(scene: Scene) -> None:
    assert isinstance(InBatches(scene.world), BatchProvider)
    assert not isinstance(SandboxProvider(scene.world), BatchProvider)


def test_what_goes_together_takes_one_call_and_one_look_before_it(scene: Scene) -> None:
    provider = InBatches(scene.world)
    assert kinds(scene.run(provider)) == dict.fromkeys(NEW, Applied)
    assert (provider.calls, provider.looks) == ([NEW], [NEW])
    assert scene.audited() == [(f"bc/member/{key}", "requested") for key in NEW]
    assert scene.run(provider) == {}


def test_a_call_is_never_given_more_than_it_carries_out(scene: Scene) -> None:
    provider = InBatches(scene.world, most=3)
    assert kinds(scene.run(provider)) == dict.fromkeys(NEW, Applied)
    assert provider.calls == [NEW[:3], NEW[3:]]


@pytest.mark.parametrize("most", [0, -1, 99])
def test_a_number_that_makes_no_sense_is_brought_into_range(scene: Scene, most: int) -> None:
    provider = InBatches(scene.world, most=most)
    assert kinds(scene.run(provider)) == dict.fromkeys(NEW, Applied)
    assert len(provider.calls) == (1 if most == 99 else len(NEW))


def test_every_intent_is_durable_before_the_call_leaves(scene: Scene) -> None:
    provider = InBatches(scene.world)
    before: list[bytes] = []
    provider.in_call = lambda: before.extend(scene.store.read("bc").journal)
    scene.run(provider)
    assert [record.count(b'"intent"') for record in before] == [len(NEW)]


def test_each_change_gets_its_own_outcome_where_only_a_part_is_done(scene: Scene) -> None:
    results = scene.run(InBatches(scene.world, answer=refusing("gil")))
    assert results["gil"] == Failed(reason="unknown address")
    assert kinds(results) == {**dict.fromkeys(NEW, Applied), "gil": Failed}
    state = load_state(scene.store, "bc").state
    assert [address.key for address in state.deferred] == ["gil"]
    assert ("bc/member/gil", "failed") in scene.audited()


@pytest.mark.parametrize("later", [0, 1])
def test_what_a_plan_defers_holds_up_nothing_else_when_it_is_applied(scene: Scene, later: int) -> None:
    """Dee's grant waits for her change of role where both are planned, and not where that is deferred.

    That holds on the next day, too, on which another plan would try it again.
    """
    wanted = {**OLD, "dee": {"role": "standard", "finance": "analyst"}}
    assert kinds(scene.run(InBatches(scene.world, answer=refusing("dee")), wanted)) == {"dee": Failed}
    provider = InBatches(scene.world)
    applied_on = TODAY + timedelta(days=later)
    results = scene.run(provider, wanted, access={"dee": "analyst"}, retry=False, applied_on=applied_on)
    assert kinds(results) == {"us/dee": Applied}
    assert kinds(scene.run(provider, wanted, access={"dee": "analyst"})) == {"dee": Applied}


def test_what_came_back_without_an_answer_is_settled_by_one_look(scene: Scene) -> None:
    provider = InBatches(scene.world, answer=ignoring("finn", "hal"))
    results = scene.run(provider)
    assert kinds(results) == {"eve": Applied, "finn": Failed, "gil": Applied, "hal": Failed}
    assert results["finn"] == Failed(
        reason="accepted, and not shown; no answer came; looked at again, it had no effect"
    )
    assert (provider.calls, provider.looks) == ([NEW], [NEW, ("finn", "hal")])


def fail_with(error: Exception) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


def test_a_call_that_was_refused_as_a_whole_fails_for_all(scene: Scene) -> None:
    provider = InBatches(scene.world)
    provider.in_call = fail_with(ProviderError("wrong token"))
    assert scene.run(provider) == dict.fromkeys(NEW, Failed(reason="wrong token"))
    assert provider.calls == [NEW]


def test_a_provider_that_breaks_after_the_call_leaves_nothing_untold(scene: Scene) -> None:
    provider = InBatches(scene.world)
    provider.after_call = fail_with(RuntimeError("a bug"))
    assert kinds(scene.run(provider)) == dict.fromkeys(NEW, Applied)


def test_no_outcome_is_taken_for_that_of_another_change(scene: Scene) -> None:
    provider = InBatches(scene.world, answer=ignoring("eve"))
    provider.drops_outcomes = True
    assert kinds(scene.run(provider)) == {**dict.fromkeys(NEW, Applied), "eve": Failed}


def test_what_is_in_doubt_is_settled_by_the_next_run_and_not_sent_again(scene: Scene) -> None:
    provider = InBatches(scene.world)

    def go_blind() -> NoReturn:
        provider.is_blind = True
        raise RuntimeError

    provider.after_call = go_blind
    assert kinds(scene.run(provider)) == dict.fromkeys(NEW, InDoubt)
    assert len(load_state(scene.store, "bc").state.in_doubt) == len(NEW)
    later = InBatches(scene.world)
    assert scene.run(later) == {}
    assert later.calls == []
    assert len(scene.invitations()) == len(NEW)
    assert sum("it took effect" in text for text in scene.told) == len(NEW)


def test_what_moved_is_refused_alone_and_the_others_go_in_two_calls(scene: Scene) -> None:
    provider = InBatches(scene.world)

    def once() -> None:
        provider.before_look = lambda: None
        scene.invite_by_hand("gil", "admin")

    provider.before_look = once
    results = scene.run(provider)
    assert kinds(results) == {**dict.fromkeys(NEW, Applied), "gil": Refused}
    assert provider.calls == [("eve", "finn"), ("hal",)]


def test_when_looking_fails_nothing_is_sent(scene: Scene) -> None:
    provider = InBatches(scene.world)
    provider.before_look = fail_with(ProviderError("503"))
    assert scene.run(provider) == dict.fromkeys(NEW, Refused(reason="it could not be read again: 503"))
    assert provider.calls == []


def test_what_is_created_in_a_call_is_there_for_the_rest_of_it(scene: Scene) -> None:
    provider = InBatches(scene.world, mixed=True)
    results = scene.run(provider, OLD, asset_groups=GROUP)
    assert kinds(results) == {"europe": Applied, "europe/dee": Applied, "europe/us": Applied}
    assert provider.calls == [("europe", "europe/dee", "europe/us")]


def test_what_needs_a_change_that_failed_in_a_call_of_its_own_is_not_tried(scene: Scene) -> None:
    provider = InBatches(scene.world, answer=refusing("europe"))
    results = scene.run(provider, OLD, asset_groups=GROUP)
    assert results["europe/dee"] == Refused(reason="bc/asset_group/europe was not applied")
    assert provider.calls == [("europe",)]


def test_a_group_goes_with_more_than_any_other_call_takes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.apply.steps.MAX_TOGETHER", 2)
    everybody = {"europe": {"ad_accounts": ["us"], "access": dict.fromkeys(("ana", "bo", "dee"), "analyst")}}
    scene.run(InBatches(scene.world, mixed=True), OLD, asset_groups=everybody)
    provider = InBatches(scene.world, mixed=True)
    scene.run(provider, OLD, ratio_from=100)
    assert provider.calls == [("europe/ana", "europe/bo", "europe/dee", "europe/us", "europe")]


def test_whoever_cannot_leave_a_group_leaves_the_organization_all_the_same(scene: Scene) -> None:
    """Else the last member of a group that may not be emptied would stay in the organization for ever."""
    scene.run(InBatches(scene.world), OLD, asset_groups=GROUP)
    stays = {"europe": {"ad_accounts": ["us"], "access": {"bo": "analyst"}}}
    without_dee = {key: role for key, role in OLD.items() if key != "dee"}
    results = scene.run(InBatches(scene.world, answer=refusing("europe/dee")), without_dee, asset_groups=stays)
    assert kinds(results) == {"europe/bo": Applied, "europe/dee": Failed, "dee": Applied}
    assert scene.run(InBatches(scene.world), without_dee, asset_groups=stays) == {}
    assert load_state(scene.store, "bc").state.deferred == {}


def test_whatever_touches_an_admin_goes_alone(scene: Scene) -> None:
    provider = InBatches(scene.world, mixed=True)
    members = {"ana": "admin", "bo": "admin", "dee": {"role": "standard", "finance": "analyst"}, "eve": "standard"}
    results = scene.run(provider, members, mode="authoritative")
    assert kinds(results) == {"dee": Applied, "eve": Applied, "cy": Applied}
    assert provider.calls == [("dee", "eve"), ("cy",)]
    assert provider.looks == [("dee", "eve"), ("cy", "ana", "bo", "cy")]
