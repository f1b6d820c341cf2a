"""What was done and what was remembered, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.audit import LoggedEntry
from reconciler.core.state import PastState
from reconciler.output.style import Style
from reconciler.renderers.table import render_table


def render_audit_log(entries: Sequence[LoggedEntry], style: Style) -> str:
    """One line per entry, oldest first; a sentence when there is none."""
    if not entries:
        return "The audit log has nothing of this.\n"
    rows = [
        (
            str(entry.record),
            f"{entry.time:%Y-%m-%d %H:%M:%SZ}",
            entry.action.replace("_", " "),
            entry.address,
            entry.outcome.replace("_", " "),
            entry.origin.operator,
            entry.origin.commit[:10],
            "; ".join(
                part for part in (entry.cause, entry.consent and f"consent {entry.consent}", entry.detail) if part
            ),
        )
        for entry in entries
    ]
    header = ("record", "time", "action", "address", "outcome", "operator", "commit", "why")
    return render_table(header, rows, style)


def render_history(history: Sequence[PastState], style: Style) -> str:
    """One line per state that is kept, oldest first."""
    if not history:
        return "Nothing is kept yet: the first `reconciler apply` writes the state.\n"
    rows = [
        (str(past.serial), f"{past.at:%Y-%m-%d %H:%M:%SZ}", f"{past.records:,}", past.lineage, past.version)
        for past in history
    ]
    return render_table(("serial", "written", "records", "lineage", "version"), rows, style)
