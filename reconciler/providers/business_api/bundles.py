"""Calls that take several things of one sort: what they say once, what they say of each, and how many they take.

Where a thing goes alone it is a bundle of one, so that it is written down once how it is said. The limits are those of
the official documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.change import Change
from reconciler.model.kinds import Action
from reconciler.model.resource import Status
from reconciler.providers.business_api import endpoints
from reconciler.providers.business_api.assets import read_assets
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.groups import read_groups
from reconciler.providers.business_api.members import find_members
from reconciler.providers.business_api.vocabulary import (
    AD_ACCOUNT_ROLES,
    BY_KIND,
    FINANCE_ROLES,
    GROUP_ROLES,
    MEMBER_ROLES,
)
from reconciler.providers.business_api.writing import Task

_LISTED_FIRST = frozenset({"tiktok_account", "pixel"})
"""Kinds whose numbers or codes only the platform's list tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One sort of call."""

    endpoint: str
    most: int
    """How many things it takes."""
    shared: Callable[[Task], Mapping[str, Any]]
    """What it says once."""
    items: str
    """The name of the list of things."""
    item: Callable[[Task], object]
    """What it says of each; raises ApiError or KeyError for one that cannot be said."""

    def body(self, tasks: Sequence[Task]) -> dict[str, Any]:
        """The call for these changes, which have in common what it says once."""
        return {**self.shared(tasks[0]), self.items: [self.item(task) for task in tasks]}


def find_bundle(change: Change) -> Bundle | None:
    """The call that takes a change together with others of its sort."""
    before = change.before
    match change.action:
        case Action.INVITE if before is not None and before.status is Status.DECLINED:
            return None  # its old row has to go first
        case Action.INVITE | Action.GRANT | Action.SHARE:
            return GIVING.get(change.address.kind)
        case Action.REVOKE | Action.UNSHARE:
            return TAKING.get(change.address.kind)
    return None


def common_of(change: Change) -> tuple[object, ...]:
    """What changes have to agree in to leave in one call, besides its sort."""
    first = change.address.parts[:-1]
    if change.action in (Action.INVITE, Action.SHARE):
        return *first, change.attributes.get("role"), change.attributes.get("finance")
    return first


def member_id(task: Task, person: str) -> str:
    """The number of somebody who has joined."""
    if not task.center.roster.find_user_id(person):
        find_members(task.center, [person])
    number = task.center.roster.find_user_id(person)
    if not number:
        raise ApiError(f"{person} has not joined the Business Center", endpoint=endpoints.MEMBERS.endpoint)
    return number


def id_of(task: Task, kind: str, key: str) -> str:
    """The number of an asset, from the platform's list where the manifest does not have it."""
    if kind in _LISTED_FIRST and key not in task.center.assets.get(kind, {}):
        read_assets(task.center, BY_KIND[kind])
        if key not in task.center.assets.get(kind, {}):
            raise ApiError(f"there is no {kind} {key}", endpoint=endpoints.ASSETS.endpoint)
    return task.center.asset_id(kind, key)


def _ad_account(task: Task) -> str:
    return task.center.asset_id("ad_account", task.address.parts[-1])


def _invitation(task: Task) -> Mapping[str, Any]:
    role = {"user_role": MEMBER_ROLES[str(task.change.attributes.get("role", ""))]}
    finance = str(task.change.attributes.get("finance", ""))
    return {**role, "ext_user_role": {"finance_role": FINANCE_ROLES[finance]}} if finance else role


def _invited(task: Task) -> str:
    after, key = task.change.after, task.address.key
    known = task.center.names.emails(key)
    return (after.identity if after and "@" in after.identity else next(iter(known), key)).lower()


def _pixel_link(relation: str) -> Callable[[Task], Mapping[str, Any]]:
    def say(task: Task) -> Mapping[str, Any]:
        pixel = task.address.parts[0]
        id_of(task, "pixel", pixel)
        return {"pixel_code": task.center.assets["pixel"][pixel].code, "relation_status": relation}

    return say


