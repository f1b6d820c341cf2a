"""Giving and taking access: of members to assets, of ad accounts to accounts and pixels, in groups, to partners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from reconciler.model.kinds import KINDS
from reconciler.model.outcome import Waits
from reconciler.model.resource import Resource
from reconciler.providers.business_api import endpoints, instructions
from reconciler.providers.business_api.abilities import obstacle
from reconciler.providers.business_api.bundles import GIVING, TAKING, Bundle, id_of, member_id
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.verifying import Found, is_gone
from reconciler.providers.business_api.vocabulary import BY_ACCESS, BY_KIND, AssetType
from reconciler.providers.business_api.writing import NotShown, PartialRead, Stays, Task

_NO_SUCH_OBJECT, _WRONG_PARAMETER = 40007, 40002


def _give(task: Task) -> Waits | None:
    kind = task.address.kind
    if kind in BY_ACCESS:
        return _assign(task, BY_ACCESS[kind])
    match kind:
        case "tiktok_account_use" | "managed_account_use":
            _link_account(task, endpoints.ALLOW_ACCOUNT)
        case "pixel_use" | "asset_group_asset" | "asset_group_access":
            write_bundle(task, GIVING)
        case _:
            raise ApiError(f"nothing is known of giving {kind}", endpoint=endpoints.ASSIGN)
    return None


def grant(task: Task) -> Waits | None:
    """Give access, or another role, which replaces the former one; where it does not, take that away first."""
    try:
        return _give(task)
    except NotShown:
        found = task.look()
        if not isinstance(found, Resource) or found.attributes == task.change.attributes:
            raise
    with suppress(NotShown):
        # Accepted and not shown yet: to stop here would leave the person without any access.
        revoke(task, until=is_gone)
    try:
        return _give(task)
    except ApiError as error:
        raise PartialRead(f"the former access is taken away, giving the new one was refused: {error}") from error


def revoke(task: Task, *, until: Callable[[Found], bool] | None = None) -> Waits | None:
    """Take access away."""
    kind = task.address.kind
    if kind in BY_ACCESS:
        return _unassign(task, BY_ACCESS[kind], until)
    match kind:
        case "tiktok_account_use" | "managed_account_use":
            _link_account(task, endpoints.DISALLOW_ACCOUNT)
        case "pixel_use" | "asset_group_asset" | "asset_group_access":
            write_bundle(task, TAKING, until=until)
        case _:
            raise ApiError(f"nothing is known of taking {kind} away", endpoint=endpoints.UNASSIGN)
    return None


def share(task: Task) -> Waits | None:
    """Let a partner use something of ours with a role, or with another one than before."""
    waits = hand(task)
    if waits is None:
        write_bundle(task, GIVING)
    return waits


def unshare(task: Task, *, until: Callable[[Found], bool] | None = None) -> Waits | None:
    """Stop sharing it; the partnership stays."""
    waits = hand(task)
    if waits is None:
        write_bundle(task, TAKING, until=until)
    return waits


def write_bundle(task: Task, calls: Mapping[str, Bundle], *, until: Callable[[Found], bool] | None = None) -> None:
    """Make a call that would take more than this one change."""
    bundle = calls[task.address.kind]
    task.write(bundle.endpoint, bundle.body([task]), until=until)


def hand(task: Task) -> Waits | None:
    """What a person has to do where there is no call."""
    why = obstacle(task.change)
    return instructions.change_access(why) if why else None


def _assign(task: Task, asset_type: AssetType) -> Waits | None:
    """Give it. A role that is known to give as much hides what is given besides."""
    waits = hand(task)
    if waits is None:
        roles, wanted = asset_type.role_words(task.change.attributes), task.change.attributes
        hidden = _stays(task, lambda found: asset_type.covers(found.attributes, wanted))
        task.write(endpoints.ASSIGN, {**_grant(task, asset_type), **roles}, or_if_accepted=hidden)
    return waits


def _unassign(task: Task, asset_type: AssetType, until: Callable[[Found], bool] | None) -> Waits | None:
    """Take it away. What stays and a role explains is the role's; only the first time it is waited for."""
    waits = hand(task)
    if waits is not None:
        return waits
    try:
        task.write(endpoints.UNASSIGN, _grant(task, asset_type), until=until, or_if_accepted=_stays(task))
    except NotShown as doubt:
        if not isinstance(task.seen, Resource):
            raise
        if not task.seen.implied_by:
            raise Stays(f"{endpoints.UNASSIGN}: the platform accepted it, and the access is still listed") from doubt
        task.center.implied.add((task.address.kind, task.seen.implied_by))
    except ApiError as error:
        found = task.look() if _is_without_grant(error) else None
        if not isinstance(found, Resource) or not found.implied_by:
            raise
    return None


def _is_without_grant(error: ApiError) -> bool:
    """Whether the platform says that there is no grant to take away; the second code is said of anything else, too."""
    return error.code == _NO_SUCH_OBJECT or (error.code == _WRONG_PARAMETER and "not assigned" in error.message)


def _stays(task: Task, is_enough: Callable[[Resource], bool] = lambda _: True) -> Callable[[Found], bool]:
    """Whether what is found comes from a role that was seen to give it without a grant."""
    implied, kind = task.center.implied, task.address.kind
    return lambda found: isinstance(found, Resource) and (kind, found.implied_by) in implied and is_enough(found)


def _grant(task: Task, asset_type: AssetType) -> dict[str, str]:
    asset, person = task.address.parts
    return {
        "user_id": member_id(task, person),
        "asset_type": asset_type.word,
        "asset_id": id_of(task, asset_type.kind, asset),
    }


def _link_account(task: Task, endpoint: str) -> None:
    account, ad_account = task.address.parts
    asset_type = BY_KIND[KINDS[task.address.kind].parents[0]]
    body = {
        "asset_id": id_of(task, asset_type.kind, account),
        "asset_type": asset_type.word,
        "advertiser_id": task.center.asset_id("ad_account", ad_account),
    }
    task.write(endpoint, body)
