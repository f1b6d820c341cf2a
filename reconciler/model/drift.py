"""Drift: what is live and was not made so by this tool, what is remembered of it, and what a log or a roster tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Literal

from reconciler.model.address import KINDS, Address
from reconciler.model.change import Mark, Risk, Waiting
from reconciler.model.finding import Finding, Place, Severity
from reconciler.model.resource import OfOrganizations, Resource, Unread, fingerprint_of
from reconciler.model.values import dataclass


class DriftSort(StrEnum):
    """What happened outside of this tool."""

    ADDED_OUTSIDE = "added_outside"
    """It is there, and nobody declared or recorded it."""
    CHANGED = "changed"
    GONE = "gone"
    EXPIRED_BUT_ACTIVE = "expired_but_active"
    """It should have ended by now, or has not begun yet, and is there."""
    UNVERIFIED = "unverified"
    """It was asked for, the system does not show what was given, and nobody has confirmed it."""

    @property
    def label(self) -> str:
        """In words."""
        return self.replace("_", " ")


class DriftStatus(StrEnum):
    """What is known of it already."""

    NEW = "new"
    OVERDUE = "overdue"
    """Its acceptance has ended, or it is known for longer than is allowed."""
    KNOWN = "known"
    ACCEPTED = "accepted"

    @property
    def wants_attention(self) -> bool:
        """Whether an audit has to alarm somebody."""
        return self in (DriftStatus.NEW, DriftStatus.OVERDUE)


class Fate(StrEnum):
    """What becomes of a difference, by the plan that was made of the same look at the system."""

    CHANGED_BACK = "changed_back"
    """The plan makes it as declared."""
    TAKEN_AWAY = "taken_away"
    WAITING = "waiting"
    BLOCKED = "blocked"
    DEFERRED = "deferred"
    """The plan says nothing about it now: it failed earlier, or nobody knows who could act."""
    LEFT_ALONE = "left_alone"
    """No plan will do anything about it, as the mode of the organization wants it."""
    UNREAD = "unread"
    """It was found earlier and could not be looked at now, so it is taken to be still there."""
    SETTLED = "settled"
    """It is as declared already; the next apply records it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference between what was recorded or declared and what is live, judged by itself."""

    address: Address
    sort: DriftSort
    severity: Risk
    marks: tuple[Mark, ...] = ()
    """Why it matters that much, and what else deserves a second look."""
    expected: Resource | None
    """As recorded; as declared for what has no record; None when nothing should be there."""
    live: Resource | None
    why: str
    """What is wrong with it, in words."""
    fate: Fate = Fate.LEFT_ALONE
    outlook: str = ""
    """The fate in words, with the guard, the person or the reason."""
    advice: str = ""
    """How to keep it instead, where somebody could want that."""
    place: Place | None = None
    """The manifest line about it, if there is one."""

    @property
    def stays(self) -> bool:
        """Whether no plan makes it as declared, or shows that it is: it takes somebody who decides, or looks."""
        return self.sort is DriftSort.UNVERIFIED or (self.fate is Fate.LEFT_ALONE and not self.is_unmanaged)

    @property
    def is_unmanaged(self) -> bool:
        """Whether it was never declared, is left alone, and matters too little to stand by name in a plan."""
        is_strange = self.sort is DriftSort.ADDED_OUTSIDE and self.fate is Fate.LEFT_ALONE
        return is_strange and self.severity is not Risk.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDrift:
    """One difference between what is live and what was recorded or declared, as far as it is known already."""

    address: Address
    sort: DriftSort
    live: str
    """Fingerprint of the live resource it was about; another one makes it new again, and so does another sort."""
    first_seen: date
    """UTC day."""
    told: bool = True
    """False while only an apply has come across it, so that the next audit still tells of it as new."""
    reason: str = ""
    """Why it is accepted; empty when nobody has accepted it."""
    severity: Risk = Risk.HIGH
    """When it was last looked at; states of format 1.2 do not say it."""
    why: str = ""
    last: Resource | None = None
    """What was live then."""
    accepted_by: str = ""
    until: date | None = None
    """The UTC day on which the acceptance ends."""

    def is_accepted(self, today: date) -> bool:
        """Whether somebody has agreed to live with it today."""
        return bool(self.reason) and (self.until is None or today < self.until)

    def is_about(self, found: Drift) -> bool:
        """Whether it is this very difference that is known."""
        is_same = self.sort is found.sort and self.live == fingerprint_of(found.live)
        return found.fate is Fate.UNREAD or is_same


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftItem:
    """One difference with its history."""

    found: Drift
    status: DriftStatus
    first_seen: date
    """UTC day."""
    age: int
    """Days since then."""
    known: KnownDrift | None = None
    """What was remembered of exactly this difference."""
    deeds: tuple[ActivityEntry, ...] = ()
    """What the system's own log says about this address, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationDrift:
    """What an audit found in one organization."""

    organization: str
    system: str
    mode: str
    items: tuple[DriftItem, ...] = ()
    """The worst first."""
    resolved: tuple[KnownDrift, ...] = ()
    """What earlier audits found and is no more."""
    unread: tuple[Unread, ...] = ()
    """Parts that could not be read; drift may hide there, and what was known there counts as still there."""
    doubts: tuple[Waiting, ...] = ()
    """Single things that cannot be told apart."""
    looked: Mapping[str, date] = field(default_factory=dict)
    """Kind -> the UTC day on which all of it was last read, as far as that is recorded or was just now."""
    not_managed: tuple[str, ...] = ()
    """Kinds that the organization leaves out of its `manages:`; nobody looked at them."""
    unseen: tuple[str, ...] = ()
    """Access that exists on this system and that no reading shows."""
    is_first: bool = False
    """Whether nothing is recorded of the organization: this is its first run, or its state was lost."""
    observed_at: datetime | None = None
    """When the system was looked at, if that was not just now: rosters are as old as they are."""
    log: str = ""
    """Why the system's own log could not be asked who did it; empty when it could, or when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSummary:
    """How many differences there are of each status."""

    new: int
    overdue: int
    known: int
    accepted: int
    resolved: int
    unread: int
    """Parts that could not be read; what was known there is counted as known."""
    clean: bool
    """Everything was looked at, and there is nothing but what was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport(OfOrganizations):
    """What an audit found."""

    JSON_PROPERTIES: ClassVar = ("summary",)

    today: date
    organizations: tuple[OrganizationDrift, ...] = ()

    @property
    def items(self) -> tuple[DriftItem, ...]:
        """Everything found, organization by organization."""
        return tuple(item for part in self.organizations for item in part.items)

    @property
    def summary(self) -> DriftSummary:
        """In numbers."""
        counts = Counter(item.status for item in self.items)
        return DriftSummary(
            **{status.value: counts[status] for status in DriftStatus},
            resolved=sum(len(part.resolved) for part in self.organizations),
            unread=len(self.unread),
            clean=self.is_clean,
        )

    @property
    def is_clean(self) -> bool:
        """Whether everything was looked at and nothing wants anybody: only then an issue about drift may be closed."""
        return not self.unread and all(item.status is DriftStatus.ACCEPTED for item in self.items)

    @property
    def wants_attention(self) -> bool:
        """Whether anything is new or overdue."""
        return any(item.status.wants_attention for item in self.items)


