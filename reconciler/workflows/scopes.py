"""The dictionary between what manifests call people and assets and what each system calls them."""

from __future__ import annotations

from collections import ChainMap

from reconciler.core.declared import Desired, Person
from reconciler.core.state import State
from reconciler.core.system import System
from reconciler.ports import Scope

_Directory = tuple[dict[str, tuple[str, ...]], dict[str, str]]
"""Person key -> identifiers, and identifier in lower case -> person key."""


class Scopes:
    """Makes the scope of each organization; what is common to all organizations of a system is made once."""

    def __init__(self, desired: Desired) -> None:
        self._desired = desired
        self._by_system: dict[str, _Directory] = {}

    def scope_of(self, organization: str, state: State) -> Scope:
        """Everything the manifests and the state know about names in one organization.

        The state adds people who are not in the directory any more, so that they can still be found and removed.
        """
        declared = self._desired.resources.get(organization, {})
        people, keys = self._directory(self._desired.organizations[organization].system)
        own_people: dict[str, tuple[str, ...]] = {}
        assets: dict[tuple[str, str], str] = {}
        known = [(record.address, record.identity) for record in state.records.values()]
        known += [(item.address, item.identity) for item in declared.values()]
        for address, identity in known:
            if not identity:
                continue
            if address.kind == "member":
                others = tuple(other for other in people.get(address.key, ()) if other != identity)
                own_people[address.key] = (identity, *others)
            elif len(address.parts) == 1:
                assets[address.kind, address.key] = identity
        own_keys = {name.casefold(): key for key, names in own_people.items() for name in names}
        return Scope(
            organization=self._desired.organizations[organization],
            people=ChainMap(own_people, people),
            keys=ChainMap(own_keys, keys),
            assets=assets,
        )

    def _directory(self, system: System) -> _Directory:
        """Identifiers of everybody in the directory in one system, both ways."""
        if system.name not in self._by_system:
            people = {key: identifiers_in(system, person) for key, person in self._desired.people.items()}
            keys = {name.casefold(): key for key, names in people.items() for name in names}
            self._by_system[system.name] = people, keys
        return self._by_system[system.name]


def identifiers_in(system: System, person: Person) -> tuple[str, ...]:
    """What a person may be known by in a system, the most specific first."""
    names = [person.identities.get(kind, "") for kind in (system.name, *system.identifiers, "email")]
    return tuple(dict.fromkeys(name for name in names if name))
