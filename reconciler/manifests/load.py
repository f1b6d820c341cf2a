"""All manifest files of a workspace to findings and what is desired."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import cached_property
from typing import TypedDict, Unpack

from reconciler.manifests.access import AccessReader
from reconciler.manifests.documents import (
    AnyOrganization,
    BusinessCenterDocument,
    DevelopersDocument,
    ManifestDocument,
    system_of,
)
from reconciler.manifests.lint import (
    AddressBook,
    ApprovalReader,
    encoded_domain,
    note_ended,
    note_lookalikes,
    note_same_identities,
    read_moves,
)
from reconciler.manifests.nodes import Cursor, note_twice, read_interval, read_keys
from reconciler.manifests.people import PREFIX, GroupDirectory
from reconciler.manifests.source import PartialRead, SourceFile, digests_of, parse_file, read_text
from reconciler.manifests.structure import read_document
from reconciler.model import (
    KINDS,
    Address,
    Declared,
    Desired,
    Finding,
    ManifestError,
    Mode,
    Notes,
    Organization,
    Place,
    Severity,
    System,
    dataclass,
    list_words,
    person_in,
    suggest_word,
    with_limits,
)


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
    for document, top in loading.directory:
        loading.read(document, top)
    return loading.finish(emails or {})


def load_directory(files: Sequence[SourceFile]) -> Desired:
    """People and groups alone, as far as they can be read; what is wrong with them is left to `load_manifests`."""
    return _Loading(files, {}).desired


_MAY_CONCERN_OTHERS = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?(?:people|groups|approvals|moved)\b", re.MULTILINE)
"""What files with anything else than organizations look like, as people write them."""


class BatchLoader:
    """Reads manifests file by file, and hands on what was read of organizations that nothing else can be about."""

    def __init__(self, files: Sequence[SourceFile], *, size: int, **options: Unpack[LoadOptions]) -> None:
        """`size` is how many bytes of files make a batch."""
        self._loading = _Loading(files, options, first=_MAY_CONCERN_OTHERS)
        of_directory = {top.file for _, top in self._loading.directory}
        self._others = [file for file in self._loading.files if file.path not in of_directory]
        # As large as the directory at least, because that is looked at anew for each batch.
        self._size = max(size, sum(len(file.data or b"") for file in files if file.path in of_directory))

    def batches(self) -> Iterator[Desired]:
        """What is wanted of some organizations after the other; raises Inseparable where something is wrong."""
        for document, top in self._loading.directory:
            self._loading.read(document, top)
        filled = 0
        for file in self._others:
            read = self._loading.read_document(file)
            if read is None or _concerns_others(read[0]):
                raise Inseparable
            self._loading.read(*read)
            filled += len(file.data or b"")
            if filled >= self._size:
                yield self._loading.take()
                filled = 0
        yield self._loading.take()

    def finish(self) -> Manifests:
        """What there is to say of all files, and what is wanted of organizations that were not handed on."""
        return self._loading.finish({})


class _Loading:
    """The files of a workspace, and what is made of one after the other; wrong parts are left out after a finding."""

    def __init__(
        self, files: Sequence[SourceFile], options: LoadOptions, first: re.Pattern[bytes] | None = None
    ) -> None:
        """`first` is found in the files that others may depend on; without it they are all the files."""
        self.files = sorted(files, key=lambda file: file.path)
        self._today = options.get("today")
        self._domains = options.get("allowed_domains", ())
        self._max_approval_days = options.get("max_approval_days")
        self._reading, self._notes, self._partial = Notes(), Notes(), PartialRead()
        chosen = [file for file in self.files if first is None or first.search(file.data or b"")]
        self.directory = [read for file in chosen if (read := self.read_document(file))]
        names = self._names = GroupDirectory(self.directory, self._notes, self._partial)
        self._organizations: dict[str, Organization] = {}
        self._resources: dict[str, dict[Address, Declared]] = {}
        """Of organizations that were read and not given away."""
        self._ids: dict[tuple[str, str, str], Place] = {}
        self._days: dict[tuple[str, str], tuple[date | None, date | None]] = {}
        people, today = names.people.values(), self._today
        self._ended = {one.key: one for one in people if today and one.ends and one.ends <= today}
        self._named: Counter[str] = Counter()
        """Who of them is named -> in how many organizations."""
        self.desired = Desired(
            people=names.people,
            groups={name: names.expand(f"{PREFIX}{name}", group.place) for name, group in names.groups.items()},
            group_owners={name: group.owners for name, group in names.groups.items() if group.owners},
            allowed_domains=frozenset(map(encoded_domain, self._domains)),
            digest=digest_of(digests_of(self.files)),
        )

    def read_document(self, file: SourceFile) -> tuple[ManifestDocument, Cursor] | None:
        """What stands in a file, as far as it can be read."""
        parsed = parse_file(file)
        self._partial.after_reading(parsed)
        return read_document(ManifestDocument, parsed, self._reading, self._partial)

    def read(self, document: ManifestDocument, top: Cursor) -> None:
        """Read the organizations of one file."""
        for key, written, spot in read_keys(document.organizations, top.into("organizations"), self._notes):
            if key in self._organizations:
                note_twice(f"the organization `{key}`", spot.place, self._organizations[key].place, self._notes)
                continue
            organization = self._organizations[key] = self._organization(key, written, spot)
            declared = self._declared(organization, written, spot)
            if organization.manages:
                declared = _keep_managed(organization, declared, self._notes)
            found = self._resources[key] = {one.address: one for one in declared}
            if self._ended:
                self._named.update(self._ended.keys() & {person_in(address) for address in found})

    def take(self) -> Desired:
        """The organizations that were read since the last time, but for those that more has to be known of.

        Approvals and moves may be about some. Apps may be everywhere on their system, and their owners as well.
        Raises Inseparable where something is wrong.
        """
        if self._reading.has_errors or self._notes.has_errors:
            raise Inseparable
        organizations = self._organizations
        keys = [key for key in self._resources if key not in self._referred]
        keys = [key for key in keys if "app" not in organizations[key].system.kinds]
        return replace(
            self.desired,
            organizations={key: organizations[key] for key in keys},
            resources={key: self._resources.pop(key) for key in keys},
        )

    @cached_property
    def _referred(self) -> set[str]:
        """The organizations that approvals and moves are about."""
        documents = [document for document, _ in self.directory]
        addresses = [one.address for document in documents for one in document.approvals]
        addresses += [text for document in documents for one in document.moved for text in (one.source, one.target)]
        return {address.partition("/")[0] for address in addresses}

    def finish(self, emails: Mapping[str, Place]) -> Manifests:
        """All organizations, with the resources of those that were not given away, and what is common to all.

        `emails` are addresses that are written in other files.
        """
        notes, names, partial = self._notes, self._names, self._partial
        note_same_identities(names.people, notes)
        note_ended(self._ended.values(), self.directory, self._named, notes)
        for email, place in emails.items():
            names.contacts.read_email(email, place)
        note_lookalikes(names.contacts, self._domains, notes)
        book = AddressBook(
            organizations=self._organizations,
            people=names.people,
            resources=self._resources,
            notes=notes,
            today=self._today,
        )
        readable = replace(
            self.desired,
            organizations=self._organizations,
            resources=self._resources,
            approvals=tuple(ApprovalReader(book, self._max_approval_days).read(self.directory)),
            moves=tuple(read_moves(self.directory, book)),
        )
        self._reading.findings += [finding for finding in notes.findings if not partial.explain(finding)]
        return Manifests(
            desired=None if self._reading.has_errors else readable,
            readable=readable,
            findings=self._reading.in_order(),
            texts=_Texts(self.files),
            partial=partial,
            directory=frozenset(top.file for one, top in self.directory if _concerns_others(one)),
        )

    def _organization(self, key: str, document: AnyOrganization, spot: Cursor) -> Organization:
        identity = _identity_of(document)
        told_apart = " ".join(identity.casefold().split())  # nobody reads two names out of one
        first = self._ids.setdefault(("", document.system, told_apart), spot.place)
        if first != spot.place:
            message = f"`{key}` is the same organization as another: {identity}"
            self._notes.error("duplicate-id", message, spot.place, related=(first,))
        system = system_of(document)
        if written := document.limits.keys_written:
            at = spot.into("limits")
            agreed = {name: (getattr(document.limits, name), str(at.key(name))) for name in sorted(written)}
            system = with_limits(system, agreed)
        return Organization(
            key=key,
            system=system,
            manages=_read_manages(document.manages, system, spot, self._notes),
            mode=Mode(document.mode),
            identity=identity,
            name=document.name,
            owners=self._names.read_owners(document.owners, spot.into("owners")),
            deleted=document.deleted,
            review_every=read_interval(document.review_every),
            language=document.language,
            place=spot.place,
        )

    def _declared(self, organization: Organization, document: AnyOrganization, spot: Cursor) -> Iterator[Declared]:
        """All resources of one organization; one that shall be deleted has none."""
        if organization.deleted:
            return
        key = organization.key
        yield Declared(address=Address.whole(key), identity=organization.identity, place=organization.place)
        reader = AccessReader(
            organization=key,
            document=document,
            system=organization.system,
            directory=self._names,
            notes=self._notes,
            today=self._today,
            days=self._days,
            ids=self._ids,
        )
        yield from reader.read(spot)


def _identity_of(document: AnyOrganization) -> str:
    """What its system knows the organization by."""
    if isinstance(document, BusinessCenterDocument):
        return document.id
    return document.name if isinstance(document, DevelopersDocument) else document.handle.lower()


def _read_manages(words: Sequence[str] | None, system: System, spot: Cursor, notes: Notes) -> frozenset[str]:
    """The kinds that are named; empty, which stands for all, where nothing is said or nothing of it is right."""
    if words is None:
        return frozenset()
    offered = [kind for kind in system.kinds if KINDS[kind].pieces == (kind,) and kind != "organization"]
    spots = spot.into("manages")
    if not words:
        advice = f"leave `manages` away to manage everything, or name what is managed: {list_words(offered)}"
        notes.error("manages-nothing", "nothing is managed here", spots.place, advice=advice)
    found: set[str] = set()
    for index, word in enumerate(words):
        place = spots.key(index)
        if word in found:
            notes.warning("listed-twice", f"`{word}` is in this list twice", place)
        elif word in offered:
            found.add(word)
        else:
            is_edge = word in system.kinds and KINDS[word].parents
            advice = f"it comes with {list_words(KINDS[word].parents)}" if is_edge else suggest_word(word, offered)
            notes.error("unknown-value", f"`{word}` is no kind of thing here", place, advice=advice)
    return frozenset(found)


def _keep_managed(organization: Organization, declared: Iterable[Declared], notes: Notes) -> Iterator[Declared]:
    """What is declared of managed kinds; a finding about the first thing of each other kind."""
    kinds = organization.kinds if organization.manages else KINDS.keys()
    told: set[str] = set()
    for one in declared:
        kind = one.address.kind
        if kind in kinds:
            yield one
        elif kind not in told:
            told.add(kind)
            message = f"{KINDS[kind].title} {one.address.key} is declared, and `manages` leaves that kind out"
            missing = [part for part in KINDS[kind].pieces if part not in organization.manages]
            advice = f"add {list_words(missing)} to `manages`, or take it out here"
            notes.error("not-managed", message, one.place, advice=advice)


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
