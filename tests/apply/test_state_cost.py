"""A change costs the same however much is remembered."""

from __future__ import annotations

from pathlib import Path

from bench.state_cost import invitation, make_state
from reconciler.apply.leases import hold
from reconciler.apply.state_builder import StateBuilder
from reconciler.apply.states import load_state, save_state
from reconciler.apply.steps import JournalWriter
from reconciler.model.outcome import Applied, Origin
from reconciler.stores.local_file import LocalFileStore
from reconciler.systems import get_system
from tests.apply.given import TODAY, Still, terms

CHANGES = 50


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
            logbook.conclude(change, Applied(live=change.after))
    return sum(len(record) for record in store.read_journal("bc").records), len(store.history("bc"))


def test_a_change_writes_the_same_whether_little_or_much_is_remembered(tmp_path: Path) -> None:
    little, much = (journal_of(tmp_path / str(size), resources=size) for size in (1, 3000))
    assert little == much
    assert much[0] < 1500 * CHANGES
    assert much[1] == 1, "one snapshot before, none during the changes"
