"""What somebody new has to be given to work like somebody else: groups first, and nothing that rules or pays.

Access that a group gives is reviewed once and taken away with one line; so the newcomer joins the groups that give the
other one's access, and is named themselves only where no group gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.core.address import Address
from reconciler.core.declared import Declared, Desired
from reconciler.core.errors import ReconcilerError
from reconciler.core.kinds import KINDS
from reconciler.core.onboarding import Given, Onboarding, Spared, Welcome
from reconciler.core.planning.wanted import split_by_date
from reconciler.core.resource import Resource
from reconciler.core.system import System
from reconciler.manifests.editing import Edit, Join, Put, Value, find_file
from reconciler.manifests.joining import Rosters
from reconciler.manifests.leaving import ManifestEdit, edit_all
from reconciler.manifests.source import SourceFile
from reconciler.manifests.spelling import Unspeakable, spell
from reconciler.workflows.holdings import person_in

_RULING = frozenset({"admin", "administrator", "owner"})
"""Names of the strongest roles on assets, which manage who else can reach them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Who comes, and what the manifests shall say of them."""

    key: str
    entry: Mapping[str, str]
    """Of `people`; empty for somebody who is in the directory already."""
    like: str
    with_admin: bool = False
    reason: str = ""
    """Stands beside everything that is given to them by name."""


@dataclass(slots=True)
class Proposal:
    """What is given, and how; what is not, and why."""

    groups: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    spared: list[Spared] = field(default_factory=list)


def propose(newcomer: Newcomer, desired: Desired, rosters: Rosters, *, today: date) -> Proposal:
    """The least that lets a newcomer work like the other one."""
    theirs = _access_of(newcomer.like, desired, today)
    proposal = Proposal()
    if newcomer.entry:
        proposal.edits.append(Put(path=("people", newcomer.key), value=dict(newcomer.entry)))
    covered = _join_groups(newcomer, theirs, rosters, desired, proposal)
    joined = {address.organization for address in covered if address.kind == "member"}
    for address, declared in sorted(theirs.items(), key=lambda item: (item[0].kind != "member", item[0])):
        if address in covered:
            continue
        system = desired.organizations[address.organization].system
        why = _why_not(newcomer, address, declared, system, desired)
        if not why and address.kind != "member" and address.organization not in joined:
            why = f"it takes a membership in {address.organization}, which is left out"
        if why:
            proposal.spared.append(Spared(what=name_access(address, declared), why=why))
            continue
        given = _without_finance(declared) if not newcomer.with_admin else declared
        if given is not declared:
            spared = Spared(what=f"finance role in {address.organization}", why="finance roles are given on purpose")
            proposal.spared.append(spared)
        try:
            proposal.edits.append(_name(newcomer, given, system))
        except Unspeakable as error:
            proposal.spared.append(Spared(what=name_access(address, declared), why=str(error)))
            continue
        if address.kind == "member":
            joined.add(address.organization)
    return proposal


def write_proposal(proposal: Proposal, files: Sequence[SourceFile], *, beside: str) -> ManifestEdit:
    """The edit of the files; what has no place yet goes into the file `beside`."""
    by_path: dict[str, list[Edit]] = {}
    for edit in proposal.edits:
        file = find_file(files, edit.path)
        target = beside if file is None or edit.path[0] == "people" else file.path
        by_path.setdefault(target, []).append(edit)
    return edit_all(files, by_path)


def describe_proposal(newcomer: Newcomer, proposal: Proposal, edit: ManifestEdit, desired: Desired) -> Onboarding:
    """The proposal as the manifests mean it after the edit, which is what a reader has to judge.

    Raises ReconcilerError when that is more than the other one has: groups may contain each other in ways that nobody
    expects.
    """
    key = newcomer.key
    wanted = {
        address: declared
        for declarations in desired.resources.values()
        for address, declared in declarations.items()
        if person_in(address) == key
    }
    for address in wanted:
        if as_of_person(address, newcomer.like) not in desired.resources[address.organization]:
            message = f"{key} would get {address}, which {newcomer.like} does not have"
            raise ReconcilerError(message, advice="write the edit by hand")
    person = desired.people.get(key)
    return Onboarding(
        person=key,
        name=person.name if person else "",
        like=newcomer.like,
        groups=tuple(proposal.groups),
        given=tuple(
            Given(address=address, what=say_values(declared), through=declared.through)
            for address, declared in sorted(wanted.items())
        ),
        left_out=tuple(proposal.spared),
        objections=tuple(finding for finding in desired.policy_findings if finding.address in set(map(str, wanted))),
        welcomes=tuple(_welcomes(wanted, desired)),
        edited=edit.texts,
        patch=edit.patch,
    )


def _access_of(key: str, desired: Desired, today: date) -> dict[Address, Declared]:
    """What somebody is given today."""
    found: dict[Address, Declared] = {}
    for declarations in desired.resources.values():
        wanted, _ = split_by_date(declarations, today)
        found |= {address: declared for address, declared in wanted.items() if person_in(address) == key}
    return found


def _join_groups(
    newcomer: Newcomer,
    theirs: Mapping[Address, Declared],
    rosters: Rosters,
    desired: Desired,
    proposal: Proposal,
) -> set[Address]:
    """Join what gives access and nothing that is left out; returns the other one's addresses that this covers."""
    covered: set[Address] = set()
    for group in rosters.of(newcomer.like):
        sources = rosters.giving_through(group)
        given = {address: declared for address, declared in theirs.items() if declared.through in sources}
        ruling = [
            name_access(address, declared)
            for address, declared in sorted(given.items())
            if not newcomer.with_admin
            and rules_or_pays(address, declared, desired.organizations[address.organization].system)
        ]
        if not given:
            proposal.spared.append(Spared(what=f"group:{group}", why="it gives no access today"))
        elif ruling:
            proposal.spared.append(Spared(what=f"group:{group}", why=f"it gives {', '.join(ruling)}"))
        elif newcomer.key not in rosters.listed.get(group, ()):
            proposal.groups.append(group)
            proposal.edits.append(Join(path=("groups", group, "members"), item=newcomer.key))
            covered |= given.keys()
        else:
            covered |= given.keys()
    return covered


