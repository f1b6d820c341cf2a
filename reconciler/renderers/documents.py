"""Machine-readable documents. Each carries `format_version`: a new minor version only adds properties."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from reconciler.core.change import Change
from reconciler.core.outcome import Applied, Failed, InDoubt, Outcome, Refused, Report, Waits
from reconciler.core.plan import Plan
from reconciler.core.state import State
from reconciler.output.style import Style

FINDINGS_FORMAT = REPORT_FORMAT = STATES_FORMAT = SYSTEMS_FORMAT = "1.0"


def render_plan_json(plan: Plan, _: Style) -> str:
    """The plan as `plan -o` saves it and `apply` reads it."""
    from reconciler.manifests.saved import plan_to_json

    return plan_to_json(plan)


def render_report_json(plan: Plan, report: Report, _: Style) -> str:
    """`{format_version, manifests, summary, results: [...]}`; an outcome is `{kind, ...}`."""
    outcomes = [_OUTCOMES[type(outcome)] for _, outcome in report.results]
    summary = {name: outcomes.count(name) for name in _OUTCOMES.values()}
    return _dump(
        {
            "format_version": REPORT_FORMAT,
            "manifests": plan.manifests,
            "summary": {**summary, "not_tried": len(plan.changes) - len(report.results)},
            "results": [_result(change, outcome) for change, outcome in report.results],
        }
    )


def render_state_json(state: State, _: Style) -> str:
    """The state as it is stored, one line."""
    from reconciler.manifests.saved import state_to_json

    return state_to_json(state).decode()


_OUTCOMES: dict[type[Outcome], str] = {
    Applied: "applied",
    Waits: "waits",
    Failed: "failed",
    Refused: "refused",
    InDoubt: "in_doubt",
}


def _result(change: Change, outcome: Outcome) -> dict[str, Any]:
    """What was tried and what became of it; the resource read back is not repeated here, it is in the state."""
    return {
        "address": str(change.address),
        "action": change.action.value,
        "cause": change.why,
        "consent": change.consent,
        "outcome": {"kind": _OUTCOMES[type(outcome)], **_details(outcome)},
    }


def _details(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Applied():
            return {}
        case Waits(on=on, why=why, orders=orders):
            return {"on": on, "why": why, "work_orders": [order.id for order in orders]}
        case InDoubt(reason=reason):
            return {"reason": reason}
        case _:
            return asdict(outcome)


def _dump(document: dict[str, Any]) -> str:
    """ASCII only: invisible characters stay visible, and any reader and terminal can take it."""
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
