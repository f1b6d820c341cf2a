"""Rules that stop a dangerous change, and the risk of every step.

Each guard blocks only its own changes and can be lifted for one change by an approval. The risk is told from what
somebody can do before and after a step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from reconciler.engine.context import PlanningContext
from reconciler.engine.entitlements import DatedAccess, gained
from reconciler.engine.lifecycle import is_over
from reconciler.engine.membership_counts import founder_of
from reconciler.model import (
    INVITATIONS,
    KINDS,
    Action,
    Address,
    Blocked,
    Change,
    Guard,
    Mark,
    OrganizationPlan,
    Shape,
    Status,
    System,
    Waiting,
    is_administrator,
    person_in,
    risk_of,
    takes_away,
    unless_gone,
)

WINDOW_DAYS = 7
"""Removals and invitations of this many days, today included, count together, so that many small plans add up."""


def block(change: Change, guard: Guard, message: str, *, can_approve: bool = True) -> Blocked:
    """The change as blocked, with the manifest line that would allow exactly this one."""
    approval = f"- {{approve: {change.action}, address: {change.address}, reason: TICKET, expires: YYYY-MM-DD}}"
    return Blocked(change=change, guard=guard, message=message, approval=approval if can_approve else "")


def _service_identity(change: Change, context: PlanningContext) -> Blocked | None:
    """Who this tool acts as has to be an active admin, or to become one by creating the organization."""
    organization, acting = context.organization, context.live.acting
    message = ""
    if acting and Address.whole(organization.key) in context.live.resources:
        found = context.live.resources.get(context.member(acting))
        is_active = found is not None and found.status is Status.ACTIVE
        if not (is_active and found and is_administrator(organization.system, "member", found.attributes)):
            message = f"{acting}, who this tool acts as, is not an active admin of {organization.key}"
    if not message and change.action is Action.CREATE_ORGANIZATION and not founder_of(context):
        message = "no admin is declared who could create it"
        if acting:
            message = f"{acting}, who this tool acts as, would become its admin and is not declared as one"
    return block(change, Guard.SERVICE_IDENTITY, message, can_approve=False) if message else None


def _impossible(change: Change, context: PlanningContext) -> Blocked | None:
    """What the system does not offer."""
    reason = context.organization.system.cannot.get(change.action)
    return block(change, Guard.IMPOSSIBLE, reason, can_approve=False) if reason else None


def _policy(change: Change, context: PlanningContext) -> Blocked | None:
    """What a policy of severity error objects to is not given to anybody; taking access away is always fine."""
    reason = context.refusals.get(change.address)
    if reason is None or takes_away(change, context.organization.system):
        return None
    return block(change, Guard.POLICY, reason, can_approve=False)


def _unregistered(change: Change, context: PlanningContext) -> Blocked | None:
    """An invitation is not spent to find out what the manifests say already."""
    person, system = context.people.get(person_in(change.address)), context.organization.system
    is_invitation = change.action in {Action.INVITE, Action.REINVITE}
    if not is_invitation or person is None or system.name not in person.unregistered:
        return None
    message = f"{person.key} has no account on {system.name} yet; once there is one, take `registered:` out"
    return block(change, Guard.UNREGISTERED, message, can_approve=False)


def _handed_over(change: Change, context: PlanningContext) -> Blocked | None:
    """An owner's membership ends or changes only after the owner has passed the role on."""
    before = change.before
    if change.address.kind != "member" or before is None or before.status.is_gone:
        return None
    role = before.attributes.get("role")
    if not context.organization.system.is_handed_over(role):
        return None
    message = f"{change.address.key} is {role}; the role has to be handed over on the platform first"
    return block(change, Guard.IMPOSSIBLE, message, can_approve=False)


def _self(change: Change, context: PlanningContext) -> Blocked | None:
    acting = context.live.acting
    if not acting or change.address.kind != "member" or person_in(change.address) != acting:
        return None
    if not takes_away(change, context.organization.system):
        return None
    message = f"{acting} is who this tool acts as here; use another admin's credentials for this step"
    return block(change, Guard.SELF, message, can_approve=False)


