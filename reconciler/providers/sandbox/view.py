"""What one reading looks at: an organization of the world, in the words of a scope, perhaps narrowed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reconciler.model.address import Address
from reconciler.model.errors import ProviderError
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource, Status
from reconciler.providers.sandbox.naming import SandboxNames
from reconciler.sandbox.registry import SandboxOrganization, normalise
from reconciler.sandbox.world import Row, World

# If one person has several rows, the one that gives access is the person's: it comes first.
_SEATS = (
    "SELECT membership.*, person.name AS person_name FROM membership"
    " LEFT JOIN person ON person.id = membership.person WHERE organization = :organization"
    " ORDER BY CASE status WHEN 'active' THEN 0 WHEN 'invited' THEN 1 ELSE 2 END, membership.id"
)
_SOME_SEATS = (
    "SELECT membership.*, person.name AS person_name FROM membership"
    " LEFT JOIN person ON person.id = membership.person WHERE organization = :organization"
    " AND identity IN (SELECT value FROM json_each(:wanted_people))"
    " ORDER BY CASE status WHEN 'active' THEN 0 WHEN 'invited' THEN 1 ELSE 2 END, membership.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a reader needs."""

    world: World
    organization: SandboxOrganization
    key: str
    """Of the organization, in the manifests."""
    names: SandboxNames
    values: Mapping[str, Any]
    """Parameters of every query: the organization, and what a narrowed reading wants."""
    seats: Mapping[int, tuple[str, Row]]
    """Membership number -> key of the person, and the row."""

    def rows(self, statement: str, **more: object) -> list[Row]:
        """Run a query with the view's parameters."""
        return self.world.rows(statement, {**self.values, **more})

    def resource(self, kind: str, *parts: str, row: Row, **more: Any) -> Resource:
        """A resource since the row's date; statuses are spelled the same in the world and in the tool."""
        since = day_of(row["since"])
        return Resource(address=Address(self.key, kind, "/".join(parts)), since=since, **more)


def day_of(moment: object) -> date:
    """The day of a moment that the world has written down; raises ProviderError when its file was damaged since."""
    try:
        return date.fromisoformat(str(moment)[:10])
    except ValueError as error:
        message = f"the sandbox world is damaged: {str(moment)[:40]!r} is no day"
        raise ProviderError(message, advice="`reconciler sandbox reset` starts afresh") from error


def view(
    world: World,
    organization: SandboxOrganization,
    key: str,
    names: SandboxNames,
    *,
    only: Sequence[Address] | None = None,
) -> View:
    """Look at all of an organization, or only at what these addresses are about."""
    values: dict[str, Any] = {"organization": organization.id, "wanted": None}
    if only is not None:
        values["wanted_people"] = json.dumps(_wanted_people(names, only))
        values["wanted"] = json.dumps([names.parts(address)[0] for address in only])
    return View(
        world=world,
        organization=organization,
        key=key,
        names=names,
        values=values,
        seats=_seats(world.rows(_SEATS if only is None else _SOME_SEATS, values), names),
    )


def status_of(row: Row) -> Status:
    """The world's word for a status as the tool's."""
    return Status(row["status"])


def _wanted_people(names: SandboxNames, only: Sequence[Address]) -> list[str]:
    wanted: list[str] = []
    for address in only:
        part = KINDS[address.kind].person_part
        if part is not None:
            wanted.extend(normalise(identity) for identity in names.identities(address.parts[part]))
    return wanted


def _seats(rows: list[Row], names: SandboxNames) -> dict[int, tuple[str, Row]]:
    taken: set[str] = set()
    seats: dict[int, tuple[str, Row]] = {}
    for row in rows:
        key = names.person(row["identity"])
        if key in taken:
            key = str(row["identity"])
        taken.add(key)
        seats[row["id"]] = (key, row)
    return seats
