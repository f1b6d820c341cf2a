"""Which of today's names each remembered thing has, told by what its system knows it by.

A record belongs to an account, an id, a handle or a client key, and not to the key that somebody chose for it in a
file. Everything that reads records, or compares two revisions of the manifests, asks here first, so that a renamed key
takes its whole past along and a key that means something else now inherits nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import TypeVar

from reconciler.model import (
    KINDS,
    STAR,
    Address,
    Change,
    Desired,
    Live,
    Move,
    Person,
    Record,
    Resource,
    Roster,
    Shape,
    State,
    System,
    dataclass,
    fingerprint_of,
    is_masked,
    rename_owner,
)

Name = tuple[str, str]
"""Kind and key of a member or an asset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """An account that was recorded as one person's and that the manifests give to another one."""

    identity: str
    recorded: str
    """Key of the person whose account it was when it was last seen."""
    declared: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMove:
    """A move that what is recorded contradicts, so that nothing follows it."""

    move: Move
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How remembered names of one organization are read today; what is not listed has kept its name."""

    keys: Mapping[Name, str] = field(default_factory=dict)
    """Remembered kind and key -> the key today. Something whose key means another one now goes by its identity."""
    recorded: frozenset[Name] = frozenset()
    """Those of `keys` of which something is known; the others are only mentioned somewhere."""
    displaced: frozenset[Name] = frozenset()
    """Those of `keys` that nobody declares any more and whose former key now means something else."""
    disputes: tuple[Dispute, ...] = ()
    refused: tuple[RefusedMove, ...] = ()

    def today(self, address: Address) -> Address:
        """The address today, of a thing or of what hangs on things."""
        if not self.keys:
            return address
        kinds = KINDS[address.kind].parents or (address.kind,)
        parts = [self.keys.get((kind, part), part) for kind, part in zip(kinds, address.parts, strict=True)]
        return Address(address.organization, address.kind, "/".join(parts))

    def person(self, key: str) -> str:
        """The key of a person today."""
        return self.keys.get(("member", key), key)


def identifiers_in(system: System, person: Person) -> tuple[str, ...]:
    """What a person may be known by in a system, the most specific first."""
    names = [person.identities.get(kind, "") for kind in (system.name, *system.identifiers, "email")]
    return tuple(dict.fromkeys(filter(None, names)))


class Identities:
    """What the manifests call whom and what; asked once for each organization whose records are read."""

    def __init__(self, desired: Desired) -> None:
        self._desired = desired
        self._directories: dict[str, dict[str, str]] = {}

    def find_another(self, organization: str, records: Mapping[Address, Record]) -> str:
        """What an organization was recorded as, where the manifests name another one under its key; else nothing."""
        declared = self._desired.organizations.get(organization)
        record = records.get(Address.whole(organization))
        if declared is None or record is None or not (record.identity and declared.identity):
            return ""
        # A handle is the same in any case; a name is what somebody chose to write.
        recorded, wanted = (
            one.identity.lower() if one.identity.startswith("@") else one.identity for one in (record, declared)
        )
        return "" if recorded == wanted else record.identity

    def keeps_all_names(self, state: State) -> bool:
        """Whether everything that is remembered is declared under its name, with the identity that it had.

        Says no in every doubt: `names` finds out then, and finds nothing where this says yes.
        """
        others = (state.deferred, state.in_doubt, state.orders, state.rosters, state.drift, state.waits)
        declared = self._desired.resources.get(state.organization)
        is_moved = any(move.source.organization == state.organization for move in self._desired.moves)
        if declared is None or is_moved or state.used_approvals or any(others):
            return False
        owned = [
            (at.kind, identity.lower())
            for at, one in declared.items()
            for identity in (one.identity, one.platform_id)
            if identity
        ]
        owners = set(owned)
        if len(owners) < len(owned):
            return False
        for address, record in state.records.items():
            wanted, kind = declared.get(address), KINDS[address.kind]
            if kind.parents:
                if any(
                    Address(address.organization, *name) not in state.records
                    for name in zip(kind.parents, address.parts, strict=True)
                ):
                    return False
            elif wanted is None or wanted.identity != record.identity or STAR in record.identity:
                return False
            elif address.kind == "member":
                if not record.identity:
                    return False
            elif record.platform_id != wanted.platform_id and (
                wanted.platform_id or (address.kind, record.platform_id.lower()) in owners
            ):
                return False
        return True

    def names(
        self,
        organization: str,
        things: Mapping[Address, str | None],
        *,
        numbers: Mapping[Address, str] | None = None,
        recorded: Container[Address] = (),
    ) -> Names:
        """The names of today for members and assets; `things` are remembered addresses -> identities.

        `numbers` are what the platform had for assets besides: under another number an identity is another asset's.
        `recorded` says of moves of access whether there is anything that they could be about.
        An identity is empty where it is not known, and None for what is only mentioned.
        """
        if organization not in self._desired.organizations:
            return Names()
        known = {(one.kind, one.key): things[one] for one in sorted(filter(_is_named, things))}
        matching = _Matching(self._desired, organization, known, self._directory)
        for (kind, key), identity in known.items():
            number = numbers.get(Address(organization, kind, key), "") if numbers else ""
            matching.take(kind, key, identity or "", number)
        return matching.names(recorded)

    def _directory(self, system: System) -> Mapping[str, str]:
        """Identifier -> key of the person; worked out only where somebody is not who they were."""
        if system.name not in self._directories:
            self._directories[system.name] = {
                name.lower(): key
                for key, person in self._desired.people.items()
                for name in identifiers_in(system, person)
            }
        return self._directories[system.name]


def _is_named(address: Address) -> bool:
    kind = KINDS[address.kind]
    return not kind.parents and kind.shape is not Shape.ORGANIZATION


class _Matching:
    """The remembered things of one organization and their names of today."""

    def __init__(
        self,
        desired: Desired,
        organization: str,
        known: Mapping[Name, str | None],
        directory: Callable[[System], Mapping[str, str]],
    ) -> None:
        declared = {at: one for at, one in desired.resources.get(organization, {}).items() if _is_named(at)}
        self._people = desired.people
        self._system = desired.organizations[organization].system
        self._directory = directory
        self._known = known
        self._declared = {(address.kind, address.key): one.identity for address, one in declared.items()}
        self._numbers = {(at.kind, at.key): one.platform_id for at, one in declared.items() if one.platform_id}
        self._owners = {
            (kind, identity.lower()): key
            for names in (self._declared, self._numbers)
            for (kind, key), identity in names.items()
            if identity
        }
        self._moves = [
            move for move in desired.moves if move.source.organization == move.target.organization == organization
        ]
        self._next = {(move.source.kind, move.source.key): move for move in self._moves}
        self._keys: dict[Name, str] = {}
        self._displaced: set[Name] = set()
        self._disputes: list[Dispute] = []
        self._refused: dict[Name, str] = {}

    def take(self, kind: str, key: str, identity: str, number: str) -> None:
        """Find the name of one thing."""
        target = self._member(key, identity) if kind == "member" else self._asset(kind, key, identity, number)
        if target != key:
            self._keys[kind, key] = target

    def names(self, recorded: Container[Address]) -> Names:
        """All that was found, without names that two remembered things would have to share."""
        while clash := self._find_clash():
            name, other = clash
            self._refused[name] = f"{name[0]}/{self._keys[name]} is recorded too, as {self._known[other] or other[1]}"
            del self._keys[name]
        found = Names(
            keys=self._keys,
            recorded=frozenset(name for name in self._keys if self._known[name] is not None),
            displaced=frozenset(self._displaced & self._keys.keys()),
        )
        return replace(found, disputes=tuple(self._disputes), refused=tuple(self._refused_moves(found, recorded)))

    def _asset(self, kind: str, key: str, identity: str, number: str) -> str:
        """An asset is whatever has its id, wherever its key is now."""
        owner = self._owners.get((kind, number)) or self._owners.get((kind, identity.lower()))
        if owner is not None and not self._is_another(kind, owner, number):
            return owner
        target = self._moved((kind, key))
        declared = self._declared.get((kind, target), "")
        if not identity or not (declared or self._is_another(kind, target, number)):
            return target
        # Its former key, or the one that it was moved to, means something else now.
        self._displaced.add((kind, key))
        return key_by_identity(identity)

    def _is_another(self, kind: str, key: str, number: str) -> bool:
        """Whether what is declared under a key has another number."""
        return bool(number) and self._numbers.get((kind, key), number) != number

    def _member(self, key: str, identity: str) -> str:
        """A member is whoever has the account; a masked address says nothing about that."""
        if is_masked(identity) or not identity:
            identity = key if "@" in key else ""
        owner, moved = self._owner_of(key, identity), self._moved(("member", key))
        if owner is None or owner == moved:
            return moved
        if owner == key:
            self._refused["member", key] = f"{identity} is still {key} in the manifests"
            return key
        if key in self._people:
            self._disputes.append(Dispute(identity=identity, recorded=key, declared=owner))
            return key
        return owner

    def _owner_of(self, key: str, identity: str) -> str | None:
        if not identity:
            return None
        person, plain = self._people.get(key), identity.lower()
        if person and plain in {name.lower() for name in identifiers_in(self._system, person)}:
            return key
        return self._owners.get(("member", plain)) or self._directory(self._system).get(plain)

    def _moved(self, name: Name) -> str:
        """Where all moves of a thing end; a circle, which is an error of the manifests, leads nowhere."""
        kind, key = name
        seen = {name}
        while (move := self._next.get((kind, key))) is not None:
            key = move.target.key
            if (kind, key) in seen:
                return name[1]
            seen.add((kind, key))
        return key

    def _find_clash(self) -> tuple[Name, Name] | None:
        """A thing whose new name another remembered thing has, unless both are one: an earlier version left such."""
        taken = {name: name for name in self._known if name not in self._keys}
        for name, key in self._keys.items():
            other = taken.setdefault((name[0], key), name)
            mine, theirs = self._known[name], self._known[other]
            is_mentioned_only = mine is None or theirs is None  # nothing but a name that somebody wrote down
            is_one = is_mentioned_only or (mine and theirs and mine.lower() == theirs.lower())
            if other != name and not is_one:
                return name, other
        return None

    def _refused_moves(self, found: Names, recorded: Container[Address]) -> Iterator[RefusedMove]:
        for name, why in sorted(self._refused.items()):
            if name in self._next:
                yield RefusedMove(move=self._next[name], why=why)
        for move in self._moves:
            is_edge = bool(KINDS[move.source.kind].parents)
            if is_edge and move.source in recorded and found.today(move.source) != found.today(move.target):
                why = "access goes along with what it connects, and nowhere by itself"
                yield RefusedMove(move=move, why=why)


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A state under the names of today, and what was found on the way there."""

    state: State
    """Empty where all of it is about another organization."""
    names: Names = field(default_factory=Names)
    another: str = ""
    """What the organization that the state is about is known by, where the manifests name another one."""


