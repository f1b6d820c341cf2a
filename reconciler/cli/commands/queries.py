"""`reconciler who`, `access` and `systems`: what is declared, recorded and known, without asking any system."""

from __future__ import annotations

from datetime import date

import click

from reconciler.cli.app import App, SystemClock
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import as_of_option, document_option
from reconciler.features.queries import access_matrix, person_access, reasons
from reconciler.model.errors import UsageError
from reconciler.systems import SYSTEMS
from reconciler.systems.pages import system_table


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
    _refuse_days_to_come(as_of, app.today)
    report = person_access.who(person, files=app.files, store=app.store, today=app.today, as_of=as_of)
    app.show(RENDERERS.who, report, format_=format_)


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
    _refuse_days_to_come(as_of, app.today)
    matrix = access_matrix.access(address, files=app.files, store=app.store, today=app.today, as_of=as_of)
    app.show(RENDERERS.access, matrix, format_=format_)


@click.command()
@click.argument("person")
@click.argument("address")
@as_of_option
@document_option
@click.pass_obj
def why(app: App, person: str, address: str, as_of: date | None, format_: str) -> None:
    """Show why somebody can reach something, since when and by what.

    PERSON is as for `who`, also of the past, or the key of a partner. ADDRESS is the key of an organization, or
    `organization/kind/key` of an asset in it. Each way is told with its manifest lines, what is recorded and what was
    last live, and the entries of the audit log that began, changed and ended it. Asks no system.
    """
    _refuse_days_to_come(as_of, app.today)
    report = reasons.why(person, address, files=app.files, store=app.store, today=app.today, as_of=as_of)
    app.show(RENDERERS.why, report, format_=format_)


def _refuse_days_to_come(as_of: date | None, today: date) -> None:
    """Nothing can be recorded of them yet."""
    if as_of is not None and as_of > today:
        raise UsageError(f"{as_of} has not come yet", advice="leave --as-of out to see what is recorded now")


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
