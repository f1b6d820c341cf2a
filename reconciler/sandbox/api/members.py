"""bc/get, bc/member/*, bc/partner/* and bc/asset_group/*: with whom a Business Center works."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.sandbox import assets, members, partners
from reconciler.sandbox.api.calls import Call, Data, Endpoints, group_id, user_id
from reconciler.sandbox.api.configuration import RefusedCall, refuse_if_code
from reconciler.sandbox.api.messages import (
    Parameter,
    asset_type,
    choice,
    email,
    ident,
    listed,
    record,
    refuse_missing,
    text,
)
from reconciler.sandbox.registry import get_person, normalise
from reconciler.sandbox.world import Refusal, Row

API: Final = Endpoints()

_RELATIONS = {"active": "BOUND", "invited": "PENDING", "declined": "REJECTED"}
_PENDING_NUMBERS = {"null": None, "empty": "", "zero": "0", "repeated": user_id(0)}

_ROLES = choice("ADMIN", "STANDARD")
_FINANCE = record(finance_role=choice("MANAGER", "ANALYST"))


@API.add("GET bc/get/", scope=150, serves="tokens", drops_null=True, rows=50, bc_id=ident())
def _get_bcs(call: Call) -> Data:
    """Business Centers of the token's owner; the only list that tells their own role."""
    rows = call.world.rows(
        "SELECT organization.identity, organization.name, membership.role, membership.finance FROM membership"
        " JOIN organization ON organization.id = membership.organization"
        " WHERE membership.person = :person AND membership.status = 'active'"
        " AND organization.system = 'business_center' AND (:bc_id IS NULL OR organization.identity = :bc_id)"
        " ORDER BY organization.id",
        {"person": call.caller.person, "bc_id": call.params.get("bc_id")},
    )
    if "bc_id" in call.params and not rows:
        refuse_if_code(call.options.unknown_bc, f"Business center {call.get('bc_id')} does not exist")
    return call.page(rows, _bc)


def _bc(row: Row) -> Data:
    info = {
        "bc_id": row["identity"],
        "name": row["name"],
        "company": row["name"],
        "currency": "EUR",
        "registered_area": "DE",
        "status": "ENABLE",
        "timezone": "Europe/Berlin",
        "type": "NORMAL",
        "verification_status": "VERIFIED",
    }
    return {"bc_info": info, "user_role": row["role"].upper(), "ext_user_role": _finance(row)}


def _finance(row: Row) -> Data:
    return {"finance_role": row["finance"].upper() or None}


@API.add(
    "GET bc/member/get/",
    rows=20,
    filtering=record(
        keyword=text(), user_role=_ROLES, relation_status=choice("BOUND", "PENDING", "REJECTED", "UNBOUND")
    ),
)
def _get_members(call: Call) -> Data:
    relations, wanted, keyword = _relations(call), call.filtering, call.keyword
    statuses = [status for status, name in relations.items() if wanted.get("relation_status", name) == name]
    # Of thousands of rows a page shows twenty, and only those are read in full.
    names, person = (
        (", membership.identity, person.name", " JOIN person ON person.id = membership.person") if keyword else ("", "")
    )
    rows = call.world.rows(
        f"SELECT membership.id{names} FROM membership{person}"  # noqa: S608  # two texts from just above
        " WHERE membership.organization = :bc AND membership.status IN (SELECT value FROM json_each(:statuses))"
        " AND (:role IS NULL OR membership.role = lower(:role)) ORDER BY membership.id",
        {"bc": call.bc.id, "statuses": json.dumps(statuses), "role": wanted.get("user_role")},
    )
    found = [row for row in rows if _is_found(call, row)] if keyword else rows
    return call.page(found, lambda row: _member(call, row["id"], relations))


def _relations(call: Call) -> dict[str, str]:
    """What each status in the world is called; the ones that are missing are not listed."""
    relations = dict(_RELATIONS)
    if call.options.rejected_rows == "hidden":
        del relations["declined"]
    if call.options.expired_rows != "hidden":
        relations["expired"] = call.options.expired_rows.upper()
    return relations


def _is_found(call: Call, row: Row) -> bool:
    address = row["identity"]
    if not call.options.keyword_finds_masked:
        address = call.format_address(address)
    return call.keyword in address.casefold() or call.keyword in row["name"].casefold()


