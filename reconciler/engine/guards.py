"""Rules that stop a dangerous change. Each blocks only its own changes and can be lifted for one change by an approval.

The hard rules that no approval lifts (last admin, caps) are kept by `layout`, because they depend on what goes before.
Guards of one change come first, then those over a whole set of changes: how much is taken away, and how many
invitations are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from reconciler.engine.context import PlanningContext
from reconciler.engine.lifecycle import is_over
from reconciler.engine.membership_counts import founder_of
from reconciler.model.access import is_administrator, takes_away
from reconciler.model.address import Address
from reconciler.model.change import Blocked, Change, Waiting
from reconciler.model.declared import Approval
from reconciler.model.kinds import INVITATIONS, KINDS, Action, Shape
from reconciler.model.resource import Status, fingerprint_of
from reconciler.model.system import System


@dataclass(frozen=True, slots=True)
class Objection:
    """What a guard has against a change."""

    guard: str
    message: str
    can_approve: bool = True


Guard = Callable[[Change, PlanningContext], Objection | None]

COMMAND_LINE = "(command line)"
"""How the origin of an approval ends that stands in no manifest."""


def _other_identity(change: Change, situation: PlanningContext) -> Objection | None:
    """A key is no proof of who or what something is."""
    reason = objection_to(change, situation)
    return Objection("other_identity", reason) if reason else None


def _protected(change: Change, situation: PlanningContext) -> Objection | None:
    record = situation.records.get(change.address)
    if record is None or not record.protect or not takes_away(change, situation.organization.system):
        return None
    return Objection("protected", "it is protected; the protection outlives the block that set it")


def _required_admin(change: Change, situation: PlanningContext) -> Objection | None:
    person = situation.person_of(change.address)
    named = situation.is_required_admin(person)
    if not named or not _takes_admin(change, situation):
        return None
    return Objection("required_admin", f"{named} is listed in guards.required_admins")


def _self(change: Change, situation: PlanningContext) -> Objection | None:
    if not situation.live.acting or situation.person_of(change.address) != situation.live.acting:
        return None
    if change.address.kind != "member" or not takes_away(change, situation.organization.system):
        return None
    message = f"{situation.live.acting} is who this tool acts as here; use another admin's credentials for this step"
    return Objection("self", message, can_approve=False)


def _acting(_: Change, situation: PlanningContext) -> Objection | None:
    organization, acting = situation.organization, situation.live.acting
    if not acting or Address(organization.key, "organization", organization.key) not in situation.live.resources:
        return None
    membership = situation.live.resources.get(Address(organization.key, "member", acting))
    is_active = membership is not None and membership.status is Status.ACTIVE
    if is_active and membership and is_administrator(organization.system, "member", membership.attributes):
        return None
    message = f"{acting}, who this tool acts as, is not an active admin of {organization.key}"
    return Objection("service_identity", message, can_approve=False)


def _founder(change: Change, situation: PlanningContext) -> Objection | None:
    """Whoever creates an organization is its first admin, so it has to be somebody who shall be one."""
    if change.action is not Action.CREATE_ORGANIZATION or founder_of(situation):
        return None
    acting = situation.live.acting
    message = f"{acting}, who this tool acts as, would become its admin and is not declared as one"
    return Objection(
        "service_identity", message if acting else "no admin is declared who could create it", can_approve=False
    )


def _impossible(change: Change, situation: PlanningContext) -> Objection | None:
    reason = situation.organization.system.cannot.get(change.action)
    return Objection("impossible", reason, can_approve=False) if reason else None


def _handed_over(change: Change, situation: PlanningContext) -> Objection | None:
    """An owner's membership ends or changes only after the owner has passed the role on."""
    before = change.before
    if change.address.kind != "member" or before is None or before.status.is_gone:
        return None
    role = before.attributes.get("role")
    if not situation.organization.system.is_handed_over(role):
        return None
    message = f"{change.address.key} is {role}; the role has to be handed over on the platform first"
    return Objection("impossible", message, can_approve=False)


