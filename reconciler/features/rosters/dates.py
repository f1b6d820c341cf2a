"""Days as pages write them; a day that two readers could read differently is not read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *(("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",), ("jun", "june")),
            *(("jul", "july"), ("aug", "august"), ("sep", "sept", "september"), ("oct", "october")),
            *(("nov", "november"), ("dec", "december")),
        ),
        start=1,
    )
    for name in names
}
_TIME = r"(?:,?\s+(?:at\s+)?\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?(?:\s*(?:utc|gmt|z))?)?"
_WORDED = (
    re.compile(
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?[\s-]+(?P<month>[a-z]{{3,9}})\.?,?[\s-]+(?P<year>\d{{4}}){_TIME}"
    ),
    re.compile(rf"(?P<month>[a-z]{{3,9}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TIME}"),
)
_NUMBERED = (
    re.compile(rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}"),
    re.compile(rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_TIME}"),
)
_SLASHED = re.compile(rf"(?P<one>\d{{1,2}})/(?P<other>\d{{1,2}})/(?P<year>\d{{4}}){_TIME}")


def find_day(text: str) -> date | None:
    """The UTC day in a text that is nothing but a day, with or without a time."""
    text = " ".join(text.split()).lower()
    if not text.isascii() or len(text) > 40:
        return None
    try:
        return _read_moment(text) or _read_words(text) or _read_slashes(text)
    except (ValueError, OverflowError):
        return None


def _read_moment(text: str) -> date | None:
    """A moment with its zone; one without is taken to be the day that stands there."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s?(z|[+-]\d{2}:?\d{2})?", text):
        return None
    moment = datetime.fromisoformat(text.upper().replace(" +", "+").replace(" Z", "Z"))
    return moment.date() if moment.tzinfo is None else moment.astimezone(UTC).date()


def _read_words(text: str) -> date | None:
    for pattern in _NUMBERED:
        if match := pattern.fullmatch(text):
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
    for pattern in _WORDED:
        if (match := pattern.fullmatch(text)) and match["month"] in _MONTHS:
            return date(int(match["year"]), _MONTHS[match["month"]], int(match["day"]))
    return None


def _read_slashes(text: str) -> date | None:
    """Day and month change places between countries; only when one cannot be a month is it clear."""
    match = _SLASHED.fullmatch(text)
    if match is None:
        return None
    one, other = int(match["one"]), int(match["other"])
    if one == other or other > 12:
        return date(int(match["year"]), one, other)
    return date(int(match["year"]), other, one) if one > 12 else None
