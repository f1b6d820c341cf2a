"""Giving names to people and things that no manifest names yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from reconciler.editing.edits import Value
from reconciler.editing.entries import NotExpressible
from reconciler.editing.person_edits import clean_name, introduce, key_for_thing
from reconciler.model.address import Address
from reconciler.model.declared import Desired, Organization
from reconciler.model.kinds import KINDS
from reconciler.model.live import Live
from reconciler.model.resource import Resource
from reconciler.model.system import System

_OWN_NAME = frozenset({"asset_group"})
"""Kinds whose key is what the system knows a thing by."""


@dataclass(slots=True, kw_only=True)
class Acquaintance:
    """Keys for what was found."""

    people: dict[str, Value] = field(default_factory=dict)
    """Key -> entry of everybody who is new."""
    keys: dict[Address, str] = field(default_factory=dict)
    """Member, asset or partner as it was read -> the key it gets."""
    strangers: dict[Address, str] = field(default_factory=dict)
    """Members who cannot be declared -> why."""
    names: dict[Address, str] = field(default_factory=dict)
    """Clean names of assets, where they say more than the key."""
    back: dict[Address, Address] = field(default_factory=dict)

    def rename(self, address: Address) -> Address:
        """An address in the words of the manifests."""
        parents = KINDS[address.kind].parents or (address.kind,)
        parts = [
            self.keys.get(Address(address.organization, kind, part), part)
            for kind, part in zip(parents, address.parts, strict=False)
        ]
        new = Address(address.organization, address.kind, "/".join(parts))
        self.back.setdefault(new, address)
        return new

    def renamed(self, resource: Resource) -> Resource:
        """The same in the words of the manifests."""
        return replace(resource, address=self.rename(resource.address))


def acquaint(
    organizations: Iterable[Organization],
    live: Mapping[str, Live],
    names: Mapping[str, Mapping[Address, str]],
    *,
    known: Desired,
) -> Acquaintance:
    """Who and what is new, with keys that are free; who has one address everywhere is one person."""
    made = Acquaintance()
    by_identity: dict[str, str] = {}
    familiar = known.people.keys() | _bare_addresses(known)
    for organization in organizations:
        found = live[organization.key].resources
        taken = _keys_by_kind(known, organization.key)
        for address in sorted(found):
            resource, name = found[address], names.get(organization.key, {}).get(address, "")
            if KINDS[address.kind].section:
                _name(resource, name, made, taken.setdefault(address.kind, set()))
            elif address.kind == "member" and address.key not in familiar and not resource.status.is_gone:
                identity = resource.identity.lower()
                if identity not in by_identity:
                    _meet(resource, organization.system, name, made, familiar)
                by_identity.setdefault(identity, made.keys.get(address, ""))
                made.keys[address] = by_identity[identity] or address.key
    return made


def _keys_by_kind(known: Desired, organization: str) -> dict[str, set[str]]:
    """Kind of asset -> keys that manifests give to such assets of one organization."""
    taken: dict[str, set[str]] = {}
    for address in known.resources.get(organization, {}):
        if KINDS[address.kind].section:
            taken.setdefault(address.kind, set()).add(address.key)
    return taken


def _bare_addresses(known: Desired) -> set[str]:
    """Addresses that manifests use as they are, without a person behind them."""
    return {
        address.key
        for declared in known.resources.values()
        for address in declared
        if address.kind == "member" and address.key not in known.people
    }


def _meet(resource: Resource, system: System, name: str, made: Acquaintance, familiar: AbstractSet[str]) -> None:
    address = resource.address
    try:
        person = introduce(resource.identity, system, shown=address.key, name=name, taken=familiar | made.people.keys())
    except NotExpressible as error:
        made.strangers[address] = str(error)
        return
    made.people[person.key] = person.entry
    made.keys[address] = person.key


def _name(resource: Resource, name: str, made: Acquaintance, taken: set[str]) -> None:
    address = resource.address
    key = address.key if address.kind in _OWN_NAME else key_for_thing(resource.identity or address.key, name, taken)
    taken.add(key)
    made.keys[address] = key
    called = clean_name(name)
    if called and called != key:
        made.names[address] = called
