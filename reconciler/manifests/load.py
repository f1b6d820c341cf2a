"""All manifest files of a workspace to findings and what is desired."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date

from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.source import SourceFile, digests_of, parse_file
from reconciler.model.declared import Desired
from reconciler.model.errors import ManifestError
from reconciler.model.finding import Finding, Notes, Place, Severity
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifests:
    """What was read."""

    desired: Desired | None
    """None when a finding is an error."""
    readable: Desired
    """The same, or what is left of it without what is wrong: for comparing only, never for acting on."""
    findings: tuple[Finding, ...]
    """In reading order."""
    texts: Mapping[str, str]
    """Path -> text of the file, for showing the lines that findings are about."""
    partial: PartialRead = field(default_factory=PartialRead, compare=False)
    """What may be declared in what could not be read."""
    directory: frozenset[str] = frozenset()
    """Paths of the files that declare something else than organizations, on which others may depend."""

    def require_desired(self) -> Desired:
        """What is desired; raises ManifestError with the errors where there are any."""
        if self.desired is None:
            raise ManifestError([finding for finding in self.findings if finding.severity is Severity.ERROR])
        return self.desired


def load_manifests(
    files: Sequence[SourceFile],
    *,
    today: date | None = None,
    allowed_domains: Sequence[str] = (),
    max_approval_days: int | None = None,
    emails: Mapping[str, Place] | None = None,
) -> Manifests:
    """Read all manifests of a workspace together; findings that depend on the date need `today`.

    `emails` are addresses that are written in files which are not among these.
    """
    from reconciler.manifests.documents import ManifestDocument
    from reconciler.manifests.resolve import resolve
    from reconciler.manifests.structure import read_document

    read, resolving, partial = Notes(), Notes(), PartialRead()
    ordered = sorted(files, key=lambda file: file.path)
    texts: dict[str, str] = {}
    documents: list[tuple[ManifestDocument, Cursor]] = []
    for file in ordered:
        parsed = parse_file(file)
        texts[file.path] = parsed.text
        partial.after_reading(parsed)
        if document := read_document(ManifestDocument, parsed, read, partial):
            documents.append(document)
    readable = resolve(
        documents,
        digest=digest_of(digests_of(files)),
        today=today,
        allowed_domains=allowed_domains,
        max_approval_days=max_approval_days,
        emails=emails or {},
        notes=resolving,
        partial=partial,
    )
    read.findings += [finding for finding in resolving.findings if not partial.explain(finding)]
    return Manifests(
        desired=None if read.has_errors else readable,
        readable=readable,
        findings=read.in_order(),
        texts=texts,
        partial=partial,
        directory=frozenset(
            top.file for one, top in documents if one.people or one.groups or one.approvals or one.moved
        ),
    )


def digest_of(digests: Mapping[str, str]) -> str:
    """SHA-256 over names and digests of all files, in the order of the names."""
    digest = hashlib.sha256()
    for path, of_file in sorted(digests.items()):
        name = path.encode(errors="surrogateescape")
        digest.update(b"%d %b %b\n" % (len(name), name, of_file.encode()))
    return digest.hexdigest()
