"""A drift report for a terminal: the worst first, with what is known of it already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from reconciler.core.drifting import (
    Drift,
    DriftItem,
    DriftReport,
    DriftSeverity,
    DriftSort,
    OrganizationDrift,
    Standing,
)
from reconciler.core.resource import Resource
from reconciler.output.folding import fold
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible
from reconciler.output.words import count
from reconciler.renderers.rows import Row, render_rows
from reconciler.subjects.access_terms import name_access, name_subject, name_values
from reconciler.subjects.signs import Sign

_SIGNS = {
    DriftSort.APPEARED: Sign.ADD,
    DriftSort.CHANGED: Sign.CHANGE,
    DriftSort.GONE: Sign.REMOVE,
    DriftSort.OVERSTAYED: Sign.BLOCKED,
}
_TONES = {DriftSeverity.CRITICAL: Tone.ALARM, DriftSeverity.HIGH: Tone.WARN}


def render_drift(report: DriftReport, style: Style) -> str:
    """Organization by organization; ends with the counts or with "No drift"."""
    blocks = [block for part in report.organizations if (block := _organization(part, style))]
    blocks.append("\n".join([*fold(style.paint(closing_of(report), Tone.STRONG), style.width), ""]))
    return "\n".join(blocks)


def closing_of(report: DriftReport) -> str:
    """`Drift: 1 new, 2 known, 1 accepted.`, or that there is none."""
    blind = sum(bool(part.unknown) for part in report.organizations)
    unseen = f" {count(blind, 'organization', 'organizations')} could not be seen completely." if blind else ""
    reverted = sum(len(part.reverted) for part in report.organizations)
    standings = Counter(item.standing for item in report.items)
    counted = [f"{standings[standing]:,} {standing}" for standing in Standing if standings[standing]]
    counted += [f"{reverted:,} gone again"] if reverted else []
    if not counted:
        return f"No drift in what could be seen.{unseen}" if unseen else "No drift. Everything is as recorded."
    return f"Drift: {', '.join(counted)}.{unseen}"


def _organization(part: OrganizationDrift, style: Style) -> str:
    lines: list[str] = []
    for severity, items in groupby(part.items, key=lambda item: item.found.severity):
        lines += ["", f"  {style.paint(severity.capitalize(), _TONES.get(severity))}"]
        lines += render_rows([row_of(item) for item in items], style)
    if part.reverted:
        lines += ["", "  Gone again"]
        lines += [f"      {make_visible(str(one.address))}, first seen {one.first_seen}" for one in part.reverted]
    for text in blind_spots(part):
        lines += fold(style.paint(make_visible(text), Tone.WARN), style.width, "  ")
    if not lines:
        return ""
    title = f"{style.paint(make_visible(part.organization), Tone.STRONG)} ({part.system}, {part.mode})"
    return "\n".join([title, *lines]) + "\n"


def blind_spots(part: OrganizationDrift) -> Iterator[str]:
    """What the audit did not see, and how old its eyes are."""
    for prefix, reason in part.unknown.items():
        yield f"not seen: {prefix} ({reason})"
    if part.observed_at is not None and (part.items or part.unknown):
        yield f"looked at on {part.observed_at:%Y-%m-%d %H:%M} UTC"
    if part.log:
        yield f"who did it is not known: {part.log}"


def row_of(item: DriftItem) -> Row:
    """The row of one difference with its history."""
    return show_drift(item.found, standing=_standing(item)).with_details(*_details(item))


def show_drift(found: Drift, *, standing: str = "") -> Row:
    """The row of one difference: what was expected, what is there, and what becomes of it."""
    sides = f"{_side(found.expected)} -> {_side(found.live)}"
    what = ", ".join(filter(None, [found.sort, standing]))
    return Row(
        sign=_SIGNS[found.sort],
        subject=name_subject(found.address),
        access=", ".join(filter(None, [name_access(found.address), sides])),
        note=f"{what}: {found.why}",
        place=found.place,
        details=tuple(filter(None, [found.outlook])),
    )


def _side(resource: Resource | None) -> str:
    return "nothing" if resource is None else name_values(resource)


def _standing(item: DriftItem) -> str:
    known = item.known
    if item.standing is Standing.NEW:
        return "new"
    since = f"since {item.first_seen} ({count(item.age, 'day', 'days')})"
    if known is None or not known.reason:
        return f"{item.standing} {since}"
    if item.standing is Standing.ACCEPTED:
        return f"accepted until {known.until} {since}"
    return f"overdue {since}, was accepted until {known.until}"


def _details(item: DriftItem) -> Iterator[str]:
    if item.known is not None and item.known.reason:
        yield f"accepted by {item.known.accepted_by or 'somebody'}: {item.known.reason}"
    for deed in item.deeds:
        yield f"the log of the system, {deed.at:%Y-%m-%d %H:%M} UTC: {deed.who or 'somebody'}: {deed.what}"
    if item.found.advice and item.standing is not Standing.ACCEPTED:
        yield item.found.advice