def rename_to_today(state: State, identities: Identities) -> Renamed:
    """Everything that is remembered of an organization, each of it with what the manifests call it now.

    Rosters are told apart by themselves: each was handed in under the names of its own day.
    """
    if another := identities.find_another(state.organization, state.records):
        return Renamed(state=without_memory(state), another=another)
    if identities.keeps_all_names(state):
        return Renamed(state=state)
    numbers = {at: record.platform_id for at, record in state.records.items() if record.platform_id}
    names = identities.names(state.organization, remembered_in(state), numbers=numbers, recorded=state.records)
    shown = {one.address: one.identity for roster in state.rosters.values() for one in roster.resources}
    renamed = rename_state(state, names)
    rosters = rename_rosters(state.rosters, identities.names(state.organization, shown)) if shown else state.rosters
    return Renamed(state=replace(renamed, rosters=rosters), names=names)


def rename_rosters(rosters: Mapping[str, Roster], names: Names) -> Mapping[str, Roster]:
    """What people read off a system, each row under another name."""
    if not names.keys:
        return rosters
    return {
        kind: replace(roster, resources=tuple(_rename_resource(one, names) for one in roster.resources))
        for kind, roster in rosters.items()
    }


def former_addresses(
    address: Address, known: Iterable[Address], state: State, identities: Identities
) -> tuple[Address, ...]:
    """Those of the `known` addresses of a state that are called `address` today, that name itself first."""
    names = rename_to_today(state, identities).names
    found = sorted(one for one in known if address in (one, names.today(one)))
    return tuple(sorted(found, key=lambda one: one != address)) or (address,)


