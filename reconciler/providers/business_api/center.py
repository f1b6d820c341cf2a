"""One Business Center while it is being worked on: how to call it, and what has been learnt of it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.address import Address
from reconciler.model.resource import Attributes, Resource
from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.endpoints import Listing
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.names import CenterNames
from reconciler.providers.business_api.paging import read_list
from reconciler.providers.business_api.roster import MemberList
from reconciler.providers.business_api.rows import Row


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a reading found, and what it could not read."""

    resources: dict[Address, Resource] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """Prefix of addresses -> reason."""

    def add(self, *resources: Resource) -> None:
        """Take in what was found."""
        self.resources.update((found.address, found) for found in resources)

    def merge(self, others: Iterable[Seen]) -> Seen:
        """Take in what other readings found."""
        for other in others:
            self.resources.update(other.resources)
            self.unknown.update(other.unknown)
        return self


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


@dataclass(slots=True, kw_only=True)
class Center:
    """Everything the readers and the actions share."""

    client: Client
    bc_id: str
    organization: str
    """Key in the manifests."""
    names: CenterNames
    kinds: frozenset[str]
    """What is managed here; nothing else is read for its own sake."""
    roster: MemberList = field(default_factory=MemberList)
    acting: str = ""
    """Key of the member whose token is used; empty when it could not be told."""
    assets: dict[str, dict[str, Asset]] = field(default_factory=dict)
    """Kind -> key -> asset, for every kind that was listed."""
    unnamed: Mapping[str, str] = field(default_factory=dict)
    """TikTok accounts that cannot be told from one another (keys) -> why."""
    groups: dict[str, str] = field(default_factory=dict)
    """Key -> id of the asset groups."""
    group_roles: Mapping[tuple[str, str], tuple[str, str]] | None = None
    """(ad account, person) -> the highest role that an asset group gives, and the group; None before they were read."""
    implied: set[tuple[str, str]] = field(default_factory=set)
    """Kinds of access, and roles that were seen to give it without a grant (see `implied`)."""
    told: Mapping[Address, Attributes] = field(default_factory=dict)
    """As in a scope: shares that no call lists."""
    partners: tuple[str, ...] | None = None
    """Ids of partners; None before they were read."""
    read_by_person: set[str] = field(default_factory=set)
    """Kinds of access that are read person by person; the other ones asset by asset."""
    witnesses: dict[str, str] = field(default_factory=dict)
    """Key of a TikTok account -> key of an ad account that shows what its owner allows."""
    keyword_finds: bool | None = None
    """Whether searching the member list for an address finds a masked member; None before it was tried."""

    def list(self, listing: Listing, **parameters: Any) -> list[Row]:
        """A whole list of this Business Center; raises ApiError."""
        return read_list(self.client, listing, {"bc_id": self.bc_id, **parameters})

    def address(self, kind: str, *parts: str) -> Address:
        """The address of something in this Business Center."""
        return Address(self.organization, kind, "/".join(parts))

    def prefix(self, kind: str, *parts: str) -> str:
        """The beginning of the addresses of a kind, or of those that hang on one asset."""
        return "/".join((self.organization, kind, *parts, ""))

    def seen_or_unknown(self, prefix: str, read: Callable[[], Iterable[Resource]]) -> Seen:
        """What a reading yields; nothing but the reason when it is refused, because unread is not empty."""
        seen = Seen()
        try:
            seen.add(*read())
        except ApiError as error:
            seen.unknown[prefix] = str(error)
        return seen

    def asset_id(self, kind: str, key: str) -> str:
        """What the interface knows an asset by, as listed or else as declared."""
        known = self.assets.get(kind, {}).get(key)
        return known.id if known else self.names.asset_id(kind, key)

    def asset_key(self, kind: str, asset_id: str) -> str:
        """The other way round."""
        return self.names.find_asset(kind, asset_id) or asset_id


def text_of(row: Mapping[str, Any], name: str) -> str:
    """A field as text; missing and null are empty."""
    value = row.get(name)
    return "" if value is None else str(value)
