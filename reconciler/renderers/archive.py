"""What was done and what was remembered, for a terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reconciler.core.audit import AuditRecord
from reconciler.core.state import PastState
from reconciler.output.style import Style
from reconciler.renderers.table import render_table

ARCHIVE_FORMAT = "1.0"

Numbered = tuple[int, AuditRecord]
"""The number of a record in the audit log, and the record."""


def render_audit_log(records: Sequence[Numbered], style: Style) -> str:
    """One line per entry, oldest first; a sentence when there is none."""
    if not records:
        return "The audit log has nothing of this.\n"
    rows = [
        (
            str(number),
            f"{entry.time:%Y-%m-%d %H:%M:%SZ}",
            entry.action.replace("_", " "),
            entry.address,
            entry.outcome.replace("_", " "),
            record.origin.operator,
            record.origin.commit[:10],
            "; ".join(
                part for part in (entry.cause, entry.consent and f"consent {entry.consent}", entry.detail) if part
            ),
        )
        for number, record in records
        for entry in record.entries
    ]
    header = ("record", "time", "action", "address", "outcome", "operator", "commit", "why")
    return render_table(header, rows, style)


def render_audit_log_json(records: Sequence[Numbered], _: Style) -> str:
    """`{format_version, entries: [{record, organization, lineage, origin: {...}, time, action, address, ...}]}`."""
    entries = [
        {
            "record": number,
            "organization": record.organization,
            "lineage": record.lineage,
            "origin": asdict(record.origin),
            **asdict(entry),
            "time": entry.time.isoformat(),
        }
        for number, record in records
        for entry in record.entries
    ]
    return _dump({"format_version": ARCHIVE_FORMAT, "entries": entries})


def render_history(history: Sequence[PastState], style: Style) -> str:
    """One line per state that is kept, oldest first."""
    if not history:
        return "Nothing is kept yet: the first `reconciler apply` writes the state.\n"
    rows = [
        (str(past.serial), f"{past.at:%Y-%m-%d %H:%M:%SZ}", f"{past.records:,}", past.lineage, past.version)
        for past in history
    ]
    return render_table(("serial", "written", "records", "lineage", "version"), rows, style)


def _dump(document: dict[str, Any]) -> str:
    """ASCII only: invisible characters stay visible, and any reader and terminal can take it."""
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