def _member(call: Call, membership: int, relations: Mapping[str, str]) -> Data:
    (row,) = call.world.rows(
        "SELECT membership.*, person.name FROM membership JOIN person ON person.id = membership.person"
        " WHERE membership.id = :id",
        {"id": membership},
    )
    relation = relations[row["status"]]
    is_bound = relation == "BOUND"
    unknown = None if call.options.pending_user_id == "null" else ""
    return {
        "user_id": user_id(row["person"]) if is_bound else _PENDING_NUMBERS[call.options.pending_user_id],
        "user_name": (row["name"] or row["identity"].partition("@")[0]) if is_bound else unknown,
        "user_email": call.format_address(row["identity"]),
        "user_role": row["role"].upper(),
        "relation_status": relation,
        "ext_user_role": _finance(row),
    }


@API.add(
    "POST bc/member/invite/",
    emails=listed(email(), required=True, least=1, most=50),
    user_role=_ROLES,
    asset_ids=listed(ident(), most=50),
    asset_type=asset_type("member/invite", required=False),
    advertiser_role=choice("ADMIN", "OPERATOR", "ANALYST"),
    ext_user_role=_FINANCE,
)
def _invite(call: Call) -> None:
    """Addresses that are in or invited already are passed over; the answer does not say which."""
    role, finance = call.get("user_role", "STANDARD").lower(), _asked_finance(call)
    for index, address in enumerate(call.params["emails"]):
        allowed = call.options.email_domains
        if allowed and address.casefold().rpartition("@")[2] not in allowed:
            if call.options.outside_domains == "dropped":
                continue
            raise RefusedCall(40002, f"emails.{index}: the domain is not allowed in this business center")
        former = members.find_membership(call.bc, address)
        if former is not None and former["status"] == "expired" and call.options.expired_rows == "pending":
            continue  # an invitation that ran out still stands in the way of another
        call.act(members.invite, address=address, role=role, finance=finance or "")
        if members.get_membership(call.bc, address)["status"] == "invited":
            ad_accounts, access = call.params.get("asset_ids", []), call.get("advertiser_role", "ANALYST").lower()
            call.act(assets.promise, ad_accounts=ad_accounts, address=address, role=access)
            if call.options.former_members == "in" and _was_in(call, address):
                members.answer_invitation(call.bc, person=get_person(call.world, address), agree=True)


def _was_in(call: Call, address: str) -> bool:
    """According to the world's log, which outlives memberships."""
    told = {f"removed {normalise(address)}", f"{normalise(address)} left"}
    return any(event.text in told for event in call.world.events(call.bc.id))


def _asked_finance(call: Call) -> str | None:
    asked: dict[str, Any] = call.params.get("ext_user_role", {})
    finance = asked.get("finance_role")
    return None if finance is None else str(finance).lower()


@API.add(
    "POST bc/member/update/",
    user_id=ident(required=True),
    user_role=_ROLES,
    user_name=text(most=250),
    ext_user_role=_FINANCE,
)
def _update(call: Call) -> None:
    """Whatever is left out stays as it is; so no finance role can be taken away."""
    member = call.member(call.get("user_id"))
    finance = _asked_finance(call)
    role = call.get("user_role", member["role"]).lower()
    finance = member["finance"] if finance is None else finance
    call.act(members.change_role, address=member["identity"], role=role, finance=finance)
    if "user_name" in call.params:
        call.world.update("person", {"id": member["person"]}, name=call.get("user_name"))


@API.add("POST bc/member/delete/", user_id=ident(), user_email=email())
def _delete(call: Call) -> None:
    """Members go by their number, invitations by the real address."""
    if ("user_id" in call.params) == ("user_email" in call.params):
        raise RefusedCall(40002, "user_id: exactly one of user_id and user_email has to be given")
    if "user_email" in call.params:
        call.act(members.cancel_invitation, address=call.get("user_email"))
        return
    member = call.member(call.get("user_id"))
    if member["person"] == call.caller.person:
        refuse_if_code(call.options.self_delete, "You can not delete yourself from the business center")
    call.act(members.remove, address=member["identity"])


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
    known = partners.find_partnership(call.bc, partner)
    if known is None or known["status"] == "declined":
        call.act(partners.add_partner, partner=partner)
    elif not numbers:
        refuse_if_code(call.options.partner_again, f"business center {partner} is a partner already")
    for number in numbers:
        identity = call.identity("ad_account", number)
        if call.options.share_again != "raises" and _has_lower_share(call, identity, role):
            refuse_if_code(call.options.share_again, f"asset({number}) is shared with {partner} already")
            continue
        call.act(partners.share, partner=partner, kind="ad_account", identity=identity, role=role)


