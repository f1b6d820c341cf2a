"""The parts of a plan that are not changes: waiting, blocked, left out, drift, unmanaged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from reconciler.core.change import Drift, LeftOut, Waiting
from reconciler.core.plan import OrganizationPlan
from reconciler.core.resource import Resource
from reconciler.renderers.access_terms import AccessTerms, describe, name_access, name_subject, name_values
from reconciler.renderers.rows import Row, render_rows, show_change
from reconciler.renderers.signs import Sign
from reconciler.renderers.style import Style
from reconciler.renderers.words import count


def waiting_lines(part: OrganizationPlan, today: date, style: Style) -> list[str]:
    """What waits, on whom, since when and why; admins first."""
    told = [
        (describe(part.system, item.address, item.action, before=item.before, after=item.after), item)
        for item in part.waiting
    ]
    told.sort(key=lambda pair: not pair[0].is_admin)
    return render_rows([_show_waiting(terms, item, today) for terms, item in told], style)


def _show_waiting(terms: AccessTerms, waiting: Waiting, today: date) -> Row:
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
    rows = []
    for blocked in part.blocked:
        change = blocked.change
        terms = describe(part.system, change.address, change.action, before=change.before, after=change.after)
        rows.append(
            Row(
                sign=Sign.BLOCKED,
                subject=terms.subject,
                access=terms.access,
                note=show_change(terms, change).note,
                place=change.place,
                details=(f"{blocked.guard}: {blocked.message}", *_ways_out(blocked.consent)),
            )
        )
    return render_rows(rows, style)


def _ways_out(consent: str) -> Iterator[str]:
    if consent:
        yield "to allow exactly this, add to `consents:` in a manifest:"
        yield f"  {consent}"
    else:
        yield "no consent can allow this"


def left_out_lines(part: OrganizationPlan, today: date, style: Style) -> list[str]:
    """What the plan says nothing about, and why."""
    return render_rows([_show_left_out(item, today) for item in part.left_out], style)


def _show_left_out(item: LeftOut, today: date) -> Row:
    return Row(
        sign=Sign.LEFT_OUT,
        subject=name_subject(item.address),
        access=name_access(item.address),
        note=f"{item.reason}{_show_age(item.since, today)}",
    )


def drift_lines(part: OrganizationPlan, style: Style) -> list[str]:
    """What somebody changed outside: recorded value, live value."""
    return render_rows([_show_drift(item) for item in part.drift], style)


def _show_drift(drift: Drift) -> Row:
    signs = {(False, True): Sign.ADD, (True, False): Sign.REMOVE}
    return Row(
        sign=signs.get((drift.recorded is not None, drift.live is not None), Sign.CHANGE),
        subject=name_subject(drift.address),
        access=name_access(drift.address),
        note=f"recorded: {_show_resource(drift.recorded)}; live: {_show_resource(drift.live)}",
    )


def unmanaged_lines(part: OrganizationPlan, style: Style) -> list[str]:
    """How many live things nobody declared; each of them only in full style."""
    number = len(part.unmanaged)
    if not number:
        return []
    hint = "" if style.verbose else " (list them with -v)"
    title = f"  Unmanaged: {count(number, 'live thing', 'live things')} never declared, left alone{hint}"
    rows = [_show_unmanaged(item.resource) for item in part.unmanaged] if style.verbose else []
    return ["", title, *render_rows(rows, style)]


def _show_unmanaged(resource: Resource) -> Row:
    since = f" since {resource.since}" if resource.since else ""
    identity = f", {resource.identity}" if resource.identity else ""
    return Row(
        sign=Sign.UNMANAGED,
        subject=name_subject(resource.address),
        access=name_access(resource.address, resource.attributes),
        note=f"{resource.status.replace('_', ' ')}{since}{identity}",
    )


def _show_resource(resource: Resource | None) -> str:
    return "absent" if resource is None else name_values(resource)
