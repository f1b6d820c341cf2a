"""TikTok accounts linked by QR code, the codes themselves, and which ad accounts may use an account or a pixel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from reconciler.sandbox.assets import find_holding, get_asset, get_holding, hold, require_asset_owner
from reconciler.sandbox.platforms import LINK_PERMISSIONS
from reconciler.sandbox.registry import SandboxOrganization
from reconciler.sandbox.world import Refusal, Row, World

_KIND = "tiktok_account"
_USABLE = ("pixel", "managed_account", _KIND)


def request_link(organization: SandboxOrganization, *, actor: int, handle: str, permissions: Iterable[str]) -> None:
    """Show a QR code: ask the owner for a link, or for more permissions on one that stands.

    A standing link keeps what it has until the owner agrees. Asking for less takes effect at once: nobody's agreement
    is needed to use fewer permissions than one has.
    """
    world = organization.world
    wanted = sorted(set(permissions))
    with organization.acting(actor) as db:
        if not wanted or not LINK_PERMISSIONS.issuperset(wanted):
            raise Refusal("invalid", f"permissions: correct is any of {sorted(LINK_PERMISSIONS)}")
        asset = get_asset(world, _KIND, handle)
        held = find_holding(organization, _KIND, handle)
        if held is None or held["status"] != "active":
            hold(organization, asset["id"], relation="granted", status="requested", permissions=wanted)
            pending = None
        elif set(wanted) <= set(held["permissions"].split(",")):
            db.execute(
                "UPDATE holding SET permissions = ?, pending = NULL, expires = NULL WHERE id = ?",
                (",".join(wanted), held["id"]),
            )
            return
        else:
            pending = ",".join(wanted)
        expires = world.timestamp(timedelta(hours=world.knobs.link_hours))
        db.execute(
            "UPDATE holding SET pending = ?, expires = ? WHERE organization = ? AND asset = ?",
            (pending, expires, organization.id, asset["id"]),
        )
        organization.log("link", f"asked for {handle}: {' '.join(wanted)}", actor=actor)


def approve_link(organization: SandboxOrganization, *, owner: int, handle: str) -> None:
    """The owner scans the code and agrees."""
    with organization.world.transaction() as db:
        held = _find_as_owner(organization, owner, handle)
        if held is None or not (held["status"] == "requested" or held["pending"]):
            has_lapsed = held is not None and held["status"] == "lapsed"
            what = f"{'the code has lapsed' if has_lapsed else 'there is no code'} for {handle} and {organization.name}"
            raise Refusal("lapsed" if has_lapsed else "unknown", what)
        db.execute(
            "UPDATE holding SET status = 'active', permissions = ?, pending = NULL, expires = NULL, since = ?"
            " WHERE id = ?",
            (held["pending"] or held["permissions"], organization.world.timestamp(), held["id"]),
        )
        organization.log("approve", f"approved the link of {handle}", actor=owner)


def refuse_link(organization: SandboxOrganization, *, owner: int, handle: str) -> None:
    """The owner says no to the code; a link that stands already keeps the permissions it has."""
    with organization.world.transaction() as db:
        held = _find_as_owner(organization, owner, handle)
        if held is None or not (held["status"] == "requested" or held["pending"]):
            raise Refusal("unknown", f"there is no code for {handle} and {organization.name}")
        status = "declined" if held["status"] == "requested" else held["status"]
        db.execute(
            "UPDATE holding SET status = ?, pending = NULL, expires = NULL, since = ? WHERE id = ?",
            (status, organization.world.timestamp() if status == "declined" else held["since"], held["id"]),
        )
        organization.log("decline", f"refused the link of {handle}", actor=owner)


def revoke_link(organization: SandboxOrganization, *, owner: int, handle: str) -> None:
    """The owner takes the link back in the app; members' access and use in ads end at once."""
    with organization.world.transaction() as db:
        held = _find_as_owner(organization, owner, handle)
        if held is None or held["status"] not in ("active", "requested"):
            raise Refusal("unknown", f"{handle} is not linked to {organization.name}")
        db.execute("DELETE FROM asset_grant WHERE holding = ?", (held["id"],))
        db.execute("DELETE FROM asset_use WHERE holding = ?", (held["id"],))
        db.execute(
            "UPDATE holding SET status = 'revoked_by_owner', pending = NULL, expires = NULL, since = ? WHERE id = ?",
            (organization.world.timestamp(), held["id"]),
        )
        organization.log("revoke", f"took back the link of {handle}", actor=owner)


def _find_as_owner(organization: SandboxOrganization, owner: int, handle: str) -> Row | None:
    """What a Business Center has of an account, asked by the account's owner; anybody else is refused."""
    require_asset_owner(organization.world, get_asset(organization.world, _KIND, handle), owner)
    return find_holding(organization, _KIND, handle)


def unlink(organization: SandboxOrganization, *, actor: int, handle: str) -> None:
    """An admin disconnects the account; getting it back takes the owner again."""
    with organization.acting(actor) as db:
        held = find_holding(organization, _KIND, handle)
        if held is None:
            raise Refusal("unknown", f"{handle} is not linked to {organization.name}")
        db.execute("DELETE FROM holding WHERE id = ?", (held["id"],))
        organization.log("unlink", f"disconnected {handle}", actor=actor)


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
    with world.transaction() as db:
        shown = open_codes(world, organization)
        if not shown:
            raise Refusal("lapsed", f"{organization.name} shows no code that could be scanned")
        code = shown[0]
        owner = get_asset(world, _KIND, handle)["owner_person"]
        if agree:
            wanted = tuple(permissions) or ("existing_posts",)
            if code["ads_only"] and "publish_to_profile" in wanted:
                raise Refusal("invalid", "this code offers publishing through ads only")
            request_link(organization, actor=code["actor"], handle=handle, permissions=wanted)
            held = find_holding(organization, _KIND, handle)
            if held is not None and (held["status"] == "requested" or held["pending"]):
                approve_link(organization, owner=owner, handle=handle)
        else:
            organization.log("decline", f"{handle} refused the code", actor=owner)
        db.execute("DELETE FROM qr_code WHERE code = ?", (code["code"],))


def allow_use(organization: SandboxOrganization, *, actor: int, kind: str, identity: str, ad_account: str) -> None:
    """Let an ad account use a pixel or a TikTok account; this Business Center must have both."""
    with organization.acting(actor) as db:
        used, user = _both(organization, kind, identity, ad_account)
        db.execute("INSERT OR IGNORE INTO asset_use VALUES (?, ?, ?)", (used, user, organization.world.timestamp()))
        organization.log("use", f"{ad_account} may use {identity}", actor=actor)


def end_use(organization: SandboxOrganization, *, actor: int, kind: str, identity: str, ad_account: str) -> None:
    """Stop an ad account from using a pixel or a TikTok account."""
    with organization.acting(actor) as db:
        both = _both(organization, kind, identity, ad_account)
        if not db.execute("DELETE FROM asset_use WHERE holding = ? AND ad_account = ?", both).rowcount:
            raise Refusal("unknown", f"{ad_account} does not use {identity}")
        organization.log("use", f"{ad_account} may no longer use {identity}", actor=actor)


def _both(organization: SandboxOrganization, kind: str, identity: str, ad_account: str) -> tuple[int, int]:
    if kind not in _USABLE:
        raise Refusal("invalid", f"a {kind} is not used by ad accounts")
    used = get_holding(organization, kind, identity)
    return used["id"], get_holding(organization, "ad_account", ad_account)["id"]
