"""What a rule is, and what it looks at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Literal, NamedTuple, TypeVar

from reconciler.engine.entitlements import split_by_date
from reconciler.model import (
    KINDS,
    Address,
    Declared,
    Desired,
    Organization,
    Parameter,
    Person,
    Place,
    Severity,
    State,
    System,
    dataclass,
    is_administrator,
    person_in,
    role_in,
)

Parameters = Mapping[str, Parameter]
_T = TypeVar("_T")

Employment = Literal["employee", "contractor", "agency", "creator"]
Fact = Literal["systems", "keys", "kinds", "permissions", "finances", "mailboxes", "employments"] | Employment
"""What `Overview.words` finds out. `keys` are those of manifests that are in use; the name of an employment stands for
the roles of those employed so."""


class Overview:
    """What there is in one organization on a day, found out once for all rules."""

    def __init__(self, organization: Organization, resources: Mapping[Address, Declared], desired: Desired) -> None:
        self.organization = organization
        self.resources, self._desired = resources, desired

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Declared]]:
        """All that is declared."""
        found: dict[str, list[Declared]] = defaultdict(list)
        for address, one in self.resources.items():
            found[address.kind].append(one)
        return found

    @cached_property
    def members(self) -> Sequence[Declared]:
        """Its memberships."""
        return self.by_kind.get("member", ())

    @cached_property
    def roles(self) -> Mapping[str, AbstractSet[str]]:
        """Those of its members, by how they are employed; empty for those who are not in the directory."""
        found: dict[str, set[str]] = defaultdict(set)
        for one in self.members:
            person = self._desired.people.get(one.address.key)
            found[person.employment if person else ""].add(role_in(one.attributes))
        return found

    @cached_property
    def admins(self) -> Sequence[Declared]:
        """Memberships whose role manages other people's access."""
        roles = {role for held in self.roles.values() for role in held if self.organization.system.administers(role)}
        return [one for one in self.members if one.attributes.get("role") in roles]

    @cached_property
    def emergencies(self) -> Sequence[Declared]:
        """What was given in an emergency, whatever the day."""
        return [
            one
            for one in self._desired.resources[self.organization.key].values()
            if one.break_glass or (one.joined and any(line.break_glass for line in one.joined))
        ]

    def words(self, fact: Fact) -> AbstractSet[str]:
        """All that is true of it in one respect."""
        match fact:
            case "systems":
                return {self.organization.system.name}
            case "keys":
                every = self.organization.review_every or self._desired.review_every
                is_reviewed = every and self._desired.reviewed is not None
                return {key for key, used in (("break_glass", self.emergencies), ("review_every", is_reviewed)) if used}
            case "kinds":
                return self.by_kind.keys()
            case "permissions":
                links = self.by_kind.get("tiktok_account", ())
                return {word for one in links for word in one.attributes.get("permissions", ())}
            case "finances":
                return {str(one.attributes.get("finance", "")) for one in self.members}
            case "mailboxes":
                return {mailbox_of(one.identity) for one in self.members}
            case "employments":
                return self.roles.keys()
            case "employee" | "contractor" | "agency" | "creator":
                return self.roles.get(fact, set())


def mailbox_of(email: str) -> str:
    """What stands before the @ of an address, without what is added to it."""
    name = email.partition("@")[0].lower()
    return name.partition("+")[0] if "+" in name else name


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInput:
    """What the manifests want on a day."""

    desired: Desired
    today: date
    overviews: Mapping[str, Overview] = field(default_factory=dict)
    """Organization key -> what there is in it, by key and without organizations that shall be deleted."""
    begins: Mapping[str, Sequence[date]] = field(default_factory=dict)
    """Organization key -> the days to come on which something begins in it, of those that have any."""
    recorded: Mapping[str, State] = field(default_factory=dict)
    """Organization key -> what is remembered of it; only rules that need it look, and without it they are not asked."""

    @classmethod
    def of(cls, desired: Desired, today: date, *, recorded: Mapping[str, State] | None = None) -> PolicyInput:
        """The world as it is wanted today."""
        begins: dict[str, Sequence[date]] = {}
        for key, part in desired.resources.items():
            lines = (line for one in part.values() if one.starts or one.joined for line in one.lines)
            if days := {line.starts for line in lines if line.starts and line.starts > today}:
                begins[key] = sorted(days)
        world = cls(desired=desired, today=today, begins=begins, recorded=recorded or {})
        return world.on(today, desired.resources)

    def on(self, day: date, resources: Mapping[str, Mapping[Address, Declared]]) -> PolicyInput:
        """The same as it is wanted on a later day, where nothing but this is declared."""
        systems = {key: self.desired.organizations[key].system for key in resources}
        return self.with_things({key: split_by_date(resources[key], day, systems[key])[0] for key in resources})

    def with_things(self, things: Mapping[str, Mapping[Address, Declared]]) -> PolicyInput:
        """The same where this is there, and nothing else."""
        desired = self.desired
        overviews = {key: Overview(desired.organizations[key], things[key], desired) for key in sorted(things)}
        return replace(self, overviews=overviews)

    def every_member(self, *, admins_only: bool = False) -> Iterator[tuple[Organization, Declared, Person | None]]:
        """All memberships, or those that manage other people's access, each with the person in the directory."""
        for there in self.overviews.values():
            for member in there.admins if admins_only else there.members:
                yield there.organization, member, self.desired.people.get(member.address.key)

    def everything(self, kinds: Collection[str] = KINDS) -> Iterator[tuple[Organization, Declared]]:
        """All memberships, grants, shares and assets, or those of some kinds."""
        for there in self.overviews.values():
            for kind, found in there.by_kind.items():
                if kind in kinds:
                    for declared in found:
                        yield there.organization, declared

    def find_person(self, address: Address) -> Person | None:
        """Whom access is about, if they are in the directory."""
        return self.desired.people.get(person_in(address))


