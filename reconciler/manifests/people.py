"""The directory: who there is, what each system knows them by, and the groups they are in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date

from reconciler.manifests.documents import ManifestDocument, PersonDocument
from reconciler.manifests.nodes import Cursor, note_listed_twice, note_twice, read_day, read_keys, read_span
from reconciler.manifests.source import PartialRead
from reconciler.model import Notes, Person, Place, System, dataclass, suggest_word
from reconciler.systems.catalogue import SYSTEMS

# What nearly all addresses look like; only the others are worth the time that a full check takes.
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,20}"
)
_MAX_PLAIN = 100
_MAX_LOCAL = 64
_MAX_SEEN = 20_000
_PLAIN_LOCAL = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")


Files = Sequence[tuple[ManifestDocument, Cursor]]
"""What stands in each file, and a cursor at its top."""


class Contacts:
    """Reads addresses and remembers what of them has to be compared."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._seen: set[str] = set()
        """Some of the addresses that were read, because most are written several times."""
        self._plain_domains: set[str] = set()
        self.domains: dict[str, str] = {}
        """Domain -> the address in it; empty where there are several."""
        self.telling: dict[str, Place] = {}
        """Unusual addresses, and one plain one of each domain -> where each was first written."""

    def read_email(self, text: str, place: Place) -> str:
        """The address in lower case with an ASCII domain; empty after a finding."""
        email = text.lower()
        if email in self._seen or self.read_usual(email):
            return email
        local, _, domain = email.partition("@")
        if not _PLAIN_EMAIL.fullmatch(email) or len(email) > _MAX_PLAIN or len(local) > _MAX_LOCAL:
            email = self._checked(text, place)
            if not email or email in self._seen:
                return email
            domain = email.rpartition("@")[2]
        else:
            self._plain_domains.add(domain)
        self.telling.setdefault(email, place)
        self._note(email, domain)
        return email

    def read_usual(self, text: str) -> str:
        """An address that is as plain as another one of its domain; empty where there is more to look at."""
        local, _, domain = text.partition("@")
        if domain not in self._plain_domains or not _PLAIN_LOCAL.fullmatch(local):
            return ""
        if len(text) > _MAX_PLAIN or len(local) > _MAX_LOCAL:
            return ""
        if text not in self._seen:
            self._note(text, domain)
        return text

    def _note(self, email: str, domain: str) -> None:
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen.add(email)
        if self.domains.setdefault(domain, email) != email:
            self.domains[domain] = ""

    def _checked(self, text: str, place: Place) -> str:
        from email_validator import EmailNotValidError, validate_email

        try:
            valid = validate_email(text, check_deliverability=False)
        except EmailNotValidError:
            shown = text if text.isprintable() else ascii(text)[1:-1]
            message = f"`{shown}` is not an e-mail address: {_describe_bad_address(text)}"
            self._notes.error("bad-email", message, place)
            return ""
        return f"{valid.local_part}@{valid.ascii_domain}".lower()

    def read_phone(self, text: str, place: Place) -> str:
        """The number in the form +34600111222; empty after a finding."""
        import phonenumbers

        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            advice = "write it with its country code, such as +34600111222, in quotes"
            self._notes.error("bad-phone", f"`{text}` is not a phone number with a country code", place, advice=advice)
            return ""
        normal: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if not phonenumbers.is_possible_number(number):
            self._notes.error("bad-phone", f"no phone number has the form `{text}`", place)
            return ""
        if normal != text:
            message = f"`{text}` is not written the international way"
            self._notes.error("bad-phone", message, place, advice=f'write "{normal}"')
        return normal


def key_of_address(text: str) -> str:
    """The key of somebody who is only known by an address, however it is spelled; other texts in lower case."""
    text = text.strip()
    email = Contacts(Notes()).read_email(text, Place("", 1, 1)) if "@" in text[1:] else ""
    return email or text.casefold()


def _describe_bad_address(text: str) -> str:
    """The first reason that a person can see; which texts are addresses is for the library to say."""
    local, _, domain = text.rpartition("@")
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        return "it contains a space or an invisible character"
    reasons = {
        "it has no @": "@" not in text,
        "it has more than one @": "@" in local,
        "nothing stands before the @": not local,
        "nothing stands behind the @": not domain,
        "the part behind the @ has no period": "." not in domain,
        "a period stands at an end of a part, or beside another": ".." in text
        or any(part.startswith(".") or part.endswith(".") for part in (local, domain)),
        "it is too long": len(local) > 64 or len(text) > 254,
    }
    return next((reason for reason, holds in reasons.items() if holds), "no address may look like this")


