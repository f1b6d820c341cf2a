"""Partner Business Centers, and what is shared with them."""

from __future__ import annotations

from reconciler.sandbox.assets import find_holding, get_holding, hold
from reconciler.sandbox.platforms import SHARE_ROLES
from reconciler.sandbox.registry import SandboxOrganization, find_organization, get_organization_by_id, require_admin
from reconciler.sandbox.world import Refusal, Row, World


def add_partner(organization: SandboxOrganization, *, actor: int, partner: str) -> None:
    """Enter a partnership with another Business Center, by its id; it may have to approve first."""
    world = organization.world
    with organization.acting(actor) as db:
        other = find_organization(world, system=organization.system, identity=partner)
        if other is None or other.id == organization.id:
            raise Refusal("unknown", f"{partner} is not the id of another Business Center")
        known = find_partnership(organization, partner)
        if known is not None and known["status"] != "declined":
            raise Refusal("already-invited", f"{partner} is a partner already ({known['status']})")
        status = "requested" if world.knobs.partner_must_approve else "active"
        db.execute(
            "INSERT OR REPLACE INTO partnership (organization, partner, status, since) VALUES (?, ?, ?, ?)",
            (organization.id, other.id, status, world.timestamp()),
        )
        organization.log("add_partner", f"added partner {partner}", actor=actor)


def answer_partnership(organization: SandboxOrganization, *, actor: int, partner: str, approve: bool) -> None:
    """An admin of the partner answers; what was shared meanwhile becomes usable."""
    world = organization.world
    with world.transaction() as db:
        row = _get(organization, partner)
        other = get_organization_by_id(world, row["partner"])
        require_admin(other, actor)
        if row["status"] != "requested":
            raise Refusal("unknown", f"{organization.name} does not wait for an answer of {partner}")
        status = "active" if approve else "declined"
        db.execute("UPDATE partnership SET status = ?, since = ? WHERE id = ?", (status, world.timestamp(), row["id"]))
        shared = world.rows(
            "SELECT asset_number AS asset, kind, identity FROM shared WHERE partnership = :id", {"id": row["id"]}
        )
        for held in shared if approve else ():
            _lend(held, other)
        text = f"{'agreed to' if approve else 'declined'} the partnership with {organization.name}"
        organization.log("approve" if approve else "decline", text, actor=actor)


def remove_partner(organization: SandboxOrganization, *, actor: int, partner: str) -> None:
    """End a partnership, and with it everything either side shared with the other."""
    with organization.acting(actor) as db:
        other = get_organization_by_id(organization.world, _get(organization, partner)["partner"])
        for lender, borrower in ((organization, other), (other, organization)):
            db.execute(
                "DELETE FROM holding WHERE organization = :borrower AND relation = 'partner' AND asset IN"
                " (SELECT asset_number FROM shared WHERE lender = :lender AND borrower = :borrower)",
                {"lender": lender.id, "borrower": borrower.id},
            )
            db.execute("DELETE FROM partnership WHERE organization = ? AND partner = ?", (lender.id, borrower.id))
        organization.log("remove_partner", f"removed partner {partner}", actor=actor)


def share(
    organization: SandboxOrganization,
    *,
    actor: int,
    partner: str,
    identity: str,
    kind: str = "ad_account",
    role: str = "",
) -> None:
    """Share an owned asset, or raise the role it is shared with; lowering it in place is refused."""
    world = organization.world
    if kind not in SHARE_ROLES:
        raise Refusal("invalid", f"a {kind.replace('_', ' ')} is not shared with partners")
    roles = SHARE_ROLES[kind] or ("",)
    with organization.acting(actor) as db:
        if role not in roles:
            raise Refusal("invalid", f"role {role!r} is not one of {list(roles)}")
        row = _get(organization, partner)
        held = get_holding(organization, kind, identity)
        if held["relation"] != "owner" and kind != "tiktok_account":  # nobody owns one that is linked
            raise Refusal("not-the-owner", f"{organization.name} does not own {identity}, so it cannot share it")
        shared = _find_share(world, row, held)
        if shared is not None and roles.index(role) < roles.index(shared["role"]):
            raise Refusal("no-lowering", f"a partner's role is not lowered in place: stop sharing {identity} first")
        db.execute(
            "INSERT INTO share VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET role = excluded.role, since = excluded.since",
            (row["id"], held["id"], role, world.timestamp()),
        )
        if row["status"] == "active":
            _lend(held, get_organization_by_id(world, row["partner"]))
        organization.log("share", f"{partner} is {role or 'a user'} of {identity}", actor=actor)


def unshare(
    organization: SandboxOrganization, *, actor: int, partner: str, identity: str, kind: str = "ad_account"
) -> None:
    """Stop sharing an asset; the partner's people lose it at once."""
    with organization.acting(actor) as db:
        row = _get(organization, partner)
        held = get_holding(organization, kind, identity)
        if _find_share(organization.world, row, held) is None:
            raise Refusal("unknown", f"{identity} is not shared with {partner}")
        db.execute(
            "DELETE FROM holding WHERE organization = ? AND asset = ? AND relation = 'partner'",
            (row["partner"], held["asset"]),
        )
        db.execute("DELETE FROM share WHERE partnership = ? AND holding = ?", (row["id"], held["id"]))
        organization.log("unshare", f"{partner} lost {identity}", actor=actor)


def _lend(lent: Row, borrower: SandboxOrganization) -> None:
    """The borrower has the asset too; if it has it already in its own right, that stays."""
    held = find_holding(borrower, lent["kind"], lent["identity"])
    if held is None or held["status"] != "active":
        hold(borrower, lent["asset"], relation="partner", status="active")


def _find_share(world: World, partnership: Row, held: Row) -> Row | None:
    return world.find_row(
        "SELECT * FROM share WHERE partnership = :partnership AND holding = :holding",
        {"partnership": partnership["id"], "holding": held["id"]},
    )


def find_partnership(organization: SandboxOrganization, partner: str) -> Row | None:
    """What an organization has agreed, or asked to agree, with another one."""
    return organization.world.find_row(
        "SELECT partnership.* FROM partnership JOIN organization ON organization.id = partnership.partner"
        " WHERE partnership.organization = :organization AND organization.identity = :partner",
        {"organization": organization.id, "partner": partner},
    )


def _get(organization: SandboxOrganization, partner: str) -> Row:
    row = find_partnership(organization, partner)
    if row is None:
        raise Refusal("unknown", f"{partner} is not a partner of {organization.name}")
    return row