def _has_lower_share(call: Call, identity: str, role: str) -> bool:
    row = call.world.find("shared", lender=call.bc.id, borrower_bc=call.get("partner_id"), identity=identity)
    return row is not None and assets.AD_ACCOUNT_ROLES.index(row["role"]) < assets.AD_ACCOUNT_ROLES.index(role)


@API.add("POST bc/partner/delete/", partner_id=ident(required=True))
def _end_partnership(call: Call) -> None:
    """End a partnership from either side; what was shared either way is taken back."""
    partner = call.get("partner_id")
    if partners.find_partnership(call.bc, partner) is None and _is_partner(call):
        call.act(partners.add_partner, partner=partner)
    call.act(partners.remove_partner, partner=partner)


def _is_partner(call: Call) -> bool:
    rows = call.world.rows(_PARTNERSHIPS, {"bc": call.bc.id})
    return any(row["bc_id"] == call.get("partner_id") for row in rows)


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
        "asset_id": assets.asset_id(row),
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
        identity = call.identity(kind, number)
        if kind not in partners.SHARE_ROLES:
            raise Refusal("unknown", f"{number} is not shared with {call.get('partner_id')}")
        call.act(partners.unshare, partner=call.get("partner_id"), kind=kind, identity=identity)


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
def _create_group(call: Call) -> Data:
    name = call.get("asset_group_name")
    call.act(assets.create_group, name=name)
    (group,) = call.world.find_all("asset_group", organization=call.bc.id, name=name)
    _for_each_asset(call, group, assets.add_asset_to_group)
    _add_members(call, group)
    return {"asset_group_id": group_id(group["id"])}


def _for_each_asset(call: Call, group: Row, rule: Callable[..., None]) -> None:
    for asset in call.params["assets"]:
        call.act(rule, name=group["name"], ad_account=call.identity("ad_account", asset["asset_id"]))


def _add_members(call: Call, group: Row) -> None:
    for member in call.params["members"]:
        row = call.member(member["member_id"])
        role = member.get("asset_roles", {}).get("ADVERTISER", f"{_PREFIX}ADMIN").removeprefix(_PREFIX).lower()
        is_in = call.world.find("group_member", asset_group=group["id"], membership=row["id"]) is not None
        if not is_in or call.options.group_member_again != "ignored":
            call.act(assets.set_group_role, name=group["name"], address=row["identity"], role=role)


@API.add("GET bc/asset_group/list/", drops_null=True, rows=50, filtering=record(keyword=text(required=True)))
def _get_groups(call: Call) -> Data:
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
def _get_group(call: Call) -> Data:
    """One group, with a page either of its ad accounts or of its members."""
    group = call.group(call.get("asset_group_id"))
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
    return [{"asset_type": "ADVERTISER", "asset_id": assets.asset_id(row)} for row in call.search(rows)]


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
def _update_group(call: Call) -> None:
    """Another name, or more or fewer assets or members; members that are in may get another role."""
    group, entity = call.group(call.get("asset_group_id")), call.get("update_entity")
    needed = ("asset_group_name",) if entity == "NAME" else ("action", f"{entity.lower()}s")
    missing = [field for field in needed if field not in call.params]
    if missing:
        refuse_missing(*missing)
    match entity, call.get("action"):
        case "NAME", _:
            call.act(assets.rename_group, name=group["name"], new_name=call.get("asset_group_name"))
        case "ASSET", "ADD":
            _for_each_asset(call, group, assets.add_asset_to_group)
        case "ASSET", _:
            _require_rest(call, group, "group_asset", len(call.params["assets"]))
            _for_each_asset(call, group, assets.take_asset_from_group)
        case _, "ADD":
            _add_members(call, group)
        case _:
            _require_rest(call, group, "group_member", len(call.params["members"]))
            for member in call.params["members"]:
                address = call.member(member["member_id"])["identity"]
                call.act(assets.take_from_group, name=group["name"], address=address)


def _require_rest(call: Call, group: Row, table: str, asked: int) -> None:
    """Refuse to take the last ones out, where a group may not be empty; whoever names nobody in it meets that first."""
    there = len(call.world.find_all(table, asset_group=group["id"]))
    if asked >= there and not call.options.groups_may_be_empty:
        raise Refusal("invalid", f"asset group {group['name']} can not be empty")


@API.add("POST bc/asset_group/delete/", asset_group_ids=listed(ident(), required=True, least=1, most=1))
def _delete_groups(call: Call) -> None:
    for number in call.params["asset_group_ids"]:
        call.act(assets.delete_group, name=call.group(number)["name"])
