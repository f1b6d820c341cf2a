"""`reconciler access`."""

from __future__ import annotations

import sys
from datetime import date

import click

from reconciler.cli.options import DateType
from reconciler.cli.session import Session
from reconciler.cli.showing import document_option
from reconciler.cli.wiring import Wiring
from reconciler.cli.workspace import read_config, read_manifest_files
from reconciler.subjects.catalogue import RENDERERS
from reconciler.workflows import reaching


@click.command()
@click.argument("address")
@click.option("--as-of", type=DateType(), metavar="DATE", help="What was recorded at the end of this UTC day.")
@document_option
@click.pass_obj
def access(session: Session, address: str, as_of: date | None, format_: str) -> None:
    """Show who can reach something, with which role, and how.

    ADDRESS is the key of an organization, for everything in it, or `organization/kind/key` of an asset, a partner or a
    member, such as acme-bc/ad_account/us-brand. Asks no system.
    """
    config = read_config(session.root)
    wiring = Wiring(root=session.root, config=config)
    matrix = reaching.access(
        address,
        files=read_manifest_files(session.root, config.manifests),
        store=wiring.store(),
        today=wiring.clock().now().date(),
        as_of=as_of,
    )
    click.echo(RENDERERS.access[format_](matrix, session.style(sys.stdout)), nl=False, color=True)
