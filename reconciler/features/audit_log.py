"""What was done, by whom and why."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.outcome import LoggedEntry
from reconciler.output.document import Document, Paragraph, Row, code, plain, table
from reconciler.output.json import Output

AUDIT_LOG = Output(name="audit-log", title="Audit log", value=Sequence[LoggedEntry], under="entries")

_HEADER = ("record", "time", "action", "address", "outcome", "operator", "commit", "why")


def document_of_audit_log(entries: Sequence[LoggedEntry]) -> Document:
    """One row per entry, oldest first; a sentence when there is none."""
    rows = [_row(entry) for entry in entries]
    found = table(_HEADER, rows)
    nothing = Paragraph(text="The audit log has nothing of this.")
    return Document(title="Audit log", is_title_needless=True, blocks=(found or nothing,), whole="log")


def _row(entry: LoggedEntry) -> Row:
    why = (entry.cause, entry.approval and f"approval {entry.approval}", entry.detail)
    return Row(
        cells=(
            str(entry.record),
            f"{entry.time:%Y-%m-%d %H:%M:%SZ}",
            entry.action.replace("_", " "),
            code(entry.address),
            entry.outcome.replace("_", " "),
            plain(entry.origin.operator),
            code(entry.origin.commit[:10]),
            plain("; ".join(part for part in why if part)),
        )
    )
