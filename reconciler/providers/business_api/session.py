"""One Business Center: how it is reached and named, and what has been seen of it so far.

A reader takes the session and the snapshot as it is by then. It returns what it found (a `CenterPart`), or the snapshot
with its part in it where later readers need what it has learnt. Nothing is filled in on the way: sessions and snapshots
are frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Self

from reconciler.model.address import Address
from reconciler.model.live import Part
from reconciler.model.ports import Scope
from reconciler.model.resource import Resource
from reconciler.model.values import dataclass
from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.paging import Row, read_list
from reconciler.providers.business_api.roster import CenterNames, MemberList
from reconciler.providers.business_api.vocabulary import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How one Business Center is reached. The client has the token and keeps the pace of its tier."""

    client: Client
    bc_id: str
    organization: str
    """Key in the manifests."""
    kinds: frozenset[str]
    """What is managed here; nothing else is read for its own sake."""
    scope: Scope
    names: CenterNames

    @classmethod
    def of(cls, client: Client, scope: Scope) -> Self:
        """The session that a scope is worked on with."""
        one = scope.organization
        return cls(
            client=client,
            bc_id=one.identity,
            organization=one.key,
            kinds=one.kinds,
            scope=scope,
            names=CenterNames(scope),
        )

    def list(self, listing: Listing, **parameters: Any) -> list[Row]:
        """A whole list of this Business Center; raises ApiError."""
        return read_list(self.client, listing, {"bc_id": self.bc_id, **parameters})

    def address(self, kind: str, *parts: str) -> Address:
        """The address of something in this Business Center."""
        return Address(self.organization, kind, "/".join(parts))

    def part(self, kind: str, asset: str = "") -> Part:
        """Everything of a kind, or what hangs on one asset."""
        return Part.all_of(self.organization, kind, asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """How the interface knows an asset."""

    key: str
    id: str
    code: str = ""
    """Of a pixel: what web pages and the calls about its use know it by."""
    name: str = ""
    """What people see."""
    is_held: bool = True
    """Whether the Business Center has it; else it was only asked for, refused or taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterPart:
    """What one reader found, and what it could not read."""

    resources: Mapping[Address, Resource] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Prefix of addresses -> reason."""

    @classmethod
    def of(cls, resources: Iterable[Resource], unknown: Mapping[str, str] | None = None) -> Self:
        """What was found, and what is unknown besides."""
        return cls(resources={found.address: found for found in resources}, unknown=unknown or {})

    @classmethod
    def read(cls, prefix: str, read: Callable[[], Iterable[Resource]]) -> Self:
        """What a reading yields; nothing but the reason when it is refused, because unread is not empty."""
        try:
            return cls.of(read())
        except ApiError as error:
            return cls(unknown={prefix: str(error)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterSnapshot:
    """What a reading found, and what this and earlier readings have learnt."""

    resources: Mapping[Address, Resource] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Prefix of addresses -> reason."""
    roster: MemberList = field(default_factory=MemberList)
    acting: str = ""
    """Key of the member whose token is used; empty when it could not be told."""
    assets: Mapping[str, Mapping[str, Asset]] = field(default_factory=dict)
    """Kind -> key -> asset, for every kind that was listed."""
    unnamed: Mapping[str, str] = field(default_factory=dict)
    """TikTok accounts that cannot be told from one another (keys) -> why."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Key -> id of the asset groups."""
    group_roles: Mapping[tuple[str, str], tuple[str, str]] | None = None
    """(ad account, person) -> the highest role that an asset group gives, and the group; None before they were read."""
    implied: frozenset[tuple[str, str]] = frozenset()
    """Kinds of access, and roles that were seen to give it without a grant (see `groups`)."""
    partners: tuple[str, ...] | None = None
    """Ids of partners; None before they were read."""
    read_by_person: frozenset[str] = frozenset()
    """Kinds of access that are read person by person; the other ones asset by asset."""
    witnesses: Mapping[str, str] = field(default_factory=dict)
    """Key of a TikTok account -> key of an ad account that shows what its owner allows."""
    keyword_finds: bool | None = None
    """Whether searching the member list for an address finds a masked member; None before it was tried."""

    def plus(self, *parts: CenterPart) -> CenterSnapshot:
        """With what readers found; of two that speak of one address the later one counts."""
        resources, unknown = dict(self.resources), dict(self.unknown)
        for part in parts:
            resources.update(part.resources)
            unknown.update(part.unknown)
        return replace(self, resources=resources, unknown=unknown)

    def joined(self, branches: Sequence[CenterSnapshot]) -> CenterSnapshot:
        """With what readers found side by side who all began with this."""
        grouped = next((one for one in branches if one.group_roles is not None), self)
        return replace(
            self.plus(*(CenterPart(resources=one.resources, unknown=one.unknown) for one in branches)),
            assets={kind: found for one in (self, *branches) for kind, found in one.assets.items()},
            unnamed={key: why for one in branches for key, why in one.unnamed.items()},
            groups=grouped.groups,
            group_roles=grouped.group_roles,
            read_by_person=self.read_by_person.union(*(one.read_by_person for one in branches)),
        )

    def asset_id(self, session: Session, kind: str, key: str) -> str:
        """What the interface knows an asset by, as listed or else as declared."""
        known = self.assets.get(kind, {}).get(key)
        return known.id if known else session.names.asset_id(kind, key)
