"""What a look at the files of a workspace found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from reconciler.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionSummary:
    """How many findings there are of each severity, and in how many files was looked."""

    error: int
    warning: int
    note: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Findings, and what they are about."""

    JSON_PROPERTIES: ClassVar = ("summary",)
    JSON_HIDDEN: ClassVar = ("texts", "files", "policies")

    findings: Sequence[Finding]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Path -> text of the files, for the line with the caret; a missing file only loses its caret."""
    files: int = 0
    """How many files were looked at."""
    policies: frozenset[str] = frozenset()
    """Ids of the findings that come from policies."""

    @property
    def in_reading_order(self) -> Inspection:
        """By file and line."""
        return replace(self, findings=sorted(self.findings, key=lambda finding: finding.sort_key))

    @property
    def summary(self) -> InspectionSummary:
        """In numbers."""
        counts = Counter(finding.severity.value for finding in self.findings)
        return InspectionSummary(
            error=counts["error"], warning=counts["warning"], note=counts["note"], files=self.files
        )
