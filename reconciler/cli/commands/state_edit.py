"""`reconciler state push|mv|rm|unlock`: changing what is remembered. No system is touched."""

from __future__ import annotations

from typing import BinaryIO

import click

from reconciler.cli.session import Session
from reconciler.cli.upkeep import (
    AddressType,
    SubjectType,
    confirm,
    make_upkeep,
    names_in_state,
    open_configured_store,
    yes_option,
)
from reconciler.core.address import Address
from reconciler.core.errors import UsageError
from reconciler.stores.process import left_behind_by_this_job
from reconciler.workflows.upkeep import find_lock


@click.command("push")
@click.argument("organization")
@click.argument("file", type=click.File("rb"))
@yes_option
@click.pass_obj
def push(session: Session, organization: str, file: BinaryIO, yes: bool) -> None:
    """Replace the state of an organization by that in FILE; `-` is stdin.

    A state of another lineage and one with an older serial are refused.
    """
    data = file.read()
    store = open_configured_store(session)
    confirm(f"Replace the state of {organization}?", yes=yes)
    pushed = make_upkeep(session, store).push(organization, data, source=file.name)
    session.notify(f"the state of {organization} is at serial {pushed.serial}")


@click.command("restore")
@click.argument("organization")
@click.argument("serial", type=click.IntRange(min=0))
@yes_option
@click.pass_obj
def restore(session: Session, organization: str, serial: int, yes: bool) -> None:
    """Make an older state that is kept the present one again, also when the present one cannot be read.

    `state history` lists what is kept. What has happened since is not undone anywhere: the next plan looks at the
    systems and goes on from there.
    """
    store = open_configured_store(session)
    confirm(f"Make serial {serial} the present state of {organization} again?", yes=yes)
    restored = make_upkeep(session, store).restore(organization, serial)
    session.notify(f"the state of {organization} is what it was at serial {serial}, as serial {restored.serial}")


@click.command("mv")
@click.argument("source", type=AddressType())
@click.argument("target", type=AddressType())
@yes_option
@click.pass_obj
def move(session: Session, source: Address, target: Address, yes: bool) -> None:
    """Give a record another address; work orders follow it.

    In manifests, `moved:` does the same for everybody, after a review.
    """
    store = open_configured_store(session)
    confirm(f"Move {source} to {target}?", yes=yes)
    make_upkeep(session, store).move(source, target)
    session.notify(f"{source} is {target} now")


@click.command("rm")
@click.argument("addresses", metavar="ADDRESS|ORG...", nargs=-1, required=True, type=SubjectType())
@yes_option
@click.pass_obj
def forget(session: Session, addresses: tuple[Address, ...], yes: bool) -> None:
    """Forget records: what they are about stays as it is, and is not managed any more.

    The key of an organization stands for everything that is known of it; its work orders are withdrawn.
    """
    store = open_configured_store(session)
    known = [
        names_in_state(session, store, one, of=lambda state: {*state.records, *state.quarantined, *state.in_doubt})
        for one in addresses
    ]
    addresses = tuple(dict.fromkeys(address for found in known for address in found))
    confirm(f"Forget {', '.join(map(str, addresses))}?", yes=yes)
    make_upkeep(session, store).forget(addresses)
    session.notify(f"forgotten: {', '.join(map(str, addresses))}")


@click.command("unlock")
@click.argument("lock_id", metavar="[ID]", required=False)
@click.option("--left-behind", is_flag=True, help="All locks of this CI job or machine whose process is gone.")
@yes_option
@click.pass_obj
def unlock(session: Session, lock_id: str | None, left_behind: bool, yes: bool) -> None:
    """Take a lock away from its holder, whose writes are refused from then on.

    A lock runs out by itself soon after its holder has died, so this is for one that hangs. --left-behind is for the
    end of a job that was cancelled, and asks nothing: nobody holds such a lock any more.
    """
    if left_behind == (lock_id is not None):
        raise UsageError("give either the ID of a lock or --left-behind")
    store = open_configured_store(session)
    upkeep = make_upkeep(session, store)
    if lock_id is None:
        for lock in filter(left_behind_by_this_job, store.locks()):
            upkeep.unlock(lock)
            session.notify(f"{lock.organization} is unlocked")
        return
    lock = find_lock(store, lock_id)
    holder = f"{lock.who} on {lock.host} (process {lock.process}, {lock.purpose}) since {lock.since:%Y-%m-%d %H:%M:%SZ}"
    confirm(f"Unlock {lock.organization}, which is held by {holder}?", yes=yes)
    upkeep.unlock(lock)
    session.notify(f"{lock.organization} is unlocked")
