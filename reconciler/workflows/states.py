"""Loading and saving the state of one organization through any store."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from reconciler.core.address import Address
from reconciler.core.state import State
from reconciler.manifests.saved import state_from_json, state_to_json
from reconciler.ports import StateStore
from reconciler.workflows.journal import replay


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedState:
    """A state and what is needed to write it back."""

    state: State
    version: str | None
    """Of the snapshot it came from; None when there is none yet."""
    in_doubt: tuple[Address, ...] = ()
    """Changes that an earlier run began and never finished."""
    has_journal: bool = False


def load_state(store: StateStore, organization: str) -> LoadedState:
    """Snapshot plus journal; an organization that was never applied has an empty state without a lineage."""
    snapshot = store.read(organization)
    state = state_from_json(snapshot.data) if snapshot else State(organization=organization)
    journal = store.read_journal(organization)
    replayed = replay(state, journal)
    return LoadedState(
        state=replayed.state,
        version=snapshot.version if snapshot else None,
        in_doubt=replayed.in_doubt,
        has_journal=bool(journal),
    )


def read_state(store: StateStore, organization: str) -> State:
    """The state of an organization as of now."""
    return load_state(store, organization).state


def save_state(store: StateStore, loaded: LoadedState, state: State) -> State:
    """Write a snapshot if it says anything new; the serial grows with every write."""
    if state == loaded.state and loaded.version is not None and not loaded.has_journal:
        return loaded.state
    saved = replace(state, lineage=state.lineage or secrets.token_hex(8), serial=state.serial + 1)
    store.write(state.organization, state_to_json(saved), replacing=loaded.version)
    return saved
