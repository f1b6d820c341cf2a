"""One organization, fifty changes of all sorts, everything in real files, and a view of what became of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import load_state
from reconciler.audit.log import AuditLog
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired, GuardSettings, Provider, Report, StateStore, state_to_json
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CHANGES = 50
_CENTER, _AD_ACCOUNT = "6900000000000000001", "7100000000000000001"
_OLD = [f"m{number:02}" for number in range(25)]
_NEW = [f"n{number:02}" for number in range(20)]


def _manifest(members: dict[str, str], access: dict[str, str]) -> Desired:
    document = {
        "version": 1,
        "people": {key: {"email": f"{key}@acme.example"} for key in ["ana", "bo", *_OLD, *_NEW]},
        "organizations": {
            "bc": {
                "system": "business_center",
                "id": _CENTER,
                "members": {"ana": "admin", "bo": "admin", **members},
                "ad_accounts": {"us": {"id": _AD_ACCOUNT, "access": access}},
            }
        },
    }
    loaded = load_manifests([SourceFile("access.yaml", json.dumps(document).encode())])
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


BEFORE = _manifest(dict.fromkeys(_OLD, "standard"), dict.fromkeys(_OLD[10:15], "analyst"))
AFTER = _manifest(
    {
        **dict.fromkeys(_OLD[10:15], "admin"),  # 5 new roles, 5 grants revoked, 10 removals
        **dict.fromkeys(_OLD[15:], "standard"),
        **dict.fromkeys(_NEW, "standard"),  # 20 invitations
    },
    dict.fromkeys(_OLD[15:], "operator"),  # 10 grants
)


@dataclass(frozen=True, slots=True)
class Files:
    """Where world and state of one trial are."""

    folder: Path

    def world(self) -> World:
        return World.open(self.folder / "world.db", clock=lambda: NOW)

    def store(self) -> LocalFileStore:
        return LocalFileStore(self.folder / "state")


def set_the_scene(folder: Path) -> None:
    """A world with its members, and a state that knows them."""
    files = Files(folder)
    seed = {
        "version": 1,
        "people": {key: f"{key}@acme.example" for key in ["ana", "bo", *_OLD, *_NEW]},
        "organizations": {
            "bc": {
                "system": "business_center",
                "name": "Acme",
                "id": _CENTER,
                "members": {"ana": "admin", "bo": "admin", **dict.fromkeys(_OLD, "standard")},
                "ad_accounts": {_AD_ACCOUNT: "Spring"},
            }
        },
    }
    with files.world() as world:
        load_seed(world, seed)
        reconcile(BEFORE, SandboxProvider(world), files.store())


def reconcile(
    desired: Desired,
    provider: Provider,
    store: StateStore,
    *,
    notices: list[str] | None = None,
    ttl: timedelta = timedelta(minutes=1),
) -> Report:
    """Plan and apply once, as the command line does it."""
    told = [] if notices is None else notices
    request = PlanRequest(desired=desired, settings=GuardSettings(max_removal_ratio=1), today=NOW.date())
    plan = make_plan(request, provider_for=lambda _: provider, store=store, on_notice=told.append)
    run = Run(clock=_Still(), terms=LeaseTerms(timer=SystemTimer(), ttl=ttl), on_notice=told.append)
    return apply_plan(plan, request, provider_for=lambda _: provider, store=store, run=run)


@dataclass(frozen=True, slots=True)
class _Still:
    def now(self) -> datetime:
        return NOW


def what_became(folder: Path) -> dict[str, Any]:
    """Everything that must be the same however often a run died on the way."""
    files = Files(folder)
    store = files.store()
    loaded = load_state(store, "bc")
    state = json.loads(state_to_json(loaded.state))
    with files.world() as world:
        members = world.rows("SELECT identity, role, status FROM membership ORDER BY identity", {})
        admins = {row["identity"].partition("@")[0] for row in members if row["role"] == "admin"}
        # Admins take turns, and another run begins anew with whoever is an admin by then; the sandbox refuses others.
        events = Counter(
            (event.verb, event.text, "an admin" if event.actor in admins else event.actor) for event in world.events()
        )
        grants = world.rows(
            "SELECT identity, roles FROM asset_grant JOIN membership ON membership.id = membership ORDER BY identity",
            {},
        )
    applied = Counter(
        (entry.action, entry.address)
        for record in AuditLog(store).records()
        for entry in record.entries
        if entry.outcome in {"applied", "requested"}
    )
    counting = ("lineage", "serial", "audit")  # a death more is a run more, which is written down
    return {
        "state": {name: value for name, value in state.items() if name not in counting},
        "unfinished": loaded.has_journal,
        "events": events,
        "members": [tuple(row) for row in members],
        "grants": [tuple(row) for row in grants],
        "audited": applied,
        "chain": AuditLog(store).verify().broken,
    }
