"""Recorded states of today or of a day, only those that can be about what is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from reconciler.apply.states import read_state, read_state_as_of
from reconciler.features.queries.mentions import may_mention
from reconciler.model.ports import StateStore
from reconciler.model.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """What is remembered of a day."""

    states: dict[str, State] = field(default_factory=dict)
    """Organization -> state."""
    not_kept: tuple[str, ...] = ()
    """Organizations with a state today of which nothing is kept from that day or before."""


def recollect(store: StateStore, words: Collection[str], *, as_of: date | None) -> Recollection:
    """The states that can mention one of the words; reading bytes is much cheaper than reading states."""
    states, not_kept = {}, []
    for organization in store.organizations():
        texts = _read_present(store, organization) if as_of is None else _read_past(store, organization, as_of)
        if texts is None:
            not_kept.append(organization)
        elif any(may_mention(text, words) for text in texts):
            states[organization] = recollect_one(store, organization, as_of=as_of)
    return Recollection(states=states, not_kept=tuple(not_kept))


def recollect_one(store: StateStore, organization: str, *, as_of: date | None) -> State:
    """The state of one organization; raises StoreError when nothing is kept of that day."""
    return read_state(store, organization) if as_of is None else read_state_as_of(store, organization, as_of)


def _read_present(store: StateStore, organization: str) -> list[bytes]:
    """Everything that the present state is made from."""
    snapshot, journal = store.read(organization), store.read_journal(organization)
    return [*([snapshot.data] if snapshot else []), *journal.records]


def _read_past(store: StateStore, organization: str, as_of: date) -> list[bytes] | None:
    """The texts behind the state that `read_state_as_of` chooses; None where it has nothing to choose from."""
    kept = store.history(organization)
    chosen = [past for past in kept if past.at.date() <= as_of]
    if not chosen:
        return None
    if chosen[-1] == kept[-1]:
        return _read_present(store, organization)
    return [store.read_past(organization, chosen[-1].version).data]
