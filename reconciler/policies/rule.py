"""What a rule is, and what it looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from enum import Enum

from reconciler.engine.entitlements import split_by_date
from reconciler.model.access import is_administrator
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired, Organization, Person
from reconciler.model.finding import Place, Severity
from reconciler.model.kinds import person_in
from reconciler.model.settings import Parameter
from reconciler.model.state import State
from reconciler.model.system import System
from reconciler.model.values import dataclass

Parameters = Mapping[str, Parameter]


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
        return replace(self, lasting=_lasting(self.desired, day, chosen))

    def organizations(self) -> Iterator[Organization]:
        """All organizations by key."""
        return (self.desired.organizations[key] for key in sorted(self.lasting))

    def members(self, organization: Organization) -> list[Declared]:
        """Its memberships."""
        return [one for address, one in self.lasting[organization.key].items() if address.kind == "member"]

    def admins(self, organization: Organization) -> list[Declared]:
        """Memberships whose role manages other people's access."""
        return [one for one in self.members(organization) if administers(organization.system, one)]

    def every_member(self) -> Iterator[tuple[Organization, Declared, Person | None]]:
        """All memberships, each with the person in the directory whom it is about."""
        for organization in self.organizations():
            for member in self.members(organization):
                yield organization, member, self.desired.people.get(member.address.key)

    def every_admin(self) -> Iterator[tuple[Organization, Declared, Person | None]]:
        """Those of them whose role manages other people's access."""
        for organization in self.organizations():
            for admin in self.admins(organization):
                yield organization, admin, self.desired.people.get(admin.address.key)

    def everything(self) -> Iterator[tuple[Organization, Declared]]:
        """All memberships, grants, shares and assets."""
        for organization in self.organizations():
            for declared in self.lasting[organization.key].values():
                yield organization, declared

    def membership_of(self, address: Address) -> Declared | None:
        """The membership that somebody's access hangs on."""
        member = Address(address.organization, "member", person_in(address))
        return self.lasting[address.organization].get(member)

    def find_person(self, address: Address) -> Person | None:
        """Whom access is about, if they are in the directory."""
        return self.desired.people.get(person_in(address))


def _find_beginnings(desired: Desired, today: date) -> dict[str, Sequence[date]]:
    found = {
        key: {line.starts for one in part.values() for line in one.lines if line.starts and line.starts > today}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyObjection:
    """What a rule has against something."""

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
        return cls(address=declared.address, message=message, place=declared.place, advice=advice, related=related)


class Scale(Enum):
    """How much a rule has to look at together to judge a part of it."""

    PERSON = "person"
    """Everything that one person has in an organization, or one thing that is nobody's, on one day."""
    ORGANIZATION = "organization"
    """An organization, on all days to come: it says itself from when on it objects."""
    EVERYTHING = "everything"
    """All organizations, on one day."""


def always(_: object) -> bool:
    """For a rule of which one of these holds whatever it is told, and whatever is declared."""
    return True


def never(_: object) -> bool:
    """Where nobody has made sure that it holds."""
    return False


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
        return self.scale is not Scale.EVERYTHING or self.looks_at_nothing(parameters)

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
