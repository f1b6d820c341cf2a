"""`reconciler state`: what is remembered between runs. No system is touched."""

from __future__ import annotations

from datetime import date
from typing import BinaryIO

import click

from reconciler.apply.states import read_history, read_state_as_of, verify_state
from reconciler.cli.app import App
from reconciler.cli.options import (
    RENDERERS,
    NumberType,
    document_option,
    flag,
    read_address,
    read_day_or_serial,
    read_subject,
    yes_option,
)
from reconciler.cli.streams import confirm
from reconciler.features.records import migrate as copy_states
from reconciler.model import Address, ExitCode, State, UsageError, count, state_to_json
from reconciler.stores.rules import is_left_by_this_job
from reconciler.stores.sealed import new_key as make_key

_as_of_option = click.option(
    "--as-of",
    type=read_day_or_serial,
    metavar="DATE|SERIAL",
    help="As it was at the end of a UTC day, or at a serial: the newest state of then or before.",
)


@click.group()
def state() -> None:
    """Show and maintain what is remembered between runs."""


@state.command("list")
@document_option
@click.pass_obj
def list_states(app: App) -> None:
    """List the organizations that have a state."""
    states = list(map(app.read_state, app.store.organizations()))
    app.show(RENDERERS.state_list, states)


@state.command("show")
@click.argument("organization")
@_as_of_option
@document_option
@click.pass_obj
def show_state(app: App, organization: str, as_of: date | int | None) -> None:
    """Show everything that is remembered of one organization."""
    app.show(RENDERERS.state, _read(app, organization, as_of))


@state.command("history")
@click.argument("organization")
@document_option
@click.pass_obj
def show_history(app: App, organization: str) -> None:
    """List every state of an organization that is kept."""
    app.require_state(organization)
    app.show(RENDERERS.history, read_history(app.store, organization))


@state.command("pull")
@click.argument("organization")
@_as_of_option
@click.pass_obj
def pull(app: App, organization: str, as_of: date | int | None) -> None:
    """Print the state of an organization as it is stored, in the form that `push` takes."""
    click.echo(state_to_json(_read(app, organization, as_of)).decode(), nl=False)


def _read(app: App, organization: str, as_of: date | int | None) -> State:
    app.require_state(organization)
    return app.read_state(organization) if as_of is None else read_state_as_of(app.store, organization, as_of)


@state.command("push")
@click.argument("organization")
@click.argument("file", type=click.File("rb"))
@yes_option
@click.pass_obj
def push(app: App, organization: str, file: BinaryIO, yes: bool) -> None:
    """Replace the state of an organization by that in FILE; `-` is stdin.

    A state of another lineage and one with an older serial are refused.
    """
    data, editor = file.read(), app.editor
    confirm(f"Replace the state of {organization}?", yes=yes)
    pushed = editor.push(organization, data, source=file.name)
    app.notify(f"the state of {organization} is at serial {pushed.serial}")


@state.command("restore")
@click.argument("organization")
@click.argument("serial", type=NumberType(min=0))
@yes_option
@click.pass_obj
def restore(app: App, organization: str, serial: int, yes: bool) -> None:
    """Make an older state that is kept the present one again, also when the present one cannot be read.

    `state history` lists what is kept. What has happened since is not undone anywhere: the next plan looks at the
    systems and goes on from there.
    """
    editor = app.editor
    confirm(f"Make serial {serial} the present state of {organization} again?", yes=yes)
    restored = editor.restore(organization, serial)
    app.notify(f"the state of {organization} is what it was at serial {serial}, as serial {restored.serial}")


@state.command("mv")
@click.argument("source", type=read_address)
@click.argument("target", type=read_address)
@yes_option
@click.pass_obj
def move(app: App, source: Address, target: Address, yes: bool) -> None:
    """Give a record another address; work orders follow it.

    In manifests, `moved:` does the same for everybody, after a review.
    """
    editor = app.editor
    confirm(f"Move {source} to {target}?", yes=yes)
    editor.move(source, target)
    app.notify(f"{source} is {target} now")