def _other_identity(change: Change, context: PlanningContext) -> Blocked | None:
    """A key is no proof of who or what something is: before something goes, somebody decides whose record it is."""
    organization, person = context.organization, person_in(change.address)
    message = ""
    if change.after is not None:
        return None
    if change.action is Action.FORGET and context.former_key:
        message = (
            f"{organization.identity} is recorded under the key {context.former_key}: keep that key, or approve "
            "beginning without what was recorded"
        )
    elif change.action is Action.FORGET:
        message = (
            f"recorded as {context.another}, declared as {organization.identity}: correct it, or approve forgetting "
            "what was recorded, which neither organization notices"
        )
    elif dispute := next((one for one in context.contested if change.address == context.member(one.recorded)), None):
        message = (
            f"{dispute.identity} is recorded as the account of {dispute.recorded} and declared as the address of "
            f"{dispute.declared}; when {dispute.recorded} is out, {dispute.declared} is invited"
        )
    elif double := context.doubles.get(person):
        message = f"it is shown as {context.people[double].name}, the name of {double}, who is gone: the same person?"
    else:
        for refused in context.names.refused:
            source = refused.move.source
            if change.address == source or (source.kind == "member" and person == source.key):
                message = f"`moved:` says that it is {refused.move.target} now, and {refused.why}"
                break
    return block(change, Guard.OTHER_IDENTITY, message) if message else None


def _protected(change: Change, context: PlanningContext) -> Blocked | None:
    record = context.records.get(change.address)
    if record is None or not record.protect or not takes_away(change, context.organization.system):
        return None
    return block(change, Guard.PROTECTED, "it is protected; the protection outlives the block that set it")


def _required_admin(change: Change, context: PlanningContext) -> Blocked | None:
    system, kind = context.organization.system, change.address.kind
    was, after = change.before is not None and is_administrator(system, kind, change.before.attributes), change.after
    stays = after is not None and is_administrator(system, kind, after.attributes)
    if not was or (stays and change.action is not Action.REMOVE_AND_INVITE):
        return None
    named = context.name_of_required_admin(person_in(change.address))
    return block(change, Guard.REQUIRED_ADMIN, f"{named} is listed in guards.required_admins") if named else None


def _irreversible(change: Change, context: PlanningContext) -> Blocked | None:
    if not change.irreversible:
        return None
    wanted = context.wanted.get(change.address)
    vouched = wanted.details.get("rightful_owner", "") if wanted else ""
    said = f"; that it rightfully belongs here says {vouched}" if vouched else ""
    return block(change, Guard.IRREVERSIBLE, f"{change.irreversible}{said}")


def _disruptive(change: Change, context: PlanningContext) -> Blocked | None:
    damage = find_damage(change, context.organization.system)
    return block(change, Guard.DISRUPTIVE, damage) if damage else None


def find_damage(change: Change, system: System) -> str:
    """What a change does to others, or which gap it leaves; empty for most."""
    damage = system.disruptive.get(change.action)
    is_withdrawn = change.after is None and change.before is not None and change.before.status.is_pending
    if damage is None or is_withdrawn:
        return ""
    only_when_lowering = {Action.CHANGE_SHARE, Action.CHANGE_GRANT, Action.CHANGE_LINK}
    if change.action in only_when_lowering and not takes_away(change, system):
        return ""
    return damage


_ENDINGS = {
    Status.DECLINED: (Guard.DECLINED, "was declined or withdrawn on the other side"),
    Status.LEFT: (Guard.PREVIOUS_MEMBER, "was a member and is gone: left, or was removed by hand"),
    Status.REVOKED_BY_OWNER: (Guard.REVOKED_BY_OWNER, "was approved once and then taken away by its owner"),
}


def _ended_before(change: Change, context: PlanningContext) -> Blocked | None:
    """What somebody on the other side has ended is not asked for again by itself."""
    if change.after is None or (change.before is not None and not change.before.status.is_gone):
        return None
    record = context.records.get(change.address)
    status = change.before.status if change.before else record.status if record else None
    if record is None or status not in _ENDINGS or KINDS[change.address.kind].shape is Shape.GRANT:
        return None
    guard, what = _ENDINGS[status]
    since = f" (since {record.since})" if record.since else ""
    return block(change, guard, f"{change.address.key} {what}{since}; asking again needs an approval")


def _expired_too_often(change: Change, context: PlanningContext) -> Blocked | None:
    record = context.records.get(change.address)
    if record is None or record.asked <= context.settings.max_expired_invitations:
        return None
    before, after = change.before, change.after
    is_same = before is not None and after is not None and before.attributes == after.attributes
    if change.action is Action.REINVITE and is_same and record.status is Status.INVITED:
        message = f"{record.asked} invitations went unanswered, the last one of {record.asked_on or record.since}"
        return block(change, Guard.EXPIRED, f"{message}; find out why before the next one")
    if change.action is Action.INVITE and record.status is Status.EXPIRED:
        message = f"{record.asked} invitations expired unanswered; find out why before the next one"
        return block(change, Guard.EXPIRED, message)
    return None


