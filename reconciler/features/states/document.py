"""What is recorded of organizations, today and before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.address import Address
from reconciler.model.state import PastState, Record, State, StateSummary
from reconciler.output.document import Block, Document, Paragraph, Row, Table, code, plain, table
from reconciler.output.json import Output
from reconciler.output.words import count, name_access, name_subject

HISTORY = Output(
    name="history", title="States of one organization that are kept", value=Sequence[PastState], under="history"
)

STATE_LIST = Output(
    name="state-list", title="Organizations that have a state", value=Sequence[StateSummary], under="organizations"
)

_NOTHING_YET = Paragraph(text="Nothing is recorded yet: the first `reconciler apply` writes the state.")


def document_of_state_list(states: Sequence[State]) -> Document:
    """One row per organization; a sentence when nothing is recorded at all."""
    rows = [
        Row(
            cells=(
                code(state.organization),
                str(state.serial),
                f"{len(state.records):,}",
                f"{len(state.deferred):,}",
            )
        )
        for state in states
    ]
    found = table(("organization", "serial", "records", "deferred"), rows)
    return Document(title="Recorded states", is_title_needless=True, blocks=(found or _NOTHING_YET,))


def document_of_history(history: Sequence[PastState]) -> Document:
    """One row per state that is kept, oldest first."""
    rows = [
        Row(
            cells=(
                str(past.serial),
                f"{past.at:%Y-%m-%d %H:%M:%SZ}",
                f"{past.records:,}",
                code(past.lineage),
                code(past.version),
            )
        )
        if not past.problem
        else Row(cells=("unreadable", f"{past.at:%Y-%m-%d %H:%M:%SZ}", "", past.problem, code(past.version)))
        for past in history
    ]
    found = table(("serial", "written", "records", "lineage", "version"), rows)
    return Document(title="States that are kept", is_title_needless=True, blocks=(found or _NOTHING_YET,))


def document_of_state(state: State) -> Document:
    """All records of one organization by address, what is in doubt, and what failed by itself."""
    lineage = f", lineage {state.lineage}" if state.lineage else ""
    records = count(len(state.records), "record", "records")
    return Document(
        title=plain(f"{state.organization}: serial {state.serial}{lineage}, {records}"), blocks=tuple(_blocks(state))
    )


def _blocks(state: State) -> Iterator[Block]:
    tables = (
        (
            ("who or what", "kind", "access", "status", "since", "identity"),
            [_record(address, record) for address, record in sorted(state.records.items())],
        ),
        (
            ("in doubt", "what was sent"),
            [
                Row(cells=(code(str(address)), change.action.replace("_", " ")))
                for address, change in sorted(state.in_doubt.items())
            ],
        ),
        (
            ("deferred", "since", "last tried", "reason"),
            [
                Row(cells=(code(str(address)), str(item.since), str(item.tried), plain(item.reason)))
                for address, item in sorted(state.deferred.items())
            ],
        ),
    )
    yield from (Table(header=header, rows=tuple(rows)) for header, rows in tables if rows)


def _record(address: Address, record: Record) -> Row:
    status = record.status.replace("_", " ") + (", protected" if record.protect else "")
    status += ", unverified" if record.unverified else ""
    since = str(record.since) if record.since else ""
    access = plain(name_access(address, record.attributes))
    return Row(cells=(plain(name_subject(address)), address.kind, access, status, since, plain(record.identity)))
