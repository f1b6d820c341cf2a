"""bc/get and bc/member/*."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from reconciler.sandbox.api.calls import Call, Data, Endpoints
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.naming import format_address, user_id
from reconciler.sandbox.api.parameters import asset_type, choice, email, ident, listed, record, text
from reconciler.sandbox.assets import promise
from reconciler.sandbox.members import (
    answer_invitation,
    cancel_invitation,
    change_role,
    find_membership,
    get_membership,
    invite,
    remove,
)
from reconciler.sandbox.registry import get_person, normalise
from reconciler.sandbox.world import Row

API: Final = Endpoints(scope=156)

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
    if "bc_id" in call.params and not rows and call.options.unknown_bc != "empty":
        raise RefusedCall(int(call.options.unknown_bc), f"Business center {call.get('bc_id')} does not exist")
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
    relations = _relations(call)
    # Of thousands of rows a page shows twenty, and only those are read in full.
    return call.page(_find_members(call, relations), lambda row: _member(call, row["id"], relations))


def _find_members(call: Call, relations: Mapping[str, str]) -> list[Row]:
    wanted = call.filtering
    statuses = [status for status, name in relations.items() if wanted.get("relation_status", name) == name]
    keyword = wanted.get("keyword", "").casefold()
    names, person = (
        (", membership.identity, person.name", " JOIN person ON person.id = membership.person") if keyword else ("", "")
    )
    rows = call.world.rows(
        f"SELECT membership.id{names} FROM membership{person}"  # noqa: S608  # two texts from just above
        " WHERE membership.organization = :bc AND membership.status IN (SELECT value FROM json_each(:statuses))"
        " AND (:role IS NULL OR membership.role = lower(:role)) ORDER BY membership.id",
        {"bc": call.bc.id, "statuses": json.dumps(statuses), "role": wanted.get("user_role")},
    )
    return [row for row in rows if _is_found(call, row, keyword)] if keyword else rows


def _relations(call: Call) -> dict[str, str]:
    """What each status in the world is called; the ones that are missing are not listed."""
    relations = dict(_RELATIONS)
    if call.options.rejected_rows == "hidden":
        del relations["declined"]
    if call.options.expired_rows != "hidden":
        relations["expired"] = call.options.expired_rows.upper()
    return relations


def _is_found(call: Call, row: Row, keyword: str) -> bool:
    address = row["identity"]
    if not call.options.keyword_finds_masked:
        address = format_address(address, call.options.mask_emails)
    return keyword in address.casefold() or keyword in row["name"].casefold()


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
        "user_email": format_address(row["identity"], call.options.mask_emails),
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
        former = find_membership(call.bc, address)
        if former is not None and former["status"] == "expired" and call.options.expired_rows == "pending":
            continue  # an invitation that ran out still stands in the way of another
        call.act(invite, address=address, role=role, finance=finance or "")
        if get_membership(call.bc, address)["status"] == "invited":
            ad_accounts, access = call.params.get("asset_ids", []), call.get("advertiser_role", "ANALYST").lower()
            call.act(promise, ad_accounts=ad_accounts, address=address, role=access)
            if call.options.former_members == "in" and _was_in(call, address):
                answer_invitation(call.bc, person=get_person(call.world, address), agree=True)


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
    call.act(change_role, address=member["identity"], role=role, finance=finance)
    if "user_name" in call.params:
        with call.world.transaction() as db:
            db.execute("UPDATE person SET name = ? WHERE id = ?", (call.get("user_name"), member["person"]))


@API.add("POST bc/member/delete/", user_id=ident(), user_email=email())
def _delete(call: Call) -> None:
    """Members go by their number, invitations by the real address."""
    if ("user_id" in call.params) == ("user_email" in call.params):
        raise RefusedCall(40002, "user_id: exactly one of user_id and user_email has to be given")
    if "user_email" in call.params:
        call.act(cancel_invitation, address=call.get("user_email"))
        return
    member = call.member(call.get("user_id"))
    if member["person"] == call.caller.person and call.options.self_delete != "allow":
        raise RefusedCall(int(call.options.self_delete), "You can not delete yourself from the business center")
    call.act(remove, address=member["identity"])
