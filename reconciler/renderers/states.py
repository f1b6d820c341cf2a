"""What is remembered of organizations, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.address import Address
from reconciler.core.state import Quarantine, Record, State
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible
from reconciler.output.words import count
from reconciler.renderers.table import render_table
from reconciler.subjects.access_terms import name_access, name_subject


def render_state_list(states: Sequence[State], style: Style) -> str:
    """One line per organization; a sentence when nothing is remembered at all."""
    if not states:
        return "Nothing is recorded yet: the first `reconciler apply` writes the state.\n"
    rows = [
        (state.organization, str(state.serial), f"{len(state.records):,}", f"{len(state.quarantined):,}")
        for state in states
    ]
    return render_table(("organization", "serial", "records", "quarantined"), rows, style)


def render_state(state: State, style: Style) -> str:
    """All records of one organization, by address."""
    title = style.paint(make_visible(state.organization), Tone.STRONG)
    lineage = f", lineage {make_visible(state.lineage)}" if state.lineage else ""
    parts = [f"{title}: serial {state.serial}{lineage}, {count(len(state.records), 'record', 'records')}\n"]
    if state.records:
        rows = [_show_record(address, record) for address, record in sorted(state.records.items())]
        parts.append(render_table(("kind", "who or what", "access", "status", "since", "identity"), rows, style))
    if state.in_doubt:
        doubts = [(str(address), change.action.replace("_", " ")) for address, change in sorted(state.in_doubt.items())]
        parts.append(render_table(("in doubt", "what was sent"), doubts, style))
    if state.quarantined:
        quarantined = [_show_quarantine(address, item) for address, item in sorted(state.quarantined.items())]
        parts.append(render_table(("quarantined", "since", "last tried", "reason"), quarantined, style))
    return "\n".join(parts)


def _show_record(address: Address, record: Record) -> tuple[str, ...]:
    since = str(record.since) if record.since else ""
    status = record.status.replace("_", " ") + (", protected" if record.protect else "")
    return (
        address.kind,
        name_subject(address),
        name_access(address, record.attributes),
        status,
        since,
        record.identity,
    )


def _show_quarantine(address: Address, item: Quarantine) -> tuple[str, ...]:
    return (str(address), str(item.since), str(item.tried), item.reason)
