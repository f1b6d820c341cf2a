"""Registered apps: who owns them, moving one in two steps, and app managers."""

from __future__ import annotations

from reconciler.sandbox.members import get_active
from reconciler.sandbox.registry import (
    SandboxOrganization,
    get_organization_by_id,
    known_as,
    owner_columns,
    require_admin,
)
from reconciler.sandbox.world import Refusal, Row, World

_MANAGERS_PER_APP = 20


def add_app(world: World, client_key: str, owner: SandboxOrganization | int, *, name: str = "") -> None:
    """Register an app of an organization or a person: how a world begins."""
    if isinstance(owner, SandboxOrganization) and owner.system != "developers":
        raise Refusal("invalid", f"{owner.name} is not a TikTok for Developers organization")
    since = world.timestamp()
    world.insert("app", client_key=client_key, name=name or client_key, **owner_columns(owner), since=since)


def get_app(world: World, client_key: str) -> Row:
    """An app; none is a Refusal."""
    row = world.find("app", client_key=client_key)
    if row is None:
        raise Refusal("unknown", f"there is no app {client_key}")
    return row


def initiate_transfer(world: World, client_key: str, *, to: SandboxOrganization, actor: int) -> None:
    """First step, taken by the owner: the person, or an admin of the owning organization."""
    with world.transaction():
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
        world.update("app", {"client_key": client_key}, receiver=to.id, since=world.timestamp())
        to.log("initiate_transfer", f"offered {client_key} to {to.name}", actor=actor)


def answer_transfer(world: World, client_key: str, *, actor: int, agree: bool) -> None:
    """Second step, taken by an admin of the receiving organization. It cannot be undone; managers do not come along.

    What is turned down stays where it is.
    """
    with world.transaction():
        receiver = get_receiver(world, client_key)
        require_admin(receiver, actor)
        world.update("app", {"client_key": client_key}, receiver=None, since=world.timestamp())
        if not agree:
            receiver.log("decline_transfer", f"turned {client_key} down", actor=actor)
            return
        world.delete("app_manager", app=client_key)
        world.update("app", {"client_key": client_key}, owner_organization=receiver.id, owner_person=None)
        receiver.log("accept_transfer", f"took over {client_key}", actor=actor)


def get_receiver(world: World, client_key: str) -> SandboxOrganization:
    """The organization that an app is offered to; no offer is a Refusal."""
    app = get_app(world, client_key)
    if app["receiver"] is None:
        raise Refusal("unknown", f"no transfer of {client_key} waits to be accepted")
    return get_organization_by_id(world, app["receiver"])


def add_manager(organization: SandboxOrganization, *, actor: int, client_key: str, address: str) -> None:
    """Let a member manage one app of the organization."""
    world = organization.world
    with organization.acting(actor):
        _require_owned(organization, client_key)
        member = get_active(organization, address)["id"]
        held = world.count("SELECT count(*) FROM app_manager WHERE app = :app", {"app": client_key})
        if held >= _MANAGERS_PER_APP and world.find("app_manager", app=client_key, membership=member) is None:
            raise Refusal("cap", f"{client_key} has its {_MANAGERS_PER_APP} app managers")
        world.insert_or_keep("app_manager", app=client_key, membership=member, since=world.timestamp())
        organization.log("grant", f"{address} manages {client_key}", actor=actor)


def remove_manager(organization: SandboxOrganization, *, actor: int, client_key: str, address: str) -> None:
    """Take an app from one of its managers."""
    with organization.acting(actor):
        _require_owned(organization, client_key)
        member = get_active(organization, address)
        if not organization.world.delete("app_manager", app=client_key, membership=member["id"]):
            raise Refusal("unknown", f"{address} does not manage {client_key}")
        organization.log("revoke", f"{address} no longer manages {client_key}", actor=actor)


def _require_owned(organization: SandboxOrganization, client_key: str) -> None:
    if organization.variant != "owner":
        raise Refusal("not-supported", "app managers exist in the owner role system only")
    if get_app(organization.world, client_key)["owner_organization"] != organization.id:
        raise Refusal("unknown", f"{organization.name} does not own {client_key}")
