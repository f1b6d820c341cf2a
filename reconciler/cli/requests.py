"""What plan and apply have in common: their options, and reading a workspace into a request for the planner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from reconciler.cli.session import Session
from reconciler.cli.wiring import Wiring
from reconciler.cli.workspace import read_config, read_workspace
from reconciler.core.address import Address
from reconciler.core.declared import Consent
from reconciler.core.finding import Finding
from reconciler.core.kinds import Action
from reconciler.core.planning.targets import Targets
from reconciler.workflows.sharding import EVERYTHING, Shard

if TYPE_CHECKING:
    from reconciler.core.plan import Plan
    from reconciler.workflows.planning import PlanRequest

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Limits(TypedDict):
    """The planning options as click passes them."""

    targets: tuple[str, ...]
    excludes: tuple[str, ...]
    refresh: bool
    consents: tuple[Consent, ...]
    retry: bool
    shard: Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A workspace ready to be planned."""

    wiring: Wiring
    request: PlanRequest


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
        try:
            return Consent(allow=Action(action), address=Address.parse(address), reason="given for this run")
        except ValueError:
            message = f"{value!r} names no step: write ACTION:ADDRESS, for example remove:acme-bc/member/eve"
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


def planning_options(command: _Command) -> _Command:
    """The options that limit or ease a plan; they arrive as `**limits`."""
    options = [
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
    ]
    for option in reversed(options):
        command = option(command)
    return command


def prepare(session: Session, limits: Limits, *, today: date | None = None) -> Prepared:
    """Read the workspace as of a day, by default today by the workspace's clock; raises ManifestError."""
    from reconciler.workflows.planning import PlanRequest

    config = read_config(session.root)
    wiring = Wiring(root=session.root, config=config)
    today = today or wiring.clock().now().date()
    workspace = read_workspace(session.root, config, today=today)
    desired = workspace.desired
    request = PlanRequest(
        desired=replace(desired, consents=(*desired.consents, *limits["consents"])),
        settings=config.guards,
        today=today,
        targets=Targets(include=limits["targets"], exclude=limits["excludes"]),
        refresh=limits["refresh"],
        retry=limits["retry"],
        shard=limits["shard"],
    )
    _mention(workspace.manifests.findings, session)
    return Prepared(wiring=wiring, request=request)


def make_plan(prepared: Prepared, session: Session) -> Plan:
    """Plan with the parts that the workspace is wired to."""
    from reconciler.workflows import planning

    wiring = prepared.wiring
    return planning.make_plan(
        prepared.request, provider_for=wiring.provider_for, store=wiring.store(), on_notice=session.notify
    )


def _mention(findings: tuple[Finding, ...], session: Session) -> None:
    """Warnings do not stop a plan, but nobody should have to guess that there are some."""
    counted = Counter(finding.severity for finding in findings)
    if counted:
        said = ", ".join(f"{number} {severity}{'s' if number > 1 else ''}" for severity, number in counted.items())
        session.notify(f"{said} in the manifests: `reconciler validate` shows them")
