"""Apply, as far as it is about what is kept between runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import hold, intent_record, run_record
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import load_state, read_state
from reconciler.audit.entries import SEEN
from reconciler.audit.log import AuditLog
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Applied,
    Change,
    Desired,
    Failed,
    GuardSettings,
    InDoubt,
    Live,
    Outcome,
    Plan,
    ProviderError,
    Report,
    Scope,
    StalePlan,
    StateLocked,
)
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.people import accept
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import EVE, NOW, ORIGIN, TODAY, Still, terms

ACCESS = b"""
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, eve: {email: eve@acme.example}}
organizations:
  bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin, eve: standard}}
  studio: {system: business_account, handle: "@studio", members: {ana: administrator, eve: editor}}
"""
SEED = {
    "version": 1,
    "people": {key: f"{key}@acme.example" for key in ("ana", "bo", "eve")},
    "organizations": {
        "bc": {
            "system": "business_center",
            "name": "Acme",
            "id": "6900000000000000001",
            "members": {"ana": "admin", "bo": "admin"},
        },
        "studio": {"system": "business_account", "handle": "@studio", "members": {"ana": "administrator"}},
    },
}


class Fickle(SandboxProvider):
    """Loses answers, and the sight of the system, on demand."""

    lose_answers = False
    is_blind = False
    is_slow = False
    """Whether what it is asked for takes effect behind its back, later."""

    def read(self, scope: Scope) -> Live:
        if self.is_blind:
            raise ProviderError("503")
        return super().read(scope)

    def read_some(self, scope: Scope, addresses: object) -> Live:
        if self.is_blind:
            raise ProviderError("503")
        return super().read_some(scope, addresses)  # type: ignore[arg-type]  # passed on as it came

    def apply(self, scope: Scope, change: Change) -> Outcome:
        if self.is_slow:
            return InDoubt(reason="accepted, and not shown yet", has_looked=True)
        outcome = super().apply(scope, change)
        if self.lose_answers:
            self.is_blind = True
            return InDoubt(reason="connection reset")
        return outcome


@dataclass(slots=True)
class Company:
    """Two organizations in a sandbox, and one place for their states."""

    provider: Fickle
    world: World
    store: LocalFileStore
    desired: Desired
    told: list[str] = field(default_factory=list)

    def request(self, *, refresh: bool = True) -> PlanRequest:
        return PlanRequest(desired=self.desired, settings=GuardSettings(), today=TODAY, refresh=refresh)

    def plan(self, *, refresh: bool = True) -> Plan:
        request = self.request(refresh=refresh)
        return make_plan(request, provider_for=lambda _: self.provider, store=self.store, on_notice=self.told.append)

    def apply(self, plan: Plan | None = None) -> Report:
        run = Run(
            clock=Still(),
            terms=terms(),
            origin=ORIGIN,
            on_notice=self.told.append,
        )
        return apply_plan(
            plan or self.plan(),
            self.request(),
            provider_for=lambda _: self.provider,
            store=self.store,
            run=run,
        )

    def audited(self) -> list[tuple[str, str]]:
        """What was tried; what was only seen is about others."""
        entries = [entry for record in AuditLog(self.store).records() for entry in record.entries]
        return [(entry.address, entry.outcome) for entry in entries if entry.action != SEEN]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    loaded = load_manifests([SourceFile("access.yaml", ACCESS)])
    assert loaded.desired is not None, loaded.findings
    with World.in_memory(clock=lambda: NOW) as world:
        load_seed(world, SEED)
        yield Company(Fickle(world), world, LocalFileStore(tmp_path), loaded.desired)


def test_what_was_applied_is_in_the_audit_log_with_where_it_came_from(company: Company) -> None:
    company.apply()
    assert company.audited() == [("bc/member/eve", "requested"), ("studio/member/eve", "requested")]
    (record, _) = AuditLog(company.store).records()
    assert (record.origin.commit, record.origin.operator, len(record.origin.plan)) == ("c0ffee", "ana", 64)
    (entry,) = (entry for entry in record.entries if entry.action != SEEN)
    assert (entry.actor, entry.person, entry.before, entry.after) == ("bo", "eve", "", "role=standard status=invited")


def test_a_second_run_writes_nothing(company: Company) -> None:
    company.apply()
    before = [read_state(company.store, key) for key in ("bc", "studio")]
    assert company.apply().results == ()
    assert [read_state(company.store, key) for key in ("bc", "studio")] == before
    assert len(company.audited()) == 2


def test_a_run_without_changes_records_who_has_accepted(company: Company) -> None:
    company.apply()
    accept(company.world, "eve", "bc")
    assert company.apply().results == ()
    assert read_state(company.store, "bc").records[EVE].status.value == "active"


def test_a_locked_organization_does_not_keep_the_others_from_being_applied(company: Company) -> None:
    plan = company.plan()
    with (
        hold(company.store, "bc", purpose="something else", terms=terms()),
        pytest.raises(StateLocked, match="something else"),
    ):
        company.apply(plan)
    assert company.audited() == [("studio/member/eve", "requested")]


def test_whoever_waits_for_a_lock_gets_it_when_it_is_free(company: Company) -> None:
    lock = company.store.acquire("bc", purpose="short", ttl=timedelta(milliseconds=300))
    waiting = terms()
    told: list[str] = []
    patient = type(waiting)(
        timer=waiting.timer, timeout=timedelta(minutes=5), on_wait=lambda locked: told.append(locked.message)
    )
    with hold(company.store, "bc", purpose="apply", terms=patient) as lease:
        assert lease.token > lock.token
    assert "short" in told[0]


def test_a_plan_from_before_a_death_is_stale_after_it(company: Company) -> None:
    plan = company.plan()
    company.provider.lose_answers = True
    with pytest.raises(KeyboardInterrupt):
        _apply_and_stop(company, plan)
    with pytest.raises(StalePlan):
        company.apply(plan)


def _apply_and_stop(company: Company, plan: Plan) -> None:
    """Somebody presses Ctrl-C after the first outcome."""

    def stop(_change: Change, _outcome: Outcome) -> None:
        raise KeyboardInterrupt

    run = Run(clock=Still(), terms=terms(), on_result=stop)
    apply_plan(plan, company.request(), provider_for=lambda _: company.provider, store=company.store, run=run)


def test_an_interrupted_run_is_recorded_up_to_where_it_came(company: Company) -> None:
    with pytest.raises(KeyboardInterrupt):
        _apply_and_stop(company, company.plan())
    assert company.audited() == [("bc/member/eve", "requested")]
    assert not load_state(company.store, "bc").has_journal
    assert EVE in read_state(company.store, "bc").records


def test_a_lost_answer_stays_in_doubt_until_the_system_can_be_read(company: Company) -> None:
    company.provider.lose_answers = True
    report = company.apply(company.plan())
    assert len(report.of(InDoubt)) == 1
    assert len(report.of(Applied, Failed)) == 0
    assert company.plan().changes == ()
    assert company.apply().results == ()
    assert EVE in read_state(company.store, "bc").in_doubt
    company.provider.is_blind = company.provider.lose_answers = False
    blindly = [change.address.organization for change in company.plan(refresh=False).changes]
    assert "bc" not in blindly, "what is in doubt is not planned without a look"
    company.told.clear()
    assert [change.address.organization for change, _ in company.apply().results] == ["studio"]
    assert any("bc/member/eve: an earlier run got no answer to invite; it took effect" in text for text in company.told)
    state = read_state(company.store, "bc")
    assert (state.in_doubt, state.invitations) == ({}, {TODAY: 1})
    assert sum(event.verb == "invite" for event in company.world.events()) == 2, "one for each organization"


def test_only_a_run_that_died_is_said_to_have_been_cut_off(company: Company) -> None:
    change = next(change for change in company.plan().changes if change.address == EVE)
    with hold(company.store, "bc", purpose="apply", terms=terms()) as lease:
        begun = run_record(ORIGIN, lineage="a1", serial=1, at=Still().now())
        company.store.append("bc", begun, token=lease.token)
        company.store.append("bc", intent_record(change, serial=2), token=lease.token)
        company.plan()
        assert [text.partition(";")[0] for text in company.told] == ["bc/member/eve: another run is at invite"]
        company.told.clear()
        late = replace(company.request(), moment=lease.lock.expires)
        make_plan(late, provider_for=lambda _: company.provider, store=company.store, on_notice=company.told.append)
    company.plan()
    assert (
        company.told
        == ["bc/member/eve: an earlier run was cut off during invite; it had no effect, and is planned anew"] * 2
    ), "its lock has run out, and is given back"


def test_what_was_accepted_and_is_not_shown_yet_is_no_failure(company: Company) -> None:
    company.provider.is_slow = True
    report = company.apply()
    assert [outcome for _, outcome in report.results if not isinstance(outcome, InDoubt)] == []
    assert EVE in read_state(company.store, "bc").in_doubt
    company.provider.is_slow = False
    assert len(company.apply().of(Applied)) == 2, "it had no effect after all, so it is done now"
    assert sum(event.verb == "invite" for event in company.world.events()) == 2
