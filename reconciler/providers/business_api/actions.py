"""How the changes of a plan are carried out: one function per action, all listed in `ACTIONS`.

Each returns when the change shows on the platform, or returns for whom it waits. Roles are translated before anything
is sent, so that a role that the platform does not have changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from reconciler.model import KINDS, Action, Resource, Status, Unknown, Waits, is_masked, role_in
from reconciler.providers.business_api.batches import GIVING, TAKING, Bundle, describe_group_deletion
from reconciler.providers.business_api.reading import Found, NotShown, StillListed, Task, WriteInDoubt, is_gone
from reconciler.providers.business_api.vocabulary import (
    AD_ACCOUNT_ROLES,
    ADD_PARTNER,
    ALLOW_ACCOUNT,
    ASSIGN,
    AUTHORIZATION,
    BY_ACCESS,
    BY_KIND,
    DELETE_ASSET,
    DELETE_GROUP,
    DELETE_MEMBER,
    DELETE_PARTNER,
    DISALLOW_ACCOUNT,
    FINANCE_ROLES,
    INVITE,
    MEMBER_ROLES,
    MEMBERS,
    UNASSIGN,
    UPDATE_GROUP,
    UPDATE_MEMBER,
    ApiError,
    AssetType,
    Remedy,
    find_obstacle,
)

_NO_SUCH_OBJECT, _WRONG_PARAMETER = 40007, 40002


def _invite(task: Task) -> None:
    """Where somebody declined, the old row goes first: an address that is listed may be passed over in silence."""
    body = GIVING["member"].body([task])
    before = task.change.before
    if before is not None and before.status is Status.DECLINED and (email := _invited_address(task)):
        try:
            task.writer.post(DELETE_MEMBER, {"user_email": email})
        except ApiError as error:
            if error.remedy is Remedy.STOP:
                raise
    task.write(INVITE, body)


def _cancel_invitation(task: Task, *, until: Callable[[Found], bool] | None = None) -> Waits | None:
    """An invitation is withdrawn by its whole address, which a masked one does not tell."""
    email = _invited_address(task)
    if not email:
        shown = task.change.before.identity if task.change.before else task.address.key
        return _by_an_admin(f"the address of this invitation is only shown masked: {shown}")
    task.write(DELETE_MEMBER, {"user_email": email}, until=until)
    return None


def _reinvite(task: Task) -> Waits | None:
    body = GIVING["member"].body([task])
    waits = _cancel_invitation(task, until=is_gone)
    if waits is None:
        _invite_again(task, body)
    return waits


def _remove_and_invite(task: Task) -> None:
    body = GIVING["member"].body([task])
    task.write(DELETE_MEMBER, {"user_id": _user_id(task)}, until=is_gone)
    _invite_again(task, body)


def _invite_again(task: Task, body: dict[str, Any]) -> None:
    """The second half of what has begun: a refusal now is no longer without effect."""
    try:
        task.write(INVITE, body)
    except ApiError as error:
        raise WriteInDoubt(f"the first half is done, the second was refused: {error}") from error


def _by_an_admin(why: str) -> Waits:
    return Waits(on="an admin", why=why)


def _invited_address(task: Task) -> str:
    """The whole address of a pending invitation; empty when nobody knows it."""
    seat = task.writer.known.roster.seats.get(task.address.key)
    if seat is not None and seat.email:
        return seat.email
    before = task.change.before.identity if task.change.before else ""
    return before if "@" in before and not is_masked(before) else ""


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

    def has_role(found: Found) -> bool:
        return isinstance(found, Resource) and found.attributes.get("role") == role

    if len(body) > 1:
        task.write(UPDATE_MEMBER, body, until=has_role if loses_finance else None)
    return _by_an_admin(f"no call takes the finance role of {task.address.key} away") if loses_finance else None


def _remove(task: Task) -> Waits | None:
    seat = task.writer.known.roster.seats.get(task.address.key)
    if seat is not None and seat.status is Status.INVITED:
        return _cancel_invitation(task)
    task.write(DELETE_MEMBER, {"user_id": _user_id(task)})
    return None


def _user_id(task: Task) -> str:
    number = task.writer.known.roster.find_user_id(task.address.key)
    if not number:
        raise ApiError(f"{task.address.key} is no member with a number", endpoint=MEMBERS.endpoint)
    return number


def _link(task: Task) -> Waits:
    """Each call makes a new code, which ends soon; it is shown and then forgotten.

    All that a code can say of what is asked for is that new posts stay in ads. The rest is up to its owner.
    Where nobody is there to see a code, none is made: whoever read it in a log could link an account of theirs with it.
    """
    session, change = task.writer.session, task.change
    account = session.names.asset_id("tiktok_account", task.address.key)
    owner = f"the owner of {account}"
    if task.show_code is None:
        return Waits(
            on=owner,
            why="a QR code has to be scanned, and nobody sits at a terminal here; codes do not belong in logs: apply "
            f"from a terminal when {owner} is ready with the TikTok app; for somebody who sits elsewhere `apply "
            "--qr-to DIR` writes files",
        )
    wanted = change.attributes.get("permissions", ())
    is_ads_only = "publish_ads_only" in wanted and "publish_to_profile" not in wanted
    narrowed = {"is_ads_only_mode": True} if is_ads_only else {}
    data = session.client.get(AUTHORIZATION, {"bc_id": session.bc_id, **narrowed})
    code = str(data.get("bc_auth_qr_code") or "")
    if not code:
        raise ApiError("no QR code came", endpoint=AUTHORIZATION)
    task.show_code(account, code)
    is_shown = change.before is None or "permissions" not in change.before.unread
    end = "every further apply shows a new one" if is_shown else "what they allow stays unverified until somebody looks"
    return Waits(
        on=owner,
        why=f"scan the QR code that this run has shown with the TikTok app of {account}, and allow what stands beside "
        f"it and nothing else; the code ends soon, and {end}",
        is_asked=True,
    )


def _unlink(task: Task) -> None:
    body = {"asset_type": "TT_ACCOUNT", "asset_ids": [task.writer.asset_id("tiktok_account", task.address.key)]}
    task.write(DELETE_ASSET, body)


def _create_group(task: Task) -> Waits:
    """A group is not created with nothing and nobody in it; what is put into it comes along (see `batches`)."""
    return Waits(
        on="an ad account and a member",
        why="a group is only created together with its first ad account and its first member, and not both of "
        f"{task.address.key} are there yet; a later run creates it",
    )


def _rename_group(task: Task) -> None:
    body = {"asset_group_id": task.writer.group_id(task.address.key), "update_entity": "NAME"}
    task.write(UPDATE_GROUP, {**body, "asset_group_name": task.change.attributes["called"]})


def _add_partner(task: Task) -> Waits | None:
    """A partnership that is accepted and not shown waits for the other side."""
    partner = task.writer.session.names.asset_id("partner", task.address.key)
    try:
        task.write(ADD_PARTNER, {"partner_id": partner, "asset_type": "ADVERTISER"})
    except NotShown:
        why = "an admin of the partner's Business Center has to approve the partnership"
        return Waits(on=f"partner {partner}", why=why, is_asked=True)
    return None


def _remove_partner(task: Task) -> None:
    task.write(DELETE_PARTNER, {"partner_id": task.writer.session.names.asset_id("partner", task.address.key)})


def _grant(task: Task) -> None:
    """Give access, or another role, which replaces the former one; where it does not, take that away first."""
    try:
        _give(task)
    except NotShown:
        found = task.look()
        if not isinstance(found, Resource) or found.attributes == task.change.attributes:
            raise
        with suppress(NotShown):
            # Accepted and not shown yet: to stop here would leave the person without any access.
            _revoke(task, until=is_gone)
        try:
            _give(task)
        except ApiError as error:
            message = f"the former access is taken away, giving the new one was refused: {error}"
            raise WriteInDoubt(message) from error


def _give(task: Task) -> None:
    """Give it once. A role that is known to give as much hides what is given besides."""
    asset_type = BY_ACCESS.get(task.address.kind)
    if asset_type is None:
        _write_edge(task, GIVING, ALLOW_ACCOUNT)
        return
    wanted = task.change.attributes
    body = asset_type.role_words(wanted) | _describe_access(task, asset_type)
    hidden = _match_role(task, lambda found: asset_type.covers(found.attributes, wanted))
    task.write(ASSIGN, body, or_if_accepted=hidden)


def _revoke(task: Task, *, until: Callable[[Found], bool] | None = None) -> None:
    """Take access away. What stays and a role explains is the role's; only the first time it is waited for."""
    asset_type = BY_ACCESS.get(task.address.kind)
    if asset_type is None:
        _write_edge(task, TAKING, DISALLOW_ACCOUNT, until=until)
        return
    try:
        body = _describe_access(task, asset_type)
        task.write(UNASSIGN, body, until=until, or_if_accepted=_match_role(task))
    except NotShown as doubt:
        if not isinstance(task.seen, Resource):
            raise
        if not task.seen.implied_by:
            raise StillListed(f"{UNASSIGN}: the platform accepted it, and the access is still listed") from doubt
        learnt = task.writer.known.implied | {(task.address.kind, task.seen.implied_by)}
        task.writer.known = replace(task.writer.known, implied=learnt)
    except ApiError as error:
        # The platform says that there is no grant to take away; the second code is said of anything else, too.
        is_ungranted = error.code == _NO_SUCH_OBJECT or (
            error.code == _WRONG_PARAMETER and "not assigned" in error.message
        )
        found = task.look() if is_ungranted else None
        if not isinstance(found, Resource) or not found.implied_by:
            raise


