"""bc/asset/*: who has what, members' access, one asset and one person at a time, and use by ad accounts."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Any, Final

from reconciler.sandbox.api.calls import Call, Data, Endpoints, person_of, pixel_code, user_id
from reconciler.sandbox.api.configuration import RefusedCall, refuse_if_code
from reconciler.sandbox.api.messages import asset_type, choice, email, flag, ident, listed, record, refuse_missing, text
from reconciler.sandbox.assets import (
    ASSET_ROLES,
    allow_use,
    asset_id,
    end_use,
    get_holding,
    grant,
    hold,
    release,
    revoke,
)
from reconciler.sandbox.registry import require_admin
from reconciler.sandbox.world import Refusal, Row

API: Final = Endpoints()

_HELD: Final = (
    "SELECT {roles}, held.*, owner.name AS owner_bc_name FROM held"
    " LEFT JOIN organization AS owner ON owner.id = held.owner_organization"
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

_ROLE_FIELDS: Final = {
    "ADVERTISER": "advertiser_role",
    "CATALOG": "catalog_role",
    "LEAD": "form_library_role",
    "TT_ACCOUNT": "tt_account_roles",
    "TIKTOK_SHOP": "store_role",
    "MANAGED_BUSINESS_ACCOUNT": "business_account_roles",
}
"""Asset type -> the role field that it, and only it, needs."""

_GRANT: Final = {"user_id": ident(required=True), "asset_id": ident(required=True)}


def _asset(row: str) -> dict[str, Any]:
    return {"asset_type": asset_type(row), "asset_id": ident(required=True)}


@API.add(
    "GET bc/asset/get/",
    serves="members",
    rows=50,
    asset_type=asset_type("asset/get"),
    filtering=record(user_id=ident(), user_email=email(), keyword=text()),
)
def _get_own(call: Call) -> Data:
    """What one person can use: by user id, of an invited person by address, of the caller when nobody is named."""
    if "user_email" in call.filtering:
        return _get_promised(call)
    person = person_of(call.filtering["user_id"]) if "user_id" in call.filtering else call.caller.person
    if person != call.caller.person:
        require_admin(call.bc, call.caller.person)
        call.member(call.filtering["user_id"])
    rows = call.world.rows(
        f"{_HELD.format(roles='asset_grant.roles')}"
        f" JOIN {_grants(call, by_asset=False)} AS asset_grant ON asset_grant.holding = held.id"
        " JOIN membership ON membership.id = asset_grant.membership"
        " WHERE held.organization = :bc AND held.kind = :kind AND held.status = 'active'"
        " AND membership.person = :person AND membership.status = 'active' ORDER BY held.id",
        {"bc": call.bc.id, "kind": call.kind, "person": person},
    )
    return call.page(call.search(rows), lambda row: _asset_row(call, row))


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
    if call.get("asset_type") != "ADVERTISER" or "user_id" in call.filtering:
        raise RefusedCall(40002, "filtering.user_email: only for ADVERTISER, and not together with user_id")
    require_admin(call.bc, call.caller.person)
    rows = call.world.rows(
        f"{_HELD.format(roles='promised_grant.roles')}"
        " JOIN promised_grant ON promised_grant.holding = held.id"
        " JOIN membership ON membership.id = promised_grant.membership"
        " WHERE held.organization = :bc AND membership.identity = :address AND membership.status = 'invited'"
        " ORDER BY held.id",
        {"bc": call.bc.id, "address": call.filtering["user_email"].casefold()},
    )
    return call.page(call.search(rows), lambda row: _asset_row(call, row))


@API.add(
    "GET bc/asset/admin/get/",
    rows=50,
    asset_type=asset_type("asset/get"),
    filtering=record(
        keyword=text(),
        advertiser_show_status=choice(
            *(_SHOW_STATUS + name for name in ("NOT_APPROVED", "APPROVED", "IN_REVIEW", "PUNISHED"))
        ),
        relation_type=choice("OWNER_BC", "OWNER_PARTNER", "OWNER_INDIVIDUAL"),
        relation_status=choice("BOUND", "UNBOUND", "PENDING", "REJECTED"),
    ),
)
def _get_all(call: Call) -> Data:
    """Everything the Business Center has or has asked for; what the caller can do with it comes along."""
    rows = call.world.rows(
        f"{_HELD.format(roles='asset_grant.roles')}"
        " LEFT JOIN membership ON membership.organization = held.organization"
        " AND membership.person = :person AND membership.status = 'active'"
        " LEFT JOIN asset_grant ON asset_grant.holding = held.id AND asset_grant.membership = membership.id"
        " WHERE held.organization = :bc AND held.kind = :kind ORDER BY held.id",
        {"bc": call.bc.id, "kind": call.kind, "person": call.caller.person},
    )
    return call.page([row for row in call.search(rows) if _is_listed(call, row)], lambda row: _related(call, row))


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
        **_asset_row(call, row),
        "relation_type": _relation(row),
        "relation_status": _STATUSES[row["status"]] if kind in _WITH_STATUS else None,
        "advertiser_status": "STATUS_ENABLE" if kind == "ADVERTISER" else None,
        "pixel_code": pixel_code(row["identity"]) if kind == "PIXEL" else None,
        "domain_status": None,
    }


def _asset_row(call: Call, row: Row) -> dict[str, Any]:
    """One row; keys that do not apply to the type are there without a value."""
    kind, roles = call.get("asset_type"), (row["roles"] or "").upper()
    has_handle = kind == "TT_ACCOUNT" and call.options.account_handles == "assets"
    shown_row = {
        **({"tt_asset_handle": row["identity"]} if has_handle else {}),
        "asset_type": kind,
        "asset_id": asset_id(row),
        "asset_name": call.account_name(row) if kind == "TT_ACCOUNT" else row["name"],
        "advertiser_account_type": "AUCTION" if kind == "ADVERTISER" else None,
        "advertiser_role": (roles or None) if kind == "ADVERTISER" else None,
        "catalog_role": (roles or None) if kind == "CATALOG" else None,
        "ad_creation_eligible": "AVAILABLE" if kind == "CATALOG" else None,
        "store_role": (roles or None) if kind == "TIKTOK_SHOP" else None,
        "tt_account_roles": (roles.split(",") if roles else None) if kind == "TT_ACCOUNT" else None,
        "owner_bc_name": None if kind == "TT_ACCOUNT" else row["owner_bc_name"],
    }
    if kind == "MANAGED_BUSINESS_ACCOUNT":  # told since 2026
        shown_row |= {
            "business_account_roles": _business_roles(row),
            "is_business_verified": True,
            "operating_region_code": "DE",
            "tt_asset_handle": row["name"] if row["name"].startswith("@") else None,
            "tt_asset_profile_image": None,
        }
    return shown_row


def _business_roles(row: Row) -> list[str] | None:
    return [f"BUSINESS_ACCOUNT_{row['roles'].upper()}"] if row["roles"] else None


@API.add("GET bc/asset/member/get/", _asset("asset/member/get"), rows=20, filtering=record(keyword=text(most=250)))
def _get_asset_members(call: Call) -> Data:
    rows = call.world.rows(
        "SELECT membership.person, membership.identity, person.name, asset_grant.roles"  # noqa: S608  # two texts from above
        f" FROM {_grants(call, by_asset=True)} AS asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership JOIN person ON person.id = membership.person"
        " WHERE asset_grant.holding = :holding AND membership.status = 'active' ORDER BY membership.id",
        {"holding": get_holding(call.bc, **call.asset)["id"]},
    )
    wanted = [row for row in rows if any(call.keyword in row[column].casefold() for column in ("name", "identity"))]
    return call.page(wanted, lambda row: _asset_member(call, row))


def _asset_member(call: Call, row: Row) -> Data:
    kind, role = call.get("asset_type"), row["roles"].upper()
    return {
        "user_id": user_id(row["person"]),
        "user_name": row["name"] or row["identity"].partition("@")[0],
        "user_email": call.format_address(row["identity"]),
        "advertiser_role": role if kind == "ADVERTISER" else None,
        "catalog_role": role if kind == "CATALOG" else None,
        "business_account_roles": _business_roles(row) if kind == "MANAGED_BUSINESS_ACCOUNT" else None,
    }


@API.add("GET bc/asset/partner/get/", _asset("asset/partner/get"), rows=50, filtering=record(keyword=text()))
def _get_asset_partners(call: Call) -> Data:
    rows = call.world.rows(
        "SELECT borrower_bc AS bc_id, borrower_name AS bc_name FROM shared WHERE holding = :holding ORDER BY bc_id",
        {"holding": get_holding(call.bc, **call.asset)["id"]},
    )
    return call.page([row for row in rows if call.keyword in row["bc_name"].casefold()], dict)


@API.add(
    "POST bc/asset/admin/delete/",
    asset_ids=listed(ident(), required=True, least=1, most=1),
    asset_type=asset_type("asset/admin/delete"),
)
def _delete(call: Call) -> None:
    """Only form libraries and TikTok accounts; getting one back takes its owner."""
    for number in call.params["asset_ids"]:
        call.act(release, kind=call.kind, identity=call.identity(call.kind, number))


@API.add(
    "POST bc/asset/assign/",
    _GRANT,
    asset_type=asset_type("asset/assign"),
    advertiser_role=choice("ADMIN", "OPERATOR", "ANALYST"),
    catalog_role=choice("ADMIN", "AD_PROMOTE"),
    form_library_role=choice("ADMIN"),
    tt_account_roles=listed(choice("POST", "LIVE", "DIRECT_MESSAGE")),
    store_role=choice("AD_PROMOTION"),
    business_account_roles=listed(choice(*(f"BUSINESS_ACCOUNT_{role}" for role in ("ADMIN", "OPERATOR", "ANALYST")))),
)
def _assign(call: Call) -> None:
    roles = _asked_roles(call)
    member, before = _find_grant(call)
    kind = call.kind
    if before is not None:
        if call.options.reassign_role == "ignored":
            return
        known = set(filter(None, before["roles"].split(",")))
        if known == set(roles):
            refuse_if_code(call.options.reassign_same_role, f"asset({call.get('asset_id')}) is assigned already")
        if kind == "tiktok_account" and call.options.reassign_account_roles == "add":
            roles = sorted(known | set(roles))
        if kind == "managed_account" and call.options.reassign_account_roles == "add":
            roles = [max(known | set(roles), key=ASSET_ROLES[kind].index)]
    call.act(grant, **call.asset, address=member["identity"], roles=roles)


def _asked_roles(call: Call) -> list[str]:
    """The roles in the field that belongs to the asset type; the other role fields do not count."""
    field = _ROLE_FIELDS.get(call.get("asset_type"))
    if field is None:
        return []
    asked = call.params.get(field)
    if not asked:
        refuse_missing(field)
    return [role.lower().removeprefix("business_account_") for role in (asked if isinstance(asked, list) else [asked])]


@API.add("POST bc/asset/unassign/", _GRANT, asset_type=asset_type("asset/unassign"))
def _unassign(call: Call) -> None:
    member, before = _find_grant(call)
    if before is not None:
        call.act(revoke, **call.asset, address=member["identity"])
    else:
        refuse_if_code(call.options.unassign_missing, f"asset({call.get('asset_id')}) is not assigned to the user")


def _find_grant(call: Call) -> tuple[Row, Row | None]:
    """The member that is named, and the access they have to the asset that is named."""
    held, member = get_holding(call.bc, **call.asset), call.member(call.get("user_id"))
    return member, call.world.find("asset_grant", holding=held["id"], membership=member["id"])


QR_CODE_URL: Final = "https://www.tiktok.com/business-center/authorize?code="
"""What the QR code says; behind it stands the code that an account's owner scans."""

