"""`reconciler access`."""

from __future__ import annotations

from datetime import date

import click

from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import as_of_option, document_option, refuse_days_to_come
from reconciler.features.queries import access_matrix as reaching


@click.command()
@click.argument("address")
@as_of_option
@document_option
@click.pass_obj
def access(app: App, address: str, as_of: date | None, format_: str) -> None:
    """Show who can reach something, with which role, and how.

    ADDRESS is the key of an organization, for everything in it, or `organization/kind/key` of an asset, a partner or a
    member, such as acme-bc/ad_account/us-brand. Asks no system.
    """
    refuse_days_to_come(as_of, app.today)
    matrix = reaching.access(address, files=app.files, store=app.store, today=app.today, as_of=as_of)
    app.show(RENDERERS.access, matrix, format_=format_)
