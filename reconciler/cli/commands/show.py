"""`reconciler show`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli.plans import read_plan
from reconciler.cli.session import Session


@click.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
@click.pass_obj
def show(session: Session, plan_file: Path, format_: str) -> None:
    """Show a saved plan.

    Needs neither the manifests nor any system.
    """
    from reconciler.renderers.catalogue import RENDERERS

    click.echo(RENDERERS.plan[format_](read_plan(plan_file), session.style(sys.stdout)), nl=False, color=True)