_USERS: Final = (
    "SELECT held.asset_number, held.identity, held.name FROM asset_use JOIN held ON held.id = asset_use.ad_account"
    " WHERE asset_use.holding = :holding ORDER BY held.asset_number"
)


@API.add("GET bc/asset/account/authorization/", changes=True, is_ads_only_mode=flag())
def _show_code(call: Call) -> Data:
    """A fresh code; whoever scans it decides which account to link, and what for."""
    code, world = secrets.token_urlsafe(16), call.world
    world.insert(
        "qr_code",
        code=code,
        organization=call.bc.id,
        actor=call.caller.person,
        ads_only=call.params.get("is_ads_only_mode", False),
        since=world.timestamp(),
        expires=world.timestamp(timedelta(hours=world.knobs.link_hours)),
    )
    return {"bc_auth_qr_code": QR_CODE_URL + code}


@API.add(
    "POST bc/asset/advertiser/assign/",
    asset_id=ident(required=True),
    asset_type=asset_type("asset/advertiser", required=False),
    advertiser_id=ident(required=True),
)
def _let_use(call: Call) -> None:
    call.act(allow_use, **call.asset, ad_account=call.ad_account)


@API.add(
    "POST bc/asset/advertiser/unassign/",
    asset_id=ident(required=True),
    asset_type=asset_type("asset/advertiser"),
    advertiser_id=ident(required=True),
)
def _end_use(call: Call) -> None:
    if any(row["identity"] == call.ad_account for row in _users(call)):
        call.act(end_use, **call.asset, ad_account=call.ad_account)
    else:
        refuse_if_code(call.options.unassign_missing, f"{call.get('advertiser_id')} is not assigned to the asset")