def _why_not(newcomer: Newcomer, address: Address, declared: Declared, system: System, desired: Desired) -> str:
    """Why a newcomer is not given this by name; empty when they are."""
    if as_of_person(address, newcomer.key) in desired.resources[address.organization]:
        return f"{newcomer.key} is declared there already"
    role = str(declared.attributes.get("role", ""))
    if address.kind == "member" and system.is_handed_over(role):
        return "only its holder can hand it over"
    if not newcomer.with_admin and _rules(address, declared, system):
        return "roles that manage others are given on purpose: --with-admin includes them"
    person = desired.people.get(newcomer.like)
    own_end = declared.expires if declared.expires != (person.ends if person else None) else None
    if own_end is not None:
        reason = f": {declared.reason}" if declared.reason else ""
        return f"{newcomer.like} was given it until {own_end}{reason}"
    return ""


def rules_or_pays(address: Address, declared: Declared, system: System) -> bool:
    """Whether it is a role that manages others' access or money."""
    return _rules(address, declared, system) or "finance" in declared.attributes


def _rules(address: Address, declared: Declared, system: System) -> bool:
    role = str(declared.attributes.get("role", ""))
    known = system.find_role(address.kind, role)
    return role in _RULING or (known is not None and (known.administers or known.handles_money))


def _without_finance(declared: Declared) -> Declared:
    if "finance" not in declared.attributes:
        return declared
    rest = {name: value for name, value in declared.attributes.items() if name != "finance"}
    return replace(declared, attributes=rest)


def _name(newcomer: Newcomer, declared: Declared, system: System) -> Edit:
    """The edit that gives a newcomer by name what the other one was given."""
    address = as_of_person(declared.address, newcomer.key)
    spelt = spell(Resource(address=address, attributes=declared.attributes), system)
    if isinstance(spelt, Join) or not newcomer.reason:
        return spelt
    return replace(spelt, value=_with_reason(spelt.value, newcomer.reason))


def _with_reason(value: Value, reason: str) -> Value:
    match value:
        case Mapping():
            return {**value, "reason": reason}
        case str():
            return {"role": value, "reason": reason}
        case _:
            return {"permissions": value, "reason": reason}


def as_of_person(address: Address, key: str) -> Address:
    """The same thing for somebody else."""
    part = KINDS[address.kind].person_part
    parts = list(address.parts)
    if part is not None:
        parts[part] = key
    return address._replace(key="/".join(parts))


def say_values(declared: Declared) -> str:
    """`standard, finance analyst`, `post, live`."""
    said = [
        ", ".join(value) if isinstance(value, tuple) else f"finance {value}" if name == "finance" else value
        for name, value in sorted(declared.attributes.items(), reverse=True)
    ]
    return ", ".join(said) or "access"


def name_access(address: Address, declared: Declared) -> str:
    """`admin of acme-dev`, `operator on ad account us-brand`."""
    if address.kind == "member":
        return f"{say_values(declared)} of {address.organization}"
    return f"{say_values(declared)} on {KINDS[KINDS[address.kind].parents[0]].title} {address.parts[0]}"


def _welcomes(wanted: Mapping[Address, Declared], desired: Desired) -> Iterator[Welcome]:
    for address, declared in sorted(wanted.items()):
        if address.kind != "member":
            continue
        organization = desired.organizations[address.organization]
        system = organization.system
        role = system.find_role("member", str(declared.attributes.get("role", "")))
        yield Welcome(
            organization=organization.key,
            name=organization.name or organization.identity or organization.key,
            title=system.title,
            role=role.label if role else "",
            identifier=declared.identity,
            hours=system.invitation_hours,
            must_register=system.must_be_registered,
        )
