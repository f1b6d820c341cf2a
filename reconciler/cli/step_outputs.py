"""What a step of a pipeline hands on to later steps: small values by name, such as `blocked=2`."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from reconciler.features.drift.summary import summary_of_drift
from reconciler.features.planning.annotations import remarks_on_admins
from reconciler.features.planning.report import summary_of_report
from reconciler.features.planning.summary import digest_of_plan, summary_of_plan
from reconciler.features.review.annotations import remarks_on_admins_in
from reconciler.features.review.model import Effect, Review
from reconciler.features.review.words import say_summary
from reconciler.model.drift import DriftReport, DriftStatus
from reconciler.model.finding import Inspection, Severity
from reconciler.model.outcome import Report
from reconciler.model.plan import Plan
from reconciler.output.findings import summary_of_findings

Outputs = dict[str, str]


def outputs_of_findings(inspection: Inspection) -> Outputs:
    """`errors`, `warnings`, `notes`, `summary`."""
    found = Counter(finding.severity for finding in inspection.findings)
    return {**{f"{one}s": str(found[one]) for one in Severity}, "summary": summary_of_findings(inspection)}


def outputs_of_plan(plan: Plan) -> Outputs:
    """`changes`, `waiting`, `blocked`, `unread`, `left_out`, `admin_changes`, `settled`, `digest`, `summary`.

    The changes are counted with what people are asked for or told not to do besides: a plan that asks is not empty.
    """
    return {
        "changes": str(len(plan.changes) + len(plan.asks) + len(plan.withdrawals)),
        "waiting": str(len(plan.waiting)),
        "blocked": str(len(plan.blocked)),
        "unread": str(len(plan.unread)),
        "left_out": str(sum(len(part.left_out) for part in plan.organizations)),
        "admin_changes": str(len(remarks_on_admins(plan))),
        "settled": str(plan.is_settled).lower(),
        "digest": digest_of_plan(plan),
        "summary": summary_of_plan(plan),
    }


def outputs_of_report(plan: Plan, report: Report) -> Outputs:
    """`applied`, `waits`, `failed`, `refused`, `in_doubt`, `unread`, `summary`."""
    counts = {word: str(number) for word, number in asdict(report.summary).items() if word != "not_tried"}
    return {**counts, "unread": str(len(report.unread)), "summary": summary_of_report(plan, report)}


def outputs_of_review(review: Review) -> Outputs:
    """`gains`, `losses`, `admin_changes`, `needs_approval`, `findings`, `policy_findings`, `empty`, `summary`."""
    found = Counter(change.effect for change in review.access)
    return {
        "gains": str(found[Effect.GAIN]),
        "losses": str(found[Effect.LOSS]),
        "admin_changes": str(len(remarks_on_admins_in(review))),
        "needs_approval": str(sum(step.approval is None for step in review.steps)),
        "findings": str(len(review.findings)),
        "policy_findings": str(len(review.policy_findings)),
        "empty": str(review.is_empty).lower(),
        "summary": say_summary(review),
    }


def outputs_of_drift(report: DriftReport) -> Outputs:
    """`new`, `overdue`, `known`, `accepted`, `unread`, `clean`, `attention`, `summary`."""
    found = Counter(item.standing for item in report.items)
    counts = {standing.value: str(found[standing]) for standing in DriftStatus}
    return {
        **counts,
        "unread": str(len(report.unread)),
        "clean": str(report.is_clean).lower(),
        "attention": str(report.wants_attention).lower(),
        "summary": summary_of_drift(report),
    }
