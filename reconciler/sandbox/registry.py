"""Who exists: people, the identities they go by, and the accounts they have in each system."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.world import World


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
    with world.transaction() as db:
        person = int(db.execute("INSERT INTO person (key, name) VALUES (?, ?)", (key, name)).lastrowid or 0)
        known = [normalise(identity) for identity in identities]
        for identity in dict.fromkeys(known):
            db.execute("INSERT INTO identity VALUES (?, ?)", (identity, person))
        for system in registered:
            register(world, person, system=system, identity=known[0])
        return person


def register(world: World, person: int, *, system: str, identity: str) -> None:
    """Give somebody an account in a system under one of their identities; a second time changes nothing."""
    value = normalise(identity)
    with world.transaction() as db:
        db.execute("INSERT OR IGNORE INTO identity VALUES (?, ?)", (value, person))
        db.execute("INSERT OR IGNORE INTO registration VALUES (?, ?)", (system, value))


def is_registered(world: World, *, system: str, identity: str) -> bool:
    """Whether the system knows an account under exactly this identity."""
    found = world.find_row(
        "SELECT 1 FROM registration WHERE system = :system AND identity = :identity",
        {"system": system, "identity": normalise(identity)},
    )
    return found is not None


def is_identity(world: World, text: str) -> bool:
    """Whether it is somebody's address or handle, as opposed to a key."""
    return world.find_row("SELECT 1 FROM identity WHERE value = :value", {"value": normalise(text)}) is not None


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


def known_as(world: World, person: int) -> str:
    """How to call somebody: the key, else an identity."""
    return str(world.rows("SELECT known_as FROM known_person WHERE id = :id", {"id": person})[0]["known_as"])


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
