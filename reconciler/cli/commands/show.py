"""`reconciler show`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import FILE, page_options
from reconciler.cli.planning import read_plan
from reconciler.cli.step_outputs import outputs_of_plan
from reconciler.features.planning.difference import compare_plans
from reconciler.model.errors import StalePlan
from reconciler.model.plan import Plan

_MAX_TOLD = 10
"""Differences that a message lists; the plan itself shows them all."""


@click.command()
@click.argument("plan_file", metavar="PLAN", type=FILE)
@click.option(
    "--same-as",
    "reviewed",
    type=FILE,
    metavar="FILE",
    help="Exit with 4 unless PLAN does exactly what this plan, which was reviewed, does.",
)
@page_options
@click.pass_obj
def show(app: App, plan_file: Path, reviewed: Path | None, format_: str, max_chars: int) -> None:
    """Show a saved plan.

    Needs neither the manifests nor any system. With --same-as, the day, the lines of the manifests and the version of
    the tool may differ; steps, their reasons and what they start from may not.
    """
    plan = read_plan(plan_file)
    app.show(RENDERERS.plan, plan, format_=format_, max_chars=max_chars, outputs=outputs_of_plan)
    if reviewed is not None:
        _require_same(plan, read_plan(reviewed))


def _require_same(plan: Plan, reviewed: Plan) -> None:
    """Raises StalePlan, with the first differences, unless `plan` does exactly what was reviewed."""
    departure = compare_plans(reviewed=reviewed, plan=plan)
    if departure.is_none:
        return
    told = [f"{change.action} {change.address} is new" for change in departure.unseen]
    told += [f"{change.action} {change.address} is not in it any more" for change in departure.missing]
    told += [f"{one.on} is asked to {one.action} {one.address}, which is new" for one in departure.asks]
    told += [f"{one.message}, which is new" for one in departure.withdrawals]
    told = told or ["the order of the steps is another one"]
    more = f"; and {len(told) - _MAX_TOLD} more" if len(told) > _MAX_TOLD else ""
    message = f"this is not the plan that was reviewed: {'; '.join(told[:_MAX_TOLD])}{more}"
    raise StalePlan(message, advice="have this plan reviewed")
