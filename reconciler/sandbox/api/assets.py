"""bc/asset/get, admin/get, member/get, partner/get and admin/delete: who has what."""

from __future__ import annotations

from typing import Any, Final

from reconciler.sandbox.api.calls import Call, Data, Route
from reconciler.sandbox.api.masking import account_name, shown
from reconciler.sandbox.api.matrix import KINDS
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.numbers import asset_id, get_asset_identity, person_of, pixel_code, user_id
from reconciler.sandbox.api.parameters import asset_type, choice, email, ident, listed, paged, record, text
from reconciler.sandbox.assets import get_holding, release
from reconciler.sandbox.organizations import require_admin
from reconciler.sandbox.world import Row

_SCOPE: Final = 153

HELD: Final = (
    "SELECT holding.*, asset.id AS asset_number, asset.kind, asset.identity, asset.name,"
    " asset.owner_organization, asset.owner_person, owner.name AS owner_bc_name"
    " FROM holding JOIN asset ON asset.id = holding.asset"
    " LEFT JOIN organization AS owner ON owner.id = asset.owner_organization"
)
"""Assets as one Business Center has them, with all that rows of the API are made of."""

_GRANTS: Final = "SELECT holding, membership, roles FROM asset_grant"
_BY_GROUP: Final = (
    "SELECT group_asset.holding, group_member.membership, group_member.role"
    " FROM group_member JOIN group_asset ON group_asset.asset_group = group_member.asset_group"
)
_BY_ADMINISTRATION: Final = (
    "SELECT holding.id, membership.id, 'admin' FROM holding"
    " JOIN membership ON membership.organization = holding.organization"
    " WHERE membership.role = 'admin' AND membership.status = 'active'"
)
_RANK: Final = "CASE roles WHEN 'admin' THEN 3 WHEN 'operator' THEN 2 ELSE 1 END"
_ADMINISTERED: Final = ("ADVERTISER", "CATALOG", "LEAD")

_STATUSES: Final = {"active": "BOUND", "requested": "PENDING", "declined": "REJECTED"}
_WITH_STATUS: Final = ("ADVERTISER", "PIXEL", "TIKTOK_SHOP")
_SHOW_STATUS: Final = "SHOW_ACCOUNT_STATUS_"


def _get_own(call: Call) -> Data:
    """What one person can use: by user id, of an invited person by address, of the caller when nobody is named."""
    if "user_email" in call.filtering:
        return _get_promised(call)
    person = person_of(call.filtering["user_id"]) if "user_id" in call.filtering else call.caller.person
    if person != call.caller.person:
        require_admin(call.world, call.bc, call.caller.person)
        call.member(call.filtering["user_id"])
    rows = call.world.rows(
        f"{HELD.replace('SELECT ', 'SELECT asset_grant.roles, ', 1)}"
        f" JOIN {_grants(call, by_asset=False)} AS asset_grant ON asset_grant.holding = holding.id"
        " JOIN membership ON membership.id = asset_grant.membership"
        " WHERE holding.organization = :bc AND asset.kind = :kind AND holding.status = 'active'"
        " AND membership.person = :person AND membership.status = 'active' ORDER BY holding.id",
        {"bc": call.bc.id, "kind": _kind(call), "person": person},
    )
    return call.page(_named(call, rows), lambda row: _asset(call, row))


def _grants(call: Call, *, by_asset: bool) -> str:
    """Members' access to assets of the asked type, the highest role of whatever counts as their own."""
    kind, by_admins = call.get("asset_type"), call.options.admin_access
    parts = [_GRANTS]
    if call.options.group_access_listed and kind == "ADVERTISER":
        parts.append(_BY_GROUP)
    if kind in _ADMINISTERED and (by_admins == "everywhere" or (by_admins == "by_asset" and by_asset)):
        parts.append(_BY_ADMINISTRATION)
    if len(parts) == 1:
        return "asset_grant"
    # SQLite takes `roles` from the row that has the greatest rank.
    ranked = f"SELECT holding, membership, roles, max({_RANK}) FROM ({' UNION ALL '.join(parts)})"  # noqa: S608  # as above
    return f"({ranked} GROUP BY holding, membership)"