def administers(system: System, member: Declared) -> bool:
    """Whether a membership has a role that manages other people's access."""
    return is_administrator(system, "member", member.attributes)


class PolicyObjection(NamedTuple):
    """What a rule has against something; a tuple, because a rule may object to everybody."""

    address: Address
    message: str
    place: Place
    others: tuple[Address, ...] = ()
    """More that would have to go, or not to come, for the objection to fall; for all of them severity error blocks."""
    advice: str = ""
    related: tuple[Place, ...] = ()
    since: date | None = None
    """The day on which it begins, where that is still to come."""

    @classmethod
    def to(cls, declared: Declared, message: str, *, advice: str, person: Person | None = None) -> PolicyObjection:
        """An objection to one thing where it is declared, and where the person is whom it is about."""
        related = (person.place,) if person else ()
        return cls(declared.address, message, declared.place, (), advice, related)


class Scale(Enum):
    """How much a rule has to look at together to judge a part of it."""

    PERSON = "person"
    """Everything that one person has in an organization, or one thing that is nobody's, on one day."""
    ORGANIZATION = "organization"
    """An organization, on all days to come: it says itself from when on it objects."""
    PERSON_ANYWHERE = "person anywhere"
    """Everything that one person, or one partner of an organization, has in all organizations, or one thing that is
    nobody's, on one day."""
    EVERYTHING = "everything"
    """All organizations, on one day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One policy: what it asks, why, and how it is checked."""

    id: str
    """Kebab-case; the id of its findings."""
    severity: Severity | None
    """Where no set is chosen; None for a rule that is off until somebody asks for it."""
    sets: Mapping[str, Severity] = field(default_factory=dict)
    """Set -> how much it matters there; what is not named is as without a set."""
    needs_state: bool = False
    """Whether it looks at what is recorded; it is not asked where that was not read."""
    needs: tuple[str, ...] = ()
    """Parameters without which it looks at nothing."""
    asks: str
    """One line: what has to be so."""
    because: str
    """Why, with the vendor's advice where there is some."""
    parameters: Parameters = field(default_factory=dict)
    """Name -> value where nothing else is said; the type of the value is the type that is accepted."""
    where: Mapping[Fact, str | tuple[str, ...]] = field(default_factory=dict)
    """Where it may object at all: in organizations of which one of these facts has one of these words. A single string
    is the parameter that lists them. Without any it looks everywhere."""
    check: Callable[[PolicyInput, Parameters], Iterator[PolicyObjection]]
    scale: Scale = Scale.EVERYTHING
    is_timeless: bool = False
    """Whether what it says changes on no other days than those that the manifests name."""

    def find_scope(self, world: PolicyInput, parameters: Parameters) -> PolicyInput:
        """What of it this rule has to look at; no organization where it cannot object to anything.

        A rule that looks at organizations together needs all of them as soon as one is concerned.
        """
        if not self.where:
            return world
        wanted = {
            fact: frozenset(words(parameters, named) if isinstance(named, str) else named)
            for fact, named in self.where.items()
        }
        concerned = {
            key: there
            for key, there in world.overviews.items()
            if any(named and not named.isdisjoint(there.words(fact)) for fact, named in wanted.items())
        }
        return world if concerned and not self.is_local else replace(world, overviews=concerned)

    @property
    def is_local(self) -> bool:
        """Whether it judges each organization by itself: what it says of one then holds whatever the others declare."""
        return self.scale in (Scale.PERSON, Scale.ORGANIZATION)


def number(parameters: Parameters, name: str) -> float:
    """A number among the parameters."""
    value = parameters[name]
    return value if isinstance(value, (int, float)) else 0


def words(parameters: Parameters, name: str) -> tuple[str, ...]:
    """A list of words among the parameters."""
    value = parameters[name]
    return value if isinstance(value, tuple) else ()


def by_name(parameters: Parameters, name: str, kind: type[_T]) -> Mapping[str, _T]:
    """Numbers or lists of words by name among the parameters; none where there is no such parameter."""
    value = parameters.get(name)
    found = value.items() if isinstance(value, Mapping) else ()
    return {key: one for key, one in found if isinstance(one, kind)}
