"""`reconciler plan` and `show`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Unpack

import click

from reconciler.cli.app import App, load
from reconciler.cli.options import (
    NEW_FILE,
    PLAN_FILE,
    RENDERERS,
    Limits,
    flag,
    min_risk_option,
    out_option,
    page_options,
    planning_options,
    read_day,
)
from reconciler.cli.planning import code_of_plan, outputs_of_plan, plan_workspace, read_plan, read_request, save_plan
from reconciler.cli.streams import replace_file
from reconciler.features.planning.document import count_effects
from reconciler.model import ExitCode, Plan, StalePlan, UsageError, count

_MAX_TOLD = 10
"""Differences that a message lists; the plan itself shows them all."""


@click.command()
@out_option
@min_risk_option
@page_options
@flag(
    "--estimate",
    "Only tell how many calls planning and applying take, and how long that is, where a system limits calls. Asks no "
    "system.",
)
@flag("--detailed-exitcode", "Exit with 2 when there are changes or something waits.")
@flag(
    "--full",
    "Read and plan everything, also what an apply found settled and what has not changed since; the plan is the same.",
)
@click.option("--now", type=read_day, metavar="DATE", help="Plan as of this UTC day.")
@planning_options
@click.pass_obj
def plan(
    app: App,
    *,
    out: Path | None,
    estimate: bool,
    detailed_exitcode: bool,
    full: bool,
    now: date | None,
    **limits: Unpack[Limits],
) -> int:
    """Show what would change, and save it for apply.

    Nothing is changed. Exits with 3 when a guard blocks something, whether or not there are other changes.
    """
    if estimate:
        # An estimate is no plan: there is nothing to save, it has fewer forms, and no limit is about it.
        if out is not None:
            raise UsageError("--estimate makes no plan that could be saved", advice="leave --out away")
        if app.form not in RENDERERS.estimate:
            advice = f"it has {' and '.join(RENDERERS.estimate)}"
            raise UsageError(f"an estimate has no form {app.form}", advice=advice)
        estimate_run = load("features.estimate:estimate_run")  # plans do without
        request = read_request(app, today=now, **limits)
        app.show(RENDERERS.estimate, estimate_run(request, provider_for=app.provider_for, store=app.store))
        return ExitCode.DONE
    made = plan_workspace(app, full=full, today=now, **limits)
    if calls := app.calls():
        app.notify(f"reading took {count(calls, 'call', 'calls')}", calls=calls)
    app.show(RENDERERS.plan, made, outputs=outputs_of_plan)
    if out is not None:
        save_plan(app, made, out)
    return code_of_plan(made, detailed=detailed_exitcode)


@click.command()
@click.argument("plan_file", metavar="PLAN", type=PLAN_FILE)
@click.option(
    "--same-as",
    "reviewed",
    type=PLAN_FILE,
    metavar="FILE",
    help="Exit with 4, telling what differs, unless PLAN does exactly what this plan does, which was reviewed.",
)
@click.option(
    "--merge-request-report",
    "counts_to",
    type=NEW_FILE,
    metavar="FILE",
    help="Write how much the plan creates, updates and deletes, as the report `terraform` of a merge request on GitLab "
    "wants it.",
)
@min_risk_option
@page_options
@click.pass_obj
def show(app: App, *, plan_file: Path, reviewed: Path | None, counts_to: Path | None) -> None:
    """Show a saved plan.

    Needs neither the manifests nor any system. With --same-as, the day, the lines of the manifests, the version of
    the tool and whose turn it is may differ; steps, their reasons and what they start from may not.
    """
    plan = read_plan(plan_file)
    app.show(RENDERERS.plan, plan, outputs=outputs_of_plan)
    if counts_to is not None:
        replace_file(counts_to, json.dumps(count_effects(plan)))
    if reviewed is not None:
        _require_same(plan, read_plan(reviewed))


def _require_same(plan: Plan, reviewed: Plan) -> None:
    """Raises StalePlan, with the first differences, unless `plan` does exactly what was reviewed."""
    departure = load("features.planning.report:compare_plans")(reviewed=reviewed, plan=plan)
    if departure.is_none:
        return
    told = [
        *(f"{change.action} {change.address} is new" for change in departure.unseen),
        *(f"{change.action} {change.address} is not in it any more" for change in departure.missing),
        *(f"{one.on} is asked to {one.action} {one.address}, which is new" for one in departure.asks),
        *(f"{one.message}, which is new" for one in departure.withdrawals),
    ] or ["the order of the steps is another one"]
    more = f"; and {len(told) - _MAX_TOLD} more" if len(told) > _MAX_TOLD else ""
    message = f"this is not the plan that was reviewed: {'; '.join(told[:_MAX_TOLD])}{more}"
    raise StalePlan(message, advice="have this plan reviewed")
