"""What the commands that look at or edit the state have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta

import click

from reconciler.audit.log import AuditLog
from reconciler.cli.origin import read_origin
from reconciler.cli.runs import make_terms
from reconciler.cli.session import Session, is_interactive
from reconciler.cli.wiring import SystemClock, Wiring
from reconciler.cli.workspace import read_config, read_workspace
from reconciler.core.address import Address
from reconciler.core.errors import ReconcilerError, UsageError
from reconciler.core.planning.identities import Identities
from reconciler.core.planning.renaming import as_remembered
from reconciler.core.state import State
from reconciler.ports import StateStore
from reconciler.workflows.naming import nearest
from reconciler.workflows.states import read_state
from reconciler.workflows.upkeep import Upkeep

format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Form of the result."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


class AddressType(click.ParamType[Address]):
    """`organization/kind/key`."""

    name = "address"

    def convert(self, value: str | Address, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Read the three parts."""
        if isinstance(value, Address):
            return value
        try:
            return Address.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SubjectType(AddressType):
    """`organization/kind/key`, or the key of an organization for the whole of it."""

    def convert(self, value: str | Address, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """An organization alone is the address of the organization itself."""
        is_key = isinstance(value, str) and value != "" and "/" not in value
        return super().convert(f"{value}/organization/{value}" if is_key else value, param, ctx)


def open_configured_store(session: Session) -> StateStore:
    """The store of the workspace."""
    return Wiring(root=session.root, config=read_config(session.root)).store()


def require_somebody(name: str, known: Collection[str]) -> None:
    """Raises ReconcilerError when nobody is called so."""
    if name not in known:
        raise ReconcilerError(f"nobody is known as {name!r}", advice=nearest(name, filter(None, known)))


def require_known(store: StateStore, organization: str) -> None:
    """Raises ReconcilerError, naming those there are, when an organization has no state."""
    known = store.organizations()
    if organization not in known:
        message = f"{organization} has no state"
        raise ReconcilerError(message, advice=f"there are: {', '.join(known)}" if known else "run `reconciler apply`")


def make_upkeep(session: Session, store: StateStore, *, lock_timeout: timedelta = timedelta()) -> Upkeep:
    """Everything that editing needs. Its entries carry the real time: nobody edits in the sandbox's."""
    return Upkeep(
        store=store,
        terms=make_terms(session, lock_timeout=lock_timeout),
        clock=SystemClock(),
        audit=AuditLog(store),
        origin=read_origin(session.root),
    )


def names_in_state(
    session: Session, store: StateStore, address: Address, *, of: Callable[[State], Iterable[Address]]
) -> tuple[Address, ...]:
    """What the state has under other names where the manifests call it `address` by now, and what it has under that.

    Manifests that cannot be read rename nothing: looking after a state has to go on without them.
    """
    if address.organization not in store.organizations():
        return (address,)
    config = read_config(session.root)
    today = Wiring(root=session.root, config=config).clock().now().date()
    try:
        identities = Identities(read_workspace(session.root, config, today=today).desired)
    except ReconcilerError:
        return (address,)
    state = read_state(store, address.organization)
    return as_remembered(address, of(state), state, identities)


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if a person, or `--yes`, says so."""
    import sys

    if yes:
        return
    if not is_interactive(sys.stdin):
        raise UsageError("nobody is here to answer: stdin is not a terminal", advice="give --yes")
    if click.prompt(f"{question} Only `yes` is taken as a yes", default="", show_default=False, err=True) != "yes":
        raise ReconcilerError("not confirmed: nothing was changed")
