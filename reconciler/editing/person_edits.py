"""Edits that make somebody leave or join, and entries for people and things that no manifest names yet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import count

from reconciler.editing.edits import Drop, Edit, Leave, Path, Put, depth_of, edit_manifest, render_patch
from reconciler.editing.entries import NotExpressible, path_of
from reconciler.editing.writer import Value
from reconciler.manifests.nodes import find_hidden, has_mixed_scripts, is_key, looks_like_secret
from reconciler.manifests.people import PREFIX, Contacts, key_of_address
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model import KINDS, Address, Notes, Person, Place, System, UsageError, dataclass, is_masked


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEdit:
    """What would be written into which files."""

    texts: Mapping[str, str]
    """Path -> new text, of the files that change."""
    patch: str
    """The same as a unified diff."""


def edit_all(files: Sequence[SourceFile], edits: Mapping[str, Sequence[Edit]]) -> ManifestEdit:
    """Carry edits out, file by file; raises EditError."""
    by_path = {file.path: file for file in files}
    texts = {path: edit_manifest(by_path[path], wanted) for path, wanted in sorted(edits.items()) if wanted}
    before = {path: parse_file(by_path[path]).text for path in texts}
    changed = {path: text for path, text in texts.items() if text != before[path]}
    return ManifestEdit(texts=changed, patch=render_patch({path: before[path] for path in changed}, changed))


def make_leave(files: Sequence[SourceFile], key: str, person: Person | None, *, on: date, today: date) -> ManifestEdit:
    """The edit after which somebody has no access from a UTC day on.

    Whoever is in the directory gets `ends`, which covers everything and keeps what they had readable; an end that has
    passed stays. An e-mail address that stands where a person may stand is taken out, or ends with each of its
    memberships when the day is still to come.
    """
    if person is not None:
        has_left = person.ends is not None and person.ends <= min(on, today)
        edits: list[Edit] = [] if has_left else [Put(path=("people", key, "ends"), value=on.isoformat())]
        return edit_all(files, {person.place.file: edits})
    return edit_all(files, {file.path: list(_edits_in(file, key, on if on > today else None)) for file in files})


def _edits_in(file: SourceFile, key: str, expires: date | None) -> Iterator[Edit]:
    """What takes somebody out, or ends the memberships that their other access goes with."""
    for path, name, holder in _mentions(parse_file(file).node, key, ()):
        here = (*path, name)
        if expires is None:
            yield Leave(path=path, item=name) if isinstance(holder, list) else _drop_entry(here)
        elif path[0] == "groups":
            advice = f"give them an entry under `people`, or run this again on {expires}"
            raise UsageError(f"{key} is in {path[1]}, and a group has no end for its members", advice=advice)
        elif path[-1] == "members":
            terms, day = holder[name] if isinstance(holder, dict) else None, expires.isoformat()
            if not isinstance(terms, dict):  # what is written as a word becomes a mapping
                yield Put(path=here, value={"role": str(terms), "expires": day})
            elif str(terms.get("expires", day)) >= day:  # nothing lasts longer because somebody leaves
                yield Put(path=(*here, "expires"), value=day)


def _drop_entry(path: Path) -> Drop:
    """Take out an entry of a section, and the section when it is empty then.

    What has the section stays: an asset also when nobody has access to it any more.
    """
    return Drop(path=path, keep=len(path) - 2)


def _mentions(node: object, key: str, path: Path) -> Iterator[tuple[Path, str, object]]:
    """Where somebody is named as a member, or as having access: path of the mapping or list, their name there, and it.

    Under organizations and groups alone: `people` has keys of its own.
    """
    if not isinstance(node, dict):
        return
    for name, inner in node.items():
        here = (*path, str(name))
        if path[:1] in (("organizations",), ("groups",)) and name in {"members", "access"}:
            wanted = key_of_address(key)
            spelled = (str(one) for one in inner or () if key_of_address(str(one)) == wanted)
            for one in dict.fromkeys(spelled):  # an address may stand there in several spellings
                yield here, one, inner
        else:
            yield from _mentions(inner, key, here)


@dataclass(frozen=True, slots=True)
class GroupLists:
    """Group -> what it lists: people, addresses and `group:NAME`."""

    listed: Mapping[str, tuple[str, ...]]

    def of(self, person: str) -> tuple[str, ...]:
        """The groups that list somebody themselves, by name."""
        return tuple(sorted(name for name, items in self.listed.items() if _as_spelled(person, items) in items))

    def giving_through(self, group: str) -> frozenset[str]:
        """A group and all groups around it, as `group:NAME`: whoever joins it has what any of them is given."""
        found: set[str] = set()
        waiting = [f"{PREFIX}{group}"]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [f"{PREFIX}{outer}" for outer, items in self.listed.items() if name in items]
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Written:
    """Where something is declared, spelled as it is there."""

    file: str
    path: Path
    value: object
    """None where nothing stands there."""


class ManifestIndex:
    """Where things are declared in a set of files, and the edits that take them out."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._files = {file.path: file for file in sorted(files, key=lambda file: file.path)}
        self._nodes = {path: parse_file(file).node for path, file in self._files.items()}

    @cached_property
    def groups(self) -> GroupLists:
        """What groups list; what is malformed is left to the reader of manifests."""
        listed: dict[str, tuple[str, ...]] = {}
        for node in self._nodes.values():
            groups = node.get("groups") if node is not None else None
            for name, group in groups.items() if isinstance(groups, dict) else ():
                members = group.get("members") if isinstance(group, dict) else None
                listed[name] = tuple(map(str, members)) if isinstance(members, list) else ()
        return GroupLists(listed)

    def find_file(self, path: Path) -> SourceFile | None:
        """The file in which most of a path is written already; the first by name where several have as much."""
        depths = {name: depth_of(node, path) for name, node in self._nodes.items()}
        return self._files[max(depths, key=depths.__getitem__)] if any(depths.values()) else None

    def find(self, path: Path) -> Written:
        """Where a path is written, in the file that has most of it."""
        begun = self.find_file(path)
        file = begun.path if begun else next(iter(self._files))
        node: object = self._nodes[file]
        found: list[str] = []
        for part in path:
            keys = node if isinstance(node, dict) else {}
            found.append(_as_spelled(part, keys))
            node = keys.get(found[-1])
        return Written(file, tuple(found), node)

    def take_out(self, address: Address) -> tuple[str, Edit]:
        """The file that declares something by its own name, and the edit after which it does not."""
        found = self.find(path_of(address))
        if KINDS[address.kind].is_item:
            return found.file, Leave(path=found.path, item=_as_spelled(address.parts[-1], _items(found.value)))
        return found.file, _drop_entry(found.path)

    def leave_group(self, group: str, person: str) -> tuple[str, Edit]:
        """The file with a group, and the edit after which it does not list somebody."""
        found = self.find(("groups", group, "members"))
        return found.file, Leave(path=found.path, item=_as_spelled(person, _items(found.value)))