@state.command("rm")
@click.argument("addresses", metavar="ADDRESS|ORG...", nargs=-1, required=True, type=read_subject)
@yes_option
@click.pass_obj
def forget(app: App, addresses: tuple[Address, ...], yes: bool) -> None:
    """Forget records: what they are about stays as it is, and is not managed any more.

    The key of an organization stands for everything that is known of it; its work orders are withdrawn.
    """

    def kept(state: State) -> set[Address]:
        return {*state.records, *state.deferred, *state.in_doubt}

    known = tuple(dict.fromkeys(found for one in addresses for found in app.names_in_state(one, of=kept)))
    listed = ", ".join(map(str, known))
    confirm(f"Forget {listed}?", yes=yes)
    app.editor.forget(known)
    app.notify(f"forgotten: {listed}")


@state.command("unlock")
@click.argument("lock_id", metavar="[ID]", required=False)
@flag(
    "--left-behind",
    "Instead of one by its ID: all locks that a process of this CI job took on this machine and that is gone; for "
    "the end of a job that was cancelled, asks nothing.",
)
@yes_option
@click.pass_obj
def unlock(app: App, lock_id: str | None, left_behind: bool, yes: bool) -> None:
    """Take a lock away from its holder, whose writes are refused from then on.

    A lock runs out by itself soon after its holder has died, so this is for one that hangs. --left-behind is for the
    end of a job that was cancelled, and asks nothing: nobody holds such a lock any more.
    """
    if left_behind == (lock_id is not None):
        raise UsageError("give either the ID of a lock or --left-behind")
    if lock_id is None:
        locks = list(filter(is_left_by_this_job, app.store.locks()))
    else:
        lock = app.editor.get_lock(lock_id)
        process = f"process {lock.process}, {lock.purpose}"
        holder = f"{lock.who} on {lock.host} ({process}) since {lock.since:%Y-%m-%d %H:%M:%SZ}"
        confirm(f"Unlock {lock.organization}, which is held by {holder}?", yes=yes)
        locks = [lock]
    for lock in locks:
        app.editor.unlock(lock)
        app.notify(f"{lock.organization} is unlocked")


@state.command("migrate")
@click.argument("to", metavar="STATE")
@click.option(
    "--key",
    default="",
    metavar="REFERENCE",
    help="Seal personal data in the new store, under this key: `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`; "
    "without it, it is in clear there.",
)
@yes_option
@click.pass_obj
def migrate(app: App, to: str, key: str, yes: bool) -> None:
    """Copy the states of all organizations and the audit log to another store, and read them back.

    STATE is the address that `state:` in reconciler.yaml will have, and `--key` the key; without it, personal data is
    in clear there. The present store stays as it is, and keeps the history.
    """
    if to == app.config.state:
        raise UsageError("the state is there already", advice="name another place: STATE is where it shall be")
    source, target = app.store, app.open_store(to, key=key, dating=app.dating)
    confirm(f"Copy {count(len(source.organizations()), 'organization', 'organizations')}?", yes=yes)

    def report(organization: str, records: int) -> None:
        app.notify(f"{organization}: {count(records, 'record', 'records')} copied and read back")

    copy_states(source, target, terms=app.lease_terms, on_moved=report)
    app.notify("done: change `state:` in reconciler.yaml now, before anything is applied")


@state.command("verify")
@click.argument("organization", required=False)
@click.pass_obj
def verify_states(app: App, organization: str | None) -> int:
    """Read everything that is kept of ORGANIZATION, or of all, and say what does not fit."""
    if organization:
        app.require_state(organization)
    organizations = [organization] if organization else app.store.organizations()
    problems = [problem for key in organizations for problem in verify_state(app.store, key)]
    for problem in problems:
        click.echo(problem)
    if not problems:
        number = count(len(organizations), "organization", "organizations")
        app.notify(f"{number}: everything can be read and fits together")
    return ExitCode.FAILED if problems else ExitCode.DONE


@state.command("new-key")
def new_key() -> None:
    """Print a key for `personal_data: sealed`. Keep it where your secrets are: without it the state is lost."""
    click.echo(make_key())