def _get_promised(call: Call) -> Data:
    """Ad accounts that come with an invitation."""
    if call.get("asset_type") != "ADVERTISER" or "user_id" in call.filtering:
        raise RefusedCall(40002, "filtering.user_email: only for ADVERTISER, and not together with user_id")
    require_admin(call.world, call.bc, call.caller.person)
    rows = call.world.rows(
        f"{HELD.replace('SELECT ', 'SELECT promised_grant.roles, ', 1)}"
        " JOIN promised_grant ON promised_grant.holding = holding.id"
        " JOIN membership ON membership.id = promised_grant.membership"
        " WHERE holding.organization = :bc AND membership.identity = :address AND membership.status = 'invited'"
        " ORDER BY holding.id",
        {"bc": call.bc.id, "address": call.filtering["user_email"].casefold()},
    )
    return call.page(_named(call, rows), lambda row: _asset(call, row))


def _get_all(call: Call) -> Data:
    """Everything the Business Center has or has asked for; what the caller can do with it comes along."""
    rows = call.world.rows(
        f"{HELD.replace('SELECT ', 'SELECT asset_grant.roles, ', 1)}"
        " LEFT JOIN membership ON membership.organization = holding.organization"
        " AND membership.person = :person AND membership.status = 'active'"
        " LEFT JOIN asset_grant ON asset_grant.holding = holding.id AND asset_grant.membership = membership.id"
        " WHERE holding.organization = :bc AND asset.kind = :kind ORDER BY holding.id",
        {"bc": call.bc.id, "kind": _kind(call), "person": call.caller.person},
    )
    return call.page([row for row in _named(call, rows) if _is_listed(call, row)], lambda row: _related(call, row))


def _is_listed(call: Call, row: Row) -> bool:
    has_status = call.get("asset_type") in _WITH_STATUS
    if row["status"] != "active" and not (has_status and row["status"] in _STATUSES):
        return False
    if row["relation"] == "partner" and not call.options.shared_in_listed:
        return False
    seen = {
        "relation_type": _relation(row),
        "relation_status": _STATUSES[row["status"]],
        "advertiser_show_status": f"{_SHOW_STATUS}APPROVED",
    }
    return all(call.filtering.get(name, value) == value for name, value in seen.items())


def _relation(row: Row) -> str:
    if row["relation"] == "owner":
        return "OWNER_BC"
    return "OWNER_INDIVIDUAL" if row["owner_organization"] is None else "OWNER_PARTNER"


def _related(call: Call, row: Row) -> Data:
    kind = call.get("asset_type")
    return {
        **_asset(call, row),
        "relation_type": _relation(row),
        "relation_status": _STATUSES[row["status"]] if kind in _WITH_STATUS else None,
        "advertiser_status": "STATUS_ENABLE" if kind == "ADVERTISER" else None,
        "pixel_code": pixel_code(row["identity"]) if kind == "PIXEL" else None,
        "domain_status": None,
    }


def _asset(call: Call, row: Row) -> dict[str, Any]:
    """One row; keys that do not apply to the type are there without a value."""
    kind, roles = call.get("asset_type"), (row["roles"] or "").upper()
    has_handle = kind == "TT_ACCOUNT" and call.options.account_handles == "assets"
    return {
        **({"tt_asset_handle": row["identity"]} if has_handle else {}),
        "asset_type": kind,
        "asset_id": asset_id(row),
        "asset_name": account_name(row, call.options) if kind == "TT_ACCOUNT" else row["name"],
        "advertiser_account_type": "AUCTION" if kind == "ADVERTISER" else None,
        "advertiser_role": (roles or None) if kind == "ADVERTISER" else None,
        "catalog_role": (roles or None) if kind == "CATALOG" else None,
        "ad_creation_eligible": "AVAILABLE" if kind == "CATALOG" else None,
        "store_role": (roles or None) if kind == "TIKTOK_SHOP" else None,
        "tt_account_roles": (roles.split(",") if roles else None) if kind == "TT_ACCOUNT" else None,
        "owner_bc_name": None if kind == "TT_ACCOUNT" else row["owner_bc_name"],
        **(_managed(row) if kind == "MANAGED_BUSINESS_ACCOUNT" else {}),
    }


def _managed(row: Row) -> dict[str, Any]:
    """What is told since 2026 of accounts that a Business Center manages."""
    return {
        "business_account_roles": _business_roles(row),
        "is_business_verified": True,
        "operating_region_code": "DE",
        "tt_asset_handle": row["name"] if row["name"].startswith("@") else None,
        "tt_asset_profile_image": None,
    }


def _business_roles(row: Row) -> list[str] | None:
    return [f"BUSINESS_ACCOUNT_{row['roles'].upper()}"] if row["roles"] else None


