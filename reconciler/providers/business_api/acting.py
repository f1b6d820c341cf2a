"""How the changes of a plan are carried out: one function per action, all listed in `ACTIONS`.

Each returns when the change shows on the platform, or returns for whom it waits. Roles are translated before anything
is sent, so that a role that the platform does not have changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.model.kinds import Action
from reconciler.model.live import Unknown
from reconciler.model.outcome import Waits
from reconciler.model.resource import Resource, Status
from reconciler.providers.business_api import endpoints, instructions
from reconciler.providers.business_api.bundles import GIVING, group_deletion, group_id, id_of
from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.giving import grant, hand, revoke, share, unshare
from reconciler.providers.business_api.masks import is_masked
from reconciler.providers.business_api.verifying import Found, is_gone
from reconciler.providers.business_api.vocabulary import AD_ACCOUNT_ROLES, FINANCE_ROLES, MEMBER_ROLES
from reconciler.providers.business_api.writing import NotShown, PartialRead, Task

_INVITATION = GIVING["member"]


def _invite(task: Task) -> None:
    """Where somebody declined, the old row goes first: an address that is listed may be passed over in silence."""
    body = _INVITATION.body([task])
    before = task.change.before
    if before is not None and before.status is Status.DECLINED:
        _delete_quietly(task)
    task.write(endpoints.INVITE, body)


def _reinvite(task: Task) -> Waits | None:
    body = _INVITATION.body([task])
    email = _invited_address(task)
    if not email:
        return instructions.cancel_invitation(task.change.before.identity if task.change.before else task.address.key)
    task.write(endpoints.DELETE_MEMBER, {"user_email": email}, until=is_gone)
    _second_half(task, endpoints.INVITE, body)
    return None


def _remove_and_invite(task: Task) -> None:
    body = _INVITATION.body([task])
    task.write(endpoints.DELETE_MEMBER, {"user_id": _user_id(task)}, until=is_gone)
    _second_half(task, endpoints.INVITE, body)


def _second_half(task: Task, endpoint: str, body: dict[str, Any]) -> None:
    """What follows a first half that has been done: a refusal now is no longer without effect."""
    try:
        task.write(endpoint, body)
    except ApiError as error:
        raise PartialRead(f"the first half is done, the second was refused: {error}") from error


def _cancel_invitation(task: Task) -> Waits | None:
    email = _invited_address(task)
    if not email:
        return instructions.cancel_invitation(task.change.before.identity if task.change.before else task.address.key)
    task.write(endpoints.DELETE_MEMBER, {"user_email": email})
    return None


def _change_role(task: Task) -> Waits | None:
    """Only what differs is sent; what is left out stays. That is also why a finance role cannot be taken away."""
    after, before = task.change.attributes, task.change.before.attributes if task.change.before else {}
    role, finance = str(after.get("role", "")), str(after.get("finance", ""))
    body: dict[str, object] = {"user_id": _user_id(task)}
    if role != before.get("role"):
        body["user_role"] = MEMBER_ROLES[role]
    if finance and finance != before.get("finance"):
        body["ext_user_role"] = {"finance_role": FINANCE_ROLES[finance]}
    loses_finance = bool(before.get("finance")) and not finance
    if len(body) > 1:
        task.write(endpoints.UPDATE_MEMBER, body, until=_has_role(role) if loses_finance else None)
    return instructions.take_finance_role(task.address.key) if loses_finance else None


def _has_role(role: str) -> Callable[[Found], bool]:
    return lambda found: isinstance(found, Resource) and found.attributes.get("role") == role


def _remove(task: Task) -> Waits | None:
    seat = task.center.roster.seats.get(task.address.key)
    if seat is not None and seat.status is Status.INVITED:
        return _cancel_invitation(task)
    task.write(endpoints.DELETE_MEMBER, {"user_id": _user_id(task)})
    return None


def _invited_address(task: Task) -> str:
    """The whole address of a pending invitation; empty when nobody knows it."""
    seat = task.center.roster.seats.get(task.address.key)
    if seat is not None and seat.email:
        return seat.email
    before = task.change.before.identity if task.change.before else ""
    return before if "@" in before and not is_masked(before) else ""


def _delete_quietly(task: Task) -> None:
    email = _invited_address(task)
    try:
        if email:
            task.center.client.post(endpoints.DELETE_MEMBER, {"bc_id": task.center.bc_id, "user_email": email})
    except ApiError as error:
        if error.remedy is Remedy.STOP:
            raise


def _user_id(task: Task) -> str:
    number = task.center.roster.find_user_id(task.address.key)
    if not number:
        raise ApiError(f"{task.address.key} is no member with a number", endpoint=endpoints.MEMBERS.endpoint)
    return number


def _request_access(task: Task) -> Waits:
    return instructions.ask_for_access(task.change)


def _link(task: Task) -> Waits:
    """Each call makes a new code, which ends soon; it is shown and then forgotten.

    All that a code can say of what is asked for is that new posts stay in ads. The rest is up to its owner.
    """
    account = task.center.names.asset_id("tiktok_account", task.address.key)
    if task.show_code is None:
        return instructions.show_code_elsewhere(account)
    wanted = task.change.attributes.get("permissions", ())
    is_ads_only = "publish_ads_only" in wanted and "publish_to_profile" not in wanted
    narrowed = {"is_ads_only_mode": True} if is_ads_only else {}
    data = task.center.client.get(endpoints.AUTHORIZATION, {"bc_id": task.center.bc_id, **narrowed})
    code = str(data.get("bc_auth_qr_code") or "")
    if not code:
        raise ApiError("no QR code came", endpoint=endpoints.AUTHORIZATION)
    task.show_code(account, code)
    before = task.change.before
    return instructions.scan_code(account, is_shown=before is None or "permissions" not in before.unread)


def _unlink(task: Task) -> None:
    body = {"asset_type": "TT_ACCOUNT", "asset_ids": [id_of(task, "tiktok_account", task.address.key)]}
    task.write(endpoints.DELETE_ASSET, body)


def _create_group(task: Task) -> Waits:
    """Nothing goes into it in the same run, or it would have come along (see `batching`)."""
    return instructions.wait_for_contents(task.change)


def _rename_group(task: Task) -> None:
    body = {"asset_group_id": group_id(task, task.address.key), "update_entity": "NAME"}
    task.write(endpoints.UPDATE_GROUP, {**body, "asset_group_name": task.change.attributes["called"]})


def _delete_group(task: Task) -> None:
    task.write(endpoints.DELETE_GROUP, group_deletion(task))


def _add_partner(task: Task) -> Waits | None:
    """A partnership that is accepted and not shown waits for the other side."""
    partner = task.center.names.asset_id("partner", task.address.key)
    try:
        task.write(endpoints.ADD_PARTNER, {"partner_id": partner, "asset_type": "ADVERTISER"})
    except NotShown:
        return instructions.agree_to_partnership(partner)
    return None


def _remove_partner(task: Task) -> None:
    task.write(endpoints.DELETE_PARTNER, {"partner_id": task.center.names.asset_id("partner", task.address.key)})


def _change_share(task: Task) -> Waits | None:
    """Lowered by taking the share away and giving it again; raised in place, where the platform does that."""
    if waits := hand(task):
        return waits
    ranks = {name: number for number, name in enumerate(AD_ACCOUNT_ROLES)}
    role = str(task.change.attributes.get("role", ""))
    before = str(task.change.before.attributes.get("role", "")) if task.change.before else ""
    if before in ranks and ranks[role] > ranks[before]:
        unshare(task, until=is_gone)
        try:
            share(task)
        except ApiError as error:
            raise PartialRead(f"the share is taken away, giving it again was refused: {error}") from error
        return None
    try:
        share(task)
    except NotShown:
        if isinstance(task.look(), Unknown):
            raise
        return instructions.raise_share("the platform kept the partner's former role")
    except ApiError as error:
        if error.remedy not in (Remedy.NONE, Remedy.LOOK):
            raise
        return instructions.raise_share(str(error))
    return None


ACTIONS: dict[Action, Callable[[Task], Waits | None]] = {
    Action.INVITE: _invite,
    Action.REINVITE: _reinvite,
    Action.CANCEL_INVITATION: _cancel_invitation,
    Action.CHANGE_ROLE: _change_role,
    Action.REMOVE: _remove,
    Action.REMOVE_AND_INVITE: _remove_and_invite,
    Action.REQUEST_ACCESS: _request_access,
    Action.LINK: _link,
    Action.CHANGE_LINK: _link,
    Action.UNLINK: _unlink,
    Action.GRANT: grant,
    Action.CHANGE_GRANT: grant,
    Action.REVOKE: revoke,
    Action.CREATE_GROUP: _create_group,
    Action.RENAME_GROUP: _rename_group,
    Action.DELETE_GROUP: _delete_group,
    Action.ADD_PARTNER: _add_partner,
    Action.REMOVE_PARTNER: _remove_partner,
    Action.SHARE: share,
    Action.CHANGE_SHARE: _change_share,
    Action.UNSHARE: unshare,
}


def carry_out(task: Task) -> Waits | None:
    """Do it, and return for whom it waits if it does.

    Raises ApiError when the platform refuses, Doubt when it cannot be told what became of it, and KeyError for a role
    that the platform does not have.
    """
    return ACTIONS[task.change.action](task)
