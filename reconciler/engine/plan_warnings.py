"""What a plan should warn about although no change is wrong: lockouts ahead, unused approvals, long waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.diff import Difference, diff
from reconciler.engine.entitlements import last_day
from reconciler.engine.lifecycle import why_leave
from reconciler.engine.membership_counts import Tenure, tenure_of
from reconciler.engine.orders import closed_between, withdrawn
from reconciler.model.access import is_administrator
from reconciler.model.address import Address
from reconciler.model.change import Waiting
from reconciler.model.declared import Approval, Declared, Desired, Mode
from reconciler.model.finding import Finding, Severity
from reconciler.model.kinds import KINDS, Action, parents_of
from reconciler.model.live import Unknown
from reconciler.model.plan import OBSERVED_DIFFERENCE, ORDER_WITHDRAWN, UNDECLARED_ADMIN, OrganizationPlan
from reconciler.model.resource import Resource, Status
from reconciler.model.state import State
from reconciler.model.work_order import OrderStatus, WorkOrder


def foresee(
    looked_at: Sequence[PlanningContext],
    organizations: Sequence[OrganizationPlan],
    desired: Desired,
    *,
    recorded: Mapping[str, State],
    targets: Targets,
) -> list[Finding]:
    """All findings of a plan, in no particular order."""
    findings = [finding for situation in looked_at for finding in _about(situation)]
    findings += [finding for pair in zip(looked_at, organizations, strict=True) for finding in _not_applied(*pair)]
    findings += [finding for pair in zip(looked_at, organizations, strict=True) for finding in _overdue(*pair)]
    findings += [unread.finding for part in organizations for unread in part.unread]
    findings += _unused_approvals(looked_at, organizations, desired, targets)
    findings += _dropped(desired, recorded)
    findings += _unknown_required(looked_at, desired)
    findings += _refused(looked_at, desired)
    return findings


def _overdue(situation: PlanningContext, part: OrganizationPlan) -> Iterator[Finding]:
    """One finding for each whom things have waited for too long; what waits for such a thing is not told as well."""
    patience, listed = situation.settings.pending_days, {waiting.address for waiting in part.waiting}
    waits: dict[str, list[Waiting]] = {}
    for waiting in part.waiting:
        is_late = waiting.since is not None and (situation.today - waiting.since).days >= patience
        if is_late and listed.isdisjoint(parents_of(waiting.address)):
            waits.setdefault(waiting.on, []).append(waiting)
    for on, items in sorted(waits.items()):
        first = min(items, key=lambda item: (item.since or date.max, item.address))
        days = (situation.today - first.since).days if first.since else 0
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        yield Finding(
            id="overdue",
            severity=Severity.WARNING,
            message=f"{first.address}{more} has waited for {on} since {first.since} ({days} days): {first.why}",
            advice=f"ends with {first.ends}; ask {on}, or take it out of the manifests",
            address=str(first.address),
            place=first.place,
        )


def _refused(looked_at: Sequence[PlanningContext], desired: Desired) -> Iterator[Finding]:
    """What policies of severity error have against an organization, whether or not anything changes there."""
    keys = {situation.organization.key for situation in looked_at}
    for finding in desired.policy_findings:
        if finding.severity is Severity.ERROR and finding.address.partition("/")[0] in {*keys, ""}:
            yield finding


def _unknown_required(looked_at: Sequence[PlanningContext], desired: Desired) -> Iterator[Finding]:
    """A misspelt name would leave the guard without anybody to look after."""
    required = {name for situation in looked_at for name in situation.settings.required_admins}
    for name in sorted(required - desired.people.keys()):
        if "@" not in name:
            yield Finding(
                id="unknown-required-admin",
                severity=Severity.WARNING,
                message=f"guards.required_admins names {name}, who is not in the directory",
                advice="correct the name in reconciler.yaml",
            )


def _about(situation: PlanningContext) -> Iterator[Finding]:
    yield from _undeclared_admins(situation)
    yield from tell_of_names(situation)
    yield from _lockout_ahead(situation)
    yield from _other_identities(situation)
    yield from _not_shown(situation)


def _other_identities(situation: PlanningContext) -> Iterator[Finding]:
    """Members who came in under an address that the manifests do not give them any more, and renamed accounts."""
    for address, declared in situation.wanted.items():
        found = situation.live.resources.get(address)
        if found is not None and address.kind == "tiktok_account":
            yield from _another_handle(declared, found)
        if (
            address.kind != "member"
            or found is None
            or found.status is not Status.ACTIVE
            or not _is_other(declared, found, situation)
        ):
            continue
        if situation.is_contested(address):
            continue
        yield Finding(
            id="other-identity",
            severity=Severity.WARNING,
            message=f"{address.key} is in {address.organization} as {found.identity}, not as {declared.identity}",
            place=declared.place,
            advice="if that is another account, remove the person in one change and declare them again in the next",
            address=str(address),
        )


def _another_handle(declared: Declared, found: Resource) -> Iterator[Finding]:
    """An account is the one with the id, whatever its owner calls it now."""
    if found.name.startswith("@") and declared.identity.startswith("@") and found.name != declared.identity:
        yield Finding(
            id="other-identity",
            severity=Severity.WARNING,
            message=f"{declared.identity} is called {found.name} now; its id {found.platform_id} is the same",
            place=declared.place,
            advice=f'write `handle: "{found.name}"`, with `id: "{found.platform_id}"` beside it',
            address=str(declared.address),
        )


def _is_other(declared: Declared, found: Resource, situation: PlanningContext) -> bool:
    """Masked addresses and numbers of accounts say nothing."""
    if "@" not in found.identity or "*" in found.identity or not declared.identity:
        return False
    person = situation.people.get(declared.address.key)
    known = {declared.identity, *(person.identities.values() if person else ())}
    return found.identity.casefold() not in {name.casefold() for name in known}


def _not_shown(situation: PlanningContext) -> Iterator[Finding]:
    """Values that are believed on the word of the manifests alone; once they are recorded, drift tells of them."""
    for address, declared in situation.wanted.items():
        found = situation.live.resources.get(address)
        if found is None or address in situation.state.records:
            continue
        unread = [name for name in found.unread if name in declared.attributes]
        if unread:
            yield Finding(
                id="not-shown",
                severity=Severity.NOTE,
                message=f"nothing shows the {' and '.join(unread)} of {address}; "
                "until somebody confirms them they are unverified",
                place=declared.place,
                address=str(address),
            )


def _undeclared_admins(situation: PlanningContext) -> Iterator[Finding]:
    """By name, in every mode: whoever is an admin can do everything, also to the others."""
    system, key = situation.organization.system, situation.organization.key
    if situation.organization.deleted:
        return
    unread = {
        address: known.last
        for address, known in situation.state.drift.items()
        if known.last is not None and isinstance(situation.live.find(address), Unknown)
    }
    for address, found in {**unread, **situation.live.resources}.items():
        if found.status.is_gone or not is_administrator(system, address.kind, found.attributes):
            continue
        if tenure_of(address.key, situation) is not Tenure.UNDECLARED:
            continue
        is_in = "is" if found.status is Status.ACTIVE else "is invited as"
        otherwise = "remove it on the platform, or with `mode: authoritative`"
        if situation.is_ours(address) and situation.organization.mode is not Mode.READ_ONLY:
            otherwise = "an apply takes it back, unless a guard blocks that"
        yield Finding(
            id=UNDECLARED_ADMIN,
            severity=Severity.WARNING,
            message=f"{address.key} {is_in} an admin of {key}, and no manifest says so",
            place=situation.place_of(address) or situation.organization.place,
            advice=f"if that is right, declare it; else {otherwise}",
            address=str(address),
        )


def _lockout_ahead(situation: PlanningContext) -> Iterator[Finding]:
    """The day on which the time of the last admin who has accepted ends, if it is near."""
    ends = [_end_of(address, situation) for address in _admins(situation)]
    if not ends or None in ends:
        return
    last = max(filter(None, ends))
    if last <= situation.today + timedelta(days=situation.settings.lockout_notice_days):
        yield Finding(
            id="lockout-ahead",
            severity=Severity.WARNING,
            message=f"on {last} {situation.organization.key} has no admin left",
            place=situation.organization.place,
            advice="declare an admin without an end date",
            address=f"{situation.organization.key}/organization/{situation.organization.key}",
        )


def _admins(situation: PlanningContext) -> Iterator[Address]:
    """Whom the manifests want as admins and who have accepted; nobody relies on others."""
    system = situation.organization.system
    for address, declared in situation.wanted.items():
        found = situation.live.resources.get(address)
        is_in = found is not None and found.status is Status.ACTIVE
        if is_in and is_administrator(system, address.kind, declared.attributes):
            yield address


def _end_of(address: Address, situation: PlanningContext) -> date | None:
    """The day on which somebody administers it no more, be it that a weaker role is what remains then."""
    system = situation.organization.system
    return last_day(
        situation.wanted[address],
        situation.today,
        lambda item: is_administrator(system, address.kind, item.attributes),
        system,
    )


def _not_applied(situation: PlanningContext, part: OrganizationPlan) -> Iterator[Finding]:
    """What an apply would have to do where nothing is ever applied; what is drift is told as drift."""
    if situation.organization.mode is not Mode.READ_ONLY:
        return
    told = {found.address for found in part.drift}
    readable = {a: d for a, d in situation.wanted.items() if not isinstance(situation.live.find(a), Unknown)}
    live = {a: r for a, r in situation.live.resources.items() if situation.is_ours(a)}
    for difference in diff(desired=readable, live=live):
        what = _what_differs(difference, situation)
        if what and difference.address not in told:
            yield Finding(
                id=OBSERVED_DIFFERENCE,
                severity=Severity.WARNING,
                message=f"{difference.address} {what}; the organization is read only",
                place=situation.place_of(difference.address),
                address=str(difference.address),
            )


def _what_differs(difference: Difference, situation: PlanningContext) -> str:
    if difference.wanted is not None:
        return f"is declared and {'is different on the system' if difference.live else 'is not there'}"
    if difference.live is None or difference.live.status.is_gone:
        return ""
    return f"is there and should not be: {why_leave(difference.address, situation)}"


def _unused_approvals(
    looked_at: Sequence[PlanningContext], organizations: Sequence[OrganizationPlan], desired: Desired, targets: Targets
) -> Iterator[Finding]:
    """Approvals that nothing needs today: used or outdated ones, and ones whose change is done or never blocked.

    One whose change is still to come, because it waits or something no approval can lift stops it, is kept.
    """
    situations = {situation.organization.key: situation for situation in looked_at}
    needed = set(_approved(organizations)) | {
        (Address.whole(one.organization.key), Action.FORGET) for one in looked_at if one.is_forgotten
    }
    for approval in desired.approvals:
        situation = situations.get(approval.address.organization)
        if approval.place is None or situation is None or not targets.covers(approval.address):
            continue
        found = _what_became_of(approval, situation)
        if found is None and needed.isdisjoint({(approval.address, approval.approve), (approval.address, None)}):
            found = "unused-approval", "approves nothing that is blocked", "remove it"
        if found is not None:
            id_, what, advice = found
            yield Finding(
                id=id_,
                severity=Severity.WARNING,
                message=f"the approval to {approval.approve} {approval.address} {what}",
                place=approval.place,
                advice=advice,
                address=str(approval.address),
            )


def _what_became_of(approval: Approval, situation: PlanningContext) -> tuple[str, str, str] | None:
    """Why an approval is over, as the id, the message and the advice of a finding; None while it counts."""
    if approval.expires is not None and approval.expires < situation.today:
        return "outdated-approval", f"ended on {approval.expires}", "remove it"
    counting = situation.approvals.get((approval.address, approval.approve))
    if counting is not None and counting.terms == approval.terms:
        return None
    used = next((used for used in situation.state.used_approvals if used.terms == approval.terms), None)
    if used is None:
        return None
    advice = "remove it; to allow one more attempt, write another line, with its own reason or day"
    return "used-approval", f"was used on {used.used_on} and is used up", advice


def _approved(organizations: Iterable[OrganizationPlan]) -> Iterator[tuple[Address, Action | None]]:
    """What approvals let through or still have to; of what is left out the action is not known."""
    for part in organizations:
        yield from ((change.address, change.action) for change in part.changes if change.approval)
        yield from ((item.address, item.action) for item in part.waiting)
        yield from ((item.change.address, item.change.action) for item in part.blocked)
        yield from ((item.address, None) for item in part.left_out)


def _dropped(desired: Desired, recorded: Mapping[str, State]) -> Iterator[Finding]:
    """Organizations that were managed and that no manifest names any more; they are left alone."""
    for key in sorted(recorded.keys() - desired.organizations.keys()):
        is_asked = any(order.is_pending for order in recorded[key].orders.values())
        if recorded[key].records or is_asked:
            asked = ", and people who were asked to do something there still are" if is_asked else ""
            yield Finding(
                id="organization-dropped",
                severity=Severity.WARNING,
                message=f"{key} has a state but is not declared any more; its members keep their access{asked}",
                advice=f"declare it again, or run `reconciler state rm {key}` to stop managing it",
            )


def tell_of_orders(
    looked_at: Sequence[PlanningContext], organizations: Sequence[OrganizationPlan], targets: Targets
) -> Iterator[Finding]:
    """Everything there is to say about rosters and work orders, organization by organization."""
    for situation, part in zip(looked_at, organizations, strict=True):
        yield from _old_rosters(situation)
        for order in closed_between(situation.state.orders, situation.orders):
            yield from _ended(order)
        for order in withdrawn(situation, part, targets):
            yield _withdrawn(order)


def _old_rosters(situation: PlanningContext) -> Iterator[Finding]:
    """A plan sees no further than what people last read off the pages."""
    limit = timedelta(days=situation.settings.max_roster_age)
    key = situation.organization.key
    for kind, taken in sorted(situation.live.taken.items()):
        age = situation.moment - taken
        if kind == "organization" or age <= limit:
            continue
        yield Finding(
            id="old-roster",
            severity=Severity.WARNING,
            message=f"what is known of each {kind.replace('_', ' ')} of {key} is {age.days} days old",
            place=situation.organization.place,
            advice=f"look again and run `reconciler observe {key} --from FILE`; guards.max_roster_age allows "
            f"{situation.settings.max_roster_age} days",
            address=f"{key}/organization/{key}",
        )


def _ended(order: WorkOrder) -> Iterator[Finding]:
    if order.status is OrderStatus.FAILED:
        who = f", by {order.closed_by}" if order.closed_by else ""
        yield _finding("work-order-not-seen", order, f"is not done: {order.explanation}{who}", "closes", is_wrong=True)
    elif order.status is OrderStatus.EXPIRED:
        yield _finding("work-order-expired", order, f"has expired: {order.explanation}", "closes")
    elif order.status is OrderStatus.SUPERSEDED:
        yield _withdrawn(order)


def _withdrawn(order: WorkOrder) -> Finding:
    return _finding(ORDER_WITHDRAWN, order, f"is not needed any more ({order.explanation})", "withdraws")


def _finding(id_: str, order: WorkOrder, what: str, verb: str, *, is_wrong: bool = False) -> Finding:
    return Finding(
        id=id_,
        severity=Severity.WARNING if is_wrong else Severity.NOTE,
        message=f"work order {order.id} ({order.action.replace('_', ' ')} {order.address}) {what}",
        place=order.place,
        advice=f"the next apply {verb} it",
        address=str(order.address),
    )


def tell_of_names(situation: PlanningContext) -> Iterator[Finding]:
    """What goes by another name now, what only seems to, and what cannot be followed."""
    organization = situation.organization.key
    if situation.another:
        return
    if situation.is_forgotten:
        yield Finding(
            id="forgotten",
            severity=Severity.NOTE,
            message=f"{organization} begins anew: what was recorded of another organization is forgotten, as agreed",
            place=situation.organization.place,
            address=f"{organization}/organization/{organization}",
        )
    for (kind, key), now in sorted(situation.names.keys.items()):
        source, target = Address(organization, kind, key), Address(organization, kind, now)
        if (kind, key) not in situation.names.recorded:
            continue
        is_displaced = (kind, key) in situation.names.displaced
        yield _displaced(source, target, situation) if is_displaced else _renamed(source, target, situation)
    for one in situation.contested:
        people = [situation.people.get(key) for key in (one.declared, one.recorded)]
        yield Finding(
            id="other-identity",
            severity=Severity.WARNING,
            message=f"{one.identity} is in {organization} as the account of {one.recorded}, not of {one.declared}",
            place=people[0].place if people[0] else situation.organization.place,
            related=(people[1].place,) if people[1] else (),
            advice=f"if {one.recorded} has left, approve the removal; if both are one person, keep one key",
            address=f"{organization}/member/{one.declared}",
        )
    for stranger, gone in sorted(situation.doubles.items()):
        yield from _tell_of_double(stranger, gone, situation)
    for refused in situation.names.refused:
        yield Finding(
            id="move-refused",
            severity=Severity.WARNING,
            message=f"{refused.move.source} does not become {refused.move.target}: {refused.why}",
            place=refused.move.place,
            advice="take the move out",
            address=str(refused.move.source),
        )


def _tell_of_double(stranger: str, gone: str, situation: PlanningContext) -> Iterator[Finding]:
    """A warning on both lines: on that of who is gone, and on that of who has come."""
    organization, name = situation.organization.key, situation.people[gone].name
    advice = f"if so, add the address of {stranger} to `identities` of {gone}; if not, approve what is held back"
    for key, message in (
        (gone, f"{gone} is gone from {organization}, and {stranger} is shown there as {name}: the same person?"),
        (stranger, f"{stranger} is shown as {name}, the name of {gone}, who is gone: the same person?"),
    ):
        yield Finding(
            id="same-name",
            severity=Severity.WARNING,
            message=message,
            place=situation.place_of(Address(organization, "member", gone)),
            advice=advice,
            address=f"{organization}/member/{key}",
        )


def _renamed(source: Address, target: Address, situation: PlanningContext) -> Finding:
    return Finding(
        id="renamed",
        severity=Severity.NOTE,
        message=f"{source} is {target} now, and what is recorded goes along",
        place=situation.place_of(target),
        address=str(target),
    )


def _displaced(source: Address, target: Address, situation: PlanningContext) -> Finding:
    return Finding(
        id="other-identity",
        severity=Severity.WARNING,
        message=f"{source} was recorded as {target.key} and is another {KINDS[source.kind].title} now",
        place=situation.place_of(source),
        advice=f"what was given on {target.key} goes the way of what is not declared any more",
        address=str(target),
    )
