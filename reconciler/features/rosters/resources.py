"""From the entries of a roster to resources: nothing is guessed, and what is unclear is unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Self

from reconciler.features.rosters.parse import Entry
from reconciler.features.rosters.tables import Cell
from reconciler.features.rosters.vocabulary import (
    IDENTITIES,
    Reading,
    Sort,
    Vocabulary,
    find_identities,
    fold,
    shorten,
    without_you,
)
from reconciler.manifests.lint import encoded_domain
from reconciler.model import Address, Notes, Owner, Part, Person, Place, Resource, Scope, Status, dataclass, may_show

_ADVICE = {
    "roster-person": "add the address to the person in the manifests, or hand in a list with addresses",
    "roster-row": "correct the line, and hand the file in again",
}


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """Whom a row is about."""

    key: str
    identity: str = ""
    """What the page calls them; empty when it shows a name only."""


@dataclass(frozen=True, slots=True)
class IdentityMatcher:
    """Tells whom a row is about from addresses and numbers, and from a name only when nothing else is there."""

    keys: Mapping[str, str]
    """Address, number or handle in lower case -> person."""
    names: Mapping[str, Collection[str]]
    """Name -> everybody who has it."""
    identities: Mapping[str, tuple[str, ...]]
    """Person -> what they go by in this system."""

    @classmethod
    def of(cls, scope: Scope, people: Mapping[str, Person]) -> Self:
        """From the names of one organization and the directory."""
        keys = {
            person.identities["tiktok"].casefold(): key
            for key, person in people.items()
            if "tiktok" in person.identities
        }
        keys |= scope.keys or {name.casefold(): key for key, known in scope.people.items() for name in known}
        names = defaultdict[str, set[str]](set)
        for key, person in people.items():
            if person.name:
                names[fold(person.name)].add(key)
        return cls(keys=keys, names=names, identities=scope.people)

    def find(self, identities: Sequence[Reading], names: Sequence[str], *, is_sure: bool = True) -> PersonMatch | str:
        """Who goes by all of these, or why nobody can tell."""
        plain = [one for one in identities if one.sort is not Sort.MASKED]
        if plain:
            return self._find_by_identity(plain, is_sure=is_sure)
        masked = [one.value for one in identities]
        if len(names) == 1:
            return self._find_by_name(names[0], masked)
        if masked:
            return f"`{masked[0]}` is shown in part, and there is {'more than one' if names else 'no'} name"
        return "several names" if names else "it names nobody"

    def _find_by_identity(self, plain: Sequence[Reading], *, is_sure: bool) -> PersonMatch | str:
        found = {one.value: self.keys.get(_lookup_key(one)) for one in plain}
        known = {key for key in found.values() if key is not None}
        addresses = [one for one in plain if one.sort is not Sort.HANDLE]
        if len(known) > 1:
            return f"`{'` and `'.join(found)}` are different people"
        if known:
            key = known.pop()
            foreign = next((value for value, owner in found.items() if owner is None), None)
            if foreign is not None and not is_sure:
                return f"`{foreign}` stands beside an address of {key}, and is none of theirs"
            return PersonMatch(key, next((_lookup_key(one) for one in addresses if found[one.value] == key), ""))
        # Somebody who is not in the directory goes by their address.
        if not addresses:
            return f"`{plain[0].value}` is nobody's in the directory"
        if len(addresses) > 1 and not is_sure:
            return f"it shows several addresses: `{'` and `'.join(one.value for one in addresses)}`"
        if addresses[0].sort is Sort.PHONE and not addresses[0].value.startswith("+"):
            return f"`{addresses[0].value}` has no country code, and is nobody's in the directory"
        key = _lookup_key(addresses[0])
        return f"`{key}` cannot be a key" if "/" in key else PersonMatch(key, key)

    def _find_by_name(self, name: str, masked: Sequence[str]) -> PersonMatch | str:
        people = self.names.get(fold(name), ())
        if len(people) != 1:
            whose = "nobody's in the directory" if not people else f"the name of {' and '.join(sorted(people))}"
            return f"it shows only the name `{name}`, which is {whose}"
        (key,) = people
        for shown in masked:
            if not any(may_show(shown, one) for one in self.identities.get(key, ())):
                return f"`{masked[0]}` fits no address of {key}, whose name stands beside it"
        return PersonMatch(key)


def _lookup_key(identity: Reading) -> str:
    """The spelling under which the directory knows an address: numbers begin with +, domains are ASCII."""
    if identity.sort is Sort.PHONE:
        return f"+{identity.value.lstrip('+')}"
    local, at, domain = identity.value.rpartition("@")
    return f"{local}{at}{encoded_domain(domain)}" if identity.sort is Sort.EMAIL else identity.value


@dataclass(slots=True, kw_only=True)
class ResourceReader:
    """Makes resources of the rows of all files, and keeps what is unknown."""

    scope: Scope
    people: IdentityMatcher
    notes: Notes
    resources: dict[Address, Resource] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """Prefix of addresses -> why nothing is known of them, except what other rows show."""
    places: dict[Address, Place] = field(default_factory=dict)

    @property
    def organization(self) -> str:
        """Key of the organization that the roster is of."""
        return self.scope.organization.key

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """The resources of one kind, sorted by address."""
        return tuple(self.resources[address] for address in sorted(self.resources) if address.kind == kind)

    def unknown_of(self, kind: str) -> dict[str, str]:
        """What is unknown of one kind."""
        prefix = Part.all_of(self.organization, kind)
        return {known: why for known, why in sorted(self.unknown.items()) if known.startswith(prefix)}

    def read_members(self, entries: Sequence[tuple[str, Entry]], around: Iterable[tuple[str, Cell]]) -> None:
        """Everybody who is listed; whoever is in comes before whoever was invited, and those before all others."""
        ranks = {status: 1 if status.is_pending else 2 for status in Status} | {Status.ACTIVE: 0}
        for file, entry in sorted(entries, key=lambda item: ranks[item[1].status or Status.ACTIVE]):
            place = Place(file, entry.line, 1)
            match = self.people.find(entry.identities, entry.names, is_sure=entry.is_sure)
            if isinstance(match, str):
                # It may be anybody, so nobody who is not listed can be said to be absent.
                self._doubt(Part.all_of(self.organization, "member"), match, place, id_="roster-person")
            else:
                self._add_member(match, entry, place)
        for file, entry in entries:
            for name in entry.names if len(entry.names) > 1 else ():
                # One of several texts beside an address may be a row of its own that shows nothing but a name.
                self._doubt_presence(self.people.find((), (name,)), Place(file, entry.line, 1))
        for file, cell in around:
            # Whoever is named outside of all rows may be listed there, in a row that was not understood as one.
            identities = find_identities(cell.text)
            for identity in identities:
                self._doubt_presence(self.people.find((identity,), ()), Place(file, cell.line, 1))
            if not identities:
                self._doubt_presence(self.people.find((), (without_you(cell.text),)), Place(file, cell.line, 1))

    def _doubt(self, prefix: str, reason: str, place: Place, *, id_: str = "roster-row") -> None:
        self.unknown[prefix] = f"line {place.line} of {place.file.rpartition('/')[2]}: {reason}"
        self.notes.warning(id_, reason, place, advice=_ADVICE[id_])

    def _doubt_presence(self, match: PersonMatch | str, place: Place) -> None:
        if isinstance(match, str):
            return
        address = Address(self.organization, "member", match.key)
        if address not in self.resources and str(address) not in self.unknown:
            self._doubt(str(address), f"{match.key} is named outside of every row that was understood", place)

    def _add_member(self, match: PersonMatch, entry: Entry, place: Place) -> None:
        address = Address(self.organization, "member", match.key)
        taken = self.resources.get(address)
        if taken is not None and match.identity and taken.identity not in {"", match.identity}:
            # The same person under another address is another membership.
            address = Address(self.organization, "member", match.identity)
            taken = self.resources.get(address)
        if str(address) in self.unknown:
            return
        if entry.unclear:
            self.resources.pop(address, None)
            self._doubt(str(address), entry.unclear, place)
            return
        has_finance = "member.finance" in self.scope.organization.system.roles
        resource = Resource(
            address=address,
            attributes={"role": entry.role, **({"finance": entry.finance} if entry.finance else {})},
            status=entry.status or Status.ACTIVE,
            identity=match.identity,
            name=entry.names[0] if len(entry.names) == 1 else "",
            since=entry.since,
            unread=("finance",) if has_finance and entry.finance is None else (),
        )
        if taken is None:
            self.resources[address], self.places[address] = resource, place
        elif resource.status.is_gone or (resource.attributes, resource.status) == (taken.attributes, taken.status):
            message = f"{address.key} is listed twice"
            self.notes.note("roster-duplicate", message, place, related=(self.places[address],))
        else:
            self.resources.pop(address)
            self._doubt(str(address), f"{address.key} is listed twice, and not alike", place)

    def read_apps(self, entries: Iterable[tuple[str, Entry]]) -> bool:
        """Every app that is listed; returns whether the list tells who manages them."""
        keys = {identity.casefold(): key for (kind, key), identity in self.scope.assets.items() if kind == "app"}
        apps, tells_managers = Part.all_of(self.organization, "app"), False
        for file, entry in entries:
            place = Place(file, entry.line, 1)
            key = keys.get(entry.client_key.casefold(), entry.client_key)
            if not entry.client_key or "/" in key:
                reason = f"`{shorten(entry.client_key)}` is no client key" if key else "no client key"
                self._doubt(apps, reason, place)
                self.unknown[Part.all_of(self.organization, "app_access")] = self.unknown[apps]
                continue
            self._add_app(Address(self.organization, "app", key), entry, place)
            if entry.managers is not None:
                tells_managers = True
                self._add_managers(key, entry.managers, place)
        return tells_managers

    def _add_app(self, address: Address, entry: Entry, place: Place) -> None:
        organization, problem = self.scope.organization, entry.unclear
        owner = ours = Owner(organization=organization.key)
        if fold(entry.owner) not in {fold(organization.name), fold(organization.identity)} - {""}:
            match = self._find_person(entry.owner)
            if isinstance(match, str):
                stranger = f"`{shorten(entry.owner)}` is neither this organization nor a person in the directory"
                problem = problem or stranger
            else:
                owner = Owner(person=match.key)
        if problem:
            self._doubt(str(address), problem, place)
            return
        is_offered = entry.status is Status.AWAITING_ACCEPTANCE and owner != ours
        resource = Resource(
            address=address,
            attributes=owner.attributes,
            status=Status.AWAITING_ACCEPTANCE if is_offered else Status.ACTIVE,
            identity=entry.client_key,
            since=entry.since,
            pending=ours.attributes if is_offered else {},
        )
        if self.resources.get(address, resource) != resource:
            del self.resources[address]
            self._doubt(str(address), f"{address.key} is listed twice", place)
        elif str(address) not in self.unknown:
            self.resources[address], self.places[address] = resource, place

    def _find_person(self, text: str) -> PersonMatch | str:
        """The person whom a cell names by an address or a name alone."""
        readings = Vocabulary(self.scope.organization.system, "app").read(text)
        identities = [one for one in readings if one.sort in IDENTITIES]
        return self.people.find(identities, () if identities else (text,))

    def _add_managers(self, app: str, managers: Iterable[str], place: Place) -> None:
        for manager in managers:
            match = self._find_person(manager)
            if isinstance(match, str):
                self._doubt(Part.all_of(self.organization, "app_access", app), match, place, id_="roster-person")
                continue
            address = Address(self.organization, "app_access", f"{app}/{match.key}")
            self.resources[address] = Resource(address=address, attributes={"role": "app_manager"})
            self.places[address] = place
