"""Carrying out what one call carries out: look, check, write down, act, look again, write down.

Mostly that is one change. Some systems take several in one call; then each passes the checks as if those before it had
been applied, all of them are written down before the call leaves, and each gets its own outcome afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.apply.calls import ProviderCaller
from reconciler.apply.journal_writer import JournalWriter
from reconciler.apply.moved_fields import describe_move
from reconciler.apply.preconditions import Preconditions
from reconciler.engine.context import PlanningContext
from reconciler.engine.refresh import grants_in
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.errors import ProviderError
from reconciler.model.kinds import Action
from reconciler.model.live import Live, Unknown
from reconciler.model.outcome import Applied, Failed, Outcome, Refused, Waits
from reconciler.model.ports import Provider, Scope
from reconciler.model.resource import Resource, fingerprint_of

MAX_TOGETHER = 300
"""More changes than any known call takes; nobody is asked about those behind."""

_GROUPED = ("asset_group_access", "asset_group_asset")

Result = tuple[Change, Outcome]


class Steps:
    """The changes of one organization on their way into the world; the caller holds the lock."""

    def __init__(
        self,
        *,
        situation: PlanningContext,
        scope: Scope,
        provider: Provider,
        logbook: JournalWriter,
    ) -> None:
        self._organization = situation.organization.key
        self._caller = ProviderCaller(provider, scope)
        self._logbook = logbook
        self._standing = Preconditions(situation)
        # Only these, because there are few, and every look goes through them.
        self._implied = {at: record for at, record in situation.records.items() if record.implied_by}

    def carry_out(self, changes: Sequence[Change]) -> list[Result]:
        """Try the first change, and with it those right behind it that leave in the same call.

        Returns what became of them, in order and at least of the first. Later changes are untouched.
        """
        together = changes[: self._together(changes)]
        cleared = self._clear(together)
        if isinstance(cleared, Refused | Waits):
            self._logbook.refuse(changes[0], cleared)
            return [(changes[0], cleared)]
        results = self._act(cleared)
        for change, outcome in results:
            if isinstance(outcome, Applied):
                self._standing.record(change, outcome=outcome.live)
            elif isinstance(outcome, Waits):
                self._standing.expect(outcome.orders)
            elif isinstance(outcome, Failed):
                self._standing.fail(change)
        return results

    def _together(self, changes: Sequence[Change]) -> int:
        """How many of the first changes leave in one call. What touches an admin goes alone: the count comes first."""
        # Whoever and whatever is in a group goes with it, however many that are.
        most = len(changes) if changes[0].address.kind in _GROUPED and changes[0].after is None else MAX_TOGETHER
        alone = [self._goes_alone(change) for change in changes[:most]]
        joinable = alone.index(True) if True in alone else len(alone)
        return self._caller.together(changes[:joinable]) if joinable > 1 else 1

    def _goes_alone(self, change: Change) -> bool:
        return change.action is Action.TRANSFER_APP or self._standing.touches_admin(change)

    def _clear(self, changes: Sequence[Change]) -> Sequence[Change] | Refused | Waits:
        """Those of the changes that one call may carry out now, or why not even the first one may."""
        gap = self._standing.find_gap(changes[0])
        if gap is not None:
            return gap
        try:
            live = self._look(changes)
        except ProviderError as error:
            return Refused(reason=f"it could not be read again: {error.message}")
        expected = self._standing if len(changes) == 1 else self._standing.fork()
        for number, change in enumerate(changes):
            refusal = expected.find_gap(change) or self._find_move(change, live) or expected.find_excess(change)
            if refusal is not None:
                # What is left may be too little for one call. Whatever is behind gets its own look.
                return changes[: self._caller.together(changes[:number])] if number else refusal
            if len(changes) > 1:
                expected.record(change, outcome=change.after)
        return changes

    def _find_move(self, change: Change, live: Live) -> Refused | None:
        """Whether something is not as the plan saw it any more."""
        found = live.find(change.address)
        if isinstance(found, Unknown):
            return Refused(reason=f"it could not be read again: {found.reason}")
        if fingerprint_of(found) != change.fingerprint:
            move = describe_move(seen=change.before, found=found)
            return Refused(reason=f"it is not what the plan saw any more: {move}")
        if self._standing.touches_admin(change):
            self._recount(live)
        return None

    def _look(self, changes: Sequence[Change]) -> Live:
        """The changes' own addresses, and all admins where one of them may lose the rights."""
        touched = any(self._standing.touches_admin(change) for change in changes)
        admins = self._members(self._standing.active_admins) if touched else []
        live = self._caller.read([*(change.address for change in changes), *admins])
        return grants_in(live, self._implied)[0]

    def _recount(self, live: Live) -> None:
        """Forget admins who have gone, or lost their rights, since the last look."""
        for address in self._members(self._standing.active_admins):
            found = live.find(address)
            self._standing.observe(address.key, found if isinstance(found, Resource) else None)

    def _act(self, changes: Sequence[Change]) -> list[Result]:
        self._logbook.intend(changes)
        outcomes = self._caller.apply(changes)
        return [
            (change, self._logbook.conclude(change, outcome)) for change, outcome in zip(changes, outcomes, strict=True)
        ]

    def _members(self, people: Collection[str]) -> list[Address]:
        return [Address(self._organization, "member", person) for person in sorted(people)]
