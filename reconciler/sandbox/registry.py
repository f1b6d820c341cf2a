"""Who exists: people with their identities and accounts, organizations under the rules of their system, who may act."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from reconciler.sandbox.world import Refusal, Row, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The rules of one system, in one of its variants."""

    roles: tuple[str, ...]
    admins: frozenset[str]
    """Roles that manage other people."""
    invitable: tuple[str, ...]
    """Roles an invitation can carry and a role change can lead to."""
    role_caps: Mapping[str, int] = field(default_factory=dict)
    """Role -> how many people hold it at most, pending invitations included."""
    finance: tuple[str, ...] = ()
    """Finance roles that come on top of the member's role."""
    creatable: bool = False
    admins_step_down_alone: bool = False
    """No admin can lower another admin; each can only give up their own rights."""
    owner_manages_admins: bool = False
    """Only the owner makes and unmakes admins."""
    repeated_invitation_is_ignored: bool = False


_DEVELOPERS = Platform(
    roles=("admin", "member"),
    admins=frozenset({"admin"}),
    invitable=("admin", "member"),
    creatable=True,
    admins_step_down_alone=True,
)

PLATFORMS: dict[tuple[str, str], Platform] = {
    ("developers", ""): _DEVELOPERS,
    ("developers", "research"): replace(_DEVELOPERS, creatable=False),
    ("developers", "owner"): Platform(
        roles=("owner", "admin", "member"),
        admins=frozenset({"owner", "admin"}),
        invitable=("admin", "member"),
        role_caps={"owner": 1, "admin": 20},
        creatable=True,
        admins_step_down_alone=True,
        owner_manages_admins=True,
    ),
    ("organization_account", ""): Platform(
        roles=("admin", "operator"), admins=frozenset({"admin"}), invitable=("admin", "operator")
    ),
    ("business_account", ""): Platform(
        roles=("administrator", "editor", "analyst", "moderator"),
        admins=frozenset({"administrator"}),
        invitable=("administrator", "editor", "analyst", "moderator"),
    ),
    ("business_center", ""): Platform(
        roles=("admin", "standard"),
        admins=frozenset({"admin"}),
        invitable=("admin", "standard"),
        role_caps={"admin": 20},
        finance=("manager", "analyst"),
        repeated_invitation_is_ignored=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOrganization:
    """One organization of one system in its world; its name and kind never change."""

    world: World = field(repr=False, compare=False)
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

    def log(self, verb: str, text: str, *, actor: int | None) -> None:
        """Add to the event log, as part of the transaction that it tells of."""
        with self.world.transaction():
            at, name = self.world.timestamp(), known_as(self.world, actor)
            self.world.insert("event", at=at, organization=self.id, actor=name, verb=verb, text=text)

    @contextmanager
    def acting(self, actor: int, verb: str = "", text: str = "") -> Iterator[World]:
        """A transaction for what only an active admin of exactly this organization may do; what is done is logged."""
        with self.world.transaction():
            require_admin(self, actor)
            yield self.world
            if verb:
                self.log(verb, text, actor=actor)


def normalise(identity: str) -> str:
    """The spelling under which identities are compared: no case, and no gaps in phone numbers."""
    text = identity.strip().lower()
    return "".join(character for character in text if character not in " -()") if text.startswith("+") else text


def add_person(
    world: World,
    *,
    key: str | None = None,
    name: str = "",
    identities: Iterable[str] = (),
    registered: Iterable[str] = (),
) -> int:
    """Let somebody exist. `registered` names systems; the account there is under the first identity."""
    with world.transaction():
        person = world.insert("person", key=key, name=name)
        known = [normalise(identity) for identity in identities]
        for identity in dict.fromkeys(known):
            world.insert("identity", value=identity, person=person)
        for system in registered:
            register(world, person, system=system, identity=known[0])
        return person


def register(world: World, person: int, *, system: str, identity: str) -> None:
    """Give somebody an account in a system under one of their identities; a second time changes nothing."""
    value = normalise(identity)
    with world.transaction():
        world.insert_or_keep("identity", value=value, person=person)
        world.insert_or_keep("registration", system=system, identity=value)


def is_registered(world: World, *, system: str, identity: str) -> bool:
    """Whether the system knows an account under exactly this identity."""
    return world.find("registration", system=system, identity=normalise(identity)) is not None


def find_person(world: World, known_as: str) -> int | None:
    """Whoever goes by this key or identity."""
    row = world.find_row(
        "SELECT person AS id FROM identity WHERE value = :identity UNION ALL SELECT id FROM person WHERE key = :key",
        {"identity": normalise(known_as), "key": known_as},
    )
    return int(row["id"]) if row else None


def get_person(world: World, known_as: str) -> int:
    """Like `find_person`; nobody is a Refusal."""
    person = find_person(world, known_as)
    if person is None:
        raise Refusal("unknown", f"nobody goes by {known_as}")
    return person


def find_or_add_person(world: World, identity: str) -> int:
    """The person behind an address; a stranger comes to exist when a message is sent to them."""
    person = find_person(world, identity)
    return add_person(world, identities=[identity]) if person is None else person


def known_as(world: World, person: int | None) -> str:
    """How to call somebody: the key, else an identity. What nobody did, the platform did."""
    row = world.find("known_person", id=person)
    return str(row["known_as"]) if row else "the platform"


def find_address(world: World, person: int, *, system: str, organization: int | None = None) -> str:
    """Under which identity somebody is in an organization, else known to a system, else known at all."""
    row = world.find_row(
        "SELECT identity AS value, 0 AS place FROM membership WHERE person = :person AND organization = :organization"
        " AND status = 'active'"
        " UNION ALL SELECT registration.identity, 1 FROM registration JOIN identity"
        " ON identity.value = registration.identity WHERE identity.person = :person AND registration.system = :system"
        " UNION ALL SELECT value, 1 + rowid FROM identity WHERE person = :person ORDER BY place LIMIT 1",
        {"person": person, "system": system, "organization": organization},
    )
    return str(row["value"]) if row else ""


def find_organization(world: World, *, system: str, identity: str) -> SandboxOrganization | None:
    """The organization that a system knows by this id, handle or name."""
    found = _select(world, "WHERE system = :system AND identity = :identity", system=system, identity=identity)
    return found[0] if found else None


def find_organizations(world: World, called: str) -> list[SandboxOrganization]:
    """All that go by this nickname, id, handle or name, in any system; the nickname alone if one has it."""
    by_name = "(identity = :called OR name = :called)"
    no_nickname = "NOT EXISTS (SELECT 1 FROM organization WHERE key = :called)"
    return _select(world, f"WHERE key = :called OR ({by_name} AND {no_nickname})", called=called)


def get_organization(world: World, called: str) -> SandboxOrganization:
    """The only one that goes by this; none, or several, is a Refusal."""
    candidates = find_organizations(world, called)
    if len(candidates) != 1:
        how_many = "several organizations are" if candidates else "no organization is"
        raise Refusal("unknown", f"{how_many} called {called}")
    return candidates[0]


def get_organization_by_id(world: World, number: int) -> SandboxOrganization:
    """By the world's own number."""
    return _select(world, "WHERE id = :number", number=number)[0]


def list_organizations(world: World) -> list[SandboxOrganization]:
    """Everything there is, in the order of founding."""
    return _select(world, "ORDER BY id")


def _select(world: World, condition: str, **values: object) -> list[SandboxOrganization]:
    columns = "id, system, variant, identity, name, since"
    rows = world.rows(f"SELECT {columns} FROM organization {condition}", values)  # noqa: S608  # texts from above
    return [SandboxOrganization(world=world, **dict(row)) for row in rows]


def found(
    world: World, *, system: str, identity: str, variant: str = "", name: str = "", key: str | None = None
) -> SandboxOrganization:
    """Let an organization exist without anybody in it: how a world begins, not something a person can do."""
    if (system, variant) not in PLATFORMS:
        raise Refusal("unknown", f"there is no system {system} {variant}".rstrip())
    if not identity:
        raise Refusal("invalid", "an organization needs a name")
    with world.transaction():
        if find_organization(world, system=system, identity=identity):
            raise Refusal("name-taken", f"there already is an organization {identity}")
        number = world.insert(
            "organization",
            system=system,
            variant=variant,
            identity=identity,
            name=name or identity,
            key=key,
            since=world.timestamp(),
        )
        return get_organization_by_id(world, number)


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
        seat(organization, person=creator, address=address, role=platform.roles[0])
        organization.log("create", f"created {identity}", actor=creator)
        return organization


def owner_columns(owner: SandboxOrganization | int | None) -> dict[str, int | None]:
    """What a table says of an owner: an organization, a person, or nobody."""
    if isinstance(owner, SandboxOrganization):
        return {"owner_organization": owner.id}
    return {"owner_person": owner}


def seat(
    organization: SandboxOrganization,
    *,
    person: int,
    address: str,
    role: str,
    finance: str = "",
    status: str = "active",
    expires: str | None = None,
) -> None:
    """Write down a membership. Without an invitation come the creator, and whoever is there when a world begins."""
    if role not in organization.platform.roles or finance not in ("", *organization.platform.finance):
        raise Refusal("invalid", f"{organization.system} has no role {' and '.join(filter(None, (role, finance)))}")
    organization.world.insert(
        "membership",
        organization=organization.id,
        person=person,
        identity=address,
        role=role,
        finance=finance,
        status=status,
        since=organization.world.timestamp(),
        expires=expires,
    )


def delete(organization: SandboxOrganization, *, actor: int) -> None:
    """Delete it for good. In the owner role system only the owner can; apps have to be moved first."""
    with organization.acting(actor, "delete", f"deleted {organization.identity}") as world:
        if organization.system != "developers":
            raise Refusal("not-supported", f"{organization.name} cannot be deleted by its admins")
        require_say_over_admins(organization, actor)
        apps = world.count("SELECT count(*) FROM app WHERE owner_organization = :id", {"id": organization.id})
        if apps:
            raise Refusal("in-use", f"{organization.name} still owns {apps} apps")
        world.delete("organization", id=organization.id)


def find_active(organization: SandboxOrganization, person: int) -> Row | None:
    """Somebody's membership, if they are in."""
    return organization.world.find("membership", organization=organization.id, person=person, status="active")


def get_admin(organization: SandboxOrganization) -> int:
    """The longest-standing active admin; an organization without one is a Refusal."""
    row = organization.world.find_row(
        "SELECT person FROM membership WHERE organization = :id AND status = 'active'"
        " AND role IN (SELECT value FROM json_each(:admins)) ORDER BY since, id LIMIT 1",
        {"id": organization.id, "admins": json.dumps(sorted(organization.platform.admins))},
    )
    if row is None:
        raise Refusal("not-an-admin", f"{organization.name} has no admin")
    return int(row["person"])


def require_admin(organization: SandboxOrganization, person: int) -> Row:
    """The acting person's own membership; whoever is not an active admin of exactly this organization is refused."""
    row = find_active(organization, person)
    if row is None or row["role"] not in organization.platform.admins:
        raise Refusal("not-an-admin", f"{known_as(organization.world, person)} is not an admin of {organization.name}")
    return row


def require_say_over_admins(organization: SandboxOrganization, person: int) -> None:
    """Refuse everybody but the owner where only the owner makes and unmakes admins, or deletes the organization."""
    row = find_active(organization, person)
    if organization.platform.owner_manages_admins and (row is None or row["role"] != "owner"):
        raise Refusal("not-an-admin", f"only the owner of {organization.name} can do this")
