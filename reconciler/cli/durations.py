"""Spans of time on the command line."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


class DurationType(click.ParamType[timedelta]):
    """`30s`, `5m`, `1h`; a number alone is seconds."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read the number and the unit."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,9})([smh]?)", value)
        if found is None:
            self.fail(f"{value!r} is not a duration: write 30s, 5m or 1h", param, ctx)
        return timedelta(**{_UNITS[found[2] or "s"]: int(found[1])})


lock_timeout_option = click.option(
    "--lock-timeout",
    type=DurationType(),
    default=timedelta(),
    metavar="DURATION",
    help="Wait this long (30s, 5m, 1h) while somebody else is at work on an organization.",
)
"""Of everything that writes to a state."""
