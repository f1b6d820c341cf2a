"""The plan of one organization: what to do about every difference, in which order, and what must wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.address import Address
from reconciler.core.change import Blocked, Cause, Change, LeftOut, Waiting
from reconciler.core.declared import Declared, Mode
from reconciler.core.kinds import KINDS, Action
from reconciler.core.live import Unknown
from reconciler.core.plan import Limit, OrganizationPlan
from reconciler.core.planning.actors import founder_of
from reconciler.core.planning.budgets import hold_invitations, hold_mass_removal
from reconciler.core.planning.contested import forgetting, is_contested, settle_contested
from reconciler.core.planning.diff import diff
from reconciler.core.planning.drift import find_drift
from reconciler.core.planning.founding import hold_empty_groups, with_groups_whole
from reconciler.core.planning.guards import Objection, blocked_by, judge, judge_request
from reconciler.core.planning.headcount import Headcount
from reconciler.core.planning.lifecycle import next_step
from reconciler.core.planning.order import Parked, lay_out
from reconciler.core.planning.orders import hold_asked
from reconciler.core.planning.patience import dated
from reconciler.core.planning.readiness import SOMEBODY, hold_until_ready, is_needed_owner, why_nobody_can_act
from reconciler.core.planning.sight import doubtful, unread_parts
from reconciler.core.planning.situation import Situation
from reconciler.core.planning.targets import Targets
from reconciler.core.resource import Resource


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    changes: list[Change] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def sort_in(self, items: Iterable[Change | Waiting | Blocked | LeftOut | None]) -> None:
        """Put each item where it belongs."""
        for item in items:
            match item:
                case Change():
                    self.changes.append(item)
                case Waiting():
                    self.waiting.append(item)
                case Blocked():
                    self.blocked.append(item)
                case LeftOut():
                    self.left_out.append(item)
                case None:
                    pass


def plan_organization(situation: Situation, targets: Targets) -> OrganizationPlan:
    """Plan one organization. Pure: the same situation always gives the same plan."""
    if situation.another:
        verdict = judge(forgetting(situation), situation)
        part = replace(_empty(situation), blocked=(verdict,) if isinstance(verdict, Blocked) else ())
        return replace(part, drift=tuple(find_drift(situation, part)))
    draft = _Draft()
    readable = _leave_out_unknown(draft, situation, targets)
    if situation.organization.mode is not Mode.OBSERVE:
        _propose(draft, readable, _managed_part(situation), situation, targets)
        _hold_back(draft, situation)
        _lay_out(draft, situation)
    draft.waiting += _doubtful(situation, targets)
    part = replace(
        _empty(situation),
        changes=tuple(draft.changes),
        waiting=tuple(sorted((dated(item, situation) for item in draft.waiting), key=lambda item: item.address)),
        blocked=tuple(sorted(draft.blocked, key=lambda item: item.change.address)),
        left_out=tuple(sorted(draft.left_out, key=lambda item: item.address)),
        unread=tuple(unread for unread in unread_parts(situation) if targets.reach(unread.prefix)),
        limits=_limits(situation),
    )
    drift = find_drift(situation, part)
    return replace(part, drift=tuple(found for found in drift if targets.covers(found.address)))


def _empty(situation: Situation) -> OrganizationPlan:
    return OrganizationPlan(
        organization=situation.organization.key,
        system=situation.organization.system.name,
        mode=situation.organization.mode,
        lineage=situation.state.lineage,
        serial=situation.state.serial,
        not_managed=situation.organization.not_managed,
        is_first=situation.state.tells_nothing,
    )


def _limits(situation: Situation) -> tuple[Limit, ...]:
    """None where nobody counted the members."""
    key, live = situation.organization.key, situation.live
    is_counted = "member" not in live.unmanaged and not {f"{key}/", f"{key}/member/"} & live.unread.keys()
    return Headcount.of(situation).limits if is_counted else ()


def _managed_part(situation: Situation) -> dict[Address, Resource]:
    """The part of what is live that this plan may touch; the rest it must leave alone."""
    if situation.organization.deleted:
        return _all_of_it(situation)
    return {address: found for address, found in situation.live.resources.items() if situation.is_ours(address)}


def _all_of_it(situation: Situation) -> dict[Address, Resource]:
    """An organization that shall be deleted goes in one step, and all that is in it with it."""
    organization = Address(situation.organization.key, "organization", situation.organization.key)
    found = situation.live.resources.get(organization)
    return {} if found is None else {organization: found}


def _leave_out_unknown(draft: _Draft, situation: Situation, targets: Targets) -> Mapping[Address, Declared]:
    """Say what could not be read; what is left of what is wanted can be compared."""
    if not situation.live.unknown and not situation.live.unmanaged:
        return situation.wanted
    readable = dict(situation.wanted)
    for address in sorted(readable.keys() | situation.records.keys()):
        found = situation.live.find(address)
        if isinstance(found, Unknown):
            readable.pop(address, None)
            is_managed = address.kind not in situation.live.unmanaged
            if found.is_part and is_managed and targets.covers(address):
                draft.left_out.append(LeftOut(address=address, cause=Cause.UNREAD, reason=found.reason))
    return readable


def _doubtful(situation: Situation, targets: Targets) -> Iterator[Waiting]:
    """Single people and things that cannot be told apart: nothing is done about them until somebody can."""
    for address, why in doubtful(situation).items():
        wanted = situation.wanted.get(address)
        if targets.covers(address):
            kind = KINDS[address.kind]
            yield Waiting(
                address=address,
                action=kind.create if wanted else kind.delete,
                on=SOMEBODY,
                why=why,
                after=Resource(address=address, attributes=wanted.attributes, identity=wanted.identity)
                if wanted
                else None,
                place=situation.place_of(address),
            )


def _propose(
    draft: _Draft,
    readable: Mapping[Address, Declared],
    managed: Mapping[Address, Resource],
    situation: Situation,
    targets: Targets,
) -> None:
    """The next step for every difference, and for those whose record is in doubt what would settle that."""
    steps: list[Change | Waiting | None] = [*settle_contested(situation, readable)]
    steps += [
        next_step(difference, situation)
        for difference in diff(desired=readable, live=managed)
        if not is_contested(difference.address, situation)
    ]
    covered = [step for step in steps if step is not None and targets.covers(step.address)]
    for step in with_groups_whole(covered, situation, targets):
        draft.sort_in([step if isinstance(step, LeftOut) else _quarantined(step, situation) or step])


def _quarantined(step: Change | Waiting, situation: Situation) -> LeftOut | None:
    """A change that failed by itself before is put aside for the rest of the day."""
    quarantine = situation.state.quarantined.get(step.address)
    if quarantine is None or situation.retry or quarantine.tried < situation.today or isinstance(step, Waiting):
        return None
    return LeftOut(address=step.address, cause=Cause.DEFERRED, reason=quarantine.reason, since=quarantine.since)


def _hold_back(draft: _Draft, situation: Situation) -> None:
    """Take out of the changes what has to wait and what a guard stops."""
    _drop_founder(draft, situation)
    _leave_out_without_actor(draft, situation)
    proposed, draft.changes = draft.changes, []
    draft.waiting, asked = [], draft.waiting
    for waiting in asked:
        answer = hold_asked(waiting, situation)
        if isinstance(answer, LeftOut) and waiting.before is not None and waiting.before.status.is_pending:
            answer = None  # that the question could not be asked that way says nothing of whoever answers it
        draft.sort_in([answer if isinstance(answer, LeftOut) else judge_request(answer or waiting, situation)])
    draft.sort_in(is_needed_owner(change, situation) or judge(change, situation) for change in proposed)
    proposed, draft.changes = draft.changes, []
    draft.sort_in(hold_asked(change, situation) or change for change in proposed)
    for budget in (hold_mass_removal, hold_invitations):
        draft.changes, blocked = budget(draft.changes, situation)
        draft.blocked += blocked
    held = {item.address for item in draft.waiting}
    held |= {item.address for item in draft.left_out}
    held |= {item.change.address for item in draft.blocked}
    kept = {item.change.address: item.guard for item in draft.blocked if item.change.after is None}
    proposed, draft.changes = draft.changes, []
    draft.sort_in(hold_until_ready(proposed, held=held, kept=kept, situation=situation))
    proposed, draft.changes = draft.changes, []
    draft.sort_in(list(hold_empty_groups(proposed, draft.waiting)))


def _leave_out_without_actor(draft: _Draft, situation: Situation) -> None:
    """Nobody may act before it is known who is an admin."""
    reason = why_nobody_can_act(situation) if draft.changes else ""
    if reason:
        text = f"who administers {situation.organization.key} could not be read: {reason}"
        draft.left_out += [LeftOut(address=change.address, cause=Cause.UNREAD, reason=text) for change in draft.changes]
        draft.changes = []


def _drop_founder(draft: _Draft, situation: Situation) -> None:
    """Whoever creates an organization is its admin at once and needs no invitation."""
    if any(change.action is Action.CREATE_ORGANIZATION for change in draft.changes):
        founder = Address(situation.organization.key, "member", founder_of(situation))
        draft.changes = [change for change in draft.changes if change.address != founder]


def _lay_out(draft: _Draft, situation: Situation) -> None:
    """Put the changes in a safe order, name who acts, and hold back what fits nowhere."""
    headcount = Headcount.of(situation)
    layout = lay_out(draft.changes, situation, headcount)
    draft.changes = layout.ordered
    draft.sort_in(_parked(parked, headcount) for parked in layout.parked)
    draft.sort_in(_wait(change, on="another change", why="what it depends on is held back") for change in layout.behind)
    draft.waiting = list(_ask_safely(draft.waiting, situation, headcount))


def _parked(parked: Parked, headcount: Headcount) -> Waiting | Blocked:
    """A change that the headcount refuses waits for invited admins; where there are none, somebody must decide."""
    change, guard, message = parked.change, parked.guard, parked.message
    if guard == "cap":
        return Blocked(change=change, guard=guard, message=message)
    if guard == "last_admin" and not headcount.invited_admins:
        can_consent = headcount.objection(change, is_agreed=True) is None
        return blocked_by(change, Objection(guard, f"{message}; appoint another admin first", can_consent))
    on = ", ".join(headcount.invited_admins) or "an admin"
    return _wait(change, on=on, why=f"{message}; waiting for a new admin")


def _ask_safely(waiting: Sequence[Waiting], situation: Situation, headcount: Headcount) -> Iterable[Waiting]:
    """Ask admins to give up their rights only as long as enough others remain."""
    for item in sorted(waiting, key=lambda item: item.address):
        if item.action is not Action.GIVE_UP_ADMIN or item.on not in headcount.active_admins:
            yield item
        elif headcount.shortage_without(item.on, is_agreed=(item.address, item.action) in situation.consents):
            on = ", ".join(headcount.invited_admins) or "a new admin"
            why = f"{item.on} cannot give up admin rights before another admin is active"
            yield replace(item, on=on, why=why)
        else:
            headcount.let_go(item.on)
            yield item


def _wait(change: Change, *, on: str, why: str) -> Waiting:
    return Waiting(
        address=change.address,
        action=change.action,
        on=on,
        why=why,
        before=change.before,
        after=change.after,
        place=change.place,
    )
