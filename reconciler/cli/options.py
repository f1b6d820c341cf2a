"""The options of plan and apply: which addresses, which organizations, what is consented to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypedDict, TypeVar

import click

from reconciler.core.address import Address
from reconciler.core.declared import Consent
from reconciler.core.kinds import Action
from reconciler.workflows.sharding import EVERYTHING, Shard

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Limits(TypedDict):
    """The planning options as click passes them."""

    targets: tuple[str, ...]
    excludes: tuple[str, ...]
    refresh: bool
    consents: tuple[Consent, ...]
    retry: bool
    shard: Shard


class DateType(click.ParamType[date]):
    """A UTC day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date: write it as YYYY-MM-DD", param, ctx)


class ConsentType(click.ParamType[Consent]):
    """`ACTION:ADDRESS`: a consent names exactly one step on exactly one thing."""

    name = "consent"

    def convert(self, value: str | Consent, param: click.Parameter | None, ctx: click.Context | None) -> Consent:
        """Read the action and the address."""
        if isinstance(value, Consent):
            return value
        action, _, address = value.partition(":")
        if action not in set(Action):
            message = f"{value!r} begins with no action: write ACTION:ADDRESS with one of {', '.join(Action)}"
            self.fail(message, param, ctx)
        try:
            return Consent(allow=Action(action), address=Address.parse(address), reason="given for this run")
        except ValueError:
            message = f"{value!r} names no address: write ACTION:ADDRESS, for example remove:acme-bc/member/eve"
            self.fail(message, param, ctx)


class ShardType(click.ParamType[Shard]):
    """`K/N`: the K-th of N parts of all organizations."""

    name = "shard"

    def convert(self, value: str | Shard, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """Read the number and the count."""
        if isinstance(value, Shard):
            return value
        try:
            return Shard.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_OPTIONS = (
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="PATTERN",
        help="Only these addresses (organization, address or pattern with *); for exceptions. Repeatable.",
    ),
    click.option(
        "--exclude",
        "excludes",
        multiple=True,
        metavar="PATTERN",
        help="Everything but these addresses. Repeatable.",
    ),
    click.option(
        "--refresh/--no-refresh",
        default=True,
        help="Read the systems first, or plan from what was recorded.",
    ),
    click.option(
        "--allow",
        "consents",
        multiple=True,
        type=ConsentType(),
        metavar="ACTION:ADDRESS",
        help="Consent to one blocked change, for this run only. Repeatable.",
    ),
    click.option("--retry", is_flag=True, help="Try again at once what failed earlier today."),
    click.option(
        "--shard",
        type=ShardType(),
        default=EVERYTHING,
        metavar="K/N",
        help="Only the K-th of N parts of all organizations, for runners that share the work.",
    ),
)


def planning_options(command: _Command) -> _Command:
    """The options that limit or ease a plan; they arrive as `**limits`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