def group_id(task: Task, key: str) -> str:
    """The number of an asset group."""
    if key not in task.center.groups:
        read_groups(task.center)
    if key not in task.center.groups:
        raise ApiError(f"there is no asset group {key}", endpoint=endpoints.GROUPS.endpoint)
    return task.center.groups[key]


def _group(entity: str, action: str) -> Callable[[Task], Mapping[str, Any]]:
    def say(task: Task) -> Mapping[str, Any]:
        return {"asset_group_id": group_id(task, task.address.parts[0]), "action": action, "update_entity": entity}

    return say


def group_deletion(task: Task) -> Mapping[str, Any]:
    """What the call that deletes a group says."""
    key, before = task.address.key, task.change.before
    if key not in task.center.groups:
        read_groups(task.center)
    return {"asset_group_ids": [task.center.groups.get(key, before.identity if before else "")]}


def _group_asset(task: Task) -> Mapping[str, Any]:
    return {"asset_id": _ad_account(task), "asset_type": "ADVERTISER"}


def _group_member(task: Task) -> Mapping[str, Any]:
    """Always with a role: left out, the platform would make members admins."""
    before = task.change.before
    role = str(task.change.attributes.get("role") or (before.attributes.get("role", "") if before else ""))
    return {"member_id": member_id(task, task.address.parts[1]), "asset_roles": {"ADVERTISER": GROUP_ROLES[role]}}


def _shared_with(task: Task) -> Mapping[str, Any]:
    return {"partner_id": task.center.asset_id("partner", task.address.parts[0]), "asset_type": "ADVERTISER"}


def _share(task: Task) -> Mapping[str, Any]:
    return {**_shared_with(task), "advertiser_role": AD_ACCOUNT_ROLES[str(task.change.attributes.get("role", ""))]}


MAX_GROUP_ASSETS, MAX_GROUP_MEMBERS = 200, 50

GIVING: Mapping[str, Bundle] = {
    "member": Bundle(endpoint=endpoints.INVITE, most=50, shared=_invitation, items="emails", item=_invited),
    "pixel_use": Bundle(
        endpoint=endpoints.UPDATE_PIXEL_LINK,
        most=100,
        shared=_pixel_link("LINK"),
        items="advertiser_ids",
        item=_ad_account,
    ),
    "asset_group_asset": Bundle(
        endpoint=endpoints.UPDATE_GROUP,
        most=MAX_GROUP_ASSETS,
        shared=_group("ASSET", "ADD"),
        items="assets",
        item=_group_asset,
    ),
    "asset_group_access": Bundle(
        endpoint=endpoints.UPDATE_GROUP,
        most=MAX_GROUP_MEMBERS,
        shared=_group("MEMBER", "ADD"),
        items="members",
        item=_group_member,
    ),
    "partner_share": Bundle(
        endpoint=endpoints.ADD_PARTNER, most=50, shared=_share, items="asset_ids", item=_ad_account
    ),
}
"""Kind -> the call that creates such things."""

TAKING: Mapping[str, Bundle] = {
    "pixel_use": Bundle(
        endpoint=endpoints.UPDATE_PIXEL_LINK,
        most=100,
        shared=_pixel_link("UNLINK"),
        items="advertiser_ids",
        item=_ad_account,
    ),
    "asset_group_asset": Bundle(
        endpoint=endpoints.UPDATE_GROUP,
        most=MAX_GROUP_ASSETS,
        shared=_group("ASSET", "DELETE"),
        items="assets",
        item=_group_asset,
    ),
    "asset_group_access": Bundle(
        endpoint=endpoints.UPDATE_GROUP,
        most=MAX_GROUP_MEMBERS,
        shared=_group("MEMBER", "DELETE"),
        items="members",
        item=_group_member,
    ),
    "partner_share": Bundle(
        endpoint=endpoints.DELETE_SHARE, most=50, shared=_shared_with, items="asset_ids", item=_ad_account
    ),
}
"""Kind -> the call that takes such things away. How many shares it takes is not documented; as many as are given."""
