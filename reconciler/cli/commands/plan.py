"""`reconciler plan`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Unpack

import click

from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.exit_codes import code_of_plan
from reconciler.cli.options import Limits, out_option, page_options, planning_options, read_day
from reconciler.cli.planning import make_plan, read_request, save_plan
from reconciler.cli.step_outputs import outputs_of_plan
from reconciler.features.estimate.estimate import estimate_run
from reconciler.model.errors import ExitCode, UsageError


@click.command()
@out_option
@page_options
@click.option("--estimate", is_flag=True, help="Only tell how many calls and how much time it takes; asks no system.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes or something waits.")
@click.option("--now", type=read_day, metavar="DATE", help="Plan as of this UTC day.")
@planning_options
@click.pass_obj
def plan(
    app: App,
    *,
    out: Path | None,
    format_: str,
    max_chars: int,
    estimate: bool,
    detailed_exitcode: bool,
    now: date | None,
    **limits: Unpack[Limits],
) -> int:
    """Show what would change, and save it for apply.

    Nothing is changed. Exits with 3 when a guard blocks something, whether or not there are other changes.
    """
    request = read_request(app, today=now, **limits)
    if estimate:
        _refuse_with_estimate(out=out, format_=format_)
        app.show(
            RENDERERS.estimate, estimate_run(request, provider_for=app.provider_for, store=app.store), format_=format_
        )
        return ExitCode.DONE
    with app.progress("reading the systems"):
        made = make_plan(app, request)
    if calls := app.calls():
        app.notify(f"reading took {calls:,} {'call' if calls == 1 else 'calls'}", calls=calls)
    app.show(RENDERERS.plan, made, format_=format_, max_chars=max_chars, outputs=outputs_of_plan)
    if out is not None:
        save_plan(app, made, out)
    return code_of_plan(made, detailed=detailed_exitcode)


def _refuse_with_estimate(*, out: Path | None, format_: str) -> None:
    """An estimate is no plan: there is nothing to save, and it has fewer forms."""
    if out is not None:
        raise UsageError("--estimate makes no plan that could be saved", advice="leave --out away")
    if format_ not in RENDERERS.estimate:
        raise UsageError(f"an estimate has no form {format_}", advice=f"it has {' and '.join(RENDERERS.estimate)}")
