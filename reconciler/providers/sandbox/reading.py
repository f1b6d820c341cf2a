"""Looks at an organization of the world in the words of a scope, perhaps narrowed to a few addresses.

What most kinds are made of is a query in `_QUERIES`; the others have a reader of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Self

from reconciler.model import (
    KINDS,
    SHARES,
    Address,
    Attributes,
    Owner,
    ProviderError,
    Resource,
    Scope,
    Status,
    dataclass,
    declared_names,
)
from reconciler.sandbox.assets import ASSET_ROLES, asset_id
from reconciler.sandbox.registry import SandboxOrganization, is_registered, known_as, normalise
from reconciler.sandbox.world import Row, World


class SandboxNames:
    """The dictionary between manifest keys and what the world calls people and assets, in both directions.

    Whatever is not listed is its own key.
    """

    def __init__(
        self,
        *,
        people: Mapping[str, tuple[str, ...]],
        keys: Mapping[str, str],
        assets: Mapping[tuple[str, str], str],
        group_names: Mapping[str, str],
    ) -> None:
        self._people = people
        self._keys = keys
        self._assets = assets
        self.group_names = group_names
        """Key -> name that the manifests give an asset group."""
        named = {("asset_group", name.casefold()): key for key, name in group_names.items()}
        self._asset_keys = named | {(kind, identity.casefold()): key for (kind, key), identity in assets.items()}

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """The names of a scope, which may leave the way back to be worked out from the way there."""
        keys = scope.keys or {normalise(name): key for key, names in scope.people.items() for name in names}
        return cls(
            people=scope.people, keys=keys, assets=scope.assets, group_names=declared_names(scope, "asset_group")
        )

    def identities(self, key: str) -> tuple[str, ...]:
        """Everything a person may appear under, the one to invite by first."""
        return self._people.get(key) or (key,)

    def person(self, identity: str) -> str:
        """The key of whoever goes by an identity."""
        return self._keys.get(normalise(identity), normalise(identity))

    def asset(self, kind: str, identity: str) -> str:
        """The key of an asset, a partner or a group."""
        return self._asset_keys.get((kind, identity.casefold()), identity)

    def asset_id(self, kind: str, key: str) -> str:
        """What the world knows an asset, a partner or a group by."""
        named = self.group_names.get(key, key) if kind == "asset_group" else key
        return self._assets.get((kind, key), named)

    def listed(self, kind: str) -> list[str]:
        """Ids of the assets of one kind that the scope lists."""
        return [identity for (listed, _), identity in self._assets.items() if listed == kind]

    def parts(self, address: Address) -> tuple[str, ...]:
        """An address key in the world's words, part by part; for a person the identity to invite by."""
        kinds = KINDS[address.kind].parents or (address.kind,)
        return tuple(
            self.identities(part)[0] if kind == "member" else self.asset_id(kind, part)
            for kind, part in zip(kinds, address.parts, strict=True)
        )


# If one person has several rows, the one that gives access is the person's: it comes first.
_SEATS = (
    "SELECT membership.*, person.name AS person_name FROM membership"
    " LEFT JOIN person ON person.id = membership.person WHERE organization = :organization"
    " ORDER BY CASE status WHEN 'active' THEN 0 WHEN 'invited' THEN 1 ELSE 2 END, membership.id"
)
_SOME_SEATS = _SEATS.replace(" ORDER", " AND identity IN (SELECT value FROM json_each(:wanted_people)) ORDER")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a reader needs."""

    organization: SandboxOrganization
    key: str
    """Of the organization, in the manifests."""
    names: SandboxNames
    values: Mapping[str, Any]
    """Parameters of every query: the organization, and what a narrowed reading wants."""
    seats: Mapping[int, tuple[str, Row]]
    """Membership number -> key of the person, and the row."""

    @classmethod
    def of(
        cls, organization: SandboxOrganization, key: str, names: SandboxNames, only: Sequence[Address] | None = None
    ) -> Self:
        """Look at all of an organization, or only at what these addresses are about."""
        values: dict[str, Any] = {"organization": organization.id, "wanted": None}
        seats: dict[int, tuple[str, Row]] = {}
        taken: set[str] = set()
        if only is not None:
            parts = [(address, KINDS[address.kind].person_part) for address in only]
            people = [address.parts[part] for address, part in parts if part is not None]
            wanted = [normalise(identity) for person in people for identity in names.identities(person)]
            values["wanted_people"] = json.dumps(wanted)
            values["wanted"] = json.dumps([names.parts(address)[0] for address in only])
        for row in organization.world.rows(_SEATS if only is None else _SOME_SEATS, values):
            person = names.person(row["identity"])
            person = str(row["identity"]) if person in taken else person
            taken.add(person)
            seats[row["id"]] = person, row
        return cls(organization=organization, key=key, names=names, values=values, seats=seats)

    def rows(self, statement: str, **more: object) -> list[Row]:
        """Run a query with the view's parameters."""
        return self.organization.world.rows(statement, {**self.values, **more})

    def name(self, kind: str, called: Any) -> str:
        """The key of a person by the number of a membership, of anything else by what the world calls it."""
        return self.seats[called][0] if kind == "member" else self.names.asset(kind, called)

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


