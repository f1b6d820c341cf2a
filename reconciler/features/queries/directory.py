"""Looking people up, and reading only those manifests and recorded states that a question is about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache

from reconciler.apply.states import read_state, read_state_as_of
from reconciler.audit.log import AuditLog, Renames, Selection, under_later_names
from reconciler.engine.holdings import AccessIndex, index_access
from reconciler.manifests import load
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    KINDS,
    AccessHistory,
    Address,
    Desired,
    ManifestError,
    PastVersion,
    Person,
    ReconcilerError,
    Record,
    Shape,
    State,
    StateStore,
    Status,
    dataclass,
    parents_of,
    suggest_names,
)

_SECTIONS = ("people", "groups")
_NUMBER = re.compile(r"\+?[\d\s().-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Who there is and who is in which group, as far as the manifests can be read."""

    people: Mapping[str, Person]
    groups_of: Mapping[str, tuple[str, ...]]
    """Person -> all groups they are in, also through groups inside them."""


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


def require_in(people: Mapping[str, Person], text: str) -> Person:
    """The same; raises ReconcilerError, with those who are called alike, where it is nobody."""
    if (found := find_in(people, text)) is None:
        raise ReconcilerError(f"nobody is known as {text!r}", advice=suggest_names(text, people))
    return found


def key_in(people: Mapping[str, Person], text: str) -> str:
    """The key of somebody in the directory, or the e-mail address of somebody who is not."""
    text = text.strip()
    return text.lower() if find_in(people, text) is None and "@" in text[1:] else require_in(people, text).key


def require_somebody(name: str, known: Collection[str]) -> None:
    """Raises ReconcilerError when nobody is called so."""
    if name not in known:
        raise ReconcilerError(f"nobody is known as {name!r}", advice=suggest_names(name, filter(None, known)))


def normal_identity(text: str) -> str:
    """An identifier so that different ways to write it compare equal, such as `+34 600 111` and `+34600111`."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return "+" + "".join(filter(str.isdecimal, text))
    return text.lower()


def load_directory(files: Sequence[SourceFile]) -> Directory:
    """People and groups of all files. What is wrong with them is left to `load_about`."""
    found = load.load_directory(_holding_directory(files))
    groups_of: dict[str, tuple[str, ...]] = {}
    for name, members in sorted(found.groups.items()):
        for key in members:
            groups_of[key] = (*groups_of.get(key, ()), name)
    return Directory(people=found.people, groups_of=groups_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What an answer is made from, and the day that it is about."""

    files: Sequence[SourceFile]
    store: StateStore
    today: date
    as_of: date | None = None
    """A past UTC day, by what was recorded at its end; None for what is declared and recorded now."""

    def read_state(self, organization: str) -> State:
        """The state of one organization; raises StoreError when nothing is kept of that day."""
        if self.as_of is None:
            return read_state(self.store, organization)
        return read_state_as_of(self.store, organization, self.as_of)

    def list_without_state(self) -> list[str]:
        """The organizations that are declared and of which nothing is recorded."""
        return sorted(load_about(self, [""]).organizations.keys() - {*self.store.organizations()})

    def read_histories(self, *, organization: str = "", person: str = "") -> dict[Address, AccessHistory]:
        """What the audit log tells of each access by the end of that day, under the name that it has today."""
        selection = Selection(organization=organization, person=person, until=self.as_of)
        found = AuditLog(self.store).by_access(selection)
        return {address: AccessHistory.of(address, tuple(entries)) for address, entries in found.items()}


def load_about(sources: Sources, words: Iterable[str]) -> Desired:
    """What the manifests say of everything whose name or holder is among the words; of the rest perhaps nothing.

    Whatever can be about the words is in a file that mentions one of them, because an organization is in one file as
    a whole; the directory is read in any case. When those files do not stand by themselves, all are read. Raises
    ManifestError only when even that does not help, so an error in a file that is not asked about does no harm.
    """
    words, files, today = tuple(words), sources.files, sources.today
    directory = set(map(id, _holding_directory(files)))
    chosen = [file for file in files if id(file) in directory or may_mention(file.data, words)]
    manifests = load.load_manifests(chosen, today=today)
    if manifests.desired is None and len(chosen) < len(files):
        manifests = load.load_manifests(files, today=today)
    if manifests.desired is None:
        raise ManifestError(list(manifests.findings))
    return manifests.desired


def _holding_directory(files: Sequence[SourceFile]) -> list[SourceFile]:
    return [file for file in files if may_mention(file.data, _SECTIONS)]


_UNBROKEN = re.compile(r"[\w@.+:-]+", re.ASCII)
"""What stands in YAML and JSON as it is, on one line, wherever it may stand."""


