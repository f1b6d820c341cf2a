"""Carrying a plan out, one organization after the other, honest at every point about what has happened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.apply.audit_entries import AuditSink, audit_entry, renaming_entry, sightings
from reconciler.apply.choice import choose
from reconciler.apply.in_doubt import Settled, left_behind, settle_renamed
from reconciler.apply.journal_writer import JournalWriter
from reconciler.apply.leases import Lease, LeaseTerms, hold_many
from reconciler.apply.orders import as_change, chosen_requests, ended_orders
from reconciler.apply.planning import PlanRequest, ProviderFor, read_live
from reconciler.apply.scopes import Scopes
from reconciler.apply.state_builder import StateBuilder
from reconciler.apply.states import LoadedState, load_state, new_lineage, save_state
from reconciler.apply.steps import Steps
from reconciler.apply.transfers import other_sides
from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.guards import with_approval
from reconciler.engine.identities import Identities, Renamed, under_todays_names, with_fingerprints
from reconciler.engine.organization import plan_organization
from reconciler.engine.planner import Worlds, situations
from reconciler.model.address import Address
from reconciler.model.audit import AuditEntry, AuditRecord, Origin
from reconciler.model.change import Blocked, Change, Waiting
from reconciler.model.declared import Approval
from reconciler.model.errors import LeaseLost, ReconcilerError, StalePlan
from reconciler.model.json import plan_to_json
from reconciler.model.kinds import Action
from reconciler.model.live import Live, Unread
from reconciler.model.outcome import Outcome, Refused, Report, Result, Waits
from reconciler.model.plan import OrganizationPlan, Plan
from reconciler.model.ports import AskingProvider, Clock, Provider, Scope, StateStore
from reconciler.model.state import AuditMark
from reconciler.systems.drafting import describe_wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of apply brings along besides the plan."""

    clock: Clock
    """Dates the journal and the audit log."""
    terms: LeaseTerms
    audit: AuditSink
    origin: Origin = field(default_factory=Origin)
    on_result: Callable[[Change, Outcome], None] = lambda _change, _outcome: None
    on_notice: Callable[[str], None] = lambda _text: None
    """Told what an earlier run left behind, and what stopped an organization while others go on."""


