"""Assets of Business Centers: getting hold of one, members' access to it, and groups of ad accounts."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.sandbox.members import get_active, get_membership
from reconciler.sandbox.platforms import ACCOUNT_PERMISSIONS, AD_ACCOUNT_ROLES, ASSET_ROLES
from reconciler.sandbox.registry import SandboxOrganization, get_organization_by_id, known_as, require_admin
from reconciler.sandbox.world import Refusal, Row, World


def add_asset(
    world: World,
    kind: str,
    identity: str,
    *,
    name: str = "",
    person: int | None = None,
    organization: SandboxOrganization | None = None,
) -> int:
    """Let an asset exist under at most one owner; the Business Center that owns it holds it at once."""
    if kind not in ASSET_ROLES and kind != "tiktok_account":
        raise Refusal("invalid", f"there are no assets of kind {kind}")
    owner = None if organization is None else organization.id
    with world.transaction() as db:
        cursor = db.execute(
            "INSERT INTO asset (kind, identity, name, owner_organization, owner_person) VALUES (?, ?, ?, ?, ?)",
            (kind, identity, name or identity, owner, person),
        )
        asset = int(cursor.lastrowid or 0)
        if organization is not None:
            hold(organization, asset, relation="owner", status="active")
        return asset


def hold(
    organization: SandboxOrganization, asset: int, *, relation: str, status: str, permissions: Iterable[str] = ()
) -> None:
    """Write down that a Business Center has, or has asked for, an asset; an earlier attempt is replaced."""
    with organization.world.transaction() as db:
        db.execute("DELETE FROM holding WHERE organization = ? AND asset = ?", (organization.id, asset))
        db.execute(
            "INSERT INTO holding (organization, asset, relation, status, permissions, since) VALUES (?, ?, ?, ?, ?, ?)",
            (organization.id, asset, relation, status, ",".join(sorted(permissions)), organization.world.timestamp()),
        )


def get_asset(world: World, kind: str, identity: str) -> Row:
    """An asset, whoever has it; none is a Refusal."""
    row = world.find_row(
        "SELECT * FROM asset WHERE kind = :kind AND identity = :identity", {"kind": kind, "identity": identity}
    )
    if row is None:
        raise Refusal("unknown", f"there is no {kind.replace('_', ' ')} {identity}")
    return row


def find_holding(organization: SandboxOrganization, kind: str, identity: str) -> Row | None:
    """What a Business Center has of an asset, in whatever state."""
    return organization.world.find_row(
        "SELECT holding.*, asset.kind, asset.identity, asset.name, asset.owner_organization, asset.owner_person"
        " FROM holding JOIN asset ON asset.id = holding.asset"
        " WHERE holding.organization = :organization AND asset.kind = :kind AND asset.identity = :identity",
        {"organization": organization.id, "kind": kind, "identity": identity},
    )


def get_holding(organization: SandboxOrganization, kind: str, identity: str) -> Row:
    """What a Business Center has of an asset and may use; anything else is a Refusal."""
    row = find_holding(organization, kind, identity)
    if row is None or row["status"] != "active":
        raise Refusal("no-permission", f"You don't have permission to the asset({identity})")
    return row


def request_access(organization: SandboxOrganization, *, actor: int, kind: str, identity: str) -> None:
    """Ask the owner of an asset for access."""
    with organization.acting(actor):
        if kind not in ASSET_ROLES:
            raise Refusal("invalid", f"access to a {kind} is not requested")
        asset = get_asset(organization.world, kind, identity)
        held = find_holding(organization, kind, identity)
        if held is not None and held["status"] in ("active", "requested"):
            raise Refusal("already-invited", f"access to {identity} is {held['status']} already")
        if asset["owner_organization"] is None and asset["owner_person"] is None:
            raise Refusal("unknown", f"{identity} has no owner who could answer")
        hold(organization, asset["id"], relation="granted", status="requested")
        organization.log("request_access", f"asked for {kind} {identity}", actor=actor)


def answer_access(organization: SandboxOrganization, *, owner: int, kind: str, identity: str, approve: bool) -> None:
    """The owner, or an admin of the owning Business Center, answers a request."""
    world = organization.world
    with world.transaction() as db:
        asset = get_asset(world, kind, identity)
        require_asset_owner(world, asset, owner)
        held = find_holding(organization, kind, identity)
        if held is None or held["status"] != "requested":
            raise Refusal("unknown", f"{organization.name} has not asked for {identity}")
        status = "active" if approve else "declined"
        db.execute("UPDATE holding SET status = ?, since = ? WHERE id = ?", (status, world.timestamp(), held["id"]))
        text = f"{'gave' if approve else 'refused'} access to {identity}"
        organization.log("approve" if approve else "decline", text, actor=owner)


def take_back_access(organization: SandboxOrganization, *, owner: int, kind: str, identity: str) -> None:
    """The owner ends a Business Center's access to an asset; everybody's access there ends with it."""
    world = organization.world
    with world.transaction() as db:
        require_asset_owner(world, get_asset(world, kind, identity), owner)
        held = find_holding(organization, kind, identity)
        if held is None or held["relation"] != "granted":
            raise Refusal("unknown", f"{organization.name} has no access to {identity} that could be taken back")
        db.execute("DELETE FROM holding WHERE id = ?", (held["id"],))
        organization.log("revoke", f"took {identity} back", actor=owner)


def grant(
    organization: SandboxOrganization, *, actor: int, kind: str, identity: str, address: str, roles: Iterable[str]
) -> None:
    """Give a member access, or set what an access may do; only somebody who has accepted can be given one."""
    given = tuple(sorted(set(roles)))
    with organization.acting(actor) as db:
        _require_grantable(kind, given)
        held = get_holding(organization, kind, identity)
        member = get_active(organization, address)
        db.execute(
            "INSERT INTO asset_grant VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET roles = excluded.roles, since = excluded.since",
            (held["id"], member["id"], ",".join(given), organization.world.timestamp()),
        )
        organization.log("grant", f"{address} has {' '.join(given) or 'access'} on {kind} {identity}", actor=actor)


def revoke(organization: SandboxOrganization, *, actor: int, kind: str, identity: str, address: str) -> None:
    """Take a member's access to an asset away."""
    with organization.acting(actor) as db:
        held = get_holding(organization, kind, identity)
        member = get_active(organization, address)
        gone = db.execute("DELETE FROM asset_grant WHERE holding = ? AND membership = ?", (held["id"], member["id"]))
        if not gone.rowcount:
            raise Refusal("unknown", f"{address} has no access to {identity}")
        organization.log("revoke", f"{address} lost {kind} {identity}", actor=actor)


