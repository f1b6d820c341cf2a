"""Whatever the platform does where its documentation is silent, and whatever goes wrong: the same access in the end.

Around every run the world is looked at by code that shares nothing with the provider: nobody who shall stay is ever
out, nobody gets two invitations, and an admin is always there.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from reconciler.audit.log import AuditLog
from reconciler.core.declared import Desired
from reconciler.core.settings import GuardSettings
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.providers.business_api.client import Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.providers.sandbox.api.access import issue_token
from reconciler.providers.sandbox.api.emulator import Emulator
from reconciler.providers.sandbox.api.faults import Fault
from reconciler.providers.sandbox.api.options import Options
from reconciler.providers.sandbox.api.transport import BusinessApiTransport
from reconciler.providers.sandbox.people import accept
from reconciler.providers.sandbox.refusal import Refusal
from reconciler.providers.sandbox.registry import get_person
from reconciler.providers.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.process import SystemTimer
from reconciler.workflows.applying import Run, apply_plan
from reconciler.workflows.leases import LeaseTerms
from reconciler.workflows.planning import PlanRequest, make_plan
from tests.business_api.stage import WorldTicker
from tests.sandbox.stage import new_world

TODAY = date(2026, 11, 22)
ROUNDS = 4
"""Without faults: invite; wait for the answer; grant; find nothing to do."""
FAULTY_ROUNDS = 4

SEED = """
version: 1
people: {ana: ana@acme.example, bo: bo@acme.example, cy: cy@acme.example, eve: eve@acme.example, gil: gil@acme.example}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin, eve: standard, gil: standard}
    ad_accounts: {"7100000000000000001": US, "7100000000000000002": EU}
    pixels: {"7300000000000000001": Web}
    catalogs: {"7200000000000000001": Shoes}
