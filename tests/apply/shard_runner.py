"""Runs in a process of its own: plans and applies one shard of many organizations.

Arguments: the address of the state, the folder of the world, the shard, how many organizations there are. Prints how
many it had.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.cli.app import App
from reconciler.engine.context import Shard
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Applied, Desired, GuardSettings
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.world import World
from tests.apply.given import NOW, ORIGIN, TODAY, Still, terms


def organizations(count: int) -> list[str]:
    return [f"org-{number:03}" for number in range(count)]


def seed(count: int) -> dict[str, object]:
    """Every organization with its first administrator."""
    return {
        "version": 1,
        "people": {"ana": "ana@acme.example", "bo": "bo@acme.example"},
        "organizations": {
            key: {"system": "business_account", "handle": f"@{key}", "members": {"ana": "administrator"}}
            for key in organizations(count)
        },
    }


def desired(count: int) -> Desired:
    """One person to invite everywhere."""
    document = {
        "version": 1,
        "people": {"ana": {"email": "ana@acme.example"}, "bo": {"email": "bo@acme.example"}},
        "organizations": {
            key: {
                "system": "business_account",
                "handle": f"@{key}",
                "members": {"ana": "administrator", "bo": "editor"},
            }
            for key in organizations(count)
        },
    }
    loaded = load_manifests([SourceFile("access.yaml", json.dumps(document).encode())])
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


def main() -> None:
    address, folder, shard = sys.argv[1], Path(sys.argv[2]), Shard.parse(sys.argv[3])
    store = App(root=folder).open_store(address)
    request = PlanRequest(desired=desired(int(sys.argv[4])), settings=GuardSettings(), today=TODAY, shard=shard)
    with World.open(folder / "world.db", clock=lambda: NOW) as world:
        provider = SandboxProvider(world)
        plan = make_plan(request, provider_for=lambda _: provider, store=store)
        run = Run(clock=Still(), terms=terms(), origin=ORIGIN)
        report = apply_plan(plan, request, provider_for=lambda _: provider, store=store, run=run)
    assert len(report.of(Applied)) == len(plan.organizations)
    sys.stdout.write(str(len(plan.organizations)))


if __name__ == "__main__":
    main()
