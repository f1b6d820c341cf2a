"""What became of what was asked for is in the audit log, so that it says since when somebody has something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.audit.log import AuditLog
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import GuardSettings
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox import people
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import terms

BEGIN = datetime(2026, 11, 22, 9, tzinfo=UTC)
MANIFEST = """
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, eve: {email: eve@acme.example}}
organizations:
  bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin, eve: standard}}
  dev:
    system: developers
    name: Dev
    members: {ana: admin, bo: admin}
    apps: {bot: {client_key: awx1}}
approvals:
  - {approve: transfer_app, address: dev/app/bot, reason: LEGAL-7, expires: 2026-12-31}
"""


@dataclass
class Place:
    world: World
    store: LocalFileStore

    def apply(self) -> list[tuple[str, str, str]]:
        """What the audit log has got since the last apply."""
        known = len(self.log())
        loaded = load_manifests([SourceFile("access.yaml", MANIFEST.encode())], today=self.world.now().date())
        assert loaded.desired is not None, loaded.findings
        request = PlanRequest(desired=loaded.desired, settings=GuardSettings(), today=self.world.now().date())
        plan = make_plan(request, provider_for=lambda _: SandboxProvider(self.world), store=self.store)
        run = Run(clock=self.world, terms=terms())
        apply_plan(plan, request, provider_for=lambda _: SandboxProvider(self.world), store=self.store, run=run)
        self.world.advance(timedelta(hours=1))
        return self.log()[known:]

    def log(self) -> list[tuple[str, str, str]]:
        entries = [entry for record in AuditLog(self.store).records() for entry in record.entries]
        return [(entry.address, entry.action, entry.outcome) for entry in entries]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with World.in_memory(clock=lambda: BEGIN) as world:
        there = {key: {"email": f"{key}@acme.example"} for key in ("ana", "bo", "eve")}
        admins = {"ana": "admin", "bo": "admin"}
        center = {"system": "business_center", "id": "6900000000000000001", "members": admins}
        dev = {"system": "developers", "name": "Dev", "members": admins}
        organizations = {"bc": center, "dev": dev}
        load_seed(world, {"version": 1, "people": there, "organizations": organizations, "apps": {"awx1": "bo"}})
        yield Place(world, LocalFileStore(tmp_path))


def test_who_was_there_before_is_adopted_and_who_is_invited_only_requested(place: Place) -> None:
    assert place.apply() == [
        ("bc/member/ana", "seen", "adopted"),
        ("bc/member/bo", "seen", "adopted"),
        ("bc/member/eve", "invite", "requested"),
        ("dev/member/ana", "seen", "adopted"),
        ("dev/member/bo", "seen", "adopted"),
        ("dev/app/bot", "transfer_app", "requested"),
    ]
    assert place.apply() == []


def test_what_was_agreed_to_is_told_once(place: Place) -> None:
    place.apply()
    people.answer_all(place.world, [], agree=True)
    assert place.apply() == [("bc/member/eve", "seen", "accepted"), ("dev/app/bot", "seen", "accepted")]
    assert place.apply() == []


def test_what_was_declined_is_told_once(place: Place) -> None:
    place.apply()
    people.answer_all(place.world, [], agree=False)
    assert place.apply() == [("bc/member/eve", "seen", "declined"), ("dev/app/bot", "seen", "declined")]
    assert place.apply() == []


def test_who_leaves_is_told_once(place: Place) -> None:
    place.apply()
    people.answer_all(place.world, [], agree=True)
    place.apply()
    people.leave(place.world, "eve", "bc")
    assert place.apply() == [("bc/member/eve", "seen", "left")]
    assert place.apply() == []