def promise(
    organization: SandboxOrganization, *, actor: int, ad_accounts: Iterable[str], address: str, role: str
) -> None:
    """Let an invitation bring access to ad accounts with it, from the moment it is accepted."""
    with organization.acting(actor) as db:
        _require_grantable("ad_account", (role,))
        invitation = get_membership(organization, address)
        for identity in ad_accounts:
            held = get_holding(organization, "ad_account", identity)
            db.execute("INSERT OR REPLACE INTO promised_grant VALUES (?, ?, ?)", (held["id"], invitation["id"], role))


def release(organization: SandboxOrganization, *, actor: int, kind: str, identity: str) -> None:
    """Let go of an asset; everybody's access there ends with it."""
    with organization.acting(actor) as db:
        held = get_holding(organization, kind, identity)
        db.execute("DELETE FROM holding WHERE id = ?", (held["id"],))
        organization.log("unlink", f"gave up {kind} {identity}", actor=actor)


def require_asset_owner(world: World, asset: Row, person: int) -> None:
    """Refuse everybody but the owner, or the admins of the organization that owns it."""
    if asset["owner_organization"] is not None:
        require_admin(get_organization_by_id(world, asset["owner_organization"]), person)
    elif asset["owner_person"] != person:
        raise Refusal("not-the-owner", f"{known_as(world, person)} does not own {asset['identity']}")


def _require_grantable(kind: str, roles: tuple[str, ...]) -> None:
    if kind == "tiktok_account":
        if not roles or not ACCOUNT_PERMISSIONS.issuperset(roles):
            raise Refusal("invalid", f"tt_account_roles: correct is any of {sorted(ACCOUNT_PERMISSIONS)}")
        return
    if kind not in ASSET_ROLES:
        raise Refusal("invalid", f"there are no assets of kind {kind}")
    known = ASSET_ROLES[kind]
    if len(roles) != min(1, len(known)) or not set(known).issuperset(roles):
        raise Refusal("invalid", f"role of a {kind.replace('_', ' ')}: {' '.join(roles)!r} is not one of {list(known)}")


