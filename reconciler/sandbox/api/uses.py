"""TikTok accounts and pixels that ad accounts may use, and the code by which an account is linked."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Final

from reconciler.sandbox.api.calls import Call, Data, Endpoints
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.naming import KINDS, account_name, asset_id, get_asset_identity, pixel_code
from reconciler.sandbox.api.parameters import asset_type, choice, flag, ident, listed, text
from reconciler.sandbox.assets import allow_use, end_use, get_holding, hold
from reconciler.sandbox.world import Refusal, Row

API: Final = Endpoints(scope=153)

QR_CODE_URL: Final = "https://www.tiktok.com/business-center/authorize?code="
"""What the QR code says; behind it stands the code that an account's owner scans."""

_USERS: Final = (
    "SELECT held.asset_number, held.identity, held.name FROM asset_use JOIN held ON held.id = asset_use.ad_account"
    " WHERE asset_use.holding = :holding ORDER BY held.asset_number"
)


@API.add("GET bc/asset/account/authorization/", changes=True, is_ads_only_mode=flag())
def _show_code(call: Call) -> Data:
    """A fresh code; whoever scans it decides which account to link, and what for."""
    code = secrets.token_urlsafe(16)
    live, ads_only = call.world, bool(call.params.get("is_ads_only_mode"))
    with live.transaction() as db:
        expires = live.timestamp(timedelta(hours=live.knobs.link_hours))
        db.execute(
            "INSERT INTO qr_code VALUES (?, ?, ?, ?, ?, ?)",
            (code, call.bc.id, call.caller.person, ads_only, live.timestamp(), expires),
        )
    return {"bc_auth_qr_code": QR_CODE_URL + code}


@API.add(
    "POST bc/asset/advertiser/assign/",
    asset_id=ident(required=True),
    asset_type=asset_type("asset/advertiser", required=False),
    advertiser_id=ident(required=True),
)
def _assign(call: Call) -> None:
    call.act(allow_use, **_account(call), ad_account=_ad_account(call))


@API.add(
    "POST bc/asset/advertiser/unassign/",
    asset_id=ident(required=True),
    asset_type=asset_type("asset/advertiser"),
    advertiser_id=ident(required=True),
)
def _unassign(call: Call) -> None:
    ad_account = _ad_account(call)
    if any(row["identity"] == ad_account for row in _users(call)):
        call.act(end_use, **_account(call), ad_account=ad_account)
    elif call.options.unassign_missing != "ok":
        code = int(call.options.unassign_missing)
        raise RefusedCall(code, f"{call.get('advertiser_id')} is not assigned to the asset")


@API.add(
    "GET bc/asset/advertiser/assigned/",
    rows=50,
    asset_id=ident(required=True),
    asset_type=asset_type("asset/advertiser"),
)
def _get_assigned(call: Call) -> Data:
    return call.page(_users(call), _advertiser)


def _users(call: Call) -> list[Row]:
    """The ad accounts that may use the asset that is named."""
    return call.world.rows(_USERS, {"holding": get_holding(call.bc, **_account(call))["id"]})


def _account(call: Call) -> dict[str, str]:
    kind = KINDS.get(call.get("asset_type", "TT_ACCOUNT"), "")
    return {"kind": kind, "identity": get_asset_identity(call.world, kind, call.get("asset_id"))}


def _ad_account(call: Call) -> str:
    return get_asset_identity(call.world, "ad_account", call.get("advertiser_id"))


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
        "display_name": account_name(row, call.options),
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
        ad_account = get_asset_identity(call.world, "ad_account", advertiser)
        call.act(step, kind="pixel", identity=pixel, ad_account=ad_account)


@API.add("POST bc/pixel/transfer/", pixel_code=text(required=True))
def _transfer_pixel(call: Call) -> Data:
    """From a person's ad account into the Business Center; there is no way back."""
    rows = call.world.rows(
        "SELECT id AS asset_number, identity FROM asset WHERE kind = 'pixel' AND owner_person IS NOT NULL", {}
    )
    pixel = next((row for row in rows if pixel_code(row["identity"]) == call.get("pixel_code")), None)
    if pixel is None:
        raise Refusal("invalid", "Invalid value of 'pixel_code': related asset ID is missing")
    with call.world.transaction() as db:
        db.execute(
            "UPDATE asset SET owner_person = NULL, owner_organization = ? WHERE id = ?",
            (call.bc.id, pixel["asset_number"]),
        )
        hold(call.bc, pixel["asset_number"], relation="owner", status="active")
        call.bc.log("transfer", f"moved pixel {pixel['identity']} here", actor=call.caller.person)
    return {"asset_id": asset_id(pixel)}


def _get_pixel(call: Call, *, needs_role: bool) -> Row:
    rows = call.world.rows(
        "SELECT * FROM held WHERE organization = :bc AND status = 'active' AND kind = 'pixel'",
        {"bc": call.bc.id},
    )
    for row in rows:
        if pixel_code(row["identity"]) == call.get("pixel_code"):
            if needs_role and not call.world.has(
                "SELECT 1 FROM asset_grant JOIN membership ON membership.id = asset_grant.membership"
                " WHERE asset_grant.holding = :holding AND membership.person = :person",
                {"holding": row["id"], "person": call.caller.person},
            ):
                raise RefusedCall(40002, f"You don't have permission to the asset({asset_id(row)})")
            return row
    raise Refusal("invalid", "Invalid value of 'pixel_code': related asset ID is missing")
