"""Carry out what goes in one call: look, check, write down, act, look again, write down.

Mostly that is one change. Some systems take several in one call; then each passes the checks as if those before it had
been applied, all of them are written down before the call leaves, and each gets its own outcome afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from reconciler.apply.journal import (
    Lease,
    StatePart,
    intent_record,
    join_records,
    order_record,
    outcome_record,
    run_record,
)
from reconciler.apply.planning import ProviderBroke, judge, shielded, steps_to_ask_for
from reconciler.apply.states import StateBuilder
from reconciler.audit.entries import audit_entry, order_entry, sightings
from reconciler.engine.context import PlanningContext
from reconciler.engine.drift import grants_in
from reconciler.engine.membership_counts import Preconditions
from reconciler.model import (
    COMMAND_LINE,
    Action,
    Address,
    AskingProvider,
    AuditEntry,
    BatchProvider,
    Change,
    Clock,
    Failed,
    InDoubt,
    Live,
    OrganizationPlan,
    Origin,
    Outcome,
    Provider,
    ProviderError,
    Refused,
    Resource,
    Result,
    Risk,
    Scope,
    State,
    StateStore,
    Unknown,
    Waiting,
    Waits,
    dataclass,
    fingerprint_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is carried out of one organization's plan."""

    changes: tuple[Change, ...]
    """As they are planned now, in the order of now."""
    refused: tuple[tuple[Change, str], ...]
    """What the file wants and what is not planned like this, with the reason. Nothing but the name of the step is from
    the file."""


def choose(part: OrganizationPlan, fresh: OrganizationPlan, live: Live) -> Choice:
    """What a plan chooses of `fresh`, which is planned from what apply sees, for the targets of the plan.

    For these targets, because a whole plan takes away more at once: the removal ratio would stop what it let through
    in the smaller one.
    """
    planned = {change.step: change for change in fresh.changes}
    stopped = {blocked.change.step: blocked.change for blocked in fresh.blocked}
    chosen: set[Address] = set()
    refused: list[tuple[Change, str]] = []
    for change in part.changes:
        again = planned.get(change.step)
        if again is None:
            known = stopped.get(change.step) or _bare_step(change, live)
            refused.append((known, _reason_not_planned(change, fresh, live)))
        elif difference := _difference(change, again):
            refused.append((again, difference))
        else:
            chosen.add(change.address)
    return Choice(changes=tuple(change for change in fresh.changes if change.address in chosen), refused=tuple(refused))


def _bare_step(change: Change, live: Live) -> Change:
    """The step that a file wants, without anything else that the file says of it."""
    before = live.resources.get(change.address)
    return Change(
        address=change.address,
        action=change.action,
        before=before,
        after=None,
        fingerprint=fingerprint_of(before),
        why="not planned now",
    )


def _reason_not_planned(change: Change, fresh: OrganizationPlan, live: Live) -> str:
    address, found = change.address, live.find(change.address)
    if not isinstance(found, Unknown) and fingerprint_of(found) != change.fingerprint:
        return describe_stale(change, found)
    instead = next((one for one in fresh.changes if one.address == address), None)
    if instead is not None:
        return f"it would be {instead.action.replace('_', ' ')} now"
    held_back = {one.change.address: f"{one.guard}: {one.message}" for one in fresh.blocked}
    held_back |= {one.address: f"it has to wait for {one.on}: {one.why}" for one in fresh.waiting}
    held_back |= {one.address: one.reason for one in fresh.left_out}
    why = held_back.get(address, "it would not be planned now")
    if change.approval.endswith(COMMAND_LINE):
        # A hint for those who relied on an approval that only held for the run that made the plan.
        why += f"; an approval of the command line holds for one run: apply with --approve {change.action}:{address}"
    return why


def agreed_to(change: Change) -> Change:
    """What somebody agrees to who reviews a step: what it starts from, where it leads, why, and what it costs.

    Not since when something has been so, which line asks for it, and how the tool judges it. Nor who carries it out:
    admins are asked in turn, so that every other step that is done or dropped moves it to somebody else, who may do it
    just as well. Who creates an organization becomes its admin, though, and who transfers an app was its owner.
    """
    is_about_actor = change.action in (Action.CREATE_ORGANIZATION, Action.TRANSFER_APP)
    actor, before = change.actor if is_about_actor else "", _without_age(change.before)
    return replace(change, before=before, actor=actor, place=None, risk=Risk.LOW, marks=())


