"""What the user wants: the outcome of reading the manifests and the workspace file, and whose a masked identity is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field, fields, replace
from datetime import date
from enum import StrEnum
from itertools import product
from typing import ClassVar, Literal

from reconciler.model.address import KINDS, Action, Address, System
from reconciler.model.change import Change
from reconciler.model.finding import Finding, Place
from reconciler.model.resource import Attributes, Resource
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


COMMAND_LINE = "(command line)"
"""How the origin of an approval ends that stands in no manifest."""


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

    def let_through(self, change: Change) -> Change:
        """The change with this approval written on it."""
        origin = f"({self.place})" if self.place else COMMAND_LINE
        return replace(
            change,
            approval=f"{self.reason or 'no reason given'} {origin}",
            approval_terms=(self.reason, self.expires) if self.expires else None,
        )


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

    @property
    def own_domains(self) -> frozenset[str]:
        """The allowed domains; where none are given, those of at least two employees."""
        if self.allowed_domains:
            return self.allowed_domains
        employees = (one for one in self.people.values() if one.employment == "employee")
        used = Counter(one.identities.get("email", "").rpartition("@")[2] for one in employees)
        return frozenset(domain for domain, count in used.items() if domain and count > 1)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """Limits that stop a dangerous change; each can be lifted for one change only, by an approval."""

    max_removal_ratio: float = 0.25
    """Share of an organization's access that one plan, and any seven days, may take away."""
    removal_ratio_from: int = 10
    """The ratio speaks only in organizations with at least this many counted things; in smaller ones a single
    removal would always exceed it, and the admin guards protect what matters."""
    min_admins: int = 2
    """Active admins an organization keeps; where it has fewer already, it keeps those."""
    required_admins: tuple[str, ...] = ()
    """Person keys that are never removed or demoted anywhere they are admin."""
    max_invitations: int | None = None
    """Invitations per organization in any seven days; None for no limit of our own."""
    pending_days: int = 30
    """After how many days without an answer an invitation is cancelled and sent again, and a work order that nobody has
    done is asked for again; whatever else waits is overdue then."""
    max_approval_days: int = 90
    """How far ahead an approval may end."""
    max_expired_invitations: int = 3
    """How often an invitation that expired unanswered is sent again, or a work order that was not done asked for again,
    before it is only reported."""
    lockout_notice_days: int = 30
    """How long ahead a plan warns that dates leave an organization without an admin."""
    max_roster_age: int = 30
    """Days after which a plan warns that what people read off a system is old."""


Parameter = str | int | float | bool | tuple[str, ...] | Mapping[str, tuple[str, ...]] | Mapping[str, int]
"""What a rule can be told: a word, a number, a list of words, or lists of words, or numbers, by name."""

POLICY_EXCEPTION = "policy-exception"
"""Id of the finding that tells of an exception while it holds."""
POLICY_SETS = ("baseline", "strict", "agency")
"""Which rules hold, and how much they matter, for whoever does not want to go through all of them."""
OFF: Literal["off"] = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """What is said of one rule; what is not said stays as the rule has it."""

    severity: str = ""
    """off | note | warning | error; empty for the rule's own."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleException:
    """An agreement that a rule does not hold for some addresses, until a day."""

    rule: str
    address: str
    """Address, or pattern with `*`."""
    owner: str
    """Who answers for it."""
    reason: str
    until: date
    """The last UTC day on which it counts."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Something that is true or false of one declaration."""

    text: str
    """Empty for what is always true."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomRule:
    """A rule of one's own, as it is written."""

    id: str
    severity: str
    asks: str
    because: str = ""
    when: Expression
    require: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRule:
    """One rule as it holds in a workspace, for lists."""

    id: str
    severity: Literal["off", "note", "warning", "error"]
    asks: str
    because: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    needs_state: bool = False
    """Whether it looks at what is recorded."""
    exceptions: tuple[RuleException, ...] = ()
    """Where it is not applied, ended ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """Everything under `policies`."""

    sources: tuple[str, ...] = ()
    """Files or folders with rules of one's own."""
    set: str = ""
    """One of the sets; empty for what each rule says by itself."""
    place: Place | None = None
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    exceptions: tuple[RuleException, ...] = ()


