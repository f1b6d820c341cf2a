"""`reconciler state`: looking. What changes something is in `state_edit` and `state_move`."""

from __future__ import annotations

import sys
from datetime import date

import click

from reconciler.cli.commands.state_edit import forget, move, push, restore, unlock
from reconciler.cli.commands.state_move import migrate, new_key, verify
from reconciler.cli.session import Session
from reconciler.cli.showing import document_option
from reconciler.cli.upkeep import open_configured_store, require_known
from reconciler.manifests.saved import state_to_json
from reconciler.subjects.catalogue import RENDERERS
from reconciler.workflows.archive import read_history, read_state_as_of
from reconciler.workflows.states import read_state


class MomentType(click.ParamType["date | int"]):
    """A UTC day as YYYY-MM-DD, or a serial."""

    name = "moment"

    def convert(self, value: str | date | int, param: click.Parameter | None, ctx: click.Context | None) -> date | int:
        """Read the day or the number."""
        if not isinstance(value, str):
            return value
        try:
            return int(value) if value.isdecimal() else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a date (YYYY-MM-DD) nor a serial", param, ctx)


@click.group()
def state() -> None:
    """Look at what is remembered between runs, and look after it."""


@state.command("list")
@document_option
@click.pass_obj
def list_states(session: Session, format_: str) -> None:
    """List the organizations that have a state."""
    store = open_configured_store(session)
    states = [read_state(store, organization) for organization in store.organizations()]
    click.echo(RENDERERS.state_list[format_](states, session.style(sys.stdout)), nl=False, color=True)


@state.command("show")
@click.argument("organization")
@click.option("--as-of", type=MomentType(), metavar="DATE|SERIAL", help="As it was at the end of a UTC day, or then.")
@document_option
@click.pass_obj
def show_state(session: Session, organization: str, as_of: date | int | None, format_: str) -> None:
    """Show everything that is remembered of one organization."""
    store = open_configured_store(session)
    require_known(store, organization)
    found = read_state(store, organization) if as_of is None else read_state_as_of(store, organization, as_of)
    click.echo(RENDERERS.state[format_](found, session.style(sys.stdout)), nl=False, color=True)


@state.command("history")
@click.argument("organization")
@document_option
@click.pass_obj
def show_history(session: Session, organization: str, format_: str) -> None:
    """List every state of an organization that is kept."""
    store = open_configured_store(session)
    require_known(store, organization)
    history = read_history(store, organization)
    click.echo(RENDERERS.history[format_](history, session.style(sys.stdout)), nl=False, color=True)


@state.command("pull")
@click.argument("organization")
@click.option("--as-of", type=MomentType(), metavar="DATE|SERIAL", help="As it was at the end of a UTC day, or then.")
@click.pass_obj
def pull(session: Session, organization: str, as_of: date | int | None) -> None:
    """Print the state of an organization as it is stored, in the form that `push` takes."""
    store = open_configured_store(session)
    require_known(store, organization)
    found = read_state(store, organization) if as_of is None else read_state_as_of(store, organization, as_of)
    click.echo(state_to_json(found).decode(), nl=False)


for _command in (push, restore, move, forget, unlock, migrate, verify, new_key):
    state.add_command(_command)
