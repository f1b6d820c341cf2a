"""Groups of people, which may contain other groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from reconciler.manifests.contacts import Contacts
from reconciler.manifests.documents import ManifestDocument
from reconciler.manifests.doubts import Doubts
from reconciler.manifests.keys import note_listed_twice, note_twice, read_keys
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.manifests.people import identity_for
from reconciler.model.declared import Person
from reconciler.model.finding import Place
from reconciler.model.suggestions import suggest_word
from reconciler.model.system import System

PREFIX = "group:"


@dataclass(slots=True)
class Group:
    """One group as it is written."""

    place: Place
    members: dict[str, Place] = field(default_factory=dict)
    """Key of a person, or e-mail address."""
    groups: dict[str, Place] = field(default_factory=dict)
    """Names of the groups inside."""


class GroupDirectory:
    """Everybody who can be named: people, groups, and addresses of people who are not in the manifests."""

    def __init__(self, people: Mapping[str, Person], contacts: Contacts, notes: Notes, doubts: Doubts) -> None:
        self.people = people
        self.doubts = doubts
        self.groups: dict[str, Group] = {}
        self._contacts = contacts
        self._notes = notes
        self._members_of: dict[str, tuple[str, ...]] = {}
        self._person_by_identity = {
            identity: person.key for person in people.values() for identity in person.identities.values()
        }

    def read_groups(self, files: Sequence[tuple[ManifestDocument, Cursor]]) -> None:
        """Take in the groups of all files."""
        for document, top in files:
            for name, written, spot in read_keys(document.groups, top.into("groups"), self._notes):
                if name in self.groups:
                    note_twice(f"the group `{name}`", spot.place, self.groups[name].place, self._notes)
                    continue
                self.groups[name] = self._read_group(written.members, spot)
        for group in self.groups.values():
            group.groups = {name: place for name, place in group.groups.items() if self._is_group(name, place)}
        self._note_cycles()

    def _read_group(self, members: Sequence[str], spot: Cursor) -> Group:
        group = Group(spot.place)
        items = spot.into("members")
        note_listed_twice(members, items, self._notes)
        for index, item in enumerate(members):
            self._add_to(group, item, items.key(index))
        return group

    def _add_to(self, group: Group, item: str, place: Place) -> None:
        if item.startswith(PREFIX):
            group.groups.setdefault(item.removeprefix(PREFIX), place)
        elif key := self.find_person(item, place):
            group.members.setdefault(key, place)

    def _is_group(self, name: str, place: Place) -> bool:
        if name in self.groups:
            return True
        self._notes.error("unknown-group", f"there is no group `{name}`", place, advice=suggest_word(name, self.groups))
        return False

    def _note_cycles(self) -> None:
        """Report every circle once, and break it so that the next one is found."""
        while True:
            sorter = TopologicalSorter({name: list(group.groups) for name, group in self.groups.items()})
            try:
                sorter.prepare()
            except CycleError as error:
                circle: list[str] = error.args[1][::-1]  # graphlib lists contained before container
                first = circle.index(min(circle))
                circle = [*circle[first:-1], *circle[:first], circle[first]]
                place = self.groups[circle[-2]].groups.pop(circle[-1])
                message = f"groups contain each other: {' -> '.join(circle)}"
                self._notes.error("group-cycle", message, place, advice="take one of them out")
            else:
                return

    def find_person(self, who: str, place: Place) -> str:
        """The key under which a person or an address is known; empty after a finding."""
        if who in self.people:
            return who
        if "@" not in who:
            self._note_unknown(who, place)
            return ""
        email = self._contacts.read_email(who, place)
        if "/" in email:
            # The parts of an address are divided by slashes: `a/b@x` would pass for something of the person `a`.
            advice = "declare the person under `people` and write the key you give them there"
            self._notes.error("bad-key", f"`{email}` contains a slash and cannot be a key", place, advice=advice)
            return ""
        if email in self._person_by_identity:
            key = self._person_by_identity[email]
            message = f"`{who}` is an address of `{key}`"
            related = (self.people[key].place,)
            self._notes.error("email-of-person", message, place, advice=f"write `{key}`", related=related)
            return key
        return email

    def _note_unknown(self, who: str, place: Place) -> None:
        advice = f"write `{PREFIX}{who}`" if who in self.groups else suggest_word(who, self.people)
        advice = advice or "declare the person under `people`, or write an e-mail address"
        self._notes.error("unknown-person", f"there is no person `{who}`", place, advice=advice)

    def expand(self, who: str, place: Place) -> tuple[str, ...]:
        """The people behind a member key: one, or everybody in a group and in the groups inside it."""
        if not who.startswith(PREFIX):
            key = self.find_person(who, place)
            return (key,) if key else ()
        name = who.removeprefix(PREFIX)
        if name not in self._members_of:
            if not self._is_group(name, place):
                return ()
            self._members_of[name] = self._members(name)
        return self._members_of[name]

    def _members(self, name: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        seen = {name}
        waiting = [name]
        while waiting:
            group = self.groups[waiting.pop()]
            found.update(dict.fromkeys(group.members))
            waiting += [inner for inner in group.groups if inner not in seen]
            seen.update(group.groups)
        return tuple(found)

    def find_identity(self, who: str, system: System, via: str = "") -> str:
        """What a system knows somebody by; somebody who is not in the manifests is known by their address."""
        person = self.people.get(who)
        if person is None:
            return "" if via == "phone" else who
        return identity_for(person, system, via)
