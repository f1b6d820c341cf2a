"""The unique name of a managed thing, the kinds of things, and the shape of what is known about a system.

What is known itself is data in `reconciler/systems`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.model.values import dataclass

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class Address(NamedTuple):
    """`organization/kind/key`, for example `acme-bc/ad_account_access/us-brand/eve`.

    The key of an edge (a grant, a share) is made of the keys of the things it connects, joined by `/`; no
    manifest key may contain a slash. A NamedTuple rather than a dataclass because plans sort and hash hundreds of
    thousands of them. In JSON and YAML an address is its text.
    """

    organization: str
    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.organization}/{self.kind}/{self.key}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys of the things an edge connects; one part for anything that is not an edge."""
        return tuple(self.key.split("/"))

    @classmethod
    def whole(cls, organization: str) -> Address:
        """The organization itself."""
        return cls(organization, "organization", organization)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `organization/kind/key`; raises ValueError when a part is missing."""
        organization, kind, key = [*text.split("/", 2), "", ""][:3]
        if not (organization and kind and key):
            message = f"{text!r} is not an address: write organization/kind/key"
            raise ValueError(message)
        return cls(organization, kind, key)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """An address is a string in plan and state files; pydantic is only loaded by whoever asks for this."""
        from pydantic_core import core_schema

        from_text = core_schema.no_info_after_validator_function(
            cls.parse, core_schema.str_schema(pattern=r"^[^/]+/[a-z_]+/.+$")
        )
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_text]),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )


_WILD = re.compile(r"[*?\[\]]")


def is_pattern(text: str) -> bool:
    """Whether it has anything that stands for something else, as `fnmatch` reads it."""
    return any(letter in text for letter in "*?[")


class AddressPatterns:
    """Patterns with `*`, `?` and `[...]`, as `fnmatch` reads them, by their number; none is tried without a reason."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_part: dict[str, list[tuple[int, str]]] = defaultdict(list)
        """What an address has to be, or to end or to begin with, for the patterns to match."""
        for number, pattern in enumerate(patterns):
            self._by_part[_literal_part(pattern)].append((number, pattern))

    def find(self, address: str) -> list[int]:
        """Numbers of those that match, sorted."""
        slashes = [index for index, letter in enumerate(address) if letter == "/"] if self._by_part else []
        parts = {address, "", *(address[index:] for index in slashes), *(address[: index + 1] for index in slashes)}
        possible = sorted(one for part in parts if part in self._by_part for one in self._by_part[part])
        return [number for number, pattern in possible if fnmatchcase(address, pattern)]


def _literal_part(pattern: str) -> str:
    """The whole, without a wildcard; else the end from a slash on, or the beginning up to one; or nothing."""
    pieces = _WILD.split(pattern)
    if len(pieces) == 1:
        return pattern
    head, tail = pieces[0], pieces[-1]
    return tail[tail.index("/") :] if "/" in tail else head[: head.rfind("/") + 1]


class Action(StrEnum):
    """What a change does, in the words of plans, approvals and work orders."""

    CREATE_ORGANIZATION = "create_organization"
    """Create the organization; who creates it is its first admin."""
    DELETE_ORGANIZATION = "delete_organization"
    """Delete the organization."""
    INVITE = "invite"
    """Invite somebody."""
    REINVITE = "reinvite"
    """Cancel a pending invitation and send another with the right role; spends an invitation."""
    CANCEL_INVITATION = "cancel_invitation"
    """Cancel an invitation that nobody has answered."""
    CHANGE_ROLE = "change_role"
    """Give a member another role, in place."""
    REMOVE = "remove"
    """End a membership."""
    REMOVE_AND_INVITE = "remove_and_invite"
    """Lower a role where the system cannot: the person loses access until they accept again."""
    GIVE_UP_ADMIN = "give_up_admin"
    """Done by the admin themselves; the tool can only ask."""
    REQUEST_ACCESS = "request_access"
    """Ask the owner of an asset for access to it."""
    TRANSFER_APP = "transfer_app"
    """Ask for an app to be transferred to the organization."""
    LINK = "link"
    """Ask the owner of a TikTok account to link it."""
    CHANGE_LINK = "change_link"
    """Ask the owner of a linked TikTok account to allow more, or less."""
    UNLINK = "unlink"
    """End the link to a TikTok account."""
    GRANT = "grant"
    """Give somebody access to an asset."""
    CHANGE_GRANT = "change_grant"
    """Change what somebody may do with an asset."""
    REVOKE = "revoke"
    """Take access to an asset away."""
    CREATE_GROUP = "create_group"
    """Create an asset group."""
    RENAME_GROUP = "rename_group"
    """Give an asset group another name."""
    DELETE_GROUP = "delete_group"
    """Delete an asset group, and all access through it."""
    ADD_PARTNER = "add_partner"
    """Ask another Business Center to become a partner."""
    REMOVE_PARTNER = "remove_partner"
    """End the partnership, and all that is shared with that Business Center."""
    SHARE = "share"
    """Share an asset with a partner."""
    CHANGE_SHARE = "change_share"
    """Change what a partner's people may do with an asset."""
    UNSHARE = "unshare"
    """Stop sharing an asset with a partner."""
    FORGET = "forget"
    """Only the record is dropped; the system is not touched."""


