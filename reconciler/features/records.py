"""What is recorded of organizations, today and before, what was done and why; and moving all of it to another store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.apply.journal import LeaseTerms, hold
from reconciler.apply.states import load_state
from reconciler.audit.log import find_risk
from reconciler.model import (
    Address,
    LoggedEntry,
    PastState,
    Record,
    State,
    StateConflict,
    StateStore,
    StateSummary,
    StoreError,
    count,
    name_access,
    name_subject,
    state_to_json,
)
from reconciler.output.document import Detail, Document, Inline, Paragraph, Row, Table, code, plain, table
from reconciler.output.json import Output

HISTORY = Output(
    name="history", title="States of one organization that are kept", value=Sequence[PastState], under="history"
)

STATE_LIST = Output(
    name="state-list", title="Organizations that have a state", value=Sequence[StateSummary], under="organizations"
)

_NOTHING_YET = Paragraph(text="Nothing is recorded yet: the first `reconciler apply` writes the state.")


def document_of_state_list(states: Sequence[State]) -> Document:
    """One row per organization; a sentence when nothing is recorded at all."""
    rows = []
    for state in states:
        numbers = (str(state.serial), f"{len(state.records):,}", f"{len(state.deferred):,}")
        rows.append(Row(cells=(code(state.organization), *numbers)))
    found = table(("organization", "serial", "records", "deferred"), rows)
    return Document(title="Recorded states", is_title_needless=True, blocks=(found or _NOTHING_YET,))


def document_of_history(history: Sequence[PastState]) -> Document:
    """One row per state that is kept, oldest first."""
    rows = []
    for past in history:
        written, version = f"{past.at:%Y-%m-%d %H:%M:%SZ}", code(past.version)
        if past.problem:
            rows.append(Row(cells=("unreadable", written, "", past.problem, version)))
        else:
            rows.append(Row(cells=(str(past.serial), written, f"{past.records:,}", code(past.lineage), version)))
    found = table(("serial", "written", "records", "lineage", "version"), rows)
    return Document(title="States that are kept", is_title_needless=True, blocks=(found or _NOTHING_YET,))


def document_of_state(state: State) -> Document:
    """All records of one organization by address, what is in doubt, and what failed by itself."""
    records = [_row_of_record(address, record) for address, record in sorted(state.records.items())]
    in_doubt = [
        Row(cells=(code(str(address)), change.action.replace("_", " ")))
        for address, change in sorted(state.in_doubt.items())
    ]
    deferred = [
        Row(cells=(code(str(address)), str(item.since), str(item.tried), plain(item.reason)))
        for address, item in sorted(state.deferred.items())
    ]
    tables = (
        table(("who or what", "kind", "access", "status", "since", "identity"), records),
        table(("in doubt", "what was sent"), in_doubt),
        table(("deferred", "since", "last tried", "reason"), deferred),
    )
    lineage = f", lineage {state.lineage}" if state.lineage else ""
    number = count(len(state.records), "record", "records")
    return Document(
        title=plain(f"{state.organization}: serial {state.serial}{lineage}, {number}"),
        blocks=tuple(filter(None, tables)),
    )


def _row_of_record(address: Address, record: Record) -> Row:
    status = record.status.replace("_", " ") + (", protected" if record.protect else "")
    status += ", unverified" if record.unverified else ""
    since = str(record.since) if record.since else ""
    access = plain(name_access(address, record.attributes))
    return Row(cells=(plain(name_subject(address)), address.kind, access, status, since, plain(record.identity)))


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
    there = target.read(organization).snapshot
    if there is None:
        target.write(organization, data, replacing=None, token=token)
    elif there != data:
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


AUDIT_LOG = Output(name="audit-log", title="Audit log", value=Sequence[LoggedEntry], under="entries")

_BRIEF = ("record", "time", "action", "address", "outcome", "operator", "commit", "why")
_CHANGED = ("risk", "person", "before", "after")
_FULL = (*_BRIEF[:5], *_CHANGED, "operator", "commit", "plan", "job", "actor", "approval", "cause", "detail")


def document_of_audit_log(entries: Sequence[LoggedEntry]) -> Document:
    """One row per entry, oldest first; a terminal has no room for all that files and pages tell."""
    brief = Table(header=_BRIEF, rows=tuple(Row(cells=(*_what(one), *_who(one), plain(one.why))) for one in entries))
    full = Table(header=_FULL, rows=tuple(map(_row, entries)))
    shown = Detail(full=full, brief=brief) if entries else Paragraph(text="The audit log has nothing of this.")
    return Document(title="Audit log", is_title_needless=True, blocks=(shown,), whole="log")


def _what(entry: LoggedEntry) -> tuple[Inline, ...]:
    return (
        str(entry.record),
        f"{entry.time:%Y-%m-%d %H:%M:%SZ}",
        entry.action.replace("_", " "),
        code(entry.address),
        entry.outcome.replace("_", " "),
    )


def _who(entry: LoggedEntry) -> tuple[Inline, ...]:
    return (plain(entry.origin.operator), code(entry.origin.commit[:10]))


def _row(entry: LoggedEntry) -> Row:
    origin, risk = entry.origin, find_risk(entry)
    changed = (risk or "", entry.person, entry.before, entry.after)
    words = (origin.job, entry.actor, entry.approval, entry.cause, entry.detail)
    by = (plain(origin.operator), code(origin.commit), code(origin.plan))
    return Row(cells=(*_what(entry), *map(plain, changed), *by, *map(plain, words)))
