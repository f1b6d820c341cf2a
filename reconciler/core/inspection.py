"""What a look at the files of a workspace found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Findings, and what they are about."""

    findings: Sequence[Finding]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Path -> text of the files, for the line with the caret; a missing file only loses its caret."""
    files: int = 0
    """How many files were looked at."""
    policies: frozenset[str] = frozenset()
    """Ids of the findings that come from policies."""
