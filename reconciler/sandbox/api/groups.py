"""bc/asset_group/*: some ad accounts, and members with one role on all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from reconciler.sandbox.api.calls import (
    Call,
    Data,
    Endpoints,
    asset_id,
    get_asset_identity,
    get_group,
    group_id,
    user_id,
)
from reconciler.sandbox.api.messages import Parameter, asset_type, choice, ident, listed, record, refuse_missing, text
from reconciler.sandbox.assets import (
    add_asset_to_group,
    create_group,
    delete_group,
    rename_group,
    set_group_role,
    take_asset_from_group,
    take_from_group,
)
from reconciler.sandbox.world import Refusal, Row

API: Final = Endpoints(scope=7153155400966176769)

_PREFIX: Final = "ADVERTISER_ROLE_"
_ROLE: Final = choice(*(_PREFIX + role for role in ("ADMIN", "OPERATOR", "ANALYST")))


def _assets_field(*, required: bool) -> Parameter:
    asset = record(asset_id=ident(required=True), asset_type=asset_type("asset_group", required=False))
    return listed(asset, required=required, least=1, most=200)


def _members_field(*, required: bool) -> Parameter:
    member = record(member_id=ident(required=True), asset_roles=record(ADVERTISER=_ROLE))
    return listed(member, required=required, least=1, most=50)


@API.add(
    "POST bc/asset_group/create/",
    asset_group_name=text(required=True),
    assets=_assets_field(required=True),
    members=_members_field(required=True),
)
def _create(call: Call) -> Data:
    name = call.get("asset_group_name")
    call.act(create_group, name=name)
    _for_each_asset(call, name, add_asset_to_group)
    _add_members(call, name)
    (row,) = call.world.find_all("asset_group", organization=call.bc.id, name=name)
    return {"asset_group_id": group_id(row["id"])}


def _for_each_asset(call: Call, name: str, rule: Callable[..., None]) -> None:
    for asset in call.params["assets"]:
        call.act(rule, name=name, ad_account=get_asset_identity(call.world, "ad_account", asset["asset_id"]))


def _add_members(call: Call, name: str) -> None:
    for member in call.params["members"]:
        row = call.member(member["member_id"])
        role = member.get("asset_roles", {}).get("ADVERTISER", f"{_PREFIX}ADMIN").removeprefix(_PREFIX).lower()
        group = call.world.find("asset_group", organization=call.bc.id, name=name)
        is_in = group and call.world.find("group_member", asset_group=group["id"], membership=row["id"])
        if not is_in or call.options.group_member_again != "ignored":
            call.act(set_group_role, name=name, address=row["identity"], role=role)


@API.add("GET bc/asset_group/list/", drops_null=True, rows=50, filtering=record(keyword=text(required=True)))
def _list(call: Call) -> Data:
    """All groups; a keyword is an exact name or an id."""
    rows = call.world.rows("SELECT * FROM asset_group WHERE organization = :bc ORDER BY id", {"bc": call.bc.id})
    keyword = call.filtering.get("keyword")
    wanted = [row for row in rows if keyword in (None, row["name"], group_id(row["id"]))]
    return call.page(wanted, _group, key="asset_groups")


def _group(row: Row) -> dict[str, Any]:
    return {"asset_group_id": group_id(row["id"]), "asset_group_name": row["name"]}


@API.add(
    "GET bc/asset_group/get/",
    drops_null=True,
    rows=50,
    asset_group_id=ident(required=True),
    query_entity=choice("ASSET", "MEMBER", required=True),
    filtering=record(keyword=text(required=True)),
)
def _get(call: Call) -> Data:
    """One group, with a page either of its ad accounts or of its members."""
    group = get_group(call.world, call.bc.id, call.get("asset_group_id"))
    is_assets = call.get("query_entity") == "ASSET"
    key = "assets" if is_assets else "members"
    page = call.page(_group_assets(call, group) if is_assets else _group_members(call, group), dict, key=key)
    shown = _group(group) | {key: page.pop(key)}
    return {"asset_group": shown if call.options.group_get_shape == "object" else [shown], **page}


def _group_assets(call: Call, group: Row) -> list[Data]:
    rows = call.world.rows(
        "SELECT held.asset_number, held.identity, held.name FROM group_asset JOIN held ON held.id = group_asset.holding"
        " WHERE group_asset.asset_group = :group ORDER BY held.asset_number",
        {"group": group["id"]},
    )
    return [{"asset_type": "ADVERTISER", "asset_id": asset_id(row)} for row in call.search(rows)]


def _group_members(call: Call, group: Row) -> list[Data]:
    rows = call.world.rows(
        "SELECT membership.person, membership.identity, person.name, group_member.role FROM group_member"
        " JOIN membership ON membership.id = group_member.membership JOIN person ON person.id = membership.person"
        " WHERE group_member.asset_group = :group ORDER BY membership.id",
        {"group": group["id"]},
    )
    return [
        {"member_id": user_id(row["person"]), "asset_roles": {"ADVERTISER": f"{_PREFIX}{row['role'].upper()}"}}
        for row in rows
        if call.keyword in row["name"].casefold() or call.keyword == row["identity"]
    ]


@API.add(
    "POST bc/asset_group/update/",
    asset_group_id=ident(required=True),
    update_entity=choice("ASSET", "MEMBER", "NAME", required=True),
    action=choice("ADD", "DELETE"),
    asset_group_name=text(),
    assets=_assets_field(required=False),
    members=_members_field(required=False),
)
def _update(call: Call) -> None:
    """Another name, or more or fewer assets or members; members that are in may get another role."""
    name = get_group(call.world, call.bc.id, call.get("asset_group_id"))["name"]
    entity = call.get("update_entity")
    needed = ("asset_group_name",) if entity == "NAME" else ("action", f"{entity.lower()}s")
    missing = [field for field in needed if field not in call.params]
    if missing:
        refuse_missing(*missing)
    match entity, call.get("action"):
        case "NAME", _:
            call.act(rename_group, name=name, new_name=call.get("asset_group_name"))
        case "ASSET", "ADD":
            _for_each_asset(call, name, add_asset_to_group)
        case "ASSET", _:
            _require_rest(call, name, "group_asset", len(call.params["assets"]))
            _for_each_asset(call, name, take_asset_from_group)
        case _, "ADD":
            _add_members(call, name)
        case _:
            _require_rest(call, name, "group_member", len(call.params["members"]))
            for member in call.params["members"]:
                call.act(take_from_group, name=name, address=call.member(member["member_id"])["identity"])


def _require_rest(call: Call, name: str, table: str, asked: int) -> None:
    """Refuse to take the last ones out, where a group may not be empty; whoever names nobody in it meets that first."""
    there = call.world.count(
        f"SELECT count(*) FROM {table} JOIN asset_group ON asset_group.id = {table}.asset_group"  # noqa: S608  # from above
        " WHERE asset_group.organization = :bc AND asset_group.name = :name",
        {"bc": call.bc.id, "name": name},
    )
    if asked >= there and not call.options.groups_may_be_empty:
        raise Refusal("invalid", f"asset group {name} can not be empty")


@API.add("POST bc/asset_group/delete/", asset_group_ids=listed(ident(), required=True, least=1, most=1))
def _delete(call: Call) -> None:
    for number in call.params["asset_group_ids"]:
        call.act(delete_group, name=get_group(call.world, call.bc.id, number)["name"])
