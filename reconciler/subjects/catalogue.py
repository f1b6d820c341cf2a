"""All subjects and all their forms: one line to add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.core.audit import LoggedEntry
from reconciler.core.drifting import DriftReport
from reconciler.core.forecast import Forecast
from reconciler.core.holding import AccessMatrix, PersonReport
from reconciler.core.inspection import Inspection
from reconciler.core.notice import Notices
from reconciler.core.observation import Observation
from reconciler.core.offboarding import Offboarding
from reconciler.core.onboarding import Onboarding
from reconciler.core.outcome import Report
from reconciler.core.plan import Plan
from reconciler.core.policy_settings import StandingRule
from reconciler.core.review import Review
from reconciler.core.state import PastState, State
from reconciler.core.work_order import WorkOrder
from reconciler.manifests.saved import plan_to_json, state_to_json
from reconciler.output.annotations import ANNOTATION_FORMS, Annotations
from reconciler.output.document import Document
from reconciler.output.forms import FORMS
from reconciler.output.json import Output
from reconciler.output.style import Style
from reconciler.subjects.access import ACCESS, document_of_access
from reconciler.subjects.audit_log import AUDIT_LOG, document_of_audit_log
from reconciler.subjects.drift import DRIFT, document_of_drift
from reconciler.subjects.drift_remarks import annotations_of_drift
from reconciler.subjects.findings import FINDINGS, annotations_of_findings, document_of_findings
from reconciler.subjects.forecast import ESTIMATE, document_of_forecast
from reconciler.subjects.notices import NOTICES, document_of_notices, render_notices_json
from reconciler.subjects.observation import OBSERVATION, document_of_observation
from reconciler.subjects.offboarding import OFFBOARDING, document_of_offboarding
from reconciler.subjects.onboarding import ONBOARDING, document_of_onboarding
from reconciler.subjects.plan import document_of_plan
from reconciler.subjects.policies import POLICIES, document_of_policies
from reconciler.subjects.remarks import annotations_of_plan, annotations_of_report
from reconciler.subjects.report import REPORT, document_of_report
from reconciler.subjects.review import REVIEW, document_of_review
from reconciler.subjects.review_remarks import annotations_of_review
from reconciler.subjects.states import (
    HISTORY,
    STATE_LIST,
    document_of_history,
    document_of_state,
    document_of_state_list,
)
from reconciler.subjects.systems import SYSTEMS, document_of_systems
from reconciler.subjects.who import WHO, document_of_person
from reconciler.subjects.work_orders import (
    WORK_ORDERS,
    document_of_work_order,
    document_of_work_orders,
    document_of_worksheet,
)
from reconciler.subjects.worksheets import WorkList, Worksheet
from reconciler.systems.table import SystemTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderers:
    """For every value that is shown: name of the format -> renderer."""

    findings: Mapping[str, Callable[[Inspection, Style], str]]
    plan: Mapping[str, Callable[[Plan, Style], str]]
    report: Mapping[str, Callable[[Plan, Report, Style], str]]
    state: Mapping[str, Callable[[State, Style], str]]
    state_list: Mapping[str, Callable[[Sequence[State], Style], str]]
    systems: Mapping[str, Callable[[SystemTable, Style], str]]
    history: Mapping[str, Callable[[Sequence[PastState], Style], str]]
    audit_log: Mapping[str, Callable[[Sequence[LoggedEntry], Style], str]]
    who: Mapping[str, Callable[[PersonReport, Style], str]]
    access: Mapping[str, Callable[[AccessMatrix, Style], str]]
    policies: Mapping[str, Callable[[Sequence[StandingRule], Style], str]]
    review: Mapping[str, Callable[[Review, Style], str]]
    drift: Mapping[str, Callable[[DriftReport, Style], str]]
    estimate: Mapping[str, Callable[[Forecast, Style], str]]
    observation: Mapping[str, Callable[[Observation, Style], str]]
    work_orders: Mapping[str, Callable[[WorkList, Style], str]]
    work_order: Mapping[str, Callable[[WorkOrder, Style], str]]
    worksheet: Mapping[str, Callable[[Worksheet, Style], str]]
    offboarding: Mapping[str, Callable[[Offboarding, Style], str]]
    notices: Mapping[str, Callable[[Notices, Style], str]]
    onboarding: Mapping[str, Callable[[Onboarding, Style], str]]


def _forms(
    writers: Mapping[str, Callable[[Any, Style], str]], tell: Callable[..., Any]
) -> Mapping[str, Callable[..., str]]:
    """What is called takes the values of a subject, and the style."""
    return {form: partial(_write, write, tell) for form, write in writers.items()}


def _subject(
    tell: Callable[..., Document], json: Callable[..., str], annotate: Callable[..., Annotations] | None = None
) -> Mapping[str, Callable[..., str]]:
    """All forms of a subject."""
    annotations = _forms(ANNOTATION_FORMS, annotate) if annotate else {}
    return {**_forms(FORMS, tell), **annotations, "json": json}


def _write(write: Callable[[Any, Style], str], tell: Callable[..., Any], *values: Any) -> str:
    return write(tell(*values[:-1]), values[-1])


RENDERERS = Renderers(
    findings=_subject(
        document_of_findings,
        lambda inspection, _: FINDINGS.write(inspection.in_reading_order),
        annotations_of_findings,
    ),
    plan=_subject(document_of_plan, lambda plan, _: plan_to_json(plan), annotations_of_plan),
    report=_subject(
        document_of_report,
        lambda plan, report, _: REPORT.write(report.about(plan)),
        annotations_of_report,
    ),
    state=_subject(document_of_state, lambda state, _: state_to_json(state).decode()),
    state_list=_subject(document_of_state_list, lambda states, _: STATE_LIST.write([one.summary for one in states])),
    systems=_subject(document_of_systems, SYSTEMS.write),
    history=_subject(document_of_history, HISTORY.write),
    audit_log=_subject(document_of_audit_log, AUDIT_LOG.write),
    who=_subject(document_of_person, WHO.write),
    access=_subject(document_of_access, ACCESS.write),
    observation=_subject(document_of_observation, OBSERVATION.write),
    policies=_subject(document_of_policies, POLICIES.write),
    review=_subject(document_of_review, REVIEW.write, annotations_of_review),
    drift=_subject(document_of_drift, DRIFT.write, annotations_of_drift),
    estimate=_subject(document_of_forecast, ESTIMATE.write),
    work_orders=_subject(document_of_work_orders, lambda work, _: WORK_ORDERS.write(work.orders)),
    work_order=_subject(document_of_work_order, lambda order, _: WORK_ORDERS.write((order,))),
    worksheet=_subject(document_of_worksheet, lambda sheet, _: WORK_ORDERS.write(sheet.orders)),
    offboarding=_subject(document_of_offboarding, OFFBOARDING.write),
    notices=_subject(document_of_notices, render_notices_json),
    onboarding=_subject(document_of_onboarding, ONBOARDING.write),
)

OUTPUTS: Mapping[str, Output] = {
    one.name: one
    for one in (
        FINDINGS,
        STATE_LIST,
        SYSTEMS,
        HISTORY,
        AUDIT_LOG,
        WHO,
        ACCESS,
        REVIEW,
        POLICIES,
        OBSERVATION,
        REPORT,
        DRIFT,
        ESTIMATE,
        WORK_ORDERS,
        OFFBOARDING,
        NOTICES,
        ONBOARDING,
    )
}
"""Every document that a command writes with `--format json` and that is not read back."""