def _items(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []


def _as_spelled(name: str, names: Collection[str]) -> str:
    """A name as it stands among others: an e-mail address can be spelled in several ways."""
    if name in names or "@" not in name:
        return name
    wanted = key_of_address(name)
    return next((one for one in names if key_of_address(one) == wanted), name)


_MAX_NAME = 100
_MAX_KEY = 60
_NOWHERE = Place("", 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody who is to be added to the people of the manifests."""

    key: str
    entry: Value


def introduce(identity: str, system: System, *, shown: str, name: str, taken: Container[str]) -> NewPerson:
    """The person behind an identity; raises NotExpressible where that is no whole address or number.

    `shown` is what the system shows of it. Nothing is ever guessed: an address with stars in it is no address.
    """
    called = clean_name(name)
    if is_masked(shown):
        who = f", and its name as {called!r}" if called else ""
        raise NotExpressible(f"its address is only shown as {shown.partition('#')[0]!r}{who}")
    named: dict[str, Value] = {"name": called} if called else {}
    notes = Notes()
    contacts = Contacts(notes)
    if "@" in identity.strip("@"):
        email = contacts.read_email(identity, _NOWHERE)
        if notes.has_errors or email != identity.lower() or "/" in email or has_mixed_scripts(email):
            raise NotExpressible(f"{identity!r} is no address that can be declared")
        # What stands before the @; then with the domain's own word, as it tells two Anas apart.
        local, _, domain = email.partition("@")
        short = slug(local.partition("+")[0]) or "person"
        whose = slug(domain.split(".")[-2] if "." in domain else domain) or "other"
        return NewPerson(key=choose_key(_slugs(short, f"{short}-{whose}"), taken), entry={**named, "email": email})
    if identity.startswith("+") and "phone" in system.identifiers:
        phone = contacts.read_phone(identity, _NOWHERE)
        if notes.has_errors or phone != identity:
            raise NotExpressible(f"{identity!r} is no phone number that can be declared")
        wishes = _slugs(called, f"phone-{phone.removeprefix('+')}")
        return NewPerson(key=choose_key(wishes, taken), entry={**named, "identities": {"phone": phone}})
    raise NotExpressible("the system shows neither an e-mail address nor a phone number of it")


def key_for_thing(identity: str, name: str, taken: Container[str]) -> str:
    """A key for an asset, a partner or an organization, from its name if it has one."""
    plain = slug(identity.removeprefix("@")) or "unnamed"
    named = slug(clean_name(name))
    return choose_key([named, f"{named}-{plain[-4:]}", plain] if named else [plain], taken)


def clean_name(name: str) -> str:
    """A name from outside, if it can stand in a reviewed file; else nothing."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    is_fine = name.isprintable() and not find_hidden(name) and not looks_like_secret(name)
    return name if is_fine and len(name) <= _MAX_NAME else ""


def slug(text: str) -> str:
    """Words in lower case with dashes between them; empty when nothing is left that could be a key."""
    short = re.sub(r"[^\w.+-]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-.+_")[:_MAX_KEY]
    short = short.strip("-.+_")
    return short if is_key(short) and not looks_like_secret(short) else ""


def _slugs(*wishes: str) -> Iterator[str]:
    return filter(None, map(slug, wishes))


def choose_key(wishes: Iterable[str], taken: Container[str]) -> str:
    """The first wish that is free as a key, else the last one with a number."""
    last = "unnamed"
    for last in wishes:
        if last not in taken:
            return last
    return next(name for number in count(2) if (name := f"{last}-{number}") not in taken)
