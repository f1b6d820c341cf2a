"""What one person has in all organizations, and who can reach an organization or one thing in it, and how."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from reconciler.apply.states import read_state_as_of
from reconciler.engine.holdings import (
    AccessIndex,
    AccessMatrix,
    Holding,
    OrganizationHoldings,
    PersonReport,
    Reach,
    find_reaches,
    is_owned_elsewhere,
)
from reconciler.features.queries.directory import (
    Directory,
    Sources,
    find_in,
    load_about,
    load_directory,
    normal_identity,
    read_states,
)
from reconciler.model import (
    KINDS,
    AccessHistory,
    Address,
    Desired,
    ManifestError,
    Move,
    Person,
    ReconcilerError,
    Shape,
    StateStore,
    StoreError,
    dataclass,
    parents_of,
    person_in,
    suggest_names,
)

_MAX_SHOWN = 12
"""As many names as anybody reads."""
_TOPICS = (Shape.MEMBERSHIP, Shape.ASSET)
"""What can be asked about."""


def access(text: str, sources: Sources) -> AccessMatrix:
    """The access matrix of an organization (its key), or its part about one asset, partner or member (an address).

    Raises ReconcilerError, naming what there is, when nothing has that address.
    """
    organization = text.partition("/")[0]
    index = read_index(organization, sources)
    try:
        about = find_topic(text, index)
    except ReconcilerError as error:
        if not index.is_from_log:
            raise
        command = f"`reconciler access {organization} --as-of {sources.as_of}`"
        advice = f"no state of {organization} is kept from then; {command} shows what it knows"
        message = f"the audit log knows nothing of {text!r} by the end of {sources.as_of}"
        raise ReconcilerError(message, advice=advice) from error
    return matrix_of(index, about, find_reaches(index), sources)


def matrix_of(index: AccessIndex, about: Address, reaches: Iterable[Reach], sources: Sources) -> AccessMatrix:
    """Of the cells those that are about it, with what belongs to them."""
    is_whole = about.kind == "organization"
    owned_elsewhere, connections = [], []
    for address, one in index.holdings.items():
        if is_owned_elsewhere(one) and (is_whole or about == address):
            owned_elsewhere.append(one)
        is_edge = len(address.parts) > 1 and not person_in(address) and not KINDS[address.kind].is_share
        if is_edge and (is_whole or about in parents_of(address)):
            connections.append(one)
    return AccessMatrix(
        address=about,
        system=index.system.name if index.system else "",
        title=index.system.title if index.system else "",
        today=sources.today,
        as_of=sources.as_of,
        reaches=tuple(one for one in reaches if is_whole or about in (one.on, one.subject)),
        has_no_state=index.has_no_state,
        is_from_log=index.is_from_log,
        last_read=index.last_read,
        owned_elsewhere=tuple(owned_elsewhere),
        connections=tuple(connections),
    )


def read_index(organization: str, sources: Sources, *, is_patient: bool = False) -> AccessIndex:
    """Everything declared and recorded of one organization; raises ReconcilerError when there is no such.

    Of a past day of which no state is kept, what the audit log had by then; raises StoreError where that is nothing,
    unless `is_patient`: then nothing is recorded.
    """
    known = sources.store.organizations()
    desired = load_about(sources, [organization])
    if organization not in known and organization not in desired.organizations:
        everything = {*known, *load_about(sources, [""]).organizations}
        listed = f"there are: {', '.join(sorted(everything))}" if len(everything) <= _MAX_SHOWN else ""
        message = f"there is no organization {organization!r}: not in the manifests, and without a recorded state"
        advice = suggest_names(organization, everything) or _find_elsewhere(organization, sources, everything)
        raise ReconcilerError(message, advice=advice or listed)
    recorded = read_states(sources, organizations=[organization])
    if organization in recorded.not_kept and organization in known and not is_patient:
        sources.read_state(organization)  # which says what is kept
    return recorded.index(organization, desired)


def _find_elsewhere(key: str, sources: Sources, organizations: Iterable[str]) -> str:
    """Advice with the whole addresses of assets and members that have this key, where its organization was left out."""
    desired = load_about(sources, organizations)
    found = [str(one) for one in desired.everything if one.key == key and KINDS[one.kind].shape in _TOPICS]
    return suggest_names(key, found)


def find_topic(text: str, index: AccessIndex) -> Address:
    """The address that is asked about; that of the organization for its mere key."""
    whole = Address.whole(index.organization)
    if text in (index.organization, str(whole)):
        return whole
    topics = {str(address): address for address in index.holdings if KINDS[address.kind].shape in _TOPICS}
    if text in topics:
        return topics[text]
    former = {str(before): now for before, now in index.former.items()}
    if text in former:
        return former[text]
    near = "" if "*" in text else suggest_names(text, topics)
    advice = near or f"ask for {index.organization} to see everything that is in it"
    raise ReconcilerError(f"nothing in {index.organization} is called {text!r}", advice=advice)


_WHOM_TO_NAME = "name the key of somebody under `people:`, or an address or number that they are known by"
_MEMBER = re.compile(rb'"[^"/]+/member/([^"/]+)"')
"""An address in a stored state."""


def who(text: str, sources: Sources) -> PersonReport:
    """Everything the person with this key, e-mail address, phone number or handle has.

    Reads of manifests and states only what can mention them. Raises ReconcilerError, naming people who are called
    something like it, when nobody is known by it.
    """
    store, as_of = sources.store, sources.as_of
    directory = load_directory(sources.files)
    person = find_in(directory.people, text)
    names = names_of(person, text, directory.people.keys())
    groups = (f"group:{group}" for key in names.keys for group in directory.groups_of.get(key, ()))
    desired = load_about(sources, {*names.words, *groups})
    names, members = names.with_earlier(desired.moves), Members(directory.people, desired.moves)
    recorded = read_states(sources, words=names.words)
    answer = PersonReport(
        key=text,
        person=person,
        today=sources.today,
        as_of=as_of,
        from_log=tuple(recorded.from_log),
        not_kept=recorded.not_kept,
    )
    parts: list[OrganizationHoldings] = []
    without_state: list[str] = []
    for organization in sorted({*desired.resources, *recorded.kept, *recorded.from_log}):
        index = recorded.index(organization, desired)
        keys = members.called(names, index)
        if person is None and (today := directory.people.keys() & keys.values()):
            return who(min(today), sources)
        if holdings := [one for one in index.holdings.values() if not keys.keys().isdisjoint(one.people)]:
            parts.append(holdings_in(index, holdings))
            is_unrecorded = not as_of and all(one.recorded is None for one in holdings)
            if is_unrecorded and sources.read_state(organization).tells_nothing:
                without_state.append(organization)  # nothing is known to be absent
    key = person.key if person else _key_in(parts, names)
    if not key:
        if now := _key_of_today(text, sources):
            return who(now, sources)
        key, gone = find_past(text, sources)
        if gone:
            return replace(answer, key=key, past=gone)
        raise unknown_person(text, directory, store)
    told = sources.read_histories(person=key) if recorded.from_log else {}
    if not as_of and not store.organizations():  # they may have access that no manifest mentions
        with suppress(ManifestError):  # what is wrong elsewhere keeps no answer back
            without_state = sorted(load_about(sources, [""]).organizations)
    return replace(
        answer,
        key=key,
        groups=directory.groups_of.get(key, ()),
        organizations=tuple(parts),
        past=tuple(one for at, one in sorted(told.items()) if at.organization in recorded.from_log and one.ended),
        no_state=tuple(without_state),
    )


def _key_of_today(text: str, sources: Sources) -> str:
    """What somebody is called today whom a state knows under this key; empty when no state does."""
    recorded = read_states(sources, words=[text])
    desired = load_about(sources, [text, *recorded.kept]) if recorded.kept else Desired()
    for organization in sorted(recorded.kept):
        former = recorded.index(organization, desired).former
        if now := former.get(Address(organization, "member", text)):
            return now.key
    return ""


def find_past(text: str, sources: Sources) -> tuple[str, tuple[AccessHistory, ...]]:
    """What the audit log knows of somebody who is neither declared nor recorded any more, and the key they had."""
    for key in dict.fromkeys((text.strip(), text.strip().casefold(), _past_key(text, sources))):
        if key and (found := sources.read_histories(person=key)):
            return key, tuple(told for _, told in sorted(found.items()))
    return "", ()


def _past_key(text: str, sources: Sources) -> str:
    """The key of somebody who was known by this address or number, from the last state that had them as a member."""
    if not {"@", "+"} & set(text):
        return ""
    members = [told for told in sources.read_histories().values() if told.address.kind == "member"]
    ended = [(told.ended, told.address) for told in members if told.ended]
    for entry, address in sorted(ended, key=lambda one: -one[0].record):
        # The day before is found by its date alone; only who came and went on one day takes a look at every serial.
        for when in (entry.time.date() - timedelta(days=1), entry.serial - 1):
            with suppress(StoreError):
                record = read_state_as_of(sources.store, address.organization, when).records.get(address)
                if record is not None:
                    if normal_identity(record.identity) == normal_identity(text):
                        return address.key
                    break
    return ""


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What one person goes by."""

    keys: frozenset[str]
    """In addresses: the key, or the e-mail address of somebody who was not in the directory yet."""
    identities: frozenset[str]
    """In the systems, normalised."""

    @property
    def words(self) -> frozenset[str]:
        """All of them, for looking for texts about the person."""
        return self.keys | self.identities

    def with_earlier(self, moves: Iterable[Move]) -> KnownNames:
        """With the keys that a manifest says the person had earlier."""
        steps, keys = _steps_of(moves), self.keys
        while earlier := {before for before, now in steps.items() if now in keys} - keys:
            keys |= earlier
        return KnownNames(keys, self.identities)