class Shape(StrEnum):
    """What sort of thing a kind is; planners and renderers treat all kinds of one shape alike."""

    ORGANIZATION = "organization"
    MEMBERSHIP = "membership"
    ASSET = "asset"
    """Something accesses hang on; the tool may ask for it but never destroys it."""
    GRANT = "grant"
    """An edge that gives somebody or something access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of resource behaves."""

    name: str
    shape: Shape
    title: str
    """What a person calls it, lower case, singular."""
    parents: tuple[str, ...] = ()
    """Kinds of the things an address key of this kind names, in order; each must be there first."""
    create: Action
    change: Action | None = None
    delete: Action
    needs_other_party: bool = False
    """Creating it only asks; somebody outside this tool has to agree."""
    is_told: bool = False
    """No interface shows it: what whoever did a work order says of it is recorded, and unverified until confirmed."""

    @property
    def is_share(self) -> bool:
        """Whether it lets a partner, another company, use something."""
        return self.parents[:1] == ("partner",)

    @property
    def entry(self) -> str:
        """Key under an asset where manifests list such access, uses or shares; empty for what is no edge."""
        if len(self.parents) < 2:
            return ""
        if self.person_part is not None:
            return "access"
        return "shares" if self.name == "partner_share" else KINDS[self.parents[1]].section

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a list there, with no role or permission: it says nothing but that it is there."""
        return self.is_told or self.name == "pixel_access" or (self.entry == "ad_accounts" and not self.is_share)

    @property
    def target_part(self) -> int:
        """Index of the key part that names what it gives access to, or what uses something else."""
        return 1 if self.is_share else 0

    @property
    def pieces(self) -> tuple[str, ...]:
        """The kinds of the things that it connects, or its own: an organization that manages all of them manages it."""
        return self.parents or (self.name,)

    @property
    def plural(self) -> str:
        """What a person calls several of them."""
        return _plural(self.title)

    @property
    def section(self) -> str:
        """Key in an organization's manifest under which assets of this kind stand; empty for everything else."""
        return _plural(self.name) if self.shape is Shape.ASSET else ""

    @property
    def person_part(self) -> int | None:
        """Index of the key part that names a person, if one does."""
        if self.name == "member":
            return 0
        return self.parents.index("member") if "member" in self.parents else None


def _plural(word: str) -> str:
    if word.endswith("s"):
        return word
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _asset(
    name: str,
    title: str,
    *,
    create: Action = Action.REQUEST_ACCESS,
    change: Action | None = None,
    delete: Action = Action.FORGET,
    asks: bool = True,
) -> Kind:
    """Something accesses hang on; creating it `asks` somebody else."""
    return Kind(
        name=name,
        shape=Shape.ASSET,
        title=title,
        create=create,
        change=change,
        delete=delete,
        needs_other_party=asks,
    )


def _access(asset: Kind) -> tuple[Kind, Kind]:
    """An asset and people's access to it."""
    return asset, _edge(f"{asset.name}_access", f"access to {asset.title}", asset.name, "member")


_GRANTING = Action.GRANT, Action.CHANGE_GRANT, Action.REVOKE
_SHARING = Action.SHARE, Action.CHANGE_SHARE, Action.UNSHARE


