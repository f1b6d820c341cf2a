"""A change costs the same however much is remembered."""

from __future__ import annotations

import io
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.state_cost import invitation, make_state
from reconciler.apply.journal import hold
from reconciler.apply.states import StateBuilder, load_state, save_state
from reconciler.apply.steps import JournalWriter
from reconciler.model import Action, Applied, DriftSort, KnownDrift, Origin, State, WorkOrder
from reconciler.stores.local_file import LocalFileStore
from reconciler.systems.catalogue import get_system
from tests.apply.given import NOW, TODAY, Still, terms

CHANGES = 50


class Counted:
    """What the operating system is asked for."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.of: Counter[str] = Counter()
        for module, name in ((os, "fsync"), (os, "write"), (os, "open"), (os, "read"), (os, "scandir"), (io, "open")):
            self._count(patch, module, name)

    def _count(self, patch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        call = getattr(module, name)

        def counted(*args: Any, **options: Any) -> Any:
            self.of[name] += 1
            if name == "write":
                self.of["bytes"] += len(args[1])
            return call(*args, **options)

        patch.setattr(module, name, counted)


def remembered(resources: int) -> State:
    """As much of everything as of resources."""
    state = make_state(resources)
    drift = {at: KnownDrift(address=at, sort=DriftSort.CHANGED, first_seen=TODAY, live="x") for at in state.records}
    orders = {
        f"wo-{number}": WorkOrder(
            id=f"wo-{number}",
            operation="",
            address=at,
            action=Action.INVITE,
            system="business_center",
            actor_role="",
            title="",
            steps=(),
            reason="",
            issued=NOW,
        )
        for number, at in enumerate(state.records)
    }
    return replace(state, drift=drift, waits=dict.fromkeys(state.records, TODAY), orders=orders)


@pytest.mark.parametrize("together", [1, 10])
def test_a_change_asks_the_system_for_the_same_however_much_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """Of resources, drift, orders and what waits alike; and of snapshots in the history."""
    costs = []
    for resources, snapshots in ((1, 1), (2, 40), (300, 1), (3000, 1)):
        store = LocalFileStore(tmp_path / str(resources))
        with hold(store, "bc", purpose="test", terms=terms()) as lease:
            loaded = load_state(store, "bc")
            for number in range(snapshots):
                loaded = save_state(
                    store, loaded, replace(remembered(resources), serial=1000 + number), token=lease.token
                )
            book = StateBuilder(loaded.state, system=get_system("business_center"), today=TODAY)
            journal = JournalWriter(store=store, lease=lease, builder=book, origin=Origin(), clock=Still())
            changes = [invitation(number) for number in range(CHANGES)]
            journal.intend(changes[:1])  # the first says everything once
            journal.conclude([(changes[0], Applied(live=changes[0].after))])
            with monkeypatch.context() as patch:
                counted = Counted(patch)
                for begin in range(together, CHANGES, together):
                    some = changes[begin : begin + together]
                    journal.intend(some)
                    journal.conclude([(change, Applied(live=change.after)) for change in some])
            costs.append(dict(counted.of))
    assert all(cost == costs[0] for cost in costs)
    assert costs[0]["fsync"] == 2 * (CHANGES // together - 1), "before the call and after it, and no more"


def journal_of(folder: Path, *, resources: int) -> tuple[int, int]:
    """Bytes in the journal after some changes, and how many snapshots there are."""
    store = LocalFileStore(folder)
    with hold(store, "bc", purpose="test", terms=terms()) as lease:
        saved = save_state(store, load_state(store, "bc"), make_state(resources), token=lease.token)
        ledger = StateBuilder(saved.state, system=get_system("business_center"), today=TODAY)
        logbook = JournalWriter(store=store, lease=lease, builder=ledger, origin=Origin(), clock=Still())
        for number in range(CHANGES):
            change = invitation(number)
            logbook.intend([change])
            logbook.conclude([(change, Applied(live=change.after))])
    return sum(len(record) for record in store.read("bc").journal), len(store.history("bc"))


def test_a_change_writes_the_same_whether_little_or_much_is_remembered(tmp_path: Path) -> None:
    little, much = (journal_of(tmp_path / str(size), resources=size) for size in (1, 3000))
    assert little == much
    assert much[0] < 1500 * CHANGES
    assert much[1] == 1, "one snapshot before, none during the changes"
