"""The state of one organization while changes are carried out, kept so that each change costs the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from reconciler.core.address import Address
from reconciler.core.change import Change
from reconciler.core.kinds import KINDS
from reconciler.core.outcome import Applied, Failed, Outcome
from reconciler.core.planning.budgets import INVITATIONS, WINDOW_DAYS, counts_as_removal
from reconciler.core.planning.situation import Situation
from reconciler.core.state import Quarantine, Record, State
from reconciler.core.system import System


class Ledger:
    """A state that takes in one outcome after the other."""

    def __init__(self, situation: Situation) -> None:
        state = situation.state
        self._organization = state.organization
        self._lineage = state.lineage
        self._serial = state.serial
        self._system: System = situation.organization.system
        self._today = situation.today
        self._protected = {address for address, declared in situation.wanted.items() if declared.protect}
        self._records = dict(situation.records)
        self._quarantined = dict(state.quarantined)
        self._removals = _recent(state.removals, situation.today)
        self._invitations = _recent(state.invitations, situation.today)

    @property
    def serial(self) -> int:
        """Grows by one with every outcome."""
        return self._serial

    def take(self, change: Change, outcome: Outcome) -> None:
        """Remember what became of a change."""
        self._serial += 1
        match outcome:
            case Applied():
                self._applied(change, outcome)
            case Failed(reason=reason):
                known = self._quarantined.get(change.address)
                since = known.since if known else self._today
                self._quarantined[change.address] = Quarantine(reason=reason, since=since, tried=self._today)
            case _:
                pass

    def part(self, address: Address) -> State:
        """The state reduced to one address, which is what the journal needs to know."""
        record, quarantine = self._records.get(address), self._quarantined.get(address)
        return self._state(
            records={address: record} if record else {}, quarantined={address: quarantine} if quarantine else {}
        )

    def state(self) -> State:
        """The whole state as it stands."""
        return self._state(records=dict(self._records), quarantined=dict(self._quarantined))

    def _state(self, *, records: dict[Address, Record], quarantined: dict[Address, Quarantine]) -> State:
        return State(
            organization=self._organization,
            lineage=self._lineage,
            serial=self._serial,
            records=records,
            quarantined=quarantined,
            removals=dict(self._removals),
            invitations=dict(self._invitations),
        )

    def _applied(self, change: Change, outcome: Applied) -> None:
        self._quarantined.pop(change.address, None)
        if counts_as_removal(change, self._system):
            self._removals[self._today] += 1
        if change.action in INVITATIONS:
            self._invitations[self._today] += 1
        if outcome.live is None:
            self._records.pop(change.address, None)
            return
        known = self._records.get(change.address) or Record(address=change.address, since=self._today)
        record = known.seen(outcome.live, on=self._today)
        if outcome.live.status.is_pending and KINDS[change.address.kind].needs_other_party:
            record = record.asked_again(self._today)
        self._records[change.address] = record.protected(change.address in self._protected)


def _recent(days: Mapping[date, int], today: date) -> Counter[date]:
    """Only the days that any rolling guard still looks at."""
    return Counter({day: count for day, count in days.items() if (today - day).days < WINDOW_DAYS})
