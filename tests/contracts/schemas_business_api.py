"""Requests and answers of the TikTok API for Business v1.3, as far as access is concerned, as JSON Schemas.

Written from the reference pages of the portal (business-api.tiktok.com), not from our code: what the provider sends and
what the emulator answers are both held against them. A query is looked at as an object, its JSON texts decoded.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

PREFIX = "/open_api/v1.3/"

Schema = dict[str, Any]

ID: Schema = {"type": "string", "pattern": "^[0-9]{1,19}$"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}
COUNT: Schema = {"type": "integer", "minimum": 0}
URL: Schema = {"type": "string", "pattern": "^https://"}


def one_of(*words: str) -> Schema:
    return {"enum": list(words)}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, NULL]}


def some(item: Schema, *, least: int = 1, most: int | None = None) -> Schema:
    return {"type": "array", "items": item, "minItems": least, **({} if most is None else {"maxItems": most})}


def record(*required: str, **properties: Schema) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def exactly(**properties: Schema) -> Schema:
    """An object with all of these properties."""
    return record(*properties, **properties)


ADVERTISER_ROLE = one_of("ADMIN", "OPERATOR", "ANALYST")
CATALOG_ROLE = one_of("ADMIN", "AD_PROMOTE")
USER_ROLE = one_of("ADMIN", "STANDARD")
FINANCE_ROLE = one_of("MANAGER", "ANALYST")
ACCOUNT_ROLES = some(one_of("POST", "LIVE", "DIRECT_MESSAGE"))
GROUP_ROLES = record(ADVERTISER=one_of(*(f"ADVERTISER_ROLE_{role}" for role in ("ADMIN", "OPERATOR", "ANALYST"))))
EMAIL: Schema = {"type": "string", "pattern": "^[^@ ]+@[^@ ]+[.][^@ ]+$"}

OWN_TYPES = ("ADVERTISER", "CATALOG", "TIKTOK_SHOP", "PIXEL", "LEAD", "TT_ACCOUNT", "MANAGED_BUSINESS_ACCOUNT")
GRANTED_TYPES = tuple(name for name in OWN_TYPES if name != "PIXEL")
REVOKED_TYPES = tuple(name for name in GRANTED_TYPES if name != "TIKTOK_SHOP")
LISTED_TYPES = ("ADVERTISER", "CATALOG", "LEAD", "MANAGED_BUSINESS_ACCOUNT")
USED_TYPES = ("TT_ACCOUNT", "MANAGED_BUSINESS_ACCOUNT")
ONLY_ADVERTISER = one_of("ADVERTISER")


def paged(most: int) -> dict[str, Schema]:
    return {
        "page": {"type": "integer", "minimum": 1},
        "page_size": {"type": "integer", "minimum": 1, "maximum": most},
    }


KEYWORD = record(keyword=TEXT)
GROUP_ASSETS = some(record("asset_id", asset_id=ID, asset_type=ONLY_ADVERTISER), most=200)
GROUP_MEMBERS = some(record("member_id", member_id=ID, asset_roles=GROUP_ROLES), most=50)
PIXEL = {"bc_id": ID, "pixel_code": TEXT}

REQUESTS: dict[str, Schema] = {
    "POST oauth2/access_token/": record(
        "app_id", "secret", "auth_code", app_id=TEXT, secret=TEXT, auth_code=TEXT, return_advertiser_ids=FLAG
    ),
    "POST oauth2/revoke_token/": exactly(app_id=TEXT, secret=TEXT, access_token=TEXT),
    "GET oauth2/advertiser/get/": exactly(app_id=TEXT, secret=TEXT),
    "GET user/info/": record(),
    "GET bc/get/": record(bc_id=ID, **paged(50)),
    "GET bc/member/get/": record(
        "bc_id",
        bc_id=ID,
        filtering=record(keyword=TEXT, user_role=USER_ROLE, relation_status=one_of("BOUND", "PENDING", "REJECTED")),
        **paged(20),
    ),
    "POST bc/member/invite/": record(
        "bc_id",
        "emails",
        bc_id=ID,
        emails=some(EMAIL, most=50),
        user_role=USER_ROLE,
        asset_ids=some(ID, least=0, most=50),
        asset_type=ONLY_ADVERTISER,
        advertiser_role=ADVERTISER_ROLE,
        ext_user_role=record(finance_role=FINANCE_ROLE),
    ),
    "POST bc/member/update/": record(
        "bc_id",
        "user_id",
        bc_id=ID,
        user_id=ID,
        user_role=USER_ROLE,
        user_name={"type": "string", "maxLength": 250},
        ext_user_role=record(finance_role=FINANCE_ROLE),
    ),
    "POST bc/member/delete/": {"oneOf": [exactly(bc_id=ID, user_id=ID), exactly(bc_id=ID, user_email=EMAIL)]},
    "GET bc/asset/get/": record(
        "bc_id",
        "asset_type",
        bc_id=ID,
        asset_type=one_of(*OWN_TYPES),
        filtering={
            "anyOf": [record(user_id=ID, keyword=TEXT), record("user_email", user_email=EMAIL, keyword=TEXT)],
        },
        **paged(50),
    ),
    "GET bc/asset/admin/get/": record(
        "bc_id",
        "asset_type",
        bc_id=ID,
        asset_type=one_of(*OWN_TYPES),
        filtering=record(
            keyword=TEXT,
            advertiser_show_status=TEXT,
            relation_type=one_of("OWNER_BC", "OWNER_PARTNER", "OWNER_INDIVIDUAL"),
            relation_status=one_of("BOUND", "UNBOUND", "PENDING", "REJECTED"),
        ),
        **paged(50),
    ),
    "POST bc/asset/assign/": {
        "oneOf": [
            exactly(bc_id=ID, user_id=ID, asset_id=ID, asset_type=one_of(kind), **{field: roles})
            for kind, field, roles in (
                ("ADVERTISER", "advertiser_role", ADVERTISER_ROLE),
                ("CATALOG", "catalog_role", CATALOG_ROLE),
                ("LEAD", "form_library_role", one_of("ADMIN")),
                ("TT_ACCOUNT", "tt_account_roles", ACCOUNT_ROLES),
                ("TIKTOK_SHOP", "store_role", one_of("AD_PROMOTION")),
                ("MANAGED_BUSINESS_ACCOUNT", "business_account_roles", some(TEXT)),
            )
        ]
    },
    "POST bc/asset/unassign/": exactly(bc_id=ID, user_id=ID, asset_type=one_of(*REVOKED_TYPES), asset_id=ID),
    "GET bc/asset/member/get/": record(
        "bc_id",
        "asset_type",
        "asset_id",
        bc_id=ID,
        asset_type=one_of(*LISTED_TYPES),
        asset_id=ID,
        filtering=record(keyword={"type": "string", "maxLength": 250}),
        **paged(20),
    ),
    "GET bc/asset/partner/get/": record(
        "bc_id",
        "asset_type",
        "asset_id",
        bc_id=ID,
        asset_type=one_of("ADVERTISER", "CATALOG"),
        asset_id=ID,
        filtering=KEYWORD,
        **paged(50),
    ),
    "POST bc/asset/admin/delete/": exactly(
        bc_id=ID, asset_ids=some(ID, most=1), asset_type=one_of("LEAD", "TT_ACCOUNT")
    ),
    "GET bc/asset/account/authorization/": record("bc_id", bc_id=ID, is_ads_only_mode=FLAG),
    "POST bc/asset/advertiser/assign/": record(
        "bc_id", "asset_id", "advertiser_id", bc_id=ID, asset_id=ID, advertiser_id=ID, asset_type=one_of(*USED_TYPES)
    ),
    "POST bc/asset/advertiser/unassign/": exactly(
        bc_id=ID, asset_id=ID, advertiser_id=ID, asset_type=one_of(*USED_TYPES)
    ),
    "GET bc/asset/advertiser/assigned/": record(
        "bc_id", "asset_id", "asset_type", bc_id=ID, asset_id=ID, asset_type=one_of(*USED_TYPES), **paged(50)
    ),
    "GET identity/get/": record(
        "advertiser_id",
        advertiser_id=ID,
        identity_type=one_of("CUSTOMIZED_USER", "AUTH_CODE", "TT_USER", "BC_AUTH_TT"),
        identity_authorized_bc_id=ID,
        **paged(100),
    ),
    "GET bc/pixel/link/get/": record("bc_id", "pixel_code", **PIXEL, **paged(50)),
    "POST bc/pixel/link/update/": exactly(
        **PIXEL, advertiser_ids=some(ID, most=100), relation_status=one_of("LINK", "UNLINK")
    ),
    "POST bc/pixel/transfer/": exactly(**PIXEL),
    "GET advertiser/info/": record("advertiser_ids", advertiser_ids=some(ID, most=100), fields=some(TEXT)),
    "POST bc/asset_group/create/": exactly(bc_id=ID, asset_group_name=TEXT, assets=GROUP_ASSETS, members=GROUP_MEMBERS),
    "GET bc/asset_group/list/": record("bc_id", bc_id=ID, filtering=exactly(keyword=TEXT), **paged(50)),
    "GET bc/asset_group/get/": record(
        "bc_id",
        "asset_group_id",
        "query_entity",
        bc_id=ID,
        asset_group_id=ID,
        query_entity=one_of("ASSET", "MEMBER"),
        filtering=exactly(keyword=TEXT),
        **paged(50),
    ),
    "POST bc/asset_group/update/": {
        "oneOf": [
            exactly(bc_id=ID, asset_group_id=ID, update_entity=one_of(entity), **rest)
            for entity, rest in (
                ("NAME", {"asset_group_name": TEXT}),
                ("ASSET", {"action": one_of("ADD", "DELETE"), "assets": GROUP_ASSETS}),
                ("MEMBER", {"action": one_of("ADD", "DELETE"), "members": GROUP_MEMBERS}),
            )
        ]
    },
    "POST bc/asset_group/delete/": exactly(bc_id=ID, asset_group_ids=some(ID, most=1)),
    "GET bc/partner/get/": record("bc_id", bc_id=ID, filtering=record(name=TEXT), **paged(50)),
    "POST bc/partner/add/": record(
        "bc_id",
        "partner_id",
        "asset_type",
        bc_id=ID,
        partner_id=ID,
        asset_type=ONLY_ADVERTISER,
        asset_ids=some(ID, least=0, most=50),
        advertiser_role=ADVERTISER_ROLE,
    ),
    "POST bc/partner/delete/": exactly(bc_id=ID, partner_id=ID),
    "GET bc/partner/asset/get/": record(
        "bc_id",
        "partner_id",
        "asset_type",
        "share_type",
        bc_id=ID,
        partner_id=ID,
        asset_type=one_of("ADVERTISER", "CATALOG", "TIKTOK_SHOP", "PIXEL"),
        share_type=one_of("SHARING", "SHARED"),
        filtering=KEYWORD,
        **paged(50),
    ),
    "POST bc/partner/asset/delete/": exactly(
        bc_id=ID, partner_id=ID, asset_type=one_of("ADVERTISER", "CATALOG", "TIKTOK_SHOP", "PIXEL"), asset_ids=some(ID)
    ),
    "GET changelog/get/": record(
        "bc_id",
        bc_id=ID,
        filtering=record(
            start_date={"type": "string", "format": "date"},
            end_date={"type": "string", "format": "date"},
            activity_type=one_of("ALL", "USER", "ACCOUNT", "ASSET", "BUSINESS"),
        ),
        lang=TEXT,
        sort_field=one_of("operation_time"),
        sort_type=one_of("DESC", "ASC"),
        **paged(50),
    ),
}
"""`METHOD path/` -> what is sent: the body, or the query with its JSON texts decoded."""


def pages(key: str, row: Schema) -> Schema:
    info = exactly(page=COUNT, page_size=COUNT, total_number=COUNT, total_page=COUNT)
    return exactly(**{key: {"type": "array", "items": row}, "page_info": info})


ADVERTISERS = pages("list", exactly(advertiser_id=ID, advertiser_name=TEXT))
PARTNERS = pages("list", exactly(bc_id=ID, bc_name=TEXT))
FINANCE = exactly(finance_role=nullable(FINANCE_ROLE))
NOTHING = record()
ASSET: dict[str, Schema] = {
    "asset_type": TEXT,
    "asset_id": ID,
    "asset_name": TEXT,
    "advertiser_account_type": nullable(one_of("RESERVATION", "AUCTION")),
    "advertiser_role": nullable(ADVERTISER_ROLE),
    "catalog_role": nullable(CATALOG_ROLE),
    "ad_creation_eligible": nullable(one_of("AVAILABLE", "NOT_AVAILABLE")),
    "store_role": nullable(one_of("AD_PROMOTION")),
    "tt_account_roles": nullable(ACCOUNT_ROLES),
    "owner_bc_name": nullable(TEXT),
}
BUSINESS_ROLES = nullable(some(one_of(*(f"BUSINESS_ACCOUNT_{role}" for role in ("ADMIN", "OPERATOR", "ANALYST")))))
MANAGED_ASSET: dict[str, Schema] = {
    "business_account_roles": BUSINESS_ROLES,
    "is_business_verified": FLAG,
    "operating_region_code": TEXT,
    "tt_asset_handle": nullable(TEXT),
    "tt_asset_profile_image": nullable(TEXT),
}
"""Since 2026, of accounts that a Business Center manages."""
ADMIN_ASSET: dict[str, Schema] = {
    **ASSET,
    "relation_type": one_of("OWNER_BC", "OWNER_PARTNER", "OWNER_INDIVIDUAL"),
    "relation_status": nullable(one_of("BOUND", "UNBOUND", "PENDING", "REJECTED")),
    "advertiser_status": nullable(TEXT),
    "pixel_code": nullable({"type": "string", "pattern": "^[A-Z0-9]{20}$"}),
    "domain_status": NULL,
}
GROUP = record(
    "asset_group_id",
    "asset_group_name",
    asset_group_id=ID,
    asset_group_name=TEXT,
    assets=some(exactly(asset_type=ONLY_ADVERTISER, asset_id=ID), least=0),
    members=some(exactly(member_id=ID, asset_roles=GROUP_ROLES), least=0),
)
BC_INFO = record(
    "bc_id",
    "name",
    bc_id=ID,
    name=TEXT,
    company=TEXT,
    currency=TEXT,
    registered_area=TEXT,
    status=one_of("REVIEWING", "DENY", "ENABLE", "PUNISH"),
    timezone=TEXT,
    type=one_of("NORMAL", "DIRECT", "AGENCY", "SELF_SERVICE", "SELF_SERVICE_AGENCY"),
    verification_status=one_of("NOT_SUBMITTED", "REVIEWING", "VERIFIED", "FAILED", "EXPIRED"),
)

RESPONSES: dict[str, Schema] = {
    "POST oauth2/access_token/": record(
        "access_token", "scope", access_token=TEXT, scope=some(COUNT), advertiser_ids=some(ID, least=0)
    ),
    "POST oauth2/revoke_token/": exactly(app_id=TEXT, advertiser_ids=some(ID, least=0)),
    "GET oauth2/advertiser/get/": exactly(list=some(exactly(advertiser_id=ID, advertiser_name=TEXT), least=0)),
    "GET user/info/": exactly(
        id=ID, core_user_id=ID, display_name=TEXT, email=TEXT, create_time=COUNT, avatar_url=TEXT
    ),
    "GET bc/get/": pages(
        "list", exactly(bc_info=BC_INFO, user_role=USER_ROLE, ext_user_role=record(finance_role=FINANCE_ROLE))
    ),
    "GET bc/member/get/": pages(
        "list",
        exactly(
            user_id=nullable({"type": "string", "pattern": "^[0-9]{0,19}$"}),
            user_name=nullable(TEXT),
            user_email=EMAIL,
            user_role=USER_ROLE,
            relation_status=one_of("BOUND", "PENDING", "REJECTED"),
            ext_user_role=FINANCE,
        ),
    ),
    "GET bc/asset/get/": pages("list", record(*ASSET, **ASSET, **MANAGED_ASSET)),
    "GET bc/asset/admin/get/": pages("list", record(*ADMIN_ASSET, **ADMIN_ASSET, **MANAGED_ASSET)),
    "GET bc/asset/member/get/": pages(
        "list",
        exactly(
            user_id=ID,
            user_name=TEXT,
            user_email=EMAIL,
            advertiser_role=nullable(ADVERTISER_ROLE),
            catalog_role=nullable(CATALOG_ROLE),
            business_account_roles=BUSINESS_ROLES,
        ),
    ),
    "GET bc/asset/partner/get/": PARTNERS,
    "GET bc/asset/account/authorization/": exactly(bc_auth_qr_code=URL),
    "GET bc/asset/advertiser/assigned/": ADVERTISERS,
    "GET identity/get/": pages(
        "identity_list",
        exactly(
            identity_id=TEXT,
            identity_type=one_of("BC_AUTH_TT"),
            identity_authorized_bc_id=ID,
            display_name=TEXT,
            username=nullable(TEXT),
            ads_only_mode=FLAG,
            profile_image=nullable(TEXT),
            available_status=TEXT,
            can_push_video=FLAG,
            can_pull_video=FLAG,
            can_use_live_ads=FLAG,
            can_manage_message=FLAG,
        ),
    ),
    "GET bc/pixel/link/get/": ADVERTISERS,
    "POST bc/pixel/transfer/": exactly(asset_id=ID),
    "GET advertiser/info/": exactly(
        list=some(
            record(
                advertiser_id=ID,
                name=TEXT,
                owner_bc_id=nullable(ID),
                status=TEXT,
                role=TEXT,
                currency=TEXT,
                timezone=TEXT,
            )
        )
    ),
    "POST bc/asset_group/create/": exactly(asset_group_id=ID),
    "GET bc/asset_group/list/": pages("asset_groups", exactly(asset_group_id=ID, asset_group_name=TEXT)),
    "GET bc/asset_group/get/": exactly(
        asset_group={"anyOf": [GROUP, some(GROUP)]},
        page_info=exactly(page=COUNT, page_size=COUNT, total_number=COUNT, total_page=COUNT),
    ),
    "GET bc/partner/get/": PARTNERS,
    "GET bc/partner/asset/get/": pages(
        "list",
        exactly(
            asset_id=ID,
            asset_type=TEXT,
            asset_name=TEXT,
            advertiser_role=nullable(ADVERTISER_ROLE),
            advertiser_account_type=nullable(one_of("RESERVATION", "AUCTION")),
            catalog_role=nullable(CATALOG_ROLE),
        ),
    ),
    "GET changelog/get/": pages(
        "changelog_list",
        exactly(
            time={"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"},
            activity_type=one_of("USER", "ACCOUNT", "ASSET", "BUSINESS"),
            operator_id=nullable(ID),
            activity_log=TEXT,
        ),
    ),
}
"""`METHOD path/` -> `data` of a success; endpoints that are missing answer an empty object."""


ENVELOPE = exactly(code=COUNT, message=TEXT, request_id=TEXT, data={"type": "object"})


def check_request(method: str, url: str, body: bytes) -> None:
    """Hold a request against the contract; an endpoint that the contract does not have is a KeyError."""
    parts = urlsplit(url)
    sent = json.loads(body) if method == "POST" else {name: _decode(text) for name, text in _query(parts.query)}
    _check(sent, REQUESTS[f"{method} {parts.path.removeprefix(PREFIX)}"], f"{method} {parts.path}")


def check_response(method: str, url: str, status: int, body: bytes) -> None:
    """Hold an answer of the API against the contract: the envelope always, the data of a success."""
    document = json.loads(body)
    assert status == 200, f"HTTP {status}"
    _check(document, ENVELOPE, url)
    name = f"{method} {urlsplit(url).path.removeprefix(PREFIX)}"
    if document["code"] == 0:
        assert document["message"] == "OK"
        _check(document["data"], RESPONSES.get(name, NOTHING), name)
    else:
        assert document["data"] == {}


def _query(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))


def _decode(text: str) -> object:
    """JSON where it is an object, a list or a flag; pages are numbers, ids stay texts."""
    if text[:1] in ("{", "[") or text in ("true", "false"):
        return json.loads(text)
    return int(text) if text.isdigit() and len(text) < 6 else text


@cache
def _validator(number: int) -> Validator:
    """Of the schema with this id: all of them live as long as this module, and making one takes long."""
    from jsonschema import Draft202012Validator

    every = (*REQUESTS.values(), *RESPONSES.values(), ENVELOPE, NOTHING)
    return Draft202012Validator(next(schema for schema in every if id(schema) == number))


def _check(value: Any, schema: Schema, where: str) -> None:
    errors = sorted(_validator(id(schema)).iter_errors(value), key=lambda error: error.json_path)
    assert not errors, f"{where}: " + "; ".join(f"{error.json_path}: {error.message}" for error in errors)