def remembered_in(state: State) -> dict[Address, str | None]:
    """Every member and asset that is named anywhere, with its identity where that is known.

    What a record says of it counts most. Edges are by far the most, so they are only looked at for names that are new.
    """
    found: dict[Address, str | None] = {}
    for order in state.orders.values():
        found[order.address] = order.identity or None
        if order.actor:
            found.setdefault(Address(state.organization, "member", order.actor))
    for address, change in state.in_doubt.items():
        found[address] = change.identity or None
    found |= {at: one.identity or None for at, one in state.deferred.items() if not KINDS[at.kind].parents}
    found |= {at: record.identity for at, record in state.records.items() if not KINDS[at.kind].parents}
    seen = {(address.kind, address.key) for address in found}
    approvals = (used.address for used in state.used_approvals)
    for address in (*state.deferred, *state.drift, *state.waits, *approvals, *state.records, *tuple(found)):
        parents = KINDS[address.kind].parents
        for name in zip(parents, address.parts, strict=True) if parents else [(address.kind, address.key)]:
            if name not in seen:
                seen.add(name)
                found.setdefault(Address(address.organization, *name))
    return {address: identity for address, identity in found.items() if not KINDS[address.kind].parents}


def without_memory(state: State) -> State:
    """A state that knows nothing of any system; what people were asked to do is still known."""
    return replace(state, records={}, deferred={}, in_doubt={}, rosters={}, drift={}, looked={}, waits={})


