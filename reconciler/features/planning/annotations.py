"""Plans and reports as findings and test cases, for forms that know nothing but remarks on lines."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.features.planning.held_back import tell
from reconciler.model.change import Blocked, Change, LeftOut
from reconciler.model.drift import Drift
from reconciler.model.finding import Finding, Severity
from reconciler.model.outcome import Failed, InDoubt, Outcome, Refused, Report, Waits
from reconciler.model.plan import OrganizationPlan, Plan
from reconciler.output.access_terms import AccessTerms, describe
from reconciler.output.annotations import Annotations
from reconciler.output.drift_rows import say_drift
from reconciler.output.junit import Case, case_of


def annotations_of_plan(plan: Plan) -> Annotations:
    """What stops a plan or makes it incomplete has failed, what waits is skipped, other changes pass."""
    parts = {part.organization: [*_remarks_on(part)] for part in plan.organizations}
    suites = {
        part.organization: [*_cases(part), *map(case_of, parts[part.organization])] for part in plan.organizations
    }
    return Annotations(
        category="plan",
        remarks=[*plan.findings, *(remark for remarks in parts.values() for remark in remarks)],
        notes=remarks_on_admins(plan),
        suites={**suites, "plan": [case_of(finding) for finding in plan.findings]},
    )


def annotations_of_report(plan: Plan, report: Report) -> Annotations:
    """A case for each change: what did not go through has failed, what waits for somebody is skipped."""
    systems = {part.organization: part.system for part in plan.organizations}
    suites: dict[str, list[Case]] = {}
    for unread in report.unread:
        suites.setdefault(unread.organization, []).append(case_of(unread.finding))
    for change, outcome in report.results:
        organization = change.address.organization
        waits = f"waits for {outcome.on}: {outcome.why}" if isinstance(outcome, Waits) else ""
        remark = _remark_on_result(systems.get(organization, ""), change, outcome)
        case = Case(name=f"{change.action} {change.address}", finding=remark, skipped=waits)
        suites.setdefault(organization, []).append(case)
    remarks = [case.finding for cases in suites.values() for case in cases if case.finding is not None]
    return Annotations(category="apply", remarks=remarks, suites=suites)


def _cases(part: OrganizationPlan) -> Iterator[Case]:
    for change in part.changes:
        yield Case(name=f"{change.action} {change.address}")
    for waiting in part.waiting:
        since = f" since {waiting.since}" if waiting.since else ""
        skipped = f"waits for {waiting.on}{since}: {waiting.reason}"
        yield Case(name=f"{waiting.action} {waiting.address}", skipped=skipped)


def _remarks_on(part: OrganizationPlan) -> Iterator[Finding]:
    yield from (_blocked(part, item) for item in part.blocked)
    yield from (_left_out(item) for item in part.left_out)
    yield from (_drift(item) for item in part.drift if not item.is_unmanaged)


def remarks_on_admins(plan: Plan) -> list[Finding]:
    """A note on every line that makes somebody an admin or ends that, for a reviewer who reads the diff."""
    return [
        Finding(
            id="admin-change",
            severity=Severity.NOTE,
            message=f"{change.action.replace('_', ' ')} {_say(terms)} in {part.organization}",
            place=change.place,
            address=str(change.address),
        )
        for part in plan.organizations
        for change in part.changes
        if (terms := tell(part, change)).is_admin
    ]


def _remark_on_result(system: str, change: Change, outcome: Outcome) -> Finding | None:
    """What is to be said of one outcome; nothing when it went through or waits for somebody."""
    terms = describe(system, change.address, change.action, before=change.before, after=change.after)
    match outcome:
        case Failed(reason=reason, code=code):
            id_, severity, said = "failed-change", Severity.ERROR, f"failed: {reason}{code and f' [{code}]'}"
        case Refused(reason=reason):
            id_, severity, said = "refused-change", Severity.ERROR, f"was not tried: {reason}"
        case InDoubt(reason=reason):
            id_, severity, said = "change-in-doubt", Severity.WARNING, f"may have taken effect or not: {reason}"
        case _:
            return None
    return Finding(
        id=id_,
        severity=severity,
        message=f"{change.action.replace('_', ' ')} {_say(terms)} {said}",
        place=change.place,
        address=str(change.address),
    )


def _say(terms: AccessTerms) -> str:
    return f"{terms.subject} ({terms.access})" if terms.access else terms.subject


def _blocked(part: OrganizationPlan, blocked: Blocked) -> Finding:
    change = blocked.change
    way_out = blocked.approval and f"to allow exactly this, add to `approvals:` in a manifest: {blocked.approval}"
    return Finding(
        id="blocked-change",
        message=f"{change.action.replace('_', ' ')} {_say(tell(part, change))} is blocked,"
        f" {blocked.guard}: {blocked.message}",
        place=change.place,
        advice=way_out,
        address=str(change.address),
    )


def _left_out(item: LeftOut) -> Finding:
    return Finding(
        id="left-out",
        severity=Severity.WARNING,
        message=f"nothing is known or done about {item.address}: {item.reason}",
        address=str(item.address),
    )


def _drift(found: Drift) -> Finding:
    return Finding(
        id=f"drift-{found.sort.replace('_', '-')}",
        severity=Severity.WARNING,
        message=say_drift(found),
        place=found.place,
        advice="; ".join(filter(None, [found.outlook, found.advice])),
        address=str(found.address),
    )
