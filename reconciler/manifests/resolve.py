"""From the documents of all files to what is desired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date

from reconciler.manifests.access import AccessReader, read_members
from reconciler.manifests.approvals import AddressBook, ApprovalReader, read_moves
from reconciler.manifests.assets import AssetReader
from reconciler.manifests.documents import (
    AnyOrganization,
    BusinessCenterDocument,
    DevelopersDocument,
    ManifestDocument,
)
from reconciler.manifests.lint import encoded_domain, note_ended, note_lookalikes, note_same_identities
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.people import PREFIX, Contacts, GroupDirectory, read_owners, read_people
from reconciler.manifests.words import note_twice, read_interval, read_keys
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired, Mode, Organization
from reconciler.model.finding import Notes, Place
from reconciler.model.kinds import KINDS
from reconciler.model.suggestions import list_words, suggest_word
from reconciler.model.system import System, with_limits
from reconciler.model.values import dataclass
from reconciler.systems import get_system


def resolve(
    files: Sequence[tuple[ManifestDocument, Cursor]],
    *,
    digest: str,
    today: date | None,
    allowed_domains: Sequence[str],
    max_approval_days: int | None,
    emails: Mapping[str, Place],
    notes: Notes,
    partial: PartialRead,
) -> Desired:
    """What all manifests together want; wrong parts are left out after a finding."""
    contacts = Contacts(notes)
    people = read_people(files, contacts, notes, partial)
    directory = GroupDirectory(people, files, contacts, notes, partial)
    reader = _Reader(directory, notes, today)
    for document, top in files:
        reader.read(document, top.into("organizations"))
    note_same_identities(people, notes)
    note_ended(people, files, reader.resources, today, notes)
    for email, place in emails.items():
        contacts.read_email(email, place)
    note_lookalikes(contacts, allowed_domains, notes)
    book = AddressBook(
        organizations=reader.organizations, people=people, resources=reader.resources, notes=notes, today=today
    )
    approvals = ApprovalReader(book, max_approval_days)
    return Desired(
        people=people,
        organizations=reader.organizations,
        resources=reader.resources,
        groups={name: directory.expand(f"{PREFIX}{name}", group.place) for name, group in directory.groups.items()},
        approvals=tuple(approvals.read(files)),
        moves=tuple(read_moves(files, book)),
        group_owners={name: group.owners for name, group in directory.groups.items() if group.owners},
        allowed_domains=frozenset(map(encoded_domain, allowed_domains)),
        digest=digest,
    )


@dataclass(slots=True)
class _Reader:
    """Reads the organizations of one file after the other."""

    directory: GroupDirectory
    notes: Notes
    today: date | None
    organizations: dict[str, Organization] = field(default_factory=dict)
    resources: dict[str, dict[Address, Declared]] = field(default_factory=dict)
    ids: dict[tuple[str, str, str], Place] = field(default_factory=dict)
    days: dict[tuple[str, str], tuple[date | None, date | None]] = field(default_factory=dict)

    def read(self, document: ManifestDocument, top: Cursor) -> None:
        for key, written, spot in read_keys(document.organizations, top, self.notes):
            if key in self.organizations:
                note_twice(f"the organization `{key}`", spot.place, self.organizations[key].place, self.notes)
                continue
            organization = self.organizations[key] = self._organization(key, written, spot)
            declared = self._declared(organization, written, spot)
            if organization.manages:
                declared = _keep_managed(organization, declared, self.notes)
            self.resources[key] = {one.address: one for one in declared}

    def _organization(self, key: str, document: AnyOrganization, spot: Cursor) -> Organization:
        identity = _identity_of(document)
        first = self.ids.setdefault(("", document.system, identity), spot.place)
        if first != spot.place:
            message = f"`{key}` is the same organization as another: {identity}"
            self.notes.error("duplicate-id", message, spot.place, related=(first,))
        system = get_system(document.system, document.variant)
        if written := document.limits.keys_written:
            at = spot.into("limits")
            agreed = {name: (getattr(document.limits, name), str(at.key(name))) for name in sorted(written)}
            system = with_limits(system, agreed)
        return Organization(
            key=key,
            system=system,
            manages=_read_manages(document.manages, system, spot, self.notes),
            mode=Mode(document.mode),
            identity=identity,
            name=document.name,
            owners=read_owners(document.owners, spot.into("owners"), self.directory, self.notes),
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
        access = AccessReader(
            organization=key,
            system=organization.system,
            takes_highest=document.on_conflict == "highest",
            directory=self.directory,
            notes=self.notes,
            today=self.today,
            days=self.days,
        )
        members = read_members(document, spot, access)
        yield from members
        keys = {member.address.key for member in members}
        yield from AssetReader(document=document, members=keys, access=access, ids=self.ids).read(spot)


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
