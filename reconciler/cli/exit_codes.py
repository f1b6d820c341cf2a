"""From what a command found to the code the process returns."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reconciler.features.offboarding.model import Offboarding
from reconciler.features.review.model import Review
from reconciler.model.drift import DriftReport
from reconciler.model.errors import ExitCode
from reconciler.model.finding import Finding, Severity
from reconciler.model.outcome import Failed, InDoubt, Refused, Report
from reconciler.model.plan import Plan


def code_of_findings(findings: Iterable[Finding], *, policies: Collection[str] = ()) -> ExitCode:
    """Failed when anything is an error; blocked when only policies, given by their ids, object."""
    errors = {finding.id for finding in findings if finding.severity is Severity.ERROR}
    if errors - set(policies):
        return ExitCode.FAILED
    return ExitCode.BLOCKED if errors else ExitCode.DONE


def code_of_plan(plan: Plan, *, detailed: bool) -> ExitCode:
    """Failed when something could not be read. Blocked wins over changes, which only need an apply."""
    return _code(failed=bool(plan.unread), blocked=is_blocked(plan), changed=detailed and not plan.is_settled)


def code_of_apply(plan: Plan, report: Report) -> ExitCode:
    """The worst outcome decides; waiting for people is what a good run ends with.

    What failed in an earlier run and is not tried again makes this one fail too, and so does what could not be read.
    """
    if plan.unread or report.unread or plan.deferred or report.of(Failed, InDoubt):
        return ExitCode.FAILED
    if report.of(Refused):
        return ExitCode.CONFLICT
    return ExitCode.BLOCKED if report.blocked or is_blocked(plan) else ExitCode.DONE


def code_of_review(review: Review, *, detailed: bool) -> ExitCode:
    """Only what is new counts: a change is not blamed for what was wrong before it."""
    is_changed = detailed and not review.is_empty
    return _code(failed=review.has_errors, blocked=review.has_policy_errors, changed=is_changed)


def code_of_drift(report: DriftReport, *, detailed: bool) -> ExitCode:
    """Failed when something could not be read; else only what is new or overdue counts, to alarm nobody twice."""
    return _code(failed=bool(report.unread), blocked=False, changed=detailed and report.wants_attention)


def code_of_offboarding(found: Offboarding, *, detailed: bool) -> ExitCode:
    """Failed where something could not be read, and blocked where a guard stops something of it, as in a plan."""
    is_changed = detailed and not found.is_complete
    return _code(failed=bool(found.plan.unread), blocked=is_blocked(found.plan), changed=is_changed)


def _code(*, failed: bool, blocked: bool, changed: bool) -> ExitCode:
    if failed:
        return ExitCode.FAILED
    if blocked:
        return ExitCode.BLOCKED
    return ExitCode.CHANGES if changed else ExitCode.DONE


def is_blocked(plan: Plan) -> bool:
    """Whether a guard or a finding of severity error holds something back."""
    return bool(plan.blocked) or any(finding.severity is Severity.ERROR for finding in plan.findings)