def read_resources(view: View, only: Sequence[Address] | None = None) -> dict[Address, Resource]:
    """All resources of an organization, or those of the kinds that `only` names."""
    kinds = READERS if only is None else {address.kind for address in only} & READERS.keys()
    return {found.address: found for kind in kinds for found in READERS[kind](view)}


def _organization(view: View) -> Iterator[Resource]:
    seen = view.organization
    row = view.rows("SELECT since FROM organization WHERE id = :organization")[0]
    yield view.resource("organization", view.key, row=row, identity=seen.identity)


def _members(view: View) -> Iterator[Resource]:
    for key, row in view.seats.values():
        attributes = {"role": row["role"], **({"finance": row["finance"]} if row["finance"] else {})}
        yield view.resource(
            "member",
            key,
            row=row,
            attributes=attributes,
            status=Status(row["status"]),
            identity=row["identity"],
            name=row["person_name"] or "",
        )


def _apps(view: View) -> Iterator[Resource]:
    """Apps the scope lists, whoever owns them, and whatever else this organization owns or is offered."""
    rows = view.rows(
        "SELECT * FROM app WHERE client_key IN (SELECT value FROM json_each(:listed))"
        " OR owner_organization = :organization OR receiver = :organization ORDER BY client_key",
        listed=json.dumps(view.names.listed("app")),
    )
    for row in rows:
        is_offered = row["receiver"] == view.organization.id
        yield view.resource(
            "app",
            view.names.asset("app", row["client_key"]),
            row=row,
            attributes=_owner(view, row).attributes,
            status=Status.AWAITING_ACCEPTANCE if is_offered else Status.ACTIVE,
            identity=row["client_key"],
            pending=Owner(organization=view.key).attributes if is_offered else {},
        )


def _owner(view: View, app: Row) -> Owner:
    """In manifest words. Organizations that are not this one have no key here, so their name stands for them."""
    if app["owner_organization"] == view.organization.id:
        return Owner(organization=view.key)
    if app["owner_organization"] is not None:
        other = view.rows("SELECT name FROM organization WHERE id = :other", other=app["owner_organization"])[0]
        return Owner(organization=other["name"])
    world, person = view.organization.world, app["owner_person"]
    known = view.rows("SELECT value FROM identity WHERE person = :person ORDER BY value", person=person)
    identities = [str(row["value"]) for row in known]
    keys = [view.names.person(identity) for identity in identities]
    mapped = [key for key, identity in zip(keys, identities, strict=True) if key != identity]
    registered = [text for text in identities if is_registered(world, system="developers", identity=text)]
    return Owner(person=[*mapped, *registered, *identities, known_as(world, person)][0])


def _groups(view: View) -> Iterator[Resource]:
    for row in view.rows("SELECT * FROM asset_group WHERE organization = :organization ORDER BY name"):
        key, name = view.names.asset("asset_group", row["name"]), row["name"]
        attributes = {"called": name} if key in view.names.group_names else {}
        yield view.resource("asset_group", key, row=row, identity=name, attributes=attributes)


_HELD = (
    "SELECT identity AS first, * FROM held WHERE organization = :organization AND kind = :kind"
    " AND (:wanted IS NULL OR identity IN (SELECT value FROM json_each(:wanted))) ORDER BY identity"
)
_GRANTED = (
    "SELECT identity AS first, membership AS second, asset_grant.since,"
    " CASE kind WHEN 'tiktok_account' THEN '' ELSE roles END AS role,"
    " CASE kind WHEN 'tiktok_account' THEN roles END AS permissions"
    " FROM asset_grant JOIN held ON held.id = asset_grant.holding WHERE organization = :organization AND kind = :kind"
    " AND (:wanted IS NULL OR identity IN (SELECT value FROM json_each(:wanted))) ORDER BY identity"
)
_USED = (
    "SELECT held.identity AS first, user.identity AS second, asset_use.since FROM asset_use"
    " JOIN held ON held.id = asset_use.holding JOIN held AS user ON user.id = asset_use.ad_account"
    " WHERE held.organization = :organization AND held.kind = :kind"
    " AND (:wanted IS NULL OR held.identity IN (SELECT value FROM json_each(:wanted))) ORDER BY held.identity"
)
_SHARED = (
    "SELECT borrower_bc AS first, identity AS second, role, since FROM shared"
    " WHERE lender = :organization AND kind = :kind"
)
_ASSET_KINDS = (*ASSET_ROLES, "tiktok_account")
_QUERIES: Mapping[str, str] = {
    **dict.fromkeys(_ASSET_KINDS, _HELD),
    **dict.fromkeys((f"{kind}_access" for kind in _ASSET_KINDS), _GRANTED),
    **dict.fromkeys((kind.name for kind in KINDS.values() if kind.name.endswith("_use")), _USED),
    **dict.fromkeys(SHARES, _SHARED),
    "app_access": "SELECT app AS first, membership AS second, 'app_manager' AS role, app_manager.since FROM app_manager"
    " JOIN app ON app.client_key = app_manager.app WHERE app.owner_organization = :organization",
    "asset_group_asset": "SELECT asset_group.name AS first, held.identity AS second, group_asset.since"
    " FROM group_asset JOIN asset_group ON asset_group.id = group_asset.asset_group"
    " JOIN held ON held.id = group_asset.holding WHERE asset_group.organization = :organization",
    "asset_group_access": "SELECT asset_group.name AS first, membership AS second, role, group_member.since"
    " FROM group_member JOIN asset_group ON asset_group.id = group_member.asset_group"
    " WHERE asset_group.organization = :organization",
    "partner": "SELECT organization.identity AS first, organization.identity, status, partnership.since"
    " FROM partnership JOIN organization ON organization.id = partnership.partner"
    " WHERE partnership.organization = :organization ORDER BY organization.identity",
}
"""Kind -> rows with the world's names for the parts of an address, a membership's number for a person, and with values
under the names that they have everywhere."""


