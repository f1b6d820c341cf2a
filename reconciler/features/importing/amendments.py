"""The edits that make a manifest say of one resource what is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.editing.edits import Drop, Edit, Leave, Path, Put, Value, find_file
from reconciler.editing.entries import NotExpressible, is_item, path_of, to_entry
from reconciler.manifests.people import PREFIX
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model.address import Address
from reconciler.model.declared import Declared
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.model.system import System

_ORGANIZATION = 2
"""Keys that lead to an organization; it stays when nothing is left in it."""
_ASSET = 4


def change(live: Resource, declared: Declared, system: System, files: Sequence[SourceFile]) -> list[Edit]:
    """For something that has other values than declared; reasons, dates and notes beside them stay.

    What groups give is not changed for everybody in them: the person is named beside them. Whether that means what it
    shall, only reading it back can tell.
    """
    if all(one.through for one in declared.lines):
        return [to_entry(live, system)]
    path = written_path(live.address, files)
    present = _value_at(files, path)
    if not isinstance(present, Mapping):
        return [Put(path=path, value=_value_of(live, system))]
    wanted = _value_of(live, system)
    new = wanted if isinstance(wanted, Mapping) else {_only_name(live): wanted}
    edits: list[Edit] = [
        Put(path=(*path, key), value=new[key]) for key in _COMPARED if key in new and new[key] != present.get(key)
    ]
    edits += [Drop(path=(*path, key), keep=len(path)) for key in _COMPARED if key in present and key not in new]
    return edits


_COMPARED = ("role", "finance", "permissions")
"""Fields that say what access there is; `via` says how somebody was invited, and that does not change."""


def withdraw(address: Address, files: Sequence[SourceFile]) -> list[Edit]:
    """For something that is gone."""
    path = written_path(address, files)
    if is_item(address):
        return [Leave(path=path, item=_written_item(files, path, address.parts[-1]))]
    keep = _ORGANIZATION if len(path) <= _ASSET else _ASSET
    return [Drop(path=path, keep=keep)]


def leave_group(group: str, person: str, files: Sequence[SourceFile]) -> Edit:
    """For somebody whom a group gives access, and who has none of it any more.

    They leave the group that lists them, which may be one inside of that group; raises NotExpressible when several do.
    """
    listing = list(dict.fromkeys(_groups_listing(group.removeprefix(PREFIX), person, files, seen=set())))
    if len(listing) != 1:
        raise NotExpressible(
            f"it comes through {group}, in which {person} is more than once" if listing else f"it comes through {group}"
        )
    path = ("groups", listing[0], "members")
    return Leave(path=path, item=_written_item(files, path, person))


def _groups_listing(group: str, person: str, files: Sequence[SourceFile], *, seen: set[str]) -> Iterator[str]:
    """The group and those inside of it, as far as they list somebody by key or address."""
    if group in seen:
        return
    seen.add(group)
    listed = _value_at(files, ("groups", group, "members"))
    for item in listed if isinstance(listed, list) else ():
        if str(item).startswith(PREFIX):
            yield from _groups_listing(str(item).removeprefix(PREFIX), person, files, seen=seen)
        elif str(item).casefold() == person.casefold():
            yield group


def hanging_on(address: Address, declared: Iterable[Address]) -> Iterator[Address]:
    """What is declared and cannot stay when something goes, unless it goes with it."""
    below = (*path_of(address),)
    for other in declared:
        parents = zip(KINDS[other.kind].parents, other.parts, strict=False)
        if (address.kind, address.key) in parents and path_of(other)[: len(below)] != below:
            yield other


def written_path(address: Address, files: Sequence[SourceFile]) -> Path:
    """The path as it is written: e-mail addresses in keys may have capitals."""
    path = path_of(address)
    file = find_file(files, path)
    node: object = parse_file(file).node if file else None
    found: list[str] = []
    for part in path:
        keys = node if isinstance(node, dict) else {}
        key = part if part in keys else next((one for one in keys if str(one).casefold() == part.casefold()), part)
        found.append(str(key))
        node = keys.get(key)
    return tuple(found)


def _written_item(files: Sequence[SourceFile], path: Path, item: str) -> str:
    listed = _value_at(files, path)
    items = [str(one) for one in listed] if isinstance(listed, list) else []
    return next((one for one in items if one.casefold() == item.casefold()), item)


def _value_at(files: Sequence[SourceFile], path: Path) -> object:
    file = find_file(files, path)
    node: object = parse_file(file).node if file else None
    for part in path:
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _value_of(live: Resource, system: System) -> Value:
    entry = to_entry(live, system)
    return entry.value if isinstance(entry, Put) else None


def _only_name(live: Resource) -> str:
    return "permissions" if "permissions" in live.attributes else "role"