def list_with_history(
    found: Iterable[Drift], known: Mapping[Address, KnownDrift], *, today: date, max_age: int | None
) -> tuple[DriftItem, ...]:
    """What was found, with what earlier audits remember of it; the worst first, by address where they are as bad.

    What is remembered counts for exactly the difference it was about: when the live resource has changed since, or is
    wrong for another reason, the difference is new, and nobody has accepted it. What is older than `max_age` days is
    overdue.
    """
    items = [_item(one, known.get(one.address), today=today, max_age=max_age) for one in found]
    return tuple(sorted(items, key=lambda item: (item.found.severity.rank, item.found.address)))


def _item(found: Drift, known: KnownDrift | None, *, today: date, max_age: int | None) -> DriftItem:
    if known is None or not known.is_about(found):
        return DriftItem(found=found, status=DriftStatus.NEW, first_seen=today, age=0)
    age = (today - known.first_seen).days
    if not known.told:
        told = replace(known, told=True) if found.fate is Fate.UNREAD else None
        return DriftItem(found=found, status=DriftStatus.NEW, first_seen=known.first_seen, age=age, known=told)
    if known.is_accepted(today):
        status = DriftStatus.ACCEPTED
    elif known.reason or (max_age is not None and age > max_age):
        status = DriftStatus.OVERDUE
    else:
        status = DriftStatus.KNOWN
    return DriftItem(found=found, status=status, first_seen=known.first_seen, age=age, known=known)


