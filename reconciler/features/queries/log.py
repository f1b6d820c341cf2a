"""What the audit log has of an organization, a person or an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.audit.log import AuditLog, Selection
from reconciler.features.queries.access import find_past
from reconciler.features.queries.directory import Sources, find_in, load_directory, require_somebody
from reconciler.model import LoggedEntry, ReconcilerError, StateStore, suggest_names


def read_entries(selection: Selection, store: StateStore, sources: Callable[[], Sources]) -> list[LoggedEntry]:
    """The entries that are selected, oldest first; raises ReconcilerError for a name of which nothing is known.

    The log can be read where the manifests cannot, so their `sources` are read for a person only.
    """
    if selection.person:
        selection = replace(selection, person=_find_person(selection.person, sources()))
    entries = list(AuditLog(store).entries(selection))
    if not entries:
        _require_names(selection, store, sources)
    return entries


def _find_person(text: str, sources: Sources) -> str:
    """The key of somebody in the directory, or of the past, who is known by this name; else the name itself."""
    person = find_in(load_directory(sources.files).people, text)
    return person.key if person else find_past(text, sources)[0] or text


def _require_names(selection: Selection, store: StateStore, sources: Callable[[], Sources]) -> None:
    """A misspelt name must not look like one of whom nothing is known."""
    log = AuditLog(store)
    records = list(log.records())
    organizations = {*store.organizations(), *(record.organization for record in records)}
    entries = [entry for record in records for entry in record.entries]
    if selection.organization and selection.organization not in organizations:
        message = f"there is no organization {selection.organization!r}: it has no state, and the log has nothing of it"
        raise ReconcilerError(message, advice=suggest_names(selection.organization, organizations))
    if selection.person:
        people = load_directory(sources().files).people
        require_somebody(selection.person, {*people, *(entry.person for entry in entries)})
    if not records and selection.outcome:
        message = f"the log has no record yet, so nothing is known of what has {selection.outcome!r} as its outcome"
        raise ReconcilerError(message, advice="look whether `state:` and the workspace are the right ones")
    alone = Selection(address=selection.address)
    if selection.address and next(log.entries(alone), None) is None:
        message = f"the log has nothing of the address {selection.address!r}"
        raise ReconcilerError(message, advice=suggest_names(selection.address, {entry.address for entry in entries}))
