"""From the documents of all files to what is desired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from reconciler.manifests.access import Settling, read_members
from reconciler.manifests.approvals import (
    AddressBook,
    ApprovalTerms,
    consistent,
    each_once,
    once,
    read_approvals,
    read_moves,
)
from reconciler.manifests.assets import AssetReader, read_assets
from reconciler.manifests.documents import AnyOrganization, BusinessCenterDocument, DevelopersDocument, ManifestDocument
from reconciler.manifests.lint import note_lookalikes
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.people import Contacts, GroupDirectory, note_ended, read_people
from reconciler.manifests.words import note_twice, read_keys
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired, Mode, Organization
from reconciler.model.finding import Notes, Place
from reconciler.model.kinds import KINDS
from reconciler.model.suggestions import list_words, suggest_word
from reconciler.model.system import System, with_limits
from reconciler.systems import get_system

File = tuple[ManifestDocument, Cursor]


def resolve(
    files: Sequence[File],
    *,
    digest: str,
    today: date | None,
    allowed_domains: Sequence[str],
    max_approval_days: int | None,
    notes: Notes,
    doubts: PartialRead,
) -> Desired:
    """What all manifests together want; wrong parts are left out after a finding."""
    contacts = Contacts(notes)
    ends: dict[str, Place] = {}
    people = read_people(files, contacts, notes, doubts, ends)
    directory = GroupDirectory(people, contacts, notes, doubts)
    directory.read_groups(files)
    reader = _Reader(directory, notes, today)
    for document, top in files:
        reader.read(document, top.into("organizations"))
    note_ended(ends, people, reader.resources, today, notes)
    note_lookalikes(contacts.emails, allowed_domains, notes)
    book = AddressBook(
        organizations=reader.organizations,
        kinds={key: one.system.kinds for key, one in reader.organizations.items()},
        notes=notes,
    )
    terms = ApprovalTerms(book=book, declared=reader.resources, people=people, today=today, max_days=max_approval_days)
    return Desired(
        people=people,
        organizations=reader.organizations,
        resources=reader.resources,
        approvals=tuple(
            each_once(
                (
                    approval
                    for document, top in files
                    for approval in read_approvals(document.approvals, top.into("approvals"), terms)
                ),
                today,
                notes,
            )
        ),
        moves=tuple(
            consistent(
                once((move for doc, top in files for move in read_moves(doc.moved, top.into("moved"), book)), notes),
                resources=reader.resources,
                people=people,
                notes=notes,
            )
        ),
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

    def read(self, document: ManifestDocument, top: Cursor) -> None:
        for key, organization, spot in read_keys(document.organizations, top, self.notes):
            if key in self.organizations:
                note_twice(f"the organization `{key}`", spot.place, self.organizations[key].place, self.notes)
                continue
            self.organizations[key] = self._organization(key, organization, spot)
            declared = only_managed(
                self.organizations[key], self._declared(self.organizations[key], organization, spot), self.notes
            )
            self.resources[key] = {one.address: one for one in declared}

    def _organization(self, key: str, document: AnyOrganization, spot: Cursor) -> Organization:
        identity = _identity_of(document)
        first = self.ids.setdefault(("", document.system, identity), spot.place)
        if first != spot.place:
            message = f"`{key}` is the same organization as another: {identity}"
            self.notes.error("duplicate-id", message, spot.place, related=(first,))
        system = get_system(document.system, document.variant)
        if written := document.limits.model_fields_set:
            at = spot.into("limits")
            agreed = {name: (getattr(document.limits, name), str(at.key(name))) for name in sorted(written)}
            system = with_limits(system, agreed)
        return Organization(
            key=key,
            system=system,
            manages=read_manages(document.manages, system, spot, self.notes),
            mode=Mode(document.mode),
            identity=identity,
            name=document.name,
            deleted=document.deleted,
            place=spot.place,
        )

    def _declared(self, organization: Organization, document: AnyOrganization, spot: Cursor) -> Iterator[Declared]:
        """All resources of one organization; one that shall be deleted has none."""
        if organization.deleted:
            return
        key = organization.key
        yield Declared(address=Address.whole(key), identity=organization.identity, place=organization.place)
        settling = Settling(
            system=organization.system,
            kind="member",
            takes_highest=document.on_conflict == "highest",
            directory=self.directory,
            notes=self.notes,
            today=self.today,
        )
        members = read_members(key, document, spot, settling)
        yield from members
        reader = AssetReader(
            organization=key,
            members={member.address.key for member in members},
            settling=settling,
            ids=self.ids,
        )
        yield from read_assets(document, spot, reader)


def _identity_of(document: AnyOrganization) -> str:
    """What its system knows the organization by."""
    if isinstance(document, BusinessCenterDocument):
        return document.id
    if isinstance(document, DevelopersDocument):
        return document.name
    return document.handle.lower()


def read_manages(words: Sequence[str] | None, system: System, spot: Cursor, notes: Notes) -> frozenset[str]:
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
            advice = suggest_word(word, offered)
            if word in system.kinds and KINDS[word].parents:
                advice = f"it comes with {list_words(KINDS[word].parents)}"
            notes.error("unknown-value", f"`{word}` is no kind of thing here", place, advice=advice)
    return frozenset(found)


def only_managed(organization: Organization, declared: Iterable[Declared], notes: Notes) -> Iterator[Declared]:
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