def _empty_source(change: Change, context: PlanningContext) -> Blocked | None:
    """Manifests that name nobody at all are more likely a mistake than a wish."""
    if change.after is not None or context.organization.deleted:
        return None
    if any(address.kind == "member" for address in (*context.wanted, *context.ended)):
        return None
    message = f"no member of {context.organization.key} is declared; is a file missing?"
    return block(change, Guard.EMPTY_SOURCE, message)


Check = Callable[[Change, PlanningContext], Blocked | None]

CHECKS: tuple[Check, ...] = (
    _service_identity,
    _impossible,
    _policy,
    _unregistered,
    _handed_over,
    _self,
    _other_identity,
    _protected,
    _required_admin,
    _irreversible,
    _disruptive,
    _ended_before,
    _expired_too_often,
    _empty_source,
)
"""Of several that stop a change, the first is told, or the first that nothing lifts."""

_ON_REQUESTS: tuple[Check, ...] = (_self, _protected, _required_admin)


def judge(change: Change, context: PlanningContext, checks: tuple[Check, ...] = CHECKS) -> Change | Blocked:
    """Let a change pass, possibly thanks to an approval, or say which guard stops it."""
    found = [blocked for check in checks if (blocked := check(change, context)) is not None]
    if not found:
        return change
    hard = next((blocked for blocked in found if not blocked.approval), None)
    approval = context.approvals.get(change.step)
    if hard is None and approval is not None:
        return approval.let_through(change)
    return hard or found[0]


def judge_request(request: Waiting, context: PlanningContext) -> Waiting | Blocked:
    """Asking admins to give up their rights takes away as much as demoting them, so the same guards apply."""
    if request.action is not Action.GIVE_UP_ADMIN:
        return request
    verdict = judge(replace(request.as_change(), why="declared"), context, _ON_REQUESTS)
    return verdict if isinstance(verdict, Blocked) else request


_COUNTED = (Shape.MEMBERSHIP, Shape.GRANT)


def counts_as_removal(change: Change, system: System) -> bool:
    """Whether the removal ratio counts a change; what an approval or an end date explains does not count."""
    counted = KINDS[change.address.kind].shape in _COUNTED
    return counted and not change.exempt and not change.approval and takes_away(change, system)


def hold_mass_removal(changes: Sequence[Change], context: PlanningContext) -> tuple[list[Change], list[Blocked]]:
    """Block all counted removals of an organization when together they take away too much of its access."""
    system = context.organization.system
    removals = [change for change in changes if counts_as_removal(change, system)]
    if not removals:
        return list(changes), []
    # Taking a grant that a role was seen to give anyway takes nothing away.
    implied = {(at.kind, record.implied_by) for at, record in context.records.items() if record.implied_by}
    asked = [change for change in removals if (change.address.kind, _role_behind(change)) not in implied]
    going = {change.address for change in asked}
    before = sum(
        KINDS[address.kind].shape in _COUNTED and not found.status.is_gone
        for address, found in context.live.resources.items()
        if address in going or context.was_given(address)
    )
    recent = _in_window(context.state.removals, context.today)
    total, limit = before + recent, context.settings.max_removal_ratio
    if total < context.settings.removal_ratio_from or len(asked) + recent <= limit * total:
        return list(changes), []
    unexplained = [change for change in asked if change.step not in context.approvals]
    message = (
        f"{len(unexplained)} removals now and {recent} in the last {WINDOW_DAYS} days are "
        f"{(len(unexplained) + recent) / total:.0%} of {total} memberships and grants; the limit is {limit:.0%}"
    )
    unannounced = sum(is_over(change.address, context) for change in unexplained)
    if unannounced:
        message += f"; {unannounced} of them by an end date that no apply knew before it had passed"
    unproven = sum(bool(_role_behind(change)) for change in unexplained)
    if unproven:
        message += f"; {unproven} of them a role may give anyway, which is found out by approving one"
    stopped = unexplained if len(unexplained) + recent > limit * total else []
    held = {change.address: block(change, Guard.REMOVAL_RATIO, message) for change in stopped}
    return _split(changes, counted=going, held=held, context=context)


def _role_behind(change: Change) -> str:
    return change.before.implied_by if change.before else ""


def hold_invitations(changes: Sequence[Change], context: PlanningContext) -> tuple[list[Change], list[Blocked]]:
    """Block the invitations that go beyond the budget of the window, later addresses first."""
    budget = context.settings.max_invitations
    asked = [change for change in changes if change.action in INVITATIONS]
    sent = _in_window(context.state.invitations, context.today)
    if budget is None or len(asked) + sent <= budget:
        return list(changes), []
    unexplained = [change for change in asked if change.step not in context.approvals]
    message = f"{sent} invitations sent in the last {WINDOW_DAYS} days, {len(asked)} wanted now; the budget is {budget}"
    stopped = unexplained[max(0, budget - sent) :]
    held = {change.address: block(change, Guard.INVITATION_BUDGET, message) for change in stopped}
    return _split(changes, counted={change.address for change in asked}, held=held, context=context)