def _difference(change: Change, again: Change) -> str:
    """What a reviewer saw of a change and what is not so now; empty when they come to the same."""
    seen, now = agreed_to(change), agreed_to(again)
    if seen.fingerprint != now.fingerprint:
        return describe_stale(change, again.before)
    if seen.before != now.before:
        return "it does not begin from what the plan says"
    if seen.after != now.after:
        return "it would lead to something else now"
    if seen.actor != now.actor:
        return f"it would be done as {now.actor} now"
    if change.why != again.why:
        return f"its reason is another one now: {again.why}"
    if (change.irreversible, change.exempt, change.cost) != (again.irreversible, again.exempt, again.cost):
        return "it would be judged differently now"
    if (change.approval, change.approval_terms) != (again.approval, again.approval_terms):
        return "it would be let through by another approval now, or by none"
    if change.place != again.place:
        return "another line of the manifests asks for it"
    first = set(again.needs) - set(change.needs)
    return f"{min(first)} has to go first" if first else ""


def _without_age(resource: Resource | None) -> Resource | None:
    """Systems round the day of a status, and show numbers on some pages only; names people see are not recorded.

    What role may give the same is no part of what is there.
    """
    return None if resource is None else replace(resource, since=None, platform_id="", name="", implied_by="")


def describe_stale(change: Change, found: Resource | None) -> str:
    """That something is not what a plan has seen any more, and in what."""
    said = "it is not what the plan saw any more"
    return said if change.before == found else f"{said}: {describe_move(seen=change.before, found=found)}"


def describe_move(*, seen: Resource | None, found: Resource | None) -> str:
    """The fields that moved, as `role admin -> standard, permissions + live`; or that it came or went."""
    if seen is None or found is None:
        return "it is absent now" if found is None else f"it is {found.status} now"
    return ", ".join(sorted(_moved_fields(_fields(seen), _fields(found))))


def _fields(resource: Resource) -> dict[str, Any]:
    values: dict[str, Any] = {"status": str(resource.status), "identity": resource.identity}
    for name, value in (*resource.shown.items(), *((f"pending {n}", v) for n, v in resource.pending.items())):
        values[name] = value if isinstance(value, str) else list(value)
    return values


