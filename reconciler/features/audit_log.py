"""What was done, by whom and why."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.audit.log import find_risk
from reconciler.model.outcome import LoggedEntry
from reconciler.output.document import Detail, Document, Inline, Paragraph, Row, Table, code, plain
from reconciler.output.json import Output

AUDIT_LOG = Output(name="audit-log", title="Audit log", value=Sequence[LoggedEntry], under="entries")

_BRIEF = ("record", "time", "action", "address", "outcome", "operator", "commit", "why")
_CHANGED = ("risk", "person", "before", "after")
_FULL = (*_BRIEF[:5], *_CHANGED, "operator", "commit", "plan", "job", "actor", "approval", "cause", "detail")


def document_of_audit_log(entries: Sequence[LoggedEntry]) -> Document:
    """One row per entry, oldest first; a terminal has no room for all that files and pages tell."""
    if not entries:
        nothing = Paragraph(text="The audit log has nothing of this.")
        return Document(title="Audit log", is_title_needless=True, blocks=(nothing,), whole="log")
    brief = Table(header=_BRIEF, rows=tuple(Row(cells=(*_what(one), *_who(one), plain(_why(one)))) for one in entries))
    full = Table(header=_FULL, rows=tuple(map(_row, entries)))
    return Document(title="Audit log", is_title_needless=True, blocks=(Detail(full=full, brief=brief),), whole="log")


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


def _why(entry: LoggedEntry) -> str:
    why = (entry.cause, entry.approval and f"approval {entry.approval}", entry.detail)
    return "; ".join(part for part in why if part)


def _row(entry: LoggedEntry) -> Row:
    origin, risk = entry.origin, find_risk(entry)
    changed = (risk or "", entry.person, entry.before, entry.after)
    words = (origin.job, entry.actor, entry.approval, entry.cause, entry.detail)
    by = (plain(origin.operator), code(origin.commit), code(origin.plan))
    return Row(cells=(*_what(entry), *map(plain, changed), *by, *map(plain, words)))