def _match_role(task: Task, is_enough: Callable[[Resource], bool] = lambda _: True) -> Callable[[Found], bool]:
    """A test of whether what is found comes from a role that was seen to give it without a grant."""
    implied, kind = task.writer.known.implied, task.address.kind
    return lambda found: isinstance(found, Resource) and (kind, found.implied_by) in implied and is_enough(found)


def _describe_access(task: Task, asset_type: AssetType) -> dict[str, Any]:
    asset, person = task.address.parts
    return {
        "user_id": task.writer.member_id(person),
        "asset_type": asset_type.word,
        "asset_id": task.writer.asset_id(asset_type.kind, asset),
    }


def _write_edge(
    task: Task, bundles: Mapping[str, Bundle], of_accounts: str, *, until: Callable[[Found], bool] | None = None
) -> None:
    """Make the call for what has no role of a person: what ad accounts use, and what is in groups."""
    if task.address.kind in bundles:
        _write_bundle(task, bundles, until=until)
        return
    asset_type = BY_KIND[KINDS[task.address.kind].parents[0]]
    account, ad_account = task.address.parts
    body = {
        "asset_id": task.writer.asset_id(asset_type.kind, account),
        "asset_type": asset_type.word,
        "advertiser_id": task.writer.asset_id("ad_account", ad_account),
    }
    task.write(of_accounts, body)


