"""A resource as one of the three worlds sees it: desired, recorded or live."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from reconciler.model.address import Address
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


ABSENT_FINGERPRINT = "absent"


def fingerprint_of(resource: Resource | None) -> str:
    """The fingerprint of a live resource, with a fixed word for one that is not there."""
    return ABSENT_FINGERPRINT if resource is None else resource.fingerprint
