"""The dictionary between manifest keys and what the world calls people and assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from reconciler.model.address import Address
from reconciler.model.kinds import KINDS
from reconciler.model.ports import Scope, declared_names
from reconciler.sandbox.registry import normalise


class SandboxNames:
    """Both directions of one scope. Whatever is not listed is its own key."""

    def __init__(
        self,
        *,
        people: Mapping[str, tuple[str, ...]],
        keys: Mapping[str, str],
        assets: Mapping[tuple[str, str], str],
        group_names: Mapping[str, str],
    ) -> None:
        self._people = people
        self._keys = keys
        self._assets = assets
        self.group_names = group_names
        """Key -> name that the manifests give an asset group."""
        named = {("asset_group", _plain(name)): key for key, name in group_names.items()}
        self._asset_keys = named | {(kind, _plain(identity)): key for (kind, key), identity in assets.items()}

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """The names of a scope, which may leave the way back to be worked out from the way there."""
        keys = scope.keys or {normalise(name): key for key, names in scope.people.items() for name in names}
        return cls(
            people=scope.people, keys=keys, assets=scope.assets, group_names=declared_names(scope, "asset_group")
        )

    def identities(self, key: str) -> tuple[str, ...]:
        """Everything a person may appear under, the one to invite by first."""
        return self._people.get(key) or (key,)

    def person(self, identity: str) -> str:
        """The key of whoever goes by an identity."""
        return self._keys.get(normalise(identity), normalise(identity))

    def asset(self, kind: str, identity: str) -> str:
        """The key of an asset, a partner or a group."""
        return self._asset_keys.get((kind, _plain(identity)), identity)

    def asset_id(self, kind: str, key: str) -> str:
        """What the world knows an asset, a partner or a group by."""
        named = self.group_names.get(key, key) if kind == "asset_group" else key
        return self._assets.get((kind, key), named)

    def listed(self, kind: str) -> list[str]:
        """Ids of the assets of one kind that the scope lists."""
        return [identity for (listed, _), identity in self._assets.items() if listed == kind]

    def parts(self, address: Address) -> tuple[str, ...]:
        """An address key in the world's words, part by part; for a person the identity to invite by."""
        kinds = KINDS[address.kind].parents or (address.kind,)
        return tuple(
            self.identities(part)[0] if kind == "member" else self.asset_id(kind, part)
            for kind, part in zip(kinds, address.parts, strict=True)
        )


def _plain(identity: str) -> str:
    return identity.casefold()
