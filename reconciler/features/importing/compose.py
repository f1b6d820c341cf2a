"""One organization as it is, composed into the manifest that declares exactly that, as a person would lay it out.

What no manifest names yet gets a key first.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import count

from reconciler.editing.index import NotExpressible, path_of, plant, to_entry
from reconciler.editing.writer import Join, Path, Put, Value, write_inline, write_key
from reconciler.manifests.nodes import find_hidden, has_mixed_scripts, is_key, looks_like_secret
from reconciler.manifests.people import PREFIX, Contacts
from reconciler.model import (
    KINDS,
    Address,
    Desired,
    Live,
    Notes,
    Organization,
    Place,
    Resource,
    Shape,
    System,
    dataclass,
    is_masked,
    parents_of,
    role_in,
)

_OWN_NAME = frozenset({"asset_group"})
"""Kinds whose key is what the system knows a thing by."""


@dataclass(slots=True, kw_only=True)
class KeyAssignment:
    """Keys for what was found."""

    people: dict[str, Value] = field(default_factory=dict)
    """Key -> entry of everybody who is new."""
    keys: dict[Address, str] = field(default_factory=dict)
    """Member, asset or partner as it was read -> the key it gets."""
    strangers: dict[Address, str] = field(default_factory=dict)
    """Members who cannot be declared -> why."""
    names: dict[Address, str] = field(default_factory=dict)
    """Clean names of assets, where they say more than the key."""
    origins: dict[Address, Address] = field(default_factory=dict)
    """Address in the words of the manifests -> as it was read."""

    def rename(self, address: Address) -> Address:
        """An address in the words of the manifests."""
        pieces = zip(KINDS[address.kind].pieces, address.parts, strict=False)
        parts = [self.keys.get(Address(address.organization, kind, part), part) for kind, part in pieces]
        new = Address(address.organization, address.kind, "/".join(parts))
        self.origins.setdefault(new, address)
        return new

    def renamed(self, resource: Resource) -> Resource:
        """The same in the words of the manifests."""
        return replace(resource, address=self.rename(resource.address))


def assign_keys(
    organizations: Iterable[Organization],
    live: Mapping[str, Live],
    names: Mapping[str, Mapping[Address, str]],
    *,
    known: Desired,
) -> KeyAssignment:
    """Who and what is new, with keys that are free; who has one address everywhere is one person."""
    made = KeyAssignment()
    by_identity: dict[str, str] = {}
    taken: dict[tuple[str, str], set[str]] = defaultdict(set)
    for address in known.everything:
        taken[address.organization, address.kind].add(address.key)
    # Addresses that manifests use as they are count as known, without a person behind them.
    members = (keys for (_, kind), keys in taken.items() if kind == "member")
    familiar = set(known.people).union(*members)
    for organization in organizations:
        for address, resource in sorted(live[organization.key].resources.items()):
            name = names.get(organization.key, {}).get(address, "")
            if KINDS[address.kind].section:
                used = taken[organization.key, address.kind]
                is_own = address.kind in _OWN_NAME
                key = address.key if is_own else key_for_thing(resource.identity or address.key, name, used)
                used.add(key)
                made.keys[address] = key
                if (called := clean_name(name)) not in ("", key):
                    made.names[address] = called
            elif address.kind == "member" and address.key not in familiar and not resource.status.is_gone:
                identity = resource.identity.lower()
                if identity not in by_identity:
                    by_identity[identity] = ""
                    everybody = familiar | made.people.keys()
                    try:
                        key, entry = introduce(
                            resource.identity, organization.system, shown=address.key, name=name, taken=everybody
                        )
                    except NotExpressible as error:
                        made.strangers[address] = str(error)
                    else:
                        made.people[key] = entry
                        by_identity[identity] = key
                made.keys[address] = by_identity[identity] or address.key
    return made


_WIDTH = 100
_MAX_IN_A_LINE = 4
_ALWAYS_BELOW = frozenset({"members"})
"""Mappings that grow, so that every entry has its own line in a review."""
_MIN_MEMBERS = 3
"""A group of two is longer to read than two names."""
_MIN_PLACES = 2
_MAX_SHOWN = 3

Spot = tuple[Path, object]
"""Where access stands, and what is given there: everybody with the same there may be a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A group to be proposed, because the same people have the same access in several places."""

    name: str
    members: tuple[str, ...]
    places: frozenset[Spot]
    description: str
    """What they have in common, for the reader who gives it a better name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """Something that is there and is not declared."""

    resource: Resource
    reason: str
    because_of: Address | None = None
    """What it hangs on, where that is not declared and nothing else is wrong with it."""


