"""Once an apply has settled nothing drifts, and whatever somebody then does by hand is told once, and as bad as it is.

Every example begins in the same settled world, where one thing is done past the tool: by an admin in the portal, by
somebody for themselves, or by the owner of a linked account. What it does to access is judged from the sandbox's own
tables (`neighbourhood`), not by what the audit compares. Half of the examples let an apply that only observes come by
before the audit: it records what it sees, and must not hide it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, event, given, settings

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.state_editor import StateEditor
from reconciler.features.drift.drift import remember, survey
from reconciler.model import Address, DriftReport, DriftSort, DriftStatus, GuardSettings
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox import people
from reconciler.sandbox.world import Refusal, World
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.laws.neighbourhood import (
    ADMIN,
    ADMINISTERS,
    HANDLE,
    OTHER,
    PEOPLE,
    PIXEL,
    SYSTEMS,
    Wishes,
    admins,
    fresh,
    grants,
    link_status,
    make_world,
    seats,
)
from tests.tiers import scaled

RANKS = {"analyst": 1, "editor": 2, "operator": 2}
"""Of roles that do not administer, wherever there are several; who uses a pixel has none."""
ASSETS = {"us": ("ad_account", "7100000000000000000"), "eu": ("ad_account", "7100000000000000001")}
ASSETS["web"] = ("pixel", PIXEL)


@dataclass
class Neighbourhood:
    """A world, what is declared of it and what is remembered."""

    world: World
    folder: Path
    wishes: Wishes

    @property
    def store(self) -> LocalFileStore:
        return LocalFileStore(self.folder)

    def request(self) -> PlanRequest:
        return PlanRequest(desired=self.wishes.desired(), settings=GuardSettings(), today=self.world.now().date())

    def apply(self) -> bool:
        """Whether that was the last apply that was needed."""
        plan = make_plan(self.request(), provider_for=lambda _: SandboxProvider(self.world), store=self.store)
        lines = [f"  {blocked.approval}" for blocked in plan.blocked if blocked.approval]
        if lines:
            self.wishes.approvals += [fresh(line, len(self.wishes.approvals)) for line in lines]
            plan = make_plan(self.request(), provider_for=lambda _: SandboxProvider(self.world), store=self.store)
        run = Run(clock=self.world, terms=LeaseTerms(timer=SystemTimer()))
        apply_plan(plan, self.request(), provider_for=lambda _: SandboxProvider(self.world), store=self.store, run=run)
        return plan.is_settled

    def settle(self) -> None:
        for _ in range(8):
            if self.apply():
                return
            people.answer_all(self.world, [], agree=True)
        pytest.fail("it does not settle")

    def audit(self) -> DriftReport:
        found = survey(self.request(), provider_for=lambda _: SandboxProvider(self.world), store=self.store, max_age=30)
        terms = LeaseTerms(timer=SystemTimer())
        editor = StateEditor(store=self.store, terms=terms, clock=self.world)
        remember(found, editor, self.request().desired)
        return found


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbourhood]:
    wishes = Wishes(app=True, link=True)
    wishes.grants |= {("us", "p3"): "operator", ("us", "p4"): "analyst", ("eu", "p4"): "operator"}
    made = Neighbourhood(world=make_world(), folder=tmp_path_factory.mktemp("settled"), wishes=wishes)
    made.settle()
    yield made
    made.world.close()


@dataclass(frozen=True)
class Act:
    """One thing that somebody does past the tool."""

    subject: str
    """The address it is about."""
    do: Callable[[World], None]


def by_admin(key: str, person: str, do: Callable[[World, str], None]) -> Act:
    """Done by some admin who is somebody else."""

    def act(world: World) -> None:
        do(world, min(admins(world, key) - {person}))

    return Act(f"{key}/member/{person}", act)


def roles_of(key: str) -> st.SearchStrategy[str]:
    return st.sampled_from([ADMIN[key], *OTHER[key]])


@st.composite
def things_done(draw: st.DrawFn) -> Act:
    key, person = draw(st.sampled_from(sorted(SYSTEMS))), draw(st.sampled_from(PEOPLE))
    role, asset = draw(roles_of(key)), draw(st.sampled_from(sorted(ASSETS)))
    kind, identity = ASSETS[asset]
    grant = f"bc/{kind}_access/{asset}/{person}"
    roles = "" if kind == "pixel" else draw(st.sampled_from(["operator", "analyst"]))

    def give(world: World) -> None:
        admin = min(admins(world, "bc"))
        people.grant_by_hand(
            world, admin=admin, person=person, organization="bc", kind=kind, asset=identity, roles=roles
        )

    def take(world: World) -> None:
        admin = min(admins(world, "bc"))
        people.revoke_by_hand(world, admin=admin, person=person, organization="bc", kind=kind, asset=identity)

    def bring(world: World, admin: str) -> None:
        people.invite_by_hand(world, admin, person, key, role)
        people.accept(world, person, key)

    def own(do: Callable[[World, str, str], None]) -> Act:
        return Act(f"{key}/member/{person}", lambda world: do(world, person, key))

    return draw(
        st.sampled_from(
            [
                by_admin(key, person, lambda world, admin: people.invite_by_hand(world, admin, person, key, role)),
                by_admin(key, person, bring),
                by_admin(key, person, lambda world, admin: people.remove_by_hand(world, admin, person, key)),
                by_admin(key, person, lambda world, admin: people.set_role_by_hand(world, admin, person, key, role)),
                own(people.leave),
                own(people.give_up_admin),
                Act(grant, give),
                Act(grant, take),
                Act("bc/tiktok_account/clips", lambda world: people.revoke(world, HANDLE, "bc")),
                by_admin(
                    "bc", person, lambda world, admin: people.set_finance_by_hand(world, admin, person, "bc", "manager")
                ),
            ]
        )
    )


def access(world: World) -> dict[str, str]:
    """Address -> what is allowed, of everything that the acts can change; nothing is said of what allows nothing."""
    found = {
        f"{key}/member/{person}": role
        for key in SYSTEMS
        for person, (status, role) in seats(world, key).items()
        if status in {"active", "invited"}
    }
    for row in world.rows("SELECT identity FROM membership WHERE finance = 'manager' AND status = 'active'", {}):
        found[f"bc/member/{row['identity'].split('@')[0]}"] += ", finance manager"
    found |= {f"bc/{ASSETS[asset][0]}_access/{asset}/{person}": role for (asset, person), role in grants(world).items()}
    status = link_status(world)
    return found | ({"bc/tiktok_account/clips": status} if status.startswith("active") else {})


def severity(before: str | None, after: str | None) -> str:
    """How bad it is that access changed so, in an organization that is managed in full."""
    was, now = (before or "").split(", "), (after or "").split(", ")
    if (now[0] in ADMINISTERS and was[0] not in ADMINISTERS) or (len(now) > len(was) and "finance" in now[-1]):
        return "critical"
    if was[0] in ADMINISTERS and now[0] not in ADMINISTERS:
        return "high"
    if after is None:
        return "low"
    return "medium" if before is None or RANKS.get(now[0], 0) > RANKS.get(was[0], 0) else "low"


def told(report: DriftReport) -> dict[Address, tuple[DriftSort, str, DriftStatus]]:
    found = {item.found.address: (item.found.sort, item.found.severity.value, item.status) for item in report.items}
    assert len(found) == len(report.items), "something is told twice"
    return found


@pytest.mark.timeout(900 + 20 * scaled(100))
@settings(max_examples=scaled(100), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(act=things_done(), is_observed=st.booleans())
def test_whatever_is_done_by_hand_is_told_once(
    settled: Neighbourhood, tmp_path: Path, act: Act, *, is_observed: bool
) -> None:
    shutil.rmtree(tmp_path)
    shutil.copytree(settled.folder, tmp_path)
    with settled.world.copy() as world:
        here = Neighbourhood(world=world, folder=tmp_path, wishes=Wishes(**vars(settled.wishes)))
        assert told(here.audit()) == {}, "it drifts right after it has settled"
        before = access(world)
        try:
            act.do(world)
        except Refusal:
            event("refused")
            return
        after = access(world)
        changed = {address for address in before | after if before.get(address) != after.get(address)}
        if not changed:
            return
        if is_observed:
            here.wishes.mode = "read_only"
            here.apply()
        found = {str(address): what for address, what in told(here.audit()).items()}
        assert changed <= found.keys()
        assert all(one.startswith("bc/tiktok_account_use/") for one in found.keys() - changed)
        bad = severity(before.get(act.subject), after.get(act.subject))
        event(bad)
        assert found[act.subject][1:] == (bad, DriftStatus.NEW), (
            f"{before.get(act.subject)} -> {after.get(act.subject)}"
        )
        assert {one[2] for one in told(here.audit()).values()} == {DriftStatus.KNOWN}