def _get_asset_members(call: Call) -> Data:
    rows = call.world.rows(
        "SELECT membership.person, membership.identity, person.name, asset_grant.roles"  # noqa: S608  # two texts from above
        f" FROM {_grants(call, by_asset=True)} AS asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership JOIN person ON person.id = membership.person"
        " WHERE asset_grant.holding = :holding AND membership.status = 'active' ORDER BY membership.id",
        {"holding": _holding(call)["id"]},
    )
    keyword = call.filtering.get("keyword", "").casefold()
    wanted = [row for row in rows if keyword in row["name"].casefold() or keyword in row["identity"].casefold()]
    return call.page(wanted, lambda row: _asset_member(call, row))


def _asset_member(call: Call, row: Row) -> Data:
    kind, role = call.get("asset_type"), row["roles"].upper()
    return {
        "user_id": user_id(row["person"]),
        "user_name": row["name"] or row["identity"].partition("@")[0],
        "user_email": shown(row["identity"], call.options.mask_emails),
        "advertiser_role": role if kind == "ADVERTISER" else None,
        "catalog_role": role if kind == "CATALOG" else None,
        "business_account_roles": _business_roles(row) if kind == "MANAGED_BUSINESS_ACCOUNT" else None,
    }


def _get_asset_partners(call: Call) -> Data:
    rows = call.world.rows(
        "SELECT organization.identity AS bc_id, organization.name AS bc_name FROM share"
        " JOIN partnership ON partnership.id = share.partnership"
        " JOIN organization ON organization.id = partnership.partner WHERE share.holding = :holding ORDER BY bc_id",
        {"holding": _holding(call)["id"]},
    )
    keyword = call.filtering.get("keyword", "").casefold()
    return call.page([row for row in rows if keyword in row["bc_name"].casefold()], dict)


def _delete(call: Call) -> None:
    """Only form libraries and TikTok accounts; getting one back takes its owner."""
    kind = _kind(call)
    for number in call.params["asset_ids"]:
        identity = get_asset_identity(call.world, kind, number)
        release(call.world, call.bc, actor=call.caller.person, kind=kind, identity=identity)


def _kind(call: Call) -> str:
    """The world's word for the asset type; of the types the world does not have, nothing is ever found."""
    return KINDS.get(call.get("asset_type"), "")


def _holding(call: Call) -> Row:
    kind = _kind(call)
    return get_holding(call.world, call.bc, kind, get_asset_identity(call.world, kind, call.get("asset_id")))


def _named(call: Call, rows: list[Row]) -> list[Row]:
    keyword = call.filtering.get("keyword", "").casefold()
    return [row for row in rows if keyword in row["name"].casefold() or keyword == asset_id(row)]


def _of_asset(row: str) -> dict[str, Any]:
    return {"bc_id": ident(required=True), "asset_type": asset_type(row), "asset_id": ident(required=True)}


ROUTES = (
    Route(
        method="GET",
        path="bc/asset/get/",
        answer=_get_own,
        parameters={
            "bc_id": ident(required=True),
            "asset_type": asset_type("asset/get"),
            "filtering": record(user_id=ident(), user_email=email(), keyword=text()),
            **paged(50),
        },
        scope=_SCOPE,
        needs_admin=False,
    ),
    Route(
        method="GET",
        path="bc/asset/admin/get/",
        answer=_get_all,
        parameters={
            "bc_id": ident(required=True),
            "asset_type": asset_type("asset/get"),
            "filtering": record(
                keyword=text(),
                advertiser_show_status=choice(
                    *(_SHOW_STATUS + name for name in ("NOT_APPROVED", "APPROVED", "IN_REVIEW", "PUNISHED"))
                ),
                relation_type=choice("OWNER_BC", "OWNER_PARTNER", "OWNER_INDIVIDUAL"),
                relation_status=choice("BOUND", "UNBOUND", "PENDING", "REJECTED"),
            ),
            **paged(50),
        },
        scope=_SCOPE,
    ),
    Route(
        method="GET",
        path="bc/asset/member/get/",
        answer=_get_asset_members,
        parameters={**_of_asset("asset/member/get"), "filtering": record(keyword=text(most=250)), **paged(20)},
        scope=_SCOPE,
    ),
    Route(
        method="GET",
        path="bc/asset/partner/get/",
        answer=_get_asset_partners,
        parameters={**_of_asset("asset/partner/get"), "filtering": record(keyword=text()), **paged(50)},
        scope=_SCOPE,
    ),
    Route(
        method="POST",
        path="bc/asset/admin/delete/",
        answer=_delete,
        parameters={
            "bc_id": ident(required=True),
            "asset_ids": listed(ident(), required=True, least=1, most=1),
            "asset_type": asset_type("asset/admin/delete"),
        },
        scope=_SCOPE,
    ),
)
