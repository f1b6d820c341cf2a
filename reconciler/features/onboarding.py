"""Somebody new gets what somebody else has, and no more of it than they need: groups first, nothing that rules or pays.

Access that a group gives is reviewed once and taken away with one line; so the newcomer joins the groups that give the
other one's access, and is named themselves only where no group gives it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from typing import ClassVar

from reconciler.editing.index import GroupLists, ManifestEdit, ManifestIndex, NotExpressible, to_entry
from reconciler.editing.writer import Edit, Join, Put
from reconciler.engine.entitlements import split_by_date
from reconciler.model import (
    KINDS,
    Address,
    Attributes,
    Declared,
    Desired,
    Entitlement,
    Finding,
    ReconcilerError,
    Resource,
    dataclass,
    name_access,
    name_attributes,
    person_in,
    role_in,
    strongest,
)
from reconciler.output.document import Block, Document, Inline, bullets, code, edit_section, plain, word_finding
from reconciler.output.json import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One access that the newcomer gets."""

    address: Address
    """Of the newcomer."""
    what: str
    """In words: `standard`, `operator`."""
    through: str = ""
    """The group that gives it, as `group:NAME`; empty for what is given to them by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spared:
    """Something the other one has, or is in, that the newcomer does not get."""

    what: str
    """`admin of acme-dev`, `group:leads`."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What the newcomer will hear from one system."""

    organization: str
    name: str
    """What the organization is called there."""
    title: str
    """What a person calls the system."""
    role: str
    """As the platform labels it."""
    identifier: str
    """The address or number that is invited, and has to be used."""
    hours: int | None
    """How long the invitation lasts; None where that is not published."""
    must_register: bool
    """Whether they need an account there with exactly this address before they can be invited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """The proposal: an edit of the manifests, to be reviewed like any other."""

    JSON_HIDDEN: ClassVar = ("edited",)

    person: str
    """Key."""
    name: str = ""
    like: str
    """Key of whose access it follows."""
    groups: tuple[str, ...] = ()
    """Groups that the newcomer joins."""
    given: tuple[Given, ...] = ()
    left_out: tuple[Spared, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What validation says of the manifests after the edit and did not say before."""
    objections: tuple[Finding, ...] = ()
    """What policies have against it."""
    welcomes: tuple[Welcome, ...] = ()
    edited: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> its text with the edit."""
    patch: str = ""
    """The edit as a unified diff."""


_RULING = frozenset({"admin", "administrator", "owner"})
"""Names of the strongest roles on assets, which manage who else can reach them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joiner:
    """Who comes, and what the manifests shall say of them."""

    key: str
    entry: Mapping[str, str]
    """Of `people`; empty for somebody who is in the directory already."""
    like: str
    with_admin: bool = False
    reason: str = ""
    """Stands beside everything that is given to them by name."""


