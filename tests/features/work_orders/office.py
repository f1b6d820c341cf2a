"""One organization that only people can reach: its manifest, its truth, and a hand for everything people do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms, hold
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.state_editor import StateEditor
from reconciler.apply.states import load_state, read_state, save_state
from reconciler.features.work_orders.report import Evidence, OrderDesk
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Action,
    Address,
    Desired,
    GuardSettings,
    Origin,
    Plan,
    Report,
    Resource,
    Roster,
    State,
    StateStore,
    Status,
    WorkOrder,
)
from reconciler.providers.work_orders import WorkOrdersProvider
from reconciler.stores.rules import SystemTimer

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
PEOPLE = ("ana", "bo", "cy", "dee", "eve")
SYSTEMS: dict[str, dict[str, object]] = {
    "developers": {"system": "developers", "name": "Acme", "manages": ["member"]},
    "organization_account": {"system": "organization_account", "handle": "@acme"},
    "business_account": {"system": "business_account", "handle": "@acme.studio"},
}


@dataclass(slots=True, kw_only=True)
class Office:
    """`members` is what the manifest wants, `truth` what the system's pages would show."""

    store: StateStore
    system: str = "organization_account"
    members: dict[str, str] = field(default_factory=dict)
    truth: dict[str, tuple[str, Status]] = field(default_factory=dict)
    time: datetime = START
    settings: GuardSettings = field(default_factory=lambda: GuardSettings(max_removal_ratio=1))

    def now(self) -> datetime:
        return self.time

    def wait(self, **span: int) -> None:
        self.time += timedelta(**span)

    @property
    def terms(self) -> LeaseTerms:
        return LeaseTerms(timer=SystemTimer())

    @property
    def state(self) -> State:
        return read_state(self.store, "org")

    @property
    def orders(self) -> list[WorkOrder]:
        return sorted(self.state.orders.values(), key=lambda order: (order.issued or START, order.party, order.address))

    def desired(self) -> Desired:
        document = {
            "version": 1,
            "people": {key: {"email": f"{key}@acme.example"} for key in PEOPLE},
            "organizations": {"org": {**SYSTEMS[self.system], "members": self.members}},
        }
        loaded = load_manifests([SourceFile("access.yaml", json.dumps(document).encode())])
        assert loaded.desired is not None, loaded.findings
        return loaded.desired

    def request(self, *, retry: bool = False) -> PlanRequest:
        return PlanRequest(
            desired=self.desired(), settings=self.settings, today=self.time.date(), moment=self.time, retry=retry
        )

    def plan(self, *, retry: bool = False) -> Plan:
        return make_plan(self.request(retry=retry), provider_for=lambda _: WorkOrdersProvider(), store=self.store)

    def apply(self, *, retry: bool = False, notices: list[str] | None = None) -> Report:
        run = Run(
            clock=self,
            terms=self.terms,
            on_notice=(notices if notices is not None else []).append,
        )
        plan, request = self.plan(retry=retry), self.request(retry=retry)
        return apply_plan(plan, request, provider_for=lambda _: WorkOrdersProvider(), store=self.store, run=run)

    def desk(self) -> OrderDesk:
        origin = Origin(operator="ana")
        return OrderDesk(StateEditor(store=self.store, terms=self.terms, clock=self, origin=origin))

    def done(self, order: WorkOrder) -> WorkOrder:
        return self.desk().done(order.id, Evidence.of("a screenshot"), by=order.actor)

    def act(self, order: WorkOrder) -> None:
        """What the system's pages show once somebody has followed an order."""
        key, role = order.address.key, str(order.wanted.get("role", ""))
        if order.takes_away:
            self.truth.pop(key, None)
        elif order.action in (Action.CHANGE_ROLE, Action.GIVE_UP_ADMIN) or order.party > 1:
            if key in self.truth:
                self.truth[key] = (role, Status.ACTIVE)
        else:
            self.truth[key] = (role, Status.INVITED)

    def observe(self) -> None:
        """Hand in a roster of this moment, as `reconciler observe` stores it."""
        resources = tuple(
            Resource(
                address=Address("org", "member", key),
                attributes={"role": role},
                status=status,
                identity=f"{key}@acme.example",
            )
            for key, (role, status) in sorted(self.truth.items())
        )
        roster = Roster(kind="member", taken=self.time, resources=resources)
        with hold(self.store, "org", purpose="test", terms=self.terms) as lease:
            loaded = load_state(self.store, "org")
            state = replace(loaded.state, rosters={**loaded.state.rosters, "member": roster})
            save_state(self.store, loaded, state, token=lease.token)