@dataclass(slots=True, kw_only=True)
class Composition:
    """One organization as it was composed: the values of its file, and what could not be part of it."""

    organization: str
    file: str
    unknown: Mapping[str, str]
    """What could not be read, as in `Live.unknown`."""
    tree: dict[str, Value] = field(default_factory=dict)
    declared: list[Address] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    held_back: list[HeldBack] = field(default_factory=list)


def compose(
    organization: Organization,
    live: Live,
    keys: KeyAssignment,
    *,
    refused: Mapping[Address, str],
    taken_groups: Collection[str],
    file: str,
) -> Composition:
    """The section of an organization that no manifest declares yet.

    `refused` is what must not be declared, by its address as it was read, with the reason. What hangs on something that
    is not declared is not declared either.
    """
    names = {keys.rename(address): name for address, name in keys.names.items()}
    refused = {keys.rename(address): why for address, why in {**keys.strangers, **refused}.items()}
    made = Composition(organization=organization.key, file=file, unknown=live.unknown)
    kept: list[tuple[Resource, Put | Join]] = []
    declared: set[Address] = set()
    resources = map(keys.renamed, live.resources.values())
    for resource in sorted(resources, key=lambda one: reading_order(one, organization)):
        address = resource.address
        if KINDS[address.kind].shape is Shape.ORGANIZATION or resource.status.is_gone:
            continue
        above = (one for one in parents_of(address) if KINDS[one.kind].shape is not Shape.ORGANIZATION)
        missing = next((parent for parent in above if parent not in declared), None)
        why = refused.get(address, f"{KINDS[missing.kind].title} {missing.key} is not declared" if missing else "")
        entry: Put | Join | None = None
        try:
            entry = to_entry(resource, organization.system, name=names.get(address, ""))
        except NotExpressible as error:
            why = str(error)
        if entry is None or why:
            made.held_back.append(HeldBack(resource=resource, reason=why, because_of=missing))
        else:
            declared.add(address)
            kept.append((resource, entry))
    made.declared = sorted(declared)
    made.teams = find_teams((resource for resource, _ in kept), taken=taken_groups)
    if made.teams:
        made.tree["groups"] = {
            team.name: {"members": list(team.members), "description": team.description} for team in made.teams
        }
    plant(made.tree, Put(path=("organizations", organization.key), value=_head_of(organization)))
    groups = {place: f"{PREFIX}{team.name}" for team in made.teams for place in team.places}
    for resource, entry in kept:
        group = groups.get(_place_of(resource)) if _is_grant_to_person(resource) else None
        plant(made.tree, _give_to_group(entry, group) if group else entry)
    return made


def _give_to_group(entry: Put | Join, group: str) -> Put | Join:
    """The same for a group that stands in place of its people."""
    return replace(entry, item=group) if isinstance(entry, Join) else replace(entry, path=(*entry.path[:-1], group))


def _head_of(organization: Organization) -> dict[str, Value]:
    """What tells which organization it is; what is the default is left out."""
    system, variant = organization.system.name, organization.system.variant
    head: dict[str, Value] = {"system": system}
    if system == "developers":
        head |= {"research": {"kind": "research"}, "owner": {"role_system": "owner"}}.get(variant, {})
        return {**head, "name": organization.identity}
    head["id" if system == "business_center" else "handle"] = organization.identity
    return {**head, **({"name": organization.name} if organization.name else {})}


def reading_order(resource: Resource, organization: Organization) -> tuple[int, str, int, str]:
    """What to sort resources by: kind by kind, asset by asset, the strongest roles first."""
    kinds = organization.system.kinds
    address = resource.address
    role = organization.system.find_role(address.kind, role_in(resource.attributes))
    first = "" if address.kind == "member" else address.parts[0]
    kind = kinds.index(address.kind) if address.kind in kinds else len(kinds)
    return kind, first, -role.rank if role else 0, address.key