def _read_person(key: str, document: PersonDocument, spot: Cursor, contacts: Contacts, notes: Notes) -> Person:
    starts, ends = read_span(document.starts, document.ends, "ends", spot, notes)
    statements: dict[str, date] = {}
    for name in sorted(document.statements.keys_written):
        if day := read_day(getattr(document.statements, name), name, spot.into("statements"), notes):
            statements[name] = day
    return Person(
        key=key,
        name=document.name,
        identities=_read_identities(document, spot, contacts),
        employment=document.employment,
        manager=document.manager,
        starts=starts,
        ends=ends,
        statements=statements,
        unregistered=frozenset(
            name for name in document.registered.keys_written if getattr(document.registered, name) is False
        ),
        language=document.language,
        place=spot.place,
    )


def _read_identities(document: PersonDocument, spot: Cursor, contacts: Contacts) -> dict[str, str]:
    """What is written, normalised; what is missing or malformed is left out."""
    found: dict[str, str] = {}
    if document.email:
        found["email"] = contacts.read_email(document.email, spot.value("email"))
    written = document.identities.keys_written
    at = spot.into("identities") if written else spot
    for name in sorted(written):
        text, place = getattr(document.identities, name), at.value(name)
        accepts_phone = name in SYSTEMS and any("phone" in one.identifiers for one in SYSTEMS[name].values())
        if name == "phone" or (accepts_phone and (text.startswith("+") or (text[:1].isdigit() and "@" not in text))):
            found[name] = contacts.read_phone(text, place)
        else:
            found[name] = contacts.read_email(text, place) if name in SYSTEMS else text.lower()
    return {name: value for name, value in found.items() if value}


PREFIX = "group:"


@dataclass(slots=True)
class Group:
    """One group as it is written."""

    place: Place
    members: dict[str, Place] = field(default_factory=dict)
    """Key of a person, or e-mail address."""
    groups: dict[str, Place] = field(default_factory=dict)
    """Names of the groups inside."""
    owners: tuple[str, ...] = ()
    """Keys of the people who answer for it."""


FORGE_NAME = re.compile(r"@[\w.-]+(?:/[\w.-]+)*")
"""`@name`, `@organization/team`, `@group/subgroup`."""


