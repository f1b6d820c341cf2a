"""`reconciler notices`."""

from __future__ import annotations

import click

from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import document_option
from reconciler.cli.workspace import read_workspace
from reconciler.features.queries.directory import find_in
from reconciler.features.work_orders.notices import collect_notices
from reconciler.model.errors import ReconcilerError
from reconciler.model.suggestions import suggest_names


@click.command()
@click.option("--person", default="", metavar="PERSON", help="Only the message for this person.")
@document_option
@click.pass_obj
def notices(app: App, person: str, format_: str) -> None:
    """Write one message for each person who has to act.

    PERSON is a key, an e-mail address, a phone number or a handle. Nothing is sent: whoever runs this decides how.
    """
    now = app.clock.now()
    desired = read_workspace(app.root, app.config, today=now.date()).desired
    found = find_in(desired.people, person)
    key = found.key if found else person
    collected = collect_notices(app.store, desired, at=now, settings=app.config.guards, person=key)
    if person and found is None and not collected.notices:
        message = f"nobody is known as {person!r}, and nobody by that name has anything to do"
        raise ReconcilerError(message, advice=suggest_names(person, desired.people))
    app.show(RENDERERS.notices, collected, format_=format_)
