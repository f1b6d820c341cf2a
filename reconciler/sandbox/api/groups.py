"""bc/asset_group/*: some ad accounts, and members with one role on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.sandbox.api.calls import Call, Data, Route
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.numbers import asset_id, get_asset_identity, get_group, group_id, user_id
from reconciler.sandbox.api.parameters import Parameter, asset_type, choice, ident, listed, paged, record, text
from reconciler.sandbox.groups import (
    add_asset_to_group,
    create_group,
    delete_group,
    rename_group,
    set_group_role,
    take_asset_from_group,
    take_from_group,
)
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.world import Row

_SCOPE: Final = 7153155400966176769
_PREFIX: Final = "ADVERTISER_ROLE_"
_ROLE: Final = choice(*(_PREFIX + role for role in ("ADMIN", "OPERATOR", "ANALYST")))


def _create(call: Call) -> Data:
    name = call.get("asset_group_name")
    create_group(call.world, call.bc, actor=call.caller.person, name=name)
    _add_assets(call, name)
    _add_members(call, name)
    row = call.world.rows(
        "SELECT id FROM asset_group WHERE organization = :bc AND name = :name", {"bc": call.bc.id, "name": name}
    )[0]
    return {"asset_group_id": group_id(row["id"])}


def _add_assets(call: Call, name: str) -> None:
    for number in _asset_numbers(call):
        identity = get_asset_identity(call.world, "ad_account", number)
        add_asset_to_group(call.world, call.bc, actor=call.caller.person, name=name, ad_account=identity)


def _add_members(call: Call, name: str) -> None:
    for member in _members(call):
        row = call.member(member["member_id"])
        role = member.get("asset_roles", {}).get("ADVERTISER", f"{_PREFIX}ADMIN").removeprefix(_PREFIX).lower()
        if call.options.group_member_again == "ignored" and _is_in(call, name, row):
            continue
        set_group_role(call.world, call.bc, actor=call.caller.person, name=name, address=row["identity"], role=role)


def _is_in(call: Call, name: str, member: Row) -> bool:
    found = call.world.find_row(
        "SELECT 1 FROM group_member JOIN asset_group ON asset_group.id = group_member.asset_group"
        " WHERE asset_group.organization = :bc AND asset_group.name = :name AND group_member.membership = :member",
        {"bc": call.bc.id, "name": name, "member": member["id"]},
    )
    return found is not None


def _list(call: Call) -> Data:
    """All groups; a keyword is an exact name or an id."""
    rows = call.world.rows("SELECT * FROM asset_group WHERE organization = :bc ORDER BY id", {"bc": call.bc.id})
    keyword = call.filtering.get("keyword")
    wanted = [row for row in rows if keyword in (None, row["name"], group_id(row["id"]))]
    return call.page(
        wanted,
        lambda row: {"asset_group_id": group_id(row["id"]), "asset_group_name": row["name"]},
        key="asset_groups",
    )


def _get(call: Call) -> Data:
    """One group, with a page either of its ad accounts or of its members."""
    group = get_group(call.world, call.bc.id, call.get("asset_group_id"))
    is_assets = call.get("query_entity") == "ASSET"
    key = "assets" if is_assets else "members"
    page = call.page(_group_assets(call, group) if is_assets else _group_members(call, group), dict, key=key)
    shown: object = {
        "asset_group_id": group_id(group["id"]),
        "asset_group_name": group["name"],
        key: page[key],
    }
    return {
        "asset_group": shown if call.options.group_get_shape == "object" else [shown],
        "page_info": page["page_info"],
    }


def _group_assets(call: Call, group: Row) -> list[Data]:
    rows = call.world.rows(
        "SELECT asset.id AS asset_number, asset.identity, asset.name FROM group_asset"
        " JOIN holding ON holding.id = group_asset.holding JOIN asset ON asset.id = holding.asset"
        " WHERE group_asset.asset_group = :group ORDER BY asset.id",
        {"group": group["id"]},
    )
    keyword = call.filtering.get("keyword", "").casefold()
    wanted = [row for row in rows if keyword in row["name"].casefold() or keyword == asset_id(row)]
    return [{"asset_type": "ADVERTISER", "asset_id": asset_id(row)} for row in wanted]


def _group_members(call: Call, group: Row) -> list[Data]:
    rows = call.world.rows(
        "SELECT membership.person, membership.identity, person.name, group_member.role FROM group_member"
        " JOIN membership ON membership.id = group_member.membership JOIN person ON person.id = membership.person"
        " WHERE group_member.asset_group = :group ORDER BY membership.id",
        {"group": group["id"]},
    )
    keyword = call.filtering.get("keyword", "").casefold()
    wanted = [row for row in rows if keyword in row["name"].casefold() or keyword == row["identity"]]
    return [
        {"member_id": user_id(row["person"]), "asset_roles": {"ADVERTISER": f"{_PREFIX}{row['role'].upper()}"}}
        for row in wanted
    ]


def _update(call: Call) -> None:
    """Another name, or more or fewer assets or members; members that are in may get another role."""
    name = get_group(call.world, call.bc.id, call.get("asset_group_id"))["name"]
    entity, action = call.get("update_entity"), call.get("action")
    if entity == "NAME":
        _require(call, "asset_group_name")
        new_name = call.get("asset_group_name")
        rename_group(call.world, call.bc, actor=call.caller.person, name=name, new_name=new_name)
        return
    _require(call, "action", f"{entity.lower()}s")
    match entity, action:
        case "ASSET", "ADD":
            _add_assets(call, name)
        case "ASSET", _:
            _take_assets(call, name)
        case _, "ADD":
            _add_members(call, name)
        case _:
            _take_members(call, name)


def _require_rest(call: Call, name: str, table: str, asked: int) -> None:
    """Refuse to take the last ones out, where a group may not be empty; whoever names nobody in it meets that first."""
    there = call.world.count(
        f"SELECT count(*) FROM {table} JOIN asset_group ON asset_group.id = {table}.asset_group"  # noqa: S608  # from below
        " WHERE asset_group.organization = :bc AND asset_group.name = :name",
        {"bc": call.bc.id, "name": name},
    )
    if asked >= there and not call.options.groups_may_be_empty:
        raise Refusal("invalid", f"asset group {name} can not be empty")


def _take_assets(call: Call, name: str) -> None:
    _require_rest(call, name, "group_asset", len(_asset_numbers(call)))
    for number in _asset_numbers(call):
        identity = get_asset_identity(call.world, "ad_account", number)
        take_asset_from_group(call.world, call.bc, actor=call.caller.person, name=name, ad_account=identity)


def _take_members(call: Call, name: str) -> None:
    _require_rest(call, name, "group_member", len(_members(call)))
    for member in _members(call):
        address = call.member(member["member_id"])["identity"]
        take_from_group(call.world, call.bc, actor=call.caller.person, name=name, address=address)


def _delete(call: Call) -> None:
    for number in call.params["asset_group_ids"]:
        name = get_group(call.world, call.bc.id, number)["name"]
        delete_group(call.world, call.bc, actor=call.caller.person, name=name)


def _asset_numbers(call: Call) -> list[str]:
    return [asset["asset_id"] for asset in call.params["assets"]]


def _members(call: Call) -> Sequence[Mapping[str, Any]]:
    members: Sequence[Mapping[str, Any]] = call.params["members"]
    return members


def _require(call: Call, *names: str) -> None:
    missing = [name for name in names if name not in call.params]
    if missing:
        raise RefusedCall(40002, f"Missing required field(s): {', '.join(missing)}.")


def _assets_field(*, required: bool) -> Parameter:
    asset = record(asset_id=ident(required=True), asset_type=asset_type("asset_group", required=False))
    return listed(asset, required=required, least=1, most=200)


def _members_field(*, required: bool) -> Parameter:
    member = record(member_id=ident(required=True), asset_roles=record(ADVERTISER=_ROLE))
    return listed(member, required=required, least=1, most=50)


ROUTES = (
    Route(
        method="POST",
        path="bc/asset_group/create/",
        answer=_create,
        parameters={
            "bc_id": ident(required=True),
            "asset_group_name": text(required=True),
            "assets": _assets_field(required=True),
            "members": _members_field(required=True),
        },
        scope=_SCOPE,
    ),
    Route(
        method="GET",
        path="bc/asset_group/list/",
        answer=_list,
        parameters={
            "bc_id": ident(required=True),
            "filtering": record(keyword=text(required=True)),
            **paged(50),
        },
        scope=_SCOPE,
        drops_null=True,
    ),
    Route(
        method="GET",
        path="bc/asset_group/get/",
        answer=_get,
        parameters={
            "bc_id": ident(required=True),
            "asset_group_id": ident(required=True),
            "query_entity": choice("ASSET", "MEMBER", required=True),
            "filtering": record(keyword=text(required=True)),
            **paged(50),
        },
        scope=_SCOPE,
        drops_null=True,
    ),
    Route(
        method="POST",
        path="bc/asset_group/update/",
        answer=_update,
        parameters={
            "bc_id": ident(required=True),
            "asset_group_id": ident(required=True),
            "update_entity": choice("ASSET", "MEMBER", "NAME", required=True),
            "action": choice("ADD", "DELETE"),
            "asset_group_name": text(),
            "assets": _assets_field(required=False),
            "members": _members_field(required=False),
        },
        scope=_SCOPE,
    ),
    Route(
        method="POST",
        path="bc/asset_group/delete/",
        answer=_delete,
        parameters={
            "bc_id": ident(required=True),
            "asset_group_ids": listed(ident(), required=True, least=1, most=1),
        },
        scope=_SCOPE,
    ),
)
