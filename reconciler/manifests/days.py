"""Dates as manifests write them: UTC days, checked together."""

from __future__ import annotations

from datetime import date

from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes


def read_day(text: str, key: str, at: Cursor, notes: Notes) -> date | None:
    """The day written under `key`; None when there is none, or after a finding."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        notes.error("bad-date", f"`{text}` is not a day of the calendar", at.value(key))
        return None


def read_span(starts: str, until: str, key: str, at: Cursor, notes: Notes) -> tuple[date | None, date | None]:
    """The days under `starts` and `key`; a span that never begins is a finding."""
    begin, end = read_day(starts, "starts", at, notes), read_day(until, key, at, notes)
    if begin and end and begin >= end:
        message = f"starts on {begin}, which is not before `{key}` {end}: there would never be access"
        notes.error("starts-after-expires", message, at.value("starts"), related=(at.value(key),))
    return begin, end
