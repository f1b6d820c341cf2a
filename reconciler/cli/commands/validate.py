"""`reconciler validate`."""

from __future__ import annotations

from datetime import date

import click

from reconciler.cli.exit_codes import code_of_findings
from reconciler.cli.options import DateType
from reconciler.cli.session import Session
from reconciler.cli.showing import page_options, show_result
from reconciler.cli.wiring import SystemClock
from reconciler.cli.workspace import inspect_workspace
from reconciler.subjects.catalogue import RENDERERS
from reconciler.subjects.step_outputs import outputs_of_findings


@click.command()
@page_options
@click.option("--now", type=DateType(), metavar="DATE", help="Judge dates as of this UTC day.")
@click.pass_obj
def validate(session: Session, format_: str, max_chars: int, now: date | None) -> int:
    """Check the manifests, without any network.

    All findings of a run are shown at once. Errors give exit code 1, those of policies alone 3; warnings and
    notes do not.
    """
    inspection = inspect_workspace(session.root, today=now or SystemClock().now().date())
    show_result(
        RENDERERS.findings,
        inspection,
        session=session,
        format_=format_,
        max_chars=max_chars,
        outputs=outputs_of_findings,
    )
    return code_of_findings(inspection.findings, policies=inspection.policies)
