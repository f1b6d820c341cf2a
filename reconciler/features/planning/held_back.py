"""The parts of a plan that are not changes: waiting, blocked, left out, drift, unmanaged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from reconciler.model.change import Blocked, Change, LeftOut, Waiting
from reconciler.model.plan import Limit, OrganizationPlan
from reconciler.model.resource import Resource
from reconciler.output.access_terms import AccessTerms, describe
from reconciler.output.document import Detail, Paragraph, Row, Section, plain
from reconciler.output.drift_rows import show_drift
from reconciler.output.names import name_access, name_subject, name_title
from reconciler.output.rows import row_of, rows_section, show_change
from reconciler.output.signs import BLOCKED, LEFT_OUT, UNMANAGED, WAITING
from reconciler.output.words import count

_MANY = 4
"""From so many on, things that are left out for the same reason share a row."""
_NAMED = 5
_NO_WAY_OUT = "no approval can allow this"


def tell(part: OrganizationPlan, change: Change | Waiting) -> AccessTerms:
    """A step of an organization's plan in terms of access."""
    return describe(
        part.system,
        change.address,
        change.action,
        before=change.before,
        after=change.after,
        is_irreversible=isinstance(change, Change) and bool(change.irreversible),
    )


def show_waiting(terms: AccessTerms, waiting: Waiting, today: date) -> Row:
    """The row of something that waits: on whom, since when and why."""
    # A reason that names whom it waits for says it all; twice in one line nobody reads it.
    names_them = re.search(rf"(?<!\w){re.escape(waiting.on)}(?!\w)", waiting.why) is not None
    age = _show_age(waiting.since, today)
    note = f"{waiting.why}{age and ','}{age}" if names_them else f"waits for {waiting.on}{age}: {waiting.why}"
    note += waiting.reason.removeprefix(waiting.why)
    return row_of(WAITING, terms.subject, terms.access, note, place=waiting.place)


def _show_age(since: date | None, today: date) -> str:
    """` since 2026-11-20 (2 days)`; empty when nobody knows."""
    if since is None:
        return ""
    days = (today - since).days
    age = f" ({count(days, 'day', 'days')})" if days > 0 else ""
    return f" since {since}{age}"


def show_blocked(terms: AccessTerms, blocked: Blocked) -> Row:
    """The row of a change that a guard stopped, with its numbers, and the exact line that would let it through."""
    way_out = "to allow exactly this, add to `approvals:` in a manifest:" if blocked.approval else _NO_WAY_OUT
    return row_of(
        BLOCKED,
        terms.subject,
        terms.access,
        show_change(terms, blocked.change).note,
        place=blocked.change.place,
        details=(f"{blocked.guard}: {blocked.message}", way_out),
        snippet=blocked.approval,
    )


def left_out(part: OrganizationPlan, today: date, *, rank: int) -> Detail | None:
    """What the plan says nothing about, and why; in brief, many for the same reason share a row."""
    if not part.left_out:
        return None
    alike: dict[tuple[str, date | None], list[LeftOut]] = {}
    for item in part.left_out:
        alike.setdefault((item.reason, item.since), []).append(item)
    in_brief: list[Row] = []
    for items in alike.values():
        in_brief += [_show_left_out(item, today) for item in items] if len(items) < _MANY else [_alike(items, today)]
    full, brief = (
        rows_section("Left out", rows, rank=rank)
        for rows in ([_show_left_out(item, today) for item in part.left_out], in_brief)
    )
    return Detail(full=full, brief=brief) if full else None


def _alike(items: Sequence[LeftOut], today: date) -> Row:
    """One row for things that are left out for the same reason, named as far as that helps."""
    names = list(dict.fromkeys(name_subject(item.address) for item in items))
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    note = _show_left_out(items[0], today).note
    named = f"{', '.join(names[:_NAMED])}{rest} (list them with -v)"
    return row_of(LEFT_OUT, count(len(items), "thing", "things"), "", note, details=(named,))


def _show_left_out(item: LeftOut, today: date) -> Row:
    note = f"{item.reason}{_show_age(item.since, today)}"
    return row_of(LEFT_OUT, name_subject(item.address), name_access(item.address), note)


def limits(part: OrganizationPlan) -> Detail | None:
    """Which limits the plan held its members to, and who says so; in brief only those that are nearly reached."""
    touched = (*part.changes, *(blocked.change for blocked in part.blocked))
    if not part.limits or not any(change.address.kind == "member" for change in touched):
        return None
    near = [limit for limit in part.limits if limit.used >= _NEARLY * limit.most]
    return Detail(full=_say_limits(part.limits), brief=_say_limits(near) if near else None)


_NEARLY = 0.9


def _say_limits(found: Sequence[Limit]) -> Paragraph:
    by_origin: dict[str, list[str]] = {}
    for limit in found:
        what = "members" if limit.what == "members" else f"with role {limit.what}"
        by_origin.setdefault(limit.origin, []).append(f"{limit.used:,} of {limit.most:,} {what}")
    said = "; ".join(f"{', '.join(uses)} ({origin})" for origin, uses in by_origin.items())
    return Paragraph(text=plain(f"Limits: {said}."))


def drift(part: OrganizationPlan, *, rank: int) -> Section | None:
    """What was not made so by this tool, and what the plan does about it."""
    found = (show_drift(found) for found in part.drift if not found.is_unmanaged)
    return rows_section("Drift", found, rank=rank)


def unmanaged(part: OrganizationPlan, *, rank: int) -> Detail | None:
    """How many live things nobody declared, and each of them."""
    found = [found.live for found in part.drift if found.is_unmanaged and found.live is not None]
    full = rows_section("Unmanaged", map(_show_unmanaged, found), rank=rank)
    if full is None:
        return None
    number = count(len(found), "live thing", "live things")
    return Detail(full=full, brief=Section(title=f"Unmanaged: {number} never declared, left alone (list them with -v)"))


def _show_unmanaged(resource: Resource) -> Row:
    since = f" since {resource.since}" if resource.since else ""
    identity = f", {resource.identity}" if resource.identity else ""
    return row_of(
        UNMANAGED,
        name_subject(resource.address),
        name_access(resource.address, resource.attributes),
        f"{resource.status.replace('_', ' ')}{since}{identity}{name_title(resource)}",
    )
