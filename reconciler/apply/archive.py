"""Looking back, and looking whether everything that is kept can be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from reconciler.apply.states import guess_serial, load_state, parse_state
from reconciler.model.errors import ReconcilerError, StoreError
from reconciler.model.ports import StateStore
from reconciler.model.state import PastState, State


def read_history(store: StateStore, organization: str) -> list[PastState]:
    """Every snapshot that is kept, oldest first; one that cannot be read says so, and hides none of the others."""
    history = []
    for kept in store.history(organization):
        try:
            state = parse_state(organization, store.read_past(organization, kept.version).data)
            problem = ""
        except StoreError as error:
            state, problem = State(organization=organization), error.message
        history.append(
            PastState(
                version=kept.version,
                at=kept.at,
                serial=state.serial,
                lineage=state.lineage,
                records=len(state.records),
                problem=problem,
            )
        )
    return history


def read_state_as_of(store: StateStore, organization: str, when: date | int) -> State:
    """The state at the end of a UTC day, or at a serial: the newest that is kept of then or before, and can be read.

    An apply keeps one state, at its end; what happened in between is in the audit log.
    """
    for state in _newest_first(store, organization, when):
        if isinstance(when, date) or state.serial <= when:
            return state
    message = f"nothing is kept of {organization} as of {when}"
    raise StoreError(message, advice=f"`reconciler state history {organization}` lists what is")


def _newest_first(store: StateStore, organization: str, when: date | int) -> Iterator[State]:
    """The present state with its journal, where it may be meant, and then older ones.

    A damaged one is passed over only when it is not what was asked for: another one in its place would be a lie.
    """
    kept = store.history(organization)
    chosen = [version for version in kept if not isinstance(when, date) or version.at.date() <= when]
    for version in reversed(chosen):
        try:
            if version == kept[-1]:
                yield load_state(store, organization).state
            yield parse_state(organization, store.read_past(organization, version.version).data)
        except StoreError:
            if isinstance(when, date) or 0 < guess_serial(store, organization, version.version) <= when:
                raise


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
            state = parse_state(organization, store.read_past(organization, kept.version).data)
        except ReconcilerError as error:
            problems.append(f"version {kept.version}: {error.message}")
            continue
        if state.lineage != present.state.lineage:
            problems.append(f"{organization}: version {kept.version} has another lineage, {state.lineage}")
        elif state.serial <= serial:
            problems.append(f"{organization}: version {kept.version} has serial {state.serial}, not above {serial}")
        serial = state.serial
    return problems
