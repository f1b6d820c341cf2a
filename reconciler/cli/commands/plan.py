"""`reconciler plan`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Unpack

import click

from reconciler.cli.exit_codes import code_of_plan
from reconciler.cli.files import replace_file
from reconciler.cli.options import DateType, Limits, planning_options
from reconciler.cli.progress import show_progress
from reconciler.cli.requests import estimate_run, make_plan, prepare
from reconciler.cli.session import Session
from reconciler.cli.showing import page_options, show_result
from reconciler.core.errors import ExitCode, UsageError
from reconciler.subjects.catalogue import RENDERERS
from reconciler.subjects.step_outputs import outputs_of_plan


@click.command()
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Save the plan for apply."
)
@page_options
@click.option("--estimate", is_flag=True, help="Only tell how many calls and how much time it takes; asks no system.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes or something waits.")
@click.option("--now", type=DateType(), metavar="DATE", help="Plan as of this UTC day.")
@planning_options
@click.pass_obj
def plan(
    session: Session,
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
    prepared = prepare(session, limits, today=now)
    if estimate:
        _refuse_with_estimate(out=out, format_=format_)
        show_result(RENDERERS.estimate, estimate_run(prepared), session=session, format_=format_)
        return ExitCode.DONE
    with show_progress(session, "reading the systems"):
        made = make_plan(prepared, session)
    if calls := prepared.wiring.calls():
        session.notify(f"reading took {calls:,} {'call' if calls == 1 else 'calls'}", calls=calls)
    show_result(RENDERERS.plan, made, session=session, format_=format_, max_chars=max_chars, outputs=outputs_of_plan)
    if out is not None:
        replace_file(out, RENDERERS.plan["json"](made, session.style(sys.stdout)))
        session.notify(f"the plan is saved: carry it out with `{session.command('apply', str(out))}`")
    return code_of_plan(made, detailed=detailed_exitcode)


def _refuse_with_estimate(*, out: Path | None, format_: str) -> None:
    """An estimate is no plan: there is nothing to save, and it has fewer forms."""
    if out is not None:
        raise UsageError("--estimate makes no plan that could be saved", advice="leave --out away")
    if format_ not in RENDERERS.estimate:
        raise UsageError(f"an estimate has no form {format_}", advice=f"it has {' and '.join(RENDERERS.estimate)}")