def _steps_of(moves: Iterable[Move]) -> dict[str, str]:
    return {move.source.key: move.target.key for move in moves if move.target.kind == "member"}


class Members:
    """Who somebody in an organization is today, on whatever day that was recorded: one rule for one and for all."""

    def __init__(self, people: Mapping[str, Person], moves: Iterable[Move]) -> None:
        self._people, self._steps = people, _steps_of(moves)
        self._known = {normal_identity(name): key for key, one in people.items() for name in one.identities.values()}

    def today(self, key: str, index: AccessIndex) -> str:
        """The key of today: of whoever has this one, else was moved from it, else is known by it or by its address.

        What is recorded of somebody with a key stays theirs, although their address may be another's by now.
        """
        now, passed = key, set[str]()
        while now not in self._people and now in self._steps and now not in passed:
            passed.add(now)
            now = self._steps[now]
        if now in self._people:
            return now
        names = map(normal_identity, (key, *index.identities_of(key)))
        return next((self._known[name] for name in names if name in self._known), key)

    def called(self, names: KnownNames, index: AccessIndex) -> dict[str, str]:
        """The keys in an organization of whoever goes by these names, or is known there by them -> the key of today."""
        found = {}
        for key in {key for one in index.holdings.values() for key in one.people}:
            now = self.today(key, index)
            known = () if now in self._people else map(normal_identity, index.identities_of(key))
            if not names.keys.isdisjoint((key, now)) or not names.identities.isdisjoint(known):
                found[key] = now
        return found


