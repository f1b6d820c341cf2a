"""Many runners on one PostgreSQL at once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from reconciler.apply.states import load_state
from reconciler.audit.log import AuditLog
from reconciler.cli.app import App
from reconciler.engine.context import shards_of
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from tests.apply.given import NOW
from tests.apply.shard_runner import organizations, seed
from tests.tiers import is_quick

pytest_plugins = ["tests.stores.places"]

ROOT = Path(__file__).parents[2]
RUNNERS = 4
ORGANIZATIONS = organizations(40 if is_quick() else 400)


def test_four_runners_apply_many_organizations_exactly_once(postgresql_address: str, tmp_path: Path) -> None:
    with World.open(tmp_path / "world.db", clock=lambda: NOW) as world:
        load_seed(world, seed(len(ORGANIZATIONS)))
    count = str(len(ORGANIZATIONS))
    command = [sys.executable, "-m", "tests.apply.shard_runner", postgresql_address, str(tmp_path)]
    runners = [
        subprocess.Popen(
            [*command, str(shard), count],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for shard in shards_of(RUNNERS)
    ]
    told = [runner.communicate(timeout=800) for runner in runners]
    assert [error for _, error in told] == [""] * RUNNERS
    counts = [int(count) for count, _ in told]
    assert sum(counts) == len(ORGANIZATIONS)
    assert min(counts) > 0
    store = App(root=tmp_path).open_store(postgresql_address)
    assert store.organizations() == ORGANIZATIONS
    assert {load_state(store, key).state.serial for key in ORGANIZATIONS} == {4}  # run, intent, outcome, snapshot
    with World.open(tmp_path / "world.db", clock=lambda: NOW) as world:
        invited = Counter(event.organization for event in world.events() if event.verb == "invite")
    assert (len(invited), set(invited.values())) == (len(ORGANIZATIONS), {1})
    verdict = AuditLog(store).verify()
    assert (verdict.broken, verdict.records, verdict.entries) == ("", len(ORGANIZATIONS), 2 * len(ORGANIZATIONS))