def _irreversible(change: Change, situation: PlanningContext) -> Objection | None:
    if not change.irreversible:
        return None
    wanted = situation.wanted.get(change.address)
    vouched = wanted.details.get("rightful_owner", "") if wanted else ""
    said = f"; that it rightfully belongs here says {vouched}" if vouched else ""
    return Objection("irreversible", f"{change.irreversible}{said}")


def _disruptive(change: Change, situation: PlanningContext) -> Objection | None:
    risk = situation.organization.system.disruptive.get(change.action)
    is_withdrawn = change.after is None and change.before is not None and change.before.status.is_pending
    if risk is None or is_withdrawn:
        return None
    lowers_only = change.action in {Action.CHANGE_SHARE, Action.CHANGE_GRANT, Action.CHANGE_LINK}
    if lowers_only and not takes_away(change, situation.organization.system):
        return None
    return Objection("disruptive", risk)


def _policy(change: Change, situation: PlanningContext) -> Objection | None:
    """What a policy of severity error objects to is not given to anybody; taking access away is always fine."""
    reason = situation.refusals.get(change.address)
    if reason is None or takes_away(change, situation.organization.system):
        return None
    return Objection("policy", reason, can_approve=False)


_ENDINGS = {
    Status.DECLINED: ("declined", "was declined or withdrawn on the other side"),
    Status.LEFT: ("previous_member", "was a member and is gone: left, or was removed by hand"),
    Status.REVOKED_BY_OWNER: ("revoked_by_owner", "was approved once and then taken away by its owner"),
}


def _unregistered(change: Change, situation: PlanningContext) -> Objection | None:
    """An invitation is not spent to find out what the manifests say already."""
    person = situation.people.get(situation.person_of(change.address))
    system = situation.organization.system
    if change.action not in {Action.INVITE, Action.REINVITE} or person is None:
        return None
    if system.name not in person.unregistered:
        return None
    message = f"{person.key} has no account on {system.name} yet; once there is one, take `registered:` out"
    return Objection("unregistered", message, can_approve=False)


def _ended_before(change: Change, situation: PlanningContext) -> Objection | None:
    """What somebody on the other side has ended is not asked for again by itself."""
    if change.after is None or (change.before is not None and not change.before.status.is_gone):
        return None
    record = situation.records.get(change.address)
    status = change.before.status if change.before else record.status if record else None
    if record is None or status not in _ENDINGS or KINDS[change.address.kind].shape is Shape.GRANT:
        return None
    guard, what = _ENDINGS[status]
    since = f" (since {record.since})" if record.since else ""
    return Objection(guard, f"{change.address.key} {what}{since}; asking again needs an approval")


def _expired_too_often(change: Change, situation: PlanningContext) -> Objection | None:
    record = situation.records.get(change.address)
    if record is None or record.asked <= situation.settings.max_expired_invitations:
        return None
    before, after = change.before, change.after
    is_same = before is not None and after is not None and before.attributes == after.attributes
    if change.action is Action.REINVITE and is_same and record.status is Status.INVITED:
        message = f"{record.asked} invitations went unanswered, the last one of {record.asked_on or record.since}"
        return Objection("expired", f"{message}; find out why before the next one")
    if change.action is Action.INVITE and record.status is Status.EXPIRED:
        message = f"{record.asked} invitations expired unanswered; find out why before the next one"
        return Objection("expired", message)
    return None


def _empty_source(change: Change, situation: PlanningContext) -> Objection | None:
    """Manifests that name nobody at all are more likely a mistake than a wish."""
    if change.after is not None or situation.organization.deleted:
        return None
    if any(address.kind == "member" for address in (*situation.wanted, *situation.ended)):
        return None
    return Objection("empty_source", f"no member of {situation.organization.key} is declared; is a file missing?")


