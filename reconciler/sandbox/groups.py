"""Asset groups: some ad accounts, and people who have one role on all of them."""

from __future__ import annotations

from reconciler.sandbox.assets import get_holding
from reconciler.sandbox.members import get_active
from reconciler.sandbox.organizations import SandboxOrganization, require_admin
from reconciler.sandbox.platforms import AD_ACCOUNT_ROLES
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.world import Row, World


def create_group(world: World, organization: SandboxOrganization, *, actor: int, name: str) -> None:
    """Found a group with nothing and nobody in it; the caller fills it."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        if _find(world, organization, name):
            raise Refusal("name-taken", f"there already is a group {name}")
        db.execute(
            "INSERT INTO asset_group (organization, name, since) VALUES (?, ?, ?)",
            (organization.id, name, world.timestamp()),
        )
        world.log("create_group", f"created group {name}", actor=actor, organization=organization.id)


def delete_group(world: World, organization: SandboxOrganization, *, actor: int, name: str) -> None:
    """Delete a group and the access it gave; its ad accounts and people stay."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        db.execute("DELETE FROM asset_group WHERE id = ?", (_get(world, organization, name)["id"],))
        world.log("delete_group", f"deleted group {name}", actor=actor, organization=organization.id)


def rename_group(world: World, organization: SandboxOrganization, *, actor: int, name: str, new_name: str) -> None:
    """Call a group something else."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        group, other = _get(world, organization, name), _find(world, organization, new_name)
        if other is not None and other["id"] != group["id"]:
            raise Refusal("name-taken", f"there already is a group {new_name}")
        db.execute("UPDATE asset_group SET name = ? WHERE id = ?", (new_name, group["id"]))
        world.log("group", f"renamed {name} to {new_name}", actor=actor, organization=organization.id)


def add_asset_to_group(
    world: World, organization: SandboxOrganization, *, actor: int, name: str, ad_account: str
) -> None:
    """Put an ad account that this Business Center has into a group."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        group = _get(world, organization, name)["id"]
        held = get_holding(world, organization, "ad_account", ad_account)["id"]
        db.execute("INSERT OR IGNORE INTO group_asset VALUES (?, ?, ?)", (group, held, world.timestamp()))
        world.log("group", f"{ad_account} is in {name}", actor=actor, organization=organization.id)


def take_asset_from_group(
    world: World, organization: SandboxOrganization, *, actor: int, name: str, ad_account: str
) -> None:
    """Take an ad account out of a group."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        group = _get(world, organization, name)["id"]
        held = get_holding(world, organization, "ad_account", ad_account)["id"]
        if not db.execute("DELETE FROM group_asset WHERE asset_group = ? AND holding = ?", (group, held)).rowcount:
            raise Refusal("unknown", f"{ad_account} is not in {name}")
        world.log("group", f"{ad_account} is no longer in {name}", actor=actor, organization=organization.id)


def set_group_role(
    world: World, organization: SandboxOrganization, *, actor: int, name: str, address: str, role: str
) -> None:
    """Give a member one role on everything in a group, or another one than before."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        if role not in AD_ACCOUNT_ROLES:
            raise Refusal("invalid", f"role {role!r} is not one of {list(AD_ACCOUNT_ROLES)}")
        group, member = _get(world, organization, name)["id"], get_active(world, organization, address)["id"]
        db.execute(
            "INSERT INTO group_member VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET role = excluded.role, since = excluded.since",
            (group, member, role, world.timestamp()),
        )
        world.log("group", f"{address} is {role} in {name}", actor=actor, organization=organization.id)


def take_from_group(world: World, organization: SandboxOrganization, *, actor: int, name: str, address: str) -> None:
    """Take a member out of a group."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        group, member = _get(world, organization, name)["id"], get_active(world, organization, address)["id"]
        gone = db.execute("DELETE FROM group_member WHERE asset_group = ? AND membership = ?", (group, member))
        if not gone.rowcount:
            raise Refusal("unknown", f"{address} is not in {name}")
        world.log("group", f"{address} is no longer in {name}", actor=actor, organization=organization.id)


def _find(world: World, organization: SandboxOrganization, name: str) -> Row | None:
    return world.find_row(
        "SELECT * FROM asset_group WHERE organization = :organization AND name = :name",
        {"organization": organization.id, "name": name},
    )


def _get(world: World, organization: SandboxOrganization, name: str) -> Row:
    row = _find(world, organization, name)
    if row is None:
        raise Refusal("unknown", f"{organization.name} has no group {name}")
    return row
