"""Reading a saved plan."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reconciler.cli.files import read_text_file
from reconciler.core.errors import ReconcilerError, StalePlan
from reconciler.core.plan import Plan
from reconciler.manifests.saved import plan_from_json
from reconciler.workflows.agreement import compare_plans

_TOLD = 10
"""Differences that a message lists; the plan itself shows them all."""


def read_plan(path: Path, *, expected_digest: str | None = None) -> Plan:
    """The plan in a file; raises ReconcilerError, naming the file, when it is none.

    Raises StalePlan when it is not the one whose digest was reviewed: the digest is that of the bytes of the file, as
    `sha256sum` prints it.
    """
    text = read_text_file(path)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if expected_digest is not None and expected_digest.strip().lower() != digest:
        message = f"{path} is not the plan that was reviewed: its SHA-256 is {digest}, expected was {expected_digest}"
        raise StalePlan(message, advice="plan again, have the new plan reviewed, and apply that one")
    try:
        return plan_from_json(text)
    except ReconcilerError as error:
        message = f"{path}: {error.message}"
        raise ReconcilerError(message, advice=error.advice or "save one with `reconciler plan -o FILE`") from error


def require_same(plan: Plan, reviewed: Plan) -> None:
    """Raises StalePlan, with the first differences, unless `plan` does exactly what was reviewed."""
    departure = compare_plans(reviewed=reviewed, plan=plan)
    if departure.is_none:
        return
    told = [f"{change.action} {change.address} is new" for change in departure.unseen]
    told += [f"{change.action} {change.address} is not in it any more" for change in departure.missing]
    told += [f"{one.on} is asked to {one.action} {one.address}, which is new" for one in departure.asks]
    told += [f"{one.message}, which is new" for one in departure.withdrawals]
    told = told or ["the order of the steps is another one"]
    more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    message = f"this is not the plan that was reviewed: {'; '.join(told[:_TOLD])}{more}"
    raise StalePlan(message, advice="have this plan reviewed")
