"""Assets of Business Centers: getting hold of one, members' access to it, and groups of ad accounts.

TikTok accounts are linked by QR code; the codes themselves, and which ad accounts may use an account or a pixel, are
here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from reconciler.sandbox.members import get_active, get_membership
from reconciler.sandbox.registry import (
    SandboxOrganization,
    get_organization_by_id,
    known_as,
    owner_columns,
    require_admin,
)
from reconciler.sandbox.world import Refusal, Row, World

AD_ACCOUNT_ROLES = ("analyst", "operator", "admin")
"""Weakest first: a partner's role may be raised in place but not lowered."""

ASSET_ROLES: dict[str, tuple[str, ...]] = {
    "ad_account": AD_ACCOUNT_ROLES,
    "catalog": ("ad_promote", "admin"),
    "shop": ("ad_promotion",),
    "lead_library": ("admin",),
    "managed_account": ("analyst", "operator", "admin"),
    "pixel": (),
}
"""Kind -> the one role that access to it carries; nothing where there is no role at all."""

_ACCOUNT_PERMISSIONS = frozenset({"post", "live", "direct_message"})
"""What a member may do with a TikTok account, any set of which can be given."""

_LINK_PERMISSIONS = frozenset({"existing_posts", "publish_ads_only", "publish_to_profile", "live", "direct_message"})
"""What the owner of a TikTok account lets a Business Center do."""

_NUMBERS: Final = 7_600_000_000_000_000_000
_ACCOUNT = "tiktok_account"
_USABLE = ("pixel", "managed_account", _ACCOUNT)


def add_asset(
    world: World, kind: str, identity: str, owner: SandboxOrganization | int | None, *, name: str = ""
) -> int:
    """Let an asset exist; the Business Center that owns it holds it at once."""
    if kind not in ASSET_ROLES and kind != _ACCOUNT:
        raise Refusal("invalid", f"there are no assets of kind {kind}")
    with world.transaction():
        asset = world.insert("asset", kind=kind, identity=identity, name=name or identity, **owner_columns(owner))
        if isinstance(owner, SandboxOrganization):
            hold(owner, asset, relation="owner", status="active")
        return asset


def hold(
    organization: SandboxOrganization, asset: int, *, relation: str, status: str, permissions: Iterable[str] = ()
) -> None:
    """Write down that a Business Center has, or has asked for, an asset; an earlier attempt is replaced."""
    world, both = organization.world, {"organization": organization.id, "asset": asset}
    what = {"relation": relation, "status": status, "permissions": ",".join(sorted(permissions))}
    with world.transaction():
        world.delete("holding", **both)
        world.insert("holding", **both, **what, since=world.timestamp())


def get_asset(world: World, kind: str, identity: str) -> Row:
    """An asset, whoever has it; none is a Refusal."""
    row = world.find("asset", kind=kind, identity=identity)
    if row is None:
        raise Refusal("unknown", f"there is no {kind.replace('_', ' ')} {identity}")
    return row


def asset_id(asset: Row) -> str:
    """The asset's own id, if it has a numeric one; TikTok accounts are known to the world by handle and get a number.

    It has 19 digits. `asset` has the columns `asset_number` and `identity`.
    """
    identity = str(asset["identity"])
    return identity if identity.isascii() and identity.isdigit() else str(_NUMBERS + int(asset["asset_number"]))


def get_asset_identity(world: World, kind: str, number: str) -> str:
    """What the world calls an asset; a number that no asset has is its own name, which leads nowhere."""
    offset = int(number) - _NUMBERS
    row = world.find("asset", kind=kind, id=offset) if 0 < offset < _NUMBERS else None
    return str(row["identity"]) if row else number


def find_holding(organization: SandboxOrganization, kind: str, identity: str) -> Row | None:
    """What a Business Center has of an asset, in whatever state."""
    return organization.world.find("held", organization=organization.id, kind=kind, identity=identity)


def get_holding(organization: SandboxOrganization, kind: str, identity: str) -> Row:
    """What a Business Center has of an asset and may use; anything else is a Refusal."""
    row = find_holding(organization, kind, identity)
    if row is None or row["status"] != "active":
        raise Refusal("no-permission", f"You don't have permission to the asset({identity})")
    return row


def request_access(organization: SandboxOrganization, *, actor: int, kind: str, identity: str) -> None:
    """Ask the owner of an asset for access."""
    with organization.acting(actor, "request_access", f"asked for {kind} {identity}") as world:
        if kind not in ASSET_ROLES:
            raise Refusal("invalid", f"access to a {kind} is not requested")
        asset = get_asset(world, kind, identity)
        held = find_holding(organization, kind, identity)
        if held is not None and held["status"] in ("active", "requested"):
            raise Refusal("already-invited", f"access to {identity} is {held['status']} already")
        if asset["owner_organization"] is None and asset["owner_person"] is None:
            raise Refusal("unknown", f"{identity} has no owner who could answer")
        hold(organization, asset["id"], relation="granted", status="requested")