def _moved_fields(seen: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """One text a field; sets of permissions are compared whatever their order, which is what DeepDiff is here for."""
    from deepdiff import DeepDiff

    differences = DeepDiff(seen, found, ignore_order=True, view="tree")
    for level in (one for kind in differences.values() for one in kind):
        name = level.path(output_format="list")[0]
        if isinstance(seen.get(name), list) and isinstance(found.get(name), list):
            lost = f" - {level.t1}" if isinstance(level.t1, str) else ""
            gained = f" + {level.t2}" if isinstance(level.t2, str) else ""
            yield f"{name}{lost}{gained}"
        else:
            yield f"{name} {_shown(seen.get(name))} -> {_shown(found.get(name))}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " + ".join(map(str, value)) or "none"
    return str(value) if value else "none"


def chosen_requests(part: OrganizationPlan, fresh: OrganizationPlan, situation: PlanningContext) -> Iterator[Waiting]:
    """The steps to ask for now that a reviewer has seen like this in a saved plan."""
    seen = {(waiting.address, waiting.action, waiting.on): waiting for waiting in part.waiting if waiting.asks}
    for waiting in steps_to_ask_for(fresh, situation):
        reviewed = seen.get((waiting.address, waiting.action, waiting.on))
        if reviewed is not None and is_same_request(reviewed, waiting):
            yield waiting


def is_same_request(waiting: Waiting, again: Waiting) -> bool:
    """Whether somebody is asked for what a reviewer saw: how long it has waited already does not matter."""
    bare, bare_again = (
        replace(one, before=_without_age(one.before), since=None, ends="", place=None, work_order="", asks=False)
        for one in (waiting, again)
    )
    return bare == bare_again


MAX_TOGETHER = 300
"""More changes than any known call takes; nobody is asked about those behind."""

_GROUPED = ("asset_group_access", "asset_group_asset")


class Steps:
    """Carries out changes of one organization, and asks people for the rest; the caller holds the lock."""

    def __init__(self, *, situation: PlanningContext, scope: Scope, provider: Provider, journal: JournalWriter) -> None:
        self._scope = scope
        self._provider = provider
        self.journal = journal
        self.situation = situation
        self._reached = Preconditions(situation)
        # Only these, because there are few, and every look goes through them.
        self._implied = {at: record for at, record in situation.records.items() if record.implied_by}

    def carry_out(self, changes: Sequence[Change]) -> list[Result]:
        """Try the first change, and with it those right behind it that leave in the same call.

        Returns what became of them, in order and at least of the first. Later changes are untouched.
        """
        cleared = self._clear(changes[: self._count_joinable(changes)])
        if isinstance(cleared, Refused | Waits):
            self.journal.refuse(changes[0], cleared)
            return [Result(changes[0], cleared)]
        self.journal.intend(cleared)
        results = self.journal.conclude(zip(cleared, self._call(cleared), strict=True))
        for result in results:
            self._reached.take(*result)
        return results

    def ask(self, waiting: Waiting) -> list[Result]:
        """Tell a person, where the provider reaches people, of a step that nobody else takes for them."""
        waits = self._provider.ask(self._scope, waiting) if isinstance(self._provider, AskingProvider) else None
        if waits is None:
            return []
        change = waiting.as_change()
        approval = self.situation.approvals.get(change.step)
        change = approval.let_through(change) if approval else change
        self.journal.intend([change])
        return self.journal.conclude([(change, waits)])

    def _count_joinable(self, changes: Sequence[Change]) -> int:
        """How many of the first changes leave in one call. What touches an admin goes alone: the count comes first."""
        # Whoever and whatever is in a group goes with it, however many that are.
        most = len(changes) if changes[0].address.kind in _GROUPED and changes[0].after is None else MAX_TOGETHER
        for number, change in enumerate(changes[:most]):
            if change.action is Action.TRANSFER_APP or self._reached.is_about_admin(change):
                return self._count_together(changes[:number]) if number > 1 else 1
        return self._count_together(changes[:most])

    def _count_together(self, changes: Sequence[Change]) -> int:
        """How many of the first changes the provider carries out in one call."""
        if len(changes) == 1 or not isinstance(self._provider, BatchProvider):
            return 1
        try:
            with shielded(self._provider):
                number = self._provider.together(self._scope, changes)
        except ProviderError:
            return 1  # whatever it is that it cannot say of several, it says of the one
        return max(1, min(number, len(changes)))

    def _clear(self, changes: Sequence[Change]) -> Sequence[Change] | Refused | Waits:
        """Those of the changes that one call may carry out now, or why not even the first one may."""
        if gap := self._reached.find_gap(changes[0]):
            return gap
        is_about_admin = any(self._reached.is_about_admin(change) for change in changes)
        addresses = [change.address for change in changes]
        if is_about_admin:  # the rights of all admins count where one of them may lose them
            addresses += self._reached.admin_addresses
        try:
            live = grants_in(self._read(addresses), self._implied)[0]
        except ProviderError as error:
            return Refused(reason=f"it could not be read again: {error.message}")
        expected = self._reached if len(changes) == 1 else self._reached.fork()
        for number, change in enumerate(changes):
            refusal = expected.find_gap(change) or self._find_move(change, live) or expected.find_excess(change)
            if refusal is not None:
                # What is left may be too little for one call. Whatever is behind gets its own look.
                return changes[: self._count_together(changes[:number])] if number else refusal
            if len(changes) > 1:
                expected.record(change, outcome=change.after)
        return changes

    def _find_move(self, change: Change, live: Live) -> Refused | None:
        """Whether something is not as the plan saw it any more."""
        found = live.find(change.address)
        if isinstance(found, Unknown):
            return Refused(reason=f"it could not be read again: {found.reason}")
        if fingerprint_of(found) != change.fingerprint:
            return Refused(reason=describe_stale(change, found))
        if self._reached.is_about_admin(change):
            self._reached.recount(live)
        return None

    def _read(self, addresses: Sequence[Address]) -> Live:
        with shielded(self._provider):
            return self._provider.read_some(self._scope, addresses)

    def _call(self, changes: Sequence[Change]) -> list[Outcome]:
        """Carry out what goes together, and find out by one look which calls without an answer took effect.

        Nothing is ever sent again. Where the provider has looked already, what it did not see may still be on its way,
        and is no failure yet.
        """
        outcomes = self._send(changes)
        doubtful = [change.address for change, outcome in zip(changes, outcomes, strict=True) if _is_unsettled(outcome)]
        if not doubtful:
            return outcomes
        try:
            live = self._read(doubtful)
        except ProviderError:
            return outcomes
        return [_settle(change, outcome, live) for change, outcome in zip(changes, outcomes, strict=True)]

    def _send(self, changes: Sequence[Change]) -> list[Outcome]:
        try:
            with shielded(self._provider):
                if len(changes) == 1 or not isinstance(self._provider, BatchProvider):
                    return [self._provider.apply(self._scope, change) for change in changes]
                outcomes = list(self._provider.apply_many(self._scope, changes))
                if len(outcomes) != len(changes):
                    message = f"{len(outcomes)} outcomes for {len(changes)} changes"
                    raise ValueError(message)
                return outcomes
        except ProviderBroke as error:
            return [InDoubt(reason=error.message)] * len(changes)
        except ProviderError as error:
            return [Failed(reason=error.message)] * len(changes)


def _is_unsettled(outcome: Outcome) -> TypeGuard[InDoubt]:
    return isinstance(outcome, InDoubt) and not outcome.has_looked


def _settle(change: Change, said: Outcome, live: Live) -> Outcome:
    found = live.find(change.address)
    if not _is_unsettled(said) or isinstance(found, Unknown):
        return said
    outcome = judge(change, found)
    return Failed(reason=f"{said.reason}; {outcome.reason}") if isinstance(outcome, Failed) else outcome or said


class JournalWriter:
    """The journal of one organization during one run, with the state it leads to and what the audit log will say."""

    def __init__(self, *, store: StateStore, lease: Lease, builder: StateBuilder, origin: Origin, clock: Clock) -> None:
        self._store = store
        self._lease = lease
        self._builder = builder
        self._origin = origin
        self._clock = clock
        self._has_begun = False
        self._has_told_all = False
        """Whether a record of this run says more than what it is about, so that no later one has to."""
        self.entries: list[AuditEntry] = []
        """Everything that was tried so far."""

    @property
    def state(self) -> State:
        """The state as it stands; a change that was begun and not concluded is in doubt."""
        return self._builder.state()

    def see(self, situation: PlanningContext) -> None:
        """Keep for the audit log what others have done. No journal needs it: until the state is stored, it is new."""
        self.entries += sightings(situation.state.records, situation.records, at=self._clock.now())

    def intend(self, changes: Sequence[Change]) -> None:
        """Write down, durably, that a call is about to leave with these changes of one organization.

        Returns only while the organization is ours.
        """
        begun = self._begin()
        self._append(*begun, *(intent_record(change, serial=self._builder.begin(change)) for change in changes))
        self._lease.check()

    def conclude(self, outcomes: Iterable[tuple[Change, Outcome]]) -> list[Result]:
        """Write down, durably, what became of a call; what comes back says how work orders are called from now on."""
        now, results, records = self._clock.now(), [], []
        for change, told in outcomes:
            outcome = self._builder.issue(change, told, at=now)
            serial = self._builder.take(change, outcome)
            self.entries.append(audit_entry(change, outcome, serial=serial, at=now))
            records.append(outcome_record(change, outcome, part=self._part(change.address), at=now))
            results.append(Result(change, outcome))
        self._append(*records)
        return results

    def end_orders(self) -> None:
        """Write down, durably, which work orders have ended without anybody's word."""
        for order in self._builder.ended:
            begun = self._begin()
            serial, now = self._builder.close(order), self._clock.now()
            self.entries.append(order_entry(order, serial=serial, at=now))
            self._append(*begun, order_record(order, part=self._part(order.address), at=now))

    def refuse(self, change: Change, refusal: Refused | Waits) -> None:
        """Keep for the audit log that a change was not attempted; the state stays as it is."""
        self._lease.check()
        self.entries.append(audit_entry(change, refusal, serial=0, at=self._clock.now()))

    def _begin(self) -> list[bytes]:
        """Who carries out which plan comes before everything else."""
        if self._has_begun:
            return []
        self._has_begun = True
        lineage, serial = self._builder.lineage, self._builder.next_serial()
        return [run_record(self._origin, lineage=lineage, serial=serial, at=self._clock.now())]

    def _part(self, address: Address) -> StatePart:
        """The first record of a run says everything but what is known of other addresses."""
        part = self._builder.part(address, alone=self._has_told_all)
        self._has_told_all = True
        return part

    def _append(self, *records: bytes) -> None:
        """All at once, because a disk is waited for each time."""
        self._store.append(self._lease.lock.organization, join_records(records), token=self._lease.token)
