"""Writing down what happens to one organization while it happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.apply.audit_entries import audit_entry, order_entry
from reconciler.apply.journal import intent_record, order_record, outcome_record, run_record
from reconciler.apply.leases import Lease
from reconciler.apply.state_builder import StateBuilder
from reconciler.model.audit import AuditEntry, Origin
from reconciler.model.change import Change
from reconciler.model.outcome import Outcome, Refused, Waits
from reconciler.model.ports import Clock, StateStore
from reconciler.model.state import State
from reconciler.model.work_order import WorkOrder


class JournalWriter:
    """The journal of one organization during one run, with the state it leads to and what the audit log will say."""

    def __init__(self, *, store: StateStore, lease: Lease, ledger: StateBuilder, origin: Origin, clock: Clock) -> None:
        self._store = store
        self._lease = lease
        self._ledger = ledger
        self._origin = origin
        self._clock = clock
        self._has_begun = False
        self._entries: list[AuditEntry] = []

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        """Everything that was tried so far."""
        return tuple(self._entries)

    @property
    def state(self) -> State:
        """The state as it stands; a change that was begun and not concluded is in doubt."""
        return self._ledger.state()

    def see(self, entries: Iterable[AuditEntry]) -> None:
        """Keep for the audit log what others have done. No journal needs it: until the state is stored, it is new."""
        self._entries.extend(entries)

    def intend(self, changes: Sequence[Change]) -> None:
        """Write down, durably, that a call is about to leave with these changes of one organization.

        Returns only while the organization is ours.
        """
        organization = changes[0].address.organization
        self._begin(organization)
        for change in changes:
            intent = intent_record(change, serial=self._ledger.begin(change))
            self._store.append(organization, intent, token=self._lease.token)
        self._lease.check()

    def conclude(self, change: Change, outcome: Outcome) -> Outcome:
        """Write down, durably, what became of a call; what comes back says how work orders are called from now on."""
        now = self._clock.now()
        outcome = self._ledger.issue(change, outcome, at=now)
        serial = self._ledger.take(change, outcome)
        self._entries.append(audit_entry(change, outcome, serial=serial, at=now))
        record = outcome_record(change, outcome, part=self._ledger.part(change.address), at=now)
        self._store.append(change.address.organization, record, token=self._lease.token)
        return outcome

    def end(self, order: WorkOrder) -> None:
        """Write down, durably, that a work order has ended without anybody's word."""
        self._begin(order.address.organization)
        serial, now = self._ledger.close(order), self._clock.now()
        self._entries.append(order_entry(order, serial=serial, at=now))
        record = order_record(order, part=self._ledger.part(order.address), at=now)
        self._store.append(order.address.organization, record, token=self._lease.token)

    def _begin(self, organization: str) -> None:
        """Who carries out which plan comes before everything else."""
        if self._has_begun:
            return
        begin = run_record(
            self._origin, lineage=self._ledger.lineage, serial=self._ledger.next_serial(), at=self._clock.now()
        )
        self._store.append(organization, begin, token=self._lease.token)
        self._has_begun = True

    def refuse(self, change: Change, refusal: Refused | Waits) -> None:
        """Keep for the audit log that a change was not attempted; the state stays as it is."""
        self._lease.check()
        self._entries.append(audit_entry(change, refusal, serial=0, at=self._clock.now()))