@API.add(
    "GET bc/asset/advertiser/assigned/",
    rows=50,
    asset_id=ident(required=True),
    asset_type=asset_type("asset/advertiser"),
)
def _get_assigned(call: Call) -> Data:
    return call.page(_users(call), _advertiser)


def _users(call: Call) -> list[Row]:
    return call.world.rows(_USERS, {"holding": get_holding(call.bc, **call.asset)["id"]})


def _advertiser(row: Row) -> Data:
    return {"advertiser_id": asset_id(row), "advertiser_name": row["name"]}


@API.add(
    "GET identity/get/",
    scope=693,
    serves="tokens",
    rows=100,
    advertiser_id=ident(required=True),
    identity_type=choice("CUSTOMIZED_USER", "AUTH_CODE", "TT_USER", "BC_AUTH_TT"),
    identity_authorized_bc_id=ident(),
)
def _get_identities(call: Call) -> Data:
    """Accounts that an ad account may post as, through a Business Center."""
    rows = call.world.rows(
        "SELECT used.identity, used.name, used.permissions, place.identity AS bc_id FROM asset_use"
        " JOIN held AS ads ON ads.id = asset_use.ad_account JOIN held AS used ON used.id = asset_use.holding"
        " JOIN organization AS place ON place.id = used.organization"
        " JOIN membership ON membership.organization = place.id AND membership.status = 'active'"
        " AND membership.person = :person"
        " WHERE ads.identity = :ads AND used.kind = 'tiktok_account'"
        " AND (:bc IS NULL OR place.identity = :bc) ORDER BY used.asset_number",
        {
            "person": call.caller.person,
            "ads": call.get("advertiser_id"),
            "bc": call.params.get("identity_authorized_bc_id"),
        },
    )
    wanted = rows if call.get("identity_type", "BC_AUTH_TT") == "BC_AUTH_TT" else []
    return call.page(wanted, lambda row: _identity(call, row), key="identity_list")