STAR = "*"
_HIDDEN = "[*\u2022\u2026]"
"""A star, or a dot or an ellipsis as pages draw them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What could be told about masked addresses."""

    people: Mapping[str, str] = field(default_factory=dict)
    """Mask -> the one person it must be."""
    ambiguous: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Mask -> the people it might be."""


def is_masked(identity: str) -> bool:
    """Whether it does not say whose it is: of an address, because the part before the @ is hidden in part."""
    return STAR in (identity.rpartition("@")[0] or identity)


def tells_account(identity: str) -> bool:
    """Whether it is an address that says whose it is; numbers and masks are no address of a manifest."""
    return "@" in identity and not is_masked(identity)


def may_show(mask: str, identity: str) -> bool:
    """Whether an identity may be what a mask shows; where an @ is shown, what is hidden does not reach over it."""
    return _pattern(mask.lower(), is_strict=False).fullmatch(identity.lower()) is not None


def match_masks(rows: Iterable[str], candidates: Mapping[str, str]) -> Matches:
    """Tell whose each mask is.

    `rows` are the masks of all rows that nobody is known for yet, repeated ones repeated. `candidates` are the
    addresses, in lower case, of people who were not found in any other row -> the person.
    """
    masks = [row.lower() for row in rows]
    loose = _fits(masks, candidates, is_strict=False)
    # Masks with different numbers of stars show that the number depends on what they hide.
    do_stars_tell = len({mask.partition("@")[0].count(STAR) for mask in masks}) > 1
    strict = _fits(masks, candidates, is_strict=True) if do_stars_tell else {}
    certain = _certain(masks, strict or loose)
    doubtful = {mask: people for mask, people in loose.items() if mask not in certain and people}
    return Matches(people=certain, ambiguous={mask: frozenset(people) for mask, people in doubtful.items()})


def _fits(masks: Iterable[str], candidates: Mapping[str, str], *, is_strict: bool) -> dict[str, set[str]]:
    shelves = _shelve(candidates)
    fits: dict[str, set[str]] = {}
    for mask in set(masks):
        local, _, domain = mask.rpartition("@")
        pattern = _pattern(local, is_strict=is_strict)
        shelf = shelves[domain, local[:1].strip(STAR), local[-1:].strip(STAR)]
        fits[mask] = {person for name, person in shelf if pattern.fullmatch(name)}
    return fits


def _shelve(candidates: Mapping[str, str]) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """Addresses by domain and outer characters, an empty text standing for any: comparing all with all is slow."""
    shelves: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for email, person in candidates.items():
        local, _, domain = email.rpartition("@")
        for first, last in product({local[:1], ""}, {local[-1:], ""}):
            shelves[domain, first, last].append((local, person))
    return shelves


def _pattern(masked: str, *, is_strict: bool) -> re.Pattern[str]:
    hidden = "[^@]" if "@" in masked else "."

    def describe(part: str) -> str:
        if not re.match(_HIDDEN, part):
            return re.escape(part)
        if not is_strict:
            return f"{hidden}*"
        # A single star may be there only because there is always one.
        return f"{hidden}?" if len(part) == 1 else f"{hidden}{{{len(part)}}}"

    return re.compile("".join(map(describe, re.split(f"({_HIDDEN}+)", masked))))


def _certain(masks: list[str], fits: Mapping[str, set[str]]) -> dict[str, str]:
    """Masks of one row that fit one person, who fits no other row."""
    claims: dict[str, int] = defaultdict(int)
    for mask in masks:
        for person in fits[mask]:
            claims[person] += 1
    alone = {mask: next(iter(people)) for mask, people in fits.items() if len(people) == 1}
    return {mask: person for mask, person in alone.items() if claims[person] == 1}
