"""What state and audit cost per change: 1,000 changes on a state of 100,000 resources, all of it durable.

    python -m bench.state_cost [RESOURCES] [CHANGES]

Prints the bytes that were written while the changes went on, beside what the journal records weigh, and the time, with
what the disk alone takes to wait as often for as many bytes: twice a change, before its call leaves and after it. The
last but one is what a tool writes that has no journal: the whole state after every change.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from reconciler.apply.journal import Lease, LeaseTerms, hold
from reconciler.apply.states import StateBuilder, load_state, save_state
from reconciler.apply.steps import JournalWriter
from reconciler.audit.log import AuditLog
from reconciler.model import (
    Action,
    Address,
    Applied,
    AuditRecord,
    Change,
    Origin,
    Record,
    Resource,
    State,
    Status,
    state_to_json,
)
from reconciler.model.resource import ABSENT_FINGERPRINT
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from reconciler.systems.catalogue import get_system

_ORGANIZATION = "bc"


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def main() -> None:
    """Measure one size."""
    resources, changes = (int(text) for text in (*sys.argv[1:], "100000", "1000")[:2])
    with tempfile.TemporaryDirectory(prefix="state-cost-") as folder:
        store = LocalFileStore(Path(folder))
        with hold(store, _ORGANIZATION, purpose="bench", terms=LeaseTerms(timer=SystemTimer())) as lease:
            begun = time.perf_counter()
            save_state(store, load_state(store, _ORGANIZATION), make_state(resources), token=lease.token)
            snapshot_seconds = time.perf_counter() - begun
            _measure(store, lease, Path(folder), changes=changes, snapshot_seconds=snapshot_seconds)


def make_state(resources: int) -> State:
    """A state of members with a role."""
    addresses = [Address(_ORGANIZATION, "member", f"p{number:06}") for number in range(resources)]
    records = {
        address: Record(address=address, attributes={"role": "standard"}, identity=f"{address.key}@acme.example")
        for address in addresses
    }
    return State(organization=_ORGANIZATION, lineage="bench", records=records)


def invitation(number: int) -> Change:
    """One change, as a plan has it."""
    address = Address(_ORGANIZATION, "member", f"new{number:06}")
    after = Resource(
        address=address,
        attributes={"role": "standard"},
        status=Status.INVITED,
        identity=f"{address.key}@acme.example",
    )
    return Change(
        address=address,
        action=Action.INVITE,
        before=None,
        after=after,
        fingerprint=ABSENT_FINGERPRINT,
        why="declared",
        actor="p000000",
    )


def _measure(store: LocalFileStore, lease: Lease, folder: Path, *, changes: int, snapshot_seconds: float) -> None:
    loaded = load_state(store, _ORGANIZATION)
    ledger = StateBuilder(loaded.state, system=get_system("business_center"), today=_Clock().now().date())
    logbook = JournalWriter(store=store, lease=lease, builder=ledger, origin=Origin(plan="0" * 64), clock=_Clock())
    written, begun, worked = _bytes_written(), time.perf_counter(), time.process_time()
    for number in range(changes):
        change = invitation(number)
        logbook.intend([change])
        logbook.conclude([(change, Applied(live=change.after))])
    audit = AuditLog(store)
    audit.append(
        AuditRecord(organization=_ORGANIZATION, lineage=logbook.state.lineage, entries=tuple(logbook.entries)),
        guard=lease.check,
    )
    seconds, written, worked = time.perf_counter() - begun, _bytes_written() - written, time.process_time() - worked
    lines = store.read(_ORGANIZATION).journal
    weight = sum(len(line) + 1 for line in lines)
    floor = _wait_for_disk(folder / "floor", lines)
    snapshot = len(state_to_json(loaded.state))
    rows = {
        f"{changes:,} changes on {len(loaded.state.records):,} resources, all durable": f"{seconds:.2f} seconds",
        "of a change": f"{1000 * seconds / changes:.2f} ms",
        "CPU of that": f"{1000 * worked / changes:.2f} ms",
        f"the disk alone, {len(lines):,} times": f"{1000 * floor / changes:.2f} ms a change",
        "journal records weigh": f"{weight:,} bytes",
        "written, audit log included": f"{written:,} bytes, {written / weight:.2f} times that",
        "snapshot, once at the end": f"{snapshot:,} bytes, {snapshot_seconds:.2f} seconds",
        "one after every change": f"{snapshot * changes:,} bytes, {snapshot * changes / written:,.0f} times as much",
        "target: at most 1 ms of state and audit a change": "met" if seconds <= changes / 1000 else "missed",
    }
    print("\n| state and audit | cost |\n|---|---|")
    for what, is_ in rows.items():
        print(f"| {what} | {is_} |")


def _wait_for_disk(path: Path, lines: Iterable[bytes]) -> float:
    """Seconds to append the same lines one by one, each on the disk before the next, and to do nothing else."""
    with path.open("ab", buffering=0) as file:
        begun = time.perf_counter()
        for line in lines:
            file.write(line + b"\n")
            os.fsync(file.fileno())
        return time.perf_counter() - begun


def _bytes_written() -> int:
    """By this process so far, as the kernel counts them."""
    text = Path("/proc/self/io").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("wchar:"))


if __name__ == "__main__":
    main()
