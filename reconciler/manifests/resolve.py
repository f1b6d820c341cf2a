"""From the documents of all files to what is desired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from reconciler.manifests.approvals import (
    AddressBook,
    ApprovalTerms,
    consistent,
    each_once,
    once,
    read_approvals,
    read_moves,
)
from reconciler.manifests.assets import AssetReader
from reconciler.manifests.business_center import read_business_center
from reconciler.manifests.business_center_documents import BusinessCenterDocument
from reconciler.manifests.contacts import Contacts
from reconciler.manifests.days import read_day
from reconciler.manifests.documents import AnyOrganization, ManifestDocument
from reconciler.manifests.doubts import Doubts
from reconciler.manifests.grants import Settling
from reconciler.manifests.groups import GroupDirectory
from reconciler.manifests.keys import note_twice, read_keys
from reconciler.manifests.lookalikes import note_lookalikes
from reconciler.manifests.managing import only_managed, read_manages
from reconciler.manifests.members import read_members
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.manifests.organization_documents import DevelopersDocument
from reconciler.manifests.people import note_ended, read_people
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired, Mode, Organization
from reconciler.model.finding import Place
from reconciler.model.system import with_limits
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
    doubts: Doubts,
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
        yield Declared(
            address=Address(key, "organization", key), identity=organization.identity, place=organization.place
        )
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
        yield from _read_assets(document, spot, reader)


def _identity_of(document: AnyOrganization) -> str:
    """What its system knows the organization by."""
    if isinstance(document, BusinessCenterDocument):
        return document.id
    if isinstance(document, DevelopersDocument):
        return document.name
    return document.handle.lower()


def _read_assets(document: AnyOrganization, spot: Cursor, reader: AssetReader) -> Iterator[Declared]:
    if isinstance(document, BusinessCenterDocument):
        yield from read_business_center(document, spot, reader)
    elif isinstance(document, DevelopersDocument):
        yield from _read_developers(document, spot, reader)


def _read_developers(document: DevelopersDocument, spot: Cursor, reader: AssetReader) -> Iterator[Declared]:
    notes = reader.settling.notes
    owner = {"owner": f"organization:{reader.organization}"}
    for key, app, at in read_keys(document.apps, spot.into("apps"), notes):
        day = read_day(app.since, "since", at, notes)
        if bool(app.rightful_owner) != bool(app.since):
            missing = "since" if app.rightful_owner else "rightful_owner"
            advice = "write both: who vouches for it, and the day on which they said so"
            notes.error("missing-key", f"`{key}` lacks `{missing}`", at.place, advice=advice)
        vouched = {"rightful_owner": f"{app.rightful_owner}, since {day}"} if app.rightful_owner and day else {}
        yield reader.asset(
            "app", key, app, at, identity=app.client_key, attributes=owner, details=vouched, owned_by_one=True
        )
        yield from reader.role_access("app_access", key, app.access, at)
    if document.research_projects and document.kind != "research":
        message = "a research project cannot be in an organization that TikTok did not make for it"
        advice = "write `kind: research` if TikTok made it, or take the projects out"
        notes.error("research-project", message, spot.key("research_projects"), advice=advice)
