"""Work orders for programs: what makes a ticket of each in whatever people use for tickets."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from reconciler.core.work_order import WorkOrder
from reconciler.manifests.work_order_documents import WorkOrderOutput, WorkOrdersOutput
from reconciler.renderers.outputs import place_of, values_of
from reconciler.renderers.style import Style
from reconciler.renderers.worksheets import WorkList, Worksheet

WORK_ORDERS_FORMAT = "1.0"


def render_work_orders_json(work: WorkList, _: Style) -> str:
    """`{format_version, work_orders: [...]}`, closed ones included; ASCII only, so that nothing invisible hides."""
    document = WorkOrdersOutput(
        format_version=WORK_ORDERS_FORMAT, work_orders=[describe_order(one) for one in work.orders]
    )
    return json.dumps(asdict(document), indent=2, ensure_ascii=True) + "\n"


def render_work_order_json(order: WorkOrder, style: Style) -> str:
    """The same document with one order in it."""
    return render_work_orders_json(WorkList(orders=(order,)), style)


def render_worksheet_json(sheet: Worksheet, style: Style) -> str:
    """The same document with everything one person has to do."""
    return render_work_orders_json(WorkList(orders=sheet.orders), style)


def describe_order(order: WorkOrder) -> WorkOrderOutput:
    """One order as a document."""
    place = order.place
    return WorkOrderOutput(
        id=order.id,
        operation=order.operation,
        address=str(order.address),
        action=order.action.value,
        wanted=values_of(order.wanted),
        identity=order.identity,
        system=order.system,
        actor=order.actor,
        actor_role=order.actor_role,
        party=order.party,
        parties=order.parties,
        after=order.after,
        title=order.title,
        preconditions=list(order.preconditions),
        steps=list(order.steps),
        done_when=order.done_when,
        undo=order.undo,
        irreversible=order.irreversible,
        note=order.note,
        reason=order.reason,
        place=place_of(place) if place else None,
        issued=_time(order.issued),
        valid_hours=order.lasts.total_seconds() / 3600 if order.lasts else None,
        expires=_time(order.expires),
        status=order.status.value,
        closed=_time(order.closed),
        closed_by=order.closed_by,
        evidence=order.evidence,
        evidence_digest=order.evidence_digest,
        failure=order.failure.value if order.failure else None,
        explanation=order.explanation,
    )


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