@dataclass(slots=True, kw_only=True)
class Proposal:
    """What is given, and how; what is not, and why."""

    newcomer: Joiner
    desired: Desired
    theirs: Mapping[Address, Sequence[Entitlement]]
    """The lines that give the other one something today."""
    groups: list[str] = field(default_factory=list)
    """Those that the newcomer joins."""
    edits: list[Edit] = field(default_factory=list)
    spared: list[Spared] = field(default_factory=list)

    def leave_out(self, what: str, why: str) -> None:
        """Say why something is not given."""
        self.spared.append(Spared(what=what, why=why))

    def join_groups(self, groups: GroupLists) -> frozenset[str]:
        """Join what gives access and nothing that is left out; returns all it is given through, as `group:NAME`."""
        found: dict[str, frozenset[str]] = {}
        for group in groups.of(self.newcomer.like):
            sources = groups.giving_through(group)
            given = [(address, line) for address, line in self._lines() if line.through in sources]
            ruling = [
                _name(address, line.attributes)
                for address, line in sorted(given, key=lambda item: item[0])
                if not self.newcomer.with_admin and ("finance" in line.attributes or self._rules(address, line))
            ]
            if not given:
                self.leave_out(f"group:{group}", "it gives no access today")
            elif ruling:
                self.leave_out(f"group:{group}", f"it gives {', '.join(ruling)}")
            else:
                found[group] = sources
        # Without one group there may be no membership for what another one gives.
        while lacking := self._without_membership(found):
            for group, organization in lacking.items():
                why = f"what it gives takes a membership in {organization}, which is left out"
                self.leave_out(f"group:{group}", why)
                del found[group]
        for group in found:
            if self.newcomer.key not in groups.listed.get(group, ()):
                self.groups.append(group)
                self.edits.append(Join(path=("groups", group, "members"), item=self.newcomer.key))
        return frozenset[str]().union(*found.values())

    def _lines(self) -> Iterator[tuple[Address, Entitlement]]:
        return ((address, line) for address, lines in self.theirs.items() for line in lines)

    def _without_membership(self, groups: Mapping[str, Collection[str]]) -> dict[str, str]:
        """Which of the groups give something in an organization where the newcomer will be no member -> that one."""
        joined = {source for sources in groups.values() for source in sources}
        entered = {
            address.organization
            for address, line in self._lines()
            if address.kind == "member"
            and (self._has(address) or line.through in joined or not self.reason_against(address, line))
        }
        lacking: dict[str, str] = {}
        for group, sources in groups.items():
            for address, line in self._lines():
                if address.organization not in entered and line.through in sources:
                    lacking.setdefault(group, address.organization)
        return lacking

    def _has(self, address: Address) -> bool:
        """Whether the newcomer is declared there already."""
        return _as_of_person(address, self.newcomer.key) in self.desired.resources[address.organization]

    def _rules(self, address: Address, line: Entitlement) -> bool:
        role = role_in(line.attributes)
        known = self.desired.organizations[address.organization].system.find_role(address.kind, role)
        return role in _RULING or (known is not None and (known.administers or known.handles_money))

    def reason_against(self, address: Address, line: Entitlement) -> str:
        """Why the newcomer is not given this by name; empty when they are."""
        newcomer = self.newcomer
        system = self.desired.organizations[address.organization].system
        if self._has(address):
            return f"{newcomer.key} is declared there already"
        if address.kind == "member" and system.is_handed_over(role_in(line.attributes)):
            return "only its holder can hand it over"
        if not newcomer.with_admin and self._rules(address, line):
            return "roles that manage others are given on purpose: --with-admin includes them"
        person = self.desired.people.get(newcomer.like)
        if line.expires is not None and line.expires != (person.ends if person else None):
            reason = f": {line.reason}" if line.reason else ""
            return f"{newcomer.like} was given it until {line.expires}{reason}"
        return ""

    def give(self, address: Address, attributes: Attributes) -> None:
        """Give the newcomer by name what the other one was given; raises NotExpressible."""
        system = self.desired.organizations[address.organization].system
        resource = Resource(address=_as_of_person(address, self.newcomer.key), attributes=attributes)
        entry = to_entry(resource, system)
        if isinstance(entry, Put) and self.newcomer.reason:
            value = entry.value
            if not isinstance(value, Mapping):
                value = {"role" if isinstance(value, str) else "permissions": value}
            entry = replace(entry, value={**value, "reason": self.newcomer.reason})
        self.edits.append(entry)


def propose(newcomer: Joiner, desired: Desired, groups: GroupLists, *, today: date) -> Proposal:
    """The least that lets a newcomer work like the other one."""
    theirs: dict[Address, list[Entitlement]] = {}
    for organization, declarations in desired.resources.items():
        named = {address: one for address, one in declarations.items() if person_in(address) == newcomer.like}
        wanted, _ = split_by_date(named, today, desired.organizations[organization].system)
        theirs |= {address: [line for line in one.lines if line.holds_on(today)] for address, one in wanted.items()}
    proposal = Proposal(newcomer=newcomer, desired=desired, theirs=theirs)
    if newcomer.entry:
        proposal.edits.append(Put(path=("people", newcomer.key), value=dict(newcomer.entry)))
    sources = proposal.join_groups(groups)
    joined: set[str] = set()
    for address, lines in sorted(theirs.items(), key=lambda item: (item[0].kind != "member", item[0])):
        system = desired.organizations[address.organization].system
        shared = [line.attributes for line in lines if line.through in sources]
        if shared and address.kind == "member":
            joined.add(address.organization)
        rest = [(line, proposal.reason_against(address, line)) for line in lines if line.through not in sources]
        proposal.spared += [Spared(what=_name(address, line.attributes), why=why) for line, why in rest if why]
        own = strongest([line.attributes for line, why in rest if not why], address.kind, system)
        if own is None or strongest([*shared, own], address.kind, system) == strongest(shared, address.kind, system):
            continue
        if address.kind != "member" and address.organization not in joined:
            why = f"it takes a membership in {address.organization}, which is left out"
            proposal.leave_out(_name(address, own), why)
            continue
        given = {name: value for name, value in own.items() if name != "finance" or newcomer.with_admin}
        if given != own:
            proposal.leave_out(f"finance role in {address.organization}", "finance roles are given on purpose")
        try:
            proposal.give(address, given)
        except NotExpressible as error:
            proposal.leave_out(_name(address, own), str(error))
            continue
        if address.kind == "member":
            joined.add(address.organization)
    return proposal


