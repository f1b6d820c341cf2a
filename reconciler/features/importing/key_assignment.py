"""Giving names to people and things that no manifest names yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from reconciler.editing.edits import Value
from reconciler.editing.entries import NotExpressible
from reconciler.editing.person_edits import clean_name, introduce, key_for_thing
from reconciler.model.address import Address
from reconciler.model.declared import Desired, Organization
from reconciler.model.kinds import KINDS
from reconciler.model.live import Live
from reconciler.model.resource import Resource
from reconciler.model.values import dataclass

_OWN_NAME = frozenset({"asset_group"})
"""Kinds whose key is what the system knows a thing by."""


@dataclass(slots=True, kw_only=True)
class KeyAssignment:
    """Keys for what was found."""

    people: dict[str, Value] = field(default_factory=dict)
    """Key -> entry of everybody who is new."""
    keys: dict[Address, str] = field(default_factory=dict)
    """Member, asset or partner as it was read -> the key it gets."""
    strangers: dict[Address, str] = field(default_factory=dict)
    """Members who cannot be declared -> why."""
    names: dict[Address, str] = field(default_factory=dict)
    """Clean names of assets, where they say more than the key."""
    origins: dict[Address, Address] = field(default_factory=dict)
    """Address in the words of the manifests -> as it was read."""

    def rename(self, address: Address) -> Address:
        """An address in the words of the manifests."""
        parents = KINDS[address.kind].parents or (address.kind,)
        parts = [
            self.keys.get(Address(address.organization, kind, part), part)
            for kind, part in zip(parents, address.parts, strict=False)
        ]
        new = Address(address.organization, address.kind, "/".join(parts))
        self.origins.setdefault(new, address)
        return new

    def renamed(self, resource: Resource) -> Resource:
        """The same in the words of the manifests."""
        return replace(resource, address=self.rename(resource.address))


def assign_keys(
    organizations: Iterable[Organization],
    live: Mapping[str, Live],
    names: Mapping[str, Mapping[Address, str]],
    *,
    known: Desired,
) -> KeyAssignment:
    """Who and what is new, with keys that are free; who has one address everywhere is one person."""
    made = KeyAssignment()
    by_identity: dict[str, str] = {}
    taken: dict[tuple[str, str], set[str]] = defaultdict(set)
    for address in (address for resources in known.resources.values() for address in resources):
        taken[address.organization, address.kind].add(address.key)
    # Addresses that manifests use as they are count as known, without a person behind them.
    members = (keys for (_, kind), keys in taken.items() if kind == "member")
    familiar = set(known.people).union(*members)
    for organization in organizations:
        for address, resource in sorted(live[organization.key].resources.items()):
            name = names.get(organization.key, {}).get(address, "")
            if KINDS[address.kind].section:
                used = taken[organization.key, address.kind]
                is_own = address.kind in _OWN_NAME
                key = address.key if is_own else key_for_thing(resource.identity or address.key, name, used)
                used.add(key)
                made.keys[address] = key
                if (called := clean_name(name)) not in ("", key):
                    made.names[address] = called
            elif address.kind == "member" and address.key not in familiar and not resource.status.is_gone:
                identity = resource.identity.lower()
                if identity not in by_identity:
                    by_identity[identity] = ""
                    everybody = familiar | made.people.keys()
                    try:
                        person = introduce(
                            resource.identity, organization.system, shown=address.key, name=name, taken=everybody
                        )
                    except NotExpressible as error:
                        made.strangers[address] = str(error)
                    else:
                        made.people[person.key] = person.entry
                        by_identity[identity] = person.key
                made.keys[address] = by_identity[identity] or address.key
    return made
