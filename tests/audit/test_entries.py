"""What the audit log keeps of one change."""

from __future__ import annotations

from dataclasses import replace

from reconciler.audit.entries import audit_entry
from reconciler.model import Applied
from tests.apply.given import NOW, REMOVE


def test_the_approval_that_let_a_change_through_is_kept_with_it() -> None:
    approved = replace(REMOVE, approval="LEGAL-7, access/approvals.yaml:6:5")
    entry = audit_entry(approved, Applied(), serial=3, at=NOW)
    assert (entry.approval, entry.action, entry.actor, entry.outcome) == (
        "LEGAL-7, access/approvals.yaml:6:5",
        "remove",
        "ana",
        "applied",
    )
