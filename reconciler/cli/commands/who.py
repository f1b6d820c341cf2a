"""`reconciler who`."""

from __future__ import annotations

from datetime import date

import click

from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import as_of_option, document_option, refuse_days_to_come
from reconciler.features.queries import person_access as knowing


@click.command()
@click.argument("person")
@as_of_option
@document_option
@click.pass_obj
def who(app: App, person: str, as_of: date | None, format_: str) -> None:
    """Show everything one person has, in all organizations.

    PERSON is a key, an e-mail address, a phone number or a handle; somebody who is not in the manifests any more is
    found in the recorded states. Asks no system.
    """
    refuse_days_to_come(as_of, app.today)
    report = knowing.who(person, files=app.files, store=app.store, today=app.today, as_of=as_of)
    app.show(RENDERERS.who, report, format_=format_)
