"""What a rule is, and what it looks at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from datetime import date
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from reconciler.engine.entitlements import split_by_date
from reconciler.model.address import KINDS, Address, person_in
from reconciler.model.change import is_administrator
from reconciler.model.declared import Declared, Desired, Organization, Parameter, Person
from reconciler.model.finding import Place, Severity
from reconciler.model.resource import role_in
from reconciler.model.state import State
from reconciler.model.system import System
from reconciler.model.values import dataclass

Parameters = Mapping[str, Parameter]


def always(_: object) -> bool:
    """For a rule of which one of these holds whatever it is told, and whatever is declared."""
    return True


def never(_: object) -> bool:
    """Where nobody has made sure that it holds."""
    return False


class Overview:
    """What there is in one organization on a day, found out once for all rules.

    A rule is not asked about the members of an organization in which there is nothing that it looks for.
    """

    def __init__(
        self, organization: Organization, resources: Mapping[Address, Declared], people: Mapping[str, Person]
    ) -> None:
        self.organization = organization
        self._resources, self._people = resources, people

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Declared]]:
        """All that is declared."""
        found: dict[str, list[Declared]] = defaultdict(list)
        for address, one in self._resources.items():
            found[address.kind].append(one)
        return found

    @cached_property
    def members(self) -> Sequence[Declared]:
        """Its memberships."""
        return self.by_kind.get("member", ())

    @cached_property
    def roles(self) -> AbstractSet[str]:
        """Those of its members."""
        return {role_in(one) for one in {id(one.attributes): one.attributes for one in self.members}.values()}

    @cached_property
    def admins(self) -> Sequence[Declared]:
        """Memberships whose role manages other people's access."""
        roles = {role for role in self.roles if self.organization.system.administers(role)}
        return [one for one in self.members if one.attributes.get("role") in roles]

    @cached_property
    def employments(self) -> AbstractSet[str]:
        """How its members are employed; empty for those who are not in the directory."""
        people = (self._people.get(one.address.key) for one in self.members)
        return {person.employment if person else "" for person in people}

    @cached_property
    def mailboxes(self) -> AbstractSet[str]:
        """What stands before the @ of the members' addresses, and before the + where there is one."""
        return {mailbox_of(one.identity) for one in self.members}

    @cached_property
    def domains(self) -> AbstractSet[str]:
        """What stands behind the @ of the members' addresses; empty for those who are known by something else."""
        return {domain_of(one.identity) for one in self.members}


def mailbox_of(email: str) -> str:
    """What stands before the @ of an address, without what is added to it."""
    name = email.partition("@")[0].lower()
    return name.partition("+")[0] if "+" in name else name


def domain_of(identity: str) -> str:
    """What stands behind the @ of an address; empty for handles, phone numbers and whatever else is none."""
    return identity.lower().rpartition("@")[2] if "@" in identity.lstrip("@") else ""


