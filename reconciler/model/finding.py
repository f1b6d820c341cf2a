"""What validation, policies and guards have to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; an error stops the run with exit code 1, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file the user wrote; `line` and `column` count from 1, columns in characters."""

    file: str
    """Path relative to the workspace, with forward slashes."""
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


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
