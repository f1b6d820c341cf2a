"""Tokens and their owners, ad accounts, the activity log; and what is known to exist but is not emulated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NoReturn

from reconciler.sandbox.api.access import Caller, exchange, find_caller, get_app, revoke_token
from reconciler.sandbox.api.calls import Call, Data, Route
from reconciler.sandbox.api.masking import shown
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.numbers import asset_id, core_user_id, user_id
from reconciler.sandbox.api.parameters import choice, flag, ident, listed, paged, record, text
from reconciler.sandbox.registry import find_address, find_person
from reconciler.sandbox.world import Event, Row

_ACCOUNTS: Final = 100
_ADS_MANAGEMENT: Final = 20
_LOG_DAYS: Final = 7

_ACTIVITIES: Final = {
    "ASSET": frozenset(
        {"grant", "revoke", "request_access", "approve", "link", "unlink", "use", "group", "transfer"}
        | {"create_group", "delete_group"}
    ),
    "BUSINESS": frozenset({"create", "add_partner", "remove_partner", "share", "unshare"}),
}
"""Activity type -> verbs of the world's log; the other verbs are about users."""


def _exchange_code(call: Call) -> Data:
    token, caller = _exchange(call, "app_id", "secret", "auth_code")
    answer = {"access_token": token, "scope": sorted(caller.scopes)}
    if call.params.get("return_advertiser_ids", True):
        answer["advertiser_ids"] = [asset_id(row) for row in _advertisers(call, caller)]
    return answer


def _exchange_as_oauth(call: Call) -> Data:
    token, caller = _exchange(call, "client_id", "client_secret", "code")
    ids = [asset_id(row) for row in _advertisers(call, caller)]
    scopes = sorted(caller.scopes)
    return {"access_token": token, "token_type": "Bearer", "scope": scopes, "advertiser_ids": ids}


def _exchange(call: Call, app: str, secret: str, code: str) -> tuple[str, Caller]:
    found = get_app(call.world, call.get(app), call.get(secret))
    return exchange(call.world, found, call.get(code))


def _revoke(call: Call) -> Data:
    app = get_app(call.world, call.get("app_id"), call.get("secret"))
    token = call.get("access_token")
    caller = find_caller(call.world, token)
    if caller is None or caller.app != app["id"]:
        raise RefusedCall(40105, "Access token is incorrect or has been revoked.")
    ids = [asset_id(row) for row in _advertisers(call, caller)]
    revoke_token(call.world, token)
    return {"app_id": app["id"], "advertiser_ids": ids}


def _get_advertisers(call: Call) -> Data:
    """Ad accounts that the token reaches."""
    get_app(call.world, call.get("app_id"), call.get("secret"))
    rows = _advertisers(call, call.caller)
    return {"list": [{"advertiser_id": asset_id(row), "advertiser_name": row["name"]} for row in rows]}


def _advertisers(call: Call, caller: Caller) -> list[Row]:
    return call.world.rows(
        "SELECT asset.id AS asset_number, asset.identity, asset.name, asset_grant.roles, membership.role,"
        " owner.identity AS owner_bc_id, owner.id = membership.organization AS is_owner FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership AND membership.status = 'active'"
        " JOIN holding ON holding.id = asset_grant.holding JOIN asset ON asset.id = holding.asset"
        " LEFT JOIN organization AS owner ON owner.id = asset.owner_organization"
        " WHERE membership.person = :person AND asset.kind = 'ad_account' GROUP BY asset.id ORDER BY asset.id",
        {"person": caller.person},
    )


def _get_advertiser_info(call: Call) -> Data:
    """Ad accounts by id; one that is out of reach fails the whole call."""
    reach = {asset_id(row): row for row in _advertisers(call, call.caller)}
    wanted = call.params["advertiser_ids"]
    for number in wanted:
        if number not in reach:
            raise RefusedCall(40001, f"No permission to operate advertiser {number}")
    fields = call.params.get("fields")
    rows = [_advertiser_info(number, reach[number]) for number in wanted]
    return {"list": [{name: row[name] for name in row if fields is None or name in fields} for row in rows]}


def _advertiser_info(number: str, row: Row) -> dict[str, Any]:
    """The owner is only told to admins of the Business Center that owns it."""
    return {
        "advertiser_id": number,
        "name": row["name"],
        "owner_bc_id": row["owner_bc_id"] if row["is_owner"] and row["role"] == "admin" else None,
        "status": "STATUS_ENABLE",
        "role": "ROLE_ADVERTISER",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
    }


