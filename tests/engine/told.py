"""Telling a plan in the lines that cases are written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import yaml

from reconciler.model import (
    Action,
    Attributes,
    Blocked,
    Change,
    Drift,
    Finding,
    LeftOut,
    Plan,
    Resource,
    Status,
    Waiting,
    name_values,
)

SECTIONS = ("changes", "waiting", "blocked", "left_out", "unmanaged", "drift", "findings")


def describe_plan(plan: Plan) -> dict[str, list[str]]:
    """Section -> lines; empty ones are there too, so that a case also says what does not happen."""
    parts = plan.organizations
    return {
        "changes": [_change(change) for part in parts for change in part.changes],
        "waiting": [_waiting(waiting, plan.today) for part in parts for waiting in part.waiting],
        "blocked": [line for part in parts for blocked in part.blocked for line in _blocked(blocked)],
        "left_out": [_left_out(left_out) for part in parts for left_out in part.left_out],
        "unmanaged": [_unmanaged(found) for part in parts for found in part.drift if found.is_unmanaged],
        "drift": [describe_drift(found) for part in parts for found in part.drift if not found.is_unmanaged],
        "findings": [_finding(finding) for finding in plan.findings],
    }


def describe_ends(plan: Plan) -> list[str]:
    """What ends each wait."""
    return [f"{waiting.address}: {waiting.ends}" for waiting in plan.waiting]


def describe_risks(plan: Plan) -> list[str]:
    """The risk of each step, whether it is taken, waits or is blocked, and why."""
    steps: list[Change | Waiting] = []
    for part in plan.organizations:
        steps += [*part.changes, *part.waiting]
        steps += [one.change for one in part.blocked]
    return [f"{step.risk} {step.action} {step.address}: {', '.join(step.marks) or 'nothing'}" for step in steps]


def in_full(told: Mapping[str, Iterable[str]]) -> list[str]:
    """All sections as one list of lines, for comparing and for showing a difference."""
    return [line for name in SECTIONS for line in (f"{name}:", *(f"  {line}" for line in told.get(name, ())))]


def _change(change: Change, *, with_actor: bool = True) -> str:
    asides = [
        "" if change.why == "declared" else change.why,
        f"by {change.actor}" if with_actor and change.actor else "",
        f"costs: {change.cost}" if change.cost else "",
        f"allowed: {change.approval.rsplit(' (', 1)[0]}" if change.approval else "",
    ]
    told = "; ".join(filter(None, asides))
    return f"{_sign(change)} {change.action} {change.address}{_values_of(change)}" + (f" ({told})" if told else "")


def _sign(change: Change) -> str:
    if change.action is Action.TRANSFER_APP:
        return ">"
    if change.after is None:
        return "-"
    return "+" if change.before is None or change.before.status.is_gone else "~"


def _values_of(change: Change) -> str:
    if change.after is None or not change.after.attributes:
        return ""
    if change.before is None or change.before.status.is_gone:
        return f" as {_attributes(change.after.attributes)}"
    return f" from {_attributes(change.before.attributes)} to {_attributes(change.after.attributes)}"


def _attributes(attributes: Attributes) -> str:
    words = [str(attributes[name]) for name in ("role", "owner", "called") if name in attributes]
    if "finance" in attributes:
        words.append(f"finance {attributes['finance']}")
    words += attributes.get("permissions", ())
    return ", ".join(words) or "nothing"


def _waiting(waiting: Waiting, today: date) -> str:
    """A wait that begins today says only what it is about."""
    since = f" since {waiting.since}" if waiting.since and waiting.since < today else ""
    return f"{waiting.action} {waiting.address} on {waiting.on}{since}: {waiting.why}"


def _blocked(blocked: Blocked) -> list[str]:
    lines = [_change(blocked.change, with_actor=False), f"  {blocked.guard}: {blocked.message}"]
    if blocked.approval:
        lines.append("  approval: {approve} {address}".format(**read_approval(blocked)))
    return lines


def read_approval(blocked: Blocked) -> dict[str, str]:
    """The approval line as YAML reads it: exactly one entry for the list of approvals, with a ticket and a date."""
    [approval] = yaml.safe_load(blocked.approval)
    assert list(approval) == ["approve", "address", "reason", "expires"]
    return dict(approval)


def _left_out(left_out: LeftOut) -> str:
    return f"{left_out.address}: {left_out.reason}" + (f" since {left_out.since}" if left_out.since else "")


def _unmanaged(found: Drift) -> str:
    return f"{found.address}: {_resource(found.live)}"


def describe_drift(found: Drift) -> str:
    """What differs and why that is drift; and what becomes of it."""
    sides = f"{_side(found.expected)} -> {_side(found.live)}"
    return f"{found.severity} {found.sort} {found.address}: {sides} ({found.why}); {found.outlook}"


def _side(resource: Resource | None) -> str:
    return name_values(resource) if resource else "nothing"


def _resource(resource: Resource | None) -> str:
    if resource is None:
        return "absent"
    words = ["" if resource.status is Status.ACTIVE else str(resource.status)]
    words.append(_attributes(resource.attributes) if resource.attributes else "")
    return " ".join(filter(None, words)) or "there"


def _finding(finding: Finding) -> str:
    return f"{finding.severity} {finding.id}: {finding.message}"
