"""What cannot be said because parts of the files were not understood.

A misspelt section or a file that is not YAML would make every name in it unknown, and a hundred findings would bury
the one that matters. So findings that something is missing are held back until everything could be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.core.finding import Finding
from reconciler.manifests.source import ParsedFile

_ABSENCES = frozenset(
    {
        "unknown-person",
        "unknown-group",
        "unknown-asset",
        "unknown-organization",
        "not-a-member",
        "few-admins",
        "empty-members",
    }
)
_DROPPING = frozenset({"duplicate-key", "several-documents", "yaml-anchor", "yaml-merge"})
"""Findings of the YAML reader after which something that was written is not there; a key that is no text may go too,
but has no name that anybody could miss."""


@dataclass(slots=True)
class Doubts:
    """Grows while files are read."""

    incomplete: bool = False
    """Whether something that declares names was left out, so that a missing name proves nothing."""
    people: set[str] = field(default_factory=set)
    """Keys of people of whom some part was left out."""

    def after_reading(self, parsed: ParsedFile) -> None:
        """Take into account what the YAML reader left out of a file."""
        if parsed.node is None or any(finding.id in _DROPPING for finding in parsed.findings):
            self.incomplete = True

    def explain(self, finding: Finding) -> bool:
        """Whether a finding may only be the consequence of others."""
        return self.incomplete and finding.id in _ABSENCES


def but_once(findings: Iterable[Finding], earlier: Iterable[Finding]) -> list[Finding]:
    """The findings about values that were not found faulty before."""
    places = {finding.place for finding in earlier}
    return [finding for finding in findings if finding.place not in places]
