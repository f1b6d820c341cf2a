"""Plans and reports as findings, for forms that know nothing but remarks on lines: annotations, SARIF, JUnit."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.change import Blocked, Change, LeftOut
from reconciler.core.drifting import Drift
from reconciler.core.finding import Finding, Severity
from reconciler.core.outcome import Failed, InDoubt, Outcome, Refused, Report
from reconciler.core.plan import OrganizationPlan, Plan
from reconciler.renderers.drift import show_drift
from reconciler.renderers.held_back import tell
from reconciler.subjects.access_terms import AccessTerms, describe


def remarks_on_plan(plan: Plan) -> list[Finding]:
    """What stops a plan or makes it incomplete, and what else a reviewer has to know."""
    parts = [remark for part in plan.organizations for remark in remarks_on_organization(part)]
    return [*plan.findings, *parts]


def remarks_on_organization(part: OrganizationPlan) -> Iterator[Finding]:
    """One organization's share of them."""
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


def remarks_on_report(plan: Plan, report: Report) -> list[Finding]:
    """What did not go through."""
    systems = {part.organization: part.system for part in plan.organizations}
    told = (
        remark_on_result(systems.get(change.address.organization, ""), *result)
        for result in report.results
        for change in [result[0]]
    )
    return [remark for remark in told if remark is not None]


def remark_on_result(system: str, change: Change, outcome: Outcome) -> Finding | None:
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
    way_out = f"to allow exactly this, add to `consents:` in a manifest: {blocked.consent}" if blocked.consent else ""
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
    row = show_drift(found)
    return Finding(
        id=f"drift-{found.sort}",
        severity=Severity.WARNING,
        message=f"{row.subject}, {row.access}: {row.note}",
        place=found.place,
        advice="; ".join(filter(None, [found.outlook, found.advice])),
        address=str(found.address),
    )
