"""What need not be planned again: organizations that were found settled, with everything that this depended on.

An apply writes it beside the states, so a runner that has nothing but the store leaves out every file of which nothing
has changed. A file is left out as a whole, when each of its organizations is settled and it declares nothing else;
people, groups, approvals and moves are always read. A person or a group that is another, new or gone matters to the
organizations that have one of their names. What depends on several organizations at once is looked at without those
that are left out, with the little that is kept of them here; where that is not enough, nothing is left out.

Losing or damaging it costs time and nothing else. `plan --full` does without it, and has to say the same.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, field, fields, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any
from zlib import crc32

from reconciler import __version__
from reconciler.apply.planning import Planned
from reconciler.engine.planner import EVERY_ORGANIZATION, EVERY_PERSON, find_names, find_next_day, is_settled
from reconciler.manifests.load import Manifests
from reconciler.manifests.people import PREFIX
from reconciler.model import (
    Desired,
    Finding,
    Limit,
    Mode,
    Organization,
    OrganizationPlan,
    Person,
    Place,
    checked,
    dataclass,
    person_in,
)
from reconciler.systems.catalogue import get_system

TOOL = f"2 {__version__}"
"""The format of what is kept, and the version that has to have written it."""
_CROSSING = frozenset({"look-alike", "near-domain"})
"""Ids of findings about a line on which other files decide too: of an address only the first place is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledOrganization:
    """One of which a plan says nothing, until any of this is otherwise."""

    organization: str
    system: str
    variant: str
    identity: str
    mode: str
    lineage: str
    serial: int
    not_managed: Sequence[str]
    limits: Sequence[Limit]
    stamp: str
    """Of its state in the store."""
    mark: str
    """Of what its system showed; empty where no provider can tell that it still shows the same."""
    is_as_recorded: bool
    """Whether a plan from what is recorded alone has nothing to say either."""
    since: str
    """The UTC day on which it was found settled."""
    until: str
    """The first UTC day on which dates may change that; empty where none does."""
    identities: Sequence[str]
    """What its system knows it and its assets by: two files that have one in common are read together."""
    names: str
    """Checksums of everything by which it may be about people and groups."""

    def as_declared(self, file: str) -> Organization:
        """As far as a provider has to know it."""
        system = get_system(self.system, self.variant)
        return Organization(key=self.organization, system=system, identity=self.identity, place=Place(file, 1, 1))

    def as_plan(self) -> OrganizationPlan:
        """What a plan has of it."""
        return OrganizationPlan(
            organization=self.organization,
            system=self.system,
            mode=Mode(self.mode),
            lineage=self.lineage,
            serial=self.serial,
            not_managed=tuple(self.not_managed),
            limits=tuple(self.limits),
        )

    def holds(self, today: date, stamp: str | None) -> bool:
        """Whether it still counts on a day, with a state of that stamp."""
        return stamp == self.stamp and self.since <= str(today) and (not self.until or str(today) < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledFile:
    """A file that declares nothing but settled organizations."""

    digest: str
    organizations: Sequence[SettledOrganization]
    notes: Mapping[str, int] = field(default_factory=dict)
    """Severity -> how many findings there are about it."""
    emails: Sequence[str] = ()
    """Of every domain in it one address, or two where it has several, for what looks like one of them elsewhere.

    Those of owners and of reviewers are kept all.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What every plan of a workspace depends on, besides the files that may be left out."""

    settings: str
    """Digest of the workspace file and of rules of one's own."""
    files: Mapping[str, str]
    """Path -> digest of each file that declares more than organizations."""
    directory: Mapping[str, str]
    """Digest of each person and each group -> checksums of the names by which organizations know them."""
    day: str = ""
    """The only UTC day on which it counts, where a rule changes its mind with time alone."""

    def holds(self, settings: str, today: date) -> bool:
        """Whether nothing that everything depends on is another now."""
        return settings == self.settings and self.day in ("", str(today))

    def find_changes(self, directory: Mapping[str, str]) -> set[str]:
        """Checksums of the names of all people and groups that are another, new or gone."""
        old = self.directory
        changed = old.keys() ^ directory.keys()
        return {name for one in changed for name in _split(old[one] if one in old else directory[one])}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledIndex:
    """Everything that is kept."""

    basis: Basis
    files: Mapping[str, SettledFile]

    def to_bytes(self) -> bytes:
        """With a digest in front that tells a torn one."""
        text = json.dumps({"tool": TOOL, **asdict(self)}, separators=(",", ":"), sort_keys=True).encode()
        return hashlib.sha256(text).hexdigest().encode() + b"\n" + text

    @classmethod
    def parse(cls, data: bytes | None) -> SettledIndex | None:
        """None for what is damaged, or was written by another version of this tool."""
        digest, _, text = (data or b"").partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            return None
        try:
            read = json.loads(text)
            if read["tool"] != TOOL:
                return None
            files = {path: _parse_file(made) for path, made in read["files"].items()}
            return cls(basis=checked(Basis(**read["basis"])), files=files)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


def _parse_file(made: dict[str, Any]) -> SettledFile:
    """Raises one of several errors for what this tool does not write."""
    found = [
        checked(SettledOrganization(**{**one, "limits": [checked(Limit(**limit)) for limit in one["limits"]]}))
        for one in made["organizations"]
    ]
    for one in found:
        get_system(one.system, one.variant), Mode(one.mode)
    return checked(SettledFile(**{**made, "organizations": found}))


def choose(
    settled: SettledIndex | None,
    *,
    settings: str,
    digests: Mapping[str, str],
    stamps: Mapping[str, str],
    today: date,
    mark_of: Callable[[Organization], str] | None,
) -> dict[str, SettledFile]:
    """Path -> each file that can be left out of a plan; `mark_of` is None for a plan that asks no system."""
    if settled is None or not settled.basis.holds(settings, today):
        return {}

    def holds(one: SettledOrganization, path: str) -> bool:
        if not one.holds(today, stamps.get(one.organization)):
            return False
        if mark_of is None:
            return one.is_as_recorded
        return bool(one.mark) and one.mark == mark_of(one.as_declared(path))

    return {
        path: file
        for path, file in settled.files.items()
        if digests.get(path) == file.digest and all(holds(one, path) for one in file.organizations)
    }


def choose_again(
    left_out: Mapping[str, SettledFile], manifests: Manifests, *, basis: Basis, digests: Mapping[str, str]
) -> dict[str, SettledFile]:
    """Those of the files that were left out which can be, now that the others have been read.

    None can where something is wrong, which may be that they are missing, or something that was read is the same thing
    as in one of them. Else all can that know nobody of those who are not as they were, and no such group. Approvals and
    moves that name what was left out are wrong.
    """
    desired = manifests.desired
    if desired is None or any(place.file in left_out for one in manifests.findings for place in _places_of(one)):
        return {}
    settled = [one for file in left_out.values() for one in file.organizations]
    known = {name for one in settled for name in (one.organization, *one.identities)}
    names = {name for key in desired.organizations for name in (key, *_identities_in(desired, key))}
    if not known.isdisjoint(names):
        return {}
    if {path: digests[path] for path in manifests.directory} == basis.files:
        return dict(left_out)
    return _without(left_out, basis.find_changes(list_directory(desired)))


def _without(files: Mapping[str, SettledFile], changes: Collection[str]) -> dict[str, SettledFile]:
    """The files in which nobody goes by any of the names that these are the checksums of."""
    changed = frozenset(changes)
    return {
        path: file
        for path, file in files.items()
        if not changed or all(changed.isdisjoint(_split(one.names)) for one in file.organizations)
    }


_DECLARED_OF_PEOPLE = [one.name for one in fields(Person) if one.name != "place"]


def list_directory(desired: Desired) -> dict[str, str]:
    """Digest of each person, of each group, and of the domains of all -> checksums of the names that it matters to."""
    listed: list[tuple[object, list[str]]] = [(("domains", sorted(desired.own_domains)), [EVERY_ORGANIZATION])]
    for person in desired.people.values():
        values = [getattr(person, name) for name in _DECLARED_OF_PEOPLE]
        said = [sorted(value) if isinstance(value, frozenset) else value for value in values]
        listed.append((said, [person.key, *person.identities.values(), EVERY_PERSON]))
    for name, members in desired.groups.items():
        # Nothing shows which organizations name a group that nobody is in.
        listed.append(((PREFIX, name, members), [f"{PREFIX}{name}"] if members else [EVERY_ORGANIZATION]))
    return {
        hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest(): _check_sums(names) for said, names in listed
    }


_WIDTH = 4
"""Letters of a checksum."""


def _check_sums(names: Iterable[str]) -> str:
    """Of names in any case, one behind the other. Two names that have one in common cost time and nothing else."""
    found = {crc32(name.casefold().encode(errors="surrogatepass")).to_bytes(4, "big")[:3] for name in names}
    return b64encode(b"".join(sorted(found))).decode()


def _split(sums: str) -> set[str]:
    return {sums[start : start + _WIDTH] for start in range(0, len(sums), _WIDTH)}


def _places_of(finding: Finding) -> tuple[Place, ...]:
    return finding.related if finding.place is None else (finding.place, *finding.related)


def _identities_in(desired: Desired, key: str) -> list[str]:
    """With the system in front, as two systems may call different things the same; no people, who are in many."""
    organization = desired.organizations[key]
    found = {
        organization.identity,
        *(
            name
            for address, one in desired.resources.get(key, {}).items()
            if address.kind != "member"
            for name in (one.identity, one.platform_id)
        ),
    }
    return sorted(f"{organization.system.name} {name.lower()}" for name in found if name)


def describe_settled(found: Planned, desired: Desired, *, recall: Callable[[], Planned]) -> SettledOrganization | None:
    """An organization of which what is live gives a plan nothing to say, without the stamp of its state and the mark.

    `recall` plans from what is recorded of it alone.
    """
    context, part = found
    if not is_settled(context, part, desired):
        return None
    recalled = recall()
    organization, until = context.organization, find_next_day(context, desired)
    return SettledOrganization(
        organization=organization.key,
        system=organization.system.name,
        variant=organization.system.variant,
        identity=organization.identity,
        mode=organization.mode.value,
        lineage=context.state.lineage,
        serial=context.state.serial,
        not_managed=part.not_managed,
        limits=part.limits,
        stamp="",
        mark="",
        is_as_recorded=recalled.part == part and is_settled(*recalled, desired),
        since=str(context.today),
        until=str(until or ""),
        identities=_identities_in(desired, organization.key),
        names=_check_sums(find_names(context, desired)),
    )


def collect(
    before: SettledIndex | None,
    found: Mapping[str, SettledOrganization],
    *,
    basis: Basis,
    digests: Mapping[str, str],
    desired: Desired,
    findings: Iterable[Finding],
    excepted: Collection[str],
    today: date,
) -> SettledIndex:
    """What to keep after a run that found these organizations settled; `excepted` are patterns of the workspace file.

    An organization that approvals, moves or exceptions name is always read, and so is one of somebody whose time is
    over: what is said of those lines depends on it. What another run found of other files is kept.
    """
    notes: dict[str, Counter[str]] = defaultdict(Counter)
    crossing: set[str] = set()
    for finding in findings:
        if finding.place is not None:
            notes[finding.place.file][finding.severity.value] += 1
            crossing.update(place.file for place in _places_of(finding) if finding.id in _CROSSING or finding.related)
    files: dict[str, list[str]] = defaultdict(list)
    for key, organization in desired.organizations.items():
        files[organization.place.file].append(key)
    named = {one.address.organization for one in desired.approvals}
    named |= {address.organization for move in desired.moves for address in (move.source, move.target)}
    over = {key for key, person in desired.people.items() if person.ends and person.ends <= today}
    kept: dict[str, SettledFile] = {}
    if before is not None and replace(before.basis, files=basis.files, directory=basis.directory) == basis:
        kept = {path: file for path, file in before.files.items() if digests.get(path) == file.digest}
        kept = _without(kept, before.basis.find_changes(basis.directory))
    for path, keys in files.items():
        people = {person_in(address) for key in keys for address in desired.resources.get(key, {})}
        is_named = any(key in named or any(fnmatchcase(key, one) for one in excepted) for key in keys)
        if path in basis.files or path in crossing or is_named or people & over:
            kept.pop(path, None)
        elif found.keys() >= set(keys):
            kept[path] = SettledFile(
                digest=digests[path],
                organizations=[found[key] for key in keys],
                notes=dict(notes[path]),
                emails=[*_choose_emails(people), *_find_others(desired, keys)],
            )
    return SettledIndex(basis=basis, files=kept)


def _choose_emails(people: Iterable[str]) -> list[str]:
    domains: dict[str, list[str]] = defaultdict(list)
    for email in sorted(person for person in people if "@" in person):
        domains[email.rpartition("@")[2]].append(email)
    return [email for emails in domains.values() for email in emails[:2]]


def _find_others(desired: Desired, keys: Iterable[str]) -> list[str]:
    """Addresses of people who answer for something or have reviewed it, and need not be members of anything."""
    found: set[str] = set()
    for key in keys:
        found.update(desired.organizations[key].owners)
        for one in desired.resources.get(key, {}).values():
            found.update(one.owners)
            found.update(line.reviewed_by for line in one.lines)
    return sorted(who.lower() for who in found if "@" in who.lstrip("@"))
