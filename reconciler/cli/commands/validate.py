"""`reconciler validate`."""

from __future__ import annotations

import sys
from datetime import date

import click

from reconciler.cli.exit_codes import code_of_findings
from reconciler.cli.options import DateType
from reconciler.cli.session import Session
from reconciler.cli.wiring import SystemClock
from reconciler.cli.workspace import inspect_workspace


@click.command()
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
@click.option("--now", type=DateType(), metavar="DATE", help="Judge dates as of this UTC day.")
@click.pass_obj
def validate(session: Session, format_: str, now: date | None) -> int:
    """Check the manifests, without any network.

    All findings of a run are shown at once. Errors give exit code 1, warnings and notes do not.
    """
    from reconciler.renderers.catalogue import RENDERERS

    inspection = inspect_workspace(session.root, today=now or SystemClock().now().date())
    text = RENDERERS.findings[format_](inspection, session.style(sys.stdout))
    click.echo(text, nl=False, color=True)
    return code_of_findings(inspection.findings)
