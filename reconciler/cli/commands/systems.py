"""`reconciler systems`."""

from __future__ import annotations

import click

from reconciler.cli.app import App, SystemClock
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import document_option
from reconciler.systems import SYSTEMS
from reconciler.systems.table import system_table


@click.command()
@click.argument("system", required=False)
@document_option
@click.pass_obj
def systems(app: App, system: str | None, format_: str) -> None:
    """List systems, roles and what they may do.

    Role words are those that manifests use; the same word can mean different things in different systems. With
    SYSTEM, only that one. Pages that were read more than a year ago are listed: they may say something else by now.
    """
    if system is not None and system not in SYSTEMS:
        message = f"there is no system {system!r}; there are {', '.join(SYSTEMS)}"
        raise click.BadParameter(message, param_hint="SYSTEM")
    app.show(RENDERERS.systems, system_table(SystemClock().today(), system or ""), format_=format_)
