"""Organizations of all systems: founding, deleting, and who may act for one."""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.sandbox.platforms import PLATFORMS, Platform
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.registry import is_registered, known_as
from reconciler.sandbox.world import Row, World


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOrganization:
    """One organization of one system; its name and kind never change."""

    id: int
    system: str
    variant: str
    identity: str
    """The Business Center id, the handle, or the name."""
    name: str
    since: str

    @property
    def platform(self) -> Platform:
        """The rules it lives under."""
        return PLATFORMS[self.system, self.variant]


def find_organization(world: World, *, system: str, identity: str) -> SandboxOrganization | None:
    """The organization that a system knows by this id, handle or name."""
    row = world.find_row(
        "SELECT * FROM organization WHERE system = :system AND identity = :identity",
        {"system": system, "identity": identity},
    )
    return _organization(row) if row else None


def find_organizations(world: World, called: str) -> list[SandboxOrganization]:
    """All that go by this nickname, id, handle or name, in any system; the nickname alone if one has it."""
    rows = world.rows(
        "SELECT * FROM organization WHERE key = :text"
        " OR ((identity = :text OR name = :text) AND NOT EXISTS (SELECT 1 FROM organization WHERE key = :text))",
        {"text": called},
    )
    return [_organization(row) for row in rows]


def get_organization(world: World, called: str) -> SandboxOrganization:
    """The only one that goes by this; none, or several, is a Refusal."""
    candidates = find_organizations(world, called)
    if len(candidates) != 1:
        how_many = "several organizations are" if candidates else "no organization is"
        raise Refusal("unknown", f"{how_many} called {called}")
    return candidates[0]


def get_organization_by_id(world: World, number: int) -> SandboxOrganization:
    """By the world's own number."""
    return _organization(world.rows("SELECT * FROM organization WHERE id = :id", {"id": number})[0])


def list_organizations(world: World) -> list[SandboxOrganization]:
    """Everything there is, in the order of founding."""
    return [_organization(row) for row in world.rows("SELECT * FROM organization ORDER BY id", {})]


def found(
    world: World, *, system: str, identity: str, variant: str = "", name: str = "", key: str | None = None
) -> SandboxOrganization:
    """Let an organization exist without anybody in it: how a world begins, not something a person can do."""
    if (system, variant) not in PLATFORMS:
        raise Refusal("unknown", f"there is no system {system} {variant}".rstrip())
    if not identity:
        raise Refusal("invalid", "an organization needs a name")
    with world.transaction() as db:
        if find_organization(world, system=system, identity=identity):
            raise Refusal("name-taken", f"there already is an organization {identity}")
        cursor = db.execute(
            "INSERT INTO organization (system, variant, identity, name, key, since) VALUES (?, ?, ?, ?, ?, ?)",
            (system, variant, identity, name or identity, key, world.timestamp()),
        )
        return get_organization_by_id(world, int(cursor.lastrowid or 0))


def create(
    world: World, *, system: str, identity: str, variant: str, creator: int, address: str, name: str = ""
) -> SandboxOrganization:
    """Found one as a person, who becomes its first admin; `address` is the creator's identity in that system."""
    platform = PLATFORMS.get((system, variant))
    if platform is None or not platform.creatable:
        raise Refusal("not-supported", f"organizations of this kind ({variant or system}) are not created by people")
    if not is_registered(world, system=system, identity=address):
        raise Refusal("not-registered", f"{address} has no account here")
    with world.transaction():
        organization = found(world, system=system, identity=identity, variant=variant, name=name)
        seat(world, organization, person=creator, address=address, role=platform.roles[0])
        world.log("create", f"created {identity}", actor=creator, organization=organization.id)
        return organization


def seat(
    world: World, organization: SandboxOrganization, *, person: int, address: str, role: str, finance: str = ""
) -> None:
    """Put somebody in without an invitation: the creator, and how a world begins."""
    if role not in organization.platform.roles or finance not in ("", *organization.platform.finance):
        raise Refusal("invalid", f"{organization.system} has no role {' and '.join(filter(None, (role, finance)))}")
    with world.transaction() as db:
        db.execute(
            "INSERT INTO membership (organization, person, identity, role, finance, status, since)"
            " VALUES (?, ?, ?, ?, ?, 'active', ?)",
            (organization.id, person, address, role, finance, world.timestamp()),
        )


def delete(world: World, organization: SandboxOrganization, *, actor: int) -> None:
    """Delete it for good. In the owner role system only the owner can; apps have to be moved first."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        if organization.system != "developers":
            raise Refusal("not-supported", f"{organization.name} cannot be deleted by its admins")
        if organization.platform.owner_manages_admins:
            require_role(world, organization, actor, "owner")
        apps = world.count("SELECT count(*) FROM app WHERE owner_organization = :id", {"id": organization.id})
        if apps:
            raise Refusal("in-use", f"{organization.name} still owns {apps} apps")
        world.log("delete", f"deleted {organization.identity}", actor=actor, organization=organization.id)
        db.execute("DELETE FROM organization WHERE id = ?", (organization.id,))


def find_active(world: World, organization: SandboxOrganization, person: int) -> Row | None:
    """Somebody's membership, if they are in."""
    return world.find_row(
        "SELECT * FROM membership WHERE organization = :organization AND person = :person AND status = 'active'",
        {"organization": organization.id, "person": person},
    )


def get_admin(world: World, organization: SandboxOrganization) -> int:
    """The longest-standing active admin; an organization without one is a Refusal."""
    row = world.find_row(
        "SELECT person FROM membership WHERE organization = :id AND status = 'active'"
        " AND role IN (SELECT value FROM json_each(:admins)) ORDER BY since, id LIMIT 1",
        {"id": organization.id, "admins": json.dumps(sorted(organization.platform.admins))},
    )
    if row is None:
        raise Refusal("not-an-admin", f"{organization.name} has no admin")
    return int(row["person"])


def require_admin(world: World, organization: SandboxOrganization, person: int) -> Row:
    """The acting person's own membership; whoever is not an active admin of exactly this organization is refused."""
    row = find_active(world, organization, person)
    if row is None or row["role"] not in organization.platform.admins:
        raise Refusal("not-an-admin", f"{known_as(world, person)} is not an admin of {organization.name}")
    return row


def require_role(world: World, organization: SandboxOrganization, person: int, role: str) -> None:
    """Refuse everybody who does not hold this very role."""
    row = find_active(world, organization, person)
    if row is None or row["role"] != role:
        raise Refusal("not-an-admin", f"only the {role} of {organization.name} can do this")


def _organization(row: Row) -> SandboxOrganization:
    return SandboxOrganization(
        id=row["id"],
        system=row["system"],
        variant=row["variant"],
        identity=row["identity"],
        name=row["name"],
        since=row["since"],
    )