GUARDS: tuple[Guard, ...] = (
    _acting,
    _founder,
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


def judge(change: Change, situation: PlanningContext) -> Change | Blocked:
    """Let a change pass, possibly thanks to an approval, or say which guard stops it."""
    return _verdict(change, situation, GUARDS)


def _verdict(change: Change, situation: PlanningContext, guards: tuple[Guard, ...]) -> Change | Blocked:
    objections = [objection for guard in guards if (objection := guard(change, situation)) is not None]
    if not objections:
        return change
    hard = next((objection for objection in objections if not objection.can_approve), None)
    approval = situation.approvals.get((change.address, change.action))
    if hard is None and approval is not None:
        return with_approval(change, approval)
    return blocked_by(change, hard or objections[0])


_ON_REQUESTS: tuple[Guard, ...] = (_self, _protected, _required_admin)


def judge_request(request: Waiting, situation: PlanningContext) -> Waiting | Blocked:
    """Asking admins to give up their rights takes away as much as demoting them, so the same guards apply."""
    if request.action is not Action.GIVE_UP_ADMIN:
        return request
    change = Change(
        address=request.address,
        action=request.action,
        before=request.before,
        after=request.after,
        fingerprint=fingerprint_of(request.before),
        why="declared",
        place=request.place,
    )
    verdict = _verdict(change, situation, _ON_REQUESTS)
    return verdict if isinstance(verdict, Blocked) else request


def with_approval(change: Change, approval: Approval) -> Change:
    """The change with the approval that let it through written on it."""
    origin = f"({approval.place})" if approval.place else COMMAND_LINE
    return replace(
        change,
        approval=f"{approval.reason or 'no reason given'} {origin}",
        approval_terms=(approval.reason, approval.expires) if approval.expires else None,
    )


def blocked_by(change: Change, objection: Objection) -> Blocked:
    """The change as blocked, with the manifest line that would allow it."""
    approval = approval_line(change) if objection.can_approve else ""
    return Blocked(change=change, guard=objection.guard, message=objection.message, approval=approval)


def approval_line(change: Change) -> str:
    """The line to add under `approvals:` to allow exactly this change."""
    return f"- {{approve: {change.action}, address: {change.address}, reason: TICKET, expires: YYYY-MM-DD}}"


def _takes_admin(change: Change, situation: PlanningContext) -> bool:
    system = situation.organization.system
    before, after = change.before, change.after
    was = before is not None and is_administrator(system, change.address.kind, before.attributes)
    stays = after is not None and is_administrator(system, change.address.kind, after.attributes)
    return was and not (stays and change.action is not Action.REMOVE_AND_INVITE)


WINDOW_DAYS = 7
"""Removals and invitations of this many days, today included, count together, so that many small plans add up."""


_COUNTED = (Shape.MEMBERSHIP, Shape.GRANT)


def in_window(days: Mapping[date, int], today: date) -> int:
    """How many happened in the window that ends today, and after it where the clock has gone back since."""
    first = today - min(timedelta(days=WINDOW_DAYS - 1), today - date.min)
    return sum(count for day, count in days.items() if first <= day)


def counts_as_removal(change: Change, system: System) -> bool:
    """Whether the removal ratio counts a change; what an approval or an end date explains does not count."""
    counted = KINDS[change.address.kind].shape in _COUNTED
    return counted and not change.exempt and not change.approval and takes_away(change, system)


def hold_mass_removal(changes: Sequence[Change], situation: PlanningContext) -> tuple[list[Change], list[Blocked]]:
    """Block all counted removals of an organization when together they take away too much of its access."""
    system, implied = situation.organization.system, _roles_that_give(situation)
    asked = [change for change in changes if counts_as_removal(change, system) and _role_for(change) not in implied]
    going = {change.address for change in asked}
    before = sum(
        KINDS[address.kind].shape in _COUNTED and not found.status.is_gone
        for address, found in situation.live.resources.items()
        if address in going or situation.was_given(address)
    )
    recent = in_window(situation.state.removals, situation.today)
    total, limit = before + recent, situation.settings.max_removal_ratio
    most = limit * total
    if total < situation.settings.removal_ratio_from or len(asked) + recent <= most:
        return list(changes), []
    unexplained = [change for change in asked if _approval_for(change, situation) is None]
    message = (
        f"{len(unexplained)} removals now and {recent} in the last {WINDOW_DAYS} days are "
        f"{(len(unexplained) + recent) / total:.0%} of {total} memberships and grants; the limit is {limit:.0%}"
    )
    unannounced = sum(is_over(change.address, situation) for change in unexplained)
    if unannounced:
        message += f"; {unannounced} of them by an end date that no apply knew before it had passed"
    unproven = sum(bool(_role_for(change)[1]) for change in unexplained)
    if unproven:
        message += f"; {unproven} of them a role may give anyway, which is found out by approving one"
    stopped = unexplained if len(unexplained) + recent > most else []
    return _split(
        changes, asked=asked, stopped=stopped, objection=Objection("removal_ratio", message), situation=situation
    )


def _roles_that_give(situation: PlanningContext) -> set[tuple[str, str]]:
    """Kinds of access, and roles that were seen to give it without a grant: taking such a grant takes nothing away."""
    return {(at.kind, record.implied_by) for at, record in situation.records.items() if record.implied_by}


def _role_for(change: Change) -> tuple[str, str]:
    return change.address.kind, change.before.implied_by if change.before else ""


def hold_invitations(changes: Sequence[Change], situation: PlanningContext) -> tuple[list[Change], list[Blocked]]:
    """Block the invitations that go beyond the budget of the window, later addresses first."""
    budget = situation.settings.max_invitations
    asked = [change for change in changes if change.action in INVITATIONS]
    sent = in_window(situation.state.invitations, situation.today)
    if budget is None or len(asked) + sent <= budget:
        return list(changes), []
    unexplained = [change for change in asked if _approval_for(change, situation) is None]
    message = f"{sent} invitations sent in the last {WINDOW_DAYS} days, {len(asked)} wanted now; the budget is {budget}"
    stopped = unexplained[max(0, budget - sent) :]
    return _split(
        changes, asked=asked, stopped=stopped, objection=Objection("invitation_budget", message), situation=situation
    )


def _approval_for(change: Change, situation: PlanningContext) -> Approval | None:
    return situation.approvals.get((change.address, change.action))


def _split(
    changes: Sequence[Change],
    *,
    asked: Sequence[Change],
    stopped: Sequence[Change],
    objection: Objection,
    situation: PlanningContext,
) -> tuple[list[Change], list[Blocked]]:
    """Separate what a budget stops from what goes on, and write approvals on what only passes thanks to them."""
    counted = {change.address for change in asked}
    held = {change.address for change in stopped}
    passed: list[Change] = []
    blocked: list[Blocked] = []
    for change in changes:
        if change.address in held:
            blocked.append(blocked_by(change, objection))
            continue
        approval = _approval_for(change, situation)
        uses_approval = approval is not None and change.address in counted and not change.approval
        passed.append(with_approval(change, approval) if approval and uses_approval else change)
    return passed, blocked


def objection_to(change: Change, situation: PlanningContext) -> str:
    """Why a change must not be made before somebody decides whose record it is about; empty for all others."""
    if change.after is not None:
        return ""
    if change.action is Action.FORGET:
        declared = situation.organization.identity
        if situation.former_key:
            return (
                f"{declared} is recorded under the key {situation.former_key}: keep that key, or approve beginning "
                "without what was recorded"
            )
        return (
            f"recorded as {situation.another}, declared as {declared}: correct it, or approve forgetting what was "
            "recorded, which neither organization notices"
        )
    for one in situation.contested:
        if change.address == Address(situation.organization.key, "member", one.recorded):
            return (
                f"{one.identity} is recorded as the account of {one.recorded} and declared as the address of "
                f"{one.declared}; when {one.recorded} is out, {one.declared} is invited"
            )
    double = situation.doubles.get(situation.person_of(change.address))
    if double is not None:
        return f"it is shown as {situation.people[double].name}, the name of {double}, who is gone: the same person?"
    for refused in situation.names.refused:
        source = refused.move.source
        if change.address == source or (source.kind == "member" and situation.person_of(change.address) == source.key):
            return f"`moved:` says that it is {refused.move.target} now, and {refused.why}"
    return ""
