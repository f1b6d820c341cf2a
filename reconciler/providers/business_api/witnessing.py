"""The activity log of a Business Center: who did what there, on the site or through any app."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from reconciler.model.drift import ActivityEntry
from reconciler.model.errors import ProviderError
from reconciler.providers.business_api.center import Center, text_of
from reconciler.providers.business_api.endpoints import DEEDS
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.members import read_roster
from reconciler.providers.business_api.rows import Row

_MAX_DAYS = 180
"""For longer times the documentation advises against asking at once."""


def read_deeds(center: Center, *, since: datetime, until: datetime) -> tuple[ActivityEntry, ...]:
    """Oldest first; raises ProviderError when the log cannot be read."""
    try:
        rows = [row for first, last in _spans(since, until) for row in _read_span(center, first, last)]
        timed = [(moment, row) for row in rows if since <= (moment := _moment(row)) <= until]
        if timed and not center.roster.people:
            read_roster(center)
    except ApiError as error:
        advice = "the activity log takes scope 2, Ads Management, besides those for Business Centers"
        raise ProviderError(str(error), advice=advice) from error
    deeds = [_deed(center, moment, row) for moment, row in timed]
    return tuple(sorted(deeds, key=lambda deed: deed.at))


def _spans(since: datetime, until: datetime) -> Iterator[tuple[date, date]]:
    """First and last day of each call; the log counts in days of UTC."""
    first, end = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    while first <= end:
        last = min(end, first + timedelta(days=_MAX_DAYS - 1))
        yield first, last
        first = last + timedelta(days=1)


def _read_span(center: Center, first: date, last: date) -> list[Row]:
    """Ascending, so that what happens meanwhile is added behind and moves no page."""
    days = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    return center.list(DEEDS, filtering=days, sort_field="operation_time", sort_type="ASC", lang="en")


def _moment(row: Row) -> datetime:
    told = text_of(row, "time")
    try:
        return datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        message = f"the answer makes no sense: {told[:40]!r} is no time"
        raise ApiError(message, endpoint=DEEDS.endpoint) from None


def _deed(center: Center, moment: datetime, row: Row) -> ActivityEntry:
    number, text = text_of(row, "operator_id"), text_of(row, "activity_log")
    return ActivityEntry(
        at=moment,
        who=center.roster.people.get(number) or center.names.numbers().get(number) or number,
        what=text,
        address=center.names.find_subject(text, organization=center.organization),
    )