def apply_plan(plan: Plan, request: PlanRequest, *, provider_for: ProviderFor, store: StateStore, run: Run) -> Report:
    """Carry out the changes of a plan and record everything that was seen.

    Everything is planned again on the day of the request, and what is carried out is this new plan: of the given one,
    which is a file that may be old or edited, only the choice of steps is taken (see `apply.choice`). Raises StalePlan
    before anything is touched when the plan belongs to other manifests. An organization that is locked, whose state has
    moved on or cannot be used is left out, the others go on, and the error is raised at the end.
    """
    if plan.manifests != request.desired.digest:
        message = "the plan was made from other manifests"
        raise StalePlan(message, advice="plan again and apply the new plan")
    digest = hashlib.sha256(plan_to_json(plan).encode()).hexdigest()
    application = _Application(
        # What was deferred today is in a plan only if it was to be tried again.
        request=replace(request, targets=Targets.parse(plan.targets), retry=True),
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


class _Application:
    """One plan on its way into the world."""

    def __init__(self, *, request: PlanRequest, provider_for: ProviderFor, store: StateStore, run: Run) -> None:
        self._request = request
        self._provider_for = provider_for
        self._scopes = Scopes(request.desired)
        self._identities = Identities(request.desired)
        self._store = store
        self._run = run
        self.results: list[Result] = []
        self.unread: list[Unread] = []
        self.blocked: list[Blocked] = []
        """What guards stop now, whatever the plan says of it."""

    def carry_out(self, part: OrganizationPlan, *, others: Collection[str]) -> None:
        """Everything the plan wants of one organization, under its lock and those of `others`, whose apps it gets."""
        organization = self._request.desired.organizations.get(part.organization)
        if organization is None:
            message = f"the plan is about {part.organization}, which the manifests do not declare"
            raise StalePlan(message, advice="plan again and apply the new plan")
        if (part.system, part.mode) != (organization.system.name, organization.mode):
            message = f"the plan takes {part.organization} for another sort of organization than the manifests"
            raise StalePlan(message, advice="plan again and apply the new plan")
        organizations = {part.organization, *others}
        with hold_many(self._store, organizations, purpose="apply", terms=self._run.terms) as leases:
            loaded = load_state(self._store, part.organization)
            _refuse_stale(part, loaded)
            self._carry_out(part, loaded, leases)

    def _carry_out(self, part: OrganizationPlan, loaded: LoadedState, leases: Mapping[str, Lease]) -> None:
        """Look again, clear up what an earlier run left, then one call after the other."""
        request, key = self._request, part.organization
        organization, lease = request.desired.organizations[key], leases[key]
        if loaded.state.audit is not None and not self._run.audit.holds(loaded.state.audit):
            self._run.on_notice(
                f"the audit log is not as the state of {key} remembers it: run `reconciler audit verify`"
            )
        provider = self._provider_for(organization)
        scope = self._scopes.scope_of(key, loaded.state)
        live = read_live(provider, scope)
        renamed = under_todays_names(loaded.state, self._identities)
        settled = settle_renamed(loaded.state, renamed, live, system=organization.system, today=request.today)
        loaded = self._rename(self._recover(loaded, settled, lease), renamed, live, lease)
        situation = self._look_at(key, loaded, live)
        fresh = plan_organization(situation, request.targets)
        self.unread += fresh.unread
        for unread in fresh.unread:
            self._run.on_notice(f"{key}: {unread.what} could not be read: {unread.reason}")
        ledger = StateBuilder.of(situation, fresh, request.targets, lineage=loaded.state.lineage or new_lineage())
        logbook = JournalWriter(
            store=self._store, lease=lease, ledger=ledger, origin=self._run.origin, clock=self._run.clock
        )
        logbook.see(sightings(situation.state.records, situation.records, at=self._run.clock.now()))
        self.blocked += fresh.blocked
        choice = choose(part, fresh, situation.live)
        steps = Steps(situation=situation, scope=scope, provider=provider, logbook=logbook)
        try:
            for order in ended_orders(situation, fresh, request.targets):
                logbook.end(order)
            for change, why in choice.refused:
                refusal = Refused(reason=why)
                logbook.refuse(change, refusal)
                self._tell(change, refusal)
            self._take(steps, choice.changes, leases)
            for waiting in chosen_requests(part, fresh, situation):
                self._ask(provider, scope, waiting, logbook, approvals=situation.approvals)
        except LeaseLost:
            # Whoever has the organization now continues from the journal; a word from us would be a second one.
            raise
        except BaseException:
            self._close(loaded, logbook, lease)
            raise
        else:
            self._close(loaded, logbook, lease)

    def _rename(self, loaded: LoadedState, renamed: Renamed, live: Live, lease: Lease) -> LoadedState:
        """Store the state under the names of today before anything else: the journal speaks of no others."""
        names = [name for name in sorted(renamed.names.keys) if name in renamed.names.recorded]
        if not names:
            return loaded
        state, now = loaded.state, self._run.clock.now()
        entries = tuple(
            renaming_entry(state.organization, name, renamed.names.keys[name], serial=state.serial + number, at=now)
            for number, name in enumerate(names, start=1)
        )
        again = with_fingerprints(under_todays_names(state, self._identities).state, renamed.names, live)
        again = replace(again, serial=state.serial + len(names), lineage=state.lineage or new_lineage())
        record = AuditRecord(
            organization=state.organization, lineage=again.lineage, origin=self._run.origin, entries=entries
        )
        mark = self._run.audit.append_missing(record, known=state.audit)
        return save_state(self._store, loaded, replace(again, audit=mark), token=lease.token)

    def _look_at(self, key: str, loaded: LoadedState, live: Live) -> PlanningContext:
        """What the planner would see of an organization now."""
        worlds = Worlds(
            desired=self._request.desired,
            recorded={key: loaded.state},
            live={key: live},
            today=self._request.today,
            moment=self._run.clock.now(),
            retry=self._request.retry,
        )
        (situation,) = situations(worlds, self._request.settings)
        return situation

    def _take(self, steps: Steps, changes: Sequence[Change], leases: Mapping[str, Lease]) -> None:
        rest = changes
        while rest:
            if rest[0].action is Action.TRANSFER_APP:
                for lease in leases.values():
                    lease.check()
            for change, outcome in (results := steps.carry_out(rest)):
                self._tell(change, outcome)
            rest = rest[len(results) :]

    def _tell(self, change: Change, outcome: Outcome) -> None:
        self.results.append(Result(change, outcome))
        self._run.on_result(change, outcome)

    def _ask(
        self,
        provider: Provider,
        scope: Scope,
        waiting: Waiting,
        logbook: JournalWriter,
        *,
        approvals: Mapping[tuple[Address, Action], Approval],
    ) -> None:
        """Tell a person, where the provider reaches people, of a step that nobody else takes for them."""
        orders = provider.ask(scope, waiting) if isinstance(provider, AskingProvider) else ()
        if not orders:
            return
        change = as_change(waiting)
        approval = approvals.get(change.step)
        change = with_approval(change, approval) if approval else change
        logbook.intend([change])
        outcome = logbook.conclude(change, describe_wait(orders))
        self._tell(change, outcome)
        if isinstance(outcome, Waits):
            self._run.on_notice(f"work order {outcome.work_order}: {outcome.on} is asked to {outcome.why}")

    def _recover(self, loaded: LoadedState, settled: Settled, lease: Lease) -> LoadedState:
        """Bring an unfinished run to its end: its audit trail, and a snapshot in place of its journal."""
        if not loaded.has_journal and not settled.findings:
            return loaded
        self._mention(loaded, settled)
        now = self._run.clock.now()
        serial = loaded.state.serial
        found = [
            audit_entry(change, outcome, serial=serial + number, at=now)
            for number, (change, outcome) in enumerate(settled.findings, start=1)
        ]
        state = replace(settled.state, serial=serial + len(found), lineage=settled.state.lineage or new_lineage())
        mark = self._audit_missing(loaded, state.lineage, (*loaded.entries, *found))
        state = replace(state, audit=mark or state.audit)
        return save_state(self._store, loaded, state, token=lease.token)

    def _audit_missing(self, loaded: LoadedState, lineage: str, entries: tuple[AuditEntry, ...]) -> AuditMark | None:
        if entries:
            record = AuditRecord(
                organization=loaded.state.organization, lineage=lineage, origin=loaded.origin, entries=entries
            )
            return self._run.audit.append_missing(record, known=loaded.state.audit)
        return None

    def _mention(self, loaded: LoadedState, settled: Settled) -> None:
        for text in left_behind(loaded, settled):
            self._run.on_notice(text)

    def _close(self, loaded: LoadedState, logbook: JournalWriter, lease: Lease) -> None:
        """First the audit log, then the snapshot: until both are there, the journal can tell the story again."""
        state = logbook.state
        if logbook.entries:
            mark = self._run.audit.append(
                AuditRecord(
                    organization=state.organization,
                    lineage=state.lineage,
                    origin=self._run.origin,
                    entries=logbook.entries,
                ),
                known=state.audit,
                guard=lease.check,
            )
            state = replace(state, audit=mark)
        save_state(self._store, loaded, state, token=lease.token)


def _refuse_stale(part: OrganizationPlan, loaded: LoadedState) -> None:
    state = loaded.state
    if (part.lineage, part.serial) != (state.lineage, state.serial):
        message = (
            f"{part.organization} has changed since the plan was made: its state is at serial {state.serial} of "
            f"lineage {state.lineage or 'none'}, the plan knows {part.serial} of lineage {part.lineage or 'none'}"
        )
        raise StalePlan(message, advice="plan again and apply the new plan")
