"""What a run takes, before it starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconciler.features.estimate.model import Effort, Forecast, OrganizationForecast
from reconciler.output.document import Block, Document, Item, Items, Paragraph, plain
from reconciler.output.json import Output
from reconciler.output.style import Tone
from reconciler.output.words import count

ESTIMATE = Output(name="estimate", title="Calls and time that a run takes", value=Forecast)


def document_of_forecast(forecast: Forecast) -> Document:
    """The time in all, then each organization, then what the numbers leave out."""
    return Document(title="What a run takes", is_title_needless=True, blocks=tuple(_blocks(forecast)))


def _blocks(forecast: Forecast) -> Iterator[Block]:
    free = [one.organization for one in forecast.organizations if not one.is_limited]
    if forecast.allowances:
        told = f"A plan takes {_told(forecast.plan)}; to apply it, {_told(forecast.apply)}."
        yield Paragraph(text=told, tone=Tone.STRONG)
    for allowance in forecast.allowances:
        yield Paragraph(text=plain(f"At most {allowance.limit}, for all of these together:"))
        limited = (one for one in forecast.organizations if one.organization in allowance.organizations)
        yield Items(items=tuple(Item(text=plain(_organization(one))) for one in limited))
    if free:
        yield Paragraph(text=plain(f"Nothing limits the calls for {', '.join(free)}."))
    if forecast.allowances:
        yield Paragraph(
            text="Counted from what is declared and recorded. What else is there, and calls that have to be repeated, "
            "come on top; nothing has been asked yet."
        )
    elif not free:
        yield Paragraph(text="There is no organization to plan.")


def _organization(one: OrganizationForecast) -> str:
    most = "" if one.is_recorded else "at most "
    first = "" if one.is_recorded else ", nothing of it is recorded yet"
    return (
        f"{one.organization}: {_calls(one.plan_calls)} to plan, {_calls(one.apply_calls)} to apply "
        f"{most}{count(one.changes, 'change', 'changes')}{first}"
    )


def _told(effort: Effort) -> str:
    return f"about {_calls(effort.calls)} and {_time(effort.seconds)}"


def _calls(number: int) -> str:
    return count(number, "call", "calls")


def _time(seconds: int) -> str:
    """As people say it; nobody needs the seconds of an hour."""
    if seconds < 120:
        return count(seconds, "second", "seconds")
    minutes = timedelta(seconds=seconds) // timedelta(minutes=1)
    if minutes < 120:
        return count(minutes, "minute", "minutes")
    return f"{minutes // 60} h {minutes % 60} min"
