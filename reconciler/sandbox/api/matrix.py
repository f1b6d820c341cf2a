"""Which endpoint takes which type of asset, and what each type is in the world.

`D` the documentation allows it, and so does the gateway's schema; `Y` only the gateway's schema does; `O` only the
documentation does. Sources: the reference pages of the API for Business, and the schema files of TikTok's SDK.
"""

from __future__ import annotations

from typing import Final

from reconciler.sandbox.api.options import Profile

KINDS: Final = {
    "ADVERTISER": "ad_account",
    "CATALOG": "catalog",
    "TIKTOK_SHOP": "shop",
    "PIXEL": "pixel",
    "LEAD": "lead_library",
    "TT_ACCOUNT": "tiktok_account",
    "MANAGED_BUSINESS_ACCOUNT": "managed_account",
}
"""Asset type -> kind in the world; the other types exist, but nothing in the world is of them."""

TYPES: Final = {kind: name for name, kind in KINDS.items()}

_COLUMNS: Final = (*KINDS, "STOREFRONT", "DOMAIN")

_ROWS: Final = {
    #                       ADV CAT SHP PIX LEAD TT MBA STO DOM
    "asset/get": "D D D D D D O Y -",
    "asset/assign": "D D D Y D D O Y Y",
    "asset/unassign": "D D Y Y D D O Y Y",
    "asset/member/get": "D D - - D - O - -",
    "asset/partner/get": "D D Y Y Y Y - Y Y",
    "asset/admin/delete": "Y Y Y Y D D - Y Y",
    "member/invite": "D - - - - - - - -",
    "partner/add": "D - - - - - - - -",
    "partner/asset/get": "D D O O - - - - Y",
    "partner/asset/delete": "D D D D Y Y - D Y",
    "asset/advertiser": "- - - - - D O - -",
    "asset_group": "D - - - - - - - -",
}


def acceptable(row: str, profile: Profile) -> tuple[str, ...]:
    """The asset types that a row of the matrix allows."""
    marks = "DO" if profile == "docs" else "DY"
    return tuple(name for name, mark in zip(_COLUMNS, _ROWS[row].split(), strict=True) if mark in marks)
