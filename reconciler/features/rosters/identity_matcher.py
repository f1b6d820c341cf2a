"""Whom a row of a roster is about: told from addresses and numbers, from a name only when nothing else is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from reconciler.features.rosters.sheet import fold
from reconciler.features.rosters.vocabulary import Reading, Sort
from reconciler.model.declared import Person
from reconciler.model.ports import Scope

_HIDDEN = re.compile(r"[*•…]+")


@dataclass(frozen=True, slots=True)
class Face:
    """Who it is."""

    key: str
    identity: str = ""
    """What the page calls them; empty when it shows a name only."""


@dataclass(frozen=True, slots=True)
class IdentityMatcher:
    """Everybody who can be told from a page."""

    keys: Mapping[str, str]
    """Address, number or handle in lower case -> person."""
    names: Mapping[str, frozenset[str]]
    """Name -> everybody who has it."""
    identities: Mapping[str, tuple[str, ...]]
    """Person -> what they go by in this system."""

    @classmethod
    def of(cls, scope: Scope, people: Mapping[str, Person]) -> Self:
        """From the names of one organization and the directory."""
        handles = {
            person.identities["tiktok"].casefold(): key
            for key, person in people.items()
            if "tiktok" in person.identities
        }
        names: dict[str, frozenset[str]] = {}
        for key, person in people.items():
            if person.name:
                names[fold(person.name)] = names.get(fold(person.name), frozenset()) | {key}
        keys = scope.keys or {name.casefold(): key for key, known in scope.people.items() for name in known}
        return cls(keys={**handles, **keys}, names=names, identities=scope.people)

    def tell(self, identities: tuple[Reading, ...], names: tuple[str, ...], *, is_sure: bool = True) -> Face | str:
        """Who goes by all of these, or why nobody can tell."""
        plain = [said for said in identities if said.sort is not Sort.MASKED]
        if plain:
            return self._by_identity(plain, is_sure=is_sure)
        masked = [said.value for said in identities]
        if len(names) != 1:
            shown = f"`{masked[0]}` is shown in part" if masked else "it names nobody" if not names else "several names"
            return f"{shown}, and there is {'no' if not names else 'more than one'} name" if masked else shown
        return self._by_name(names[0], masked)

    def _by_identity(self, plain: list[Reading], *, is_sure: bool) -> Face | str:
        found = {said.value: self.keys.get(_lookup(said)) for said in plain}
        known = {key for key in found.values() if key is not None}
        if len(known) > 1:
            return f"`{'` and `'.join(found)}` are different people"
        if not known:
            return _stranger(plain, is_sure=is_sure)
        key = known.pop()
        if not is_sure and None in found.values():
            foreign = next(value for value, owner in found.items() if owner is None)
            return f"`{foreign}` stands beside an address of {key}, and is none of theirs"
        addresses = [said for said in plain if said.sort is not Sort.HANDLE and found[said.value] == key]
        return Face(key, _lookup(addresses[0]) if addresses else "")

    def _by_name(self, name: str, masked: list[str]) -> Face | str:
        people = self.names.get(fold(name), frozenset())
        if len(people) != 1:
            whose = "nobody's in the directory" if not people else f"the name of {' and '.join(sorted(people))}"
            return f"it shows only the name `{name}`, which is {whose}"
        (key,) = people
        if all(any(_fits(pattern, identity) for identity in self.identities.get(key, ())) for pattern in masked):
            return Face(key)
        return f"`{masked[0]}` fits no address of {key}, whose name stands beside it"


def _stranger(plain: list[Reading], *, is_sure: bool) -> Face | str:
    """Somebody who is not in the directory goes by their address."""
    addresses = [said for said in plain if said.sort is not Sort.HANDLE]
    if not addresses:
        return f"`{plain[0].value}` is nobody's in the directory"
    if len(addresses) > 1 and not is_sure:
        return f"it shows several addresses: `{'` and `'.join(said.value for said in addresses)}`"
    key = _lookup(addresses[0])
    if addresses[0].sort is Sort.PHONE and not addresses[0].value.startswith("+"):
        return f"`{addresses[0].value}` has no country code, and is nobody's in the directory"
    return f"`{key}` cannot be a key" if "/" in key else Face(key, key)


def _lookup(said: Reading) -> str:
    """The spelling under which the directory knows an address: numbers begin with +, domains are ASCII."""
    if said.sort is Sort.PHONE:
        return f"+{said.value.lstrip('+')}"
    local, at, domain = said.value.rpartition("@")
    if said.sort is not Sort.EMAIL or said.value.isascii():
        return said.value
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        return said.value


def _fits(masked: str, identity: str) -> bool:
    """Whether an address could be the one of which a page shows some letters."""
    pattern = ".+".join(re.escape(part) for part in _HIDDEN.split(masked))
    return re.fullmatch(pattern, identity.casefold()) is not None
