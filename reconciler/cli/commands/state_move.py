"""`reconciler state migrate|verify|new-key`: everything that is remembered, at once."""

from __future__ import annotations

import click

from reconciler.cli.runs import make_terms
from reconciler.cli.session import Session
from reconciler.cli.upkeep import confirm, open_configured_store, yes_option
from reconciler.cli.wiring import open_store
from reconciler.core.errors import ExitCode
from reconciler.stores.seal import new_key as make_key
from reconciler.workflows import migrating
from reconciler.workflows.archive import verify_state


@click.command("migrate")
@click.argument("to", metavar="STATE")
@click.option("--key", default="", metavar="REFERENCE", help="Seal personal data there, under this key: env:NAME, ...")
@yes_option
@click.pass_obj
def migrate(session: Session, to: str, key: str, yes: bool) -> None:
    """Copy the states of all organizations and the audit log to another store, and read them back.

    STATE is the address that `state:` in reconciler.yaml will have, and `--key` the key; without it, personal data is
    in clear there. The present store stays as it is, and keeps the history.
    """
    source, target = open_configured_store(session), open_store(to, root=session.root, key=key)
    confirm(f"Copy {len(source.organizations())} organizations?", yes=yes)

    def say(organization: str, records: int) -> None:
        session.notify(f"{organization}: {records} records copied and read back")

    migrating.migrate(source, target, terms=make_terms(session), on_moved=say)
    session.notify("done: change `state:` in reconciler.yaml now, before anything is applied")


@click.command("verify")
@click.argument("organization", required=False)
@click.pass_obj
def verify(session: Session, organization: str | None) -> int:
    """Read everything that is kept of ORGANIZATION, or of all, and say what does not fit."""
    store = open_configured_store(session)
    organizations = [organization] if organization else store.organizations()
    problems = [problem for key in organizations for problem in verify_state(store, key)]
    for problem in problems:
        click.echo(problem)
    if not problems:
        session.notify(f"{len(organizations)} organizations: everything can be read and fits together")
    return ExitCode.FAILED if problems else ExitCode.DONE


@click.command("new-key")
def new_key() -> None:
    """Print a key for `personal_data: sealed`. Keep it where your secrets are: without it the state is lost."""
    click.echo(make_key())
