"""The parts of a plan that are not changes: waiting, blocked, left out, drift, unmanaged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from reconciler.core.change import Blocked, Change, LeftOut, Waiting
from reconciler.core.drifting import Drift
from reconciler.core.plan import OrganizationPlan
from reconciler.output.folding import fold
from reconciler.output.style import Style
from reconciler.output.words import count
from reconciler.renderers.drift import show_drift
from reconciler.renderers.rows import Row, render_rows, show_change
from reconciler.subjects.access_terms import AccessTerms, describe, name_access, name_subject
from reconciler.subjects.signs import Sign

_MANY = 4
"""From so many on, things that are left out for the same reason share a row."""
_NAMED = 5
_NO_WAY_OUT = "no consent can allow this"


def waiting_lines(part: OrganizationPlan, today: date, style: Style) -> list[str]:
    """What waits, on whom, since when and why; admins first."""
    told = [(tell(part, item), item) for item in part.waiting]
    told.sort(key=lambda pair: not pair[0].is_admin)
    return render_rows([show_waiting(terms, item, today) for terms, item in told], style)


def show_waiting(terms: AccessTerms, waiting: Waiting, today: date) -> Row:
    """The row of something that waits: on whom, since when and why."""
    # A reason that names whom it waits for says it all; twice in one line nobody reads it.
    names_them = re.search(rf"(?<!\w){re.escape(waiting.on)}(?!\w)", waiting.why) is not None
    age = _show_age(waiting.since, today)
    return Row(
        sign=Sign.WAITING,
        subject=terms.subject,
        access=terms.access,
        note=f"{waiting.why}{age and ','}{age}" if names_them else f"waits for {waiting.on}{age}: {waiting.why}",
        place=waiting.place,
    )


def _show_age(since: date | None, today: date) -> str:
    """` since 2026-11-20 (2 days)`; empty when nobody knows."""
    if since is None:
        return ""
    days = (today - since).days
    age = f" ({count(days, 'day', 'days')})" if days > 0 else ""
    return f" since {since}{age}"


def blocked_lines(part: OrganizationPlan, style: Style) -> list[str]:
    """What a guard stopped, with its numbers, and the exact line that would let it through."""
    return render_rows([show_blocked(tell(part, blocked.change), blocked) for blocked in part.blocked], style)


def tell(part: OrganizationPlan, change: Change | Waiting) -> AccessTerms:
    """A step of an organization's plan in terms of access."""
    return describe(part.system, change.address, change.action, before=change.before, after=change.after)


def show_blocked(terms: AccessTerms, blocked: Blocked) -> Row:
    """The row of a change that a guard stopped."""
    way_out = "to allow exactly this, add to `consents:` in a manifest:" if blocked.consent else _NO_WAY_OUT
    return Row(
        sign=Sign.BLOCKED,
        subject=terms.subject,
        access=terms.access,
        note=show_change(terms, blocked.change).note,
        place=blocked.change.place,
        details=(f"{blocked.guard}: {blocked.message}", way_out),
        snippet=blocked.consent,
    )


def left_out_lines(part: OrganizationPlan, today: date, style: Style) -> list[str]:
    """What the plan says nothing about, and why; many for the same reason in brief."""
    alike: dict[tuple[str, date | None], list[LeftOut]] = {}
    for item in part.left_out:
        alike.setdefault((item.reason, item.since), []).append(item)
    rows: list[Row] = []
    for items in alike.values():
        if len(items) < _MANY or style.verbose:
            rows += [show_left_out(item, today) for item in items]
        else:
            rows.append(_show_alike(items, today))
    return render_rows(rows, style)


def _show_alike(items: Sequence[LeftOut], today: date) -> Row:
    """One row for things that are left out for the same reason, named as far as that helps."""
    names = list(dict.fromkeys(name_subject(item.address) for item in items))
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return Row(
        sign=Sign.LEFT_OUT,
        subject=count(len(items), "thing", "things"),
        access="",
        note=show_left_out(items[0], today).note,
        details=(f"{', '.join(names[:_NAMED])}{rest} (list them with -v)",),
    )


def show_left_out(item: LeftOut, today: date) -> Row:
    """The row of something that the plan says nothing about."""
    return Row(
        sign=Sign.LEFT_OUT,
        subject=name_subject(item.address),
        access=name_access(item.address),
        note=f"{item.reason}{_show_age(item.since, today)}",
    )


def drift_lines(part: OrganizationPlan, style: Style) -> list[str]:
    """What was not made so by this tool, and what the plan does about it."""
    return render_rows([show_drift(found) for found in part.drift if not found.is_unmanaged], style)


def unmanaged_lines(part: OrganizationPlan, style: Style) -> list[str]:
    """How many live things nobody declared; each of them only in full style."""
    unmanaged = [found for found in part.drift if found.is_unmanaged]
    if not unmanaged:
        return []
    hint = "" if style.verbose else " (list them with -v)"
    title = f"Unmanaged: {count(len(unmanaged), 'live thing', 'live things')} never declared, left alone{hint}"
    rows = [show_unmanaged(found) for found in unmanaged] if style.verbose else []
    return ["", *fold(title, style.width, "  "), *render_rows(rows, style)]


def show_unmanaged(found: Drift) -> Row:
    """The row of a live thing that nobody declared."""
    resource = found.live
    assert resource is not None  # noqa: S101  # what is unmanaged has appeared
    since = f" since {resource.since}" if resource.since else ""
    identity = f", {resource.identity}" if resource.identity else ""
    return Row(
        sign=Sign.UNMANAGED,
        subject=name_subject(resource.address),
        access=name_access(resource.address, resource.attributes),
        note=f"{resource.status.replace('_', ' ')}{since}{identity}",
    )
