"""Giving and taking access: of members to assets, of ad accounts to accounts and pixels, in groups, to partners."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.core.outcome import Waits
from reconciler.core.resource import Resource
from reconciler.providers.business_api import endpoints, instructions
from reconciler.providers.business_api.abilities import obstacle
from reconciler.providers.business_api.assets import read_assets
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.groups import read_groups
from reconciler.providers.business_api.members import find_members
from reconciler.providers.business_api.verifying import Found, is_gone
from reconciler.providers.business_api.vocabulary import (
    AD_ACCOUNT_ROLES,
    BY_ACCESS,
    BY_KIND,
    GROUP_ROLES,
    AssetType,
)
from reconciler.providers.business_api.writing import Doubt, NotShown, Task

_LISTED_FIRST = frozenset({"tiktok_account", "pixel"})
"""Kinds whose numbers or codes only the platform's list tells."""


def grant(task: Task) -> Waits | None:
    """Give access that is not there yet."""
    kind = task.address.kind
    if kind in BY_ACCESS:
        return _assign(task, BY_ACCESS[kind])
    match kind:
        case "pixel_use":
            _link_pixel(task, "LINK")
        case "tiktok_account_use":
            _link_account(task, endpoints.ALLOW_ACCOUNT)
        case "asset_group_asset" | "asset_group_access":
            _change_group(task, "ADD")
        case _:
            raise ApiError(f"nothing is known of giving {kind}", endpoint=endpoints.ASSIGN)
    return None


def change_grant(task: Task) -> Waits | None:
    """Give it again with another role, which replaces the former one; where it does not, take it away first."""
    try:
        return grant(task)
    except NotShown:
        found = task.look()
        if not isinstance(found, Resource) or found.attributes == task.change.attributes:
            raise
    revoke(task, until=is_gone)
    try:
        return grant(task)
    except ApiError as error:
        raise Doubt(f"the former access is taken away, giving the new one was refused: {error}") from error


def revoke(task: Task, *, until: Callable[[Found], bool] | None = None) -> Waits | None:
    """Take access away."""
    kind = task.address.kind
    if kind in BY_ACCESS:
        return _unassign(task, BY_ACCESS[kind], until)
    match kind:
        case "pixel_use":
            _link_pixel(task, "UNLINK")
        case "tiktok_account_use":
            _link_account(task, endpoints.DISALLOW_ACCOUNT)
        case "asset_group_asset" | "asset_group_access":
            _change_group(task, "DELETE", until)
        case _:
            raise ApiError(f"nothing is known of taking {kind} away", endpoint=endpoints.UNASSIGN)
    return None


def share(task: Task) -> None:
    """Let a partner use an ad account of ours with a role, or with another one than before."""
    partner, ad_account = task.address.parts
    body = {
        "partner_id": task.center.asset_id("partner", partner),
        "asset_type": "ADVERTISER",
        "asset_ids": [task.center.asset_id("ad_account", ad_account)],
        "advertiser_role": AD_ACCOUNT_ROLES[str(task.change.attributes.get("role", ""))],
    }
    task.write(endpoints.ADD_PARTNER, body)


def unshare(task: Task, *, until: Callable[[Found], bool] | None = None) -> None:
    """Stop sharing an ad account; the partnership stays."""
    partner, ad_account = task.address.parts
    body = {
        "partner_id": task.center.asset_id("partner", partner),
        "asset_type": "ADVERTISER",
        "asset_ids": [task.center.asset_id("ad_account", ad_account)],
    }
    task.write(endpoints.DELETE_SHARE, body, until=until)


def id_of(task: Task, kind: str, key: str) -> str:
    """The number of an asset, from the platform's list where the manifest does not have it."""
    if kind in _LISTED_FIRST and key not in task.center.assets.get(kind, {}):
        read_assets(task.center, BY_KIND[kind])
        if key not in task.center.assets.get(kind, {}):
            raise ApiError(f"there is no {kind} {key}", endpoint=endpoints.ASSETS.endpoint)
    return task.center.asset_id(kind, key)


def _hand(task: Task) -> Waits | None:
    """What a person has to do where there is no call."""
    why = obstacle(task.change)
    if not why:
        return None
    asset, person = task.address.parts
    kind = BY_ACCESS[task.address.kind].kind
    return instructions.change_access(task.change, why=why, asset_id=task.center.asset_id(kind, asset), person=person)


def _assign(task: Task, asset_type: AssetType) -> Waits | None:
    waits = _hand(task)
    if waits is None:
        roles = asset_type.role_words(task.change.attributes)
        task.write(endpoints.ASSIGN, {**_grant(task, asset_type), **roles})
    return waits


def _unassign(task: Task, asset_type: AssetType, until: Callable[[Found], bool] | None) -> Waits | None:
    waits = _hand(task)
    if waits is None:
        task.write(endpoints.UNASSIGN, _grant(task, asset_type), until=until)
    return waits


def _grant(task: Task, asset_type: AssetType) -> dict[str, str]:
    asset, person = task.address.parts
    return {
        "user_id": _member(task, person),
        "asset_type": asset_type.word,
        "asset_id": id_of(task, asset_type.kind, asset),
    }


def _member(task: Task, person: str) -> str:
    if not task.center.roster.find_user_id(person):
        find_members(task.center, [person])
    number = task.center.roster.find_user_id(person)
    if not number:
        raise ApiError(f"{person} has not joined the Business Center", endpoint=endpoints.MEMBERS.endpoint)
    return number


def _link_pixel(task: Task, relation: str) -> None:
    pixel, ad_account = task.address.parts
    id_of(task, "pixel", pixel)
    body = {
        "pixel_code": task.center.assets["pixel"][pixel].code,
        "advertiser_ids": [task.center.asset_id("ad_account", ad_account)],
        "relation_status": relation,
    }
    task.write(endpoints.UPDATE_PIXEL_LINK, body)


def _link_account(task: Task, endpoint: str) -> None:
    account, ad_account = task.address.parts
    body = {
        "asset_id": id_of(task, "tiktok_account", account),
        "asset_type": "TT_ACCOUNT",
        "advertiser_id": task.center.asset_id("ad_account", ad_account),
    }
    task.write(endpoint, body)


def _change_group(task: Task, action: str, until: Callable[[Found], bool] | None = None) -> None:
    """Put something or somebody in, always with a role: left out, the platform would make members admins."""
    group, second = task.address.parts
    if group not in task.center.groups:
        read_groups(task.center)
    if group not in task.center.groups:
        raise ApiError(f"there is no asset group {group}", endpoint=endpoints.GROUPS.endpoint)
    content: Mapping[str, object]
    if task.address.kind == "asset_group_asset":
        asset = {"asset_id": task.center.asset_id("ad_account", second), "asset_type": "ADVERTISER"}
        content = {"update_entity": "ASSET", "assets": [asset]}
    else:
        content = {"update_entity": "MEMBER", "members": [_group_member(task, second)]}
    body = {"asset_group_id": task.center.groups[group], "action": action, **content}
    task.write(endpoints.UPDATE_GROUP, body, until=until)


def _group_member(task: Task, person: str) -> dict[str, object]:
    role = str(task.change.attributes.get("role") or _former_role(task))
    return {"member_id": _member(task, person), "asset_roles": {"ADVERTISER": GROUP_ROLES[role]}}


def _former_role(task: Task) -> str:
    before = task.change.before
    return str(before.attributes.get("role", "")) if before else ""