"""
WANTED: dict[str, Any] = {
    "version": 1,
    "people": {person: {"email": f"{person}@acme.example"} for person in ("ana", "bo", "cy", "eve", "gil")},
    "organizations": {
        "bc": {
            "system": "business_center",
            "id": "6900000000000000001",
            "mode": "authoritative",
            "members": {
                "ana": "admin",
                "bo": "admin",
                "gil": {"role": "standard", "finance": "analyst"},
                "cy": "standard",
            },
            "ad_accounts": {
                "us": {"id": "7100000000000000001", "access": {"gil": "operator", "cy": "analyst"}},
                "eu": {"id": "7100000000000000002", "access": {"bo": "admin"}},
            },
            "catalogs": {"shoes": {"id": "7200000000000000001", "access": {"cy": "ad_promote"}}},
            "pixels": {"web": {"id": "7300000000000000001", "ad_accounts": ["us"]}},
        }
    },
}
IN_THE_END = {
    "ana": ("active", "admin", ""),
    "bo": ("active", "admin", ""),
    "cy": ("active", "standard", ""),
    "gil": ("active", "standard", "analyst"),
}
GRANTS = {("US", "gil", "operator"), ("US", "cy", "analyst"), ("EU", "bo", "admin"), ("Shoes", "cy", "ad_promote")}

KNOBS: dict[str, tuple[Any, ...]] = {
    "mask_emails": ("some", "none"),
    "keyword_finds_masked": (False,),
    "pending_user_id": ("empty",),
    "rejected_rows": ("hidden",),
    "expired_rows": ("pending", "rejected"),
    "core_user_id": ("other",),
    "write_visibility_delay": (4.0, 40.0),
    "page_size_above_maximum": ("clamp",),
    "unknown_fields": ("error",),
    "reassign_same_role": ("40012", "40050"),
    "reassign_account_roles": ("add",),
    "unassign_missing": ("40002", "40007"),
    "shared_in_listed": (False,),
    "pixel_links_need_role": (True,),
    "profile": ("gateway",),
    "tier": ("unlimited", "advanced"),
}
"""Options of the emulator away from their defaults, as far as this story meets them."""

PATHS = st.sampled_from(
    ["*", "bc/member/*", "bc/member/invite/", "bc/member/delete/", "bc/asset/*", "bc/asset/assign/"]
)
FAULTS = st.lists(
    st.builds(
        Fault,
        kind=st.sampled_from(["code", "html_502", "reset", "slow", "stale"]),
        code=st.sampled_from([40001, 40100, 40202, 50000, 50002, 51060]),
        path=PATHS,
        method=st.sampled_from(["GET", "POST"]),
        after=st.booleans(),
        skip=st.integers(0, 8),
        times=st.integers(1, 3),
        seconds=st.sampled_from([5.0, 90.0]),
    ),
    max_size=3,
)


def desired() -> Desired:
    loaded = load_manifests([SourceFile("access/all.yaml", json.dumps(WANTED).encode())], today=TODAY)
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


def members(world: World) -> dict[str, tuple[str, str, str]]:
    rows = world.rows("SELECT * FROM membership WHERE status IN ('active', 'invited')", {})
    return {row["identity"].split("@")[0]: (row["status"], row["role"], row["finance"]) for row in rows}


def grants(world: World) -> set[tuple[str, str, str]]:
    rows = world.rows(
        "SELECT asset.name, membership.identity, asset_grant.roles FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership"
        " JOIN holding ON holding.id = asset_grant.holding JOIN asset ON asset.id = holding.asset",
        {},
    )
    return {(row["name"], row["identity"].split("@")[0], row["roles"]) for row in rows}


def invitations(world: World) -> list[str]:
    return [row["text"] for row in world.rows("SELECT * FROM event WHERE verb = 'invite'", {})]


class Story:
    """One Business Center from its first plan to an empty one."""

    def __init__(self, folder: Path, options: Mapping[str, Any], faults: Sequence[Sequence[Fault]]) -> None:
        self.world = new_world(SEED)
        self.emulator = Emulator(self.world, Options.from_mapping(options))
        self.store = LocalFileStore(folder)
        self.faults = list(faults)
        self.desired = desired()
        ticker = WorldTicker(self.world)
        token = issue_token(self.world, get_person(self.world, "ana"))
        self.client = Client(
            Connection(access_token=token, workers=1),
            transport=BusinessApiTransport(self.emulator, sleep=ticker.sleep),
            ticker=ticker,
        )

    def tell(self) -> None:
        """Rounds of plan and apply; people accept in between, and things go wrong in the first ones."""
        for number in range(ROUNDS + len(self.faults)):
            self.emulator.faults.clear()
            for fault in self.faults[number] if number < len(self.faults) else ():
                self.emulator.faults.add(fault)
            self.run()
            self.judge()
            self.world.advance(timedelta(hours=1))
            if "cy" in members(self.world) and number >= 1:
                self.accept()
        self.emulator.faults.clear()
        assert members(self.world) == IN_THE_END
        assert grants(self.world) == GRANTS
        assert len(invitations(self.world)) == 1
        assert self.plan_is_empty()

    def run(self) -> None:
        provider = BusinessApiProvider(self.client, clock=self.world)
        request = PlanRequest(desired=self.desired, settings=GuardSettings(), today=TODAY, retry=True)
        plan = make_plan(request, provider_for=lambda _: provider, store=self.store)
        run = Run(clock=self.world, terms=LeaseTerms(timer=SystemTimer()), audit=AuditLog(self.store))
        apply_plan(plan, request, provider_for=lambda _: provider, store=self.store, run=run)

    def plan_is_empty(self) -> bool:
        provider = BusinessApiProvider(self.client, clock=self.world)
        request = PlanRequest(desired=self.desired, settings=GuardSettings(), today=TODAY, retry=True)
        plan = make_plan(request, provider_for=lambda _: provider, store=self.store)
        unread = {item.address.kind for part in plan.organizations for item in part.left_out}
        return not plan.changes and not plan.blocked and not plan.waiting and unread <= {"pixel_use"}

    def judge(self) -> None:
        now = members(self.world)
        assert {"ana", "bo", "gil"} <= now.keys()
        assert now["ana"][:2] == now["bo"][:2] == ("active", "admin")
        assert len(invitations(self.world)) <= 1

    def accept(self) -> None:
        with suppress(Refusal):
            accept(self.world, "cy", "bc")

    def close(self) -> None:
        self.client.close()
        self.world.close()


def tell(options: Mapping[str, Any], faults: Sequence[Sequence[Fault]] = ()) -> None:
    folder = Path(tempfile.mkdtemp(prefix="story-"))
    story = Story(folder, options, faults)
    try:
        story.tell()
    finally:
        story.close()
        shutil.rmtree(folder)


@pytest.mark.parametrize(("knob", "value"), [(knob, value) for knob, values in KNOBS.items() for value in values])
def test_every_answer_to_an_open_question_leads_to_the_same_access(knob: str, value: object) -> None:
    tell({knob: value})


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("path", ["bc/member/invite/", "bc/member/delete/", "bc/member/update/", "bc/asset/assign/"])
@pytest.mark.parametrize(
    "fault",
    [Fault(kind="code", code=50002), Fault(kind="html_502"), Fault(kind="reset"), Fault(kind="code", code=40100)],
    ids=["50002", "html", "reset", "40100"],
)
def test_every_fault_leads_to_the_same_access(fault: Fault, path: str, *, after: bool) -> None:
    tell({}, [[replace(fault, path=path, after=after)]])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    options=st.fixed_dictionaries({}, optional={knob: st.sampled_from(values) for knob, values in KNOBS.items()}),
    faults=st.lists(FAULTS, max_size=FAULTY_ROUNDS),
)
def test_all_of_it_together_leads_to_the_same_access(options: dict[str, Any], faults: list[list[Fault]]) -> None:
    tell(options, faults)
