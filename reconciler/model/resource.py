"""A resource as one of the three worlds sees it, and the live world as a whole.

The live world is three-valued: present, absent, or unknown because it could not be read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from reconciler.model.address import KINDS, Address
from reconciler.model.finding import Finding
from reconciler.model.values import dataclass

Attributes = Mapping[str, str | tuple[str, ...]]
"""What is compared. Empty values are left out and sets are sorted tuples, so that plain `==` decides:

member                      role, finance (only where the person has a finance role)
app                         owner: `organization:KEY` or `person:KEY`
*_access, *_share           role, or permissions (a sorted tuple) for access to TikTok accounts; pixels, and shares that
                            nothing shows, have neither
tiktok_account              permissions
asset_group                 called (its name), where the manifests give one
everything else             nothing: it is there or it is not
"""


def role_in(attributes: Attributes) -> str:
    """The role; empty where there is none."""
    role = attributes.get("role")
    return role if isinstance(role, str) else ""


class Owner(NamedTuple):
    """Who an app belongs to: the key of a person, or of an organization; neither where nothing says it."""

    person: str = ""
    organization: str = ""

    @classmethod
    def of(cls, attributes: Attributes) -> Owner:
        """As the attribute of an app says it."""
        whose, _, key = str(attributes.get("owner", "")).partition(":")
        return cls(**{whose: key}) if whose in cls._fields else cls()

    def __str__(self) -> str:
        return f"person:{self.person}" if self.person else f"organization:{self.organization}"

    @property
    def attributes(self) -> Attributes:
        """Of an app that is theirs."""
        return {"owner": str(self)}

    def is_elsewhere(self, organization: str) -> bool:
        """Whether an app is somebody else's; not where nothing says whose it is."""
        return any(self) and self != Owner(organization=organization)


def rename_owner(attributes: Attributes, rename: Callable[[str], str]) -> Attributes:
    """The attributes with another key for the person who owns an app."""
    person = Owner.of(attributes).person
    return {**attributes, **Owner(person=rename(person)).attributes} if person else attributes


PRESENCE = "presence"
"""Stands among what is `unread` where nothing shows that something is there: somebody has said so."""


class Status(StrEnum):
    """Where a resource stands in its life; one that is not there has no status."""

    ACTIVE = "active"
    INVITED = "invited"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REMOVED = "removed"
    LEFT = "left"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    """An app transfer was initiated; nothing has changed hands yet."""
    REQUESTED = "requested"
    """A link or an access request waits for the owner."""
    LAPSED = "lapsed"
    """The owner did not answer a request in time."""
    REVOKED_BY_OWNER = "revoked_by_owner"

    @property
    def is_pending(self) -> bool:
        """Asked for, and somebody else has to act."""
        return self in _PENDING

    @property
    def is_gone(self) -> bool:
        """Gives no access and waits for nobody; kept because how it ended decides what may happen next."""
        return self is not Status.ACTIVE and self not in _PENDING


