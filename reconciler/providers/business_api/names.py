"""The dictionary between manifest keys and what the interface calls people and assets."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from reconciler.model.address import Address
from reconciler.model.drift import find_subject
from reconciler.model.ports import Scope, declared_names


class CenterNames:
    """Both directions of one scope. Whatever is not listed is its own key."""

    def __init__(self, scope: Scope) -> None:
        self._people = scope.people
        # A scope may leave the way back to be worked out from the way there.
        self._keys = scope.keys or {name.lower(): key for key, names in scope.people.items() for name in names}
        self._assets = scope.assets
        self._declared_numbers = scope.numbers
        self._numbered = {(kind, number): key for (kind, key), number in ({**scope.learnt, **scope.numbers}).items()}
        self._members = scope.members
        self.numbers: Mapping[str, str] = scope.platform_ids
        """User id -> person, as the manifests say or earlier runs have learnt it."""
        self.roles = scope.roles
        """Role that is declared at an address, where one is."""
        self.group_names = declared_names(scope, "asset_group")
        named = {("asset_group", name.casefold()): key for key, name in self.group_names.items()}
        self._asset_keys = named | {(kind, name.casefold()): key for (kind, key), name in scope.assets.items()}

    def emails(self, person: str) -> tuple[str, ...]:
        """Addresses of a person, the one to invite by first; whoever is not listed is an address themselves."""
        known = self._people.get(person) or (person,)
        return tuple(name.lower() for name in known if "@" in name.strip("@"))

    def find_person(self, identity: str) -> str | None:
        """The key of whoever goes by an identity, if somebody is known to."""
        return self._keys.get(identity.lower())

    def addresses(self) -> dict[str, str]:
        """Every e-mail address there is -> the person."""
        return {name.lower(): key for name, key in self._keys.items() if "@" in name.strip("@")}

    def members(self) -> AbstractSet[str]:
        """Everybody who is declared or recorded as a member; where the scope does not say, everybody there is."""
        return self._members or frozenset(self._keys.values())

    def find_asset(self, kind: str, identity: str) -> str | None:
        """The key under which an asset, a partner or a group is declared or recorded."""
        return self._asset_keys.get((kind, identity.casefold()))

    def find_numbered(self, kind: str, number: str) -> str | None:
        """The key of the asset that has a number, as the manifests say or earlier runs have learnt it."""
        return self._numbered.get((kind, number)) or self.find_asset(kind, number)

    def is_numbered(self, kind: str, key: str) -> bool:
        """Whether the manifests say which number it has, so that nothing else tells which one it is."""
        return (kind, key) in self._declared_numbers or not self.asset_id(kind, key).startswith("@")

    def find_subject(self, text: str, *, organization: str) -> Address | None:
        """What a sentence of the platform is about, where the names in it come to exactly one address."""
        return find_subject(text, organization=organization, keys=self._keys, assets=self._assets)

    def asset_key(self, kind: str, number: str) -> str:
        """The key of something with a number; the number itself where it has none."""
        return self.find_asset(kind, number) or number

    def asset_id(self, kind: str, key: str) -> str:
        """What the scope says an asset goes by; its key where it says nothing."""
        return self._assets.get((kind, key), key)

    def listed(self, kind: str) -> dict[str, str]:
        """Key -> id of everything of a kind that is declared or recorded."""
        return {key: identity for (listed, key), identity in self._assets.items() if listed == kind}
