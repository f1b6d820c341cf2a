"""All documents and all their forms: one line to add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.features.audit_log.document import AUDIT_LOG, document_of_audit_log
from reconciler.features.drift.annotations import annotations_of_drift
from reconciler.features.drift.document import DRIFT, document_of_drift
from reconciler.features.estimate.document import ESTIMATE, document_of_forecast
from reconciler.features.estimate.model import Forecast
from reconciler.features.listing.policies import POLICIES, document_of_policies
from reconciler.features.listing.systems import SYSTEMS, document_of_systems
from reconciler.features.offboarding.document import OFFBOARDING, document_of_offboarding
from reconciler.features.offboarding.model import Offboarding
from reconciler.features.onboarding.document import ONBOARDING, document_of_onboarding
from reconciler.features.onboarding.model import Onboarding
from reconciler.features.planning.annotations import annotations_of_plan, annotations_of_report
from reconciler.features.planning.document import document_of_plan
from reconciler.features.planning.report import REPORT, document_of_report
from reconciler.features.queries.matrix_document import ACCESS, document_of_access
from reconciler.features.queries.person_document import WHO, document_of_person
from reconciler.features.review.annotations import annotations_of_review
from reconciler.features.review.document import REVIEW, document_of_review
from reconciler.features.review.model import Review
from reconciler.features.rosters.document import OBSERVATION, document_of_observation
from reconciler.features.states.document import (
    HISTORY,
    STATE_LIST,
    document_of_history,
    document_of_state,
    document_of_state_list,
)
from reconciler.features.work_orders.document import (
    WORK_ORDERS,
    document_of_work_order,
    document_of_work_orders,
    document_of_worksheet,
)
from reconciler.features.work_orders.notice import Notices
from reconciler.features.work_orders.notices_document import NOTICES, document_of_notices, render_notices_json
from reconciler.features.work_orders.worksheets import WorkList, Worksheet
from reconciler.model.audit import LoggedEntry
from reconciler.model.drift import DriftReport
from reconciler.model.finding import Inspection
from reconciler.model.holding import AccessMatrix, PersonReport
from reconciler.model.json import plan_to_json, state_to_json
from reconciler.model.outcome import Report
from reconciler.model.plan import Plan
from reconciler.model.roster import Observation
from reconciler.model.settings import StandingRule
from reconciler.model.state import PastState, State
from reconciler.model.work_order import WorkOrder
from reconciler.output.annotations import ANNOTATION_FORMS, Annotations
from reconciler.output.document import Document
from reconciler.output.findings import FINDINGS, annotations_of_findings, document_of_findings
from reconciler.output.forms import FORMS
from reconciler.output.json import Output
from reconciler.output.style import Style
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
    """What is called takes the values of a document, and the style."""
    return {form: partial(_write, write, tell) for form, write in writers.items()}


def _subject(
    tell: Callable[..., Document], json: Callable[..., str], annotate: Callable[..., Annotations] | None = None
) -> Mapping[str, Callable[..., str]]:
    """All forms of a document."""
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