def remarks_on(made: Composition) -> list[str]:
    """Comments on everything that is not declared; what hangs on something stands with it."""
    held_back = made.held_back
    lines: list[str] = []
    hanging: dict[Address | None, list[Resource]] = {one.resource.address: [] for one in held_back}
    for one in held_back:
        if one.because_of in hanging:
            hanging[one.because_of].append(one.resource)
    if held_back:
        lines += ["There, and not declared. Where it is about people: add them to `people` with their whole addresses;"]
        lines += [f"`reconciler adopt {made.organization} --in-place` then declares them with everything they have."]
    for one in held_back:
        address = one.resource.address
        if one.because_of not in hanging:
            lines.append(f"- {_describe(one.resource)}: {one.reason}")
            lines += [f"    with {_describe(resource, shared=address)}" for resource in hanging[address]]
    if made.unknown:
        lines += ["Could not be read, so nothing is declared there:"]
        lines += [f"- {prefix}: {reason}" for prefix, reason in sorted(made.unknown.items())]
    return lines


def _describe(resource: Resource, *, shared: Address | None = None) -> str:
    values = [value if isinstance(value, str) else " + ".join(value) for value in resource.attributes.values()]
    said = f" ({', '.join(values)})" if values else ""
    parts = [part for part in resource.address.parts if shared is None or part != shared.key]
    return f"{KINDS[resource.address.kind].title} {'/'.join(parts)}{said}"


def find_teams(resources: Iterable[Resource], *, taken: Collection[str]) -> list[Team]:
    """Sets of people that are exactly the same in at least two places, the largest saving first.

    Only sets that are equal, never ones that overlap: a group that nearly fits would give access that nobody had.
    """
    people: dict[Spot, set[str]] = defaultdict(set)
    for grant in filter(_is_grant_to_person, resources):
        people[_place_of(grant)].add(grant.address.parts[1])
    places: dict[frozenset[str], list[Spot]] = defaultdict(list)
    for place, found in people.items():
        if len(found) >= _MIN_MEMBERS:
            places[frozenset(found)].append(place)
    worth = [(found, where) for found, where in places.items() if len({path for path, _ in where}) >= _MIN_PLACES]
    teams: dict[str, Team] = {}
    for members, where in sorted(worth, key=lambda item: (-len(item[0]) * len(item[1]), sorted(item[0]))):
        assets = sorted({path[3] for path, _ in where})
        name = choose_key([_name_for(assets)], {*taken, *teams})
        rest = len(assets) - _MAX_SHOWN
        shown = " and ".join([*assets[:_MAX_SHOWN], *([f"{rest} more"] if rest > 0 else [])])
        teams[name] = Team(
            name=name,
            members=tuple(sorted(members)),
            places=frozenset(where),
            description=f"have the same access to {shown}",
        )
    return list(teams.values())


def _is_grant_to_person(resource: Resource) -> bool:
    return KINDS[resource.address.kind].parents[1:] == ("member",)


def _place_of(grant: Resource) -> Spot:
    """The list or mapping that a grant stands in, with its value."""
    values = tuple(sorted((name, str(value)) for name, value in grant.attributes.items()))
    return path_of(grant.address)[:5], values


