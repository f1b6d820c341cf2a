"""Groups of people that are worth a name, because the same people have the same access in several places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from reconciler.editing.edits import Path
from reconciler.editing.entries import path_of
from reconciler.editing.person_edits import slug
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource

_MIN_COUNT = 3
"""A group of two is longer to read than two names."""
_PLACES = 2
_SHOWN = 3

Place = tuple[Path, object]
"""Where access stands, and what is given there: everybody with the same there may be a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A group to be proposed."""

    name: str
    members: tuple[str, ...]
    places: frozenset[Place]
    assets: tuple[str, ...]
    """Keys of what they have in common."""

    @property
    def description(self) -> str:
        """What they have in common, for the reader who gives it a better name."""
        rest = len(self.assets) - _SHOWN
        shown = [*self.assets[:_SHOWN], *([f"{rest} more"] if rest > 0 else [])]
        return f"have the same access to {' and '.join(shown)}"


def find_teams(grants: Iterable[Resource], *, taken: Container[str]) -> list[Team]:
    """Sets of people that are exactly the same in at least two places, the largest saving first.

    Only sets that are equal, never ones that overlap: a group that nearly fits would give access that nobody had.
    """
    people: dict[Place, set[str]] = defaultdict(set)
    for grant in grants:
        if KINDS[grant.address.kind].parents[1:] == ("member",):
            people[place_of_grant(grant)].add(grant.address.parts[1])
    places: dict[frozenset[str], list[Place]] = defaultdict(list)
    for place, found in people.items():
        if len(found) >= _MIN_COUNT:
            places[frozenset(found)].append(place)
    worth = [(found, where) for found, where in places.items() if len({path for path, _ in where}) >= _PLACES]
    ordered = sorted(worth, key=lambda item: (-len(item[0]) * len(item[1]), sorted(item[0])))
    return _name_all(ordered, taken)


def place_of_grant(grant: Resource) -> Place:
    """The list or mapping that a grant stands in, with its value."""
    values = tuple(sorted((name, str(value)) for name, value in grant.attributes.items()))
    return path_of(grant.address)[:5], values


def _name_all(ordered: list[tuple[frozenset[str], list[Place]]], taken: Container[str]) -> list[Team]:
    teams: dict[str, Team] = {}
    for members, where in ordered:
        assets = sorted({path[3] for path, _ in where})
        wish = _name_for(assets)
        name, number = wish, 1
        while name in taken or name in teams:
            number += 1
            name = f"{wish}-{number}"
        teams[name] = Team(name=name, members=tuple(sorted(members)), places=frozenset(where), assets=tuple(assets))
    return list(teams.values())


def _name_for(assets: list[str]) -> str:
    """What the keys of the assets have in common at their beginning, else the first of them."""
    words = [re.split(r"[-._]", asset) for asset in assets]
    shared: list[str] = []
    for column in zip(*words, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return f"{slug('-'.join(shared)) or slug(assets[0]) or 'people'}-team"


def by_place(teams: Iterable[Team]) -> Mapping[Place, str]:
    """Place -> name of the group that stands there in place of its people."""
    return {place: team.name for team in teams for place in team.places}