def key_by_identity(identity: str) -> str:
    """What something goes by whose key means something else now."""
    return identity.replace("/", "_")


def rename_state(state: State, names: Names) -> State:
    """The state with every address and every person in it under another name; rosters stay as they are."""
    if not names.keys:
        return state
    return replace(
        state,
        records=_rename_records(state.records, names),
        deferred=_rename_keys(state.deferred, names),
        in_doubt={at: _rename_change(change, names) for at, change in _rename_keys(state.in_doubt, names).items()},
        orders={
            key: replace(
                order,
                address=names.today(order.address),
                wanted=rename_owner(order.wanted, names.person),
                actor=names.person(order.actor),
                leaver=names.person(order.leaver),
            )
            for key, order in state.orders.items()
        },
        drift={at: replace(known, address=at) for at, known in _rename_keys(state.drift, names).items()},
        waits=_rename_keys(state.waits, names),
        used_approvals=tuple(replace(used, address=names.today(used.address)) for used in state.used_approvals),
    )


def with_fingerprints(state: State, names: Names, live: Live) -> State:
    """A renamed state that knows what is live by fingerprints of its new name, where it knew it by those of the old.

    A fingerprint has the address in it; without this, drift that somebody has accepted would be told as new, and a work
    order would seem to be written for something else.
    """
    former = Names(keys={(kind, now): key for (kind, key), now in names.keys.items()})
    renewed = {
        fingerprint_of(_rename_resource(found, former)): fingerprint_of(found)
        for found in (live.resources.values() if names.keys else ())
        if _rename_resource(found, former) != found
    }
    if not renewed:
        return state
    return replace(
        state,
        orders={
            key: replace(order, fingerprint=renewed.get(order.fingerprint, order.fingerprint))
            for key, order in state.orders.items()
        },
        drift={at: replace(known, live=renewed.get(known.live, known.live)) for at, known in state.drift.items()},
    )


def _rename_resource(resource: Resource, names: Names) -> Resource:
    """A resource under another name, and with another name for the person who owns it."""
    return replace(
        resource,
        address=names.today(resource.address),
        attributes=rename_owner(resource.attributes, names.person),
        pending=rename_owner(resource.pending, names.person),
    )


def _rename_records(records: Mapping[Address, Record], names: Names) -> dict[Address, Record]:
    """Where two records turn out to be of one thing, the one that had the name already knows more of late."""
    found: dict[Address, Record] = {}
    for address, record in records.items():
        today = names.today(address)
        former = record.formerly
        # A key that means something else now leads to that; so do the keys of what hangs on others.
        if not (address == today or KINDS[address.kind].parents or (address.kind, address.key) in names.displaced):
            former = tuple(key for key in dict.fromkeys((*former, address.key)) if key != today.key)
        renamed = replace(
            record,
            address=today,
            attributes=rename_owner(record.attributes, names.person),
            granted=None if record.granted is None else rename_owner(record.granted, names.person),
            formerly=former,
        )
        other = found.get(today)
        if other is None:
            found[today] = renamed
        else:
            later = renamed if today == address else other
            all_former = tuple(dict.fromkeys((*other.formerly, *former)))
            found[today] = replace(later, protect=renamed.protect or other.protect, formerly=all_former)
    return found


def _rename_keys(known: Mapping[Address, T], names: Names) -> dict[Address, T]:
    """What stands under a name of today already is what was written last."""
    renamed = {names.today(address): one for address, one in known.items()}
    return {**renamed, **{address: one for address, one in known.items() if names.today(address) == address}}


def _rename_change(change: Change, names: Names) -> Change:
    before = None if change.before is None else _rename_resource(change.before, names)
    is_of_before = change.fingerprint == fingerprint_of(change.before)
    return replace(
        change,
        address=names.today(change.address),
        before=before,
        after=None if change.after is None else _rename_resource(change.after, names),
        fingerprint=fingerprint_of(before) if is_of_before else change.fingerprint,
        actor=names.person(change.actor),
        needs=tuple(map(names.today, change.needs)),
    )
