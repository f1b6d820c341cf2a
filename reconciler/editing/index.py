"""Where things stand in manifests, what stands there, and the edits that add them or take them out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Unpack

from reconciler.editing.edits import edit_manifest, mark_of, render_patch
from reconciler.editing.writer import Drop, Edit, Join, Leave, Path, Put, Value
from reconciler.manifests.load import LoadOptions, load_manifests
from reconciler.manifests.nodes import is_key
from reconciler.manifests.people import PREFIX, key_of_address
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model import KINDS, Address, Desired, Owner, Person, Resource, Shape, System, UsageError, dataclass

_NUMBER = re.compile(r"[0-9]+")
_HANDLE = re.compile(r"@[^@\s/]+")


class NotExpressible(Exception):  # it is no error: some things have no place in a manifest
    """Why something that is there cannot be declared; the text is for people."""


def path_of(address: Address) -> Path:
    """The keys that lead to a resource; for what is an item of a list, to the list."""
    kind = KINDS[address.kind]
    top: Path = ("organizations", address.organization)
    if kind.section or kind.name == "member":
        return (*top, kind.section or "members", address.key)
    asset, other = address.parts
    entries = (*top, KINDS[kind.parents[0]].section, asset, kind.entry)
    return entries if kind.is_item else (*entries, other)


def to_entry(resource: Resource, system: System, *, name: str = "") -> Put | Join:
    """What declares a resource as it is; raises NotExpressible. `name` is what people call an asset."""
    address, kind = resource.address, KINDS[resource.address.kind]
    if kind.shape is Shape.ORGANIZATION:
        raise NotExpressible("manifests have no place for it")
    path = path_of(address)
    if kind.is_item:
        return Join(path=path, item=address.parts[-1])
    if kind.name == "member":
        return Put(path=path, value=_member(resource, system))
    if kind.section:
        return Put(path=path, value=_asset(resource, system, name))
    permissions = resource.attributes.get("permissions")
    if permissions is None:
        return Put(path=path, value=_role_word(resource, system))
    return Put(path=path, value=_known_permissions(kind.name, permissions, system))


def _role_word(resource: Resource, system: System) -> str:
    """The word for a role; raises NotExpressible for one that manifests do not know."""
    role = resource.attributes.get("role", "")
    if not isinstance(role, str) or not role:
        raise NotExpressible("the system does not show its role")
    if system.find_role(resource.address.kind, role) is None:
        raise NotExpressible(f"its role {role!r} is none that can be declared")
    return role


def _member(resource: Resource, system: System) -> Value:
    value: dict[str, Value] = {"role": _role_word(resource, system)}
    finance = resource.attributes.get("finance")
    if isinstance(finance, str) and finance:
        if system.find_role("member.finance", finance) is None:
            raise NotExpressible(f"its finance role {finance!r} is none that can be declared")
        value["finance"] = finance
    if "phone" in system.identifiers and resource.identity.startswith("+"):
        value["via"] = "phone"
    return value if len(value) > 1 else value["role"]


def _known_permissions(kind: str, permissions: str | tuple[str, ...], system: System) -> list[str]:
    listed = [permissions] if isinstance(permissions, str) else list(permissions)
    foreign = [one for one in listed if system.find_role(kind, one) is None]
    if foreign or not listed:
        raise NotExpressible(
            f"its permission {foreign[0]!r} is none that can be declared" if foreign else "it allows nothing"
        )
    return listed


def _asset(resource: Resource, system: System, name: str) -> Value:
    if not is_key(resource.address.key):
        raise NotExpressible(f"{resource.address.key!r} cannot be a key")
    kind, identity = resource.address.kind, resource.identity
    value: dict[str, Value] = {}
    if kind == "app":
        if Owner.of(resource.attributes) != Owner(organization=resource.address.organization):
            raise NotExpressible("this organization does not own it")
        value["client_key"] = identity
    else:
        number, can_have_handle = resource.platform_id or identity, kind == "tiktok_account"
        if _NUMBER.fullmatch(number):
            value["id"] = number
        if can_have_handle and _HANDLE.fullmatch(identity):
            value["handle"] = identity
        if not value and kind != "asset_group":
            raise NotExpressible("neither its id nor its handle is shown" if can_have_handle else "its id is not shown")
    if name:
        value["name"] = name
    if (permissions := resource.attributes.get("permissions")) is not None:
        allowed = _known_permissions(kind, permissions, system)
        # What is asked for when nothing is said is not written.
        if allowed != [min(system.permissions[kind], key=lambda permission: permission.rank).name]:
            value["permissions"] = allowed
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEdit:
    """What would be written into which files."""

    texts: Mapping[str, str]
    """Path -> new text, of the files that change."""
    patch: str
    """The same as a unified diff."""


def make_leave(files: Sequence[SourceFile], key: str, person: Person | None, *, on: date, today: date) -> ManifestEdit:
    """The edit after which somebody has no access from a UTC day on.

    Whoever is in the directory gets `ends`, which covers everything and keeps what they had readable; an end that is
    earlier stays, and who would come on that day or later never comes. An e-mail address that stands where a person may
    stand is taken out, or ends with each of its memberships when the day is still to come.
    """
    index = ManifestIndex(files)
    if person is not None:
        is_earlier = person.ends is not None and person.ends <= on
        never_comes = not is_earlier and person.starts is not None and person.starts >= on
        ends = min(on, today) if never_comes else on
        edits: list[Edit] = [] if is_earlier else [Put(path=("people", key, "ends"), value=ends.isoformat())]
        edits += [Drop(path=("people", key, "starts"))] if never_comes else []
        return index.edit((person.place.file, edit) for edit in edits)
    expires = on if on > today else None
    return index.edit((path, edit) for path, node in index.nodes.items() for edit in _edits_in(node, key, expires))


def _edits_in(node: object, key: str, expires: date | None) -> Iterator[Edit]:
    """What takes somebody out, or ends the memberships that their other access goes with."""
    found = list(_mentions(node, key, ()))
    never_joins = {
        path[:2] for path, name, holder in found if path[-1] == "members" and _begins_after(holder, name, expires)
    }
    for path, name, holder in found:
        here = (*path, name)
        if expires is None or path[:2] in never_joins or _begins_after(holder, name, expires):
            yield Leave(path=path, item=name) if isinstance(holder, list) else _drop_entry(here)
        elif path[0] == "groups":
            advice = f"give them an entry under `people`, or run this again on {expires}"
            raise UsageError(f"{key} is in {path[1]}, and a group has no end for its members", advice=advice)
        elif path[-1] == "members":
            terms, day = holder[name] if isinstance(holder, dict) else None, expires.isoformat()
            if not isinstance(terms, dict):  # what is written as a word becomes a mapping
                yield Put(path=here, value={"role": str(terms), "expires": day})
            elif str(terms.get("expires", day)) >= day:  # nothing lasts longer because somebody leaves
                yield Put(path=(*here, "expires"), value=day)


def _begins_after(holder: object, name: str, expires: date | None) -> bool:
    """Whether a line begins on the day on which it would end, or later."""
    terms = holder.get(name) if isinstance(holder, dict) else None
    starts = terms.get("starts") if isinstance(terms, dict) else None
    return expires is not None and starts is not None and str(starts) >= expires.isoformat()


def _drop_entry(path: Path) -> Drop:
    """Take out an entry of a section, and the section when it is empty then.

    What has the section stays: an asset also when nobody has access to it any more.
    """
    return Drop(path=path, keep=len(path) - 2)


def _mentions(node: object, key: str, path: Path) -> Iterator[tuple[Path, str, object]]:
    """Where somebody is named as a member, or as having access: path of the mapping or list, their name there, and it.

    Under organizations and groups alone: `people` has keys of its own.
    """
    if not isinstance(node, dict):
        return
    for name, inner in node.items():
        here = (*path, str(name))
        if path[:1] in (("organizations",), ("groups",)) and name in {"members", "access"}:
            wanted = key_of_address(key)
            spelled = (str(one) for one in inner or () if key_of_address(str(one)) == wanted)
            for one in dict.fromkeys(spelled):  # an address may stand there in several spellings
                yield here, one, inner
        else:
            yield from _mentions(inner, key, here)


@dataclass(frozen=True, slots=True)
class GroupLists:
    """Group -> what it lists: people, addresses and `group:NAME`."""

    listed: Mapping[str, tuple[str, ...]]

    def of(self, person: str) -> tuple[str, ...]:
        """The groups that list somebody themselves, by name."""
        return tuple(sorted(name for name, items in self.listed.items() if _as_spelled(person, items) in items))

    def giving_through(self, group: str) -> frozenset[str]:
        """A group and all groups around it, as `group:NAME`: whoever joins it has what any of them is given."""
        found: set[str] = set()
        waiting = [f"{PREFIX}{group}"]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [f"{PREFIX}{outer}" for outer, items in self.listed.items() if name in items]
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Written:
    """Where something is declared, spelled as it is there."""

    file: str
    path: Path
    value: object
    """None where nothing stands there."""


class ManifestIndex:
    """Where things are declared in a set of files, and the edits that take them out."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.files = {file.path: file for file in sorted(files, key=lambda file: file.path)}
        parsed = {path: parse_file(file) for path, file in self.files.items()}
        self.nodes = {path: one.node for path, one in parsed.items()}
        self.texts = {path: f"{mark_of(one.file)}{one.text}" for path, one in parsed.items()}

    def load(self, **options: Unpack[LoadOptions]) -> Desired:
        """What the files want; raises ManifestError when they have errors."""
        return load_manifests([*self.files.values()], **options).require_desired()

    def after(self, texts: Mapping[str, str]) -> ManifestIndex:
        """The files with new texts, and with files that are new."""
        return ManifestIndex(
            (self.files | {path: SourceFile(path, text.encode()) for path, text in texts.items()}).values()
        )

    def rewrite(self, texts: Mapping[str, str]) -> ManifestEdit:
        """What it is to give files these texts, or to add them."""
        changed = {path: text for path, text in texts.items() if text != self.texts.get(path)}
        before = {path: self.texts[path] for path in changed if path in self.texts}
        return ManifestEdit(texts=changed, patch=render_patch(before, changed))

    def edit(self, edits: Iterable[tuple[str, Edit]]) -> ManifestEdit:
        """Carry edits out, each in its file; raises EditError."""
        wanted = defaultdict[str, list[Edit]](list)
        for path, edit in edits:
            wanted[path].append(edit)
        return self.rewrite({path: edit_manifest(self.files[path], wanted[path]) for path in sorted(wanted)})

    def fold(self, file: str, edits: Iterable[Edit]) -> list[Edit]:
        """The same edits, where everything that goes into a new entry comes with it.

        So an asset is written together with its access, and a section with its entries, laid out as one piece.
        """
        new: dict[Path, dict[str, Value]] = {}
        folded: list[Edit | Path] = []
        for edit in edits:
            depth = _depth_of(self.nodes[file], edit.path)
            if not isinstance(edit, Put | Join) or depth >= len(edit.path):
                folded.append(edit)
                continue
            top = edit.path[: depth + 1]  # leads to the first key that is not there
            if top not in new:
                new[top] = {}
                folded.append(top)
            below = replace(edit, path=edit.path[depth:])
            if isinstance(below, Put) and isinstance(below.value, Mapping):
                below = replace(below, value=dict(below.value))  # more may be planted in it
            plant(new[top], below)
        return [one if not isinstance(one, tuple) else Put(path=one, value=new[one][one[-1]]) for one in folded]

    @cached_property
    def groups(self) -> GroupLists:
        """What groups list; what is malformed is left to the reader of manifests."""
        listed: dict[str, tuple[str, ...]] = {}
        for node in self.nodes.values():
            groups = node.get("groups") if node is not None else None
            for name, group in groups.items() if isinstance(groups, dict) else ():
                members = group.get("members") if isinstance(group, dict) else None
                listed[name] = tuple(map(str, members)) if isinstance(members, list) else ()
        return GroupLists(listed)

    def find_file(self, path: Path) -> str:
        """The file in which most of a path is written already, the first of several; empty where nothing of it is."""
        depths = {name: _depth_of(node, path) for name, node in self.nodes.items()}
        return max(depths, key=depths.__getitem__) if any(depths.values()) else ""

    def find(self, path: Path) -> Written:
        """Where a path is written, in the file that has most of it."""
        file = self.find_file(path) or next(iter(self.files))
        node: object = self.nodes[file]
        found: list[str] = []
        for part in path:
            keys = node if isinstance(node, dict) else {}
            found.append(_as_spelled(part, keys))
            node = keys.get(found[-1])
        return Written(file, tuple(found), node)

    def take_out(self, address: Address) -> tuple[str, Edit]:
        """The file that declares something by its own name, and the edit after which it does not."""
        found = self.find(path_of(address))
        if KINDS[address.kind].is_item:
            return found.file, Leave(path=found.path, item=_as_spelled(address.parts[-1], _items(found.value)))
        return found.file, _drop_entry(found.path)

    def leave_group(self, group: str, person: str) -> tuple[str, Edit]:
        """The file with a group, and the edit after which it does not list somebody."""
        found = self.find(("groups", group, "members"))
        return found.file, Leave(path=found.path, item=_as_spelled(person, _items(found.value)))


def plant(tree: dict[str, Value], edit: Put | Join) -> None:
    """What an edit of a manifest does, done to the values of a new one; no list has an item twice."""
    *parents, last = edit.path
    here = tree
    for parent in parents:
        here = here.setdefault(parent, {})  # type: ignore[assignment]  # paths lead through mappings only
    if isinstance(edit, Put):
        here[last] = edit.value
    else:
        here[last] = list(dict.fromkeys([*(here.get(last) or ()), edit.item]))  # type: ignore[misc]  # a list


def _depth_of(node: object, path: Path) -> int:
    """How many keys of a path a file has."""
    depth = 0
    while depth < len(path) and isinstance(node, dict) and path[depth] in node:
        node = node[path[depth]]
        depth += 1
    return depth


def _items(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []


def _as_spelled(name: str, names: Collection[str]) -> str:
    """A name as it stands among others: an e-mail address can be spelled in several ways."""
    if name in names or "@" not in name:
        return name
    wanted = key_of_address(name)
    return next((one for one in names if key_of_address(one) == wanted), name)
