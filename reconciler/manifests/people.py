"""The directory: who there is and what each system knows them by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from reconciler.manifests.contacts import Contacts
from reconciler.manifests.days import read_day, read_span
from reconciler.manifests.documents import IdentitiesDocument, ManifestDocument, PersonDocument
from reconciler.manifests.doubts import Doubts
from reconciler.manifests.keys import note_twice, read_keys
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.model.address import Address
from reconciler.model.declared import Person
from reconciler.model.finding import Place
from reconciler.model.kinds import person_in
from reconciler.model.system import System
from reconciler.systems import SYSTEMS


def read_people(
    files: Sequence[tuple[ManifestDocument, Cursor]],
    contacts: Contacts,
    notes: Notes,
    doubts: Doubts,
    ends: dict[str, Place],
) -> dict[str, Person]:
    """All people of all files by key; where it says when they end goes to `ends`."""
    people: dict[str, Person] = {}
    for document, top in files:
        for key, person, spot in read_keys(document.people, top.into("people"), notes):
            if key in people:
                note_twice(f"the person `{key}`", spot.place, people[key].place, notes)
                continue
            people[key] = _read_person(key, person, spot, contacts, notes)
            if len(people[key].identities) < _count_identities(person):
                doubts.people.add(key)
            if people[key].ends:
                ends[key] = spot.value("ends")
    _note_same_identities(people, notes)
    return people


def _read_person(key: str, document: PersonDocument, spot: Cursor, contacts: Contacts, notes: Notes) -> Person:
    starts, ends = read_span(document.starts, document.ends, "ends", spot, notes)
    return Person(
        key=key,
        name=document.name,
        identities=_read_identities(document, spot, contacts),
        employment=document.employment,
        starts=starts,
        ends=ends,
        statements=_read_statements(document, spot, notes),
        unregistered=frozenset(
            name for name in document.registered.model_fields_set if getattr(document.registered, name) is False
        ),
        place=spot.place,
    )


def _read_statements(document: PersonDocument, spot: Cursor, notes: Notes) -> dict[str, date]:
    written = document.statements
    if "statements" not in document.model_fields_set:
        return {}
    days = {
        name: read_day(getattr(written, name), name, spot.into("statements"), notes)
        for name in sorted(written.model_fields_set)
    }
    return {name: day for name, day in days.items() if day}


def _count_identities(document: PersonDocument) -> int:
    return bool(document.email) + len(document.identities.model_fields_set)


def _read_identities(document: PersonDocument, spot: Cursor, contacts: Contacts) -> dict[str, str]:
    """What is written, normalised; what is missing or malformed is left out."""
    found: dict[str, str] = {}
    if document.email:
        found["email"] = contacts.read_email(document.email, spot.value("email"))
    written: IdentitiesDocument = document.identities
    if "identities" in document.model_fields_set:
        at = spot.into("identities")
        for name in sorted(written.model_fields_set):
            found[name] = _read_identity(name, getattr(written, name), at.value(name), contacts)
    return {name: value for name, value in found.items() if value}


def _read_identity(name: str, text: str, place: Place, contacts: Contacts) -> str:
    if name == "phone":
        return contacts.read_phone(text, place)
    if name not in SYSTEMS:
        return text.lower()
    return contacts.read(text, place, phone_allowed=_accepts_phone(name))


def _accepts_phone(system: str) -> bool:
    return any("phone" in variant.identifiers for variant in SYSTEMS[system].values())


def note_ended(
    ends: Mapping[str, Place],
    people: Mapping[str, Person],
    resources: Mapping[str, Iterable[Address]],
    today: date | None,
    notes: Notes,
) -> None:
    """Who has left, and in how many organizations lines still name them."""
    ended = {key: day for key in ends if today and (day := people[key].ends) and day <= today}
    in_lines = [{person_in(address) for address in found} for found in resources.values()] if ended else []
    for key, day in ended.items():
        named = sum(key in found for found in in_lines)
        still = f"; {named} {'organization still names' if named == 1 else 'organizations still name'} them"
        message = f"`{key}` should have no access since {day}{still if named else ''}"
        notes.note("ended-person", message, ends[key], advice="delete the person once a plan is empty")


def _note_same_identities(people: Mapping[str, Person], notes: Notes) -> None:
    """Two people who are one to some system: whoever is invited there, somebody else may come in."""
    told: set[tuple[str, str]] = set()
    for name in ("email", "phone", "tiktok", "business_center_id", *SYSTEMS):
        seen: dict[str, Person] = {}
        for person in people.values():
            identity = person.identities.get(name) or (person.identities.get("email", "") if name in SYSTEMS else "")
            first = seen.setdefault(identity, person)
            if not identity or first is person or (first.key, person.key) in told:
                continue
            told.add((first.key, person.key))
            message = f"`{person.key}` and `{first.key}` are both {identity} ({name})"
            advice = "give each their own, or make them one person"
            notes.error("same-identity", message, person.place, advice=advice, related=(first.place,))


def identity_for(person: Person, system: System, via: str = "") -> str:
    """What a system knows a person by: its own identity for them, else phone or e-mail; empty when there is none."""
    return person.identities.get(system.name) or person.identities.get("phone" if via == "phone" else "email", "")
