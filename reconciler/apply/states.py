"""Loading and saving the state of one organization through any store, and looking back at what was kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

from reconciler.apply.journal import LoadedState, replay
from reconciler.model.finding import ReconcilerError, StoreError
from reconciler.model.json import state_from_json, state_to_json
from reconciler.model.ports import StateStore
from reconciler.model.state import AuditMark, PastState, State

_MAX_JOURNALED = 1_000_000
"""Above the serials of any journal: a plan that knew a state which was given up must not fit the one in its place."""
_LOOKS_EVERY = timedelta(days=7)


def load_state(store: StateStore, organization: str) -> LoadedState:
    """Snapshot plus journal. An organization that was never applied has an empty state without a lineage."""
    stored = store.read(organization)
    if stored.snapshot is None:
        return replay(State(organization=organization), stored)
    return replay(parse_state(organization, stored.snapshot), stored)


def parse_state(organization: str, data: bytes, *, source: str = "") -> State:
    """The state in a snapshot or in a file; raises StoreError when it cannot be read or is another's."""
    ways_back = f"`reconciler state history {organization}` lists what is kept, and"
    advice = f"{ways_back} `reconciler state restore {organization} SERIAL` brings it back"
    if source:
        advice = f"{ways_back} `reconciler state pull {organization} --as-of SERIAL` prints it as a file"
    try:
        state = state_from_json(data)
    except ReconcilerError as error:
        message = f"{source or f'the state of {organization}'} cannot be read: {error.message}"
        raise StoreError(message, advice=error.advice or advice) from error
    if state.organization != organization:
        message = f"{source or 'this'} is not the state of {organization} but that of {state.organization}"
        raise StoreError(message, advice=advice)
    return state


def load_or_give_up(store: StateStore, organization: str) -> LoadedState:
    """Like `load_state`, for whoever replaces a state: one that cannot be read is empty, above all serials it had."""
    try:
        return load_state(store, organization)
    except StoreError:
        kept = store.history(organization)
        serials = [_guess_serial(store, organization, version.version) for version in kept]
        serial = max(serials, default=0) + _MAX_JOURNALED
        return LoadedState(
            state=State(organization=organization, lineage=_find_lineage(store, organization), serial=serial),
            version=kept[-1].version if kept else None,
            has_journal=True,
            is_given_up=True,
        )


def _find_lineage(store: StateStore, organization: str) -> str:
    """That of the newest snapshot that can be read; empty when there is none."""
    for kept in reversed(store.history(organization)):
        with suppress(StoreError):
            return _read_past(store, organization, kept.version).lineage
    return ""


def _guess_serial(store: StateStore, organization: str, version: str) -> int:
    """The serial of a snapshot that may be damaged; 0 where not even that can be found in it."""
    try:
        found = re.findall(rb'"serial":(\d{1,15})', store.read_past(organization, version))
    except StoreError:
        return 0
    return max(map(int, found), default=0)


def read_state(store: StateStore, organization: str) -> State:
    """The state of an organization as of now."""
    return load_state(store, organization).state


def read_marks(store: StateStore) -> Iterator[tuple[str, AuditMark | None, bool]]:
    """Of each organization what its state remembers of the audit log, and whether the log may know more by now.

    That is so while somebody holds its lock, after a run that was cut off, when the state cannot be read, and when a
    version of this tool wrote it that kept no mark.
    """
    for organization in store.organizations():
        try:
            loaded = load_state(store, organization)
        except StoreError:
            yield organization, None, True
            continue
        mark = loaded.state.audit
        yield organization, mark, not mark or loaded.has_journal or store.find_lock(organization) is not None


def new_lineage() -> str:
    """A name for a state that begins now."""
    import secrets  # it brings random numbers of all sorts along

    return secrets.token_hex(8)


def save_state(store: StateStore, loaded: LoadedState, state: State, *, token: int) -> LoadedState:
    """Write a snapshot if it says anything new; the serial grows with every write.

    That nothing new was seen is worth a write, and a serial, once a week.
    """
    before = loaded.state
    is_news = replace(state, looked=before.looked) != before or any(
        day - before.looked.get(kind, day) >= _LOOKS_EVERY for kind, day in state.looked.items()
    )
    if not is_news and loaded.version is not None and not loaded.has_journal:
        return loaded
    saved = replace(state, lineage=state.lineage or new_lineage(), serial=state.serial + 1)
    version = store.write(state.organization, state_to_json(saved), replacing=loaded.version, token=token)
    return LoadedState(state=saved, version=version)


def read_history(store: StateStore, organization: str) -> list[PastState]:
    """Every snapshot that is kept, oldest first; one that cannot be read says so, and hides none of the others."""
    history = []
    for kept in store.history(organization):
        past = PastState(version=kept.version, at=kept.at, serial=0, lineage="", records=0)
        try:
            state = _read_past(store, organization, kept.version)
            past = replace(past, serial=state.serial, lineage=state.lineage, records=len(state.records))
        except StoreError as error:
            past = replace(past, problem=error.message)
        history.append(past)
    return history


def _read_past(store: StateStore, organization: str, version: str) -> State:
    return parse_state(organization, store.read_past(organization, version))


def read_state_as_of(store: StateStore, organization: str, when: date | int) -> State:
    """The state at the end of a UTC day, or at a serial: the newest that is kept of then or before, and can be read.

    An apply keeps one state, at its end; what happened in between is in the audit log.
    """
    # The present state counts with its journal, where it may be meant. A damaged one is passed over only when it is not
    # what was asked for: another one in its place would be a lie.
    kept = store.history(organization)
    for past in reversed(kept):
        if isinstance(when, date) and past.at.date() > when:
            continue
        try:
            found = [load_state(store, organization).state] if past == kept[-1] else []
            found.append(_read_past(store, organization, past.version))
        except StoreError:
            if isinstance(when, date) or 0 < _guess_serial(store, organization, past.version) <= when:
                raise
            continue
        for state in found:
            if isinstance(when, date) or state.serial <= when:
                return state
    message = f"nothing is kept of {organization} as of {when}"
    raise StoreError(message, advice=f"`reconciler state history {organization}` lists what is")


def verify_state(store: StateStore, organization: str) -> list[str]:
    """What is wrong with everything that is kept of an organization; empty when all of it can be read and fits."""
    problems = []
    try:
        present = load_state(store, organization)
    except ReconcilerError as error:
        return [error.message]
    if present.is_torn and store.find_lock(organization) is None:
        problems.append(f"{organization}: the last journal record was cut off by a crash; the next apply drops it")
    serial = -1
    for kept in store.history(organization):
        try:
            state = _read_past(store, organization, kept.version)
        except ReconcilerError as error:
            problems.append(f"version {kept.version}: {error.message}")
            continue
        if state.lineage != present.state.lineage:
            problems.append(f"{organization}: version {kept.version} has another lineage, {state.lineage}")
        elif state.serial <= serial:
            problems.append(f"{organization}: version {kept.version} has serial {state.serial}, not above {serial}")
        serial = state.serial
    return problems