def _in_window(days: Mapping[date, int], today: date) -> int:
    """How many happened in the window that ends today, and after it where the clock has gone back since."""
    first = today - min(timedelta(days=WINDOW_DAYS - 1), today - date.min)
    return sum(count for day, count in days.items() if first <= day)


def _split(
    changes: Sequence[Change],
    *,
    counted: Container[Address],
    held: Mapping[Address, Blocked],
    context: PlanningContext,
) -> tuple[list[Change], list[Blocked]]:
    """Separate what a budget stops from what goes on, and write approvals on what only passes thanks to them."""
    passed: list[Change] = []
    for change in changes:
        approval = context.approvals.get(change.step)
        if change.address not in held:
            uses_approval = approval is not None and change.address in counted and not change.approval
            passed.append(approval.let_through(change) if approval and uses_approval else change)
    return passed, list(held.values())


_Step = TypeVar("_Step", bound=Change | Waiting)


def with_risks(part: OrganizationPlan, context: PlanningContext) -> OrganizationPlan:
    """The same plan; each step says its risk, and the day on which what it gives ends."""
    judge = _StepJudge(context)
    return replace(
        part,
        changes=tuple(map(judge.judged, part.changes)),
        waiting=tuple(map(judge.judged, part.waiting)),
        blocked=tuple(replace(one, change=judge.judged(one.change)) for one in part.blocked),
    )


class _StepJudge:
    """Judges the steps of one organization; many of them differ in nothing but whom they are about."""

    def __init__(self, context: PlanningContext) -> None:
        self._context = context
        self._known: dict[object, tuple[tuple[Mark, ...], bool]] = {}

    def judged(self, step: _Step) -> _Step:
        system, action, kind = self._context.organization.system, step.action, step.address.kind
        had, gets = unless_gone(step.before), unless_gone(step.after)
        key = (kind, *(tuple(sorted(side.attributes.items())) if side else None for side in (had, gets)))
        if key not in self._known:
            won, lost = gained(system, had, gets), gained(system, gets, had)
            self._known[key] = tuple(marks_of(kind, (*won, *lost))), any(map(is_access(kind), won))
        found, gains = self._known[key]
        marks = list(found)
        if isinstance(step, Change) and step.approval:
            marks.insert(0, Mark.GUARD)
        if isinstance(step, Change) and find_damage(step, system):
            marks.insert(0, Mark.DISRUPTIVE)
        if action in system.irreversible:
            marks.insert(0, Mark.IRREVERSIBLE)
        person = person_in(step.address)
        if gains and person:
            member = self._context.wanted.get(self._context.member(person))
            marks += marks_of_strangers(person, member.identity if member else "", self._context.allowed_domains)
        wanted = self._context.wanted.get(step.address) if step.after is not None else None
        expires = wanted.expires if wanted is not None else None
        if not marks and not gains and expires is None:
            return step
        return replace(step, risk=risk_of(marks, gains=gains), marks=tuple(marks), expires=expires)


def is_access(kind: str) -> Callable[[DatedAccess], bool]:
    """Whether something that can be done with a thing of this kind is access: that an asset is there gives none yet."""
    shape = KINDS[kind].shape
    if shape in (Shape.MEMBERSHIP, Shape.GRANT) or kind == "partner":
        return lambda _: True
    return lambda one: one.dimension.startswith("permission ")


def marks_of(kind: str, differing: Iterable[DatedAccess]) -> Iterator[Mark]:
    """Why it deserves a second look that somebody can do this more, or no more, with something of a kind."""
    found = list(differing)
    if any(one.administers for one in found):
        yield Mark.ADMIN
    if found and (kind == "partner" or KINDS[kind].is_share):
        yield Mark.COMPANY
    if any(one.reads_messages for one in found):
        yield Mark.MESSAGES
    if any(one.handles_money for one in found):
        yield Mark.MONEY


def marks_of_strangers(person: str, identity: str, allowed_domains: Collection[str]) -> Iterator[Mark]:
    """Whether somebody is known to the company, by the key and the address under which they are a member."""
    domain = identity.rpartition("@")[2] if "@" in identity else ""
    if domain and allowed_domains and domain not in allowed_domains:
        yield Mark.OUTSIDE_DOMAINS
    if "@" in person:  # as in no key of the directory
        yield Mark.OUTSIDE_DIRECTORY