def _name_for(assets: list[str]) -> str:
    """What the keys of the assets have in common at their beginning, else the first of them."""
    words = [re.split(r"[-._]", asset) for asset in assets]
    shared: list[str] = []
    for column in zip(*words, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return f"{slug('-'.join(shared)) or slug(assets[0]) or 'people'}-team"


def render_manifest(tree: Mapping[str, Value], *, tails: Mapping[Path, Sequence[str]] | None = None) -> str:
    """The text of a file, short things on one line, everything else below one another.

    `tails` are comments at the end of a mapping.
    """
    return "".join(f"{line}\n" for line in _lay_out(tree, (), tails or {}))


def _lay_out(tree: Mapping[str, Value], path: Path, tails: Mapping[Path, Sequence[str]]) -> Iterator[str]:
    indent = "  " * len(path)
    for key, value in tree.items():
        here = (*path, key)
        start = f"{indent}{write_key(key)}:"
        if here not in tails and _fits(value, here, start):
            yield f"{start} {write_inline(value)}"
        elif isinstance(value, Mapping):
            yield start
            yield from _lay_out(value, here, tails)
        else:
            yield start
            yield from (f"{indent}  - {write_inline(item)}" for item in value or ())  # type: ignore[union-attr]  # a list
    yield from (f"{indent}{_comment(line)}" for line in tails.get(path, ()))


def _fits(value: Value, path: Path, start: str) -> bool:
    """Whether a value stands behind its key."""
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        return True
    if len(start) + len(write_inline(value)) >= _WIDTH:
        return False
    if not isinstance(value, Mapping) or not value:
        return True
    if len(path) == 1 or path[-1] in _ALWAYS_BELOW or path[:-1] == ("organizations",):
        return False
    is_flat = path[0] == "people" or not any(isinstance(item, Mapping) for item in value.values())
    return is_flat and len(value) <= _MAX_IN_A_LINE


def _comment(text: str) -> str:
    """A line of a comment; what nobody could see in it is shown."""
    shown = text if text.isprintable() and not find_hidden(text) else ascii(text)[1:-1]
    return f"# {shown}".rstrip()


_MAX_NAME = 100
_MAX_KEY = 60
_NOWHERE = Place("", 1, 1)


def introduce(identity: str, system: System, *, shown: str, name: str, taken: Container[str]) -> tuple[str, Value]:
    """Key and entry of the person behind an identity; raises NotExpressible where that is no whole address or number.

    `shown` is what the system shows of it. Nothing is ever guessed: an address with stars in it is no address.
    """
    called = clean_name(name)
    if is_masked(shown):
        who = f", and its name as {called!r}" if called else ""
        raise NotExpressible(f"its address is only shown as {shown.partition('#')[0]!r}{who}")
    named: dict[str, Value] = {"name": called} if called else {}
    notes = Notes()
    contacts = Contacts(notes)
    if "@" in identity.strip("@"):
        email = contacts.read_email(identity, _NOWHERE)
        if notes.has_errors or email != identity.lower() or "/" in email or has_mixed_scripts(email):
            raise NotExpressible(f"{identity!r} is no address that can be declared")
        # What stands before the @; then with the domain's own word, as it tells two Anas apart.
        local, _, domain = email.partition("@")
        short = slug(local.partition("+")[0]) or "person"
        whose = slug(domain.split(".")[-2] if "." in domain else domain) or "other"
        return choose_key(_slugs(short, f"{short}-{whose}"), taken), {**named, "email": email}
    if identity.startswith("+") and "phone" in system.identifiers:
        phone = contacts.read_phone(identity, _NOWHERE)
        if notes.has_errors or phone != identity:
            raise NotExpressible(f"{identity!r} is no phone number that can be declared")
        key = choose_key(_slugs(called, f"phone-{phone.removeprefix('+')}"), taken)
        return key, {**named, "identities": {"phone": phone}}
    raise NotExpressible("the system shows neither an e-mail address nor a phone number of it")


def key_for_thing(identity: str, name: str, taken: Container[str]) -> str:
    """A key for an asset, a partner or an organization, from its name if it has one."""
    plain = slug(identity.removeprefix("@")) or "unnamed"
    named = slug(clean_name(name))
    return choose_key([named, f"{named}-{plain[-4:]}", plain] if named else [plain], taken)


def clean_name(name: str) -> str:
    """A name from outside, if it can stand in a reviewed file; else nothing."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    is_fine = name.isprintable() and not find_hidden(name) and not looks_like_secret(name)
    return name if is_fine and len(name) <= _MAX_NAME else ""


def slug(text: str) -> str:
    """Words in lower case with dashes between them; empty when nothing is left that could be a key."""
    short = re.sub(r"[^\w.+-]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-.+_")[:_MAX_KEY]
    short = short.strip("-.+_")
    return short if is_key(short) and not looks_like_secret(short) else ""


def _slugs(*wishes: str) -> Iterator[str]:
    return filter(None, map(slug, wishes))


def choose_key(wishes: Iterable[str], taken: Container[str]) -> str:
    """The first wish that is free as a key, else the last one with a number."""
    last = "unnamed"
    for last in wishes:
        if last not in taken:
            return last
    return next(name for number in count(2) if (name := f"{last}-{number}") not in taken)