def may_mention(data: bytes | None, words: Collection[str]) -> bool:
    """Whether a YAML or JSON text can contain one of the words as a value or a key, in any case.

    Never False for a text that does. A text of ASCII characters without a backslash can spell a word in no other way
    than with its own letters: both languages write everything else with a backslash, YAML but for the `'` in single
    quotes and for text broken at spaces, so only pieces without either are looked for. Every other text, and one that
    could not be read, may mention anything.
    """
    if data is None or not data.isascii() or b"\\" in data or b"\0" in data:
        return True
    text = data.lower()
    return any(piece in text for piece in map(_longest_piece, words) if piece is not None)


@cache  # asked for every file and state, of the same few words
def _longest_piece(word: str) -> bytes | None:
    """The longest part of a word that is never broken; None for a word that no ASCII text can hold."""
    folded = word.casefold()
    if not folded.isascii():
        return None
    return max(_UNBROKEN.findall(folded), key=len, default="").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStates:
    """What is remembered of a day; a state that is kept is read when it is asked for."""

    sources: Sources
    kept: frozenset[str]
    """Organizations with a state of that day, or of now."""
    from_log: Mapping[str, State]
    """Organizations of which no state is kept from that day or before -> what the audit log had of them by then."""
    not_kept: tuple[str, ...]
    """Organizations of which nothing at all is known of that day."""
    renames: Sequence[Renames] = ()
    """What got other names, of which those after a past day count: everything is told as it is called today."""

    def index(self, organization: str, desired: Desired) -> AccessIndex:
        """Everything known of one organization; of one that is neither kept nor in the log nothing is recorded."""
        state = self.from_log.get(organization, State(organization=organization))
        if organization in self.kept:
            state = under_later_names(self.sources.read_state(organization), self.renames)
        today, as_of, is_from_log = self.sources.today, self.sources.as_of, organization in self.from_log
        index = index_access(organization, desired=desired, state=state, today=today, as_of=as_of)
        return replace(index, is_from_log=is_from_log, has_no_state=index.has_no_state and not is_from_log)


def read_states(
    sources: Sources, *, organizations: Iterable[str] | None = None, words: Collection[str] | None = None
) -> RecordedStates:
    """The states of these organizations, by default of all, as far as they can mention one of the words.

    Reading bytes is much cheaper than reading states.
    """
    store, day, kept, not_kept = sources.store, sources.as_of, [], []
    renames = AuditLog(store).renames() if day else ()
    if words is not None:
        words = {known for word in words for known in (word, *_earlier_keys(word, renames))}
    for organization in store.organizations() if organizations is None else organizations:
        versions = store.history(organization) if day else []
        past = [version for version in versions if version.at.date() <= day] if day else []
        if day and not past:
            not_kept.append(organization)
        elif words is None:
            kept.append(organization)
        else:
            texts = _read_texts(store, organization, past[-1] if past and past[-1] != versions[-1] else None)
            kept += [organization] if any(may_mention(text, words) for text in texts) else []
    told = _read_states_from_log(sources, frozenset(not_kept))
    lost = tuple(organization for organization in not_kept if organization not in told)
    return RecordedStates(sources=sources, kept=frozenset(kept), from_log=told, not_kept=lost, renames=renames)


def _earlier_keys(key: str, renames: Sequence[Renames]) -> Iterator[str]:
    """What a person was called before, in whatever organization."""
    for one in reversed(renames):
        if (before := one.person_before(key)) != key:
            yield before
            key = before


def _read_texts(store: StateStore, organization: str, past: PastVersion | None) -> list[bytes]:
    """The texts behind a state of the past, or behind that of now."""
    if past is not None:
        return [store.read_past(organization, past.version)]
    stored = store.read(organization)
    return [*filter(None, [stored.snapshot]), *stored.journal]


def _read_states_from_log(sources: Sources, organizations: Collection[str]) -> dict[str, State]:
    """What the audit log had of each by the end of a past day; of one that it did not know by then, nothing.

    Nor where a state was put in place of another one by then: what that held is not in the log. A thing to which there
    was access was there.
    """
    if not organizations:
        return {}
    told: dict[str, dict[Address, Record]] = {}
    replaced = set()
    for address, history in sources.read_histories().items():
        if address.organization not in organizations:
            continue
        records = told.setdefault(address.organization, {})
        replaced |= {address.organization for entry in history.entries if entry.action in _REPLACES}
        if (left := history.left) is not None and address.kind in KINDS:
            records[address] = left
            for thing in parents_of(address):
                if KINDS[thing.kind].shape is Shape.ASSET:
                    records.setdefault(thing, Record(address=thing, attributes={}, status=Status.ACTIVE))
    return {
        organization: State(organization=organization, records=dict(sorted(records.items())))
        for organization, records in sorted(told.items())
        if organization not in replaced
    }


_REPLACES = ("state_push", "state_restore")
