"""The dictionary between what manifests call people and assets and what each system calls them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping

from reconciler.engine.identities import Identities, identifiers_in, under_todays_names
from reconciler.model.address import Address
from reconciler.model.declared import Desired
from reconciler.model.kinds import KINDS
from reconciler.model.ports import Scope
from reconciler.model.state import State
from reconciler.model.system import System

_Directory = tuple[dict[str, tuple[str, ...]], dict[str, str]]
"""Person key -> identifiers, and identifier in lower case -> person key."""


class Scopes:
    """Makes the scope of each organization; what is common to all organizations of a system is made once."""

    def __init__(self, desired: Desired) -> None:
        self._desired = desired
        self._identities = Identities(desired)
        self._by_system: dict[str, _Directory] = {}
        self._names = {key: person.name for key, person in desired.people.items() if person.name}

    def scope_of(self, organization: str, state: State) -> Scope:
        """Everything the manifests and the state know about names in one organization.

        The state adds people who are not in the directory any more and addresses that were corrected since, so that
        what was given under them can still be found and removed. An account that is recorded as one person's stays
        theirs although the manifests give its address to another; an address of somebody who is gone does not.
        """
        renamed = under_todays_names(state, self._identities)
        state = renamed.state
        declared = self._desired.resources.get(organization, {})
        people, keys = self._directory(self._desired.organizations[organization].system)
        own_people: dict[str, tuple[str, ...]] = {}
        assets: dict[tuple[str, str], str] = {}
        known = [(record.address, record.identity) for record in state.records.values()]
        known += [(item.address, item.identity) for item in declared.values()]
        for address, identity in known:
            if identity and address.kind != "member" and len(address.parts) == 1:
                assets[address.kind, address.key] = identity
        numbers = {(at.kind, at.key): item.platform_id for at, item in declared.items() if item.platform_id}
        for item in declared.values():
            if item.identity and item.address.kind == "member":
                key = item.address.key
                own_people[key] = _unique(item.identity, *people.get(key, ()))
        held = {
            one.identity.lower(): one.recorded
            for one in renamed.names.disputes
            if (record := state.records.get(Address(organization, "member", one.recorded)))
            and not record.status.is_gone
        }
        claimed = ChainMap(held, _reverse(own_people), keys)
        for record in state.records.values():
            key = record.address.key
            if record.identity and record.address.kind == "member" and _is_free(record.identity, key, claimed):
                own_people[key] = _unique(*own_people.get(key, people.get(key, ())), record.identity)
        members = {address.key for address in (*declared, *state.records) if address.kind == "member"}
        return Scope(
            organization=self._desired.organizations[organization],
            people=ChainMap(own_people, people),
            keys=ChainMap(held, _reverse(own_people), keys),
            members=frozenset(members),
            roles={at: role for at, item in declared.items() if isinstance(role := item.attributes.get("role"), str)},
            assets=assets,
            numbers=numbers,
            learnt={
                (at.kind, at.key): record.platform_id
                for at, record in state.records.items()
                if record.platform_id and at.kind != "member" and not record.status.is_gone
            },
            names=self._names,
            details={address: item.details for address, item in declared.items() if item.details},
            platform_ids=_platform_ids(state, claimed, self._declared_numbers(organization)),
            rosters=state.rosters,
            told={
                at: record.attributes
                for at, record in state.records.items()
                if KINDS[at.kind].is_told and not record.status.is_gone
            },
        )

    def _declared_numbers(self, organization: str) -> dict[str, str]:
        name = f"{self._desired.organizations[organization].system.name}_id"
        people = self._desired.people.items()
        return {number: key for key, person in people if (number := person.identities.get(name))}

    def _directory(self, system: System) -> _Directory:
        """Identifiers of everybody in the directory in one system, both ways."""
        if system.name not in self._by_system:
            people = {key: identifiers_in(system, person) for key, person in self._desired.people.items()}
            keys = _reverse(people)
            self._by_system[system.name] = people, keys
        return self._by_system[system.name]


def _platform_ids(state: State, claimed: Mapping[str, str], declared: Mapping[str, str]) -> dict[str, str]:
    """Whose number is whose: as the manifests say, else as the state knows it while it still means the same person.

    Where the address under which it was learnt is somebody else's by now, nobody can say which of the two the number
    means.
    """
    certain = set(declared.values())
    found: dict[str, str] = {}
    disputed: set[str] = set()
    for address, record in state.records.items():
        if address.kind != "member" or not record.platform_id:
            continue
        if found.setdefault(record.platform_id, address.key) != address.key or not _is_free(
            record.identity, address.key, claimed
        ):
            disputed.add(record.platform_id)
    learnt = {number: key for number, key in found.items() if number not in disputed and key not in certain}
    return {**learnt, **declared}


def _unique(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _reverse(people: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name.lower(): key for key, names in people.items() for name in names}


def _is_free(identity: str, key: str, claimed: Mapping[str, str]) -> bool:
    """Whether a remembered address still means the same person."""
    return claimed.get(identity.lower(), key) == key
