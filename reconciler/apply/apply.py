"""Carry a plan out, one organization after the other. After every step, what is stored says what has happened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field, replace
from functools import cached_property

from reconciler.apply.journal import Lease, LeaseTerms, LoadedState, hold_many
from reconciler.apply.planning import (
    Look,
    Planned,
    PlanRequest,
    ProviderFor,
    Scopes,
    Settled,
    describe_left_behind,
    read_undeclared,
)
from reconciler.apply.settled import SettledOrganization, describe_settled
from reconciler.apply.states import StateBuilder, load_state, new_lineage, save_state
from reconciler.apply.steps import JournalWriter, Steps, choose, chosen_requests
from reconciler.audit.entries import audit_entry, renaming_entry
from reconciler.audit.log import AuditLog
from reconciler.model import (
    Action,
    Address,
    AuditEntry,
    AuditRecord,
    Blocked,
    Change,
    Clock,
    Desired,
    LeaseLost,
    Organization,
    OrganizationPlan,
    Origin,
    Outcome,
    Owner,
    Plan,
    ReconcilerError,
    Refused,
    Report,
    Result,
    StalePlan,
    State,
    StateStore,
    Unread,
    Waits,
    dataclass,
    plan_to_json,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of apply brings along besides the plan."""

    clock: Clock
    """Dates the journal and the audit log."""
    terms: LeaseTerms
    origin: Origin = field(default_factory=Origin)
    on_result: Callable[[Change, Outcome], None] = lambda _change, _outcome: None
    on_notice: Callable[[str], None] = lambda _text: None
    """Told what an earlier run left behind, and what stopped an organization while others go on."""
    on_settled: Callable[[SettledOrganization], None] = lambda _settled: None
    """Told of each organization of which a plan has nothing more to say; what its system showed is left to others."""


def apply_plan(plan: Plan, request: PlanRequest, *, provider_for: ProviderFor, store: StateStore, run: Run) -> Report:
    """Carry out the changes of a plan and record everything that was seen.

    Everything is planned again on the day of the request, and what is carried out is this new plan: of the given one,
    which is a file that may be old or edited, only the choice of steps is taken (see `choose`). Raises StalePlan
    before anything is touched when the plan belongs to other manifests. An organization that is locked, whose state has
    moved on or cannot be used is left out, the others go on, and the error is raised at the end.
    """
    if plan.manifests != request.desired.digest:
        raise _stale("the plan was made from other manifests")
    digest = hashlib.sha256(plan_to_json(plan).encode()).hexdigest()
    application = _Application(
        request=request.for_apply(plan),
        provider_for=provider_for,
        store=store,
        run=replace(run, origin=replace(run.origin, plan=digest)),
    )
    stopped: list[ReconcilerError] = []
    for part in plan.organizations:
        try:
            application.carry_out(part, others=other_sides(part, plan, request.desired))
        except ReconcilerError as error:
            stopped.append(error)
    for other in stopped[1:]:
        run.on_notice(other.message)
    if stopped:
        raise stopped[0]
    return Report(
        results=tuple(application.results), unread=tuple(application.unread), blocked=tuple(application.blocked)
    )


def other_sides(part: OrganizationPlan, plan: Plan, desired: Desired) -> set[str]:
    """Keys of the declared organizations that the apps come from; their locks are held while `part` is carried out.

    From an organization it is that one. From a person it is every organization of the system where they are declared,
    or where this plan changes their membership: the owner must not be removed there while the app changes hands.
    """
    transfers = (change.before for change in part.changes if change.action is Action.TRANSFER_APP)
    owners = {Owner.of(app.attributes) for app in transfers if app is not None} - {Owner()}
    if not owners:
        return set()
    changing = {change.address for change in plan.changes}
    return {
        key
        for key, organization in desired.organizations.items()
        if key != part.organization and organization.system.name == part.system
        for owner in owners
        if _is_side(owner, organization, present={*desired.resources.get(key, {}), *changing})
    }


def _is_side(owner: Owner, organization: Organization, *, present: set[Address]) -> bool:
    if owner.organization:
        return owner.organization in (organization.key, organization.name, organization.identity)
    return Address(organization.key, "member", owner.person) in present


