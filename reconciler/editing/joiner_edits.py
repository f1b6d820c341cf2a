"""Which groups list somebody, and which groups each of them is in, as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.manifests.groups import PREFIX
from reconciler.manifests.source import SourceFile, parse_file


@dataclass(frozen=True, slots=True)
class Rosters:
    """Group -> what it lists: people, addresses and `group:NAME`."""

    listed: Mapping[str, tuple[str, ...]]

    def of(self, person: str) -> tuple[str, ...]:
        """The groups that list somebody themselves, by name."""
        return tuple(sorted(name for name, items in self.listed.items() if person in items))

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


def read_rosters(files: Sequence[SourceFile]) -> Rosters:
    """From all files; what is malformed is left to the reader of manifests."""
    return Rosters(dict(entry for file in files for entry in _groups_in(file)))


def _groups_in(file: SourceFile) -> Iterator[tuple[str, tuple[str, ...]]]:
    node = parse_file(file).node
    groups = node.get("groups") if node is not None else None
    for name, group in groups.items() if isinstance(groups, dict) else ():
        members = group.get("members") if isinstance(group, dict) else None
        yield name, tuple(map(str, members)) if isinstance(members, list) else ()
