"""What a run takes, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconciler.core.forecast import Effort, Forecast, OrganizationForecast
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible


def render_forecast(forecast: Forecast, style: Style) -> str:
    """The time in all, then each organization, then what the numbers leave out."""
    return "".join(f"{line}\n" for line in _lines(forecast, style))


def _lines(forecast: Forecast, style: Style) -> Iterator[str]:
    free = [make_visible(one.organization) for one in forecast.organizations if not one.is_limited]
    if forecast.allowances:
        yield style.paint(f"A plan takes {_told(forecast.plan)}; to apply it, {_told(forecast.apply)}.", Tone.STRONG)
    for allowance in forecast.allowances:
        yield f"\nAt most {allowance.limit}, for all of these together:"
        yield from (_row(one) for one in forecast.organizations if one.organization in allowance.organizations)
    if free:
        gap = "\n" if forecast.allowances else ""
        yield f"{gap}Nothing limits the calls for {', '.join(free)}."
    if forecast.allowances:
        yield "\nCounted from what is declared and recorded. What else is there, and calls that have to be repeated,"
        yield "come on top; nothing has been asked yet."
    elif not free:
        yield "There is no organization to plan."


def _row(one: OrganizationForecast) -> str:
    most = "" if one.is_recorded else "at most "
    changes = f"{most}{_counted(one.changes, 'change')}"
    first = "" if one.is_recorded else ", nothing of it is recorded yet"
    return (
        f"  {make_visible(one.organization)}: {_counted(one.plan_calls, 'call')} to plan, "
        f"{_counted(one.apply_calls, 'call')} to apply {changes}{first}"
    )


def _told(effort: Effort) -> str:
    return f"about {_counted(effort.calls, 'call')} and {_time(effort.seconds)}"


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _time(seconds: int) -> str:
    """As people say it; nobody needs the seconds of an hour."""
    if seconds < 120:
        return _counted(seconds, "second")
    minutes = timedelta(seconds=seconds) // timedelta(minutes=1)
    if minutes < 120:
        return _counted(minutes, "minute")
    return f"{minutes // 60} h {minutes % 60} min"
