"""Playing quarters one after the other against one sandbox, with the real planner, state and provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Applied, Blocked, Desired, GuardSettings, Plan
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.people import answer, inbox
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.history.convert import Quarter, center_id, render_manifests, seed_of

MOST_ROUNDS = 5
"""Invite; grant to those who accepted; once more for approvals, and for handovers between admins."""


@dataclass(slots=True, kw_only=True)
class Replay:
    """One world and one state, on the day of the quarter that is being played."""

    world: World
    store: LocalFileStore
    today: date
    blocked: dict[str, dict[str, int]] = field(default_factory=dict)
    """Quarter -> organization -> how many changes a guard stopped before they were approved."""

    @classmethod
    def begin(cls, quarters: Sequence[Quarter], folder: Path) -> Replay:
        """Before the first quarter."""
        replay = cls(world=World.in_memory(), store=LocalFileStore(folder), today=quarters[0].day)
        replay.world = World.in_memory(clock=lambda: datetime.combine(replay.today, time(), tzinfo=UTC))
        load_seed(replay.world, seed_of(quarters))
        return replay

    def play(self, quarter: Quarter) -> Plan:
        """Bring the world to this quarter: plan, approve what is blocked, apply, let people accept, until settled.

        Returns the last plan, settled or not.
        """
        self.today = quarter.day
        texts = render_manifests(quarter)
        for _ in range(MOST_ROUNDS):
            request = self._request(texts)
            plan = self._plan(request)
            if plan.is_settled:
                break
            if plan.blocked:
                self._remember_blocked(quarter, plan.blocked)
                texts["approvals.yaml"] = render_approvals(plan.blocked, until=quarter.day)
                continue
            self._apply(plan, request)
            for message in inbox(self.world):
                answer(self.world, message, agree=True)
        return plan

    def _request(self, texts: Mapping[str, str]) -> PlanRequest:
        return PlanRequest(desired=load(texts), settings=GuardSettings(), today=self.today)

    def _plan(self, request: PlanRequest) -> Plan:
        return make_plan(request, provider_for=lambda _: SandboxProvider(self.world), store=self.store)

    def _apply(self, plan: Plan, request: PlanRequest) -> None:
        run = Run(clock=self.world, terms=LeaseTerms(timer=SystemTimer()))
        provider = SandboxProvider(self.world)
        report = apply_plan(plan, request, provider_for=lambda _: provider, store=self.store, run=run)
        assert [result for result in report.results if not isinstance(result[1], Applied)] == []

    def _remember_blocked(self, quarter: Quarter, blocked: Sequence[Blocked]) -> None:
        found = self.blocked.setdefault(str(quarter.day), {})
        for item in blocked:
            assert item.guard == "removal_ratio", item
            name = item.change.address.organization
            found[name] = found.get(name, 0) + 1


def load(texts: Mapping[str, str]) -> Desired:
    """Manifest texts as the planner wants them; they hold no mistake."""
    files = [SourceFile(f"access/{name}", text.encode()) for name, text in sorted(texts.items())]
    loaded = load_manifests(files)
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


def render_approvals(blocked: Sequence[Blocked], *, until: date) -> str:
    """The lines a plan proposes, filled in as a reviewer would."""
    lines = [item.approval.replace("TICKET", "clear-out").replace("YYYY-MM-DD", str(until)) for item in blocked]
    return "".join(["version: 1\napprovals:\n", *(f"  {line}\n" for line in lines)])


def members_of(world: World, name: str) -> dict[str, tuple[str, str]]:
    """Address -> role and status of everybody the world knows in a Business Center, straight from its tables."""
    rows = world.rows(
        "SELECT membership.identity, role, status FROM membership"
        " JOIN organization ON organization.id = membership.organization WHERE organization.identity = :id",
        {"id": center_id(name)},
    )
    return {row["identity"]: (row["role"], row["status"]) for row in rows}


def grants_of(world: World, name: str) -> dict[tuple[str, str], str]:
    """Ad account id and address -> role, straight from the world's tables."""
    rows = world.rows(
        "SELECT asset.identity AS ad_account, membership.identity, asset_grant.roles FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership JOIN holding ON holding.id = asset_grant.holding"
        " JOIN asset ON asset.id = holding.asset JOIN organization ON organization.id = holding.organization"
        " WHERE organization.identity = :id",
        {"id": center_id(name)},
    )
    return {(row["ad_account"], row["identity"]): row["roles"] for row in rows}