class _Application:
    """One run of apply over the organizations of a plan."""

    def __init__(self, *, request: PlanRequest, provider_for: ProviderFor, store: StateStore, run: Run) -> None:
        self._request = request
        self._provider_for = provider_for
        self._scopes = Scopes(request.desired)
        self._store = store
        self._audit = AuditLog(store)
        self._run = run
        self.results: list[Result] = []
        self.unread: list[Unread] = []
        self.blocked: list[Blocked] = []
        """What guards stop now, whatever the plan says of it."""

    @cached_property
    def _undeclared(self) -> Mapping[str, State]:
        """What is recorded under keys that no manifest names, perhaps of an organization that has another now."""
        return read_undeclared(self._request, self._store)

    def carry_out(self, part: OrganizationPlan, *, others: Collection[str]) -> None:
        """Everything the plan wants of one organization, under its lock and those of `others`, whose apps it gets."""
        organization = self._request.desired.organizations.get(part.organization)
        if organization is None:
            raise _stale(f"the plan is about {part.organization}, which the manifests do not declare")
        if (part.system, part.mode) != (organization.system.name, organization.mode):
            raise _stale(f"the plan takes {part.organization} for another sort of organization than the manifests")
        organizations = {part.organization, *others}
        with hold_many(self._store, organizations, purpose="apply", terms=self._run.terms) as leases:
            loaded = load_state(self._store, part.organization)
            state = loaded.state
            if (part.lineage, part.serial) != (state.lineage, state.serial):
                raise _stale(f"{part.organization} has changed since the plan was made: {self._describe(part, state)}")
            self._carry_out(part, loaded, leases)

    def _describe(self, part: OrganizationPlan, state: State) -> str:
        """What the plan does not know of a state; most often it is that of this very plan, applied before."""
        this = part.organization, self._run.origin.plan
        if this[1] and any((one.organization, one.origin.plan) == this for one in self._audit.records()):
            return "this plan was applied before"
        if not part.lineage:
            return f"it had no state then, and is at serial {state.serial}"
        if part.lineage != state.lineage:
            return f"its state is another one, of lineage {state.lineage or 'none'} and not {part.lineage}"
        return f"its state was at serial {part.serial} then, and is at {state.serial}"

    def _carry_out(self, part: OrganizationPlan, loaded: LoadedState, leases: Mapping[str, Lease]) -> None:
        """Look again, clear up what an earlier run left, then one call after the other."""
        request, run, key = self._request, self._run, part.organization
        organization, lease = request.desired.organizations[key], leases[key]
        if loaded.state.audit is not None and not self._audit.holds(loaded.state.audit):
            run.on_notice(f"the audit log is not as the state of {key} remembers it: run `reconciler audit verify`")
        provider = self._provider_for(organization)
        look = self._scopes.look(loaded, provider, today=request.today)
        loaded = self._rename(self._recover(loaded, look.settled, lease), look, lease)
        others = {} if loaded.state.records else self._undeclared
        moment = run.clock.now()
        situation, fresh = planned = request.plan_again(loaded.state, look.live, moment=moment, others=others)
        self.unread += fresh.unread
        for unread in fresh.unread:
            run.on_notice(f"{key}: {unread.what} could not be read: {unread.reason}")
        self.blocked += fresh.blocked
        builder = StateBuilder.of(situation, fresh, request.targets, lineage=loaded.state.lineage or new_lineage())
        journal = JournalWriter(store=self._store, lease=lease, builder=builder, origin=run.origin, clock=run.clock)
        journal.see(situation)
        scope = look.scope or self._scopes.scope_of(key, situation.state)
        steps = Steps(situation=situation, scope=scope, provider=provider, journal=journal)
        try:
            self._take_steps(part, fresh, steps, leases)
        except LeaseLost:
            raise  # The new lease holder resumes from the journal. Do not write here.
        except BaseException:
            self._close(loaded, journal, lease)
            raise
        closed = self._close(loaded, journal, lease)
        if fresh.is_settled and not request.targets.describe():
            if closed is not loaded:  # then the next plan starts from more than this one did
                planned = request.plan_again(closed.state, look.live, moment=run.clock.now())
            self._note_settled(planned, closed)

    def _note_settled(self, found: Planned, closed: LoadedState) -> None:
        """Tell of an organization of which a plan has nothing more to say."""
        request, key, now = self._request, closed.state.organization, self._run.clock.now()

        def recall() -> Planned:
            recorded = self._scopes.look(closed, None, today=request.today).live
            return request.plan_again(closed.state, recorded, moment=now)

        if settled := describe_settled(found, request.desired, recall=recall):
            self._run.on_settled(replace(settled, stamp=self._store.stamps(key).get(key, "")))

    def _recover(self, loaded: LoadedState, settled: Settled, lease: Lease) -> LoadedState:
        """Bring an unfinished run to its end: its audit trail, and a snapshot in place of its journal."""
        if not loaded.has_journal and not settled.findings:
            return loaded
        for text in describe_left_behind(loaded, settled):
            self._run.on_notice(text)
        now, serial = self._run.clock.now(), loaded.state.serial
        found = [
            audit_entry(change, outcome, serial=serial + number, at=now)
            for number, (change, outcome) in enumerate(settled.findings, start=1)
        ]
        state = replace(settled.state, serial=serial + len(found), lineage=settled.state.lineage or new_lineage())
        if entries := (*loaded.entries, *found):
            state = self._audit_missing(state, entries, origin=loaded.origin)
        return save_state(self._store, loaded, state, token=lease.token)

    def _rename(self, loaded: LoadedState, look: Look, lease: Lease) -> LoadedState:
        """Store the state under the names of today before anything else: the journal speaks of no others."""
        today = look.renamed.names
        names = [name for name in sorted(today.keys) if name in today.recorded]
        if not names:
            return loaded
        state, now = loaded.state, self._run.clock.now()
        entries = tuple(
            renaming_entry(state.organization, name, today.keys[name], serial=state.serial + number, at=now)
            for number, name in enumerate(names, start=1)
        )
        again = self._scopes.rename(state, look)
        again = replace(again, serial=state.serial + len(names), lineage=state.lineage or new_lineage())
        again = self._audit_missing(again, entries, origin=self._run.origin)
        return save_state(self._store, loaded, again, token=lease.token)

    def _audit_missing(self, state: State, entries: tuple[AuditEntry, ...], *, origin: Origin) -> State:
        """The state with the mark of the audit log, in which the entries are by now."""
        record = AuditRecord(organization=state.organization, lineage=state.lineage, origin=origin, entries=entries)
        return replace(state, audit=self._audit.append_missing(record, known=state.audit))

    def _take_steps(
        self, part: OrganizationPlan, fresh: OrganizationPlan, steps: Steps, leases: Mapping[str, Lease]
    ) -> None:
        """End orders that nobody needs, carry out what `part` chooses of the fresh plan, then ask people."""
        situation, journal = steps.situation, steps.journal
        journal.end_orders()
        choice = choose(part, fresh, situation.live)
        for change, why in choice.refused:
            refusal = Refused(reason=why)
            journal.refuse(change, refusal)
            self._report([Result(change, refusal)])
        rest = choice.changes
        while rest:
            if rest[0].action is Action.TRANSFER_APP:
                for lease in leases.values():
                    lease.check()
            results = steps.carry_out(rest)
            self._report(results)
            rest = rest[len(results) :]
        for waiting in chosen_requests(part, fresh, situation):
            asked = steps.ask(waiting)
            self._report(asked)
            for _, outcome in asked:
                if isinstance(outcome, Waits):
                    self._run.on_notice(f"work order {outcome.work_order}: {outcome.on} is asked to {outcome.why}")

    def _report(self, results: Iterable[Result]) -> None:
        for result in results:
            self.results.append(result)
            self._run.on_result(*result)

    def _close(self, loaded: LoadedState, journal: JournalWriter, lease: Lease) -> LoadedState:
        """First the audit log, then the snapshot: until both are there, the journal can tell the story again."""
        state = journal.state
        if journal.entries:
            record = AuditRecord(
                organization=state.organization,
                lineage=state.lineage,
                origin=self._run.origin,
                entries=tuple(journal.entries),
            )
            state = replace(state, audit=self._audit.append(record, known=state.audit, guard=lease.check))
        return save_state(self._store, loaded, state, token=lease.token)


def _stale(message: str) -> StalePlan:
    return StalePlan(message, advice="plan again and apply the new plan")
