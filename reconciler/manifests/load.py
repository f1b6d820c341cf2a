"""All manifest files of a workspace to findings and what is desired."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import TYPE_CHECKING, TypedDict, Unpack

from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.source import SourceFile, digests_of, parse_file, read_text
from reconciler.model.declared import Desired
from reconciler.model.finding import Finding, ManifestError, Notes, Place, Severity
from reconciler.model.values import dataclass

if TYPE_CHECKING:
    from reconciler.manifests.documents import ManifestDocument
    from reconciler.manifests.resolve import Resolver


class Inseparable(Exception):
    """What stands in a part of a workspace may matter to another, so only all of it at once tells what it means."""


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


class LoadOptions(TypedDict, total=False):
    """What manifests are judged by, besides themselves."""

    today: date | None
    """Findings that depend on the date need it."""
    allowed_domains: Sequence[str]
    max_approval_days: int | None


def load_manifests(
    files: Sequence[SourceFile], *, emails: Mapping[str, Place] | None = None, **options: Unpack[LoadOptions]
) -> Manifests:
    """Read all manifests of a workspace together.

    `emails` are addresses that are written in files which are not among these.
    """
    loading = _Loading(files, options)
    documents = loading.read_documents(loading.files)
    resolver = loading.begin(documents)
    for document, top in documents:
        resolver.read(document, top)
    return loading.finish(resolver, documents, emails or {})


_MAY_CONCERN_OTHERS = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?(?:people|groups|approvals|moved)\b", re.MULTILINE)
"""What files with anything else than organizations look like, as people write them."""


class BatchLoader:
    """Reads manifests file by file, and hands on what was read of organizations that nothing else can be about."""

    def __init__(self, files: Sequence[SourceFile], *, size: int, **options: Unpack[LoadOptions]) -> None:
        """`size` is how many bytes of files make a batch."""
        self._loading = _Loading(files, options)
        self._directory = self._loading.read_documents(
            [file for file in self._loading.files if _MAY_CONCERN_OTHERS.search(file.data or b"")]
        )
        of_directory = {top.file for _, top in self._directory}
        self._others = [file for file in self._loading.files if file.path not in of_directory]
        # As large as the directory at least, because that is looked at anew for each batch.
        self._size = max(size, sum(len(file.data or b"") for file in files if file.path in of_directory))
        self._resolver = self._loading.begin(self._directory)

    def batches(self) -> Iterator[Desired]:
        """What is wanted of some organizations after the other; raises Inseparable where something is wrong."""
        for document, top in self._directory:
            self._resolver.read(document, top)
        filled = 0
        for file in self._others:
            documents = self._loading.read_documents([file])
            if not documents or _concerns_others(documents[0][0]):
                raise Inseparable
            self._resolver.read(*documents[0])
            filled += len(file.data or b"")
            if filled >= self._size:
                yield self._take()
                filled = 0
        yield self._take()

    def _take(self) -> Desired:
        if self._loading.has_errors:
            raise Inseparable
        return self._resolver.take()

    def finish(self) -> Manifests:
        """What there is to say of all files, and what is wanted of organizations that were not handed on."""
        return self._loading.finish(self._resolver, self._directory, {})


_Documents = list[tuple["ManifestDocument", Cursor]]


class _Loading:
    """The files of a workspace, and what is found while they are read."""

    def __init__(self, files: Sequence[SourceFile], options: LoadOptions) -> None:
        self.files = sorted(files, key=lambda file: file.path)
        self._options = options
        self._notes, self._resolving, self._partial = Notes(), Notes(), PartialRead()

    @property
    def has_errors(self) -> bool:
        return self._notes.has_errors or self._resolving.has_errors

    def read_documents(self, files: Iterable[SourceFile]) -> _Documents:
        """What stands in each file, as far as it can be read."""
        from reconciler.manifests.documents import ManifestDocument
        from reconciler.manifests.structure import read_document

        documents: _Documents = []
        for file in files:
            parsed = parse_file(file)
            self._partial.after_reading(parsed)
            if document := read_document(ManifestDocument, parsed, self._notes, self._partial):
                documents.append(document)
        return documents

    def begin(self, directory: _Documents) -> Resolver:
        """With everybody whom organizations can name."""
        from reconciler.manifests.resolve import Resolver

        return Resolver(
            directory,
            digest=digest_of(digests_of(self.files)),
            today=self._options.get("today"),
            allowed_domains=self._options.get("allowed_domains", ()),
            notes=self._resolving,
            partial=self._partial,
        )

    def finish(self, resolver: Resolver, documents: _Documents, emails: Mapping[str, Place]) -> Manifests:
        readable = resolver.finish(emails, self._options.get("max_approval_days"))
        notes, partial = self._notes, self._partial
        notes.findings += [finding for finding in self._resolving.findings if not partial.explain(finding)]
        return Manifests(
            desired=None if notes.has_errors else readable,
            readable=readable,
            findings=notes.in_order(),
            texts=_Texts(self.files),
            partial=partial,
            directory=frozenset(top.file for one, top in documents if _concerns_others(one)),
        )


def _concerns_others(document: ManifestDocument) -> bool:
    """Whether it has anything else than organizations."""
    return bool(document.people or document.groups or document.approvals or document.moved)


class _Texts(Mapping[str, str]):
    """Path -> text of each file; made when it is asked for, which is seldom."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._files = {file.path: file for file in files}

    def __getitem__(self, path: str) -> str:
        return read_text(self._files[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def digest_of(digests: Mapping[str, str]) -> str:
    """SHA-256 over names and digests of all files, in the order of the names."""
    digest = hashlib.sha256()
    for path, of_file in sorted(digests.items()):
        name = path.encode(errors="surrogateescape")
        digest.update(b"%d %b %b\n" % (len(name), name, of_file.encode()))
    return digest.hexdigest()
