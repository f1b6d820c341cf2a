"""Tokens and their owners, ad accounts, the activity log; and what is known to exist but is not emulated."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final, NoReturn

from reconciler.sandbox.api.calls import Call, Data, Endpoints, user_id
from reconciler.sandbox.api.configuration import Caller, RefusedCall, exchange, find_caller, get_app
from reconciler.sandbox.api.messages import choice, flag, ident, listed, record, text
from reconciler.sandbox.assets import asset_id
from reconciler.sandbox.registry import find_address, find_person
from reconciler.sandbox.world import Event, Row

API: Final = Endpoints()

_ACCOUNTS: Final = 100
_ADS_MANAGEMENT: Final = 20
_LOG_DAYS: Final = 7

_APP: Final = {"app_id": text(required=True), "secret": text(required=True)}
_ACTIVITIES: Final = {
    "ASSET": frozenset(
        {"grant", "revoke", "request_access", "approve", "link", "unlink", "use", "group", "transfer"}
        | {"create_group", "delete_group"}
    ),
    "BUSINESS": frozenset({"create", "add_partner", "remove_partner", "share", "unshare"}),
}
"""Activity type -> verbs of the world's log; the other verbs are about users."""


@API.add(
    "POST oauth2/access_token/", _APP, serves="everybody", auth_code=text(required=True), return_advertiser_ids=flag()
)
def _exchange_code(call: Call) -> Data:
    app = get_app(call.world, call.get("app_id"), call.get("secret"))
    token, caller = exchange(call.world, app, call.get("auth_code"))
    answer = {"access_token": token, "scope": sorted(caller.scopes)}
    if call.params.get("return_advertiser_ids", True):
        answer["advertiser_ids"] = [asset_id(row) for row in _advertisers(call, caller)]
    return answer


@API.add(
    "POST oauth/token/",
    serves="everybody",
    takes_forms=True,
    client_id=text(required=True),
    client_secret=text(required=True),
    code=text(required=True),
    grant_type=choice("authorization_code", required=True),
)
def _exchange_as_oauth(call: Call) -> Data:
    app = get_app(call.world, call.get("client_id"), call.get("client_secret"))
    token, caller = exchange(call.world, app, call.get("code"))
    ids = [asset_id(row) for row in _advertisers(call, caller)]
    return {"access_token": token, "token_type": "Bearer", "scope": sorted(caller.scopes), "advertiser_ids": ids}


@API.add("POST oauth2/revoke_token/", _APP, serves="tokens", access_token=text(required=True))
def _revoke(call: Call) -> Data:
    app = get_app(call.world, call.get("app_id"), call.get("secret"))
    token = call.get("access_token")
    caller = find_caller(call.world, token)
    if caller is None or caller.app != app["id"]:
        raise RefusedCall(40105, "Access token is incorrect or has been revoked.")
    ids = [asset_id(row) for row in _advertisers(call, caller)]
    call.world.delete("api_token", token=token)
    return {"app_id": app["id"], "advertiser_ids": ids}


@API.add("GET oauth2/advertiser/get/", _APP, scope=_ACCOUNTS, serves="tokens")
def _get_advertisers(call: Call) -> Data:
    get_app(call.world, call.get("app_id"), call.get("secret"))
    rows = _advertisers(call, call.caller)
    return {"list": [{"advertiser_id": asset_id(row), "advertiser_name": row["name"]} for row in rows]}


def _advertisers(call: Call, caller: Caller) -> list[Row]:
    return call.world.rows(
        "SELECT held.asset_number, held.identity, held.name, asset_grant.roles, membership.role,"
        " owner.identity AS owner_bc_id, owner.id = membership.organization AS is_owner FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership AND membership.status = 'active'"
        " JOIN held ON held.id = asset_grant.holding"
        " LEFT JOIN organization AS owner ON owner.id = held.owner_organization"
        " WHERE membership.person = :person AND held.kind = 'ad_account' GROUP BY asset_number ORDER BY asset_number",
        {"person": caller.person},
    )


@API.add(
    "GET advertiser/info/",
    scope=_ACCOUNTS,
    serves="tokens",
    advertiser_ids=listed(ident(), required=True, least=1, most=100),
    fields=listed(text()),
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


@API.add("GET user/info/", serves="tokens")
def _get_user(call: Call) -> Data:
    (person,) = call.world.find_all("person", id=call.caller.person)
    address = find_address(call.world, person["id"], system="business_center")
    number = user_id(person["id"])
    if call.options.core_user_id == "other":
        number = f"65{number[2:]}"
    return {
        "id": number,
        "core_user_id": number,
        "display_name": person["name"] or address.partition("@")[0],
        "email": call.format_address(address),
        "create_time": 1_700_000_000,
        "avatar_url": "",
    }


@API.add(
    "GET changelog/get/",
    scope=_ADS_MANAGEMENT,
    rows=50,
    filtering=record(
        start_date=text(), end_date=text(), activity_type=choice("ALL", "USER", "ACCOUNT", "ASSET", "BUSINESS")
    ),
    lang=text(),
    sort_field=choice("operation_time"),
    sort_type=choice("DESC", "ASC"),
)
def _get_changes(call: Call) -> Data:
    """Who did what, by hand or through the API; the last seven days unless two days are named."""
    filtering, today = call.filtering, call.world.now().date()
    if ("start_date" in filtering) != ("end_date" in filtering):
        raise RefusedCall(40002, "filtering: start_date and end_date have to be given together")
    try:
        first = date.fromisoformat(filtering.get("start_date", str(today - timedelta(days=_LOG_DAYS))))
        last = date.fromisoformat(filtering.get("end_date", str(today)))
    except ValueError:
        raise RefusedCall(40002, "filtering.start_date: a date is written YYYY-MM-DD") from None
    wanted = filtering.get("activity_type", "ALL")
    events = [
        event
        for event in call.world.events(call.bc.id)
        if first <= event.at.date() <= last and wanted in ("ALL", _activity(event))
    ]
    if call.get("sort_type", "DESC") == "DESC":
        events.reverse()
    return call.page(events, lambda event: _change(call, event), key="changelog_list")


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


@API.add("POST bc/oa/create/", serves="tokens")
@API.add("POST bc/advertiser/disable/", serves="tokens")
@API.add("POST bc/advertiser/create/", serves="tokens")
def _refuse(_call: Call) -> NoReturn:
    """It exists on the real platform, has nothing to do with access, and is not emulated."""
    raise RefusedCall(40008, "This endpoint is not implemented here.")
