"""What cannot be said because parts of the files were not understood.

A misspelt section or a file that is not YAML would make every name in it unknown, and a hundred findings would bury
the one that matters. So findings that something is missing are held back where what was left out may declare it; a name
that stands nowhere in it is unknown whatever else is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field

from reconciler.manifests.source import ParsedFile
from reconciler.model.finding import Finding, Place
from reconciler.model.values import dataclass

_UNKNOWN = {"unknown-person": 0, "unknown-group": 0, "unknown-organization": 0, "unknown-asset": 1}
"""Findings about one name that is missing -> which of the names in their message it is."""
_ABSENCES = frozenset({"not-a-member", "no-admin", "few-admins", "empty-members", "empty-owner"})
"""Findings about everything that is missing somewhere."""
_DROPPING = frozenset({"duplicate-key", "several-documents", "yaml-anchor", "yaml-merge"})
"""Findings of the YAML reader after which something that was written is not there; a key that is no text may go too,
but has no name that anybody could miss."""
_NAMED = re.compile(r"""["']?([^\s"'{},\[\]:]+)["']?[ \t]*:(?=\s|$)""")
_BETWEEN_TICKS = re.compile(r"`([^`]*)`")


@dataclass(slots=True)
class PartialRead:
    """Grows while files are read."""

    incomplete: bool = False
    """Whether something that declares names was left out."""
    people: set[str] = field(default_factory=set)
    """Keys of people of whom some part was left out."""
    is_blind: bool = False
    """Whether a file could not be read at all, so that nobody knows which names it declares."""
    names: set[str] = field(default_factory=set)
    """Everything that is called something in what was left out."""
    lines: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    """What looks like a key in a file of which not everything is there -> files and lines where it stands."""

    def after_reading(self, parsed: ParsedFile) -> None:
        """Take into account what the YAML reader left out of a file."""
        if parsed.node is not None and not any(finding.id in _DROPPING for finding in parsed.findings):
            return
        self.incomplete = True
        self.is_blind |= not parsed.text and parsed.node is None and parsed.file.data != b""
        for number, line in enumerate(parsed.text.splitlines(), start=1):
            for key in _NAMED.findall(line):
                self.lines.setdefault(key, set()).add((parsed.file.path, number))

    def leave_out(self, path: Iterable[str | int], value: object) -> None:
        """Remember the names in a part that is taken out, and those on the way to it."""
        self.names.update(part for part in path if isinstance(part, str))
        self.names.update(_names_in(value))

    def may_have_lost(self, name: str, at: Place | None = None) -> bool:
        """Whether a name may be declared in what was left out; the place where it is used says nothing."""
        used, lines = (at.file, at.line) if at else None, self.lines.get(name, ())
        return self.is_blind or name in self.names or len(lines) > (used in lines)

    def explain(self, finding: Finding) -> bool:
        """Whether a finding may only be the consequence of others."""
        if finding.id in _UNKNOWN:
            quoted = _BETWEEN_TICKS.findall(finding.message)
            return len(quoted) > (index := _UNKNOWN[finding.id]) and self.may_have_lost(quoted[index], finding.place)
        return self.incomplete and finding.id in _ABSENCES


def _names_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _names_in(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _names_in(item)
