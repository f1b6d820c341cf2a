"""Carrying out one change: look, check, write down, act, look again, write down."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.address import Address
from reconciler.core.change import Change
from reconciler.core.errors import ProviderError
from reconciler.core.kinds import Action
from reconciler.core.live import Live, Unknown
from reconciler.core.outcome import Applied, Failed, InDoubt, Outcome, Refused
from reconciler.core.planning.headcount import Headcount
from reconciler.core.planning.situation import Situation
from reconciler.core.resource import Resource, fingerprint_of
from reconciler.ports import Provider, Scope
from reconciler.workflows.logbook import Logbook
from reconciler.workflows.moved_fields import describe_move
from reconciler.workflows.settling import judge
from reconciler.workflows.shielding import ProviderBroke, shielded

_NOT_BY_AN_ADMIN = frozenset({Action.CREATE_ORGANIZATION, Action.TRANSFER_APP})


class Steps:
    """The changes of one organization on their way into the world; the caller holds the lock."""

    def __init__(
        self,
        *,
        situation: Situation,
        scope: Scope,
        provider: Provider,
        logbook: Logbook,
        objections: Mapping[Address, str],
    ) -> None:
        """`objections` say of changes why they would not be planned any more."""
        self._situation = situation
        self._scope = scope
        self._provider = provider
        self._logbook = logbook
        self._objections = objections
        self._applied: set[Address] = set()
        self._headcount = _headcount(situation, situation.live)

    def carry_out(self, change: Change) -> Outcome:
        """Try one change and remember what became of it."""
        refusal = self._refusal(change)
        if refusal:
            self._logbook.refuse(change, refusal)
            return refusal
        outcome = self._act(change)
        if isinstance(outcome, Applied):
            self._applied.add(change.address)
            self._headcount.record(change, outcome=outcome.live)
            if change.action is Action.CREATE_ORGANIZATION:
                founder = Address(change.address.organization, "member", change.actor)
                self._headcount.found(change.actor, self._situation.wanted[founder].attributes)
        return outcome

    def _refusal(self, change: Change) -> Refused | None:
        """Whether the change must not be tried any more, because something the plan relied on is not so."""
        missing = [need for need in change.needs if need not in self._applied]
        if missing:
            return Refused(reason=f"{', '.join(map(str, missing))} was not applied")
        if change.action not in _NOT_BY_AN_ADMIN and change.actor not in self._headcount.active_admins:
            return Refused(reason=f"{change.actor}, who should do it, is not an active admin")
        try:
            return self._moved(change)
        except ProviderError as error:
            return Refused(reason=f"it could not be read again: {error.message}")

    def _moved(self, change: Change) -> Refused | None:
        touches_admin = change.address.kind == "member" and change.address.key in self._headcount.active_admins
        admins = self._headcount.active_admins if touches_admin else frozenset()
        live = self._read([change.address, *self._members(admins)])
        found = live.find(change.address)
        if isinstance(found, Unknown):
            return Refused(reason=f"it could not be read again: {found.reason}")
        if fingerprint_of(found) != change.fingerprint:
            move = describe_move(seen=change.before, found=found)
            return Refused(reason=f"it is not what the plan saw any more: {move}")
        if change.address in self._objections:
            return Refused(reason=self._objections[change.address])
        if touches_admin:
            self._recount(admins, live)
        objection = self._headcount.objection(change)
        return Refused(reason=objection[1]) if objection else None

    def _recount(self, admins: Collection[str], live: Live) -> None:
        """Forget admins who have gone, or lost their rights, since the last look."""
        for address in self._members(admins):
            found = live.find(address)
            self._headcount.observe(address.key, found if isinstance(found, Resource) else None)

    def _act(self, change: Change) -> Outcome:
        self._logbook.intend(change)
        try:
            with shielded(self._provider):
                outcome = self._provider.apply(self._scope, change)
        except ProviderBroke as error:
            outcome = InDoubt(reason=error.message)
        except ProviderError as error:
            outcome = Failed(reason=error.message)
        if isinstance(outcome, InDoubt):
            outcome = self._settle(change, outcome)
        self._logbook.conclude(change, outcome)
        return outcome

    def _settle(self, change: Change, doubt: InDoubt) -> Outcome:
        """Find out by reading whether a call without an answer took effect; never by sending it again."""
        try:
            found = self._read([change.address]).find(change.address)
        except ProviderError:
            return doubt
        if isinstance(found, Unknown):
            return doubt
        outcome = judge(change, found)
        if isinstance(outcome, Failed):
            return Failed(reason=f"{doubt.reason}; {outcome.reason}")
        return outcome or doubt

    def _read(self, addresses: list[Address]) -> Live:
        with shielded(self._provider):
            return self._provider.read_some(self._scope, addresses)

    def _members(self, people: Collection[str]) -> list[Address]:
        return [Address(self._situation.organization.key, "member", person) for person in sorted(people)]


def _headcount(situation: Situation, live: Live) -> Headcount:
    members = [found for address, found in live.resources.items() if address.kind == "member"]
    return Headcount(situation.organization.system, members, min_admins=situation.settings.min_admins)
