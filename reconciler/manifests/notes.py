"""Collecting findings while reading."""

from __future__ import annotations

from reconciler.core.finding import Finding, Place, Severity


class Notes:
    """The findings of one run so far; the first argument of every method is the id listed in docs/findings.md."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def error(
        self, id_: str, message: str, place: Place | None, *, advice: str = "", related: tuple[Place, ...] = ()
    ) -> None:
        """Something that has to be repaired first."""
        self._add(id_, message, Severity.ERROR, place, advice, related)

    def warning(
        self, id_: str, message: str, place: Place | None, *, advice: str = "", related: tuple[Place, ...] = ()
    ) -> None:
        """Something that is probably not meant."""
        self._add(id_, message, Severity.WARNING, place, advice, related)

    def note(
        self, id_: str, message: str, place: Place | None, *, advice: str = "", related: tuple[Place, ...] = ()
    ) -> None:
        """Something worth knowing."""
        self._add(id_, message, Severity.NOTE, place, advice, related)

    def _add(
        self, id_: str, message: str, severity: Severity, place: Place | None, advice: str, related: tuple[Place, ...]
    ) -> None:
        self.findings.append(
            Finding(id=id_, message=message, severity=severity, place=place, advice=advice, related=related)
        )

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
