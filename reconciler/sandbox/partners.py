"""Partner Business Centers, and what is shared with them."""

from __future__ import annotations

from reconciler.sandbox.assets import AD_ACCOUNT_ROLES, ASSET_ROLES, find_holding, get_holding, hold
from reconciler.sandbox.registry import SandboxOrganization, find_organization, get_organization_by_id, require_admin
from reconciler.sandbox.world import Refusal, Row

SHARE_ROLES: dict[str, tuple[str, ...]] = {
    "ad_account": AD_ACCOUNT_ROLES,
    "catalog": ASSET_ROLES["catalog"],
    "pixel": (),
    "shop": (),
    "tiktok_account": (),
}
"""Kind -> the one role that a partner gets, weakest first; nothing where a partner has it or has it not."""


def add_partner(organization: SandboxOrganization, *, actor: int, partner: str) -> None:
    """Enter a partnership with another Business Center, by its id; it may have to approve first."""
    with organization.acting(actor, "add_partner", f"added partner {partner}") as world:
        other = find_organization(world, system=organization.system, identity=partner)
        if other is None or other.id == organization.id:
            raise Refusal("unknown", f"{partner} is not the id of another Business Center")
        known = find_partnership(organization, partner)
        if known is not None and known["status"] != "declined":
            raise Refusal("already-invited", f"{partner} is a partner already ({known['status']})")
        status = "requested" if world.knobs.partner_must_approve else "active"
        both = {"organization": organization.id, "partner": other.id}
        world.delete("partnership", **both)  # one that was declined, and what was shared by it
        world.insert("partnership", **both, status=status, since=world.timestamp())


def answer_partnership(organization: SandboxOrganization, *, actor: int, partner: str, approve: bool) -> None:
    """An admin of the partner answers; what was shared meanwhile becomes usable."""
    world = organization.world
    with world.transaction():
        row = _get(organization, partner)
        other = get_organization_by_id(world, row["partner"])
        require_admin(other, actor)
        if row["status"] != "requested":
            raise Refusal("unknown", f"{organization.name} does not wait for an answer of {partner}")
        status = "active" if approve else "declined"
        world.update("partnership", {"id": row["id"]}, status=status, since=world.timestamp())
        for shared in world.find_all("shared", partnership=row["id"]) if approve else ():
            _lend(shared, other)
        text = f"{'agreed to' if approve else 'declined'} the partnership with {organization.name}"
        organization.log("approve" if approve else "decline", text, actor=actor)


def remove_partner(organization: SandboxOrganization, *, actor: int, partner: str) -> None:
    """End a partnership, and with it everything either side shared with the other."""
    with organization.acting(actor, "remove_partner", f"removed partner {partner}") as world:
        other = _get(organization, partner)["partner"]
        for lender, borrower in ((organization.id, other), (other, organization.id)):
            for shared in world.find_all("shared", lender=lender, borrower=borrower):
                world.delete("holding", organization=borrower, asset=shared["asset_number"], relation="partner")
            world.delete("partnership", organization=lender, partner=borrower)


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
    if kind not in SHARE_ROLES:
        raise Refusal("invalid", f"a {kind.replace('_', ' ')} is not shared with partners")
    roles = SHARE_ROLES[kind] or ("",)
    with organization.acting(actor, "share", f"{partner} is {role or 'a user'} of {identity}") as world:
        if role not in roles:
            raise Refusal("invalid", f"role {role!r} is not one of {list(roles)}")
        row = _get(organization, partner)
        held = get_holding(organization, kind, identity)
        if held["relation"] != "owner" and kind != "tiktok_account":  # nobody owns one that is linked
            raise Refusal("not-the-owner", f"{organization.name} does not own {identity}, so it cannot share it")
        both = {"partnership": row["id"], "holding": held["id"]}
        shared = world.find("share", **both)
        if shared is not None and roles.index(role) < roles.index(shared["role"]):
            raise Refusal("no-lowering", f"a partner's role is not lowered in place: stop sharing {identity} first")
        world.insert_or_change("share", **both, role=role, since=world.timestamp())
        if row["status"] == "active":
            _lend(held, get_organization_by_id(world, row["partner"]))


def unshare(
    organization: SandboxOrganization, *, actor: int, partner: str, identity: str, kind: str = "ad_account"
) -> None:
    """Stop sharing an asset; the partner's people lose it at once."""
    with organization.acting(actor, "unshare", f"{partner} lost {identity}") as world:
        row = _get(organization, partner)
        held = get_holding(organization, kind, identity)
        if not world.delete("share", partnership=row["id"], holding=held["id"]):
            raise Refusal("unknown", f"{identity} is not shared with {partner}")
        world.delete("holding", organization=row["partner"], asset=held["asset"], relation="partner")


def _lend(lent: Row, borrower: SandboxOrganization) -> None:
    """The borrower has the asset too; if it has it already in its own right, that stays."""
    held = find_holding(borrower, lent["kind"], lent["identity"])
    if held is None or held["status"] != "active":
        hold(borrower, lent["asset_number"], relation="partner", status="active")


def find_partnership(organization: SandboxOrganization, partner: str) -> Row | None:
    """What an organization has agreed, or asked to agree, with another one."""
    other = find_organization(organization.world, system=organization.system, identity=partner)
    if other is None:
        return None
    return organization.world.find("partnership", organization=organization.id, partner=other.id)


def _get(organization: SandboxOrganization, partner: str) -> Row:
    row = find_partnership(organization, partner)
    if row is None:
        raise Refusal("unknown", f"{partner} is not a partner of {organization.name}")
    return row
