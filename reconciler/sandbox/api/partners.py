"""bc/partner/*: other Business Centers, and what is shared with them."""

from __future__ import annotations

from typing import Final

from reconciler.sandbox.api.calls import Call, Data, Endpoints
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.naming import asset_id, get_asset_identity
from reconciler.sandbox.api.parameters import asset_type, choice, ident, listed, record, text
from reconciler.sandbox.partners import add_partner, find_partnership, remove_partner, share, unshare
from reconciler.sandbox.platforms import AD_ACCOUNT_ROLES, SHARE_ROLES
from reconciler.sandbox.world import Refusal, Row

API: Final = Endpoints(scope=155)

_PARTNERSHIPS: Final = (
    "SELECT other.identity AS bc_id, other.name AS bc_name, partnership.status FROM partnership"
    " JOIN organization AS other ON other.id = partnership.partner WHERE partnership.organization = :bc"
    " UNION SELECT other.identity, other.name, partnership.status FROM partnership"
    " JOIN organization AS other ON other.id = partnership.organization WHERE partnership.partner = :bc"
    " ORDER BY bc_id"
)
"""A partnership binds both sides, whichever of them began it."""


@API.add("GET bc/partner/get/", rows=50, filtering=record(name=text()))
def _get_partners(call: Call) -> Data:
    shown = ("active", "requested") if call.options.pending_partners_listed else ("active",)
    name = call.filtering.get("name", "").casefold()
    rows = call.world.rows(_PARTNERSHIPS, {"bc": call.bc.id})
    listed_rows = {row["bc_id"]: row for row in rows if row["status"] in shown and name in row["bc_name"].casefold()}
    return call.page(list(listed_rows.values()), lambda row: {"bc_id": row["bc_id"], "bc_name": row["bc_name"]})


@API.add(
    "POST bc/partner/add/",
    partner_id=ident(required=True),
    asset_type=asset_type("partner/add"),
    asset_ids=listed(ident(), most=50),
    advertiser_role=choice("ADMIN", "OPERATOR", "ANALYST"),
)
def _add(call: Call) -> None:
    """A partnership, and perhaps shares; with an existing partner only the shares."""
    partner, role = call.get("partner_id"), call.get("advertiser_role", "ANALYST").lower()
    numbers = call.params.get("asset_ids", [])
    known = find_partnership(call.bc, partner)
    if known is None or known["status"] == "declined":
        call.act(add_partner, partner=partner)
    elif not numbers and call.options.partner_again != "ok":
        raise RefusedCall(int(call.options.partner_again), f"business center {partner} is a partner already")
    for number in numbers:
        identity = get_asset_identity(call.world, "ad_account", number)
        if call.options.share_again != "raises" and _has_lower_share(call, identity, role):
            if call.options.share_again == "ignored":
                continue
            raise RefusedCall(int(call.options.share_again), f"asset({number}) is shared with {partner} already")
        call.act(share, partner=partner, kind="ad_account", identity=identity, role=role)


def _has_lower_share(call: Call, identity: str, role: str) -> bool:
    row = call.world.find_row(
        "SELECT role FROM shared WHERE lender = :bc AND borrower_bc = :partner AND identity = :identity",
        {"bc": call.bc.id, "partner": call.get("partner_id"), "identity": identity},
    )
    return row is not None and AD_ACCOUNT_ROLES.index(row["role"]) < AD_ACCOUNT_ROLES.index(role)


@API.add("POST bc/partner/delete/", partner_id=ident(required=True))
def _delete(call: Call) -> None:
    """End a partnership from either side; what was shared either way is taken back."""
    partner = call.get("partner_id")
    if find_partnership(call.bc, partner) is None and _is_partner(call):
        call.act(add_partner, partner=partner)
    call.act(remove_partner, partner=partner)


def _is_partner(call: Call) -> bool:
    partners = call.world.rows(_PARTNERSHIPS, {"bc": call.bc.id})
    return any(row["bc_id"] == call.get("partner_id") for row in partners)


@API.add(
    "GET bc/partner/asset/get/",
    rows=50,
    partner_id=ident(required=True),
    asset_type=asset_type("partner/asset/get"),
    share_type=choice("SHARING", "SHARED", required=True),
    filtering=record(keyword=text()),
)
def _get_shared(call: Call) -> Data:
    """What is shared with the partner (SHARING), or by it (SHARED)."""
    if not _is_partner(call):
        raise Refusal("unknown", f"business center {call.get('partner_id')} is not a partner")
    lender, borrower = call.bc.identity, call.get("partner_id")
    if call.get("share_type") == "SHARED":
        lender, borrower = borrower, lender
    rows = call.world.rows(
        "SELECT asset_number, identity, name, role FROM shared WHERE lender_bc = :lender AND borrower_bc = :borrower"
        " AND status = 'active' AND kind = :kind ORDER BY asset_number",
        {"lender": lender, "borrower": borrower, "kind": call.kind},
    )
    return call.page(call.search(rows), lambda row: _shared(call, row))


def _shared(call: Call, row: Row) -> Data:
    is_account = call.get("asset_type") == "ADVERTISER"
    return {
        "asset_id": asset_id(row),
        "asset_type": call.get("asset_type"),
        "asset_name": row["name"],
        "advertiser_role": row["role"].upper() if is_account else None,
        "advertiser_account_type": "AUCTION" if is_account else None,
        "catalog_role": row["role"].upper() if call.get("asset_type") == "CATALOG" else None,
    }


@API.add(
    "POST bc/partner/asset/delete/",
    partner_id=ident(required=True),
    asset_type=asset_type("partner/asset/delete"),
    asset_ids=listed(ident(), required=True, least=1),
)
def _unshare(call: Call) -> None:
    kind = call.kind
    for number in call.params["asset_ids"]:
        identity = get_asset_identity(call.world, kind, number)
        if kind not in SHARE_ROLES:
            raise Refusal("unknown", f"{number} is not shared with {call.get('partner_id')}")
        call.act(unshare, partner=call.get("partner_id"), kind=kind, identity=identity)
