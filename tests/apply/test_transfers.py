"""An app that changes hands: everybody's lock is held while it does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.apply.apply import Run, apply_plan, other_sides
from reconciler.apply.journal import hold
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import load_state
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Action,
    Address,
    Applied,
    Change,
    Desired,
    GuardSettings,
    LeaseLost,
    Lock,
    Outcome,
    Plan,
    Report,
    Resource,
    Scope,
    StateLocked,
    StateStore,
    Status,
)
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import NOW, TODAY, Still, terms

PEOPLE = {key: f"{key}@acme.example" for key in ("ana", "bo", "finn")}
DOCUMENT = {
    "version": 1,
    "people": {key: {"email": email} for key, email in PEOPLE.items()},
    "organizations": {
        "east": {
            "system": "developers",
            "name": "East Inc.",
            "members": {"ana": "admin", "bo": "admin", "finn": "member"},
            "apps": {"sun": {"client_key": "awsun"}},
        },
        "west": {
            "system": "developers",
            "name": "West Inc.",
            "members": {"ana": "admin", "bo": "admin", "finn": "member"},
            "apps": {"moon": {"client_key": "awmoon"}},
        },
        "south": {"system": "developers", "name": "South Inc.", "members": {"ana": "admin", "bo": "admin"}},
        "shop": {
            "system": "business_account",
            "handle": "@shop",
            "members": {"ana": "administrator", "finn": "editor"},
        },
    },
    "approvals": [
        {"approve": "transfer_app", "address": address, "reason": "LEGAL-7", "expires": "2026-12-31"}
        for address in ("east/app/sun", "west/app/moon")
    ],
}
SEED = {
    "version": 1,
    "people": PEOPLE,
    "organizations": {
        key: {"system": "developers", "name": f"{key.title()} Inc.", "members": {"ana": "admin", "bo": "admin", **more}}
        for key, more in (("east", {"finn": "member"}), ("west", {"finn": "member"}), ("south", {}))
    }
    | {
        "shop": {"system": "business_account", "handle": "@shop", "members": {"ana": "administrator", "finn": "editor"}}
    },
    "apps": {"awsun": "finn@acme.example", "awmoon": "finn@acme.example"},
}


def read_desired() -> Desired:
    loaded = load_manifests([SourceFile("access.yaml", json.dumps(DOCUMENT).encode())])
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


class Watching(SandboxProvider):
    """Notes which organizations are locked while an app is transferred, and how many are at it at once."""

    def __init__(self, world: World, store: StateStore) -> None:
        super().__init__(world)
        self._store = store
        self.locked: list[tuple[Address, list[str]]] = []
        self.at_work: list[Address] = []

    def apply(self, scope: Scope, change: Change) -> Outcome:
        self.at_work.append(change.address)
        self.locked.append((change.address, [lock.organization for lock in self._store.locks()]))
        assert self.at_work == [change.address]
        time.sleep(0.05)
        self.at_work.remove(change.address)
        return super().apply(scope, change)


class Slow(LocalFileStore):
    """Lets others come in between after every lock, so that two who cross surely have one each."""

    def acquire(self, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        lock = super().acquire(organization, purpose=purpose, ttl=ttl)
        time.sleep(0.3)
        return lock


@dataclass(frozen=True, slots=True)
class Scene:
    """The organizations, and the provider that watches."""

    root: Path
    desired: Desired
    provider: Watching

    def request(self) -> PlanRequest:
        return PlanRequest(desired=self.desired, settings=GuardSettings(), today=TODAY)

    def plan(self, *only: str) -> Plan:
        """A plan for everything, or for some organizations as a shard would have it."""
        plan = make_plan(self.request(), provider_for=lambda _: self.provider, store=Slow(self.root))
        parts = tuple(part for part in plan.organizations if not only or part.organization in only)
        return replace(plan, organizations=parts)

    def apply(self, plan: Plan, *, patience: timedelta = timedelta()) -> Report:
        store = Slow(self.root)
        run = Run(clock=Still(), terms=replace(terms(), timeout=patience))
        return apply_plan(plan, self.request(), provider_for=lambda _: self.provider, store=store, run=run)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with World.open(tmp_path / "world.db", clock=lambda: NOW) as world:
        load_seed(world, SEED)
        root = tmp_path / "state"
        yield Scene(root, read_desired(), Watching(world, LocalFileStore(root)))


def part_of(plan: Plan, organization: str) -> set[str]:
    (part,) = [part for part in plan.organizations if part.organization == organization]
    return other_sides(part, plan, read_desired())


def test_the_organizations_of_the_owner_are_locked_while_the_app_changes_hands(scene: Scene) -> None:
    report = scene.apply(scene.plan("east"))
    assert len(report.of(Applied)) == 1
    assert scene.provider.locked == [(Address("east", "app", "sun"), ["east", "west"])]
    assert LocalFileStore(scene.root).locks() == []


def test_two_applies_that_cross_wait_for_each_other_and_never_for_ever(scene: Scene) -> None:
    plans = [scene.plan("east"), scene.plan("west")]
    with ThreadPoolExecutor(2) as pool:
        races = [pool.submit(scene.apply, plan, patience=timedelta(seconds=20)) for plan in plans]
        reports = [race.result(timeout=300) for race in races]
    assert [len(report.of(Applied)) for report in reports] == [1, 1]
    assert {address.organization for address, _ in scene.provider.locked} == {"east", "west"}
    assert [locked for _, locked in scene.provider.locked] == [["east", "west"]] * 2


def test_somebody_at_work_on_the_other_side_keeps_the_transfer_from_beginning(scene: Scene) -> None:
    plan = scene.plan("east")
    with (
        hold(LocalFileStore(scene.root), "west", purpose="something else", terms=terms()),
        pytest.raises(StateLocked, match="west is locked"),
    ):
        scene.apply(plan)
    assert scene.provider.locked == []
    assert not load_state(LocalFileStore(scene.root), "east").has_journal


def test_a_lost_lock_on_the_other_side_stops_the_transfer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = scene.plan("east")
    read = scene.provider.read

    def read_and_lose_west(scope: Scope) -> object:
        (lock,) = [lock for lock in LocalFileStore(scene.root).locks() if lock.organization == "west"]
        LocalFileStore(scene.root).break_lock("west", lock.id)
        time.sleep(0.6)
        return read(scope)

    monkeypatch.setattr(scene.provider, "read", read_and_lose_west)
    store = LocalFileStore(scene.root)
    run = Run(clock=Still(), terms=terms(ttl=timedelta(seconds=1)))
    with pytest.raises(LeaseLost, match="the lock on west"):
        apply_plan(plan, scene.request(), provider_for=lambda _: scene.provider, store=store, run=run)
    assert scene.provider.locked == []


def test_a_plan_without_transfers_locks_nobody_else(scene: Scene) -> None:
    plan = scene.plan()
    assert [part_of(plan, key) for key in ("east", "west", "south", "shop")] == [{"west"}, {"east"}, set(), set()]


@pytest.mark.parametrize(
    ("owner", "present", "want"),
    [
        ("organization:south", [], {"south"}),
        ("organization:South Inc.", [], {"south"}),
        ("organization:Elsewhere Ltd.", [], set()),
        ("person:finn", [], {"west"}),
        ("person:nobody", [], set()),
        ("person:nobody", [Address("south", "member", "nobody")], {"south"}),
    ],
)
def test_the_other_side_is_whoever_is_declared_to_have_the_owner(
    scene: Scene, owner: str, present: Iterable[Address], want: set[str]
) -> None:
    plan = scene.plan()
    (part,) = [part for part in plan.organizations if part.organization == "east"]
    (transfer,) = part.changes
    assert transfer.action is Action.TRANSFER_APP
    assert transfer.before is not None
    moved = replace(transfer, before=replace(transfer.before, attributes={"owner": owner}))
    leaving = [
        replace(transfer, action=Action.REMOVE, address=address, before=Resource(address=address, status=Status.ACTIVE))
        for address in present
    ]
    part = replace(part, changes=(moved,))
    others = replace(part, organization="south", changes=tuple(leaving))
    assert other_sides(part, replace(plan, organizations=(part, others)), scene.desired) == want