def remember_drift(items: Iterable[DriftItem]) -> dict[Address, KnownDrift]:
    """What to remember until the next audit."""
    return {item.found.address: item.known or known_from(item.found, first_seen=item.first_seen) for item in items}


def known_from(found: Drift, *, first_seen: date, told: bool = True) -> KnownDrift:
    """What to remember of a difference."""
    return KnownDrift(
        address=found.address,
        sort=found.sort,
        live=fingerprint_of(found.live),
        first_seen=first_seen,
        told=told,
        severity=found.severity,
        why=found.why,
        last=found.live,
    )


_WORD = re.compile(r"[^\s,;:!?()\[\]<>\"'`]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEntry:
    """One entry of the log. All texts come from outside."""

    at: datetime
    """In UTC."""
    who: str
    """Person key where it is known whose number or name the system shows; else that number or name, or empty."""
    what: str
    """In the words of the system, which are nowhere documented."""
    address: Address | None = None
    """What it is about, where the words name exactly that."""


def find_subject(
    text: str, *, organization: str, keys: Mapping[str, str], assets: Mapping[tuple[str, str], str]
) -> Address | None:
    """What a text is about, told from the names in it; None unless they come to exactly one address.

    `keys` are the identifiers of people in lower case -> person key, `assets` (kind, key) -> identifier, as in a scope.
    Names are enough: sentences change with the language and the version of a site, names do not. Of people only e-mail
    addresses count, because a handle may also be that of an account.
    """
    words = {word.rstrip(".").casefold() for word in _WORD.findall(text)}
    named = {("member", keys.get(word, word)) for word in words if "@" in word[1:] and "*" not in word}
    named |= {thing for thing, name in assets.items() if name.casefold() in words}
    parts = dict(named)
    if len(parts) != len(named):
        return None
    for kind in KINDS.values():
        expected = kind.parents or (kind.name,)
        if parts.keys() == set(expected):
            return Address(organization, kind.name, "/".join(parts[name] for name in expected))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Everything of one kind that an organization showed at a moment; what is neither in it nor unknown was not there.

    An organization has at most one roster for each kind; a kind without a roster is unknown, never empty.
    """

    kind: str
    """Kind of the resources, such as `member` or `app`."""
    taken: datetime
    """When the page was looked at or exported, in UTC."""
    observed_by: str = ""
    """Who handed it in."""
    source: str = ""
    """Name of the file it came from."""
    digest: str = ""
    """SHA-256 of that file."""
    resources: tuple[Resource, ...] = ()
    """Sorted by address."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Prefix of addresses -> reason: rows that could not be understood, and everything that is not listed
    when only part of the page was handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterDifference:
    """What one roster shows otherwise than the one before it."""

    JSON_PROPERTIES: ClassVar = ("what",)

    address: Address
    before: Resource | None
    after: Resource | None

    @property
    def what(self) -> Literal["new", "changed", "gone"]:
        """What has happened to it since."""
        if self.before is None:
            return "new"
        return "gone" if self.after is None else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A roster as it was understood, beside the one before it."""

    JSON_HIDDEN: ClassVar = ("texts",)

    organization: str
    title: str
    """Of the system."""
    rosters: tuple[Roster, ...] = ()
    """By kind; empty when nothing could be understood."""
    findings: tuple[Finding, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """File -> text, for showing the lines that findings are about."""
    places: Mapping[Address, Place] = field(default_factory=dict)
    """Where each resource stands."""
    previous: datetime | None = None
    """When the roster before this one was taken."""
    differences: tuple[RosterDifference, ...] = ()
    """What has changed since then, by address; what is unknown now is not among it."""
    drift: tuple[Drift, ...] = ()
    """What was not made so by this tool, by this roster; what was asked for and came about is not among it."""
    is_kept: bool = False
    """Whether it is the organization's roster from now on."""

    @property
    def is_usable(self) -> bool:
        """Whether it may be kept."""
        return bool(self.rosters) and not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unknown(self) -> dict[str, str]:
        """Prefix of addresses -> why nothing is known of them, over all kinds."""
        return {prefix: reason for roster in self.rosters for prefix, reason in roster.unknown.items()}
