"""Registered apps: who owns them, moving one in two steps, and app managers."""

from __future__ import annotations

from reconciler.sandbox.members import get_active
from reconciler.sandbox.platforms import APP_MANAGERS_PER_APP
from reconciler.sandbox.registry import SandboxOrganization, get_organization_by_id, known_as, require_admin
from reconciler.sandbox.world import Refusal, Row, World


def add_app(
    world: World,
    client_key: str,
    *,
    name: str = "",
    person: int | None = None,
    organization: SandboxOrganization | None = None,
) -> None:
    """Register an app under exactly one owner: how a world begins."""
    if (person is None) == (organization is None):
        raise Refusal("invalid", f"app {client_key} needs one owner: a person or an organization")
    if organization is not None and organization.system != "developers":
        raise Refusal("invalid", f"{organization.name} is not a TikTok for Developers organization")
    owner = None if organization is None else organization.id
    with world.transaction() as db:
        db.execute(
            "INSERT INTO app (client_key, name, owner_organization, owner_person, since) VALUES (?, ?, ?, ?, ?)",
            (client_key, name or client_key, owner, person, world.timestamp()),
        )


def get_app(world: World, client_key: str) -> Row:
    """An app; none is a Refusal."""
    row = world.find_row("SELECT * FROM app WHERE client_key = :key", {"key": client_key})
    if row is None:
        raise Refusal("unknown", f"there is no app {client_key}")
    return row


def initiate_transfer(world: World, client_key: str, *, to: SandboxOrganization, actor: int) -> None:
    """First step, taken by the owner: the person, or an admin of the owning organization."""
    with world.transaction() as db:
        app = get_app(world, client_key)
        if app["owner_person"] is None:
            require_admin(get_organization_by_id(world, app["owner_organization"]), actor)
        elif app["owner_person"] != actor:
            owner = known_as(world, app["owner_person"])
            raise Refusal("not-the-owner", f"only {owner} can transfer {client_key}")
        if to.system != "developers" or to.variant == "research":
            raise Refusal("invalid", f"{to.name} cannot own apps")
        if app["owner_organization"] == to.id:
            raise Refusal("invalid", f"{to.name} owns {client_key} already")
        if app["receiver"] is not None:
            raise Refusal("already-invited", f"a transfer of {client_key} waits to be accepted")
        db.execute(
            "UPDATE app SET receiver = ?, since = ? WHERE client_key = ?", (to.id, world.timestamp(), client_key)
        )
        to.log("initiate_transfer", f"offered {client_key} to {to.name}", actor=actor)


def answer_transfer(world: World, client_key: str, *, actor: int, agree: bool) -> None:
    """Second step, taken by an admin of the receiving organization. It cannot be undone; managers do not come along.

    What is turned down stays where it is.
    """
    with world.transaction() as db:
        receiver = get_receiver(world, client_key)
        require_admin(receiver, actor)
        db.execute("UPDATE app SET receiver = NULL, since = ? WHERE client_key = ?", (world.timestamp(), client_key))
        if not agree:
            receiver.log("decline_transfer", f"turned {client_key} down", actor=actor)
            return
        db.execute("DELETE FROM app_manager WHERE app = ?", (client_key,))
        db.execute(
            "UPDATE app SET owner_organization = ?, owner_person = NULL WHERE client_key = ?", (receiver.id, client_key)
        )
        receiver.log("accept_transfer", f"took over {client_key}", actor=actor)


def get_receiver(world: World, client_key: str) -> SandboxOrganization:
    """The organization that an app is offered to; no offer is a Refusal."""
    app = get_app(world, client_key)
    if app["receiver"] is None:
        raise Refusal("unknown", f"no transfer of {client_key} waits to be accepted")
    return get_organization_by_id(world, app["receiver"])


def add_manager(organization: SandboxOrganization, *, actor: int, client_key: str, address: str) -> None:
    """Let a member manage one app of the organization."""
    with organization.acting(actor) as db:
        _require_owned(organization, client_key)
        member = get_active(organization, address)
        held = organization.world.rows("SELECT membership FROM app_manager WHERE app = :app", {"app": client_key})
        if member["id"] not in [row["membership"] for row in held] and len(held) >= APP_MANAGERS_PER_APP:
            raise Refusal("cap", f"{client_key} has its {APP_MANAGERS_PER_APP} app managers")
        db.execute(
            "INSERT OR IGNORE INTO app_manager VALUES (?, ?, ?)",
            (client_key, member["id"], organization.world.timestamp()),
        )
        organization.log("grant", f"{address} manages {client_key}", actor=actor)


def remove_manager(organization: SandboxOrganization, *, actor: int, client_key: str, address: str) -> None:
    """Take an app from one of its managers."""
    with organization.acting(actor) as db:
        _require_owned(organization, client_key)
        member = get_active(organization, address)
        gone = db.execute("DELETE FROM app_manager WHERE app = ? AND membership = ?", (client_key, member["id"]))
        if not gone.rowcount:
            raise Refusal("unknown", f"{address} does not manage {client_key}")
        organization.log("revoke", f"{address} no longer manages {client_key}", actor=actor)


def _require_owned(organization: SandboxOrganization, client_key: str) -> None:
    if organization.variant != "owner":
        raise Refusal("not-supported", "app managers exist in the owner role system only")
    if get_app(organization.world, client_key)["owner_organization"] != organization.id:
        raise Refusal("unknown", f"{organization.name} does not own {client_key}")