def answer_access(organization: SandboxOrganization, *, owner: int, kind: str, identity: str, agree: bool) -> None:
    """The owner, or an admin of the owning Business Center, answers a request.

    The owner of a TikTok account does by scanning the code. A link that stands keeps what it has when more is refused.
    """
    world, is_link = organization.world, kind == _ACCOUNT
    with world.transaction():
        held = _find_as_owner(organization, owner, kind, identity)
        status = held["status"] if held else ""
        if held is None or not (status == "requested" or held["pending"]):
            if not is_link:
                raise Refusal("unknown", f"{organization.name} has not asked for {identity}")
            word, what = ("lapsed", "the code has lapsed") if status == "lapsed" else ("unknown", "there is no code")
            raise Refusal(word, f"{what} for {identity} and {organization.name}")
        answered: dict[str, object] = {"pending": None, "expires": None}
        if agree:
            answered |= {"status": "active", "permissions": held["pending"] or held["permissions"]}
        elif status == "requested":
            answered["status"] = "declined"
        if "status" in answered:
            answered["since"] = world.timestamp()
        world.update("holding", {"id": held["id"]}, **answered)
        said = "approved" if agree and is_link else "gave" if agree else "refused"
        text = f"{said} {'the link of' if is_link else 'access to'} {identity}"
        organization.log("approve" if agree else "decline", text, actor=owner)


def take_back_access(organization: SandboxOrganization, *, owner: int, kind: str, identity: str) -> None:
    """The owner ends a Business Center's access to an asset, or the link of a TikTok account.

    Members' access and use in ads end at once; a link shows that its owner took it back.
    """
    world, name = organization.world, organization.name
    with world.transaction():
        held = _find_as_owner(organization, owner, kind, identity)
        if kind == _ACCOUNT:
            if held is None or held["status"] not in ("active", "requested"):
                raise Refusal("unknown", f"{identity} is not linked to {name}")
            world.delete("asset_grant", holding=held["id"])
            world.delete("asset_use", holding=held["id"])
            revoked = {"status": "revoked_by_owner", "since": world.timestamp()}
            world.update("holding", {"id": held["id"]}, **revoked, pending=None, expires=None)
            organization.log("revoke", f"took back the link of {identity}", actor=owner)
        else:
            if held is None or held["relation"] != "granted":
                raise Refusal("unknown", f"{name} has no access to {identity} that could be taken back")
            world.delete("holding", id=held["id"])
            organization.log("revoke", f"took {identity} back", actor=owner)


def _find_as_owner(organization: SandboxOrganization, owner: int, kind: str, identity: str) -> Row | None:
    """What a Business Center has of an asset, asked by its owner or an admin of its owner; anybody else is refused."""
    world, asset = organization.world, get_asset(organization.world, kind, identity)
    if asset["owner_organization"] is not None:
        require_admin(get_organization_by_id(world, asset["owner_organization"]), owner)
    elif asset["owner_person"] != owner:
        raise Refusal("not-the-owner", f"{known_as(world, owner)} does not own {asset['identity']}")
    return find_holding(organization, kind, identity)


def grant(
    organization: SandboxOrganization, *, actor: int, kind: str, identity: str, address: str, roles: Iterable[str]
) -> None:
    """Give a member access, or set what an access may do; only somebody who has accepted can be given one."""
    given = tuple(sorted(set(roles)))
    what = f"{address} has {' '.join(given) or 'access'} on {kind} {identity}"
    with organization.acting(actor, "grant", what) as world:
        _require_grantable(kind, given)
        held, member = get_holding(organization, kind, identity)["id"], get_active(organization, address)["id"]
        since = world.timestamp()
        world.insert_or_change("asset_grant", holding=held, membership=member, roles=",".join(given), since=since)


def revoke(organization: SandboxOrganization, *, actor: int, kind: str, identity: str, address: str) -> None:
    """Take a member's access to an asset away."""
    with organization.acting(actor, "revoke", f"{address} lost {kind} {identity}") as world:
        held, member = get_holding(organization, kind, identity), get_active(organization, address)
        if not world.delete("asset_grant", holding=held["id"], membership=member["id"]):
            raise Refusal("unknown", f"{address} has no access to {identity}")


def promise(
    organization: SandboxOrganization, *, actor: int, ad_accounts: Iterable[str], address: str, role: str
) -> None:
    """Let an invitation bring access to ad accounts with it, from the moment it is accepted."""
    with organization.acting(actor) as world:
        _require_grantable("ad_account", (role,))
        invitation = get_membership(organization, address)["id"]
        for identity in ad_accounts:
            held = get_holding(organization, "ad_account", identity)["id"]
            world.insert_or_change("promised_grant", holding=held, membership=invitation, roles=role)


