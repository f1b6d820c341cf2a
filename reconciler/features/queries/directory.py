"""Looking people up, and reading only those manifests that a question is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.features.queries.mentions import may_mention
from reconciler.manifests.load import SourceFile, load_manifests
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.people import Contacts
from reconciler.manifests.source import parse_file
from reconciler.model.declared import Desired, Person
from reconciler.model.errors import ManifestError
from reconciler.model.finding import Notes

_SECTIONS = ("people", "groups")
_NUMBER = re.compile(r"\+?[\d\s().-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Who there is and who is in which group, as far as the manifests can be read."""

    people: Mapping[str, Person]
    groups: Mapping[str, frozenset[str]]
    """Group -> everybody in it, also through groups inside it."""

    def groups_of(self, key: str) -> tuple[str, ...]:
        """All groups a person is in, by name."""
        return tuple(sorted(name for name, members in self.groups.items() if key in members))

    def find(self, text: str) -> Person | None:
        """The person with this key, else with this e-mail address, phone number or handle; see `find_in`."""
        return find_in(self.people, text)


def find_in(people: Mapping[str, Person], text: str) -> Person | None:
    """The person with this key, else the only one with this e-mail address, phone number or handle.

    Else the only one with this key in other capitals.
    """
    if text in people:
        return people[text]
    wanted = {normal_identity(text), f"@{normal_identity(text)}"}
    matching = [
        person for person in people.values() if not wanted.isdisjoint(map(normal_identity, person.identities.values()))
    ] or [person for person in people.values() if person.key.lower() == text.strip().lower()]
    return matching[0] if len(matching) == 1 else None


def normal_identity(text: str) -> str:
    """An identifier so that different ways to write it compare equal, such as `+34 600 111` and `+34600111`."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return "+" + "".join(filter(str.isdecimal, text))
    return text.lower()


def load_directory(files: Sequence[SourceFile]) -> Directory:
    """People and groups of all files. What is wrong with them is left to `load_about`."""
    from reconciler.manifests.documents import ManifestDocument
    from reconciler.manifests.people import PREFIX, read_people
    from reconciler.manifests.people import GroupDirectory as Names
    from reconciler.manifests.structure import check_structure

    notes, doubts = Notes(), PartialRead()
    parsed = [parse_file(file) for file in _holding_directory(files)]
    read = [
        (document, Cursor.at_top(one.file.path, one.node))
        for one in parsed
        if one.node is not None
        and (document := check_structure(ManifestDocument, one.node, one.file.path, notes, doubts)) is not None
    ]
    contacts = Contacts(notes)
    people = read_people(read, contacts, notes, doubts, {})
    names = Names(people, contacts, notes, doubts)
    names.read_groups(read)
    groups = {name: frozenset(names.expand(PREFIX + name, group.place)) for name, group in names.groups.items()}
    return Directory(people=people, groups=groups)


def load_about(files: Sequence[SourceFile], words: Iterable[str], *, today: date) -> Desired:
    """What the manifests say of everything whose name or holder is among the words; of the rest perhaps nothing.

    Whatever can be about the words is in a file that mentions one of them, because an organization is in one file as
    a whole; the directory is read in any case. When those files do not stand by themselves, all are read. Raises
    ManifestError only when even that does not help, so an error in a file that is not asked about does no harm.
    """
    words = tuple(words)
    directory = set(map(id, _holding_directory(files)))
    chosen = [file for file in files if id(file) in directory or may_mention(file.data, words)]
    manifests = load_manifests(chosen, today=today)
    if manifests.desired is None and len(chosen) < len(files):
        manifests = load_manifests(files, today=today)
    if manifests.desired is None:
        raise ManifestError(list(manifests.findings))
    return manifests.desired


def _holding_directory(files: Sequence[SourceFile]) -> list[SourceFile]:
    return [file for file in files if may_mention(file.data, _SECTIONS)]