def _write_bundle(task: Task, bundles: Mapping[str, Bundle], *, until: Callable[[Found], bool] | None = None) -> None:
    """Make a call that would take more than this one change."""
    bundle = bundles[task.address.kind]
    task.write(bundle.endpoint, bundle.body([task]), until=until)


def _change_share(task: Task) -> Waits | None:
    """Lowered by taking the share away and giving it again; raised in place, where the platform does that."""
    ranks = {name: number for number, name in enumerate(AD_ACCOUNT_ROLES)}
    role = role_in(task.change.attributes)
    before = role_in(task.change.before.attributes) if task.change.before else ""
    if before in ranks and ranks[role] > ranks[before]:
        _write_bundle(task, TAKING, until=is_gone)
        try:
            _write_bundle(task, GIVING)
        except ApiError as error:
            raise WriteInDoubt(f"the share is taken away, giving it again was refused: {error}") from error
        return None
    try:
        _write_bundle(task, GIVING)
    except NotShown:
        if isinstance(task.look(), Unknown):
            raise
        return _by_an_admin("the platform kept the partner's former role")
    except ApiError as error:
        if error.remedy not in (Remedy.NONE, Remedy.LOOK):
            raise
        return _by_an_admin(str(error))
    return None


ACTIONS: dict[Action, Callable[[Task], Waits | None]] = {
    Action.INVITE: _invite,
    Action.REINVITE: _reinvite,
    Action.CANCEL_INVITATION: _cancel_invitation,
    Action.CHANGE_ROLE: _change_role,
    Action.REMOVE: _remove,
    Action.REMOVE_AND_INVITE: _remove_and_invite,
    Action.REQUEST_ACCESS: lambda task: _by_an_admin(
        f"no call asks for access to this {KINDS[task.address.kind].title}"
    ),
    Action.LINK: _link,
    Action.CHANGE_LINK: _link,
    Action.UNLINK: _unlink,
    Action.GRANT: _grant,
    Action.CHANGE_GRANT: _grant,
    Action.REVOKE: _revoke,
    Action.CREATE_GROUP: _create_group,
    Action.RENAME_GROUP: _rename_group,
    Action.DELETE_GROUP: lambda task: task.write(DELETE_GROUP, describe_group_deletion(task)),
    Action.ADD_PARTNER: _add_partner,
    Action.REMOVE_PARTNER: _remove_partner,
    Action.SHARE: lambda task: _write_bundle(task, GIVING),
    Action.CHANGE_SHARE: _change_share,
    Action.UNSHARE: lambda task: _write_bundle(task, TAKING),
}


def carry_out(task: Task) -> Waits | None:
    """Do it, and return for whom it waits if it does.

    Raises ApiError when the platform refuses, WriteInDoubt when it cannot be told what became of it, and KeyError for a
    role that the platform does not have.
    """
    if obstacle := find_obstacle(task.change):
        return _by_an_admin(obstacle)
    task.writer.learn_numbers([task.change])
    return ACTIONS[task.change.action](task)