def release(organization: SandboxOrganization, *, actor: int, kind: str, identity: str) -> None:
    """Let go of an asset; everybody's access there ends with it."""
    with organization.acting(actor, "unlink", f"gave up {kind} {identity}") as world:
        world.delete("holding", id=get_holding(organization, kind, identity)["id"])


def _require_grantable(kind: str, roles: tuple[str, ...]) -> None:
    if kind == _ACCOUNT:
        if not roles or not _ACCOUNT_PERMISSIONS.issuperset(roles):
            raise Refusal("invalid", f"tt_account_roles: correct is any of {sorted(_ACCOUNT_PERMISSIONS)}")
        return
    if kind not in ASSET_ROLES:
        raise Refusal("invalid", f"there are no assets of kind {kind}")
    known = ASSET_ROLES[kind]
    if len(roles) != min(1, len(known)) or not set(known).issuperset(roles):
        raise Refusal("invalid", f"role of a {kind.replace('_', ' ')}: {' '.join(roles)!r} is not one of {list(known)}")


def create_group(organization: SandboxOrganization, *, actor: int, name: str) -> None:
    """Found a group with nothing and nobody in it; the caller fills it."""
    with organization.acting(actor, "create_group", f"created group {name}") as world:
        if _find_group(organization, name):
            raise Refusal("name-taken", f"there already is a group {name}")
        world.insert("asset_group", organization=organization.id, name=name, since=world.timestamp())


def delete_group(organization: SandboxOrganization, *, actor: int, name: str) -> None:
    """Delete a group and the access it gave; its ad accounts and people stay."""
    with organization.acting(actor, "delete_group", f"deleted group {name}") as world:
        world.delete("asset_group", id=_get_group(organization, name))


def rename_group(organization: SandboxOrganization, *, actor: int, name: str, new_name: str) -> None:
    """Call a group something else."""
    with organization.acting(actor, "group", f"renamed {name} to {new_name}") as world:
        group, other = _get_group(organization, name), _find_group(organization, new_name)
        if other not in (None, group):
            raise Refusal("name-taken", f"there already is a group {new_name}")
        world.update("asset_group", {"id": group}, name=new_name)


def add_asset_to_group(organization: SandboxOrganization, *, actor: int, name: str, ad_account: str) -> None:
    """Put an ad account that this Business Center has into a group."""
    with organization.acting(actor, "group", f"{ad_account} is in {name}") as world:
        both = _group_asset(organization, name, ad_account)
        world.insert_or_keep("group_asset", **both, since=world.timestamp())


def take_asset_from_group(organization: SandboxOrganization, *, actor: int, name: str, ad_account: str) -> None:
    """Take an ad account out of a group."""
    with organization.acting(actor, "group", f"{ad_account} is no longer in {name}") as world:
        if not world.delete("group_asset", **_group_asset(organization, name, ad_account)):
            raise Refusal("unknown", f"{ad_account} is not in {name}")


def _group_asset(organization: SandboxOrganization, name: str, ad_account: str) -> dict[str, int]:
    group = _get_group(organization, name)
    return {"asset_group": group, "holding": get_holding(organization, "ad_account", ad_account)["id"]}


def set_group_role(organization: SandboxOrganization, *, actor: int, name: str, address: str, role: str) -> None:
    """Give a member one role on everything in a group, or another one than before."""
    with organization.acting(actor, "group", f"{address} is {role} in {name}") as world:
        if role not in AD_ACCOUNT_ROLES:
            raise Refusal("invalid", f"role {role!r} is not one of {list(AD_ACCOUNT_ROLES)}")
        both = _group_member(organization, name, address)
        world.insert_or_change("group_member", **both, role=role, since=world.timestamp())


def take_from_group(organization: SandboxOrganization, *, actor: int, name: str, address: str) -> None:
    """Take a member out of a group."""
    with organization.acting(actor, "group", f"{address} is no longer in {name}") as world:
        if not world.delete("group_member", **_group_member(organization, name, address)):
            raise Refusal("unknown", f"{address} is not in {name}")


def _group_member(organization: SandboxOrganization, name: str, address: str) -> dict[str, int]:
    group = _get_group(organization, name)
    return {"asset_group": group, "membership": get_active(organization, address)["id"]}


def _find_group(organization: SandboxOrganization, name: str) -> int | None:
    row = organization.world.find("asset_group", organization=organization.id, name=name)
    return int(row["id"]) if row else None


def _get_group(organization: SandboxOrganization, name: str) -> int:
    group = _find_group(organization, name)
    if group is None:
        raise Refusal("unknown", f"{organization.name} has no group {name}")
    return group