def create_group(organization: SandboxOrganization, *, actor: int, name: str) -> None:
    """Found a group with nothing and nobody in it; the caller fills it."""
    with organization.acting(actor) as db:
        if _find_group(organization, name):
            raise Refusal("name-taken", f"there already is a group {name}")
        db.execute(
            "INSERT INTO asset_group (organization, name, since) VALUES (?, ?, ?)",
            (organization.id, name, organization.world.timestamp()),
        )
        organization.log("create_group", f"created group {name}", actor=actor)


def delete_group(organization: SandboxOrganization, *, actor: int, name: str) -> None:
    """Delete a group and the access it gave; its ad accounts and people stay."""
    with organization.acting(actor) as db:
        db.execute("DELETE FROM asset_group WHERE id = ?", (_get_group(organization, name)["id"],))
        organization.log("delete_group", f"deleted group {name}", actor=actor)


def rename_group(organization: SandboxOrganization, *, actor: int, name: str, new_name: str) -> None:
    """Call a group something else."""
    with organization.acting(actor) as db:
        group, other = _get_group(organization, name), _find_group(organization, new_name)
        if other is not None and other["id"] != group["id"]:
            raise Refusal("name-taken", f"there already is a group {new_name}")
        db.execute("UPDATE asset_group SET name = ? WHERE id = ?", (new_name, group["id"]))
        organization.log("group", f"renamed {name} to {new_name}", actor=actor)


def add_asset_to_group(organization: SandboxOrganization, *, actor: int, name: str, ad_account: str) -> None:
    """Put an ad account that this Business Center has into a group."""
    with organization.acting(actor) as db:
        group = _get_group(organization, name)["id"]
        held = get_holding(organization, "ad_account", ad_account)["id"]
        db.execute("INSERT OR IGNORE INTO group_asset VALUES (?, ?, ?)", (group, held, organization.world.timestamp()))
        organization.log("group", f"{ad_account} is in {name}", actor=actor)


def take_asset_from_group(organization: SandboxOrganization, *, actor: int, name: str, ad_account: str) -> None:
    """Take an ad account out of a group."""
    with organization.acting(actor) as db:
        group = _get_group(organization, name)["id"]
        held = get_holding(organization, "ad_account", ad_account)["id"]
        if not db.execute("DELETE FROM group_asset WHERE asset_group = ? AND holding = ?", (group, held)).rowcount:
            raise Refusal("unknown", f"{ad_account} is not in {name}")
        organization.log("group", f"{ad_account} is no longer in {name}", actor=actor)


def set_group_role(organization: SandboxOrganization, *, actor: int, name: str, address: str, role: str) -> None:
    """Give a member one role on everything in a group, or another one than before."""
    with organization.acting(actor) as db:
        if role not in AD_ACCOUNT_ROLES:
            raise Refusal("invalid", f"role {role!r} is not one of {list(AD_ACCOUNT_ROLES)}")
        group, member = _get_group(organization, name)["id"], get_active(organization, address)["id"]
        db.execute(
            "INSERT INTO group_member VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET role = excluded.role, since = excluded.since",
            (group, member, role, organization.world.timestamp()),
        )
        organization.log("group", f"{address} is {role} in {name}", actor=actor)


def take_from_group(organization: SandboxOrganization, *, actor: int, name: str, address: str) -> None:
    """Take a member out of a group."""
    with organization.acting(actor) as db:
        group, member = _get_group(organization, name)["id"], get_active(organization, address)["id"]
        gone = db.execute("DELETE FROM group_member WHERE asset_group = ? AND membership = ?", (group, member))
        if not gone.rowcount:
            raise Refusal("unknown", f"{address} is not in {name}")
        organization.log("group", f"{address} is no longer in {name}", actor=actor)


def _find_group(organization: SandboxOrganization, name: str) -> Row | None:
    return organization.world.find_row(
        "SELECT * FROM asset_group WHERE organization = :organization AND name = :name",
        {"organization": organization.id, "name": name},
    )


def _get_group(organization: SandboxOrganization, name: str) -> Row:
    row = _find_group(organization, name)
    if row is None:
        raise Refusal("unknown", f"{organization.name} has no group {name}")
    return row