_PENDING = frozenset({Status.INVITED, Status.AWAITING_ACCEPTANCE, Status.REQUESTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One managed thing with the values that matter for access."""

    address: Address
    attributes: Attributes = field(default_factory=dict)
    status: Status = Status.ACTIVE
    identity: str = ""
    """What the system knows it by: e-mail, phone number, handle or numeric id."""
    platform_id: str = ""
    """The number the platform has for it besides the identity; no part of the fingerprint, because it never changes
    what access somebody has."""
    name: str = ""
    """What people see a member or a TikTok account called; everybody chooses that for themselves, so it proves nothing
    and is no part of the fingerprint."""
    since: date | None = None
    """The UTC day on which it got this status, where the system tells."""
    pending: Attributes = field(default_factory=dict)
    """Values that take effect when the other party agrees, for a change of something that is already active."""
    implied_by: str = ""
    """The role, in words, that may give all of this without any grant; empty where only a grant can. No part of the
    fingerprint, because it is a reason and no access."""
    unread: tuple[str, ...] = ()
    """Sorted names of attributes that the system has and does not show. A provider leaves their values out; what
    `attributes` says of them anyway is what was believed of them before (see `believing`)."""

    @property
    def shown(self) -> Attributes:
        """The attributes that the system shows."""
        return self._without_unread(self.attributes) if self.unread else self.attributes

    def shows(self, attributes: Attributes) -> bool:
        """Whether nothing that the system shows says otherwise than `attributes`."""
        return self.shown == self._without_unread(attributes)

    def fits(self, attributes: Attributes) -> bool:
        """Like `shows`, and what is believed of the rest is the same too; of what nobody knows anything, all fits."""
        if not self.unread:
            return self.attributes == attributes
        doubtful = {name for name in self.unread if name not in self.attributes}
        return self.attributes == {name: value for name, value in attributes.items() if name not in doubtful}

    def believing(self, *sources: Attributes) -> Resource:
        """With values for what the system does not show, from the first source that has one."""
        if not self.unread:
            return self
        believed = {
            name: next((source[name] for source in sources if name in source), None)
            for name in self.unread
            if name not in self.attributes
        }
        values = {name: value for name, value in believed.items() if value is not None}
        return replace(self, attributes={**self.attributes, **values}) if values else self

    def _without_unread(self, attributes: Attributes) -> Attributes:
        return {name: value for name, value in attributes.items() if name not in self.unread}

    @property
    def fingerprint(self) -> str:
        """Changes when anything a plan relied on and the system shows changes.

        `since` is left out because systems round it.
        """
        content = [str(self.address), dict(self.shown), self.status, self.identity, dict(self.pending)]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def unless_gone(resource: Resource | None) -> Resource | None:
    """The resource, but None where only how it ended is left of it."""
    return None if resource is None or resource.status.is_gone else resource


ABSENT_FINGERPRINT = "absent"


def fingerprint_of(resource: Resource | None) -> str:
    """The fingerprint of a live resource, with a fixed word for one that is not there."""
    return ABSENT_FINGERPRINT if resource is None else resource.fingerprint


MAX_NAMED_UNREAD = 3
"""So many unread parts are named in one sentence; each of them is a finding besides."""


class Part(str):
    """A part of a system that could not be read: what the addresses in it begin with, which is also its form in JSON.

    `ORG/` is everything, `ORG/KIND/` all of a kind and `ORG/KIND/PARENT/` what hangs on one thing. Without the slash at
    the end it is a single thing that cannot be told apart, with what hangs on it: `ORG/KIND/PARENT` or an address.
    """

    __slots__ = ()

    @classmethod
    def everything(cls, organization: str) -> Part:
        """All of an organization."""
        return cls(f"{organization}/")

    @classmethod
    def all_of(cls, organization: str, kind: str, parent: str = "") -> Part:
        """Everything of a kind, or of that only what hangs on one thing."""
        return cls(f"{organization}/{kind}/{parent}/" if parent else f"{organization}/{kind}/")

    @property
    def is_whole(self) -> bool:
        """Whether all of it could not be read; else it is a single thing."""
        return self.endswith("/")

    @property
    def organization(self) -> str:
        """The organization that it belongs to."""
        return self.partition("/")[0]

    @property
    def kind(self) -> str:
        """Empty for everything."""
        return self.partition("/")[2].partition("/")[0]

    @property
    def parent(self) -> str:
        """The thing that it hangs on, where it is no more than that."""
        return self.partition("/")[2].partition("/")[2].rstrip("/")


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be read, or it could not be told whose it is. Never to be treated as absent."""

    reason: str
    is_part: bool = False
    """Whether all around it could not be read either; else it is a single thing that cannot be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One organization as its system shows it."""

    organization: str
    resources: Mapping[Address, Resource] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Part that could not be read -> reason."""
    acting: str = ""
    """Key of the person whose credentials are used; empty when any admin of the organization may carry changes out."""
    observed_at: datetime | None = None
    """When the system was looked at, in UTC; rosters can be old."""
    unmanaged: frozenset[str] = frozenset()
    """Kinds that the organization does not manage: nothing is said of them, whatever is there."""
    taken: Mapping[str, datetime] = field(default_factory=dict)
    """Kind -> when it was looked at, where people read the system, kind by kind; the oldest is `observed_at`."""

    @property
    def unread(self) -> dict[Part, str]:
        """Part -> why all of it could not be read. What is unknown besides is single things."""
        parts = ((Part(text), reason) for text, reason in sorted(self.unknown.items()))
        return {part: reason for part, reason in parts if part.is_whole}

    def reason_unread(self, *parts: Part) -> str:
        """Why one of these parts could not be read, the first that was not; empty where all of them were."""
        return next((self.unknown[part] for part in parts if part in self.unknown), "")

    @property
    def reason_members_unread(self) -> str:
        """Why it is not known who is a member; empty where it is."""
        return self.reason_unread(Part.everything(self.organization), Part.all_of(self.organization, "member"))

    def managing(self, kinds: frozenset[str]) -> Live:
        """Only what an organization manages."""
        unmanaged = {kind.name for kind in KINDS.values() if kind.name not in kinds}
        if not unmanaged:
            return self
        return replace(
            self,
            resources={address: found for address, found in self.resources.items() if address.kind in kinds},
            unknown={part: why for part, why in self.unknown.items() if Part(part).kind in {*kinds, ""}},
            unmanaged=frozenset(unmanaged),
        )

    def find(self, address: Address) -> Resource | Unknown | None:
        """The live resource, None when it is known to be absent, or Unknown."""
        present = self.resources.get(address)
        if present is not None:
            return present
        if address.kind in self.unmanaged:
            return Unknown(f"{KINDS[address.kind].plural} are not managed here", is_part=True)
        if not self.unknown:
            return None
        organization, kind, _ = address
        thing = f"{organization}/{kind}/{address.parts[0]}"
        for part in (f"{organization}/", f"{organization}/{kind}/", f"{thing}/", thing, str(address)):  # widest first
            reason = self.unknown.get(part)
            if reason is not None:
                return Unknown(reason, is_part=part.endswith("/"))
        return None

    def seen_at(self, kind: str) -> datetime | None:
        """When the resources of a kind were looked at; None where nobody knows, or where nothing was looked at."""
        return self.taken.get(kind, self.observed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part of a system that had to be read and could not be; nothing is planned, ended or claimed there."""

    organization: str
    prefix: str
    """`ORG/`, `ORG/KIND/` or `ORG/KIND/PARENT/`: the beginning of the addresses in it."""
    reason: str
    last_read: date | None = None
    """The UTC day of the last look that is recorded and showed this part; None where none is."""

    @property
    def finding(self) -> Finding:
        """The same for whoever reads findings; no report leaves it out."""
        when = f"last read on {self.last_read}" if self.last_read else "no earlier look is recorded"
        unmanage = ", or until its kind is left out of `manages:`" if Part(self.prefix).kind else ""
        return Finding(
            id="unread",
            message=f"{self.what} of {self.organization} could not be read ({when}): {self.reason}",
            advice=f"nothing is planned, ended or taken for complete there until it can be read{unmanage}",
            address=self.prefix,
        )

    @property
    def what(self) -> str:
        """The part in words."""
        part = Part(self.prefix)
        if part.kind not in KINDS:
            return part.kind or "everything"
        return f"{KINDS[part.kind].title} {part.parent}" if part.parent else KINDS[part.kind].plural


class OfOrganizations:
    """What a plan or an audit of several organizations knows of how they were read."""

    __slots__ = ()
    organizations: Sequence[Any]

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Every part that could not be read."""
        return tuple(unread for part in self.organizations for unread in part.unread)

    @property
    def first_runs(self) -> tuple[str, ...]:
        """Organizations of which nothing is recorded: nobody can tell a first run from a lost state."""
        return tuple(part.organization for part in self.organizations if part.is_first)


UNREAD_SIGN = "Unread: "
"""What the sentence about something unread begins with, in every form."""


def summarize_unread(unread: Sequence[Unread]) -> str:
    """The sentence that every report about something unread begins with; empty where everything was read."""
    if not unread:
        return ""
    named = [f"{one.what} of {one.organization}" for one in unread[:MAX_NAMED_UNREAD]]
    more = f" and {len(unread) - MAX_NAMED_UNREAD} more parts" if len(unread) > MAX_NAMED_UNREAD else ""
    return f"{UNREAD_SIGN}{', '.join(named)}{more}. What is said here is not everything."


def ask_about_states(organizations: Sequence[str]) -> str:
    """The question about organizations of which nothing is recorded; empty where there is none."""
    return f"No state of {', '.join(organizations)}: first run, or lost?" if organizations else ""


def explain_unread(unread: Sequence[Unread]) -> tuple[str, ...]:
    """What a page begins with: each unread part with why and when it was last read, as far as there is room."""
    rest = len(unread) - MAX_NAMED_UNREAD
    told = [f"{UNREAD_SIGN}{one.finding.message}" for one in unread[:MAX_NAMED_UNREAD]]
    return (*told, *([f"{UNREAD_SIGN}{rest} more parts; the findings name them"] if rest > 0 else []))


def name_subject(address: Address) -> str:
    """Who or what an address is about; a person by key alone, everything else with its kind."""
    kind = KINDS[address.kind]
    parts = address.parts
    if kind.person_part is not None and kind.person_part < len(parts):
        return parts[kind.person_part]
    if kind.parents:
        return f"{KINDS[kind.parents[0]].title} {parts[0]}"
    return f"{kind.title} {address.key}"


def name_access(address: Address, *sides: Attributes) -> str:
    """What is had on what: `operator on ad account us-brand`, `access to pixel shop`; two sides with an arrow."""
    values = list(dict.fromkeys(value for attributes in sides if (value := name_attributes(attributes))))
    reached = _name_object(address)
    if values or not reached:
        return " on ".join(part for part in (" -> ".join(values), reached) if part)
    kind = KINDS[address.kind]
    return f"access to {reached}" if kind.person_part is not None else f"{kind.title}: {reached}"


def name_values(resource: Resource) -> str:
    """The attributes and the status, for comparing one resource with itself: `admin, active`."""
    status = resource.status.replace("_", " ")
    return ", ".join(part for part in (name_attributes(resource.attributes), status) if part)


def name_title(resource: Resource) -> str:
    """`, shown as 'Acme Shop'` of an asset whose owner calls it something that it is not known by; else empty."""
    is_shown = resource.address.kind != "member" and resource.name.casefold() not in ("", resource.identity.casefold())
    return f", shown as {resource.name!r}" if is_shown else ""


def name_attributes(attributes: Attributes) -> str:
    """The attributes as a reader would say them: `standard, finance analyst`."""
    words = []
    for name, value in sorted(attributes.items(), key=lambda item: (item[0] != "role", item[0])):
        text = value if isinstance(value, str) else " + ".join(value)
        if name == "owner":
            text = f"owned by {text.replace(':', ' ', 1)}"
        words.append(text if name in {"role", "permissions", "owner"} else f"{name} {text}")
    return ", ".join(words)


def _name_object(address: Address) -> str:
    """What an edge reaches, besides its subject: `ad account us-brand`; empty for anything that is no edge."""
    kind = KINDS[address.kind]
    subject = 0 if kind.person_part is None else kind.person_part
    parts = enumerate(zip(kind.parents, address.parts, strict=False))
    return " ".join(f"{KINDS[parent].title} {part}" for index, (parent, part) in parts if index != subject)