Membership = tuple[Organization, Declared, Person | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInput:
    """What the manifests want on a day."""

    desired: Desired
    today: date
    lasting: Mapping[str, Mapping[Address, Declared]]
    """Organization key -> everything in it, without organizations that shall be deleted."""
    own_domains: frozenset[str] = frozenset()
    begins: Mapping[str, Sequence[date]] = field(default_factory=dict)
    """Organization key -> the days to come on which something begins in it, of those that have any."""
    recorded: Mapping[str, State] = field(default_factory=dict)
    """Organization key -> what is remembered of it; only rules that need it look, and without it they are not asked."""
    seen: dict[str, Overview] = field(default_factory=dict, compare=False)
    """Organization key -> what there is in it, of those that a rule has asked about."""

    @classmethod
    def of(cls, desired: Desired, today: date, *, recorded: Mapping[str, State] | None = None) -> PolicyInput:
        """The world as it is wanted today."""
        return cls(
            desired=desired,
            today=today,
            lasting=_lasting(desired, today, desired.resources),
            own_domains=own_domains(desired),
            begins=_find_beginnings(desired, today),
            recorded=recorded or {},
        )

    def on(self, day: date, resources: Mapping[str, Mapping[Address, Declared]] | None = None) -> PolicyInput:
        """The same as it is wanted on a later day, of some of it or of all."""
        chosen = self.desired.resources if resources is None else resources
        return replace(self, lasting=_lasting(self.desired, day, chosen), seen={})

    def with_things(self, things: Mapping[str, Mapping[Address, Declared]]) -> PolicyInput:
        """The same where some of it is as it is on a later day, and nothing else is there."""
        return replace(self, lasting=things, seen={})

    def organizations(self) -> Iterator[Organization]:
        """All organizations by key."""
        return (self.desired.organizations[key] for key in sorted(self.lasting))

    def overviews(self, concerns: Callable[[Overview], bool]) -> Iterator[Overview]:
        """Those of the organizations in which there is something that a rule looks for."""
        for organization in self.organizations():
            found = self.seen.get(organization.key)
            if found is None:
                found = Overview(organization, self.lasting[organization.key], self.desired.people)
                self.seen[organization.key] = found
            if concerns(found):
                yield found

    def every_member(self, concerns: Callable[[Overview], bool] = always) -> Iterator[Membership]:
        """All memberships, each with the person in the directory whom it is about, of organizations that concern."""
        people = self.desired.people
        for there in self.overviews(concerns):
            for member in there.members:
                yield there.organization, member, people.get(member.address.key)

    def every_admin(self, concerns: Callable[[Overview], bool] = always) -> Iterator[Membership]:
        """Those of them whose role manages other people's access."""
        people = self.desired.people
        for there in self.overviews(concerns):
            for admin in there.admins:
                yield there.organization, admin, people.get(admin.address.key)

    def everything(self, kinds: Iterable[str] = KINDS.keys()) -> Iterator[tuple[Organization, Declared]]:
        """All memberships, grants, shares and assets, or those of some kinds."""
        kinds = set(kinds)
        for there in self.overviews(lambda there: not kinds.isdisjoint(there.by_kind)):
            for kind, found in there.by_kind.items():
                if kind in kinds:
                    for declared in found:
                        yield there.organization, declared

    def membership_of(self, address: Address) -> Declared | None:
        """The membership that somebody's access hangs on."""
        member = Address(address.organization, "member", person_in(address))
        return self.lasting[address.organization].get(member)

    def find_person(self, address: Address) -> Person | None:
        """Whom access is about, if they are in the directory."""
        return self.desired.people.get(person_in(address))


def _find_beginnings(desired: Desired, today: date) -> dict[str, Sequence[date]]:
    found = {
        key: {
            line.starts
            for one in part.values()
            if one.starts or one.joined
            for line in one.lines
            if line.starts and line.starts > today
        }
        for key, part in desired.resources.items()
    }
    return {key: sorted(days) for key, days in found.items() if days}


def administers(system: System, member: Declared) -> bool:
    """Whether a membership has a role that manages other people's access."""
    return is_administrator(system, "member", member.attributes)


def own_domains(desired: Desired) -> frozenset[str]:
    """The allowed domains; where none are given, those of at least two employees."""
    if desired.allowed_domains:
        return desired.allowed_domains
    employees = (one for one in desired.people.values() if one.employment == "employee")
    used = Counter(one.identities.get("email", "").rpartition("@")[2] for one in employees)
    return frozenset(domain for domain, count in used.items() if domain and count > 1)


def _lasting(
    desired: Desired, day: date, resources: Mapping[str, Mapping[Address, Declared]]
) -> Mapping[str, Mapping[Address, Declared]]:
    return {key: split_by_date(part, day, desired.organizations[key].system)[0] for key, part in resources.items()}


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
    check: Callable[[PolicyInput, Parameters], Iterator[PolicyObjection]]
    scale: Scale = Scale.EVERYTHING
    is_timeless: Callable[[Desired], bool] = never
    """Whether what it says changes on no other days than those that the manifests name."""

    def is_local(self, parameters: Parameters) -> bool:
        """Whether it judges each organization by itself: what it says of one then holds whatever the others declare."""
        return self.scale in (Scale.PERSON, Scale.ORGANIZATION) or self.looks_at_nothing(parameters)

    def looks_at_nothing(self, parameters: Parameters) -> bool:
        """Whether it lacks something that it needs."""
        return not all(parameters[name] for name in self.needs)


def number(parameters: Parameters, name: str) -> float:
    """A number among the parameters."""
    value = parameters[name]
    return value if isinstance(value, (int, float)) else 0


def words(parameters: Parameters, name: str) -> tuple[str, ...]:
    """A list of words among the parameters."""
    value = parameters[name]
    return value if isinstance(value, tuple) else ()


def lists(parameters: Parameters, name: str) -> Mapping[str, tuple[str, ...]]:
    """Lists of words by name among the parameters."""
    value = parameters[name]
    found = value.items() if isinstance(value, Mapping) else ()
    return {key: words for key, words in found if isinstance(words, tuple)}


def numbers(parameters: Parameters, name: str) -> Mapping[str, int]:
    """Numbers by name among the parameters; none where there is no such parameter."""
    value = parameters.get(name)
    found = value.items() if isinstance(value, Mapping) else ()
    return {key: number for key, number in found if isinstance(number, int)}