def request_link(organization: SandboxOrganization, *, actor: int, handle: str, permissions: Iterable[str]) -> None:
    """Show a QR code: ask the owner for a link, or for more permissions on one that stands.

    A standing link keeps what it has until the owner agrees. Asking for less takes effect at once: nobody's agreement
    is needed to use fewer permissions than one has.
    """
    wanted = sorted(set(permissions))
    with organization.acting(actor) as world:
        if not wanted or not _LINK_PERMISSIONS.issuperset(wanted):
            raise Refusal("invalid", f"permissions: correct is any of {sorted(_LINK_PERMISSIONS)}")
        asset = get_asset(world, _ACCOUNT, handle)
        held = find_holding(organization, _ACCOUNT, handle)
        if held is None or held["status"] != "active":
            hold(organization, asset["id"], relation="granted", status="requested", permissions=wanted)
            pending = None
        elif set(wanted) <= set(held["permissions"].split(",")):
            world.update("holding", {"id": held["id"]}, permissions=",".join(wanted), pending=None, expires=None)
            return
        else:
            pending = ",".join(wanted)
        expires = world.timestamp(timedelta(hours=world.knobs.link_hours))
        both = {"organization": organization.id, "asset": asset["id"]}
        world.update("holding", both, pending=pending, expires=expires)
        organization.log("link", f"asked for {handle}: {' '.join(wanted)}", actor=actor)


def unlink(organization: SandboxOrganization, *, actor: int, handle: str) -> None:
    """An admin disconnects the account; getting it back takes the owner again."""
    with organization.acting(actor, "unlink", f"disconnected {handle}") as world:
        held = find_holding(organization, _ACCOUNT, handle)
        if held is None:
            raise Refusal("unknown", f"{handle} is not linked to {organization.name}")
        world.delete("holding", id=held["id"])


def open_codes(world: World, organization: SandboxOrganization | None = None) -> list[Row]:
    """The codes that can be scanned now, latest first; each says which Business Center asks, not whom."""
    return world.rows(
        "SELECT qr_code.*, organization.identity, organization.name FROM qr_code"
        " JOIN organization ON organization.id = qr_code.organization WHERE qr_code.expires > :now"
        " AND (:organization IS NULL OR organization.id = :organization) ORDER BY qr_code.rowid DESC",
        {"now": world.timestamp(), "organization": organization and organization.id},
    )


def scan(
    organization: SandboxOrganization, *, handle: str, permissions: Iterable[str] = (), agree: bool = True
) -> None:
    """The owner of a TikTok account scans the latest code of a Business Center and agrees, or does not.

    The owner decides what for, more or less than anybody wants; existing posts only, when nothing is said. A code
    that was asked for ads only does not offer publishing to the profile. A code works once.
    """
    world = organization.world
    with world.transaction():
        shown = open_codes(world, organization)
        if not shown:
            raise Refusal("lapsed", f"{organization.name} shows no code that could be scanned")
        code = shown[0]
        owner = get_asset(world, _ACCOUNT, handle)["owner_person"]
        if agree:
            wanted = tuple(permissions) or ("existing_posts",)
            if code["ads_only"] and "publish_to_profile" in wanted:
                raise Refusal("invalid", "this code offers publishing through ads only")
            request_link(organization, actor=code["actor"], handle=handle, permissions=wanted)
            held = find_holding(organization, _ACCOUNT, handle)
            if held is not None and (held["status"] == "requested" or held["pending"]):
                answer_access(organization, owner=owner, kind=_ACCOUNT, identity=handle, agree=True)
        else:
            organization.log("decline", f"{handle} refused the code", actor=owner)
        world.delete("qr_code", code=code["code"])


def allow_use(organization: SandboxOrganization, *, actor: int, kind: str, identity: str, ad_account: str) -> None:
    """Let an ad account use a pixel or a TikTok account; this Business Center must have both."""
    with organization.acting(actor, "use", f"{ad_account} may use {identity}") as world:
        both = _both(organization, kind, identity, ad_account)
        world.insert_or_keep("asset_use", **both, since=world.timestamp())


def end_use(organization: SandboxOrganization, *, actor: int, kind: str, identity: str, ad_account: str) -> None:
    """Stop an ad account from using a pixel or a TikTok account."""
    with organization.acting(actor, "use", f"{ad_account} may no longer use {identity}") as world:
        if not world.delete("asset_use", **_both(organization, kind, identity, ad_account)):
            raise Refusal("unknown", f"{ad_account} does not use {identity}")


def _both(organization: SandboxOrganization, kind: str, identity: str, ad_account: str) -> dict[str, int]:
    if kind not in _USABLE:
        raise Refusal("invalid", f"a {kind} is not used by ad accounts")
    used, user = get_holding(organization, kind, identity), get_holding(organization, "ad_account", ad_account)
    return {"holding": used["id"], "ad_account": user["id"]}
