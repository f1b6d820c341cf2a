"""`reconciler validate`."""

from __future__ import annotations

from datetime import date

import click

from reconciler.cli.app import App, SystemClock
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.exit_codes import code_of_findings
from reconciler.cli.options import now_option, page_options
from reconciler.cli.step_outputs import outputs_of_findings
from reconciler.cli.workspace import inspect_workspace


@click.command()
@page_options
@now_option
@click.pass_obj
def validate(app: App, format_: str, max_chars: int, now: date | None) -> int:
    """Check the manifests, without any network.

    All findings of a run are shown at once. Errors give exit code 1, those of policies alone 3; warnings and
    notes do not.
    """
    inspection = inspect_workspace(app.root, today=now or SystemClock().today())
    app.show(RENDERERS.findings, inspection, format_=format_, max_chars=max_chars, outputs=outputs_of_findings)
    return code_of_findings(inspection.findings, policies=inspection.policies)