def _get_user(call: Call) -> Data:
    person = call.world.rows("SELECT * FROM person WHERE id = :id", {"id": call.caller.person})[0]
    address = find_address(call.world, person["id"], system="business_center")
    number = core_user_id(person["id"], equal=call.options.core_user_id == "equal")
    return {
        "id": number,
        "core_user_id": number,
        "display_name": person["name"] or address.partition("@")[0],
        "email": shown(address, call.options.mask_emails),
        "create_time": 1_700_000_000,
        "avatar_url": "",
    }


def _get_changes(call: Call) -> Data:
    """Who did what, by hand or through the API; the last seven days unless two days are named."""
    first, last = _get_period(call)
    wanted = call.filtering.get("activity_type", "ALL")
    events = [
        event
        for event in call.world.events(call.bc.id)
        if first <= event.at.date() <= last and wanted in ("ALL", _activity(event))
    ]
    if call.get("sort_type", "DESC") == "DESC":
        events.reverse()
    return call.page(events, lambda event: _change(call, event), key="changelog_list")


def _get_period(call: Call) -> tuple[date, date]:
    wanted = call.filtering
    if ("start_date" in wanted) != ("end_date" in wanted):
        raise RefusedCall(40002, "filtering: start_date and end_date have to be given together")
    today = call.world.now().date()
    try:
        first = date.fromisoformat(wanted.get("start_date", str(today - timedelta(days=_LOG_DAYS))))
        return first, date.fromisoformat(wanted.get("end_date", str(today)))
    except ValueError:
        raise RefusedCall(40002, "filtering.start_date: a date is written YYYY-MM-DD") from None


def _change(call: Call, event: Event) -> Data:
    actor = find_person(call.world, event.actor)
    return {
        "time": event.at.strftime("%Y-%m-%d %H:%M:%S"),
        "activity_type": _activity(event),
        "operator_id": user_id(actor) if actor else None,
        "activity_log": event.text,
    }


def _activity(event: Event) -> str:
    return next((name for name, verbs in _ACTIVITIES.items() if event.verb in verbs), "USER")


def _refuse(_call: Call) -> NoReturn:
    """It exists on the real platform, has nothing to do with access, and is not emulated."""
    raise RefusedCall(40008, "This endpoint is not implemented here.")


def _code_fields(app: str, secret: str, code: str) -> Mapping[str, Any]:
    return {name: text(required=True) for name in (app, secret, code)}


_NOT_EMULATED: Final = ("bc/advertiser/create/", "bc/advertiser/disable/", "bc/oa/create/")

ROUTES = (
    Route(
        method="POST",
        path="oauth2/access_token/",
        answer=_exchange_code,
        parameters={**_code_fields("app_id", "secret", "auth_code"), "return_advertiser_ids": flag()},
        needs_token=False,
    ),
    Route(
        method="POST",
        path="oauth/token/",
        answer=_exchange_as_oauth,
        parameters={
            **_code_fields("client_id", "client_secret", "code"),
            "grant_type": choice("authorization_code", required=True),
        },
        needs_token=False,
        takes_forms=True,
    ),
    Route(
        method="POST",
        path="oauth2/revoke_token/",
        answer=_revoke,
        parameters=_code_fields("app_id", "secret", "access_token"),
    ),
    Route(
        method="GET",
        path="oauth2/advertiser/get/",
        answer=_get_advertisers,
        parameters={"app_id": text(required=True), "secret": text(required=True)},
        scope=_ACCOUNTS,
    ),
    Route(
        method="GET",
        path="advertiser/info/",
        answer=_get_advertiser_info,
        parameters={"advertiser_ids": listed(ident(), required=True, least=1, most=100), "fields": listed(text())},
        scope=_ACCOUNTS,
    ),
    Route(method="GET", path="user/info/", answer=_get_user, parameters={}),
    Route(
        method="GET",
        path="changelog/get/",
        answer=_get_changes,
        parameters={
            "bc_id": ident(required=True),
            "filtering": record(
                start_date=text(),
                end_date=text(),
                activity_type=choice("ALL", "USER", "ACCOUNT", "ASSET", "BUSINESS"),
            ),
            "lang": text(),
            "sort_field": choice("operation_time"),
            "sort_type": choice("DESC", "ASC"),
            **paged(50),
        },
        scope=_ADS_MANAGEMENT,
    ),
    *(Route(method="POST", path=path, answer=_refuse, parameters={}) for path in _NOT_EMULATED),
)