def _edge(name: str, title: str, *parents: str, is_told: bool = False) -> Kind:
    """A connection between a thing and whoever, or whatever, may use it."""
    create, change, delete = _SHARING if parents[0] == "partner" else _GRANTING
    return Kind(
        name=name,
        shape=Shape.GRANT,
        title=title,
        parents=parents,
        create=create,
        change=change,
        delete=delete,
        is_told=is_told,
    )


_ALL = (
    Kind(
        name="organization",
        shape=Shape.ORGANIZATION,
        title="organization",
        create=Action.CREATE_ORGANIZATION,
        delete=Action.DELETE_ORGANIZATION,
    ),
    Kind(
        name="member",
        shape=Shape.MEMBERSHIP,
        title="member",
        create=Action.INVITE,
        change=Action.CHANGE_ROLE,
        delete=Action.REMOVE,
        needs_other_party=True,
    ),
    _asset("app", "app", create=Action.TRANSFER_APP, change=Action.TRANSFER_APP),
    _edge("app_access", "app manager", "app", "member"),
    *_access(_asset("ad_account", "ad account")),
    *_access(
        _asset("tiktok_account", "TikTok account", create=Action.LINK, change=Action.CHANGE_LINK, delete=Action.UNLINK)
    ),
    _edge("tiktok_account_use", "use of TikTok account in ads", "tiktok_account", "ad_account"),
    *_access(_asset("catalog", "catalog")),
    *_access(_asset("pixel", "pixel")),
    _edge("pixel_use", "use of pixel in ads", "pixel", "ad_account"),
    *_access(_asset("shop", "shop")),
    *_access(_asset("lead_library", "lead library")),
    *_access(_asset("managed_account", "managed TikTok account")),
    _edge("managed_account_use", "use of managed TikTok account in ads", "managed_account", "ad_account"),
    _asset(
        "asset_group",
        "asset group",
        create=Action.CREATE_GROUP,
        change=Action.RENAME_GROUP,
        delete=Action.DELETE_GROUP,
        asks=False,
    ),
    _edge("asset_group_asset", "asset in group", "asset_group", "ad_account"),
    _edge("asset_group_access", "access through asset group", "asset_group", "member"),
    _asset("partner", "partner", create=Action.ADD_PARTNER, delete=Action.REMOVE_PARTNER, asks=False),
    _edge("partner_share", "share with partner", "partner", "ad_account"),
    _edge("catalog_share", "catalog shared with partner", "partner", "catalog"),
    _edge("pixel_share", "pixel shared with partner", "partner", "pixel", is_told=True),
    _edge("shop_share", "shop shared with partner", "partner", "shop", is_told=True),
    _edge("tiktok_account_share", "TikTok account shared with partner", "partner", "tiktok_account", is_told=True),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
SHARES = tuple(kind.name for kind in _ALL if kind.is_share)
"""Kinds of what lets a partner use something."""


def person_in(address: Address) -> str:
    """Key of the person whom an address is about; empty when it is about none."""
    part = KINDS[address.kind].person_part
    return "" if part is None else address.parts[part]


def parents_of(address: Address) -> Iterable[Address]:
    """Addresses of the things an address hangs on: its organization and what its key names."""
    kind = KINDS[address.kind]
    if kind.shape is not Shape.ORGANIZATION:
        yield Address.whole(address.organization)
    for parent, key in zip(kind.parents, address.parts, strict=False):
        yield Address(address.organization, parent, key)


INVITATIONS = frozenset({Action.INVITE, Action.REINVITE, Action.REMOVE_AND_INVITE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something the vendor says today and may change tomorrow."""

    text: str
    source: str
    """Page or document that says so."""
    date: str
    """When it was read or published, as YYYY-MM or YYYY-MM-DD."""
    certainty: str = "certain"
    """certain | operator (seen by people who run the live API) | inferred | weak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role, or one permission of a set."""

    name: str
    """The word in manifests, lower case."""
    label: str
    """The word the platform shows."""
    rank: int
    """Higher can do more; a change to a lower rank is a downgrade."""
    may: str
    may_not: str = ""
    administers: bool = False
    """Holders can manage other people's access; the guards count them."""
    cap: int | None = None
    """How many people can hold it at once, pending ones included."""
    manages_admins: bool = True
    """Whether holders may also appoint, demote and remove administering members; only read where `administers`."""
    handed_over: bool = False
    """Only its present holder can pass it on; it is never given by invitation nor taken by another admin."""
    handles_money: bool = False
    """Holders see or manage payments."""
    reads_messages: bool = False
    """Holders read, and may write, the private messages of an account."""
    aliases: tuple[str, ...] = ()
    """Other words people write for it; accepted nowhere, offered as a suggestion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What one system is, whichever way it is reached."""

    name: str
    variant: str = ""
    """Distinguishes role systems and organization kinds of one system, for example `owner` or `research`."""
    title: str
    roles: Mapping[str, tuple[Role, ...]]
    """Kind -> roles, strongest first. A kind that is missing here carries no role."""
    permissions: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)
    """Kind -> permissions, any set of which may be given."""
    kinds: tuple[str, ...]
    """Kinds of resources an organization of this system can have, parents before children."""
    identifiers: tuple[str, ...]
    """What a member is invited by, preferred first: email | phone."""
    must_be_registered: bool
    """Whether an address that has no account there yet cannot be invited."""
    needs_admin: bool = False
    """Whether who administers it is decided before there is one, so that manifests without an admin are wrong."""
    member_cap: int | None = None
    """Active and pending members together."""
    limits_source: str = ""
    """Page that says how many people it usually holds, and when it was read or published."""
    agreed: Mapping[str, str] = field(default_factory=dict)
    """`members` or a role -> the manifest line that gives one organization another limit."""
    invitation_hours: int | None = None
    """How long an invitation lasts; None where it lasts for an unknown time or for ever."""
    demotes_admins: bool = True
    """Whether one admin can lower another admin's role in place."""
    creatable: str = ""
    """Empty when the tool may create an organization; otherwise the reason why not."""
    irreversible: Mapping[Action, str] = field(default_factory=dict)
    """Action -> what cannot be taken back; needs an approval."""
    disruptive: Mapping[Action, str] = field(default_factory=dict)
    """Action -> damage it does to others or a gap in access; needs an approval."""
    cannot: Mapping[Action, str] = field(default_factory=dict)
    """Action -> why the system does not offer it."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Access that exists and that no reading of this tool shows -> why, and where a person can look."""

    def find_role(self, kind: str, name: str) -> Role | None:
        """The role or permission `name` of `kind`."""
        for known in (self.roles, self.permissions):  # called for every line, so without a generator
            for role in known.get(kind, ()):
                if role.name == name:
                    return role
        return None

    def is_handed_over(self, role: object) -> bool:
        """Whether a member's role changes hands only by its holder's own act on the platform."""
        return any(known.handed_over and known.name == role for known in self.roles.get("member", ()))

    def administers(self, role: str) -> bool:
        """Whether members with this role manage other members."""
        for known in self.roles.get("member", ()):  # called for every member, so without a generator
            if known.name == role:
                return known.administers
        return False

    def origin_of_limit(self, role: str = "") -> str:
        """Who says how many members, or holders of a role, there can be."""
        known = self.find_role("member", role) if role else None
        name = "admins" if known and known.administers else "members"
        if name in self.agreed:
            return f"limits.{name}, {self.agreed[name]}"
        return f"the usual one: {self.limits_source}" if self.limits_source else "the usual one"


def with_limits(system: System, agreed: Mapping[str, tuple[int, str]]) -> System:
    """The system as one organization has it whose manifest gives other limits: `members` or `admins` -> limit, line.

    What is between two limits of members is added to the roles that do not administer, which have limits of their own.
    """
    members, _ = agreed.get("members", (system.member_cap, ""))
    admins, _ = agreed.get("admins", (None, ""))
    more = (members or 0) - (system.member_cap or members or 0)
    roles = tuple(_limited(role, more=more, admins=admins) for role in system.roles["member"])
    said = {name: line for name, (_, line) in agreed.items()}
    return replace(system, member_cap=members, roles={**system.roles, "member": roles}, agreed=said)


def _limited(role: Role, *, more: int, admins: int | None) -> Role:
    if role.administers:
        return replace(role, cap=admins) if admins and not role.handed_over else role
    return role if role.cap is None else replace(role, cap=max(role.cap + more, 0))
