"""`reconciler state`."""

from __future__ import annotations

import sys

import click

from reconciler.cli.session import Session
from reconciler.cli.wiring import Wiring
from reconciler.cli.workspace import read_config
from reconciler.core.errors import ReconcilerError
from reconciler.ports import StateStore

_format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Form of the result."
)


@click.group()
def state() -> None:
    """Look at what is remembered between runs."""


@state.command("list")
@_format_option
@click.pass_obj
def list_states(session: Session, format_: str) -> None:
    """List the organizations that have a state."""
    from reconciler.renderers.catalogue import RENDERERS
    from reconciler.workflows.states import read_state

    store = _read_store(session)
    states = [read_state(store, organization) for organization in store.organizations()]
    click.echo(RENDERERS.state_list[format_](states, session.style(sys.stdout)), nl=False, color=True)


@state.command("show")
@click.argument("organization")
@_format_option
@click.pass_obj
def show_state(session: Session, organization: str, format_: str) -> None:
    """Show everything that is remembered of one organization."""
    from reconciler.renderers.catalogue import RENDERERS
    from reconciler.workflows.states import read_state

    store = _read_store(session)
    known = store.organizations()
    if organization not in known:
        message = f"{organization} has no state"
        raise ReconcilerError(message, advice=f"there are: {', '.join(known)}" if known else "run `reconciler apply`")
    found = read_state(store, organization)
    click.echo(RENDERERS.state[format_](found, session.style(sys.stdout)), nl=False, color=True)


def _read_store(session: Session) -> StateStore:
    return Wiring(root=session.root, config=read_config(session.root)).store()
