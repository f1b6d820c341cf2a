"""What the commands that look at or edit the state have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta

from reconciler.apply.leases import LeaseTerms
from reconciler.apply.state_editor import StateEditor
from reconciler.apply.states import read_state
from reconciler.audit.log import AuditLog
from reconciler.cli.app import App, SystemClock
from reconciler.cli.origin import read_origin
from reconciler.cli.workspace import read_workspace
from reconciler.engine.identities import Identities, as_remembered
from reconciler.model.address import Address
from reconciler.model.errors import ReconcilerError, StateLocked
from reconciler.model.state import State
from reconciler.model.suggestions import suggest_names
from reconciler.stores.process import SystemTimer


def lease_terms(app: App, timeout: timedelta = timedelta()) -> LeaseTerms:
    """How to hold an organization, telling for whom we wait."""

    def tell(locked: StateLocked) -> None:
        app.notify(f"{locked.message}; waiting up to {int(timeout.total_seconds())} seconds")

    return LeaseTerms(timer=SystemTimer(), timeout=timeout, on_wait=tell)


def open_editor(app: App, lock_timeout: timedelta = timedelta()) -> StateEditor:
    """Everything that editing needs. Its entries carry the real time: nobody edits in the sandbox's."""
    return StateEditor(
        store=app.store,
        terms=lease_terms(app, lock_timeout),
        clock=SystemClock(),
        audit=AuditLog(app.store),
        origin=read_origin(app.root),
    )


def require_somebody(name: str, known: Collection[str]) -> None:
    """Raises ReconcilerError when nobody is called so."""
    if name not in known:
        raise ReconcilerError(f"nobody is known as {name!r}", advice=suggest_names(name, filter(None, known)))


def require_known(app: App, organization: str) -> None:
    """Raises ReconcilerError, naming those there are, when an organization has no state."""
    known = app.store.organizations()
    if organization not in known:
        message = f"{organization} has no state"
        raise ReconcilerError(message, advice=f"there are: {', '.join(known)}" if known else "run `reconciler apply`")


def names_in_state(app: App, address: Address, *, of: Callable[[State], Iterable[Address]]) -> tuple[Address, ...]:
    """What the state has under other names where the manifests call it `address` by now, and what it has under that.

    Manifests that cannot be read rename nothing: looking after a state has to go on without them.
    """
    if address.organization not in app.store.organizations():
        return (address,)
    try:
        identities = Identities(read_workspace(app.root, app.config, today=app.today).desired)
    except ReconcilerError:
        return (address,)
    state = read_state(app.store, address.organization)
    return as_remembered(address, of(state), state, identities)
