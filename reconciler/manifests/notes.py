"""Collecting findings while reading."""

from __future__ import annotations

from reconciler.model.finding import Finding, Place, Severity


class Notes:
    """The findings of one run so far; the first argument of every method is the id listed in docs/findings.md."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def error(
        self, id_: str, message: str, place: Place | None, *, advice: str = "", related: tuple[Place, ...] = ()
    ) -> None:
        """Something that has to be repaired first."""
        self.findings.append(
            Finding(id=id_, message=message, severity=Severity.ERROR, place=place, advice=advice, related=related)
        )

    def warning(
        self, id_: str, message: str, place: Place | None, *, advice: str = "", related: tuple[Place, ...] = ()
    ) -> None:
        """Something that is probably not meant."""
        self.findings.append(
            Finding(id=id_, message=message, severity=Severity.WARNING, place=place, advice=advice, related=related)
        )

    def note(
        self, id_: str, message: str, place: Place | None, *, advice: str = "", related: tuple[Place, ...] = ()
    ) -> None:
        """Something worth knowing."""
        self.findings.append(
            Finding(id=id_, message=message, severity=Severity.NOTE, place=place, advice=advice, related=related)
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