def names_of(person: Person | None, text: str, others: Collection[str]) -> KnownNames:
    """What a person goes by; somebody who is not in the directory has none of its keys, however they are written."""
    if person is None:
        keys = frozenset({text.strip(), text.strip().casefold()}).difference(others)
        return KnownNames(keys, frozenset({normal_identity(text)}))
    identities = frozenset(person.identities.values())
    return KnownNames(identities | {person.key}, frozenset(map(normal_identity, identities)))


def holdings_in(index: AccessIndex, holdings: Iterable[Holding]) -> OrganizationHoldings:
    """What one person has in an organization, the membership first."""
    sorted_holdings = tuple(sorted(holdings, key=lambda one: one.address.kind != "member"))
    return OrganizationHoldings(
        organization=index.organization,
        system=index.system.name if index.system else "",
        title=index.system.title if index.system else "",
        administers=any(index.administers(one.address.key) for one in sorted_holdings if one.address.kind == "member"),
        holdings=sorted_holdings,
        last_read=index.last_read,
    )


def _key_in(parts: Iterable[OrganizationHoldings], names: KnownNames) -> str:
    """What somebody who is not in the directory is called in the records; the name that is asked for comes first."""
    keys = {person_in(one.address) for organization in parts for one in organization.holdings} - {""}
    return min(keys or names.keys if parts else (), key=lambda key: (key not in names.keys, key), default="")


def unknown_person(text: str, directory: Directory, store: StateStore) -> ReconcilerError:
    """What to say where nobody is known by a name, with those that are near."""
    known = {*directory.people, *(name for person in directory.people.values() for name in person.identities.values())}
    # States are read as a whole only here, to advise somebody who has found nothing.
    for stored in map(store.read, store.organizations()):
        known |= {name.decode(errors="replace") for name in _MEMBER.findall(stored.snapshot or b"")}
    message = f"nobody is known as {text!r}: not in the manifests, the recorded states or the audit log"
    return ReconcilerError(message, advice=suggest_names(text, known) or _WHOM_TO_NAME)
