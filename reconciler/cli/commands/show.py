"""`reconciler show`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.plans import read_plan, require_same
from reconciler.cli.session import Session
from reconciler.cli.showing import page_options, show_result
from reconciler.subjects.catalogue import RENDERERS
from reconciler.subjects.step_outputs import outputs_of_plan


@click.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--same-as",
    "reviewed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Exit with 4 unless PLAN does exactly what this plan, which was reviewed, does.",
)
@page_options
@click.pass_obj
def show(session: Session, plan_file: Path, reviewed: Path | None, format_: str, max_chars: int) -> None:
    """Show a saved plan.

    Needs neither the manifests nor any system. With --same-as, the day, the lines of the manifests and the version of
    the tool may differ; steps, their reasons and what they start from may not.
    """
    plan = read_plan(plan_file)
    show_result(RENDERERS.plan, plan, session=session, format_=format_, max_chars=max_chars, outputs=outputs_of_plan)
    if reviewed is not None:
        require_same(plan, read_plan(reviewed))
