"""What a plan should warn about although no change is wrong: lockouts ahead, unused approvals, long waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase

from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.diff import diff
from reconciler.engine.entitlements import last_day_as_admin
from reconciler.engine.lifecycle import reason_to_leave
from reconciler.engine.membership_counts import Tenure, tenure_of
from reconciler.engine.orders import find_ended
from reconciler.model import (
    KINDS,
    OBSERVED_DIFFERENCE,
    ORDER_WITHDRAWN,
    UNDECLARED_ADMIN,
    Action,
    Address,
    Approval,
    Declared,
    Desired,
    Finding,
    Mode,
    OrderStatus,
    OrganizationPlan,
    Place,
    Resource,
    Severity,
    State,
    Status,
    Unknown,
    Waiting,
    count,
    is_administrator,
    is_pattern,
    parents_of,
    tells_account,
)


def find_warnings(
    looked_at: Sequence[PlanningContext],
    organizations: Sequence[OrganizationPlan],
    desired: Desired,
    *,
    recorded: Mapping[str, State],
    targets: Targets,
) -> list[Finding]:
    """All findings of a plan, in no particular order."""
    findings: list[Finding] = []
    for context, part in zip(looked_at, organizations, strict=True):
        findings += [unread.finding for unread in part.unread]
        findings += _undeclared_admins(context)
        findings += _changed_names(context)
        findings += _lockout_ahead(context)
        findings += _other_identities(context)
        findings += _values_not_shown(context)
        findings += _observed_differences(context, part)
        findings += _overdue_waits(context, part)
        findings += _unused_approvals(context, part, desired, targets)
        findings += _old_rosters(context)
        findings += _ended_orders(context, part, targets)
    findings += _dropped_organizations(desired, recorded)
    findings += _unknown_required_admins(looked_at, desired)
    findings += _policy_errors(looked_at, desired)
    return findings


def _warning(
    id_: str,
    message: str,
    place: Place | None,
    *,
    advice: str = "",
    address: Address | str = "",
    severity: Severity = Severity.WARNING,
    related: tuple[Place, ...] = (),
) -> Finding:
    return Finding(
        id=id_, message=message, severity=severity, place=place, advice=advice, related=related, address=str(address)
    )


def _overdue_waits(context: PlanningContext, part: OrganizationPlan) -> Iterator[Finding]:
    """One finding for each whom things have waited for too long; what waits for such a thing is not told as well."""
    patience, listed = context.settings.pending_days, {waiting.address for waiting in part.waiting}
    waits: dict[str, list[Waiting]] = {}
    for waiting in part.waiting:
        is_late = waiting.since is not None and (context.today - waiting.since).days >= patience
        order = context.orders.get(waiting.work_order)
        is_late |= order is not None and order.is_overdue(context.moment)
        if is_late and listed.isdisjoint(parents_of(waiting.address)):
            waits.setdefault(waiting.on, []).append(waiting)
    for on, items in sorted(waits.items()):
        first = min(items, key=lambda item: (item.since or date.max, item.address))
        days = (context.today - first.since).days if first.since else 0
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        yield _warning(
            "overdue",
            f"{first.address}{more} has waited for {on} since {first.since} "
            f"({count(days, 'day', 'days')}): {first.why}",
            first.place,
            advice=f"ends with {first.ends}; ask {on}, or take it out of the manifests",
            address=first.address,
        )


def _policy_errors(looked_at: Sequence[PlanningContext], desired: Desired) -> Iterator[Finding]:
    """What policies have against an organization, and every exception from one, changes or not."""
    keys = {context.organization.key for context in looked_at}
    for finding in desired.policy_findings:
        of = finding.address.partition("/")[0]
        if not of or of in keys or (is_pattern(of) and any(fnmatchcase(key, of) for key in keys)):
            yield finding


def _unknown_required_admins(looked_at: Sequence[PlanningContext], desired: Desired) -> Iterator[Finding]:
    """A misspelt name would leave the guard without anybody to look after."""
    required = {name for context in looked_at for name in context.settings.required_admins}
    for name in sorted(required - desired.people.keys()):
        if "@" not in name:
            message = f"guards.required_admins names {name}, who is not in the directory"
            yield _warning("unknown-required-admin", message, None, advice="correct the name in reconciler.yaml")


def _other_identities(context: PlanningContext) -> Iterator[Finding]:
    """Members who came in under an address that the manifests do not give them any more, and renamed accounts."""
    for address in context.in_question:
        declared, found = context.wanted.get(address), context.live.resources.get(address)
        if declared is None or found is None:
            continue
        # An account is the one with the id, whatever its owner calls it now.
        are_handles = found.name.startswith("@") and declared.identity.startswith("@")
        if address.kind == "tiktok_account" and are_handles and found.name != declared.identity:
            yield _warning(
                "other-identity",
                f"{declared.identity} is called {found.name} now; its id {found.platform_id} is the same",
                declared.place,
                advice=f'write `handle: "{found.name}"`, with `id: "{found.platform_id}"` beside it',
                address=address,
            )
        is_in = address.kind == "member" and found.status is Status.ACTIVE
        if is_in and _is_other_account(declared, found, context) and not context.is_contested(address):
            yield _warning(
                "other-identity",
                f"{address.key} is in {address.organization} as {found.identity}, not as {declared.identity}",
                declared.place,
                advice="if that is another account, remove the person in one change and declare them again in the next",
                address=address,
            )


def _is_other_account(declared: Declared, found: Resource, context: PlanningContext) -> bool:
    """Masked addresses and numbers of accounts say nothing."""
    if not (tells_account(found.identity) and declared.identity):
        return False
    person = context.people.get(declared.address.key)
    known = {declared.identity, *(person.identities.values() if person else ())}
    return found.identity.casefold() not in {name.casefold() for name in known}


def _values_not_shown(context: PlanningContext) -> Iterator[Finding]:
    """Values that are believed on the word of the manifests alone; once they are recorded, drift tells of them."""
    for address in context.in_question:
        declared, found = context.wanted.get(address), context.live.resources.get(address)
        if declared is None or found is None or address in context.state.records:
            continue
        unread = [name for name in found.unread if name in declared.attributes]
        if unread:
            message = f"nothing shows the {' and '.join(unread)} of {address}; until somebody confirms them they are "
            message += "unverified"
            yield _warning("not-shown", message, declared.place, address=address, severity=Severity.NOTE)


def _undeclared_admins(context: PlanningContext) -> Iterator[Finding]:
    """By name, in every mode: whoever is an admin can do everything, also to the others."""
    organization = context.organization
    if organization.deleted:
        return
    present = context.live.resources
    seen = {
        address: known.last
        for address, known in context.state.drift.items()
        if known.last is not None and isinstance(context.live.find(address), Unknown)
    }
    seen.update({address: present[address] for address in context.in_question if address in present})
    for address, found in seen.items():
        if found.status.is_gone or not is_administrator(organization.system, address.kind, found.attributes):
            continue
        if tenure_of(address.key, context) is not Tenure.UNDECLARED:
            continue
        is_in = "is" if found.status is Status.ACTIVE else "is invited as"
        otherwise = "remove it on the platform, or with `mode: authoritative`"
        if context.is_ours(address) and organization.mode is not Mode.READ_ONLY:
            otherwise = "an apply takes it back, unless a guard blocks that"
        yield _warning(
            UNDECLARED_ADMIN,
            f"{address.key} {is_in} an admin of {organization.key}, and no manifest says so",
            context.place_of(address) or organization.place,
            advice=f"if that is right, declare it; else {otherwise}",
            address=address,
        )


def _lockout_ahead(context: PlanningContext) -> Iterator[Finding]:
    """The day on which no admin is left, if it is near."""
    organization, last = context.organization, find_lockout(context)
    if last is not None and last <= context.today + timedelta(days=context.settings.lockout_notice_days):
        message, advice = f"on {last} {organization.key} has no admin left", "declare an admin without an end date"
        yield _warning("lockout-ahead", message, organization.place, advice=advice, address=context.address)


def find_lockout(context: PlanningContext) -> date | None:
    """The day on which the time of the last admin who has accepted ends, if it ever does; nobody relies on others."""
    system = context.organization.system
    last: date | None = None
    for address, declared in context.wanted.items():
        if not is_administrator(system, address.kind, declared.attributes):
            continue
        found = context.live.resources.get(address)
        if found is not None and found.status is Status.ACTIVE:
            ends = last_day_as_admin(declared, context.today, system)
            if ends is None:
                return None
            last = max(filter(None, (last, ends)))
    return last


def _observed_differences(context: PlanningContext, part: OrganizationPlan) -> Iterator[Finding]:
    """What an apply would have to do where nothing is ever applied; what is drift is told as drift."""
    if context.organization.mode is not Mode.READ_ONLY:
        return
    told = {found.address for found in part.drift}
    for address, wanted, found in diff(desired=context.find_readable(), live=context.find_ours()):
        if wanted is not None:
            what = f"is declared and {'is different on the system' if found else 'is not there'}"
        elif found is None or found.status.is_gone:
            continue
        else:
            what = f"is there and should not be: {reason_to_leave(address, context)}"
        if address not in told:
            message = f"{address} {what}; the organization is read only"
            yield _warning(OBSERVED_DIFFERENCE, message, context.place_of(address), address=address)


def _unused_approvals(
    context: PlanningContext, part: OrganizationPlan, desired: Desired, targets: Targets
) -> Iterator[Finding]:
    """Approvals that nothing needs today: used or outdated ones, and ones whose change is done or never blocked.

    One whose change is still to come, because it waits or something no approval can lift stops it, is kept.
    """
    needed: set[tuple[Address, Action | None]] = {change.step for change in part.changes if change.approval}
    needed |= {(item.address, item.action) for item in part.waiting} | {item.change.step for item in part.blocked}
    needed |= {(item.address, None) for item in part.left_out}  # of which the action is not known
    if context.is_forgotten:
        needed.add((context.address, Action.FORGET))
    for approval in desired.approvals:
        address, step = approval.address, (approval.address, approval.approve)
        is_here = address.organization == context.organization.key and targets.covers(address)
        if approval.place is None or not is_here:
            continue
        over = _reason_to_be_over(approval, context)
        if over is None and needed.isdisjoint({step, (address, None)}):
            over = "unused-approval", "approves nothing that is blocked", "remove it"
        if over is not None:
            id_, what, advice = over
            message = f"the approval to {approval.approve} {address} {what}"
            yield _warning(id_, message, approval.place, advice=advice, address=address)


def _reason_to_be_over(approval: Approval, context: PlanningContext) -> tuple[str, str, str] | None:
    """Why an approval is over, as the id, the message and the advice of a finding; None while it counts."""
    if approval.expires is not None and approval.expires < context.today:
        return "outdated-approval", f"ended on {approval.expires}", "remove it"
    counting = context.approvals.get((approval.address, approval.approve))
    if counting is not None and counting.terms == approval.terms:
        return None
    used = next((used for used in context.state.used_approvals if used.terms == approval.terms), None)
    if used is None:
        return None
    advice = "remove it; to allow one more attempt, write another line, with its own reason or day"
    return "used-approval", f"was used on {used.used_on} and is used up", advice


def _dropped_organizations(desired: Desired, recorded: Mapping[str, State]) -> Iterator[Finding]:
    """Organizations that were managed and that no manifest names any more; they are left alone."""
    for key in sorted(recorded.keys() - desired.organizations.keys()):
        is_asked = any(order.is_pending for order in recorded[key].orders.values())
        if recorded[key].records or is_asked:
            asked = ", and people who were asked to do something there still are" if is_asked else ""
            message = f"{key} has a state but is not declared any more; its members keep their access{asked}"
            advice = f"declare it again, or run `reconciler state rm {key}` to stop managing it"
            yield _warning("organization-dropped", message, None, advice=advice)


def _old_rosters(context: PlanningContext) -> Iterator[Finding]:
    """A plan sees no further than what people last read off the pages."""
    days, key = context.settings.max_roster_age, context.organization.key
    for kind, taken in sorted(context.live.taken.items()):
        age = context.moment - taken
        if kind != "organization" and age > timedelta(days=days):
            yield _warning(
                "old-roster",
                f"what is known of each {kind.replace('_', ' ')} of {key} is {count(age.days, 'day', 'days')} old",
                context.organization.place,
                advice=f"look again and run `reconciler observe {key} --from FILE`; guards.max_roster_age allows "
                f"{count(days, 'day', 'days')}",
                address=context.address,
            )


def _ended_orders(context: PlanningContext, part: OrganizationPlan, targets: Targets) -> Iterator[Finding]:
    """Work orders that this look has ended, and those that the plan withdraws."""
    for order in find_ended(context, part, targets):
        message = f"work order {order.id} ({order.action.replace('_', ' ')} {order.address})"
        if order.status is OrderStatus.FAILED:
            who = f", by {order.closed_by}" if order.closed_by else ""
            told = "work-order-not-seen", f"{message} is not done: {order.explanation}{who}", "closes"
        elif order.status is OrderStatus.EXPIRED:
            told = "work-order-expired", f"{message} has expired: {order.explanation}", "closes"
        elif order.status is OrderStatus.SUPERSEDED:
            told = ORDER_WITHDRAWN, f"{message} is not needed any more ({order.explanation})", "withdraws"
        else:
            continue
        id_, message, verb = told
        severity = Severity.WARNING if order.status is OrderStatus.FAILED else Severity.NOTE
        advice = f"the next apply {verb} it"
        yield _warning(id_, message, order.place, advice=advice, address=order.address, severity=severity)


def _changed_names(context: PlanningContext) -> Iterator[Finding]:
    """What goes by another name now, what only seems to, and what cannot be followed."""
    organization, names = context.organization.key, context.names
    if context.another:
        return
    if context.is_forgotten:
        message = f"{organization} begins anew: what was recorded of another organization is forgotten, as agreed"
        yield _warning(
            "forgotten", message, context.organization.place, address=context.address, severity=Severity.NOTE
        )
    for (kind, key), now in sorted(names.keys.items()):
        source, target = Address(organization, kind, key), Address(organization, kind, now)
        if (kind, key) in names.displaced & names.recorded:
            yield _warning(
                "other-identity",
                f"{source} was recorded as {target.key} and is another {KINDS[kind].title} now",
                context.place_of(source),
                advice=f"what was given on {target.key} goes the way of what is not declared any more",
                address=target,
            )
        elif (kind, key) in names.recorded:
            message, place = f"{source} is {target} now, and what is recorded goes along", context.place_of(target)
            yield _warning("renamed", message, place, address=target, severity=Severity.NOTE)
    for one in context.contested:
        declared, recorded = context.people.get(one.declared), context.people.get(one.recorded)
        yield _warning(
            "other-identity",
            f"{one.identity} is in {organization} as the account of {one.recorded}, not of {one.declared}",
            declared.place if declared else context.organization.place,
            related=(recorded.place,) if recorded else (),
            advice=f"if {one.recorded} has left, approve the removal; if both are one person, keep one key",
            address=context.member(one.declared),
        )
    for stranger, gone in sorted(context.doubles.items()):
        # On both lines: on that of who is gone, and on that of who has come.
        name, place = context.people[gone].name, context.place_of(context.member(gone))
        advice = f"if so, add the address of {stranger} to `identities` of {gone}; if not, approve what is held back"
        message = f"{gone} is gone from {organization}, and {stranger} is shown there as {name}: the same person?"
        yield _warning("same-name", message, place, advice=advice, address=context.member(gone))
        message = f"{stranger} is shown as {name}, the name of {gone}, who is gone: the same person?"
        yield _warning("same-name", message, place, advice=advice, address=context.member(stranger))
    for refused in names.refused:
        move = refused.move
        message = f"{move.source} does not become {move.target}: {refused.why}"
        yield _warning("move-refused", message, move.place, advice="take the move out", address=move.source)
