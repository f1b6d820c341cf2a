"""What validation, policies and guards have to say, one by one and for all files of a workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from functools import partialmethod
from typing import ClassVar

from reconciler.model.values import dataclass

MISSING_EXTRA = "missing-extra"
"""Id of the finding that something is set that takes libraries which are not installed."""


class Severity(StrEnum):
    """How much a finding matters; an error stops the run with exit code 1, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file the user wrote; `line` and `column` count from 1, columns in characters."""

    file: str
    """Path relative to the workspace, with forward slashes."""
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def __lt__(self, other: Place) -> bool:
        """In reading order; written out because one is made for every line, and `order=True` makes that slow."""
        return (self.file, self.line, self.column) < (other.file, other.line, other.column)

    def __le__(self, other: Place) -> bool:
        return not other < self


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to tell the user: what, where, how bad, and what to do about it."""

    id: str
    """Stable kebab-case name, for example `unknown-role`; documented in docs/findings.md."""
    message: str
    severity: Severity = Severity.ERROR
    place: Place | None = None
    advice: str = ""
    """What to do, as a sentence fragment such as "did you mean `operator`?"."""
    related: tuple[Place, ...] = ()
    """Other places that belong to it, for example the first declaration of a duplicate."""
    address: str = ""
    """The address it is about, when it is about one."""

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Reading order: by file and position, findings without a place last."""
        if self.place is None:
            return ("\uffff", 0, 0, self.id, self.message)
        return (self.place.file, self.place.line, self.place.column, self.id, self.message)


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


class Notes:
    """The findings of one run so far; the first argument of every method is the id listed in docs/findings.md."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(
        self,
        severity: Severity,
        id_: str,
        message: str,
        place: Place | None,
        *,
        advice: str = "",
        related: tuple[Place, ...] = (),
    ) -> None:
        """One more."""
        self.findings.append(
            Finding(id=id_, message=message, severity=severity, place=place, advice=advice, related=related)
        )

    error = partialmethod(add, Severity.ERROR)
    """Something that has to be repaired first."""
    warning = partialmethod(add, Severity.WARNING)
    """Something that is probably not meant."""
    note = partialmethod(add, Severity.NOTE)
    """Something worth knowing."""

    @property
    def has_errors(self) -> bool:
        """Whether anything so far stops the run."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def in_order(self) -> tuple[Finding, ...]:
        """All findings in reading order, each once."""
        seen: dict[tuple[str, int, int, str, str], Finding] = {}
        for finding in self.findings:
            seen.setdefault(finding.sort_key, finding)
        return tuple(seen[key] for key in sorted(seen))