def write_proposal(proposal: Proposal, index: ManifestIndex, *, beside: str) -> ManifestEdit:
    """The edit of the files; what has no place yet goes into the file `beside`."""
    files = (beside if edit.path[0] == "people" else index.find_file(edit.path) or beside for edit in proposal.edits)
    return index.edit(zip(files, proposal.edits, strict=True))


def describe_proposal(newcomer: Joiner, proposal: Proposal, edit: ManifestEdit, desired: Desired) -> Onboarding:
    """The proposal as the manifests mean it after the edit, which is what a reader has to judge.

    Raises ReconcilerError when that is more than the other one has: groups may contain each other in ways that nobody
    expects.
    """
    key = newcomer.key
    wanted = {address: declared for address, declared in desired.everything.items() if person_in(address) == key}
    for address in wanted:
        if _as_of_person(address, newcomer.like) not in desired.resources[address.organization]:
            message = f"{key} would get {address}, which {newcomer.like} does not have"
            raise ReconcilerError(message, advice="write the edit by hand")
    person = desired.people.get(key)
    return Onboarding(
        person=key,
        name=person.name if person else "",
        like=newcomer.like,
        groups=tuple(proposal.groups),
        given=tuple(
            Given(address=address, what=name_attributes(line.attributes) or "access", through=line.through)
            for address, declared in sorted(wanted.items())
            for line in declared.lines
        ),
        left_out=tuple(proposal.spared),
        welcomes=tuple(_welcomes(wanted, desired)),
        edited=edit.texts,
        patch=edit.patch,
    )


def _as_of_person(address: Address, key: str) -> Address:
    """The same thing for somebody else."""
    part = KINDS[address.kind].person_part
    parts = list(address.parts)
    if part is not None:
        parts[part] = key
    return address._replace(key="/".join(parts))


def _name(address: Address, attributes: Attributes) -> str:
    """`admin of acme-dev`, `operator on ad account us-brand`."""
    if address.kind == "member":
        return f"{name_attributes(attributes)} of {address.organization}"
    return name_access(address, attributes)


def _welcomes(wanted: Mapping[Address, Declared], desired: Desired) -> Iterator[Welcome]:
    for address, declared in sorted(wanted.items()):
        if address.kind != "member":
            continue
        organization = desired.organizations[address.organization]
        system = organization.system
        role = system.find_role("member", role_in(declared.attributes))
        yield Welcome(
            organization=organization.key,
            name=organization.name or organization.identity or organization.key,
            title=system.title,
            role=role.label if role else "",
            identifier=declared.identity,
            hours=system.invitation_hours,
            must_register=system.must_be_registered,
        )


ONBOARDING = Output(
    name="onboarding", title="Onboarding: what somebody new is given to work like somebody else", value=Onboarding
)


def document_of_onboarding(found: Onboarding) -> Document:
    """The proposal, as the description of a pull request may hold it."""
    name = f"{found.name} ({found.person})" if found.name else found.person
    then = "Have the edit reviewed, and apply it; `reconciler notices` then tells everybody what is theirs to do."
    return Document(
        title=plain(f"Onboarding of {name}, like {found.like}"),
        blocks=tuple(filter(None, _blocks(found))),
        summary=then if found.edited else "Nothing has to be edited: they have all of it.",
        whole="proposal",
    )


def _blocks(found: Onboarding) -> Iterator[Block | None]:
    sections: dict[str, Iterable[Inline]] = {
        "Joins": [code(f"group:{name}") for name in found.groups],
        "Gets": [plain(_describe_given(one)) for one in found.given],
        "Does not get": [plain(f"{one.what}: {one.why}") for one in found.left_out],
        "Validation says": map(word_finding, found.findings),
        "Policies object": map(word_finding, found.objections),
        "What the newcomer will hear": [plain(_describe_welcome(one)) for one in found.welcomes],
    }
    yield from (bullets(title, texts) for title, texts in sections.items())
    yield edit_section(found.patch)


def _describe_given(given: Given) -> str:
    access = "member" if given.address.kind == "member" else given.what
    where = given.what if given.address.kind == "member" else name_access(given.address)
    through = f"through {given.through}" if given.through else "by name"
    return f"{given.address.organization}: {access}: {where}, {through}"


def _describe_welcome(welcome: Welcome) -> str:
    """What to expect from one system, in sentences."""
    hours = welcome.hours
    valid = f"It is valid for {hours} hours." if hours else "How long it is valid is not published: answer it soon."
    first = f" Before that, register there with exactly {welcome.identifier}." if welcome.must_register else ""
    return (
        f"{welcome.title} {welcome.name}: an invitation as {welcome.role} to {welcome.identifier}.{first} {valid} "
        "Log in with that address or number and no other."
    )