def _rows_of(kind: str, view: View) -> Iterator[Resource]:
    """Every row of the kind's query as a resource, without people whom a narrowed reading did not ask for."""
    pieces = KINDS[kind].pieces
    is_of_member, is_account = pieces[-1] == "member", kind == "tiktok_account"
    for row in view.rows(_QUERIES[kind], kind=pieces[KINDS[kind].target_part]):
        if is_of_member and row["second"] not in view.seats:
            continue
        told = dict(row)
        yield view.resource(
            kind,
            *map(view.name, pieces, (told["first"], told.get("second"))),
            row=row,
            status=Status(told.get("status", Status.ACTIVE)),
            identity=told.get("identity", ""),
            platform_id=asset_id(row) if is_account else "",
            attributes={"role": told["role"]} if told.get("role") else _permissions(told.get("permissions")),
            pending=_permissions(told.get("pending")),
        )


def _permissions(text: str | None) -> Attributes:
    return {"permissions": tuple(text.split(","))} if text else {}


READERS: dict[str, Callable[[View], Iterator[Resource]]] = {
    "organization": _organization,
    "member": _members,
    "app": _apps,
    "asset_group": _groups,
    **{kind: partial(_rows_of, kind) for kind in _QUERIES},
}
"""Kind -> reader; a system that does not have a kind simply has no rows of it."""


def read_names(view: View) -> dict[Address, str]:
    """Address -> name of the members, assets, apps and partners of one organization."""
    people = {row["id"]: row["name"] for row in view.organization.world.rows("SELECT id, name FROM person", {})}
    named = {Address(view.key, "member", key): people[row["person"]] for key, row in view.seats.values()}
    rows = view.rows(
        "SELECT kind, identity, name FROM held WHERE organization = :organization"
        " UNION ALL SELECT 'app', client_key, name FROM app WHERE owner_organization = :organization"
        " UNION ALL SELECT 'partner', organization.identity, organization.name FROM partnership"
        " JOIN organization ON organization.id = partnership.partner WHERE partnership.organization = :organization"
    )
    for row in rows:
        key = view.names.asset(row["kind"], row["identity"])
        named[Address(view.key, row["kind"], key)] = row["name"]
    return {address: name for address, name in named.items() if name}


def show(world: World, organization: SandboxOrganization) -> list[Resource]:
    """Everything in an organization, as the provider would read it, people under the keys of the seed."""
    known = world.rows("SELECT value, key FROM identity JOIN person ON id = person WHERE key IS NOT NULL", {})
    keys = {row["value"]: row["key"] for row in known}
    names = SandboxNames(people={}, keys=keys, assets={}, group_names={})
    with world.transaction():
        resources = read_resources(View.of(organization, organization.identity, names))
    return list(resources.values())


_NOT_SHOWN = frozenset({"event", "api_app", "api_code", "api_token"})
"""Tables of which no reading shows anything."""


def read_marks(world: World) -> dict[int, str]:
    """Number of an organization -> digest of all rows that are its own, and of all that belong to none or to several.

    The clock alone changes nothing that is not pending.
    """
    tables = world.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'", {})
    common, own = hashlib.sha256(), defaultdict[int, Any](hashlib.sha256)
    for name in sorted({row["name"] for row in tables} - _NOT_SHOWN):
        rows = world.rows(f"SELECT * FROM {name} ORDER BY 1, 2", {})  # noqa: S608  # a name out of the schema
        is_own = bool(rows) and "organization" in rows[0].keys()  # noqa: SIM118  # a row of SQLite is no dictionary
        for row in rows:
            if row[0] != "offset":
                (own[row["organization"]] if is_own else common).update(repr((name, *row)).encode())
    organizations = [row["id"] for row in world.rows("SELECT id FROM organization", {})]
    return {number: common.hexdigest() + own[number].hexdigest() for number in organizations}
