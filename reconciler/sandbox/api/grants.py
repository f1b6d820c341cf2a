"""bc/asset/assign and unassign: members' access, one asset and one person at a time."""

from __future__ import annotations

from typing import Final

from reconciler.sandbox.api.calls import Call, Route
from reconciler.sandbox.api.matrix import KINDS
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.numbers import get_asset_identity
from reconciler.sandbox.api.parameters import asset_type, choice, ident, listed
from reconciler.sandbox.assets import get_holding, grant, revoke
from reconciler.sandbox.platforms import ASSET_ROLES
from reconciler.sandbox.world import Row

_SCOPE: Final = 153

_ROLE_FIELDS: Final = {
    "ADVERTISER": "advertiser_role",
    "CATALOG": "catalog_role",
    "LEAD": "form_library_role",
    "TT_ACCOUNT": "tt_account_roles",
    "TIKTOK_SHOP": "store_role",
    "MANAGED_BUSINESS_ACCOUNT": "business_account_roles",
}
"""Asset type -> the role field that it, and only it, needs."""

_BUSINESS_ACCOUNT: Final = tuple(f"BUSINESS_ACCOUNT_{role}" for role in ("ADMIN", "OPERATOR", "ANALYST"))


def _assign(call: Call) -> None:
    """Give access, or change what an access may do."""
    roles = _asked_roles(call)
    kind, identity = _asset(call)
    held, member = get_holding(call.world, call.bc, kind, identity), call.member(call.get("user_id"))
    before = _find_grant(call, held, member)
    if before is not None:
        if call.options.reassign_role == "ignored":
            return
        known = set(filter(None, before["roles"].split(",")))
        if known == set(roles) and call.options.reassign_same_role != "ok":
            raise RefusedCall(
                int(call.options.reassign_same_role), f"asset({call.get('asset_id')}) is assigned already"
            )
        if kind == "tiktok_account" and call.options.reassign_account_roles == "add":
            roles = sorted(known | set(roles))
        if kind == "managed_account" and call.options.reassign_account_roles == "add":
            roles = [max(known | set(roles), key=ASSET_ROLES[kind].index)]
    grant(
        call.world,
        call.bc,
        actor=call.caller.person,
        kind=kind,
        identity=identity,
        address=member["identity"],
        roles=roles,
    )


def _asked_roles(call: Call) -> list[str]:
    """The roles in the field that belongs to the asset type; the other role fields do not count."""
    field = _ROLE_FIELDS.get(call.get("asset_type"))
    if field is None:
        return []
    asked = call.params.get(field)
    if not asked:
        raise RefusedCall(40002, f"Missing required field(s): {field}.")
    return [role.lower().removeprefix("business_account_") for role in (asked if isinstance(asked, list) else [asked])]


def _unassign(call: Call) -> None:
    kind, identity = _asset(call)
    held, member = get_holding(call.world, call.bc, kind, identity), call.member(call.get("user_id"))
    if _find_grant(call, held, member) is None:
        if call.options.unassign_missing == "ok":
            return
        raise RefusedCall(
            int(call.options.unassign_missing), f"asset({call.get('asset_id')}) is not assigned to the user"
        )
    revoke(call.world, call.bc, actor=call.caller.person, kind=kind, identity=identity, address=member["identity"])


def _asset(call: Call) -> tuple[str, str]:
    kind = KINDS.get(call.get("asset_type"), "")
    return kind, get_asset_identity(call.world, kind, call.get("asset_id"))


def _find_grant(call: Call, held: Row, member: Row) -> Row | None:
    return call.world.find_row(
        "SELECT * FROM asset_grant WHERE holding = :holding AND membership = :membership",
        {"holding": held["id"], "membership": member["id"]},
    )


_WHOM = {"bc_id": ident(required=True), "user_id": ident(required=True), "asset_id": ident(required=True)}

ROUTES = (
    Route(
        method="POST",
        path="bc/asset/assign/",
        answer=_assign,
        parameters={
            **_WHOM,
            "asset_type": asset_type("asset/assign"),
            "advertiser_role": choice("ADMIN", "OPERATOR", "ANALYST"),
            "catalog_role": choice("ADMIN", "AD_PROMOTE"),
            "form_library_role": choice("ADMIN"),
            "tt_account_roles": listed(choice("POST", "LIVE", "DIRECT_MESSAGE")),
            "store_role": choice("AD_PROMOTION"),
            "business_account_roles": listed(choice(*_BUSINESS_ACCOUNT)),
        },
        scope=_SCOPE,
    ),
    Route(
        method="POST",
        path="bc/asset/unassign/",
        answer=_unassign,
        parameters={**_WHOM, "asset_type": asset_type("asset/unassign")},
        scope=_SCOPE,
    ),
)
