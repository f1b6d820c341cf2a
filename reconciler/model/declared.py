"""What the user wants: the outcome of reading and resolving the manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from datetime import date
from enum import StrEnum
from typing import ClassVar

from reconciler.model.address import Address
from reconciler.model.finding import Finding, Place
from reconciler.model.kinds import KINDS, Action
from reconciler.model.resource import Attributes, Resource
from reconciler.model.system import System
from reconciler.model.values import dataclass


class Mode(StrEnum):
    """What happens to live things that no manifest declares."""

    ADDITIVE = "additive"
    """Remove what this tool once managed and everything of people who have left; leave and list the rest."""
    AUTHORITATIVE = "authoritative"
    """Remove everything that is not declared."""
    READ_ONLY = "read_only"
    """Change nothing at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the directory. Whoever is not in it has their e-mail address as key and no Person."""

    key: str
    name: str = ""
    identities: Mapping[str, str] = field(default_factory=dict)
    """email, phone, tiktok, or the name of a system -> identifier, normalised for comparison."""
    employment: str = "employee"
    manager: str = ""
    """Key of the person who answers for their access."""
    starts: date | None = None
    ends: date | None = None
    """Access is gone on this UTC day."""
    statements: Mapping[str, date] = field(default_factory=dict)
    """What they have confirmed, `second_factor` or `may_act` -> the UTC day."""
    unregistered: frozenset[str] = frozenset()
    """Names of systems on which they have no account yet, as far as the manifests know."""
    language: str = ""
    """In which messages to them are written, such as `de`; empty for English."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """One organization on one system: the unit of planning, locking and state."""

    key: str
    system: System
    mode: Mode = Mode.ADDITIVE
    identity: str = ""
    """Its id, handle or name on the system, whichever that system uses."""
    name: str = ""
    manages: frozenset[str] = frozenset()
    """Kinds that are read, planned and audited, with what hangs on them; empty for all that the system has."""
    owners: tuple[str, ...] = ()
    """Who decides about it, as written: people, `group:NAME`, e-mail addresses, names on the forge."""
    deleted: bool = False
    """An explicit tombstone: the organization shall be deleted, which also needs an approval."""
    review_every: int = 0
    """Days after which its access is to be reviewed again; 0 where the workspace's own number counts."""
    language: str = ""
    """In which messages are written to people there who have no language of their own."""
    place: Place

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind that is managed here, the organization itself included."""
        if not self.manages:
            return frozenset(self.system.kinds)
        chosen = {*self.manages, "organization"}
        return frozenset(kind for kind in self.system.kinds if chosen.issuperset(KINDS[kind].pieces))

    @property
    def not_managed(self) -> tuple[str, ...]:
        """Kinds that `manages:` leaves out, without what hangs on them."""
        return tuple(kind for kind in self.system.kinds if kind not in self.kinds and KINDS[kind].pieces == (kind,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """What one line gives one person, from a day to a day; also the join of several lines on one day."""

    attributes: Attributes = field(default_factory=dict)
    identity: str = ""
    place: Place
    reason: str = ""
    """The user's own words: a ticket, a justification."""
    through: str = ""
    """The group it came from, as `group:NAME`."""
    starts: date | None = None
    expires: date | None = None
    """Access is gone on this UTC day; the person's own days are already applied to both."""
    protect: bool | None = None
    """None where the manifest does not say: then what was said before still holds."""
    break_glass: bool = False
    """Given in an emergency."""
    reviewed_by: str = ""
    """Key of whoever has reviewed that afterwards."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Things an operator must know but that are never compared, such as answers for a research invitation."""

    def holds_on(self, day: date) -> bool:
        """Whether it gives anything on that day."""
        return (self.starts is None or self.starts <= day) and (self.expires is None or day < self.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Entitlement):
    """One resource as the manifests want it on one day, groups expanded."""

    JSON_PROPERTIES: ClassVar = ("entitlements",)
    JSON_HIDDEN: ClassVar = ("joined",)

    address: Address
    platform_id: str = ""
    """The number the platform has for it, where the manifests give one besides the identity."""
    owners: tuple[str, ...] = ()
    """Of an asset: who decides about it, as written."""
    joined: tuple[Entitlement, ...] = ()
    """The lines that give it, where there are several; the values above are then their join on that day."""

    @property
    def lines(self) -> tuple[Entitlement, ...]:
        """What is written of it; something that is declared in one place is its own line."""
        return self.joined or (self,)

    @property
    def entitlements(self) -> tuple[Entitlement, ...]:
        """Every line that gives it, whether it holds on that day or not.

        Empty where the values above are all there is, as for assets. Otherwise they are the join of the lines on that
        day.
        """
        kind = KINDS[self.address.kind]
        is_access = kind.person_part is not None or kind.is_share
        return self.joined or ((self.as_line(),) if is_access else ())

    def as_line(self) -> Entitlement:
        """What it gives, without what it is given to."""
        return Entitlement(**{one.name: getattr(self, one.name) for one in fields(Entitlement)})

    def as_resource(self) -> Resource:
        """What there shall be."""
        return Resource(address=self.address, attributes=self.attributes, identity=self.identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's permission, given in reviewed manifests or on the command line, for one blocked change."""

    approve: Action
    address: Address
    reason: str = ""
    expires: date | None = None
    """The last UTC day on which it counts."""
    place: Place | None = None
    """None when it was given on the command line for one run."""

    @property
    def terms(self) -> tuple[Action, Address, str, date | None]:
        """What makes it this approval and no other: the same line again is the same approval, wherever it stands."""
        return self.approve, self.address, self.reason, self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A resource that got another address; its record follows it."""

    source: Address
    target: Address
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """Everything the manifests say, indexed the way the planner works: one organization at a time."""

    people: Mapping[str, Person] = field(default_factory=dict)
    organizations: Mapping[str, Organization] = field(default_factory=dict)
    resources: Mapping[str, Mapping[Address, Declared]] = field(default_factory=dict)
    """Organization key -> address -> declaration."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a group -> everybody in it and in the groups inside it."""
    approvals: tuple[Approval, ...] = ()
    moves: tuple[Move, ...] = ()
    group_owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a group -> keys of the people who answer for it."""
    review_every: int = 0
    """Days after which the access to an organization that says nothing itself is to be reviewed again; 0 for never."""
    reviewed: Mapping[str, date] | None = None
    """Organization -> the UTC day on which its last access review was closed; None where nobody has looked."""
    policy_findings: tuple[Finding, ...] = ()
    """What policies have against it that a plan tells whether or not something changes."""
    refusals: Mapping[Address, str] = field(default_factory=dict)
    """Access that a policy of severity error objects to, with its words; it is not given to anybody."""
    allowed_domains: frozenset[str] = frozenset()
    """Domains of the company's own e-mail addresses, in ASCII; empty where the workspace names none."""
    digest: str = ""
    """SHA-256 over the names and digests of all manifest files."""

    @property
    def everything(self) -> dict[Address, Declared]:
        """The declarations of all organizations."""
        return {address: one for part in self.resources.values() for address, one in part.items()}

    def people_among(self, owners: Iterable[str]) -> tuple[str, ...]:
        """Keys of those who answer for something: people by themselves, and everybody in a group."""
        return tuple(key for key in self.expand_owners(owners) if key in self.people)

    def expand_owners(self, owners: Iterable[str]) -> tuple[str, ...]:
        """Owners with everybody in a group in place of it; what is no group stays as it is written."""
        found: dict[str, None] = {}
        for owner in owners:
            group = owner.removeprefix("group:")
            found.update(dict.fromkeys(self.groups.get(group, ()) if group != owner else (owner,)))
        return tuple(found)
