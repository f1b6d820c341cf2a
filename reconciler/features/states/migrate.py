"""Moving everything that is remembered from one store to another."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.apply.leases import LeaseTerms, hold
from reconciler.apply.states import load_state
from reconciler.model.errors import StateConflict, StoreError
from reconciler.model.json import state_to_json
from reconciler.model.ports import StateStore


def migrate(source: StateStore, target: StateStore, *, terms: LeaseTerms, on_moved: Callable[[str, int], None]) -> None:
    """Copy the state of every organization and the audit log, and read all of it back.

    The source stays as it is, with its history. Both stores are locked, organization by organization; one that the
    target knows already in another form is refused. Doing it again after a failure goes on where it stopped. Raises
    StoreError when an apply was cut off in the source: it has to be brought to its end first.
    """
    _copy_audit(source, target)
    for organization in source.organizations():
        with (
            hold(source, organization, purpose="migrate", terms=terms),
            hold(target, organization, purpose="migrate", terms=terms) as lease,
        ):
            records = _copy(source, target, organization, token=lease.token)
        on_moved(organization, records)


def _copy(source: StateStore, target: StateStore, organization: str, *, token: int) -> int:
    """Returns the number of records."""
    loaded = load_state(source, organization)
    if loaded.has_journal:
        message = f"an apply of {organization} was cut off"
        raise StoreError(message, advice="run `reconciler apply` with the present store first, then migrate")
    data = state_to_json(loaded.state)
    there = target.read(organization)
    if there is None:
        target.write(organization, data, replacing=None, token=token)
    elif there.data != data:
        message = f"the new store has another state of {organization} already"
        raise StateConflict(message, advice="migrate into an empty store")
    if load_state(target, organization).state != loaded.state:
        message = f"the state of {organization} reads back from the new store as something else"
        raise StoreError(message, advice="keep the present store, and report this")
    return len(loaded.state.records)


def _copy_audit(source: StateStore, target: StateStore) -> None:
    """The same records in the same order, or the chain would not fit."""
    known = target.count_audit()
    here = list(source.read_audit())
    if list(target.read_audit()) != here[:known]:
        message = "the new store has an audit log of its own"
        raise StateConflict(message, advice="migrate into an empty store")
    for number, record in enumerate(here[known:], start=known):
        target.append_audit(record, after=number)
    if list(target.read_audit()) != here:
        message = "the audit log reads back from the new store as something else"
        raise StoreError(message, advice="keep the present store, and report this")
