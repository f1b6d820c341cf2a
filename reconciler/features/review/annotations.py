"""A review as findings, for forms that know nothing but remarks on lines."""

from __future__ import annotations

from dataclasses import replace

from reconciler.features.review.model import AccessChange, Effect, Mark, Review
from reconciler.features.review.rows import EFFECT_SIGNS, say_what
from reconciler.model.finding import Finding, Inspection, Severity
from reconciler.output.annotations import Annotations
from reconciler.output.findings import annotations_of_findings
from reconciler.output.words import name_subject


def annotations_of_review(review: Review) -> Annotations:
    """New findings, and steps that still need somebody's approval."""
    steps = [
        Finding(
            id="needs-approval",
            severity=Severity.WARNING,
            message=f"{one.action.replace('_', ' ')} {one.address}: {one.why}",
            place=one.place,
            advice=f"somebody who may decide it adds {{approve: {one.action}, address: {one.address}}} to `approvals:`",
            address=str(one.address),
        )
        for one in review.steps
        if one.approval is None
    ]
    remarks = [*review.head.problems, *review.findings, *review.policy_findings, *steps]
    return replace(
        annotations_of_findings(Inspection(findings=remarks), category="diff"), notes=remarks_on_admins_in(review)
    )


def remarks_on_admins_in(review: Review) -> list[Finding]:
    """A note on every line that makes somebody an admin or ends that."""
    return [_admin_note(one) for one in review.access if Mark.ADMIN in one.marks and one.effect is not Effect.WAY]


def _admin_note(change: AccessChange) -> Finding:
    meaning = EFFECT_SIGNS[change.effect].meaning
    return Finding(
        id="admin-change",
        severity=Severity.NOTE,
        message=f"{name_subject(change.subject)}: {meaning}: {say_what(change)} in {change.organization}",
        place=change.place if change.after else None,
        address=f"{change.on.organization}: {change.subject.key}",
    )
