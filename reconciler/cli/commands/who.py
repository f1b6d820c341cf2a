"""`reconciler who`."""

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
from reconciler.workflows import knowing


@click.command()
@click.argument("person")
@click.option("--as-of", type=DateType(), metavar="DATE", help="What was recorded at the end of this UTC day.")
@document_option
@click.pass_obj
def who(session: Session, person: str, as_of: date | None, format_: str) -> None:
    """Show everything one person has, in all organizations.

    PERSON is a key, an e-mail address, a phone number or a handle; somebody who is not in the manifests any more is
    found in the recorded states. Asks no system.
    """
    config = read_config(session.root)
    wiring = Wiring(root=session.root, config=config)
    report = knowing.who(
        person,
        files=read_manifest_files(session.root, config.manifests),
        store=wiring.store(),
        today=wiring.clock().now().date(),
        as_of=as_of,
    )
    click.echo(RENDERERS.who[format_](report, session.style(sys.stdout)), nl=False, color=True)
