"""What an entry of a log is about, told from the names in it."""

from __future__ import annotations

import pytest

from reconciler.model import find_subject

KEYS = {"eve@acme.example": "eve", "bo@acme.example": "bo", "@acme": "acme"}
ASSETS = {
    ("ad_account", "us"): "71",
    ("ad_account", "eu"): "72",
    ("tiktok_account", "handle"): "@acme",
    ("asset_group", "europe"): "Europe",
    ("partner", "north"): "69",
}


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Removed EVE@acme.example.", "member/eve"),
        ("invited stranger@x.example", "member/stranger@x.example"),
        ("ad account 71 was linked", "ad_account/us"),
        ("eve@acme.example: Operator (71)", "ad_account_access/us/eve"),
        ('"Europe" got bo@acme.example', "asset_group_access/europe/bo"),
        ("71 is in Europe", "asset_group_asset/europe/us"),
        ("shared 72 with 69", "partner_share/north/eu"),
        ("@acme may be used by 71", "tiktok_account_use/handle/us"),
        ("took back the link of @acme", "tiktok_account/handle"),
        ("eve@acme.example and bo@acme.example", None),
        ("71 and 72", None),
        ("eve@acme.example got 71 from 69", None),
        ("e*e@acme.example left", None),
        ("71000 is another number", None),
        ("", None),
    ],
)
def test_the_names_in_a_text_say_what_it_is_about_or_nothing_does(text: str, about: str | None) -> None:
    found = find_subject(text, organization="bc", keys=KEYS, assets=ASSETS)
    assert found is None if about is None else str(found) == f"bc/{about}"