def find_circles(following: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """The names of each circle, one before what follows it, from the first name on; enters every name once."""
    entered: set[str] = set()
    for start in sorted(following):
        path: dict[str, Iterator[str]] = {}
        name: str | None = start
        while name is not None:
            if name in path:
                names = list(path)
                circle = names[names.index(name) :]
                first = circle.index(min(circle))
                yield [*circle[first:], *circle[:first]]
            elif name not in entered:
                entered.add(name)
                path[name] = iter(following.get(name, ()))
            while path and (name := next(path[next(reversed(path))], None)) is None:
                path.popitem()
            name = name if path else None


class GroupDirectory:
    """Everybody who can be named: people, groups, and addresses of people who are not in the manifests."""

    def __init__(self, files: Files, notes: Notes, partial: PartialRead) -> None:
        self.people: dict[str, Person] = {}
        self.partial = partial
        self.groups: dict[str, Group] = {}
        self.contacts = Contacts(notes)
        self._notes = notes
        self._members_of: dict[str, tuple[str, ...]] = {}
        self._read_people(files)
        people = self.people.values()
        self.person_by_identity = {name: person.key for person in people for name in person.identities.values()}
        self._read_groups(files)

    def _read_people(self, files: Files) -> None:
        people, notes = self.people, self._notes
        managers: list[tuple[str, str, Place]] = []
        for document, top in files:
            for key, written, spot in read_keys(document.people, top.into("people"), notes):
                if key in people:
                    note_twice(f"the person `{key}`", spot.place, people[key].place, notes)
                    continue
                people[key] = _read_person(key, written, spot, self.contacts, notes)
                if written.manager:
                    managers.append((key, written.manager, spot.value("manager")))
                if len(people[key].identities) < bool(written.email) + len(written.identities.keys_written):
                    self.partial.people.add(key)
        for key, manager, place in managers:
            if manager == key:
                message = f"`{key}` cannot answer for their own access"
                notes.error("own-manager", message, place, advice="name somebody else")
            else:
                self._is_person(manager, place)

    def _read_groups(self, files: Files) -> None:
        found: list[tuple[str, Sequence[str], Cursor]] = []
        for document, top in files:
            for name, written, spot in read_keys(document.groups, top.into("groups"), self._notes):
                if name in self.groups:
                    note_twice(f"the group `{name}`", spot.place, self.groups[name].place, self._notes)
                    continue
                self.groups[name] = Group(spot.place, owners=self._read_owners(written.owners, spot.into("owners")))
                found.append((name, written.members, spot))
        # All names come before the first member: what is advised must not depend on the order of groups.
        for name, members, spot in found:
            self._read_members(name, members, spot.into("members"))
        for group in self.groups.values():
            group.groups = {name: place for name, place in group.groups.items() if self._is_group(name, place)}
        for circle in list(find_circles({name: group.groups for name, group in self.groups.items()})):
            inner = self.groups[circle[-1]].groups
            if circle[0] in inner:  # it was not broken already with another one
                place = inner.pop(circle[0])
                message = f"groups contain each other: {' -> '.join([*circle, circle[0]])}"
                self._notes.error("group-cycle", message, place, advice="take one of them out")

    def _read_owners(self, owners: Sequence[str], items: Cursor) -> tuple[str, ...]:
        """Those who are people of the directory: nobody else can be asked."""
        return tuple(owner for index, owner in enumerate(owners) if self._is_person(owner, items.key(index)))

    def _is_person(self, key: str, place: Place) -> bool:
        if key not in self.people:
            advice = suggest_word(key, self.people) or "name the key of somebody under `people`"
            self._notes.error("unknown-person", f"there is no person `{key}`", place, advice=advice)
        return key in self.people

    def _read_members(self, name: str, members: Sequence[str], items: Cursor) -> None:
        group = self.groups[name]
        note_listed_twice(members, items, self._notes)
        for index, item in enumerate(members):
            place = items.key(index)
            if item.startswith(PREFIX):
                group.groups.setdefault(item.removeprefix(PREFIX), place)
            elif key := self.find_person(item, place, within=name):
                group.members.setdefault(key, place)

    def _is_group(self, name: str, place: Place) -> bool:
        if name in self.groups:
            return True
        self._notes.error("unknown-group", f"there is no group `{name}`", place, advice=suggest_word(name, self.groups))
        return False

    def find_person(self, who: str, place: Place, *, within: str = "") -> str:
        """The key under which a person or an address is known; empty after a finding.

        `within` names the group that lists them: it cannot contain itself, so that is no advice.
        """
        if who in self.people:
            return who
        if "@" not in who:
            group = who.removeprefix("groups:")
            is_group = group in self.groups and group != within
            advice = f"write `{PREFIX}{group}`" if is_group else suggest_word(who, self.people)
            advice = advice or "declare the person under `people`, or write an e-mail address"
            self._notes.error("unknown-person", f"there is no person `{who}`", place, advice=advice)
            return ""
        email = self.contacts.read_email(who, place)
        if "/" in email:
            # The parts of an address are divided by slashes: `a/b@x` would pass for something of the person `a`.
            advice = "declare the person under `people` and write the key you give them there"
            self._notes.error("bad-key", f"`{email}` contains a slash and cannot be a key", place, advice=advice)
            return ""
        key = self.person_by_identity.get(email)
        if key is None:
            return email
        message, related = f"`{who}` is an address of `{key}`", (self.people[key].place,)
        self._notes.error("email-of-person", message, place, advice=f"write `{key}`", related=related)
        return key

    def expand(self, who: str, place: Place) -> tuple[str, ...]:
        """The people behind a member key: one, or everybody in a group and in the groups inside it."""
        if not who.startswith(PREFIX):
            key = self.find_person(who, place)
            return (key,) if key else ()
        name = who.removeprefix(PREFIX)
        if name not in self._members_of:
            if not self._is_group(name, place):
                return ()
            found: dict[str, None] = {}
            seen, waiting = {name}, [name]
            while waiting:
                group = self.groups[waiting.pop()]
                found.update(dict.fromkeys(group.members))
                waiting += [inner for inner in group.groups if inner not in seen]
                seen.update(group.groups)
            self._members_of[name] = tuple(found)
        return self._members_of[name]

    def find_identity(self, who: str, system: System, via: str = "") -> str:
        """What a system knows somebody by: its own identity for them, else phone or e-mail; empty when there is none.

        Somebody who is not in the manifests is known by their address.
        """
        person = self.people.get(who)
        if person is None:
            return "" if via == "phone" else who
        usual = "phone" if via == "phone" else "email"
        return person.identities.get(system.name) or person.identities.get(usual, "")

    def read_owners(self, written: Sequence[str], at: Cursor) -> tuple[str, ...]:
        """Who decides about something: what names nobody is left out after a finding; forge names are believed."""
        if not written:
            return ()
        note_listed_twice(written, at, self._notes)
        found: list[str] = []
        for index, who in enumerate(written):
            if FORGE_NAME.fullmatch(who) or self.expand(who, at.key(index)):
                found.append(who)
            elif who.startswith(PREFIX) and who.removeprefix(PREFIX) in self.groups:
                found.append(who)
                note_empty_owner(who, at.key(index), self._notes)
        return tuple(found)


def note_empty_owner(group: str, place: Place, notes: Notes) -> None:
    """A group that holds nobody decides about nothing."""
    message = f"`{group}` is to decide about this and has no members, so nobody is asked"
    notes.warning("empty-owner", message, place, advice="add somebody to the group, or name a person instead")