def _identity(call: Call, row: Row) -> Data:
    """With what the owner allows; whether new posts stay off the profile is told beside the right to publish."""
    is_told = call.options.account_handles != "nowhere"
    given = set(row["permissions"].split(","))
    return {
        "identity_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://www.tiktok.com/{row['identity']}")),
        "identity_type": "BC_AUTH_TT",
        "identity_authorized_bc_id": row["bc_id"],
        "display_name": call.account_name(row),
        "username": row["identity"].removeprefix("@") if is_told else None,
        "profile_image": None,
        "available_status": "AVAILABLE",
        "ads_only_mode": "publish_ads_only" in given and "publish_to_profile" not in given,
        "can_push_video": not given.isdisjoint({"publish_to_profile", "publish_ads_only"}),
        "can_pull_video": "existing_posts" in given,
        "can_use_live_ads": "live" in given,
        "can_manage_message": "direct_message" in given,
    }


@API.add("GET bc/pixel/link/get/", rows=50, pixel_code=text(required=True))
def _get_pixel_users(call: Call) -> Data:
    held = _get_pixel(call, needs_role=call.options.pixel_links_need_role)
    return call.page(call.world.rows(_USERS, {"holding": held["id"]}), _advertiser)


@API.add(
    "POST bc/pixel/link/update/",
    pixel_code=text(required=True),
    advertiser_ids=listed(ident(), required=True, least=1, most=100),
    relation_status=choice("LINK", "UNLINK", required=True),
)
def _update_pixel_users(call: Call) -> None:
    """All of the ad accounts or none of them."""
    pixel = _get_pixel(call, needs_role=call.options.pixel_updates_need_role)["identity"]
    step = allow_use if call.get("relation_status") == "LINK" else end_use
    for advertiser in call.params["advertiser_ids"]:
        call.act(step, kind="pixel", identity=pixel, ad_account=call.identity("ad_account", advertiser))


@API.add("POST bc/pixel/transfer/", pixel_code=text(required=True))
def _transfer_pixel(call: Call) -> Data:
    """From a person's ad account into the Business Center; there is no way back."""
    query = "SELECT id AS asset_number, identity FROM asset WHERE kind = 'pixel' AND owner_person IS NOT NULL"
    pixel = _pick_pixel(call, call.world.rows(query, {}))
    number = pixel["asset_number"]
    call.world.update("asset", {"id": number}, owner_person=None, owner_organization=call.bc.id)
    hold(call.bc, number, relation="owner", status="active")
    call.bc.log("transfer", f"moved pixel {pixel['identity']} here", actor=call.caller.person)
    return {"asset_id": asset_id(pixel)}


def _get_pixel(call: Call, *, needs_role: bool) -> Row:
    pixel = _pick_pixel(call, call.world.find_all("held", organization=call.bc.id, status="active", kind="pixel"))
    own = {"holding": pixel["id"], "membership": call.member(user_id(call.caller.person))["id"]}
    if needs_role and call.world.find("asset_grant", **own) is None:
        raise RefusedCall(40002, f"You don't have permission to the asset({asset_id(pixel)})")
    return pixel


def _pick_pixel(call: Call, rows: list[Row]) -> Row:
    for row in rows:
        if pixel_code(row["identity"]) == call.get("pixel_code"):
            return row
    raise Refusal("invalid", "Invalid value of 'pixel_code': related asset ID is missing")
