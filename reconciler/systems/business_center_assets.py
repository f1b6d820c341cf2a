"""The assets inside a Business Center: which kinds there are, and what people and partners may do on each.

A kind that is missing in `ASSET_ROLES` and `ASSET_PERMISSIONS` carries neither: access to a pixel is either there or
not.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.system import Fact, Role

_HELP = "https://ads.tiktok.com/help/article"
_SDK = "https://github.com/tiktok/tiktok-business-api-sdk"
_LEVELS = f"{_HELP}/about-assets-and-asset-level-permissions"
_LINKING = f"{_HELP}/how-to-request-tiktok-account-ad-delivery-permissions-in-business-center"
_PARTNER_ROLE = f"{_HELP}/change-the-permissions-for-your-tiktok-business-center-partner"
_REVOKE_PARTNER = f"{_HELP}/how-to-revoke-tiktok-account-access-from-a-partner"
_GROUPS = f"{_HELP}/asset-group"
_READ = "2026-11"

ASSET_KINDS = (
    "ad_account",
    "ad_account_access",
    "tiktok_account",
    "tiktok_account_access",
    "tiktok_account_use",
    "catalog",
    "catalog_access",
    "pixel",
    "pixel_access",
    "pixel_use",
    "shop",
    "shop_access",
    "lead_library",
    "lead_library_access",
    "managed_account",
    "managed_account_access",
    "managed_account_use",
    "asset_group",
    "asset_group_asset",
    "asset_group_access",
    "partner",
    "partner_share",
)

_AD_ACCOUNT_ROLES = (
    Role(
        name="admin",
        label="Admin",
        rank=30,
        may="View, report, create and edit ads and audiences, and manage finance and account settings.",
        handles_money=True,
        aliases=("administrator", "owner", "manager"),
    ),
    Role(
        name="operator",
        label="Operator",
        rank=20,
        may="View, report, create and edit ads and audiences.",
        may_not="Finance and account settings.",
        aliases=("editor", "advertiser", "standard"),
    ),
    Role(
        name="analyst",
        label="Analyst",
        rank=10,
        may="View ads and their performance, and report.",
        may_not="Change anything.",
        aliases=("viewer", "reader", "read_only"),
    ),
)

ASSET_ROLES: dict[str, tuple[Role, ...]] = {
    "ad_account_access": _AD_ACCOUNT_ROLES,
    "catalog_access": (
        Role(
            name="admin",
            label="Admin",
            rank=20,
            may="Manage the catalog and use it in ads.",
            aliases=("administrator", "owner", "manager"),
        ),
        Role(
            name="ad_promote",
            label="Ad promote",
            rank=10,
            may="Use the catalog in ads.",
            may_not="Change the catalog.",
            aliases=("ad_promotion", "promote", "operator", "standard"),
        ),
    ),
    "shop_access": (
        Role(
            name="ad_promotion",
            label="Ad promotion",
            rank=10,
            may="Use the shop's products in ads.",
            may_not="Manage the shop; that is Seller Center's.",
            aliases=("ad_promote", "promote", "operator", "standard"),
        ),
    ),
    "lead_library_access": (
        Role(
            name="admin",
            label="Admin",
            rank=10,
            may="Everything in the library of lead forms, which holds personal data of other people.",
            aliases=("administrator", "owner", "manager"),
        ),
    ),
    "managed_account_access": (
        Role(
            name="admin",
            label="Admin",
            rank=30,
            may="Everything on the account: verification, its members, its links with Business Centers.",
            aliases=("administrator", "owner", "manager"),
        ),
        Role(
            name="operator",
            label="Operator",
            rank=20,
            may="Posts, messages, the profile and analytics.",
            may_not="Verification, members and links.",
            aliases=("editor", "standard"),
        ),
        Role(
            name="analyst",
            label="Analyst",
            rank=10,
            may="See analytics.",
            may_not="Posts, messages and everything else.",
            aliases=("viewer", "reader", "read_only"),
        ),
    ),
    "asset_group_access": tuple(
        replace(role, may=f"On every ad account of the group: {role.may[0].lower()}{role.may[1:]}")
        for role in _AD_ACCOUNT_ROLES
    ),
    "partner_share": tuple(
        replace(role, may=f"The partner's own members: {role.may[0].lower()}{role.may[1:]}")
        for role in _AD_ACCOUNT_ROLES
    ),
}

ASSET_PERMISSIONS: dict[str, tuple[Role, ...]] = {
    "tiktok_account": (
        Role(
            name="publish_to_profile",
            label="Publish and manage new videos: Show on TikTok profile and in ads",
            rank=50,
            may="Publish new videos that appear on the account's profile.",
            may_not="Manage the profile or answer comments.",
            aliases=("publish", "publish_new_videos", "post"),
        ),
        Role(
            name="direct_message",
            label="Direct message",
            rank=40,
            may="Read and write the account's messages.",
            aliases=("direct_messages", "messages", "dm"),
        ),
        Role(
            name="live",
            label="Live",
            rank=30,
            may="Use the account's live streams in ads.",
            aliases=("live_stream",),
        ),
        Role(
            name="publish_ads_only",
            label="Publish and manage new videos: Show through ads only",
            rank=20,
            may="Publish new videos that appear in ads only.",
            may_not="Put anything on the account's profile.",
            aliases=("ads_only",),
        ),
        Role(
            name="existing_posts",
            label="Existing posts",
            rank=10,
            may="Use the account's identity and the posts it already has in ads.",
            may_not="Post, answer comments or manage the profile.",
            aliases=("posts", "spark_ads", "deliver_ads"),
        ),
    ),
    "tiktok_account_access": (
        Role(
            name="direct_message",
            label="Direct message",
            rank=30,
            may="Read and write the account's messages.",
            aliases=("direct_messages", "messages", "dm"),
        ),
        Role(
            name="live",
            label="Live",
            rank=20,
            may="Work with the account's live streams; offered in some regions only.",
            aliases=("live_stream",),
        ),
        Role(
            name="post",
            label="Post",
            rank=10,
            may="Work with the account's posts.",
            aliases=("posts", "publish"),
        ),
    ),
}

ASSET_FACTS = (
    Fact(
        text="On an ad account all three roles view and report; Admin and Operator create and edit ads and audiences; "
        "only Admin reaches finance and settings.",
        source=_LEVELS,
        date=_READ,
    ),
    Fact(
        text="Catalogs know two roles, shops and lead libraries one each, pixels none; TikTok accounts know a set of "
        "permissions.",
        source=_SDK,
        date=_READ,
    ),
    Fact(
        text="A TikTok account that a Business Center manages, such as an Organization Account created there, is an "
        "asset of its own with the roles admin, operator and analyst; ads may use it like a linked one.",
        source="public Go SDK bububa/tiktok-business 1.5.7, after TikTok's reference pages",
        date="2026-07",
        certainty="operator",
    ),
    Fact(
        text="A TikTok account is linked by an Admin with a QR code that somebody with that account scans; the code is "
        "valid for a short time that is not published. Up to 800 accounts for each Business Center, and 800 "
        "Business Centers for each account.",
        source=_LINKING,
        date=_READ,
    ),
    Fact(
        text="A link for delivering ads gives the use of identity and existing posts. Publishing, live and messages "
        "are separate permissions that each go further.",
        source=_LINKING,
        date=_READ,
    ),
    Fact(
        text="The owner of a TikTok account can end a link at any time in the app; it is then no longer offered for "
        "new campaigns and running ones may break.",
        source="https://xyzlab.com/tiktok-ads/link-tiktok-account/",
        date=_READ,
        certainty="weak",
    ),
    Fact(
        text="Custom identities are phased out: since January 2026 new campaigns need a linked TikTok account, with "
        "exceptions such as catalogs, shops and Pangle. Disconnecting the only one may stop new campaigns.",
        source="help centre of ads.tiktok.com, about Custom Identity",
        date="2026-03",
        certainty="weak",
    ),
    Fact(
        text="A partner's permission can be raised in place; lowering it takes removing and assigning anew.",
        source=_PARTNER_ROLE,
        date="2025-03",
    ),
    Fact(
        text="Taking a TikTok account away from a partner pauses that partner's ads under its identity at once.",
        source=_REVOKE_PARTNER,
        date=_READ,
    ),
    Fact(
        text="A partnership may need the other side's approval before anything shared can be used.",
        source="public code of programs that run the live interface",
        date=_READ,
        certainty="operator",
    ),
    Fact(
        text="A role given directly is not reduced by a lower one given through a group: the higher one counts.",
        source=_GROUPS,
        date=_READ,
    ),
    Fact(
        text="Where no role is sent, the interface makes group members Admin of the ad accounts while the site offers "
        "Analyst; a role is therefore always stated.",
        source=_SDK,
        date=_READ,
        certainty="operator",
    ),
)
